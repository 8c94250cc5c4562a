//! What one ingest came to, and what the operating system counts.
//!
//! Also compiled into the peer (`tests/bench/peer`): both programs print one line of JSON when they are done.

use std::fs;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measurement {
    /// Messages that are in the database afterwards and were not before.
    pub messages: usize,
    /// From the first stanza to the end of the last transaction, in seconds.
    pub seconds: f64,
    /// The part of it that turned XML into what is worked on, in seconds.
    pub parsing: f64,
    /// Bytes handed to the operating system for writing until the database was closed; `None` where it does not count them.
    pub written: Option<u64>,
    /// The most memory that the process ever held, in bytes; `None` likewise.
    pub peak: Option<u64>,
}

/// A measurement under way.
pub struct Meter {
    written: Option<u64>,
}

impl Meter {
    /// Starts counting.
    pub fn start() -> Self {
        Self { written: bytes_written() }
    }

    /// Ends it; call this when the database is closed, so that nothing waits to be written.
    pub fn end(self, messages: usize, whole: Duration, parsing: Duration) -> Measurement {
        let written = self.written.zip(bytes_written()).map(|(before, after)| after.saturating_sub(before));
        Measurement {
            messages,
            seconds: whole.as_secs_f64(),
            parsing: parsing.as_secs_f64(),
            written,
            peak: peak_memory(),
        }
    }
}

/// `wchar` of Linux: bytes of all calls that write, whether they reach the disk or not (proc_pid_io(5)). Counts the same on
/// a disk and in memory, which `write_bytes` does not.
fn bytes_written() -> Option<u64> {
    field("/proc/self/io", "wchar:")
}

/// `VmHWM` of Linux (proc_pid_status(5)), which counts in units of 1024 bytes.
fn peak_memory() -> Option<u64> {
    field("/proc/self/status", "VmHWM:").map(|kilobytes| kilobytes * 1024)
}

fn field(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
