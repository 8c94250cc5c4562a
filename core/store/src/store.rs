//! The database of one account: opening, writing, closing.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::connection;
use crate::error::StoreError;
use crate::key::DatabaseKey;
use crate::lock::Lock;
use crate::migration;
use crate::readers::Readers;

/// The open database of one account, and the only one who writes to it.
///
/// Dropping it closes the database as well; [`Store::close`] also says whether that worked.
pub struct Store {
    /// `None` only while closing.
    writer: Option<Connection>,
    readers: Readers,
    /// Released last, when no file is open any more.
    lock: Option<Lock>,
    #[cfg(any(test, feature = "fault-injection"))]
    fault: Option<Fault>,
}

/// What a test lets go wrong.
#[cfg(any(test, feature = "fault-injection"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Every commit fails as if the disk were full, until the fault is taken away.
    FailCommit,
    /// The file can grow by this many pages of 4096 bytes and no more.
    DiskFull {
        /// Pages left.
        pages: u32,
    },
}

impl Store {
    /// Opens the database at `path`, or makes it if there is no file or an empty one, and brings it to the present version.
    ///
    /// A file that the key does not open is left as it is. Errors: [`StoreError::Locked`], [`StoreError::Corrupt`],
    /// [`StoreError::TooNew`], [`StoreError::Busy`], [`StoreError::DiskFull`], [`StoreError::Unavailable`].
    pub fn open(path: &Path, key: &DatabaseKey) -> Result<Self, StoreError> {
        let lock = Lock::take(path)?;
        let mut writer = connection::writer(path, key)?;
        migration::migrate(&mut writer)?;
        Ok(Self {
            writer: Some(writer),
            readers: Readers::new(path.to_owned(), key.clone()),
            lock: Some(lock),
            #[cfg(any(test, feature = "fault-injection"))]
            fault: None,
        })
    }

    /// Runs `write` in one transaction: committed, and safe on the disk, if it and the commit succeed; otherwise nothing
    /// changed.
    ///
    /// What `write` read or loaded is ahead of the database after an error and must be thrown away with it.
    pub fn write<T, E: From<StoreError>>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let writer = self.writer.as_mut().ok_or(StoreError::Closed)?;
        let tx =
            writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        let value = write(&tx)?; // dropping `tx` rolls back
        #[cfg(any(test, feature = "fault-injection"))]
        if self.fault == Some(Fault::FailCommit) {
            return Err(StoreError::DiskFull.into());
        }
        tx.commit().map_err(StoreError::from)?;
        Ok(value)
    }

    /// For reading from any thread while this one writes.
    pub fn readers(&self) -> Readers {
        self.readers.clone()
    }

    /// Closes everything: waits for reads under way, moves the write-ahead log into the database, and gives the lock back.
    /// Afterwards no file of the database is open, whatever this returns, and every read is [`StoreError::Closed`].
    pub fn close(mut self) -> Result<(), StoreError> {
        self.shut()
    }

    fn shut(&mut self) -> Result<(), StoreError> {
        self.readers.close();
        let mut result = Ok(());
        if let Some(writer) = self.writer.take() {
            // On a full disk the log can't be moved. It stays, is as durable as the database, and is moved next time.
            if let Err(error) = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
                tracing::warn!(error = %StoreError::from(error), "write-ahead log kept");
            }
            result = writer.close().map_err(|(_, error)| error.into());
        }
        match self.lock.take() {
            Some(lock) => result.and(lock.release()),
            None => result,
        }
    }

    /// Lets something go wrong from now on; `None` takes it away.
    #[cfg(any(test, feature = "fault-injection"))]
    pub fn set_fault(&mut self, fault: Option<Fault>) -> Result<(), StoreError> {
        /// SQLite's own limit.
        const PAGES_MAX: i64 = 4_294_967_294;
        let writer = self.writer.as_ref().ok_or(StoreError::Closed)?;
        let pages = match fault {
            Some(Fault::DiskFull { pages }) => {
                let used: i64 = writer.query_row("PRAGMA page_count", [], |row| row.get(0))?;
                used + i64::from(pages)
            }
            _ => PAGES_MAX,
        };
        writer.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
        self.fault = fault;
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Err(error) = self.shut() {
            tracing::warn!(%error, "closing the database");
        }
    }
}

#[cfg(test)]
mod tests;
