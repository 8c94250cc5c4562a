//! Our own key packages (RFC 9420 §10): which one is published in which slot, and when the private half of a replaced one
//! is to go.

use heliograph_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::column::{self, redacted_debug};
use crate::error::StoreError;

/// A key package in its slot.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPackageSlot {
    /// Item on the server that it is published in.
    pub slot: u8,
    /// Its KeyPackageRef (RFC 9420 §5.2).
    pub reference: Vec<u8>,
    /// The KeyPackage itself.
    pub data: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether the server has it.
    pub published: bool,
    /// When the first Welcome for it came.
    pub used_at: Option<Timestamp>,
}

redacted_debug!(KeyPackageSlot { slot, created_at, published, used_at });

/// Puts a key package into its slot. One that is still there and was not retired is retired on the spot: nobody can be
/// told of it any more.
pub fn put(tx: &Transaction<'_>, package: &KeyPackageSlot) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE key_package SET delete_after = ?2 WHERE slot = ?1 AND delete_after IS NULL AND reference <> ?3",
    )?
    .execute(params![package.slot, package.created_at.0, package.reference])?;
    tx.prepare_cached(
        "INSERT INTO key_package (reference, slot, data, created_at, published, used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (reference) DO UPDATE SET published = excluded.published, used_at = excluded.used_at",
    )?
    .execute(params![
        package.reference,
        package.slot,
        package.data,
        package.created_at.0,
        package.published,
        package.used_at.map(|at| at.0),
    ])?;
    Ok(())
}

/// The key packages in their slots, without retired ones.
pub fn list(connection: &Connection) -> Result<Vec<KeyPackageSlot>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT slot, reference, data, created_at, published, used_at FROM key_package
         WHERE delete_after IS NULL ORDER BY slot",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(KeyPackageSlot {
            slot: row.get(0)?,
            reference: row.get(1)?,
            data: row.get(2)?,
            created_at: column::timestamp(row, 3)?,
            published: row.get(4)?,
            used_at: column::optional_timestamp(row, 5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The server has the slot's key package.
pub fn set_published(tx: &Transaction<'_>, slot: u8) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE key_package SET published = 1 WHERE slot = ?1 AND delete_after IS NULL")?
        .execute([slot])?;
    Ok(())
}

/// A Welcome used this key package. Returns its slot if it is still in it, and so has to be replaced.
pub fn mark_used(tx: &Transaction<'_>, reference: &[u8], at: Timestamp) -> Result<Option<u8>, StoreError> {
    let mut statement = tx.prepare_cached(
        "UPDATE key_package SET used_at = ifnull(used_at, ?2) WHERE reference = ?1
         RETURNING CASE WHEN delete_after IS NULL THEN slot END",
    )?;
    Ok(statement.query_row(params![reference, at.0], |row| row.get(0)).optional()?.flatten())
}

/// Takes the key package out of its slot; its private half stays until `delete_after`, for Welcomes on their way.
pub fn retire(tx: &Transaction<'_>, slot: u8, delete_after: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE key_package SET delete_after = ?2 WHERE slot = ?1 AND delete_after IS NULL")?
        .execute(params![slot, delete_after.0])?;
    Ok(())
}

/// References of retired key packages whose time has come.
pub fn due_for_deletion(connection: &Connection, now: Timestamp) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT reference FROM key_package WHERE delete_after <= ?1 ORDER BY delete_after, reference",
    )?;
    let rows = statement.query_map([now.0], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The private half was deleted.
pub fn forget(tx: &Transaction<'_>, reference: &[u8]) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM key_package WHERE reference = ?1")?.execute([reference])?;
    Ok(())
}
