//! The commands of the command line, one module per noun.

pub mod account;
pub mod chat;
pub mod group;
pub mod history;
pub mod push;
pub mod room;
pub mod send;
pub mod status;

use std::io::Write;
use std::time::Duration;

use heliograph_client::Timestamp;
use serde_json::{Value, json};

use crate::data_folder::DataFolder;
use crate::failure::{Failure, output_failure};
use crate::json_event;
use crate::render::Look;

/// What every command is given.
pub struct Setting {
    /// Where the account is.
    pub folder: DataFolder,
    /// Whether the output is for a machine.
    pub json: bool,
    /// How long to wait for the network.
    pub deadline: Duration,
    /// What the output can show.
    pub look: Look,
}

impl Setting {
    /// Says that a command succeeded: a sentence, or `{"ok": …}`.
    pub fn done(&self, sentence: &str, fields: &Value) -> Result<(), Failure> {
        if self.json {
            self.print(&json_event::line(&json!({ "ok": fields }))?)
        } else {
            self.print(sentence)
        }
    }

    /// Prints a line.
    #[expect(clippy::unused_self, reason = "reads as the other outputs do")]
    pub fn print(&self, line: &str) -> Result<(), Failure> {
        let mut output = std::io::stdout().lock();
        writeln!(output, "{line}").and_then(|()| output.flush()).map_err(output_failure)
    }
}

/// The wall clock.
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
