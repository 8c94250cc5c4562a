//! The one error type of the boundary.

use heliograph_client::{Error, ErrorCode};

/// What went wrong, as far as an application can act on it.
#[uniffi::remote(Enum)]
pub enum ErrorCode {
    /// The server refused the password, or the account does not exist or is disabled.
    AuthenticationFailed,
    /// The server offers no way to log in that we accept (for example only PLAIN).
    NoAcceptableLogin,
    /// The server failed to prove that it knows the password: possibly an impostor.
    ServerNotAuthenticated,
    /// The certificate is not trusted, expired, or for another name.
    CertificateRejected,
    /// The server offers no encryption.
    EncryptionUnavailable,
    /// The name does not resolve.
    HostUnknown,
    /// No route, connection refused, reset, timed out.
    NetworkUnavailable,
    /// The server broke the protocol or answered with something that makes no sense.
    ProtocolViolation,
    /// The server ended the session (shutdown, conflict, policy).
    SessionEnded,
    /// Another session of this account took over this one's place.
    SessionReplaced,
    /// The server has no room service (XEP-0045), or forbids creating rooms.
    RoomsUnavailable,
    /// The server, or the room, keeps no archive (XEP-0313).
    ArchiveUnavailable,
    /// The server can't store key packages (XEP-0163).
    KeyPublishingUnavailable,
    /// The server can't announce messages to sleeping devices (XEP-0357).
    PushUnavailable,
    /// The contact has no keys to encrypt for.
    NoKeysForContact,
    /// The contact's identity changed, or a device's keys are not signed by it.
    UnverifiedDevice,
    /// The address or another argument is malformed.
    InvalidArgument,
    /// There is no such conversation, message or member.
    NotFound,
    /// Not allowed in this room or group.
    Forbidden,
    /// A message, or an answer from the server, is over a limit.
    TooLarge,
    /// The state of this group on this device can't go on; the device must join again.
    GroupNeedsRejoin,
    /// The key does not open this database.
    StoreLocked,
    /// The database file is damaged.
    StoreCorrupt,
    /// The database was written by a newer version.
    StoreTooNew,
    /// No space left on the device.
    DiskFull,
    /// Another process has the database.
    StoreBusy,
    /// The server's or the account's quota is used up.
    QuotaExceeded,
    /// The client was shut down or suspended.
    Closed,
    /// A fault in Heliograph itself. Please report it.
    Internal,
}

/// Why something failed. Holds no address, text or key, so it may be logged.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Failure {
    /// What happened, to decide by.
    pub code: ErrorCode,
    /// The same as stable text, to log and to look up, as in `authentication-failed`.
    pub name: String,
    /// Whether trying the same again later may succeed without anybody changing anything.
    pub transient: bool,
    /// One English sentence for a person: what happened and what can be done.
    pub advice: String,
    /// Where and why, for a developer; may be empty.
    pub detail: String,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { detail: error.detail, ..Self::from(error.code) }
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            name: code.as_str().to_owned(),
            transient: code.is_transient(),
            advice: code.advice().to_owned(),
            detail: String::new(),
        }
    }
}

/// The error of every call: a [`Failure`] that is thrown. There is one variant; decide by its `code`.
///
/// (UniFFI makes exceptions of enums only, and shows what lies directly in them. No field is called `message`: that would
/// hide Kotlin's own.)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum HeliographError {
    /// The call failed.
    #[error("{name}: {detail}")]
    Failed {
        /// See [`Failure::code`].
        code: ErrorCode,
        /// See [`Failure::name`].
        name: String,
        /// See [`Failure::transient`].
        transient: bool,
        /// See [`Failure::advice`].
        advice: String,
        /// See [`Failure::detail`].
        detail: String,
    },
}

impl From<Error> for HeliographError {
    fn from(error: Error) -> Self {
        let Failure { code, name, transient, advice, detail } = error.into();
        Self::Failed { code, name, transient, advice, detail }
    }
}

/// The error of a wait that its caller ended.
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorCode::Closed, "the wait was cancelled")
}

/// The error of everything that is asked of a client after its end.
pub(crate) fn closed() -> Error {
    Error::new(ErrorCode::Closed, "the client was shut down")
}
