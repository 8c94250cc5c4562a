//! Prosody, a real XMPP server, as a child process on loopback: started, killed, and started again on its own data.
//!
//! It serves one domain with rooms below it and never talks to other servers. [`Options`] leaves things out or breaks
//! them for the tests of what a phone says then. Its configuration is in [`configuration`], where it comes from in
//! [`tree`].
//!
//! Read first: [`Prosody::start`].

mod configuration;
mod tree;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::certificates::{Authority, CertificateFault};
use crate::error::LabError;
use crate::policy::{LOG_LINES_SHOWN, SERVER_START, SERVER_START_ATTEMPTS, SERVER_STOP};
use crate::{plaintext, ports};
pub use tree::{PROSODY_012, PROSODY_13, ProsodyTree};

/// The folder in which Prosody's `muc_mam` keeps rooms' archives.
const ROOM_ARCHIVES: &str = "muc_log";

/// An account as the server has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The part before the @.
    pub name: String,
    /// Its password.
    pub password: String,
}

impl Account {
    /// An account whose password follows from its name.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), password: format!("{name}-loves-lighthouses") }
    }
}

/// What the server keeps of passwords, and so which SCRAM it offers (RFC 5802, RFC 7677).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PasswordHash {
    /// SCRAM-SHA-1, Prosody's default.
    #[default]
    Sha1,
    /// SCRAM-SHA-256.
    Sha256,
}

/// What the server is like. [`Options::default`] is a server that has everything.
#[derive(Clone)]
pub struct Options {
    /// The domain it serves; rooms are at `rooms.` below it.
    pub domain: String,
    /// The accounts that exist from the start.
    pub accounts: Vec<Account>,
    /// Whether it has a room service (XEP-0045).
    pub rooms: bool,
    /// Whether accounts and rooms have archives (XEP-0313).
    pub archive: bool,
    /// Whether accounts can publish (XEP-0163).
    pub publishing: bool,
    /// Whether it offers TLS at all. Without, there is no direct TLS port and STARTTLS is not announced.
    pub encryption: bool,
    /// SASL mechanisms that it hides, by name, such as `SCRAM-SHA-1`.
    pub hidden_mechanisms: Vec<String>,
    /// What it keeps of passwords.
    pub password_hash: PasswordHash,
    /// What is wrong with its certificate.
    pub certificate: CertificateFault,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            domain: "lab.test".into(),
            accounts: Vec::new(),
            rooms: true,
            archive: true,
            publishing: true,
            encryption: true,
            hidden_mechanisms: Vec::new(),
            password_hash: PasswordHash::default(),
            certificate: CertificateFault::None,
        }
    }
}

impl Options {
    /// A server that has everything, and these accounts.
    pub fn with_accounts(names: &[&str]) -> Self {
        Self { accounts: names.iter().map(|name| Account::new(name)).collect(), ..Self::default() }
    }
}

/// The ports of one server, all on 127.0.0.1; they stay over restarts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) starttls: u16,
    pub(crate) direct_tls: u16,
}

/// A server. Dropping it kills it.
pub struct Prosody {
    tree: ProsodyTree,
    folder: PathBuf,
    options: Options,
    ports: Ports,
    authority: Authority,
    child: Option<Child>,
}

