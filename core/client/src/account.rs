//! Which account, where its database is, and how its server is reached.

use std::path::PathBuf;

use heliograph_model::stanza::SessionEvent;
use heliograph_model::{Address, Clock, Entropy, Error, ErrorCode};
use heliograph_store::{DatabaseKey, Store, setting};
use heliograph_sync::{Engine, EngineError, create_account};
use heliograph_xmpp::session::{
    self, Connector, Pin, ServerCertificate, ServerLocation, ServerMemory, Session, SessionConfig,
    SessionOutput, TlsMode as WireTls, Trust,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::server_memory;
use crate::server_override::{ServerOverride, TlsMode};
use crate::shared::fresh_entropy;

/// Name of the setting that holds the [`AccountConfig`].
const ACCOUNT_SETTING: &str = "account";

/// The database file of one account and the key that opens it.
#[derive(Clone)]
pub struct StoreLocation {
    /// The file. Its folder must exist.
    pub path: PathBuf,
    /// From the platform's keystore.
    pub key: DatabaseKey,
}

impl StoreLocation {
    /// A location.
    pub fn new(path: impl Into<PathBuf>, key: DatabaseKey) -> Self {
        Self { path: path.into(), key }
    }
}

/// What is needed to sign in. Kept inside the encrypted database.
#[derive(Clone, Serialize, Deserialize)]
pub struct AccountConfig {
    /// The account.
    pub address: Address,
    /// Its password.
    pub password: Zeroizing<String>,
    /// Where to connect to; `None` asks DNS (RFC 6120 §3.2).
    pub server: Option<ServerOverride>,
    /// A certificate authority to trust instead of the public ones, in PEM: for private event servers.
    pub extra_ca_pem: Option<String>,
    /// Whether the password may be sent readable (inside TLS) to a server that offers nothing better. Off by default.
    pub allow_plain: bool,
    /// The keys of which the server must have one, besides a certificate that is trusted. Empty: any key.
    #[serde(default)]
    pub pins: Vec<Pin>,
    /// A key of the server that the user has confirmed, usually after [`Client::inspect_server`](crate::Client::inspect_server):
    /// a certificate for it is accepted although no authority vouches for it, if it is for the account's domain and has not
    /// expired. To accept no other key either, name it in `pins`, too.
    #[serde(default)]
    pub trusted_key: Option<Pin>,
    /// The `wss:` address of the server, for networks that pass only HTTPS; `None` asks the domain's web server (XEP-0156).
    #[serde(default)]
    pub web_socket: Option<String>,
}

impl AccountConfig {
    /// An account on an ordinary server.
    pub fn new(address: Address, password: impl Into<String>) -> Self {
        let password = Zeroizing::new(password.into());
        Self {
            address,
            password,
            server: None,
            extra_ca_pem: None,
            allow_plain: false,
            pins: Vec::new(),
            trusted_key: None,
            web_socket: None,
        }
    }

    /// As the session wants it; `connector` is the one of all sessions of this account.
    pub(crate) fn session(&self, connector: &Connector) -> SessionConfig {
        let server = match &self.server {
            None => ServerLocation::Lookup,
            Some(server) => ServerLocation::At {
                host: server.host.clone(),
                port: server.port,
                tls: match server.tls {
                    TlsMode::Direct => WireTls::Direct,
                    TlsMode::StartTls => WireTls::StartTls,
                },
            },
        };
        let trust = match &self.extra_ca_pem {
            None => Trust::Public,
            Some(pem) => Trust::ExtraCa(pem.clone().into_bytes()),
        };
        let mut config = SessionConfig::new(self.address.clone(), self.password.clone());
        config.server = server;
        config.trust = trust;
        config.allow_plain = self.allow_plain;
        config.pins.clone_from(&self.pins);
        config.trusted_key = self.trusted_key;
        config.web_socket.clone_from(&self.web_socket);
        config.connector = connector.clone();
        config
    }
}

/// See [`Client::inspect_server`](crate::Client::inspect_server).
pub(crate) async fn inspect(account: &AccountConfig) -> Result<ServerCertificate, Error> {
    session::inspect(&account.session(&Connector::default())).await
}

/// Signs in once, so that a wrong password is known at once, then makes the database.
pub(crate) async fn add(location: &StoreLocation, account: &AccountConfig) -> Result<(), Error> {
    if account.address.local().is_none() {
        return Err(Error::new(ErrorCode::InvalidArgument, "an account's address has a part before the @"));
    }
    if location.path.exists() {
        return Err(Error::new(ErrorCode::InvalidArgument, "there is an account in this place already"));
    }
    let memory = try_sign_in(account.session(&Connector::default())).await?;
    let made = make_database(location, account, memory.as_ref());
    if made.is_err() {
        // Nothing of value can be in a database that was made a moment ago.
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let mut name = location.path.as_os_str().to_owned();
            name.push(suffix);
            let _ = std::fs::remove_file(PathBuf::from(name));
        }
    }
    made
}

/// Answers with what was learned of the server.
async fn try_sign_in(config: SessionConfig) -> Result<Option<ServerMemory>, Error> {
    let (handle, mut outputs) = Session::start(config, None);
    let mut online = false;
    let mut memory = None;
    while let Some(output) = outputs.recv().await {
        match output {
            SessionOutput::Event(SessionEvent::Online(_)) => {
                online = true;
                handle.close();
            }
            SessionOutput::Remember(learned) => memory = Some(*learned),
            SessionOutput::Ended { error, .. } if !online => {
                return Err(
                    error.unwrap_or_else(|| Error::new(ErrorCode::SessionEnded, "the server said goodbye"))
                );
            }
            SessionOutput::Ended { .. } => return Ok(memory),
            _ => {}
        }
    }
    if online { Ok(memory) } else { Err(Error::new(ErrorCode::Internal, "the session ended without a word")) }
}

/// The database of an account that was found to be right.
pub(crate) fn make_database(
    location: &StoreLocation,
    account: &AccountConfig,
    memory: Option<&ServerMemory>,
) -> Result<(), Error> {
    let mut store = Store::open(&location.path, &location.key)?;
    let now = heliograph_model::time::SystemClock.now();
    let entropy: Entropy = fresh_entropy()?;
    create_account(&mut store, now, &entropy, &account.address)?;
    let bytes = encode(account)?;
    store.write(|tx| setting::put(tx, ACCOUNT_SETTING, &bytes).map_err(EngineError::from))?;
    if let Some(memory) = memory {
        server_memory::keep_first(&mut store, memory)?;
    }
    Ok(store.close()?)
}

/// Commits a changed configuration.
pub(crate) fn keep(engine: &mut Engine, account: &AccountConfig) -> Result<(), Error> {
    Ok(engine.keep(ACCOUNT_SETTING, &encode(account)?)?)
}

fn encode(account: &AccountConfig) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(Vec::new());
    ciborium::into_writer(account, &mut *bytes)
        .map_err(|_| Error::new(ErrorCode::Internal, "the account does not encode"))?;
    Ok(bytes)
}

/// Reads the configuration back.
pub(crate) fn load(store: &mut Store) -> Result<AccountConfig, Error> {
    let bytes = store
        .write(|tx| setting::get(tx, ACCOUNT_SETTING))?
        .map(Zeroizing::new)
        .ok_or_else(|| Error::new(ErrorCode::NotFound, "the database holds no account"))?;
    ciborium::from_reader(bytes.as_slice())
        .map_err(|_| Error::new(ErrorCode::StoreCorrupt, "the account's configuration does not decode"))
}
