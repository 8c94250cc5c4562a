//! Apple's unified logging.

use std::time::SystemTime;

use oslog::{Level as Kind, OsLog};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::{NAME, line};

/// Lines in the subsystem "heliograph".
pub(super) struct Unified(OsLog);

impl Unified {
    pub(super) fn new() -> Self {
        Self(OsLog::new(NAME, "core"))
    }
}

impl<S: Subscriber> Layer<S> for Unified {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        // The system keeps `Info` and `Debug` only while somebody watches, and shows `Error` in colour.
        let kind = match *event.metadata().level() {
            Level::ERROR => Kind::Fault,
            Level::WARN => Kind::Error,
            Level::INFO => Kind::Default,
            Level::DEBUG => Kind::Info,
            Level::TRACE => Kind::Debug,
        };
        if let Some(line) = line::of(event, SystemTime::now()) {
            self.0.with_level(kind, line.trim_end());
        }
    }
}