impl Prosody {
    /// Starts a server whose files all lie in `folder` (created if need be) and returns once it listens and the accounts
    /// exist. Has a throw-away authority of its own: see [`Self::authority_file`].
    pub async fn start(tree: &ProsodyTree, folder: &Path, options: Options) -> Result<Self, LabError> {
        for part in ["data", "certificates"] {
            fs::create_dir_all(folder.join(part)).map_err(LabError::io("creating the server's folder"))?;
        }
        let folder = folder.canonicalize().map_err(LabError::io("finding the server's folder"))?;
        let authority = Authority::new()?;
        authority.write(&folder.join("authority.pem"))?;
        authority
            .issue(&options.domain, options.certificate)?
            .write(&folder.join("certificates"), &options.domain)?;
        let ports = Ports { starttls: 0, direct_tls: 0 };
        let mut server = Self { tree: tree.clone(), folder, options, ports, authority, child: None };
        server.choose_ports()?;
        for account in server.options.accounts.clone() {
            server.register(&account).await?;
        }
        for _ in 1..SERVER_START_ATTEMPTS {
            match server.launch().await? {
                Readiness::Listening => return Ok(server),
                Readiness::PortTaken => {
                    server.kill().await?;
                    server.choose_ports()?;
                }
                Readiness::Ended => return Err(server.failure("it ended")),
            }
        }
        Err(server.failure("its ports were taken every time"))
    }

