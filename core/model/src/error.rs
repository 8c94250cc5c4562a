//! The one error vocabulary that crosses the boundary to applications.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::InvalidAddress;

/// What went wrong, as far as an application can act on it. The text form ([`ErrorCode::as_str`]) is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

impl ErrorCode {
    /// Whether trying the same again later may succeed without anybody changing anything.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::HostUnknown
                | Self::NetworkUnavailable
                | Self::SessionEnded
                | Self::StoreBusy
                | Self::QuotaExceeded
                | Self::DiskFull
        )
    }

    /// The stable text form, in kebab case, as in `authentication-failed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthenticationFailed => "authentication-failed",
            Self::NoAcceptableLogin => "no-acceptable-login",
            Self::ServerNotAuthenticated => "server-not-authenticated",
            Self::CertificateRejected => "certificate-rejected",
            Self::EncryptionUnavailable => "encryption-unavailable",
            Self::HostUnknown => "host-unknown",
            Self::NetworkUnavailable => "network-unavailable",
            Self::ProtocolViolation => "protocol-violation",
            Self::SessionEnded => "session-ended",
            Self::SessionReplaced => "session-replaced",
            Self::RoomsUnavailable => "rooms-unavailable",
            Self::ArchiveUnavailable => "archive-unavailable",
            Self::KeyPublishingUnavailable => "key-publishing-unavailable",
            Self::PushUnavailable => "push-unavailable",
            Self::NoKeysForContact => "no-keys-for-contact",
            Self::UnverifiedDevice => "unverified-device",
            Self::InvalidArgument => "invalid-argument",
            Self::NotFound => "not-found",
            Self::Forbidden => "forbidden",
            Self::TooLarge => "too-large",
            Self::GroupNeedsRejoin => "group-needs-rejoin",
            Self::StoreLocked => "store-locked",
            Self::StoreCorrupt => "store-corrupt",
            Self::StoreTooNew => "store-too-new",
            Self::DiskFull => "disk-full",
            Self::StoreBusy => "store-busy",
            Self::QuotaExceeded => "quota-exceeded",
            Self::Closed => "closed",
            Self::Internal => "internal",
        }
    }

    /// One sentence for a person, saying what to do where something can be done.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::AuthenticationFailed => {
                "The server refused the sign-in: check the address and the password."
            }
            Self::NoAcceptableLogin => {
                "The server offers no safe way to sign in; ask its operator to enable SCRAM."
            }
            Self::ServerNotAuthenticated => {
                "The server could not prove its identity; do not use this network for it."
            }
            Self::CertificateRejected => {
                "The server's certificate is not trusted; check the address, the date of this device, and the network."
            }
            Self::EncryptionUnavailable => "The server does not offer encryption, so nothing was sent to it.",
            Self::HostUnknown => "The server's name is unknown: check the part after the @, or the network.",
            Self::NetworkUnavailable => "The server can't be reached just now; it is tried again by itself.",
            Self::ProtocolViolation => {
                "The server answered with something that is not XMPP; ask its operator."
            }
            Self::SessionEnded => "The server closed the connection; it is tried again by itself.",
            Self::SessionReplaced => "Another device took over this session.",
            Self::RoomsUnavailable => "This server has no rooms, or forbids creating them: groups need one.",
            Self::ArchiveUnavailable => {
                "This server keeps no message archive: groups need one, and messages sent while away may be missed."
            }
            Self::KeyPublishingUnavailable => {
                "This server can't publish keys (PEP), so others can't start encrypted chats with this account."
            }
            Self::PushUnavailable => {
                "This server can't wake sleeping devices: messages come when the app is opened or fetches them."
            }
            Self::NoKeysForContact => {
                "This contact has published no keys, so nothing can be encrypted for it."
            }
            Self::UnverifiedDevice => {
                "The contact's keys changed or are not signed: compare them before going on."
            }
            Self::InvalidArgument => "Something that was typed or passed in is malformed.",
            Self::NotFound => "There is no such thing here.",
            Self::Forbidden => "This account may not do that here.",
            Self::TooLarge => "That is too large for this server.",
            Self::GroupNeedsRejoin => "This device lost its place in the group and has to be invited again.",
            Self::StoreLocked => "The key does not open this database.",
            Self::StoreCorrupt => "The database is damaged. The file was left untouched.",
            Self::StoreTooNew => "A newer version of Heliograph wrote this database: update this one.",
            Self::DiskFull => "The storage of this device is full. Nothing was lost; free some space.",
            Self::StoreBusy => "Another program has this account open.",
            Self::QuotaExceeded => "The server's quota for this account is used up.",
            Self::Closed => "This account is closed.",
            Self::Internal => "A fault in Heliograph: please report it.",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// An error as applications see it: a stable code and a detail for a developer.
///
/// The detail never holds an address, a text or a key, so it may be logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Error {
    /// What happened.
    pub code: ErrorCode,
    /// Where and why, for a developer.
    pub detail: String,
}

impl Error {
    /// An error with its developer's detail.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// See [`ErrorCode::is_transient`].
    pub const fn is_transient(&self) -> bool {
        self.code.is_transient()
    }
}

impl From<InvalidAddress> for Error {
    fn from(error: InvalidAddress) -> Self {
        Self::new(ErrorCode::InvalidArgument, error.to_string())
    }
}
