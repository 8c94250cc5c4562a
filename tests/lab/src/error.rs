//! What can go wrong in the lab itself, as opposed to in what is tested.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The lab could not do what it was asked to, or waited in vain.
///
/// The texts may hold addresses and messages: they are made up by tests, and a person has to see them.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A file, a socket or a process refused.
    #[error("{action}: {source}")]
    Io {
        /// What was being done, as in `starting prosody`.
        action: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A certificate could not be made.
    #[error("certificates: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The server is neither unpacked nor installed.
    #[error("no {name} here: {advice}")]
    ServerMissing {
        /// Which one.
        name: String,
        /// How to get it.
        advice: String,
    },
    /// The server ended or said that it can't run. The end of its log stands beside it.
    #[error("the server did not start: {reason}\n{log}")]
    ServerFailed {
        /// What it said or did.
        reason: String,
        /// The last lines of its log.
        log: String,
    },
    /// The server refused what an operator would do.
    #[error("{command}: {output}")]
    Control {
        /// The command.
        command: String,
        /// What it answered.
        output: String,
    },
    /// No port in the lab's range is free.
    #[error("no free port between {first} and {last}")]
    NoPort {
        /// Start of the range.
        first: u16,
        /// End of the range.
        last: u16,
    },
    /// The phone's program refused a command; this is its own typed answer.
    #[error("{phone}: {code}: {message}")]
    Refused {
        /// Which phone.
        phone: String,
        /// The stable code of the error.
        code: String,
        /// Its sentence.
        message: String,
    },
    /// The phone's program ended by itself.
    #[error("{phone} ended while {waiting_for} was awaited; its last words:\n{journal}")]
    PhoneEnded {
        /// Which phone.
        phone: String,
        /// What was being waited for.
        waiting_for: String,
        /// Its last events and what it wrote to standard error.
        journal: String,
    },
    /// The phone's program wrote a line that is not in the line protocol.
    #[error("{phone} broke the line protocol ({reason}): {line}")]
    Malformed {
        /// Which phone.
        phone: String,
        /// What is wrong with the line.
        reason: String,
        /// The line.
        line: String,
    },
    /// Nothing happened in time.
    #[error("{phone}: {waiting_for} did not happen within {deadline:?}; its last words:\n{journal}")]
    Deadline {
        /// Which phone.
        phone: String,
        /// What was being waited for.
        waiting_for: String,
        /// For how long.
        deadline: Duration,
        /// Its last events.
        journal: String,
    },
    /// A small disk can't be made here.
    #[error("no small disk can be mounted on this machine, as root or with namespaces of users: {reason}")]
    NoSmallDisk {
        /// What was tried and refused.
        reason: String,
    },
    /// A program that the lab needs was not built.
    #[error("{path} is not there: {advice}")]
    NotBuilt {
        /// Where it should be.
        path: PathBuf,
        /// The command that builds it.
        advice: String,
    },
}

impl LabError {
    /// For `map_err`: an I/O error with what was being done.
    pub fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}
