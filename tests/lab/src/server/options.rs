//! What a server is like: its accounts, what it has and lacks, what is broken.
//!
//! Each server maps these to its own configuration.

use crate::certificates::CertificateFault;

/// An account as the server has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The part before the @.
    pub name: String,
    /// Its password.
    pub password: String,
}

impl Account {
    /// An account whose password follows from its name.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), password: format!("{name}-loves-lighthouses") }
    }
}

/// What the server keeps of passwords, and so which SCRAM it offers (RFC 5802, RFC 7677).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PasswordHash {
    /// SCRAM-SHA-1, the default of both servers.
    #[default]
    Sha1,
    /// SCRAM-SHA-256.
    Sha256,
}

/// What an app server shows to sign in (XEP-0114 §3).
pub const COMPONENT_SECRET: &str = "lighthouse keepers only";

/// What the server is like. [`Options::default`] is a server that has everything.
#[derive(Clone)]
pub struct Options {
    /// The domain it serves; rooms are at `rooms.` below it.
    pub domain: String,
    /// The accounts that exist from the start.
    pub accounts: Vec<Account>,
    /// Whether it has a room service (XEP-0045).
    pub rooms: bool,
    /// Whether accounts and rooms have archives (XEP-0313).
    pub archive: bool,
    /// Whether accounts can publish (XEP-0163).
    pub publishing: bool,
    /// Whether it announces messages for sleeping phones (XEP-0357).
    pub push: bool,
    /// Whether an app server may sign in as a component (XEP-0114): see [`crate::Server::push_service`].
    pub app_server: bool,
    /// Whether it offers TLS at all. Without, there is no direct TLS port and STARTTLS is not announced.
    pub encryption: bool,
    /// SASL mechanisms that it hides, by name, such as `SCRAM-SHA-1`.
    pub hidden_mechanisms: Vec<String>,
    /// What it keeps of passwords.
    pub password_hash: PasswordHash,
    /// What is wrong with its certificate.
    pub certificate: CertificateFault,
    /// Whether TLS may go on from an earlier connection (RFC 8446 §2.2): Prosody forbids it unless it is told otherwise.
    /// ejabberd is left alone.
    pub tls_tickets: bool,
    /// Whether it can be reached inside HTTPS (RFC 7395), at [`Server::web_socket`](super::Server::web_socket).
    pub web_socket: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            domain: "lab.test".into(),
            accounts: Vec::new(),
            rooms: true,
            archive: true,
            publishing: true,
            push: true,
            app_server: false,
            encryption: true,
            hidden_mechanisms: Vec::new(),
            password_hash: PasswordHash::default(),
            certificate: CertificateFault::None,
            tls_tickets: false,
            web_socket: false,
        }
    }
}

impl Options {
    /// A server that has everything, and these accounts.
    pub fn with_accounts(names: &[&str]) -> Self {
        Self { accounts: names.iter().map(|name| Account::new(name)).collect(), ..Self::default() }
    }

    /// Where its rooms are.
    pub(crate) fn room_service(&self) -> String {
        format!("rooms.{}", self.domain)
    }

    /// Where the app server's push service is.
    pub(crate) fn push_service(&self) -> String {
        format!("push.{}", self.domain)
    }
}

/// The ports of one server, all on 127.0.0.1; they stay over restarts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) starttls: u16,
    pub(crate) direct_tls: u16,
    pub(crate) component: u16,
    pub(crate) https: u16,
}
