//! A real XMPP server as a child process on loopback: started, killed, and started again on its own data.
//!
//! It serves one domain with rooms below it and never talks to other servers. [`Options`] leaves things out or breaks
//! them for the tests of what a phone says then. This is what all servers have in common; what each needs of its own is in
//! [`crate::prosody`] and [`crate::ejabberd`], where they come from in [`tree`].
//!
//! Read first: [`Server::start`].

mod options;
mod tree;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use crate::certificates::Authority;
use crate::ejabberd::Control;
use crate::error::LabError;
use crate::policy::{LOG_LINES_SHOWN, SERVER_START, SERVER_START_ATTEMPTS, SERVER_STOP};
use crate::{ejabberd, plaintext, ports, prosody};
pub(crate) use options::Ports;
pub use options::{Account, COMPONENT_SECRET, Options, PasswordHash};
pub use tree::{EJABBERD, PROSODY_012, PROSODY_13, ServerTree, Software};

/// What a server writes to standard output, line by line.
pub(crate) type Output = Lines<BufReader<ChildStdout>>;

/// A server. Dropping it kills it.
pub struct Server {
    tree: ServerTree,
    folder: PathBuf,
    options: Options,
    ports: Ports,
    authority: Authority,
    pin: String,
    child: Option<Child>,
    /// How a running ejabberd is told things.
    control: Option<Mutex<Control>>,
}

impl Server {
    /// Starts a server whose files all lie in `folder` (created if need be) and returns once it listens and the accounts
    /// exist. Has a throw-away authority of its own: see [`Self::authority_file`].
    pub async fn start(tree: &ServerTree, folder: &Path, options: Options) -> Result<Self, LabError> {
        for part in ["data", "certificates"] {
            fs::create_dir_all(folder.join(part)).map_err(LabError::io("creating the server's folder"))?;
        }
        let folder = folder.canonicalize().map_err(LabError::io("finding the server's folder"))?;
        let authority = Authority::new()?;
        authority.write(&folder.join("authority.pem"))?;
        let certificate = authority.issue(&options.domain, options.certificate)?;
        certificate.write(&folder.join("certificates"), &options.domain)?;
        let mut server = Self {
            tree: tree.clone(),
            folder,
            options,
            ports: Ports { starttls: 0, direct_tls: 0, component: 0, https: 0 },
            authority,
            pin: certificate.pin,
            child: None,
            control: None,
        };
        server.choose_ports()?;
        for _ in 1..SERVER_START_ATTEMPTS {
            match server.launch().await? {
                Readiness::Listening => {
                    for account in &server.options.accounts {
                        server.register(account).await?;
                    }
                    return Ok(server);
                }
                Readiness::PortTaken => {
                    server.kill().await?;
                    server.choose_ports()?;
                }
                Readiness::Ended => return Err(server.failure("it ended")),
            }
        }
        Err(server.failure("its ports were taken every time"))
    }

    /// Which program it is.
    pub fn software(&self) -> Software {
        self.tree.software
    }

