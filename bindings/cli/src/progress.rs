//! Tells a waiting person what is being waited for, on the error output and on a terminal only.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the spinner turns: often enough to look alive.
const TURN: Duration = Duration::from_millis(120);

/// A spinner with a word beside it; silent where nobody looks.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// A spinner, unless the output is for a machine.
    pub fn new(json: bool) -> Self {
        if json || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TURN);
        Self(Some(bar))
    }

    /// Says what is going on now.
    pub fn say(&self, what: &'static str) {
        if let Some(bar) = &self.0 {
            bar.set_message(what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
