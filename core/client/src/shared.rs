//! What the client, its subscriptions and the driver share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use heliograph_model::time::SystemClock;
use heliograph_model::{Clock, Entropy, Error, ErrorCode, Timestamp};
use heliograph_store::{Connection as Database, Readers, StoreError};
use heliograph_sync::{Connection, ConnectionState, Situation};
use heliograph_xmpp::session::Connector;
use rand::TryRngCore;
use tokio::sync::watch;

use crate::connection::Traffic;

/// See the module.
pub(crate) struct Shared {
    /// Ticks after every committed input: something may have changed.
    pub ticks: watch::Sender<u64>,
    pub connection: watch::Sender<Connection>,
    pub traffic: Mutex<Traffic>,
    /// Remembers what the next connection would have to find out again.
    pub connector: Connector,
    /// As it was said when the engine went to sleep.
    next_catch_up: Mutex<Option<Timestamp>>,
    /// `None` while suspended.
    readers: RwLock<Option<Readers>>,
    closed: watch::Sender<bool>,
}

impl Shared {
    /// Of a client that has not been started.
    pub fn new() -> Arc<Self> {
        let connection = Connection {
            state: ConnectionState::Suspended,
            situation: Situation::Foreground,
            error: None,
            retry_at: None,
            caught_up: false,
            unanswered: false,
            idle: false,
            lacking: Vec::new(),
        };
        Arc::new(Self {
            ticks: watch::Sender::new(0),
            connection: watch::Sender::new(connection),
            traffic: Mutex::default(),
            connector: Connector::default(),
            next_catch_up: Mutex::default(),
            readers: RwLock::default(),
            closed: watch::Sender::new(false),
        })
    }

    pub fn set_readers(&self, readers: Option<Readers>) {
        *self.readers.write().unwrap_or_else(PoisonError::into_inner) = readers;
        self.tick();
    }

    pub fn tick(&self) {
        self.ticks.send_modify(|ticks| *ticks = ticks.wrapping_add(1));
    }

    /// Ends every subscription.
    pub fn close(&self) {
        self.closed.send_replace(true);
        self.tick();
    }

    pub fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    pub fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When a sleeping client should be woken.
    pub fn next_catch_up(&self) -> Option<Timestamp> {
        *self.next_catch_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_next_catch_up(&self, next: Option<Timestamp>) {
        *self.next_catch_up.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// Reads from the database; [`ErrorCode::Closed`] while suspended and after the end.
    pub fn read<T>(&self, read: impl FnOnce(&Database) -> Result<T, StoreError>) -> Result<T, Error> {
        let readers = self.readers.read().unwrap_or_else(PoisonError::into_inner).clone();
        match readers {
            Some(readers) => Ok(readers.read(read)?),
            None => Err(closed()),
        }
    }

    /// Waits until `look` finds something. Looks again after every commit; waits through a suspension; ends with
    /// [`ErrorCode::Closed`]. Holds no timer, and dropping it loses nothing.
    pub async fn wait_for<T>(
        &self,
        ticks: &mut watch::Receiver<u64>,
        mut look: impl FnMut(&Database) -> Result<Option<T>, StoreError>,
    ) -> Result<T, Error> {
        loop {
            ticks.borrow_and_update();
            if self.is_closed() {
                return Err(closed());
            }
            match self.read(&mut look) {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(error) if error.code == ErrorCode::Closed => {}
                Err(error) => return Err(error),
            }
            ticks.changed().await.map_err(|_| closed())?;
        }
    }
}

/// The error of everything that is asked of a closed or suspended client.
pub(crate) fn closed() -> Error {
    Error::new(ErrorCode::Closed, "the account is suspended or shut down")
}

/// The time by the wall clock.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// Thirty-two bytes from the operating system.
pub(crate) fn fresh_entropy() -> Result<Entropy, Error> {
    let mut bytes = [0; 32];
    rand::rngs::OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|_| Error::new(ErrorCode::Internal, "the operating system gave no randomness"))?;
    Ok(Entropy(bytes))
}
