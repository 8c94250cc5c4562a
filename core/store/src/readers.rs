//! Reading while the engine writes.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::connection;
use crate::error::StoreError;
use crate::key::DatabaseKey;

/// Connections of a pool at most. Two: one screen can be drawn while another thread searches; a phone has no use for more,
/// and each costs memory and a file descriptor.
const CONNECTIONS: usize = 2;

/// A small pool of read-only connections. Cloning shares the pool. Connections are opened when first needed and closed by
/// [`Store::close`](crate::Store::close), which waits for reads under way.
#[derive(Clone)]
pub struct Readers {
    pool: Arc<Pool>,
}

struct Pool {
    path: PathBuf,
    state: Mutex<State>,
    returned: Condvar,
}

struct State {
    /// `None` once closed.
    key: Option<DatabaseKey>,
    idle: Vec<Connection>,
    lent: usize,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, key: DatabaseKey) -> Self {
        let state = Mutex::new(State { key: Some(key), idle: Vec::new(), lent: 0 });
        Self { pool: Arc::new(Pool { path, state, returned: Condvar::new() }) }
    }

    /// Reads in one snapshot: everything that `read` sees is from one moment between two writes. Waits while both
    /// connections are in use; must not be called from within `read`.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let lease = self.pool.lend()?;
        let connection = lease.connection.as_ref().ok_or(StoreError::Closed)?;
        let snapshot = connection.unchecked_transaction()?;
        read(&snapshot)
    }

    /// Closes all connections, after waiting for reads under way. Later reads are refused.
    pub(crate) fn close(&self) {
        let mut state = self.pool.lock();
        state.key = None;
        while state.lent > 0 {
            state = self.pool.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.idle.clear();
    }
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self) -> Result<Lease<'_>, StoreError> {
        let mut guard = self.lock();
        loop {
            let state = &mut *guard;
            let Some(key) = &state.key else { return Err(StoreError::Closed) };
            let connection = match state.idle.pop() {
                None if state.lent < CONNECTIONS => Some(connection::reader(&self.path, key)?),
                idle => idle,
            };
            if connection.is_some() {
                state.lent += 1;
                return Ok(Lease { pool: self, connection });
            }
            guard = self.returned.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A connection in use; comes back however the read ends.
struct Lease<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        state.lent -= 1;
        state.idle.extend(self.connection.take());
        drop(state);
        self.pool.returned.notify_all();
    }
}
