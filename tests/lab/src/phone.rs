//! A phone: one process of the terminal shell with its own data folder, driven through its line protocol.
//!
//! The process has no memory but its folder, so it can be killed and started again like an app. What it told about itself
//! is folded into a [`View`], which is what its user would see; every event is kept in order for the error messages.
//! Waiting is always for something to be seen, within a deadline; nothing sleeps.
//!
//! Read first: [`Phone::spawn`], [`Phone::until`].

mod command;
mod event;
mod journal;
mod view;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command as Process};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::LabError;
use crate::policy::{ACCOUNT_ADD, NETWORK, PHONE_STOP, REPLY};
pub use command::Command;
pub use event::{ConnectionState, Conversation, ConversationState, Event, Failure, Message, Traffic};
use journal::Journal;
pub use view::View;

/// How the phone's connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte (XEP-0368).
    Direct,
    /// After an upgrade in the clear (RFC 6120 §5).
    StartTls,
}

/// What a phone is.
#[derive(Clone)]
pub struct PhoneConfig {
    /// What to call it in messages.
    pub name: String,
    /// The terminal shell: see [`crate::workspace::terminal_shell`].
    pub binary: PathBuf,
    /// Its data folder; the shell creates it.
    pub data: PathBuf,
    /// Its account's address.
    pub address: String,
    /// Its account's password.
    pub password: String,
    /// Where to connect to instead of looking the domain up, as `host:port`.
    pub server: String,
    /// How.
    pub tls: Tls,
    /// The certificate of an authority to trust, as a PEM file.
    pub authority: Option<PathBuf>,
    /// The keys of which the server must have one.
    pub pins: Vec<String>,
    /// Where the server is if nothing but HTTPS gets through.
    pub web_socket: Option<String>,
}

impl PhoneConfig {
    fn process(&self) -> Process {
        let mut process = Process::new(&self.binary);
        process
            .arg("--data")
            .arg(&self.data)
            .arg("--json")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        process
    }
}

/// A phone. Dropping it kills its process.
pub struct Phone {
    config: PhoneConfig,
    journal: Arc<Journal>,
    running: Option<Running>,
    tags: u64,
    crash: Option<String>,
}

struct Running {
    child: Child,
    input: ChildStdin,
}

impl Phone {
    /// Signs the account in for the first time and creates its store, as `heliograph account add` does. A refusal is
    /// [`LabError::Refused`] with the shell's own code.
    pub async fn add_account(config: &PhoneConfig) -> Result<(), LabError> {
        let mut process = config.process();
        process.args(["account", "add", &config.address, "--password-stdin", "--server", &config.server]);
        process.args(["--tls", if config.tls == Tls::Direct { "direct" } else { "starttls" }]);
        if let Some(authority) = &config.authority {
            process.arg("--ca").arg(authority);
        }
        process.args(config.pins.iter().flat_map(|pin| ["--pin", pin]));
        process.args(config.web_socket.iter().flat_map(|url| ["--websocket", url]));
        let run = async {
            let mut child = process.spawn()?;
            if let Some(mut input) = child.stdin.take() {
                match input.write_all(format!("{}\n", config.password).as_bytes()).await {
                    // It refused before it read the password; what it says about that is worth more than the pipe's error.
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                    written => written?,
                }
            }
            child.wait_with_output().await
        };
        let output = match timeout(ACCOUNT_ADD, run).await {
            Ok(output) => output.map_err(LabError::io(format!("running {}", config.binary.display())))?,
            Err(_) => {
                return Err(LabError::Deadline {
                    phone: config.name.clone(),
                    waiting_for: "adding the account".into(),
                    deadline: ACCOUNT_ADD,
                    journal: String::new(),
                });
            }
        };
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let failure = said.lines().find_map(|line| {
            let mut answer: Value = serde_json::from_str(line).ok()?;
            serde_json::from_value::<Failure>(answer.get_mut("error")?.take()).ok()
        });
        Err(match failure {
            Some(Failure { code, message }) => {
                LabError::Refused { phone: config.name.clone(), code, message }
            }
            None => LabError::Malformed {
                phone: config.name.clone(),
                reason: format!("{} without a typed error", output.status),
                line: format!("{said}{}", String::from_utf8_lossy(&output.stderr)),
            },
        })
    }

    /// Starts the session of a phone whose account was added.
    pub fn spawn(config: PhoneConfig) -> Result<Self, LabError> {
        let mut phone = Self { config, journal: Arc::default(), running: None, tags: 0, crash: None };
        phone.start()?;
        Ok(phone)
    }

    /// What the phone is called.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// What it is.
    pub fn config(&self) -> &PhoneConfig {
        &self.config
    }

