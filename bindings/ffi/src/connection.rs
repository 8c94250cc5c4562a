//! The truth about the connection.

use std::sync::Arc;

use heliograph_client::{ConnectionState, ErrorCode};
use tokio::sync::Mutex;

use crate::error::{Failure, HeliographError};
use crate::runtime::Worker;

/// See [`Connection`].
#[uniffi::remote(Enum)]
pub enum ConnectionState {
    /// There is no network.
    Offline,
    /// Trying.
    Connecting,
    /// Logged in.
    Online,
    /// Lost; will be tried again by itself.
    Waiting,
    /// Given up until somebody changes something: see the failure.
    Stopped,
    /// The app does not want a connection.
    Suspended,
}

/// The state of the connection.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Connection {
    /// What is going on.
    pub state: ConnectionState,
    /// Why it is not online, where there is a reason.
    pub failure: Option<Failure>,
    /// When it will be tried again by itself, in milliseconds since 1970.
    pub retry_at_ms: Option<i64>,
    /// Everything that waited in the archives is here.
    pub caught_up: bool,
    /// What this server can't do, as far as is known.
    pub lacking: Vec<ErrorCode>,
}

/// What an account cost on the wire since it was opened, TLS included, TCP's own headers not.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Traffic {
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// How often an answer had to be waited for: round trips.
    pub flights: u64,
    /// Connections opened.
    pub connects: u64,
    /// How many of them took up a session again that the server had kept.
    pub resumed: u64,
}

impl From<heliograph_client::Connection> for Connection {
    fn from(connection: heliograph_client::Connection) -> Self {
        Self {
            state: connection.state,
            failure: connection.error.map(Into::into),
            retry_at_ms: connection.retry_at.map(|at| at.0),
            caught_up: connection.caught_up,
            lacking: connection.lacking,
        }
    }
}

impl From<heliograph_client::Traffic> for Traffic {
    fn from(traffic: heliograph_client::Traffic) -> Self {
        Self {
            bytes_up: traffic.bytes_up,
            bytes_down: traffic.bytes_down,
            flights: traffic.flights,
            connects: traffic.connects,
            resumed: traffic.resumed,
        }
    }
}

/// A subscription to the state of the connection.
#[derive(uniffi::Object)]
pub struct ConnectionChanges {
    worker: Worker,
    changes: Arc<Mutex<heliograph_client::ConnectionChanges>>,
}

impl ConnectionChanges {
    pub(crate) fn new(changes: heliograph_client::ConnectionChanges, worker: Worker) -> Self {
        Self { worker, changes: Arc::new(Mutex::new(changes)) }
    }
}

#[uniffi::export]
impl ConnectionChanges {
    /// The newest state, once it differs from the last one returned (or from the one at subscription). States in between
    /// may be left out. After giving up waiting, ask the client for its connection: a state may have been missed.
    pub async fn next(&self) -> Result<Connection, HeliographError> {
        let changes = Arc::clone(&self.changes);
        let connection =
            self.worker.run_while_awaited(async move { changes.lock().await.next().await }).await?;
        Ok(connection.into())
    }
}
