//! Running the programs of a stage: their output goes to a log, its last line to the terminal.
//!
//! A program is ended with everything that it started: when somebody interrupts the command, and when it has not said a word
//! for [`SILENCE`]. So a test that hangs costs minutes, and what it said before is shown.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use console::Term;
use heliograph_lab::workspace;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::counts::Counts;
use super::failures::{self, Failures};
use super::{Outcome, logs};

/// How many lines of a failed program are shown: enough for a compiler's errors, too few to bury the table.
const LINES_SHOWN: usize = 250;

/// How many lines of a program that failed without a test of its own are shown once more at the end.
const LAST_LINES: usize = 15;

/// How many lines may wait between a program and the log.
const LINES_WAITING: usize = 1024;

/// A program that says nothing for so long hangs. The longest silences of a program that works are the thousand cut wires on
/// a slow server (4 minutes seen) and OpenSSL's build on a machine without anything built (3 minutes).
const SILENCE: Duration = Duration::from_mins(12);

/// Lines with these words are shown at once where there is no terminal.
const SHOWN_AT_ONCE: [&str; 3] = ["test result: ", " ... FAILED", " has been running for over "];

/// One stage's programs.
pub struct Programs {
    log: File,
    terminal: Term,
    counts: Counts,
    failures: Failures,
    silence: Duration,
    /// Which of a stage's test programs is running, as Cargo names it.
    running: String,
}

impl Programs {
    /// Starts a stage's log.
    pub fn of(stage: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(logs()).context("creating the folder for logs")?;
        let file = logs().join(format!("{stage}.log"));
        let log = OpenOptions::new().create(true).write(true).truncate(true).open(file);
        Ok(Self {
            log: log.context("opening a log")?,
            terminal: Term::stdout(),
            counts: Counts::default(),
            failures: Failures::default(),
            silence: SILENCE,
            running: String::new(),
        })
    }

    /// What was counted in all programs so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Cargo in the workspace's folder.
    pub fn cargo(arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.args(arguments);
        command
    }

    /// Runs one program; `None` if it ended well, or else what to report.
    pub async fn run(&mut self, mut command: Command) -> anyhow::Result<Option<Outcome>> {
        command
            .current_dir(workspace::root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        writeln!(self.log, "$ {}", shown(&command)).context("writing a log")?;
        let mut family = Family::spawn(&mut command)?;
        let (sender, mut lines) = mpsc::channel(LINES_WAITING);
        if let (Some(output), Some(errors)) = (family.child.stdout.take(), family.child.stderr.take()) {
            tokio::spawn(forward(output, sender.clone()));
            tokio::spawn(forward(errors, sender));
        }
        let mut last = VecDeque::new();
        let hangs = loop {
            let line = match timeout(self.silence, lines.recv()).await {
                Ok(Some(line)) => line,
                Ok(None) => break false,
                Err(_) => break true,
            };
            writeln!(self.log, "{line}").context("writing a log")?;
            self.counts.read(&line);
            self.failures.read(&line);
            self.show_progress(&line);
            last.push_back(line);
            if last.len() > LINES_SHOWN {
                last.pop_front();
            }
        };
        self.clear_progress();
        let end = if hangs {
            family.end();
            // The pipe is closed by the last of them.
            let gone = timeout(self.silence, async { while lines.recv().await.is_some() {} }).await.is_ok();
            let left = if gone { "" } else { ", but something it started lives on" };
            format!("said nothing for {:.0?} and was ended{left}", self.silence)
        } else {
            let status = family.child.wait().await.context("waiting for a program")?;
            if status.success() {
                return Ok(None);
            }
            status.to_string()
        };
        // The whole command is in the log.
        let command = failures::cut(&shown(&command));
        let last = Vec::from(last);
        let output = format!("{}\n  $ {command} ({end})", last.join("\n"));
        let mut failures = self.failures.lines();
        if failures.is_empty() {
            let earlier = last.len().saturating_sub(LAST_LINES);
            failures.extend(last.iter().skip(earlier).map(|line| failures::cut(line)));
        }
        failures.push(format!("$ {command} ({end})"));
        Ok(Some(Outcome::Failed { counts: self.counts, output, failures }))
    }

    /// On a terminal the last line stands below the stage's name and is overwritten; in a log of a build server nothing is
    /// shown but what tests came to, and what may be the last word of one that hangs.
    fn show_progress(&mut self, line: &str) {
        if self.terminal.is_term() {
            let width = usize::from(self.terminal.size().1).saturating_sub(3);
            let line = console::truncate_str(line.trim(), width, "…").into_owned();
            self.clear_progress();
            // Progress is not worth an error.
            let _ = self.terminal.write_str(&format!("  {}", console::style(line).dim()));
        } else if let Some(program) = line.trim().strip_prefix("Running ") {
            program.split(" (").next().unwrap_or(program).clone_into(&mut self.running);
        } else if SHOWN_AT_ONCE.iter().any(|words| line.contains(words)) {
            println!("  {}: {line}", self.running);
        }
    }

    fn clear_progress(&self) {
        if self.terminal.is_term() {
            let _ = self.terminal.clear_line();
        }
    }
}

/// A program and whatever it has started, in a process group of its own. Dropping it ends them all.
struct Family {
    child: Child,
    group: Option<Pid>,
}

impl Family {
    fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        let child =
            command.process_group(0).spawn().with_context(|| format!("starting {}", shown(command)))?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(Self { child, group })
    }

    fn end(&mut self) {
        if let Some(group) = self.group {
            // It fails if they have all ended by themselves, as they should.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        self.end();
    }
}

async fn forward(output: impl AsyncRead + Unpin, lines: mpsc::Sender<String>) {
    let mut bytes = Vec::new();
    let mut output = BufReader::new(output);
    // Bytes, not text: a test may print anything.
    while let Ok(1..) = output.read_until(b'\n', &mut bytes).await {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        bytes.clear();
        if lines.send(line).await.is_err() {
            return;
        }
    }
}

fn shown(command: &Command) -> String {
    let command = command.as_std();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::bail;
    use tokio::process::Command;

    use super::{Outcome, Programs};

    #[tokio::test]
    async fn a_program_that_hangs_is_ended_with_what_it_started() -> anyhow::Result<()> {
        let mut programs = Programs::of("unit-hangs")?;
        programs.silence = Duration::from_secs(1);
        let mut shell = Command::new("sh");
        // The second process has the pipe, too.
        shell.args(["-c", "sleep 1000 & echo begun; wait"]);
        let Some(Outcome::Failed { output, .. }) = programs.run(shell).await? else {
            bail!("it was taken for one that ended well");
        };
        assert!(output.starts_with("begun\n") && output.ends_with("was ended)"), "{output}");
        Ok(())
    }
}
