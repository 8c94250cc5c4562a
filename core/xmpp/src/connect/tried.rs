//! What was tried and why it failed, and which of it a person should hear of.
//!
//! Counts and kinds only: no host, no address, no domain.

use std::fmt;

use super::candidate::TlsMode;
use crate::error::SessionError;

/// How the bytes of a session travel. TLS is under each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// TCP with TLS from the first byte (XEP-0368).
    DirectTls,
    /// TCP with TLS after `<starttls/>` (RFC 6120 §5).
    StartTls,
    /// WebSocket inside HTTPS (RFC 7395).
    WebSocket,
}

impl From<TlsMode> for Transport {
    fn from(tls: TlsMode) -> Self {
        match tls {
            TlsMode::Direct => Self::DirectTls,
            TlsMode::StartTls => Self::StartTls,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::DirectTls => "direct TLS",
            Self::StartTls => "STARTTLS",
            Self::WebSocket => "WebSocket",
        })
    }
}

/// The attempts of one connection that failed, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tried(Vec<(Transport, SessionError)>);

impl Tried {
    pub(crate) fn add(&mut self, transport: Transport, error: SessionError) {
        self.0.push((transport, error));
    }

    pub(crate) fn append(&mut self, mut later: Self) {
        self.0.append(&mut later.0);
    }

    /// Whether nothing but the network was in the way, so that another way through it may work.
    pub(crate) fn only_network(&self) -> bool {
        self.0.iter().all(|(_, error)| error.code().is_transient())
    }

    /// What a person should hear: what they can act on before what may pass, a bad certificate before all else.
    pub(crate) fn verdict(self) -> SessionError {
        let find = |wanted: &dyn Fn(&SessionError) -> bool| {
            self.0.iter().map(|(_, error)| error).find(|error| wanted(error)).cloned()
        };
        if let Some(error) = find(&|error| matches!(error, SessionError::Certificate(_)))
            .or_else(|| find(&|error| !error.code().is_transient()))
        {
            return error;
        }
        match self.0.as_slice() {
            [] => SessionError::UnknownHost,
            [(_, only)] => only.clone(),
            all if all.iter().all(|(_, error)| *error == SessionError::UnknownHost) => {
                SessionError::UnknownHost
            }
            _ => SessionError::Unreachable(self),
        }
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds: Vec<(&Transport, &SessionError, usize)> = Vec::new();
        for (transport, error) in &self.0 {
            match kinds.iter_mut().find(|(kind, reason, _)| *kind == transport && *reason == error) {
                Some((_, _, count)) => *count += 1,
                None => kinds.push((transport, error, 1)),
            }
        }
        for (index, (transport, error, count)) in kinds.into_iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(formatter, "{comma}{count} by {transport} ({error})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use heliograph_model::ErrorCode;

    use super::*;

    #[test]
    fn what_a_person_can_act_on_is_worth_more_than_a_timeout() {
        let mut tried = Tried::default();
        tried.add(Transport::DirectTls, SessionError::NoAnswer("connecting"));
        tried.add(Transport::DirectTls, SessionError::NoAnswer("connecting"));
        tried.add(Transport::StartTls, SessionError::Network(ErrorKind::ConnectionRefused));
        assert!(tried.only_network());
        let error = tried.clone().verdict();
        assert_eq!(error.code(), ErrorCode::NetworkUnavailable);
        assert_eq!(
            error.to_string(),
            "no way to the server worked: 2 by direct TLS (no answer in time while connecting), \
             1 by STARTTLS (the connection failed: connection refused)"
        );
        tried.add(Transport::DirectTls, SessionError::Tls("the server does not speak TLS".to_owned()));
        assert_eq!(tried.clone().verdict().code(), ErrorCode::ProtocolViolation);
        tried.add(Transport::StartTls, SessionError::Certificate("it has expired".to_owned()));
        assert!(!tried.only_network());
        assert_eq!(tried.verdict().code(), ErrorCode::CertificateRejected);
    }
}
