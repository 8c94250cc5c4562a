//! From an empty file, or a database of an older version, to the present schema.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::StoreError;

/// Every version's statements, in order; version 1 is the first. Only ever appended to: what has been released stays as it
/// is. A migration never deletes unsent messages or keys.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_foundation.sql"),
    include_str!("../migrations/0002_stream.sql"),
    include_str!("../migrations/0003_push.sql"),
    include_str!("../migrations/0004_search.sql"),
    include_str!("../migrations/0005_seams.sql"),
    include_str!("../migrations/0006_quarantine.sql"),
    include_str!("../migrations/0007_drafts.sql"),
    include_str!("../migrations/0008_handed_over.sql"),
    include_str!("../migrations/0009_markers.sql"),
    include_str!("../migrations/0010_usage.sql"),
    include_str!("../migrations/0011_owned.sql"),
    include_str!("../migrations/0012_sequence.sql"),
];

/// The version that this program writes.
#[cfg(test)]
pub(crate) const PRESENT: usize = MIGRATIONS.len();

/// Brings the database to the present version, one transaction for each step.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    migrate_to(connection, MIGRATIONS.len())
}

pub(crate) fn migrate_to(connection: &mut Connection, target: usize) -> Result<(), StoreError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let version = usize::try_from(version).map_err(|_| StoreError::Corrupt)?;
    if version > MIGRATIONS.len() {
        return Err(StoreError::TooNew);
    }
    for (index, sql) in MIGRATIONS.iter().enumerate().take(target).skip(version) {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(sql)?;
        tx.execute_batch(&format!("PRAGMA user_version = {}", index + 1))?;
        tx.commit()?;
        tracing::info!(version = index + 1, "database migrated");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