    /// Calls `listener` with every event from now on, in order, and before anybody who waits sees it. It must not block
    /// and must not call the phone.
    pub fn on_event(&self, listener: impl FnMut(&Event) + Send + 'static) {
        self.journal.subscribe(Box::new(listener));
    }

    /// What its user sees now. Messages and conversations that were seen before a restart stay in view.
    pub fn view(&self) -> View {
        self.journal.view()
    }

    /// Gives a command without waiting for its reply, and says under which tag the reply will come.
    pub async fn send(&mut self, command: &Command) -> Result<String, LabError> {
        self.tags += 1;
        let tag = format!("lab-{}", self.tags);
        let line = command
            .line(&tag)
            .map_err(|error| LabError::io("writing a command")(std::io::Error::other(error)))?;
        let Some(running) = &mut self.running else { return Err(self.ended("a command")) };
        if let Err(error) = running.input.write_all(line.as_bytes()).await {
            // A closed pipe means that the process is gone; its last words say more than the pipe does.
            return match timeout(PHONE_STOP, running.child.wait()).await {
                Ok(_) => Err(self.ended("a command")),
                Err(_) => Err(LabError::io("writing a command")(error)),
            };
        }
        Ok(tag)
    }

    /// Gives a command and waits for its reply, at most [`REPLY`]. An error of the shell is [`LabError::Refused`].
    pub async fn request(&mut self, command: &Command) -> Result<Value, LabError> {
        self.request_within(command, REPLY).await
    }

    /// The same with another deadline.
    pub async fn request_within(&mut self, command: &Command, deadline: Duration) -> Result<Value, LabError> {
        let tag = self.send(command).await?;
        let answer = self
            .until(&format!("the reply to {}", command.word()), deadline, |view| {
                view.replies.get(&tag).cloned()
            })
            .await?;
        answer.map_err(|Failure { code, message }| LabError::Refused {
            phone: self.config.name.clone(),
            code,
            message,
        })
    }

    /// A conversation's messages as its timeline shows them, oldest first.
    pub async fn history(&mut self, conversation: &str, limit: usize) -> Result<Vec<Message>, LabError> {
        let mut answer = self.request(&Command::history(conversation, limit)).await?;
        let messages = answer.get_mut("messages").map(Value::take).unwrap_or_default();
        serde_json::from_value(messages).map_err(|error| LabError::Malformed {
            phone: self.config.name.clone(),
            reason: format!("no list of messages under `ok.messages`: {error}"),
            line: answer.to_string(),
        })
    }

    /// Waits until `seen` finds in the phone's view what it looks for, and returns that. Fails as soon as the process ends
    /// or breaks the protocol, or at the deadline, with the phone's last events; `what` says what was awaited, as in
    /// `ben's answer`.
    pub async fn until<Found>(
        &self,
        what: &str,
        deadline: Duration,
        mut seen: impl FnMut(&View) -> Option<Found>,
    ) -> Result<Found, LabError> {
        let end = Instant::now() + deadline;
        let mut changes = self.journal.changes();
        loop {
            changes.mark_unchanged();
            if let Some(found) = self.journal.look(&mut seen) {
                return Ok(found);
            }
            if let Some((reason, line)) = self.journal.malformed() {
                return Err(LabError::Malformed { phone: self.config.name.clone(), reason, line });
            }
            if self.journal.has_ended() {
                return Err(self.ended(what));
            }
            if !matches!(timeout_at(end, changes.changed()).await, Ok(Ok(()))) {
                return Err(LabError::Deadline {
                    phone: self.config.name.clone(),
                    waiting_for: what.to_owned(),
                    deadline,
                    journal: self.journal.last_words(),
                });
            }
        }
    }

    /// Waits for an event since the process was started, past ones included.
    pub async fn expect(
        &self,
        what: &str,
        deadline: Duration,
        mut is_it: impl FnMut(&Event) -> bool,
    ) -> Result<Event, LabError> {
        self.until(what, deadline, |view| view.events.iter().find(|event| is_it(event)).cloned()).await
    }

    /// The files that the process has open. Linux only.
    #[cfg(target_os = "linux")]
    pub fn open_files(&self) -> Result<Vec<PathBuf>, LabError> {
        let Some(process) = self.running.as_ref().and_then(|running| running.child.id()) else {
            return Ok(Vec::new());
        };
        let links =
            std::fs::read_dir(format!("/proc/{process}/fd")).map_err(LabError::io("listing open files"))?;
        Ok(links.flatten().filter_map(|link| std::fs::read_link(link.path()).ok()).collect())
    }