    /// Where clients connect that start in the clear and upgrade.
    pub fn starttls_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.starttls).into()
    }

    /// Where clients connect that speak TLS from the first byte.
    pub fn direct_tls_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.direct_tls).into()
    }

    /// Where an app server signs in, if [`Options::app_server`] lets it, with [`COMPONENT_SECRET`].
    pub fn component_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.component).into()
    }

    /// The address of the app server's push service.
    pub fn push_service(&self) -> String {
        self.options.push_service()
    }

    /// Where clients connect that get only HTTPS through.
    pub fn web_socket(&self) -> String {
        format!("wss://{}:{}/xmpp-websocket", Ipv4Addr::LOCALHOST, self.ports.https)
    }

    /// The domain that it serves.
    pub fn domain(&self) -> &str {
        &self.options.domain
    }

    /// The address of its room service, if it has one.
    pub fn rooms(&self) -> String {
        self.options.room_service()
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

    /// The pin of its certificate's key.
    pub fn pin(&self) -> &str {
        &self.pin
    }

    /// Adds an account to the running server.
    pub async fn register(&self, account: &Account) -> Result<(), LabError> {
        match self.tree.software {
            Software::Prosody => {
                prosody::register(&self.tree, &self.folder, &self.options.domain, account).await
            }
            Software::Ejabberd => match &self.control {
                Some(control) => control.lock().await.register(account).await,
                None => Err(LabError::Control {
                    command: "register".into(),
                    output: "ejabberd takes accounts only while it runs".into(),
                }),
            },
        }
    }

    /// Changes an account's password while the server runs; running sessions are left alone, tokens (XEP-0484) are not.
    ///
    /// Prosody notes the whole second of the change and refuses the tokens of before it. So the change waits for the next
    /// second: a token of a moment ago would outlive it.
    pub async fn change_password(&self, account: &Account) -> Result<(), LabError> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        sleep(Duration::from_secs(since.as_secs() + 1).saturating_sub(since)).await;
        // On an existing account this sets the password, for both servers.
        self.register(account).await
    }

    /// Ends it without warning (SIGKILL), as a power cut would. Does nothing if it isn't running.
    pub async fn kill(&mut self) -> Result<(), LabError> {
        self.control = None;
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
        let ended = timeout(SERVER_STOP, child.wait()).await;
        self.control = None;
        match ended {
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

    /// What was said in rooms (XEP-0313 in rooms), as the server has it. ejabberd keeps it in one database with
    /// everything else.
    pub fn room_archive_files(&self) -> Result<Vec<PathBuf>, LabError> {
        let mut files = self.archive_files()?;
        if self.tree.software == Software::Prosody {
            files.retain(|file| prosody::is_room_archive(file));
        }
        Ok(files)
    }

    /// Everything that the server wrote anywhere, its log included.
    pub fn all_files(&self) -> Result<Vec<PathBuf>, LabError> {
        plaintext::files(&self.folder)
    }

    /// Its log from its first start on. Prosody's tells each stanza's outermost tag (debug level), ejabberd's each session.
    pub fn log(&self) -> String {
        ["server.log", "server.stderr"]
            .map(|name| fs::read_to_string(self.folder.join(name)).unwrap_or_default())
            .concat()
    }

    /// How many sign-ins it has refused since its first start, by its own log.
    pub fn refused_logins(&self) -> usize {
        let word = match self.tree.software {
            Software::Prosody => prosody::REFUSED_LOGIN,
            Software::Ejabberd => ejabberd::REFUSED_LOGIN,
        };
        self.log().matches(word).count()
    }

    fn choose_ports(&mut self) -> Result<(), LabError> {
        self.ports = Ports {
            starttls: ports::free()?,
            direct_tls: ports::free()?,
            component: ports::free()?,
            https: ports::free()?,
        };
        match self.tree.software {
            Software::Prosody => prosody::configure(&self.tree, &self.folder, &self.options, self.ports),
            Software::Ejabberd => ejabberd::configure(&self.folder, &self.options, self.ports),
        }
        .map_err(LabError::io("writing the server's configuration"))
    }

    fn command(&self) -> Command {
        match self.tree.software {
            Software::Prosody => prosody::command(&self.tree, &self.folder),
            Software::Ejabberd => ejabberd::command(&self.tree, &self.folder),
        }
    }

    /// Starts the process and waits for its verdict. It stays in this process's group: Ctrl-C on a terminal ends it even
    /// where nothing is dropped.
    async fn launch(&mut self) -> Result<Readiness, LabError> {
        let errors = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("server.stderr"))
            .map_err(LabError::io("opening the server's log"))?;
        let mut child = self
            .command()
            .stdout(Stdio::piped())
            .stderr(errors)
            .current_dir(&self.folder)
            .kill_on_drop(true)
            .spawn()
            .map_err(LabError::io(format!("starting {}", self.tree.name)))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        self.child = Some(child);
        let Some(output) = output else { return Ok(Readiness::Ended) };
        let mut lines = BufReader::new(output).lines();
        let readiness = async {
            match self.tree.software {
                Software::Prosody => prosody::readiness(&mut lines, &self.options).await,
                Software::Ejabberd => ejabberd::readiness(&mut lines).await,
            }
        };
        let Ok(readiness) = timeout(SERVER_START, readiness).await else {
            return Err(self.failure("it did not listen in time"));
        };
        match input {
            // Prosody is told nothing, but read to the end, or it would block on a full pipe one day.
            None => drop(tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} })),
            Some(input) => self.control = Some(Mutex::new(Control::new(input, lines, &self.options.domain))),
        }
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

/// What a starting server says about itself.
pub(crate) enum Readiness {
    Listening,
    PortTaken,
    Ended,
}
