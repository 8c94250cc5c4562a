//! TLS: whose certificates are believed, the handshake, and what binds the login to it.
//!
//! [`Tls`] is made once and used for every connection of an account: it keeps the tickets that servers give, so that the next
//! handshake needs no certificate (RFC 8446 §2.2). A ticket is used once and lives in memory only.

mod certificate;
mod pin;
#[cfg(any(target_os = "android", target_os = "ios", test))]
mod platform;
mod verifier;

use std::io;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, HandshakeKind, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub use certificate::{CertificateProblem, ServerCertificate};
pub use pin::{InvalidPin, Pin};
#[cfg(target_os = "android")]
pub use platform::introduce;

use crate::channel_binding::{self, ChannelBindings};
use crate::error::SessionError;
use verifier::Verifier;
pub(crate) use verifier::Witness;

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

/// What a certificate has to be to be believed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) trust: Trust,
    /// The keys of which the server must have one. Empty: any.
    pub(crate) pins: Vec<Pin>,
    /// The key that a person has confirmed.
    pub(crate) confirmed: Option<Pin>,
    /// The account's, in ASCII form.
    pub(crate) domain: String,
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
    /// For the connections of an account.
    pub(crate) fn new(terms: &Terms) -> Result<Self, SessionError> {
        let provider = provider();
        let chain = verifier::chain(&terms.trust, &provider)?;
        let config = |pins: &[Pin], confirmed, or_for, alpn: Option<&[u8]>| {
            let verifier = Verifier::new(Arc::clone(&chain), pins.to_vec(), confirmed, or_for);
            configuration(&provider, Arc::new(verifier), alpn, Resumption::in_memory_sessions(TICKETS))
        };
        let (pins, confirmed) = (terms.pins.as_slice(), terms.confirmed);
        Ok(Self {
            direct: config(pins, confirmed, None, Some(XMPP))?,
            start: config(pins, confirmed, None, None)?,
            web_socket: config(pins, confirmed, server_name(&terms.domain).ok(), Some(HTTP))?,
            discovery: config(&[], None, None, Some(HTTP))?,
        })
    }

    /// For looking at a server and saying nothing to it. Every handshake is a full one: a resumed one shows no certificate.
    pub(crate) fn inspecting(terms: &Terms) -> Result<(Self, Arc<Witness>), SessionError> {
        let provider = provider();
        let chain = verifier::chain(&terms.trust, &provider)?;
        let witness = Arc::new(Witness::new(Verifier::new(chain, terms.pins.clone(), terms.confirmed, None)));
        let config = |alpn: Option<&[u8]>| {
            configuration(&provider, Arc::clone(&witness) as _, alpn, Resumption::disabled())
        };
        let web = config(Some(HTTP))?;
        let tls = Self {
            direct: config(Some(XMPP))?,
            start: config(None)?,
            web_socket: Arc::clone(&web),
            discovery: web,
        };
        Ok((tls, witness))
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

/// Named here and never taken from the process: another library may have installed another provider there.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn configuration(
    provider: &Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
    alpn: Option<&[u8]>,
    resumption: Resumption,
) -> Result<Arc<ClientConfig>, SessionError> {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|_| SessionError::Internal("no TLS version is available"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = alpn.map(<[u8]>::to_vec).into_iter().collect();
    config.resumption = resumption;
    Ok(Arc::new(config))
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
    ChannelBindings { by_web: false, exporter, end_point }
}

/// tokio-rustls wraps rustls' error in an I/O error.
fn failure(error: &io::Error) -> SessionError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(CertificateError::BadSignature)) => {
            SessionError::Certificate("a signature in it, or the one by its key, is wrong".to_owned())
        }
        Some(rustls::Error::InvalidCertificate(reason)) => {
            // Without the names in the certificate: they may be private.
            SessionError::Certificate(CertificateProblem::of(reason).reason().to_owned())
        }
        Some(rustls::Error::NoCertificatesPresented) => {
            SessionError::Certificate("none was presented".to_owned())
        }
        Some(rustls::Error::PeerIncompatible(_)) => SessionError::NoEncryption("no TLS version in common"),
        Some(rustls::Error::AlertReceived(AlertDescription::UnrecognisedName)) => SessionError::NoService,
        Some(rustls::Error::AlertReceived(alert)) => SessionError::Tls(format!("the server sent {alert:?}")),
        // Said by verifiers of themselves, and by nothing that a server can cause.
        Some(rustls::Error::General(_)) => SessionError::Internal("the certificate verifier failed"),
        Some(_) => SessionError::Tls("the server does not speak TLS".to_owned()),
        None => SessionError::from(io::Error::from(error.kind())),
    }
}
