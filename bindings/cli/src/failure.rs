//! What can go wrong for somebody at the shell, as a stable code, a sentence with advice, and an exit code.
//!
//! Everything below the client speaks [`heliograph_client::Error`]; the few variants beside it exist only in a shell
//! (no account yet, a file that can't be read, a deadline of a one-shot command). No variant holds a text, a key or a
//! password; names and addresses that the user typed are not repeated either.

use std::io;

use heliograph_client::{Error, ErrorCode};

/// Everything that ends a command without success.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The client said no.
    #[error("{} ({}: {})", .0.code.advice(), .0.code, .0.detail)]
    Core(#[from] Error),
    /// The data folder holds no account.
    #[error("There is no account here yet: add one with `heliograph account add name@server`.")]
    NoAccount,
    /// The data folder already holds an account; it is never overwritten.
    #[error("There is an account here already: choose another folder with --data to add one more.")]
    AccountExists,
    /// The key file holds something else than 64 hexadecimal digits.
    #[error("The key file of this data folder is damaged: it must hold 64 hexadecimal digits.")]
    KeyDamaged,
    /// The file of keys is gone but the database is there: nothing can open it any more.
    #[error("The key file of this data folder is missing, so its database can't be opened.")]
    KeyMissing,
    /// Neither `--data` nor the environment says where to keep data.
    #[error("No place for data is known: set HOME, or pass --data.")]
    NoDataFolder,
    /// A file or folder that the shell itself handles.
    #[error("{what} can't be used: {source}.{}", advice_on(.source))]
    File {
        /// Which one, in words (`The data folder`).
        what: &'static str,
        /// The operating system's reason.
        source: io::Error,
    },
    /// No password was given.
    #[error("No password was given: type one, or pass it as the first line with --password-stdin.")]
    NoPassword,
    /// Nothing here has that number, address or name.
    #[error(
        "There is no conversation of that number, address or name; `heliograph chat` and /list show all."
    )]
    NoSuchConversation,
    /// Several conversations have that name.
    #[error("Several conversations have that name: say which one by number ({}).", numbers(.0))]
    Ambiguous(Vec<i64>),
    /// A typed line or a JSON line that makes no sense.
    #[error("{0}")]
    Input(String),
    /// A one-shot command gave up waiting.
    #[error("Not done within {seconds} s: {waiting_for}. {}", after_deadline(*.kept))]
    TimedOut {
        /// What had not happened yet.
        waiting_for: &'static str,
        /// The deadline, in seconds.
        seconds: u64,
        /// Whether the work is kept on this device and goes on by itself at the next connection.
        kept: bool,
    },
    /// Ctrl-C or a signal ended a one-shot command.
    #[error("Interrupted.")]
    Interrupted,
}

/// Names the exit codes; shown at the end of `--help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  a fault in Heliograph itself, or an unreadable file
  2  wrong usage: an unknown option, a malformed address, an ambiguous name
  3  sign-in refused, or the server's certificate or encryption is not acceptable
  4  the server can't be reached, or it ended the session
  5  the local store: locked, damaged, busy, or the disk is full
  6  the server, the room or the contact does not allow or offer it
  7  no such account, conversation, message or member
  8  not done before the deadline (--timeout)
  130  interrupted";

