//! Everything a phone said, shared between the task that listens and whoever waits.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::event::Event;
use super::view::View;
use crate::policy::{EVENTS_SHOWN, STDERR_LINES_KEPT};

/// A phone's words, over all its processes.
#[derive(Default)]
pub(super) struct Journal {
    heard: Mutex<Heard>,
    /// Moves with everything that is worth looking again for.
    version: watch::Sender<u64>,
}

/// Somebody who wants every event.
pub(super) type Listener = Box<dyn FnMut(&Event) + Send>;

#[derive(Default)]
struct Heard {
    view: View,
    /// The last lines as they were said.
    lines: VecDeque<String>,
    complaints: VecDeque<String>,
    malformed: Option<(String, String)>,
    listeners: Vec<Listener>,
    /// Counts the processes, so that the end of one isn't taken for the end of the next.
    run: u64,
    ended: bool,
}

impl Journal {
    /// A new process; the number is to be given with everything that it says.
    pub(super) fn begin(&self) -> u64 {
        self.with(|heard| {
            heard.run += 1;
            heard.ended = false;
            heard.malformed = None;
            heard.view.restart();
            heard.run
        })
    }

    /// One line of output. What a killed process left in its pipe was said in time, but its user can't have seen it; it
    /// is dropped.
    pub(super) fn heard(&self, run: u64, line: &str) {
        self.with(|heard| {
            if heard.run != run {
                return;
            }
            keep(&mut heard.lines, line.to_owned(), EVENTS_SHOWN);
            match serde_json::from_str::<Event>(line) {
                Ok(event) => {
                    heard.listeners.iter_mut().for_each(|listener| listener(&event));
                    heard.view.fold(event);
                }
                Err(error) => heard.malformed = Some((error.to_string(), line.to_owned())),
            }
        });
    }

    /// One line of standard error.
    pub(super) fn complained(&self, line: String) {
        self.with(|heard| keep(&mut heard.complaints, line, STDERR_LINES_KEPT));
    }

    /// The process has closed its output.
    pub(super) fn end(&self, run: u64) {
        self.with(|heard| heard.ended |= heard.run == run);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Why a line made no sense, and the line.
    pub(super) fn malformed(&self) -> Option<(String, String)> {
        self.lock().malformed.clone()
    }

    pub(super) fn look<Found>(&self, seen: impl FnOnce(&View) -> Option<Found>) -> Option<Found> {
        seen(&self.lock().view)
    }

    pub(super) fn view(&self) -> View {
        self.lock().view.clone()
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    pub(super) fn subscribe(&self, listener: Listener) {
        self.lock().listeners.push(listener);
    }

    /// The last events and complaints, for an error message.
    pub(super) fn last_words(&self) -> String {
        let heard = self.lock();
        let lines = heard.lines.iter().map(|line| format!("  {line}"));
        let complaints = heard.complaints.iter().map(|line| format!("  stderr: {line}"));
        lines.chain(complaints).collect::<Vec<_>>().join("\n")
    }

    fn with<Answer>(&self, change: impl FnOnce(&mut Heard) -> Answer) -> Answer {
        let answer = change(&mut self.lock());
        self.version.send_modify(|version| *version += 1);
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        // A test's closure that panicked while looking has changed nothing.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep(lines: &mut VecDeque<String>, line: String, limit: usize) {
    lines.push_back(line);
    while lines.len() > limit {
        lines.pop_front();
    }
}
