//! A throw-away certificate authority and the server certificates that it signs, good or deliberately bad.
//!
//! Nothing is installed anywhere: clients are handed [`Authority::pem`] and trust it for this run only. The authority's
//! key never leaves memory.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::error::LabError;
use crate::policy::CERTIFICATE_DAYS;

/// What is wrong with a server's certificate, for the tests of clients that must refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CertificateFault {
    /// Nothing.
    #[default]
    None,
    /// It ended yesterday.
    Expired,
    /// It is for another server.
    OtherName,
    /// An authority signed it that nobody trusts.
    UnknownAuthority,
}

/// A certificate and its private key, both PEM.
#[derive(Clone)]
pub struct ServerCertificate {
    /// The certificate.
    pub certificate: String,
    /// Its key (PKCS#8).
    pub key: String,
    /// The SHA-256 of its public key in Base64, for clients that insist on it (RFC 7469 §2.1.1).
    pub pin: String,
}

/// A certificate authority that lives as long as this value.
pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new authority with a new key (ECDSA P-256).
    pub fn new() -> Result<Self, LabError> {
        Self::named("Heliograph throw-away authority")
    }

    fn named(name: &str) -> Result<Self, LabError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = days(-CERTIFICATE_DAYS, CERTIFICATE_DAYS);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok(Self { certificate, issuer: Issuer::new(params, key) })
    }

    /// What a client has to trust, as PEM.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// Writes [`Self::pem`] to a file.
    pub fn write(&self, file: &Path) -> Result<(), LabError> {
        fs::write(file, self.pem()).map_err(LabError::io("writing the authority's certificate"))
    }

    /// A certificate for a server and everything directly below it, such as its rooms.
    pub fn issue(&self, domain: &str, fault: CertificateFault) -> Result<ServerCertificate, LabError> {
        let name = match fault {
            CertificateFault::OtherName => "elsewhere.invalid",
            CertificateFault::None | CertificateFault::Expired | CertificateFault::UnknownAuthority => domain,
        };
        let mut params = CertificateParams::new(vec![name.to_owned(), format!("*.{name}")])?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        (params.not_before, params.not_after) = match fault {
            CertificateFault::Expired => days(-CERTIFICATE_DAYS, -1),
            _ => days(-CERTIFICATE_DAYS, CERTIFICATE_DAYS),
        };
        let key = KeyPair::generate()?;
        let certificate = if fault == CertificateFault::UnknownAuthority {
            params.signed_by(&key, &Self::named("An authority nobody knows")?.issuer)?
        } else {
            params.signed_by(&key, &self.issuer)?
        };
        let pin = STANDARD.encode(Sha256::digest(key.subject_public_key_info()));
        Ok(ServerCertificate { certificate: certificate.pem(), key: key.serialize_pem(), pin })
    }
}

impl ServerCertificate {
    /// Writes `NAME.crt` and `NAME.key` (readable by the owner only) and says where they are.
    pub fn write(&self, folder: &Path, name: &str) -> Result<(PathBuf, PathBuf), LabError> {
        let (certificate, key) = (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
        fs::write(&certificate, &self.certificate).map_err(LabError::io("writing a certificate"))?;
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&key)
            .and_then(|mut file| file.write_all(self.key.as_bytes()))
            .map_err(LabError::io("writing a certificate's key"))?;
        Ok((certificate, key))
    }
}

fn days(from: i64, to: i64) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::now_utc();
    (now + Duration::days(from), now + Duration::days(to))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use rustls::{ClientConfig, RootCertStore, ServerConfig};
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::{Authority, CertificateFault};

    /// What a client that trusts the authority says about a server that shows such a certificate.
    async fn handshake(fault: CertificateFault, name: &'static str) -> Result<(), String> {
        let authority = Authority::new().unwrap();
        let issued = authority.issue("lab.test", fault).unwrap();
        let server = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap(),
            )
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
        let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let (near, far) = tokio::io::duplex(64 * 1024);
        let accept = TlsAcceptor::from(Arc::new(server)).accept(far);
        let connect = TlsConnector::from(Arc::new(client)).connect(ServerName::try_from(name).unwrap(), near);
        let (_, outcome) = tokio::join!(accept, connect);
        outcome.map(drop).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_good_certificate_is_accepted_for_the_server_and_its_rooms() {
        assert_eq!(handshake(CertificateFault::None, "lab.test").await, Ok(()));
        assert_eq!(handshake(CertificateFault::None, "rooms.lab.test").await, Ok(()));
    }

    #[tokio::test]
    async fn each_fault_is_refused_for_its_own_reason() {
        for (fault, reason) in [
            (CertificateFault::Expired, "expired"),
            (CertificateFault::OtherName, "not valid for name"),
            (CertificateFault::UnknownAuthority, "UnknownIssuer"),
        ] {
            let refusal = handshake(fault, "lab.test").await.unwrap_err();
            assert!(refusal.contains(reason), "{fault:?}: {refusal}");
        }
    }

    #[test]
    fn the_key_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let issued = Authority::new().unwrap().issue("lab.test", CertificateFault::None).unwrap();
        let (certificate, key) = issued.write(folder.path(), "lab.test").unwrap();
        assert!(std::fs::read_to_string(certificate).unwrap().contains("BEGIN CERTIFICATE"));
        assert!(std::fs::read_to_string(&key).unwrap().contains("PRIVATE KEY"));
        assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
