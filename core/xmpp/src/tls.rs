//! TLS: whose certificates are believed, the handshake, and what binds the login to it.

use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, ProtocolVersion, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::channel_binding::{self, ChannelBindings};
use crate::error::SessionError;

/// ALPN of direct TLS (XEP-0368 §3.3): lets one port serve several protocols.
const ALPN: &[u8] = b"xmpp-client";

/// RFC 9266 §4.1: label and length of the exported key that binds a login to its TLS channel.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";
const EXPORTER_BYTES: usize = 32;

/// Whose certificates to believe. The operating system's verifier joins when there is an Android and an iOS app.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Trust {
    /// The public authorities that Mozilla trusts, as of this build.
    #[default]
    WebPki,
    /// Only these authorities: one or more certificates in PEM, or one in DER. For private servers, whose operator alone
    /// may vouch for them.
    ExtraCa(Vec<u8>),
}

/// A client configuration. `direct` announces the protocol by ALPN.
pub(crate) fn config(trust: &Trust, direct: bool) -> Result<ClientConfig, SessionError> {
    // Named here and never taken from the process: another library may have installed another provider there.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = Arc::new(roots(trust)?);
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
        .build()
        .map_err(|_| SessionError::Configuration("the certificate authority is unusable"))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| SessionError::Internal("no TLS version is available"))?
        .with_webpki_verifier(verifier)
        .with_no_client_auth();
    if direct {
        config.alpn_protocols = vec![ALPN.to_vec()];
    }
    Ok(config)
}

fn roots(trust: &Trust) -> Result<RootCertStore, SessionError> {
    const UNREADABLE: SessionError = SessionError::Configuration("the certificate authority is unreadable");
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::WebPki => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Trust::ExtraCa(bytes) => {
            // DER starts with the tag of a SEQUENCE, PEM with text.
            if bytes.first() == Some(&0x30) {
                roots.add(CertificateDer::from(bytes.clone())).map_err(|_| UNREADABLE)?;
            } else {
                for certificate in CertificateDer::pem_slice_iter(bytes) {
                    roots.add(certificate.map_err(|_| UNREADABLE)?).map_err(|_| UNREADABLE)?;
                }
            }
            if roots.is_empty() {
                return Err(UNREADABLE);
            }
        }
    }
    Ok(roots)
}

/// Shakes hands as a client of `domain`: the certificate must name the account's domain, wherever DNS sent us
/// (RFC 6120 §13.7.2.1).
pub(crate) async fn handshake<Io: AsyncRead + AsyncWrite + Unpin>(
    io: Io,
    config: ClientConfig,
    domain: &str,
) -> Result<TlsStream<Io>, SessionError> {
    let name = ServerName::try_from(domain.to_owned())
        .map_err(|_| SessionError::Configuration("the domain can't be in a certificate"))?;
    TlsConnector::from(Arc::new(config)).connect(name, io).await.map_err(|error| failure(&error))
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
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name"
        }
        CertificateError::BadSignature => "its signature is not its issuer's",
        CertificateError::UnknownIssuer => "its issuer is not trusted",
        CertificateError::Revoked => "it was revoked",
        _ => "it is malformed",
    }
}