impl Failure {
    /// The stable code in kebab case: an [`ErrorCode`]'s text, or one of the shell's own.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => error.code.as_str(),
            Self::NoAccount => "no-account",
            Self::AccountExists => "account-exists",
            Self::KeyDamaged | Self::KeyMissing => ErrorCode::StoreLocked.as_str(),
            Self::File { source, .. } if is_full(source) => ErrorCode::DiskFull.as_str(),
            Self::File { .. } => "file-unusable",
            Self::NoSuchConversation => ErrorCode::NotFound.as_str(),
            Self::Ambiguous(_) => "ambiguous",
            Self::NoDataFolder | Self::NoPassword | Self::Input(_) => ErrorCode::InvalidArgument.as_str(),
            Self::TimedOut { .. } => "timed-out",
            Self::Interrupted => "interrupted",
        }
    }

    /// The process's exit code; see [`EXIT_CODES`].
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Core(error) => exit_code_of(error.code),
            Self::File { source, .. } if is_full(source) => exit_code_of(ErrorCode::DiskFull),
            Self::File { .. } => 1,
            Self::NoAccount | Self::NoSuchConversation => 7,
            Self::AccountExists
            | Self::NoDataFolder
            | Self::NoPassword
            | Self::Ambiguous(_)
            | Self::Input(_) => 2,
            Self::KeyDamaged | Self::KeyMissing => 5,
            Self::TimedOut { .. } => 8,
            Self::Interrupted => 130,
        }
    }

    /// Whether this is the reader of our output going away, which is no failure: `heliograph history | head`.
    pub fn is_reader_gone(&self) -> bool {
        matches!(self, Self::File { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Wraps an error of writing the output.
pub fn output_failure(source: io::Error) -> Failure {
    Failure::File { what: "The output", source }
}

const fn exit_code_of(code: ErrorCode) -> u8 {
    match code {
        ErrorCode::InvalidArgument => 2,
        ErrorCode::AuthenticationFailed
        | ErrorCode::NoAcceptableLogin
        | ErrorCode::ServerNotAuthenticated
        | ErrorCode::CertificateRejected
        | ErrorCode::EncryptionUnavailable => 3,
        ErrorCode::HostUnknown
        | ErrorCode::NetworkUnavailable
        | ErrorCode::ProtocolViolation
        | ErrorCode::SessionEnded
        | ErrorCode::SessionReplaced => 4,
        ErrorCode::StoreLocked
        | ErrorCode::StoreCorrupt
        | ErrorCode::StoreTooNew
        | ErrorCode::DiskFull
        | ErrorCode::StoreBusy => 5,
        ErrorCode::RoomsUnavailable
        | ErrorCode::ArchiveUnavailable
        | ErrorCode::KeyPublishingUnavailable
        | ErrorCode::PushUnavailable
        | ErrorCode::NoKeysForContact
        | ErrorCode::UnverifiedDevice
        | ErrorCode::Forbidden
        | ErrorCode::TooLarge
        | ErrorCode::GroupNeedsRejoin
        | ErrorCode::QuotaExceeded => 6,
        ErrorCode::NotFound => 7,
        ErrorCode::Closed | ErrorCode::Internal => 1,
    }
}

fn is_full(source: &io::Error) -> bool {
    matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn advice_on(source: &io::Error) -> String {
    if is_full(source) { format!(" {}", ErrorCode::DiskFull.advice()) } else { String::new() }
}

fn numbers(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

const fn after_deadline(kept: bool) -> &'static str {
    if kept {
        "It is kept here and goes on at the next connection."
    } else {
        "Try again, or raise --timeout."
    }
}

#[cfg(test)]
mod tests {
    use super::{EXIT_CODES, Failure};
    use heliograph_client::{Error, ErrorCode};

    #[test]
    fn a_wrong_password_says_what_to_do_and_has_its_own_exit_code() {
        let failure = Failure::from(Error::new(ErrorCode::AuthenticationFailed, "not-authorized"));
        assert_eq!(failure.code(), "authentication-failed");
        assert_eq!(failure.exit_code(), 3);
        assert!(failure.to_string().contains("check the address and the password"));
        assert!(failure.to_string().contains("not-authorized"));
    }

    #[test]
    fn every_exit_code_is_documented() {
        let failures = [
            Failure::NoAccount,
            Failure::AccountExists,
            Failure::KeyDamaged,
            Failure::NoSuchConversation,
            Failure::Ambiguous(vec![1, 2]),
            Failure::Interrupted,
            Failure::TimedOut { waiting_for: "x", seconds: 1, kept: true },
            Failure::from(Error::new(ErrorCode::NetworkUnavailable, "")),
            Failure::from(Error::new(ErrorCode::Internal, "")),
            Failure::from(Error::new(ErrorCode::Forbidden, "")),
        ];
        for failure in failures {
            assert!(EXIT_CODES.contains(&format!("  {}  ", failure.exit_code())), "{}", failure.code());
        }
    }
}
