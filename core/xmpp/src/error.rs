//! What can end a session, and its one conversion to the public error.

use heliograph_model::{Error, ErrorCode};

use crate::connect::Tried;

/// Why a session could not be set up, or ended.
///
/// Names causes, not places in the code. No variant holds an address, a name or a text of a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The domain has no address.
    #[error("the server's name does not resolve")]
    UnknownHost,
    /// The domain publishes that it offers no XMPP (an SRV target of ".", RFC 2782), or the server does not know the domain.
    #[error("there is no XMPP service for this domain")]
    NoService,
    /// Refused, unreachable, reset.
    #[error("the connection failed: {0}")]
    Network(std::io::ErrorKind),
    /// Several ways were tried, and the network was in the way of each.
    #[error("no way to the server worked: {0}")]
    Unreachable(Tried),
    /// Nothing that the domain's web server offers leads to XMPP (XEP-0156, RFC 7395).
    #[error("no way through the web server: {0}")]
    NoWebSocket(&'static str),
    /// A deadline of [`crate::timeouts`] passed.
    #[error("no answer in time while {0}")]
    NoAnswer(&'static str),
    /// The domain can't be named in a certificate, or the configured authority is unreadable.
    #[error("the configuration is unusable: {0}")]
    Configuration(&'static str),
    /// TLS refused the certificate.
    #[error("the certificate was refused: {0}")]
    Certificate(String),
    /// No STARTTLS, or TLS that is too old.
    #[error("no usable encryption: {0}")]
    NoEncryption(&'static str),
    /// TLS failed for another reason.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The server offers only mechanisms that we refuse.
    #[error("no acceptable SASL mechanism is offered")]
    NoMechanism,
    /// The server refused the account (RFC 6120 §6.5); the condition's name.
    #[error("the server refused the sign-in: {0}")]
    Refused(&'static str),
    /// The server could not do it just now (`temporary-auth-failure`).
    #[error("the server can't check the password just now")]
    TemporaryRefusal,
    /// The password has characters that SASLprep forbids (RFC 4013).
    #[error("the name or password has characters that no server accepts")]
    UnusablePassword,
    /// The server's proof is wrong or missing (RFC 5802 §3).
    #[error("the server did not prove that it knows the password: {0}")]
    ServerProof(&'static str),
    /// The server offers less protection than it did before, or than its own words say: somebody may be in the middle. Says
    /// what differs.
    #[error(
        "the sign-in was refused here, for somebody may stand between this device and the server: {0}. If its operator \
         confirms the change, forget what is remembered of the server and connect over a network that you trust"
    )]
    Downgraded(&'static str),
    /// The server wants a further step, such as a second factor.
    #[error("the server asks for a step of the sign-in that is unknown here")]
    UnknownTask,
    /// `<see-other-host/>` (RFC 6120 §4.9.3.19), more often than is followed.
    #[error("the server refers to other hosts without end")]
    Elsewhere(Elsewhere),
    /// The server sent what no server sends there.
    #[error("the server broke the protocol: {0}")]
    Protocol(&'static str),
    /// A stream error (RFC 6120 §4.9); the condition's name.
    #[error("the server ended the stream: {0}")]
    StreamError(&'static str),
    /// `<conflict/>`: another session took our place.
    #[error("another session took over")]
    Replaced,
    /// The server closed the stream without giving a reason.
    #[error("the server closed the stream")]
    Closed,
    /// The socket was closed in the middle of the stream.
    #[error("the connection was cut")]
    Cut,
    /// A fault of ours.
    #[error("internal fault: {0}")]
    Internal(&'static str),
}

/// Another place that a server names. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// Host name or IP address.
    pub host: String,
    /// TCP port; `None` for the usual one.
    pub port: Option<u16>,
}

impl Elsewhere {
    /// Of a `<see-other-host/>` (RFC 6120 §4.9.3.19) or a `location` (XEP-0198 §5): `host`, `host:port`, `[::1]`, `[::1]:port`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (host, rest) = match text.strip_prefix('[') {
            Some(text) => text.split_once(']')?,
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(port.parse().ok()?),
            None if rest.is_empty() => None,
            None => return None,
        };
        (!host.is_empty()).then(|| Self { host: host.to_owned(), port })
    }
}

impl std::fmt::Debug for Elsewhere {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Elsewhere")
    }
}

impl SessionError {
    /// The public code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::UnknownHost | Self::NoService => ErrorCode::HostUnknown,
            Self::Network(_)
            | Self::NoAnswer(_)
            | Self::Cut
            | Self::Unreachable(_)
            | Self::NoWebSocket(_) => ErrorCode::NetworkUnavailable,
            Self::Configuration(_) => ErrorCode::InvalidArgument,
            Self::Certificate(_) => ErrorCode::CertificateRejected,
            Self::NoEncryption(_) => ErrorCode::EncryptionUnavailable,
            Self::NoMechanism | Self::UnknownTask => ErrorCode::NoAcceptableLogin,
            Self::Refused(_) | Self::UnusablePassword => ErrorCode::AuthenticationFailed,
            Self::ServerProof(_) | Self::Downgraded(_) => ErrorCode::ServerNotAuthenticated,
            Self::Tls(_) | Self::Protocol(_) => ErrorCode::ProtocolViolation,
            Self::StreamError(_) | Self::Elsewhere(_) | Self::Closed | Self::TemporaryRefusal => {
                ErrorCode::SessionEnded
            }
            Self::Replaced => ErrorCode::SessionReplaced,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }
}

impl From<std::io::Error> for SessionError {
    /// I/O errors of an established stream: [`std::io::ErrorKind::InvalidData`] is what the XML parser reports.
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::InvalidData => Self::Protocol("malformed XML"),
            std::io::ErrorKind::UnexpectedEof => Self::Cut,
            kind => Self::Network(kind),
        }
    }
}

impl From<SessionError> for Error {
    fn from(error: SessionError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_host_is_read_in_all_its_forms() {
        let of = |host: &str, port| Some(Elsewhere { host: host.to_owned(), port });
        for (text, expected) in [
            ("b.example.org", of("b.example.org", None)),
            ("b.example.org:9222", of("b.example.org", Some(9222))),
            ("[2001:db8::9]", of("2001:db8::9", None)),
            ("[2001:db8::9]:9222", of("2001:db8::9", Some(9222))),
            ("192.0.2.1:1", of("192.0.2.1", Some(1))),
            ("", None),
            (":1", None),
            ("host:", None),
            ("host:99999", None),
            ("[::1", None),
            ("[::1]x", None),
        ] {
            assert!(Elsewhere::parse(text) == expected, "{text}");
        }
    }
}
