//! Whether a certificate is believed: a chain that is trusted, or a key that the user has confirmed; a name that is meant, a
//! time that is now; a key that is pinned.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::certificate::{CertificateProblem, ServerCertificate, check_time_and_name};
use super::{Pin, Trust};
use crate::error::SessionError;

/// See the module.
#[derive(Debug)]
pub(super) struct Verifier {
    chain: Arc<dyn ServerCertVerifier>,
    /// Without any, every key is good.
    pins: Vec<Pin>,
    /// A key for which a person vouches, so that no authority has to.
    confirmed: Option<Pin>,
    /// A name that is as good as the one that is asked for.
    or_for: Option<ServerName<'static>>,
}

impl Verifier {
    pub(super) fn new(
        chain: Arc<dyn ServerCertVerifier>,
        pins: Vec<Pin>,
        confirmed: Option<Pin>,
        or_for: Option<ServerName<'static>>,
    ) -> Self {
        Self { chain, pins, confirmed, or_for }
    }

    /// A person's word stands in for an authority's, and for nothing else: what an authority has taken back, what is over, or
    /// what is for another name is still that.
    fn believed_for(
        &self,
        end_entity: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
        by_chain: Result<ServerCertVerified, Error>,
    ) -> Result<ServerCertVerified, Error> {
        match (by_chain, self.confirmed) {
            (Err(Error::InvalidCertificate(reason)), Some(confirmed))
                if reason != CertificateError::Revoked =>
            {
                if Pin::of(end_entity) == Some(confirmed) {
                    check_time_and_name(end_entity, name, now)?;
                    Ok(ServerCertVerified::assertion())
                } else if CertificateProblem::of(&reason) == CertificateProblem::UnknownIssuer {
                    Err(CertificateError::ApplicationVerificationFailure.into())
                } else {
                    Err(reason.into())
                }
            }
            (by_chain, _) => by_chain,
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verify = |name: &ServerName<'_>| {
            let by_chain = self.chain.verify_server_cert(end_entity, intermediates, name, ocsp_response, now);
            self.believed_for(end_entity, name, now, by_chain)
        };
        let verified = match (verify(server_name), &self.or_for) {
            (Err(Error::InvalidCertificate(reason)), Some(other))
                if CertificateProblem::of(&reason) == CertificateProblem::OtherName =>
            {
                verify(other)
            }
            (result, _) => result,
        }?;
        let pinned = self.pins.is_empty() || Pin::of(end_entity).is_some_and(|pin| self.pins.contains(&pin));
        if pinned { Ok(verified) } else { Err(CertificateError::ApplicationVerificationFailure.into()) }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

/// Lets every server go through with the handshake that proves that it has the key of its certificate, and keeps what it
/// showed. For looking at a server and for nothing else.
#[derive(Debug)]
pub(crate) struct Witness {
    verifier: Verifier,
    seen: Mutex<Option<Result<ServerCertificate, SessionError>>>,
}

impl Witness {
    pub(super) fn new(verifier: Verifier) -> Self {
        Self { verifier, seen: Mutex::default() }
    }

    /// What the last server showed that was met.
    pub(crate) fn seen(&self) -> Result<ServerCertificate, SessionError> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        seen.unwrap_or(Err(SessionError::Internal("a handshake without a certificate")))
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict =
            self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let problem = match verdict {
            Ok(_) => None,
            Err(Error::InvalidCertificate(reason)) => Some(CertificateProblem::of(&reason)),
            // The verifier itself failed, which says nothing of the certificate.
            Err(error) => return Err(error),
        };
        let seen = ServerCertificate::read(end_entity, problem);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Whose signatures make a chain trusted.
pub(super) fn chain(
    trust: &Trust,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, SessionError> {
    const UNREADABLE: SessionError = SessionError::Configuration("the certificate authority is unreadable");
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::Public => return public(provider),
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
    webpki(roots, provider)
}

fn webpki(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, SessionError> {
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|_| SessionError::Configuration("the certificate authority is unusable"))?;
    Ok(verifier)
}

#[cfg(any(target_os = "android", target_os = "ios"))]
use super::platform::public;

#[cfg(not(any(target_os = "android", target_os = "ios")))]
fn public(provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, SessionError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    webpki(roots, provider)
}
