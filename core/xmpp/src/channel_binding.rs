//! What binds a login to its TLS channel: `tls-exporter` (RFC 9266) and `tls-server-end-point` (RFC 5929 §4).
//!
//! A login that is bound by `tls-exporter` proves that nobody stands between us and the server: both ends of the channel
//! know the password. One that is bound by the server's certificate proves that the channel ends at its key.

use ring::digest;
use serde::{Deserialize, Serialize};
use spki::AlgorithmIdentifierRef;
use spki::der::asn1::{AnyRef, ObjectIdentifier};
use spki::der::{Decode, Header, SliceReader};

/// A type of channel binding, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum BindingType {
    /// Bound to nothing.
    None,
    /// `tls-server-end-point`: the server's certificate. Whoever stole its key goes unseen.
    EndPoint,
    /// `tls-exporter`: this very channel.
    Exporter,
}

impl BindingType {
    /// Best first.
    pub(crate) const BINDING: [Self; 2] = [Self::Exporter, Self::EndPoint];

    /// The registered name (RFC 5056 §7).
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::EndPoint => "tls-server-end-point",
            Self::Exporter => "tls-exporter",
        }
    }
}

/// What a login over one channel can be bound to. `Debug` is not there: the values are secrets of the channel.
#[derive(Clone, Default)]
pub struct ChannelBindings {
    /// The channel leads to a web server, behind which the XMPP server may be (RFC 7395). It binds to what it offers to bind
    /// to, but that it offers nothing says nothing.
    pub by_web: bool,
    /// The value of `tls-exporter`, where the channel has one.
    pub exporter: Option<Vec<u8>>,
    /// The value of `tls-server-end-point`, where the certificate gives one.
    pub end_point: Option<Vec<u8>>,
}

impl ChannelBindings {
    pub(crate) fn get(&self, binding: BindingType) -> Option<&[u8]> {
        match binding {
            BindingType::None => None,
            BindingType::EndPoint => self.end_point.as_deref(),
            BindingType::Exporter => self.exporter.as_deref(),
        }
    }

    pub(crate) fn any(&self) -> bool {
        self.exporter.is_some() || self.end_point.is_some()
    }
}

/// `tls-server-end-point` of a certificate in DER: its hash by the hash function of its signature, or by SHA-256 where that
/// is MD5 or SHA-1. `None` where the signature has no single hash function (Ed25519, RSASSA-PSS).
pub(crate) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match signature_algorithm(certificate)?.to_string().as_str() {
        // md5WithRSAEncryption, sha1WithRSAEncryption, sha256WithRSAEncryption; ecdsa-with-SHA1, ecdsa-with-SHA256.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => &digest::SHA256,
        // sha384WithRSAEncryption, ecdsa-with-SHA384.
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => &digest::SHA384,
        // sha512WithRSAEncryption, ecdsa-with-SHA512.
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => &digest::SHA512,
        _ => return None,
    };
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

/// The second member of `Certificate` (RFC 5280 §4.1).
fn signature_algorithm(certificate: &[u8]) -> Option<ObjectIdentifier> {
    let mut reader = SliceReader::new(certificate).ok()?;
    Header::decode(&mut reader).ok()?;
    AnyRef::decode(&mut reader).ok()?;
    AlgorithmIdentifierRef::decode(&mut reader).ok().map(|algorithm| algorithm.oid)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};

    use super::*;

    fn certificate(algorithm: &'static SignatureAlgorithm) -> Vec<u8> {
        let key = KeyPair::generate_for(algorithm).unwrap();
        CertificateParams::new(vec!["example.org".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap()
            .der()
            .to_vec()
    }

    #[test]
    fn the_end_point_is_the_certificate_hashed_as_its_signature_says() {
        let der = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        assert_eq!(end_point(&der).unwrap(), digest::digest(&digest::SHA256, &der).as_ref());
        let der = certificate(&rcgen::PKCS_ECDSA_P384_SHA384);
        assert_eq!(end_point(&der).unwrap(), digest::digest(&digest::SHA384, &der).as_ref());
        assert_eq!(end_point(&certificate(&rcgen::PKCS_ED25519)), None);
    }

    #[test]
    fn what_is_no_certificate_has_no_end_point() {
        let der = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        for length in 0..der.len() {
            let _ = end_point(&der[..length]);
        }
        assert_eq!(end_point(b""), None);
        assert_eq!(end_point(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
