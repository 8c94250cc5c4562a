//! The truth about the connection.

use std::sync::Arc;

use heliograph_client::{ConnectionState, ErrorCode, PowerState, Situation};
use tokio::sync::Mutex;

use crate::cancellation::{Cancellation, until_cancelled};
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

/// What the phone is doing, as far as the client was told: decides how often and how fast it does things.
#[uniffi::remote(Enum)]
pub enum Situation {
    /// Somebody looks at the app.
    Foreground,
    /// The app runs, and nobody looks.
    Background,
    /// The system woke the app for a moment.
    PushWake,
    /// Nobody looks, and power is short or the phone rests.
    LowPower,
    /// There is no network.
    Offline,
}

/// The power as it is now.
#[uniffi::remote(Record)]
pub struct PowerState {
    /// The user, or an empty battery, asks for saving.
    #[uniffi(default = false)]
    pub low_power: bool,
    /// A charger is connected.
    #[uniffi(default = false)]
    pub charging: bool,
    /// The system has put the phone to rest (doze).
    #[uniffi(default = false)]
    pub idle: bool,
}

/// The state of the connection.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Connection {
    /// What is going on.
    pub state: ConnectionState,
    /// What the phone is doing, which decides how often and how fast.
    pub situation: Situation,
    /// Why it is not online, where there is a reason.
    pub failure: Option<Failure>,
    /// When it will be tried again by itself, in milliseconds since 1970.
    pub retry_at_ms: Option<i64>,
    /// Everything that waited in the archives is here.
    pub caught_up: bool,
    /// Something was sent, or the link was asked whether it lives, and nothing was heard since: it may be dead.
    pub unanswered: bool,
    /// Online, with nothing to send, nothing asked, and nothing to do before somebody writes.
    pub idle: bool,
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

/// What an account cost in the last seven days.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Usage {
    /// From when on, in milliseconds since 1970.
    pub since_ms: i64,
    /// What was spent in each situation: the one with the most bytes first, and none that cost neither a second nor a byte.
    pub by_situation: Vec<SituationUsage>,
}

/// What an account cost while the phone was doing one thing.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SituationUsage {
    /// What it was doing.
    pub situation: Situation,
    /// For how long the account was open.
    pub seconds: u64,
    /// Bytes sent, TLS included.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// Connections opened.
    pub connects: u64,
    /// How often an answer had to be waited for: round trips.
    pub flights: u64,
    /// Timers that fired.
    pub wakes: u64,
}

impl From<heliograph_client::Usage> for Usage {
    fn from(usage: heliograph_client::Usage) -> Self {
        let of = |(situation, spent): (Situation, heliograph_client::Spent)| SituationUsage {
            situation,
            seconds: spent.milliseconds / 1000,
            bytes_up: spent.bytes_up,
            bytes_down: spent.bytes_down,
            connects: spent.connects,
            flights: spent.flights,
            wakes: spent.wakes,
        };
        Self { since_ms: usage.since.0, by_situation: usage.by_situation.into_iter().map(of).collect() }
    }
}

impl From<heliograph_client::Connection> for Connection {
    fn from(connection: heliograph_client::Connection) -> Self {
        Self {
            state: connection.state,
            situation: connection.situation,
            failure: connection.error.map(Into::into),
            retry_at_ms: connection.retry_at.map(|at| at.0),
            caught_up: connection.caught_up,
            unanswered: connection.unanswered,
            idle: connection.idle,
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
    #[uniffi::method(default(cancellation = None))]
    pub async fn next(&self, cancellation: Option<Arc<Cancellation>>) -> Result<Connection, HeliographError> {
        let changes = Arc::clone(&self.changes);
        let next = self.worker.run_while_awaited(async move { changes.lock().await.next().await });
        Ok(until_cancelled(cancellation, next).await?.into())
    }
}
