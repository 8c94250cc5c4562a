//! The operating system's verifier of certificates: it knows what the user and the user's employer trust, and what was revoked.
//!
//! On Android that is Java's to say. The app hands over its context before it connects ([`introduce`]); until then there is no
//! verifier, and that is said as an error before anything is sent. Its other half is a Kotlin class, which lies in the crate
//! `rustls-platform-verifier-android` and comes into the app with the package: see `tests/xtask/src/android/verifier.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(any(target_os = "android", target_os = "ios"))]
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
#[cfg(any(target_os = "android", target_os = "ios"))]
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

#[cfg(any(target_os = "android", target_os = "ios"))]
use crate::error::SessionError;
#[cfg(target_os = "android")]
pub use introduction::introduce;

/// The verifier for whom the public authorities are those of this device.
#[cfg(any(target_os = "android", target_os = "ios"))]
pub(super) fn public(provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, SessionError> {
    #[cfg(target_os = "android")]
    if !introduction::is_done() {
        return Err(SessionError::Internal(
            "the app was not introduced to the system's certificate verifier",
        ));
    }
    let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(provider))
        .map_err(|_| SessionError::Internal("the system's certificate verifier is unusable"))?;
    Ok(Arc::new(Guarded(verifier)))
}

#[cfg(target_os = "android")]
mod introduction {
    use std::sync::atomic::{AtomicBool, Ordering};

    use jni::objects::{JClassLoader, JObject};
    use jni::{Env, errors, jni_sig, jni_str};

    /// The verifier's half in Kotlin.
    const KOTLIN_HALF: &str = "org.rustls.platformverifier.CertificateVerifier";

    static DONE: AtomicBool = AtomicBool::new(false);

    pub(super) fn is_done() -> bool {
        DONE.load(Ordering::Acquire)
    }

    /// Introduces the app to the system's certificate verifier, by any `android.content.Context` of it: its application's is
    /// kept. Later calls do nothing.
    ///
    /// Fails if it is no such object, and if the verifier's half in Kotlin is not in the app (an exception of Java's, which is
    /// left pending).
    pub fn introduce(env: &mut Env<'_>, context: &JObject<'_>) -> errors::Result<()> {
        if is_done() {
            return Ok(());
        }
        let context_of_app = jni_sig!(() -> android.content.Context);
        // An activity's would keep that from ever being freed.
        let application =
            env.call_method(context, jni_str!("getApplicationContext"), context_of_app, &[])?.l()?;
        let loader_of_app = jni_sig!(() -> JClassLoader);
        let loader = env.call_method(&application, jni_str!("getClassLoader"), loader_of_app, &[])?.l()?;
        let loader = env.cast_local::<JClassLoader>(loader)?;
        let name = env.new_string(KOTLIN_HALF)?;
        loader.load_class(env, name)?;
        rustls_platform_verifier::android::init_with_env(env, application)?;
        DONE.store(true, Ordering::Release);
        Ok(())
    }
}

/// The verifiers of other systems call into their libraries, and panic where those answer as none should: that must be an error.
#[derive(Debug)]
struct Guarded<V>(V);

impl<V: ServerCertVerifier> ServerCertVerifier for Guarded<V> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        catch_unwind(AssertUnwindSafe(|| {
            self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        }))
        .unwrap_or_else(|_| Err(Error::General("the system's certificate verifier panicked".into())))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use heliograph_model::ErrorCode;

    use super::*;
    use crate::tls::failure;

    /// Falls over, as the system's own does where Java answers as it should not.
    #[derive(Debug)]
    struct Falling;

    impl ServerCertVerifier for Falling {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            panic!("no such class")
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            Vec::new()
        }
    }

    #[test]
    fn a_verifier_that_falls_over_is_a_fault_here_and_not_the_servers() {
        let certificate = CertificateDer::from(Vec::new());
        let name = ServerName::try_from("example.org").unwrap();
        let now = UnixTime::since_unix_epoch(std::time::Duration::ZERO);
        let error = Guarded(Falling).verify_server_cert(&certificate, &[], &name, &[], now).unwrap_err();
        // As tokio-rustls hands it on.
        let error = failure(&io::Error::new(io::ErrorKind::InvalidData, error));
        assert_eq!(error.code(), ErrorCode::Internal, "{error}");
    }
}
