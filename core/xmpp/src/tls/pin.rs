//! Pins: the keys of servers that an account insists on, besides a chain that is trusted.
//!
//! A pin is the SHA-256 of the certificate's public key (its `SubjectPublicKeyInfo`), in Base64 as RFC 7469 §2.1.1 writes
//! it. It is compared with the server's own key and never with an authority's: which certificates a server sends along says
//! nothing about which of them vouch for it. Several may be given, so that an operator can change to a spare key.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use serde::{Deserialize, Serialize};

/// The SHA-256 of a server's public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pin([u8; 32]);

/// Not Base64 of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pin is the SHA-256 of a public key in Base64: 44 characters")]
pub struct InvalidPin;

impl Pin {
    /// The pin of a certificate; `None` if it can't be read.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let key = ParsedCertificate::try_from(certificate).ok()?.subject_public_key_info();
        digest(&SHA256, &key).as_ref().try_into().ok().map(Self)
    }
}

impl FromStr for Pin {
    type Err = InvalidPin;

    /// Takes the Base64 alone, or behind `sha256/` as many tools print it.
    fn from_str(text: &str) -> Result<Self, InvalidPin> {
        let text = text.trim();
        let bytes = STANDARD.decode(text.strip_prefix("sha256/").unwrap_or(text)).map_err(|_| InvalidPin)?;
        bytes.try_into().map(Self).map_err(|_| InvalidPin)
    }
}

impl TryFrom<String> for Pin {
    type Error = InvalidPin;

    fn try_from(text: String) -> Result<Self, InvalidPin> {
        text.parse()
    }
}

impl From<Pin> for String {
    fn from(pin: Pin) -> Self {
        pin.to_string()
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It identifies a server.
        formatter.write_str("Pin(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_written_as_it_is_read() {
        let text = "d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=";
        let pin: Pin = text.parse().unwrap();
        assert_eq!(pin.to_string(), text);
        assert_eq!(format!("sha256/{text}").parse(), Ok(pin));
        for wrong in ["", "d6qz", "d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWm", "://"] {
            assert_eq!(wrong.parse::<Pin>(), Err(InvalidPin));
        }
    }
}
