//! Running the programs of a stage: their output goes to a log, its last line to the terminal.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::Stdio;

use anyhow::Context;
use console::Term;
use heliograph_lab::workspace;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;

use super::counts::Counts;
use super::{Outcome, logs};

/// How many lines of a failed program are shown: enough for a compiler's errors, too few to bury the table.
const LINES_SHOWN: usize = 250;

/// How many lines may wait between a program and the log.
const LINES_WAITING: usize = 1024;

/// One stage's programs.
pub struct Programs {
    log: File,
    terminal: Term,
    counts: Counts,
}

impl Programs {
    /// Starts a stage's log.
    pub fn of(stage: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(logs()).context("creating the folder for logs")?;
        let file = logs().join(format!("{stage}.log"));
        let log = OpenOptions::new().create(true).write(true).truncate(true).open(file);
        Ok(Self { log: log.context("opening a log")?, terminal: Term::stdout(), counts: Counts::default() })
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
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        writeln!(self.log, "$ {}", shown(&command)).context("writing a log")?;
        let mut child = command.spawn().with_context(|| format!("starting {}", shown(&command)))?;
        let (sender, mut lines) = mpsc::channel(LINES_WAITING);
        if let (Some(output), Some(errors)) = (child.stdout.take(), child.stderr.take()) {
            tokio::spawn(forward(output, sender.clone()));
            tokio::spawn(forward(errors, sender));
        }
        let mut last = VecDeque::new();
        while let Some(line) = lines.recv().await {
            writeln!(self.log, "{line}").context("writing a log")?;
            self.counts.read(&line);
            self.show_progress(&line);
            last.push_back(line);
            if last.len() > LINES_SHOWN {
                last.pop_front();
            }
        }
        let status = child.wait().await.context("waiting for a program")?;
        self.clear_progress();
        if status.success() {
            return Ok(None);
        }
        let output = format!("{}\n  $ {} ({status})", Vec::from(last).join("\n"), shown(&command));
        Ok(Some(Outcome::Failed { counts: self.counts, output }))
    }

    /// On a terminal the last line stands below the stage's name and is overwritten; in a log of a build server nothing is
    /// shown but what tests came to.
    fn show_progress(&self, line: &str) {
        if self.terminal.is_term() {
            let width = usize::from(self.terminal.size().1).saturating_sub(3);
            let line = console::truncate_str(line.trim(), width, "…").into_owned();
            self.clear_progress();
            // Progress is not worth an error.
            let _ = self.terminal.write_str(&format!("  {}", console::style(line).dim()));
        } else if line.contains("test result: ") {
            println!("  {line}");
        }
    }

    fn clear_progress(&self) {
        if self.terminal.is_term() {
            let _ = self.terminal.clear_line();
        }
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
