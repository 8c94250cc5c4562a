//! The state of OpenMLS, in the caller's transaction.
//!
//! [`MlsStorage`] is OpenMLS' storage provider over a transaction of this database: a ratchet step, the message that it
//! decrypted and the archive cursor commit together or not at all. OpenMLS itself knows no transactions; after a rollback a
//! loaded group is ahead of the database and must be thrown away.
//!
//! # Past epochs
//!
//! The published way of keeping past epochs makes every message rewrite the secrets of all of them,
//! which grows with members and epochs. Here a group keeps none; instead [`snapshot`] copies, just before a commit is merged, what it takes
//! to decrypt messages of the epoch that ends, into a namespace of its own. [`MlsStorage::past_epoch`] loads a group from
//! there. Such a group can decrypt application messages and nothing else: what would let it derive later secrets, encrypt,
//! or commit is not in the snapshot.
//!
//! # Leaving out writes
//!
//! OpenMLS writes all ratchets of a group for each message. Within one transaction only the last write counts, so the others
//! can be left out; see [`MlsStorage::set_defer_message_secrets`] for the contract.
//!
//! # Deleting
//!
//! Forward secrecy rests on deletion: rows are overwritten with zeros (`secure_delete`), and the write-ahead log, which
//! may still hold older pages, is encrypted and cut at every close.

mod codec;
mod compact;
mod label;
mod provider;
mod row;
mod snapshot;

use std::cell::Cell;

use heliograph_model::ErrorCode;
use rusqlite::{Connection, Transaction};

use crate::error::StoreError;

pub use snapshot::{delete_group, drop_snapshots, past_epochs, snapshot};

/// Namespace of the present; a past epoch's is its number plus one.
const LIVE: i64 = 0;

/// OpenMLS' storage provider over one transaction. See the module.
pub struct MlsStorage<'a> {
    connection: &'a Connection,
    namespace: i64,
    defer_message_secrets: Cell<bool>,
    failure: Cell<Option<StoreError>>,
}

/// Why OpenMLS could not read or write. The full cause is in [`MlsStorage::take_failure`]: OpenMLS passes this value on in
/// some places and swallows it in others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(ErrorCode),
    /// A value does not encode, or a stored one does not decode.
    #[error("a stored value does not decode")]
    Codec,
}

impl<'a> MlsStorage<'a> {
    /// Groups as they are now.
    pub fn live(tx: &'a Transaction<'_>) -> Self {
        Self::in_namespace(tx, LIVE)
    }

    /// Groups as they were at the end of this epoch, for those that have a [`snapshot`] of it. What belongs to no group
    /// (signature keys, key packages) is always the present.
    pub fn past_epoch(tx: &'a Transaction<'_>, epoch: u64) -> Self {
        Self::in_namespace(tx, namespace_of(epoch))
    }

    fn in_namespace(connection: &'a Connection, namespace: i64) -> Self {
        Self { connection, namespace, defer_message_secrets: Cell::new(false), failure: Cell::new(None) }
    }

    /// While `true`, the ratchets of a group are not written when a message is encrypted or decrypted; everything else is.
    ///
    /// The contract: between a write that was left out and the next one that is not, in the same transaction and for the
    /// same group, that group must not be loaded again, no commit of it be processed and no [`snapshot`] taken, because the
    /// database is behind the loaded group. If the transaction ends without that write, it must be rolled back: committed,
    /// it would leave keys in the database that were used already.
    pub fn set_defer_message_secrets(&self, defer: bool) {
        self.defer_message_secrets.set(defer);
    }

    /// Whether writes of ratchets are being left out.
    pub fn defers_message_secrets(&self) -> bool {
        self.defer_message_secrets.get()
    }

    /// The first failure of the database since the last call. OpenMLS turns some of them into errors of its own ("malformed
    /// plaintext"), so ask here before believing those, and roll back if there is one.
    pub fn take_failure(&self) -> Option<StoreError> {
        self.failure.take()
    }

    fn note<T>(&self, result: Result<T, StoreError>) -> Result<T, StorageError> {
        result.map_err(|error| {
            let short = match &error {
                StoreError::Codec => StorageError::Codec,
                other => StorageError::Database(other.code()),
            };
            let first = self.failure.take().unwrap_or(error);
            self.failure.set(Some(first));
            short
        })
    }
}

impl std::fmt::Debug for MlsStorage<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MlsStorage").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// The namespace of a past epoch. An epoch that does not fit is one that no group reaches (2^63 commits): it has no rows.
fn namespace_of(epoch: u64) -> i64 {
    i64::try_from(epoch).unwrap_or(i64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests;
