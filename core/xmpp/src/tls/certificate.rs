//! What a server shows of itself, for a person who has to decide about it.

use std::fmt::{self, Write};

use heliograph_model::Timestamp;
use ring::digest::{SHA256, digest};
use rustls::CertificateError;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::time::Time;

use super::Pin;
use crate::error::SessionError;

/// What is shown of a name in a certificate, in characters: a screenful. A certificate may hold 64 kB of them.
const NAME_CHARACTERS: usize = 256;

/// The certificate of a server that has proved to have its key.
///
/// The names are what whoever made the certificate wrote into it: while it is not trusted they prove nothing. Compare the
/// key. `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerCertificate {
    /// SHA-256 of the whole certificate: what most programs print as its fingerprint. Changes with each renewal.
    pub fingerprint: [u8; 32],
    /// The server's key, which a renewal may keep.
    pub key: Pin,
    /// Whom it was made out to, as RFC 4514 writes names. May be empty, and is cut to a screenful.
    pub subject: String,
    /// Who made it out, likewise. The subject itself if nobody else vouches for it.
    pub issuer: String,
    /// When it begins to be valid.
    pub not_before: Timestamp,
    /// Until when it is.
    pub not_after: Timestamp,
    /// Why it would be refused; `None` if it is trusted.
    pub problem: Option<CertificateProblem>,
}

/// Why a certificate is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateProblem {
    /// No authority that is trusted here vouches for it. The only one that a person's word for the key cures.
    UnknownIssuer,
    /// It has expired: or this device's clock is wrong.
    Expired,
    /// It is not valid yet: or this device's clock is wrong.
    NotValidYet,
    /// It is for another name: another server answered, or its operator has made a mistake.
    OtherName,
    /// Its key is none of those that were expected.
    OtherKey,
    /// Its authority has taken it back.
    Revoked,
    /// It is no proper certificate.
    Malformed,
}

impl CertificateProblem {
    /// What the verifier's reason comes to.
    pub(super) fn of(reason: &CertificateError) -> Self {
        match reason {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotValidYet,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::OtherName
            }
            CertificateError::ApplicationVerificationFailure => Self::OtherKey,
            CertificateError::Revoked => Self::Revoked,
            CertificateError::BadEncoding => Self::Malformed,
            // A chain that breaks somewhere, or that a self-signed certificate has none of.
            _ => Self::UnknownIssuer,
        }
    }

    /// As in "the certificate was refused: it has expired".
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::UnknownIssuer => "its issuer is not trusted",
            Self::Expired => "it has expired",
            Self::NotValidYet => "it is not valid yet",
            Self::OtherName => "it is for another name",
            Self::OtherKey => "its key is none of the expected ones",
            Self::Revoked => "it was revoked",
            Self::Malformed => "it is malformed",
        }
    }
}

impl ServerCertificate {
    /// Whether a person's word for the key makes it accepted: nobody else vouches for it, and nothing else is wrong. Nothing that
    /// anybody says makes an expired one good, or one for another name.
    pub fn is_confirmable(&self) -> bool {
        self.problem == Some(CertificateProblem::UnknownIssuer)
    }

    pub(super) fn read(
        certificate: &CertificateDer<'_>,
        problem: Option<CertificateProblem>,
    ) -> Result<Self, SessionError> {
        let malformed = || SessionError::Certificate(CertificateProblem::Malformed.reason().to_owned());
        let parsed = Certificate::from_der(certificate).map_err(|_| malformed())?.tbs_certificate;
        let fingerprint = digest(&SHA256, certificate).as_ref().try_into().map_err(|_| malformed())?;
        Ok(Self {
            fingerprint,
            key: Pin::of(certificate).ok_or_else(malformed)?,
            subject: shown(&parsed.subject),
            issuer: shown(&parsed.issuer),
            not_before: moment(parsed.validity.not_before),
            not_after: moment(parsed.validity.not_after),
            problem,
        })
    }

    /// The fingerprint as people compare it: pairs of digits with colons between them.
    pub fn fingerprint_text(&self) -> String {
        let mut text = String::with_capacity(self.fingerprint.len() * 3);
        for byte in self.fingerprint {
            let colon = if text.is_empty() { "" } else { ":" };
            // Writing to a string can't fail.
            let _ = write!(text, "{colon}{byte:02X}");
        }
        text
    }
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServerCertificate").field("problem", &self.problem).finish_non_exhaustive()
    }
}

/// Whether the certificate is of this time and for this name, whoever vouches for it.
pub(super) fn check_time_and_name(
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), CertificateError> {
    let parsed =
        Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?.tbs_certificate;
    let seconds = |time: Time| time.to_unix_duration().as_secs();
    if now.as_secs() < seconds(parsed.validity.not_before) {
        return Err(CertificateError::NotValidYet);
    }
    if now.as_secs() > seconds(parsed.validity.not_after) {
        return Err(CertificateError::Expired);
    }
    let certificate = ParsedCertificate::try_from(certificate).map_err(|_| CertificateError::BadEncoding)?;
    verify_server_name(&certificate, name).map_err(|error| match error {
        rustls::Error::InvalidCertificate(reason) => reason,
        _ => CertificateError::NotValidForName,
    })
}

fn shown(name: &x509_cert::name::Name) -> String {
    let text = name.to_string();
    let printable = |character: char| if character.is_control() { '\u{fffd}' } else { character };
    text.chars().map(printable).take(NAME_CHARACTERS).collect()
}

fn moment(time: Time) -> Timestamp {
    Timestamp(i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX))
}
