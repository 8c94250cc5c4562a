//! One line of the log.

use std::fmt::{self, Write};
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Event, Level};
use tracing_log::NormalizeEvent;

/// Every crate of this workspace starts its targets with this.
const OWN: &str = "heliograph";

/// A longer line is cut. Ours have 200 bytes at most; nobody else's text is in them.
const LINE_BYTES: usize = 1024;

/// Whether one of our crates speaks.
pub(super) fn is_own(target: &str) -> bool {
    target.starts_with(OWN)
}

/// The line for an event, with its end; `None` for what is not noted.
pub(super) fn of(event: &Event<'_>, now: SystemTime) -> Option<String> {
    let normal = event.normalized_metadata();
    let metadata = normal.as_ref().unwrap_or_else(|| event.metadata());
    let (level, target) = (metadata.level(), metadata.target());
    let mut line = format!("{} {level} {target}:", humantime::format_rfc3339_millis(now));
    if is_own(target) {
        event.record(&mut Text(&mut line));
    } else if *level <= Level::WARN {
        let (file, number) = (metadata.file().unwrap_or("?"), metadata.line().unwrap_or_default());
        // From where the crate begins: the folders above it are of the machine that built it.
        let file = file.rsplit_once("/src/").map_or(file, |(_, file)| file);
        let _ = write!(line, " (said at {file}:{number})");
    } else {
        return None;
    }
    if let Some((end, _)) = line.char_indices().find(|(at, _)| *at >= LINE_BYTES) {
        line.truncate(end);
    }
    line.push('\n');
    Some(line)
}

/// Writes message and fields, each behind a space; writing to a string can't fail.
struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let start = self.0.len();
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        // One event, one line.
        if self.0.get(start..).is_some_and(|written| written.contains('\n')) {
            let written = self.0.split_off(start).replace('\n', " ");
            self.0.push_str(&written);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}
