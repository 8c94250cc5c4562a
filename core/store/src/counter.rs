//! Counters of the whole database: revisions of what an app sees, positions in timelines.

use rusqlite::{Connection, Transaction};

use crate::error::StoreError;

/// Positions that a gap reserves for the messages that may fill it one day: more than any archive page run brings, and far
/// from using up 2^62.
const GAP_POSITIONS: i64 = 1 << 20;

/// A revision greater than all before.
pub(crate) fn next_revision(tx: &Transaction<'_>) -> Result<i64, StoreError> {
    let mut statement = tx.prepare_cached("UPDATE counter SET revision = revision + 1 RETURNING revision")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// A position after all others.
pub(crate) fn next_position(tx: &Transaction<'_>) -> Result<i64, StoreError> {
    let mut statement = tx.prepare_cached("UPDATE counter SET position = position + 1 RETURNING position")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// The first of a run of positions after all others, set aside for a gap.
pub(crate) fn reserve_positions(tx: &Transaction<'_>) -> Result<i64, StoreError> {
    let mut statement =
        tx.prepare_cached("UPDATE counter SET position = position + ?1 RETURNING position - ?1 + 1")?;
    Ok(statement.query_row([GAP_POSITIONS], |row| row.get(0))?)
}

pub(crate) fn last_revision(connection: &Connection) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT revision FROM counter")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

pub(crate) fn last_position(connection: &Connection) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT position FROM counter")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}
