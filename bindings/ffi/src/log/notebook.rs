//! The last lines of the log, in memory.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::line;

/// Bytes of lines that are kept. Two days of a phone at `Info`, an hour at `Trace`; fits any mail, and is little of the memory
/// that a phone gives an app in the background.
const PAGES_BYTES: usize = 256 * 1024;

/// Takes down what is said.
pub(super) struct Notebook(&'static Mutex<Pages>);

impl Notebook {
    pub(super) fn new(pages: &'static Mutex<Pages>) -> Self {
        Self(pages)
    }
}

impl<S: Subscriber> Layer<S> for Notebook {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        // Written before the lock is taken: a value that logs while it is shown must not wait for itself.
        if let Some(line) = line::of(event, SystemTime::now()) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).add(line);
        }
    }
}

/// See the module. Lines are kept whole.
#[derive(Debug, Default)]
pub(super) struct Pages {
    lines: VecDeque<String>,
    bytes: usize,
    forgotten: u64,
}

impl Pages {
    pub(super) const fn new() -> Self {
        Self { lines: VecDeque::new(), bytes: 0, forgotten: 0 }
    }

    fn add(&mut self, line: String) {
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.bytes > PAGES_BYTES
            && let Some(oldest) = self.lines.pop_front()
        {
            self.bytes -= oldest.len();
            self.forgotten += 1;
        }
    }

    /// All of it behind `head`, and how much came before that is no longer there.
    pub(super) fn copy(&self, head: String) -> String {
        let mut text = head;
        text.reserve(self.bytes);
        if self.forgotten > 0 {
            // Writing to a string can't fail.
            let _ = writeln!(text, "({} earlier lines were not kept)", self.forgotten);
        }
        self.lines.iter().for_each(|line| text.push_str(line));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_stay_and_the_rest_is_counted() {
        let mut pages = Pages::new();
        let line = |number: usize| format!("{number:0>99}\n");
        for number in 0..3000 {
            pages.add(line(number));
        }
        let text = pages.copy("head\n".to_owned());
        let lines: Vec<&str> = text.lines().collect();
        assert!(text.len() <= PAGES_BYTES + 100 && text.len() > PAGES_BYTES - 200, "{}", text.len());
        assert_eq!(lines[0], "head");
        assert_eq!(lines[1], format!("({} earlier lines were not kept)", 3000 - (lines.len() - 2)));
        assert_eq!(lines[lines.len() - 1], line(2999).trim_end());
        pages.add("a".repeat(PAGES_BYTES + 1));
        assert_eq!((pages.lines.len(), pages.bytes), (0, 0), "not even one that is larger than all pages");
    }
}