    /// How many TCP sockets the process has open. Linux only.
    #[cfg(target_os = "linux")]
    pub fn open_connections(&self) -> Result<usize, LabError> {
        let Some(process) = self.running.as_ref().and_then(|running| running.child.id()) else {
            return Ok(0);
        };
        let mut table = String::new();
        for family in ["tcp", "tcp6"] {
            // Without IPv6 there is no second table.
            table += &std::fs::read_to_string(format!("/proc/{process}/net/{family}")).unwrap_or_default();
        }
        // proc(5): the tenth column is the socket's inode, which is also what the link of an open socket names.
        let inodes: Vec<&str> = table.lines().filter_map(|line| line.split_whitespace().nth(9)).collect();
        let open = self.open_files()?;
        let is_tcp = |file: &&PathBuf| {
            let name = file.to_string_lossy();
            let inode = name.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
            inode.is_some_and(|inode| inodes.contains(&inode))
        };
        Ok(open.iter().filter(is_tcp).count())
    }

    /// Runs one command of the terminal shell on the phone's data and waits for its end: what it printed, and its exit code.
    /// The session must not be running.
    pub async fn run(
        config: &PhoneConfig,
        arguments: &[&str],
        input: &str,
    ) -> Result<(Value, i32), LabError> {
        let failed = |error| LabError::io(format!("running {}", config.binary.display()))(error);
        let mut child = config.process().args(arguments).spawn().map_err(failed)?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(input.as_bytes()).await.map_err(failed)?;
        }
        let output = match timeout(NETWORK, child.wait_with_output()).await {
            Ok(output) => output.map_err(failed)?,
            Err(_) => {
                return Err(LabError::Deadline {
                    phone: config.name.clone(),
                    waiting_for: arguments.join(" "),
                    deadline: NETWORK,
                    journal: String::new(),
                });
            }
        };
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let answer = serde_json::from_str(&said).map_err(|error| LabError::Malformed {
            phone: config.name.clone(),
            reason: format!("{}: {error}", output.status),
            line: said + &String::from_utf8_lossy(&output.stderr),
        })?;
        Ok((answer, output.status.code().unwrap_or(-1)))
    }

    /// Ends the process without warning, as the system kills an app. Does nothing if it doesn't run.
    pub async fn kill(&mut self) -> Result<(), LabError> {
        match self.running.take() {
            Some(mut running) => running.child.kill().await.map_err(LabError::io("killing a phone")),
            None => Ok(()),
        }
    }

    /// Asks it to end and waits for that; an exit with an error is one here. Does nothing if it doesn't run.
    pub async fn quit(&mut self) -> Result<(), LabError> {
        if self.running.is_none() {
            return Ok(());
        }
        self.send(&Command::Quit).await?;
        let Some(Running { mut child, input }) = self.running.take() else { return Ok(()) };
        drop(input);
        match timeout(PHONE_STOP, child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(_)) => Err(self.ended("an end in good order")),
            Ok(Err(error)) => Err(LabError::io("waiting for a phone's end")(error)),
            Err(_) => Err(LabError::Deadline {
                phone: self.config.name.clone(),
                waiting_for: "its end".into(),
                deadline: PHONE_STOP,
                journal: self.journal.last_words(),
            }),
        }
    }

    /// From the next start on, the process dies by itself at a named place (`place:count`, see `core/client/src/crash.rs`);
    /// `None`: it lives.
    pub fn crash_at(&mut self, place: Option<String>) {
        self.crash = place;
    }

    /// Starts the session again on the same data, killing it first if it runs.
    pub async fn restart(&mut self) -> Result<(), LabError> {
        self.kill().await?;
        self.start()
    }

    fn start(&mut self) -> Result<(), LabError> {
        let mut process = self.config.process();
        process.arg("chat");
        if let Some(place) = &self.crash {
            process.env("HELIOGRAPH_CRASH", place);
        }
        let mut child =
            process.spawn().map_err(LabError::io(format!("starting {}", self.config.binary.display())))?;
        let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            let unpiped = std::io::Error::from(ErrorKind::BrokenPipe);
            return Err(LabError::io("starting a phone")(unpiped));
        };
        // Whatever the process before this one still had in its pipe belongs to the journal, but not to this run.
        let run = self.journal.begin();
        tokio::spawn(listen(output, Arc::clone(&self.journal), run));
        tokio::spawn(listen_to_errors(errors, Arc::clone(&self.journal)));
        self.running = Some(Running { child, input });
        Ok(())
    }

    fn ended(&self, waiting_for: &str) -> LabError {
        LabError::PhoneEnded {
            phone: self.config.name.clone(),
            waiting_for: waiting_for.to_owned(),
            journal: self.journal.last_words(),
        }
    }
}

async fn listen(output: ChildStdout, journal: Arc<Journal>, run: u64) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        journal.heard(run, &line);
    }
    journal.end(run);
}

async fn listen_to_errors(errors: ChildStderr, journal: Arc<Journal>) {
    let mut lines = BufReader::new(errors).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        journal.complained(line);
    }
}

#[cfg(test)]
mod tests;
