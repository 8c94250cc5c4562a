//! TLS: whose certificates are believed, the handshake, and what binds the login to it.
//!
//! [`Tls`] is made once and used for every connection of an account: it keeps the tickets that servers give, so that the next
//! handshake needs no certificate (RFC 8446 §2.2). A ticket is used once and lives in memory only.

mod pin;
mod verifier;

use std::io;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, HandshakeKind, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub use pin::{InvalidPin, Pin};

use crate::channel_binding::{self, ChannelBindings};
use crate::error::SessionError;
use verifier::{Verifier, is_of_another_name};

/// ALPN of direct TLS (XEP-0368 §3): lets one port serve several protocols.
const XMPP: &[u8] = b"xmpp-client";

/// ALPN of what goes through a web server. WebSocket needs HTTP/1.1 (RFC 6455).
const HTTP: &[u8] = b"http/1.1";

/// Tickets kept per kind of connection: the eight that rustls keeps per server, for four servers. An account has one; its web
/// server may name others.
const TICKETS: usize = 32;

/// RFC 9266 §4.1: label and length of the exported key that binds a login to its TLS channel.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";
const EXPORTER_BYTES: usize = 32;

/// Whose certificates to believe.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Trust {
    /// The public authorities: the operating system's verifier on Android and iOS, elsewhere those that Mozilla trusts as of
    /// this build.
    #[default]
    Public,
    /// Only these authorities: one or more certificates in PEM, or one in DER. For private servers, whose operator alone
    /// may vouch for them.
    ExtraCa(Vec<u8>),
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// XMPP from the first byte.
    Direct,
    /// XMPP after `<starttls/>`.
    StartTls,
    /// XMPP inside WebSocket. The web server may also show a certificate for the account's domain (XEP-0156 §2.2).
    WebSocket,
    /// Asking the domain's web server where XMPP is. It need not have the pinned key: what it names must.
    Discovery,
}

/// The TLS side of an account.
pub(crate) struct Tls {
    direct: Arc<ClientConfig>,
    start: Arc<ClientConfig>,
    web_socket: Arc<ClientConfig>,
    discovery: Arc<ClientConfig>,
}

impl Tls {
    /// For an account of `domain` (in ASCII form).
    pub(crate) fn new(trust: &Trust, pins: &[Pin], domain: &str) -> Result<Self, SessionError> {
        // Named here and never taken from the process: another library may have installed another provider there.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = verifier::chain(trust, &provider)?;
        let config = |pins: &[Pin], or_for, alpn: Option<&[u8]>| -> Result<_, SessionError> {
            let chain: Arc<dyn ServerCertVerifier> = Arc::clone(&chain);
            let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
                .map_err(|_| SessionError::Internal("no TLS version is available"))?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Verifier::new(chain, pins.to_vec(), or_for)))
                .with_no_client_auth();
            config.alpn_protocols = alpn.map(<[u8]>::to_vec).into_iter().collect();
            config.resumption = Resumption::in_memory_sessions(TICKETS);
            Ok(Arc::new(config))
        };
        Ok(Self {
            direct: config(pins, None, Some(XMPP))?,
            start: config(pins, None, None)?,
            web_socket: config(pins, server_name(domain).ok(), Some(HTTP))?,
            discovery: config(&[], None, Some(HTTP))?,
        })
    }

    /// Shakes hands as a client of `name`: for XMPP the account's domain, wherever DNS sent us (RFC 6120 §13.7.2.1).
    pub(crate) async fn handshake<Io: AsyncRead + AsyncWrite + Unpin>(
        &self,
        io: Io,
        purpose: Purpose,
        name: &str,
    ) -> Result<TlsStream<Io>, SessionError> {
        let config = match purpose {
            Purpose::Direct => &self.direct,
            Purpose::StartTls => &self.start,
            Purpose::WebSocket => &self.web_socket,
            Purpose::Discovery => &self.discovery,
        };
        TlsConnector::from(Arc::clone(config))
            .connect(server_name(name)?, io)
            .await
            .map_err(|error| failure(&error))
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, SessionError> {
    ServerName::try_from(name.to_owned())
        .map_err(|_| SessionError::Configuration("the domain can't be in a certificate"))
}

/// Whether a ticket spared the certificate.
pub(crate) fn was_resumed<Io>(stream: &TlsStream<Io>) -> bool {
    stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
}

/// What a login over this channel can be bound to. `tls-exporter` (RFC 9266) only where TLS 1.3 makes it safe.
pub(crate) fn channel_binding<Io>(stream: &TlsStream<Io>) -> ChannelBindings {
    let (_, connection) = stream.get_ref();
    let exporter = (connection.protocol_version() == Some(ProtocolVersion::TLSv1_3))
        .then(|| connection.export_keying_material(vec![0; EXPORTER_BYTES], EXPORTER_LABEL, Some(&[])).ok())
        .flatten();
    let certificate = connection.peer_certificates().and_then(|chain| chain.first());
    let end_point = certificate.and_then(|certificate| channel_binding::end_point(certificate));
    ChannelBindings { exporter, end_point }
}

/// tokio-rustls wraps rustls' error in an I/O error.
fn failure(error: &io::Error) -> SessionError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(reason)) => {
            SessionError::Certificate(certificate_reason(reason).to_owned())
        }
        Some(rustls::Error::NoCertificatesPresented) => {
            SessionError::Certificate("none was presented".to_owned())
        }
        Some(rustls::Error::PeerIncompatible(_)) => SessionError::NoEncryption("no TLS version in common"),
        Some(rustls::Error::AlertReceived(AlertDescription::UnrecognisedName)) => SessionError::NoService,
        Some(rustls::Error::AlertReceived(alert)) => SessionError::Tls(format!("the server sent {alert:?}")),
        Some(_) => SessionError::Tls("the server does not speak TLS".to_owned()),
        None => SessionError::from(io::Error::from(error.kind())),
    }
}

/// Without the names in the certificate: they may be private.
fn certificate_reason(reason: &CertificateError) -> &'static str {
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet",
        reason if is_of_another_name(reason) => "it is for another name",
        CertificateError::ApplicationVerificationFailure => "its key is none of the pinned ones",
        CertificateError::BadSignature => "its signature is not its issuer's",
        CertificateError::UnknownIssuer => "its issuer is not trusted",
        CertificateError::Revoked => "it was revoked",
        _ => "it is malformed",
    }
}
