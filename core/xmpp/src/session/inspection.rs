//! Looking at a server's certificate before anything is said to it.
//!
//! A TLS handshake, with the STARTTLS that comes before it where the server is met that way, and then the end. The server
//! proves that it has the key of what it shows, so that what is reported can't be a copy of another one's certificate.
//! Nothing of the account goes out: neither name nor password, and in the clear not even an address.

use std::sync::Arc;

use heliograph_model::Error;
use tokio::time::timeout;

use super::{SessionConfig, login};
use crate::connect;
use crate::error::SessionError;
use crate::tls::{Purpose, ServerCertificate, Tls};
use crate::traffic::Counters;

/// The certificate that the server of the account's domain shows, whether it would be believed or not, and what would be
/// objected to. Neither name nor password are used; the way through the web server is not tried.
pub async fn inspect(config: &SessionConfig) -> Result<ServerCertificate, Error> {
    let certificate = timeout(config.timeouts.attempt, look(config))
        .await
        .unwrap_or(Err(SessionError::NoAnswer("looking at the server's certificate")))?;
    Ok(certificate)
}

async fn look(config: &SessionConfig) -> Result<ServerCertificate, SessionError> {
    let domain = idna::domain_to_ascii(config.address.domain())
        .map_err(|_| SessionError::Configuration("the domain is no host name"))?;
    let to = config.destination(&domain);
    let (tls, witness) = Tls::inspecting(&to.terms())?;
    let counters = Arc::new(Counters::default());
    let reached = config.connector.approach(&to, &tls, &counters).await?;
    if reached.secured.is_none() {
        let io = login::until_tls(config, reached.socket).await?;
        connect::handshake(&to, &tls, io, Purpose::StartTls, &domain).await?;
    }
    witness.seen()
}
