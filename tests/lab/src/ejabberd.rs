//! What is particular to ejabberd: how it is started, what it says, how it is told things.
//!
//! It runs without a node name, so that neither epmd nor a distribution port listens anywhere; `ejabberdctl` needs both.
//! Instead a script of ours in the running server ([`CONTROL`]) reads commands from standard input, and ends the server when
//! that is closed: it never outlives its test.
//!
//! Its configuration is in [`configuration`].

mod configuration;

use std::fs;
use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::error::LabError;
use crate::policy::SERVER_CONTROL;
use crate::server::{Account, Options, Output, Ports, Readiness, ServerTree};

/// Starts ejabberd and obeys.
const CONTROL: &str = include_str!("ejabberd/control.erl");

/// What every line of [`CONTROL`] begins with; others are ejabberd's log.
const MARK: &str = "lab: ";

/// Stands in the log for each sign-in that was refused.
pub(crate) const REFUSED_LOGIN: &str = "Failed c2s ";

/// Writes the configuration file and the control script.
pub(crate) fn configure(folder: &Path, options: &Options, ports: Ports) -> io::Result<()> {
    fs::write(folder.join("ejabberd.yml"), configuration::write(folder, options, ports))?;
    // A key and its certificate in one file: where ejabberd looks for both.
    let certificates = folder.join("certificates");
    let part = |end: &str| fs::read_to_string(certificates.join(format!("{}.{end}", options.domain)));
    fs::write(configuration::certificate(folder), part("crt")? + &part("key")?)?;
    fs::write(folder.join("control.erl"), CONTROL)
}

/// The server in the foreground.
pub(crate) fn command(tree: &ServerTree, folder: &Path) -> Command {
    let data = folder.join("data");
    let mut command = Command::new(&tree.program);
    command
        // Two schedulers that sleep when idle: several servers share this machine with the phones.
        .args(["+K", "true", "+S", "2:2", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"])
        .args(["-noshell", "-mnesia", "dir"])
        .arg(erlang_string(&data))
        .arg("-eval")
        .arg(format!("file:script({}).", erlang_string(&folder.join("control.erl"))))
        .env("HOME", folder)
        .env("EJABBERD_CONFIG_PATH", folder.join("ejabberd.yml"))
        .env("EJABBERD_LOG_PATH", folder.join("server.log"))
        .env("ERL_CRASH_DUMP", folder.join("crash.dump"))
        .stdin(Stdio::piped());
    command
}

/// Waits for the control script's first word. Listeners are open by then.
pub(crate) async fn readiness(lines: &mut Output) -> Readiness {
    let mut port_taken = false;
    while let Ok(Some(line)) = lines.next_line().await {
        port_taken |= line.contains("eaddrinuse") || line.contains("address already in use");
        if line == "lab: ready" {
            return Readiness::Listening;
        }
    }
    if port_taken { Readiness::PortTaken } else { Readiness::Ended }
}

/// The way into a running server.
pub(crate) struct Control {
    domain: String,
    input: ChildStdin,
    answers: mpsc::UnboundedReceiver<String>,
}

impl Control {
    /// Takes the pipes over and reads the output to its end.
    pub(crate) fn new(input: ChildStdin, mut output: Output, domain: &str) -> Self {
        let (sender, answers) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = output.next_line().await {
                if let Some(answer) = line.strip_prefix(MARK) {
                    // Nobody may be left to hear it; the pipe is emptied all the same.
                    let _ = sender.send(answer.to_owned());
                }
            }
        });
        Self { domain: domain.to_owned(), input, answers }
    }

    /// Makes an account, or sets its password.
    pub(crate) async fn register(&mut self, account: &Account) -> Result<(), LabError> {
        let Account { name, password } = account;
        let line = format!("register\t{name}\t{}\t{password}\n", self.domain);
        self.input.write_all(line.as_bytes()).await.map_err(LabError::io("speaking to ejabberd"))?;
        match timeout(SERVER_CONTROL, self.answers.recv()).await {
            Ok(Some(answer)) if answer == "ok" => Ok(()),
            answer => {
                let output = answer.ok().flatten().unwrap_or_else(|| "no answer".to_owned());
                Err(LabError::Control { command: "ejabberd, register".into(), output })
            }
        }
    }
}

/// A string in Erlang's notation, as `-mnesia dir` and `-eval` want it.
fn erlang_string(path: &Path) -> String {
    format!("\"{}\"", path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\""))
}
