//! Adding an account to this device.

use std::sync::Arc;

use heliograph_client::{Client, Error, TlsMode};
use zeroize::Zeroizing;

use crate::argument;
use crate::cancellation::{Cancellation, until_cancelled};
use crate::error::HeliographError;
use crate::runtime::OwnRuntime;

/// What is needed to sign in. Kept inside the encrypted database.
#[derive(uniffi::Record)]
pub struct AccountConfig {
    /// The account, `name@server`.
    pub address: String,
    /// Its password.
    pub password: String,
    /// Where to connect to; without it DNS is asked (RFC 6120 §3.2).
    #[uniffi(default)]
    pub server: Option<ServerOverride>,
    /// A certificate authority to trust instead of the public ones, in PEM: for private event servers.
    #[uniffi(default)]
    pub extra_ca_pem: Option<String>,
    /// Whether the password may be sent readable (inside TLS) to a server that offers nothing better.
    #[uniffi(default = false)]
    pub allow_plain: bool,
    /// The keys of which the server must have one, besides a trusted certificate: SHA-256 of the public key in Base64.
    #[uniffi(default = [])]
    pub pins: Vec<String>,
    /// A key of the server that the user has confirmed, as [`inspect_server`](crate::inspect_server) shows it: it is accepted
    /// although no authority vouches for it, if its certificate is for the account's domain and has not expired. To accept no
    /// other key either, name it in `pins`, too.
    #[uniffi(default)]
    pub trusted_key: Option<String>,
    /// The `wss:` address of the server, for networks that pass only HTTPS; without it the domain's web server is asked
    /// (XEP-0156).
    #[uniffi(default)]
    pub web_socket: Option<String>,
}

/// A server's place, where DNS does not know it.
#[derive(uniffi::Record)]
pub struct ServerOverride {
    /// Host name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How TLS starts.
    pub tls: TlsMode,
}

/// How TLS starts.
#[uniffi::remote(Enum)]
pub enum TlsMode {
    /// From the first byte (XEP-0368).
    Direct,
    /// After `<starttls/>` (RFC 6120 §5), which must succeed.
    StartTls,
}

impl TryFrom<AccountConfig> for heliograph_client::AccountConfig {
    type Error = Error;

    fn try_from(account: AccountConfig) -> Result<Self, Error> {
        let password = Zeroizing::new(account.password);
        Ok(Self {
            address: argument::account(&account.address)?,
            password,
            server: account.server.map(TryInto::try_into).transpose()?,
            extra_ca_pem: account.extra_ca_pem,
            allow_plain: account.allow_plain,
            pins: account.pins.iter().map(|pin| argument::pin(pin)).collect::<Result<_, _>>()?,
            trusted_key: account.trusted_key.as_deref().map(argument::pin).transpose()?,
            web_socket: account.web_socket,
        })
    }
}

impl TryFrom<ServerOverride> for heliograph_client::ServerOverride {
    type Error = Error;

    fn try_from(server: ServerOverride) -> Result<Self, Error> {
        Ok(Self { host: argument::host(server.host)?, port: argument::port(server.port)?, tls: server.tls })
    }
}

impl From<heliograph_client::ServerOverride> for ServerOverride {
    fn from(server: heliograph_client::ServerOverride) -> Self {
        Self { host: server.host, port: server.port, tls: server.tls }
    }
}

/// Reads a server's place as somebody types it: `chat.example.org`, `chat.example.org:5223`, `192.0.2.1`, `2001:db8::1`,
/// `[2001:db8::1]:5223`. The port may instead stand in a field of its own, `port`, which may be empty. Without one it is
/// 5222. On 443 and 5223 TLS starts with the first byte, elsewhere after `<starttls/>`.
///
/// Errors: `InvalidArgument`.
#[uniffi::export(default(port = ""))]
pub fn read_server(place: &str, port: &str) -> Result<ServerOverride, HeliographError> {
    Ok(heliograph_client::ServerOverride::read(place, port)?.into())
}

/// Signs in once to check the account, then creates its database at `path`, locked with `key` (32 random bytes from the
/// platform's keystore). On failure, and if the caller stops waiting, nothing is left behind.
///
/// Errors: whatever can go wrong with a connection, `InvalidArgument`, `DiskFull`.
#[uniffi::export(default(cancellation = None))]
pub async fn add_account(
    path: String,
    key: Vec<u8>,
    account: AccountConfig,
    cancellation: Option<Arc<Cancellation>>,
) -> Result<(), HeliographError> {
    let location = argument::store_location(&path, key)?;
    let account = account.try_into()?;
    let runtime = OwnRuntime::start()?;
    let work =
        runtime.worker().run_while_awaited(async move { Client::add_account(&location, account).await });
    let result = until_cancelled(cancellation, work).await;
    runtime.join().await;
    Ok(result?)
}
