//! Counters of the whole database: revisions of what an app sees, positions in timelines, sequence numbers of our texts.

use heliograph_model::Timestamp;
use rusqlite::{Connection, Transaction};

use crate::column;
use crate::error::StoreError;

/// Positions that a gap reserves for the messages that may fill it one day: more than any archive page run brings, and far
/// from using up 2^62.
pub(crate) const GAP_POSITIONS: i64 = 1 << 20;

/// Where the counters stand after something was taken from them.
pub(crate) struct Counters {
    /// The last revision given.
    pub revision: i64,
    /// The last position given or reserved.
    pub position: i64,
}

/// Takes that many revisions and positions.
///
/// An update and a query instead of one statement with `RETURNING`, and the row by its key: for anything that might change
/// several rows SQLite opens a savepoint, and at each one FTS5 writes out what it has gathered. A page of an archive would
/// leave as many segments in the search index as it has messages.
pub(crate) fn take(tx: &Transaction<'_>, revisions: i64, positions: i64) -> Result<Counters, StoreError> {
    tx.prepare_cached(
        "UPDATE counter SET revision = revision + ?1, position = position + ?2 WHERE only_row = 1",
    )?
    .execute([revisions, positions])?;
    let mut statement = tx.prepare_cached("SELECT revision, position FROM counter")?;
    Ok(statement.query_row([], |row| Ok(Counters { revision: row.get(0)?, position: row.get(1)? }))?)
}

/// A revision greater than all before.
pub(crate) fn next_revision(tx: &Transaction<'_>) -> Result<i64, StoreError> {
    Ok(take(tx, 1, 0)?.revision)
}

/// A position after all others.
pub(crate) fn next_position(tx: &Transaction<'_>) -> Result<i64, StoreError> {
    Ok(take(tx, 0, 1)?.position)
}

/// The first of a run of positions after all others, set aside for a gap.
pub(crate) fn reserve_positions(tx: &Transaction<'_>) -> Result<i64, StoreError> {
    Ok(take(tx, 0, GAP_POSITIONS)?.position - GAP_POSITIONS + 1)
}

/// A number greater than all that this device gave to its texts before: the milliseconds of its clock, made to grow, so that a
/// database that lost its last writes goes on above them.
pub(crate) fn next_sequence(tx: &Transaction<'_>, now: Timestamp) -> Result<u64, StoreError> {
    tx.prepare_cached("UPDATE counter SET sequence = max(sequence + 1, ?1) WHERE only_row = 1")?
        .execute([now.0])?;
    let mut statement = tx.prepare_cached("SELECT sequence FROM counter")?;
    Ok(statement.query_row([], |row| column::unsigned(row, 0))?)
}

pub(crate) fn last_revision(connection: &Connection) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT revision FROM counter")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

pub(crate) fn last_position(connection: &Connection) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT position FROM counter")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}
