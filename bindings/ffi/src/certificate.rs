//! Looking at a server before anything is said to it.

use heliograph_client::{CertificateProblem, Client};

use crate::account::AccountConfig;
use crate::error::HeliographError;
use crate::runtime::OwnRuntime;

/// See [`ServerCertificate`].
#[uniffi::remote(Enum)]
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

/// The certificate that a server shows, and of whose key it has proved that it has it. As long as it is not trusted, the names
/// prove nothing: let the user compare the fingerprint or the key with what the operator says.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct ServerCertificate {
    /// SHA-256 of the certificate: pairs of digits with colons between them, as most programs print it.
    pub fingerprint_sha256: String,
    /// The server's key, for `trusted_key` and `pins` of an account: SHA-256 in Base64. Renewed certificates may keep it.
    pub key_pin: String,
    /// Whom it was made out to (RFC 4514). May be empty.
    pub subject: String,
    /// Who made it out.
    pub issuer: String,
    /// When it begins to be valid, in milliseconds since 1970.
    pub not_before_ms: i64,
    /// Until when it is.
    pub not_after_ms: i64,
    /// An account that is configured like this one would accept it.
    pub trusted: bool,
    /// The user's word for its key (`trusted_key`) makes it accepted: nobody else vouches for it, and nothing else is wrong.
    pub confirmable: bool,
    /// Why it is not trusted.
    pub problem: Option<CertificateProblem>,
}

impl From<heliograph_client::ServerCertificate> for ServerCertificate {
    fn from(certificate: heliograph_client::ServerCertificate) -> Self {
        Self {
            confirmable: certificate.is_confirmable(),
            fingerprint_sha256: certificate.fingerprint_text(),
            key_pin: certificate.key.to_string(),
            subject: certificate.subject,
            issuer: certificate.issuer,
            not_before_ms: certificate.not_before.0,
            not_after_ms: certificate.not_after.0,
            trusted: certificate.problem.is_none(),
            problem: certificate.problem,
        }
    }
}

/// Looks at the certificate that the account's server shows, whether it is trusted or not: for a server that no authority
/// vouches for. Name and password are neither sent nor needed: the password may be empty.
///
/// Errors: whatever can go wrong with a connection, `InvalidArgument`.
#[uniffi::export]
pub async fn inspect_server(account: AccountConfig) -> Result<ServerCertificate, HeliographError> {
    let account = account.try_into()?;
    let runtime = OwnRuntime::start()?;
    let result =
        runtime.worker().run_while_awaited(async move { Client::inspect_server(&account).await }).await;
    runtime.join().await;
    Ok(result?.into())
}