    /// Where clients connect that start in the clear and upgrade.
    pub fn starttls_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.starttls).into()
    }

    /// Where clients connect that speak TLS from the first byte.
    pub fn direct_tls_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.direct_tls).into()
    }

    /// The domain that it serves.
    pub fn domain(&self) -> &str {
        &self.options.domain
    }

    /// The address of its room service, if it has one.
    pub fn rooms(&self) -> String {
        configuration::rooms(&self.options.domain)
    }

    /// The address of an account: `name@domain`.
    pub fn address_of(&self, name: &str) -> String {
        format!("{name}@{}", self.options.domain)
    }

    /// The accounts that were asked for.
    pub fn accounts(&self) -> &[Account] {
        &self.options.accounts
    }

    /// The certificate of the authority that clients have to trust, as a PEM file.
    pub fn authority_file(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// The same as text.
    pub fn authority_pem(&self) -> String {
        self.authority.pem()
    }

    /// Adds an account; the server may be running.
    pub async fn register(&self, account: &Account) -> Result<(), LabError> {
        self.control(&["register", &account.name, &self.options.domain, &account.password]).await.map(drop)
    }

    /// Changes an account's password; running sessions are left alone.
    pub async fn change_password(&self, account: &Account) -> Result<(), LabError> {
        // `register` on an existing account sets its password; `passwd` would ask on a terminal.
        self.register(account).await
    }

    /// Ends it without warning, as a power cut would. Does nothing if it isn't running.
    pub async fn kill(&mut self) -> Result<(), LabError> {
        match self.child.take() {
            Some(mut child) => child.kill().await.map_err(LabError::io("killing the server")),
            None => Ok(()),
        }
    }

    /// Asks it to end, as an operator would, and waits for that. Does nothing if it isn't running.
    pub async fn stop(&mut self) -> Result<(), LabError> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let running = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(process) = running {
            kill_process(process, Signal::TERM)
                .map_err(|error| LabError::io("stopping the server")(error.into()))?;
        }
        match timeout(SERVER_STOP, child.wait()).await {
            Ok(ended) => ended.map(drop).map_err(LabError::io("waiting for the server's end")),
            Err(_) => Err(self.failure("it did not end when asked to; it was killed")),
        }
    }

    /// Starts it again on the same ports and data, stopping it first if it runs.
    pub async fn restart(&mut self) -> Result<(), LabError> {
        self.stop().await?;
        match self.launch().await? {
            Readiness::Listening => Ok(()),
            Readiness::PortTaken => Err(self.failure("somebody took its port meanwhile")),
            Readiness::Ended => Err(self.failure("it ended")),
        }
    }

    /// Whether the process runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Everything that the server stored: accounts, rosters, published items, archives, room configurations.
    pub fn archive_files(&self) -> Result<Vec<PathBuf>, LabError> {
        plaintext::files(&self.folder.join("data"))
    }

    /// The rooms' archives alone (XEP-0313 in rooms): what was said in them, as the server has it.
    pub fn room_archive_files(&self) -> Result<Vec<PathBuf>, LabError> {
        let mut files = self.archive_files()?;
        files.retain(|file| file.parent().is_some_and(|folder| folder.ends_with(ROOM_ARCHIVES)));
        Ok(files)
    }

    /// Everything that the server wrote anywhere, its log included.
    pub fn all_files(&self) -> Result<Vec<PathBuf>, LabError> {
        plaintext::files(&self.folder)
    }

    /// Its log at debug level, from its first start on. Prosody logs the outermost tag of stanzas, not what is in them.
    pub fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("prosody.log")).unwrap_or_default();
        let errors = fs::read_to_string(self.folder.join("prosody.stderr")).unwrap_or_default();
        log + &errors
    }

    /// Runs `prosodyctl` on this server's configuration and returns what it printed.
    pub async fn control(&self, arguments: &[&str]) -> Result<String, LabError> {
        let output = self
            .command(&self.tree.prosodyctl)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(LabError::io("running prosodyctl"))?;
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            Ok(said.into_owned())
        } else {
            let command = arguments.first().copied().unwrap_or_default().to_owned();
            Err(LabError::Control { command, output: said.into_owned() })
        }
    }

    fn choose_ports(&mut self) -> Result<(), LabError> {
        self.ports = Ports { starttls: ports::free()?, direct_tls: ports::free()? };
        let text = configuration::write(&self.tree, &self.folder, &self.options, self.ports);
        fs::write(self.folder.join("prosody.cfg.lua"), text)
            .map_err(LabError::io("writing the server's configuration"))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .arg("--config")
            .arg(self.folder.join("prosody.cfg.lua"))
            // The unpacked trees take their folders from here, the installed ones from the configuration.
            .env("PROSODY_CONFIG_FOLDER", &self.folder)
            .env("PROSODY_DATA_FOLDER", self.folder.join("data"))
            .current_dir(&self.folder)
            .kill_on_drop(true);
        command
    }

    /// Starts the process and waits for its verdict. It stays in this process's group: Ctrl-C on a terminal ends it even
    /// where nothing is dropped.
    async fn launch(&mut self) -> Result<Readiness, LabError> {
        let errors = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("prosody.stderr"))
            .map_err(LabError::io("opening the server's log"))?;
        let mut child = self
            .command(&self.tree.prosody)
            .arg("-F")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(LabError::io(format!("starting {}", self.tree.prosody.display())))?;
        let output = child.stdout.take();
        self.child = Some(child);
        let Some(output) = output else { return Ok(Readiness::Ended) };
        let mut lines = BufReader::new(output).lines();
        let Ok(readiness) = timeout(SERVER_START, readiness(&mut lines, self.options.encryption)).await
        else {
            return Err(self.failure("it did not listen in time"));
        };
        // Read to the end, or the server would block on a full pipe one day.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(readiness)
    }

    fn failure(&mut self, reason: &str) -> LabError {
        let ended: Option<ExitStatus> = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
        let reason = match ended {
            Some(status) => format!("{reason} ({status})"),
            None => reason.to_owned(),
        };
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let log = lines.get(lines.len().saturating_sub(LOG_LINES_SHOWN)..).unwrap_or_default().join("\n");
        LabError::ServerFailed { reason, log }
    }
}

/// What a starting server's log says about it.
enum Readiness {
    Listening,
    PortTaken,
    Ended,
}

/// Reads the log until it says that every port is open. The server handles connections after it has loaded everything,
/// so whoever connects from then on is served.
async fn readiness(lines: &mut Lines<BufReader<ChildStdout>>, encryption: bool) -> Readiness {
    let (mut starttls, mut direct_tls) = (false, !encryption);
    while let Ok(Some(line)) = lines.next_line().await {
        starttls |= line.contains("Activated service 'c2s' on");
        direct_tls |= line.contains("Activated service 'c2s_direct_tls' on");
        if line.contains("Failed to open server port") {
            return Readiness::PortTaken;
        }
        if starttls && direct_tls {
            return Readiness::Listening;
        }
    }
    Readiness::Ended
}
