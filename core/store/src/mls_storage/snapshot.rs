//! Past epochs of a group.

use heliograph_model::{GroupId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::label::Label;
use super::{LIVE, codec, namespace_of};
use crate::column;
use crate::error::StoreError;

/// Keeps what it takes to decrypt application messages of the present epoch after it has ended. To be called just before a
/// commit is merged, with the epoch that ends; calling it again for the same epoch replaces the copy. Without such a group
/// it does nothing.
pub fn snapshot(tx: &Transaction<'_>, group: &GroupId, epoch: u64, now: Timestamp) -> Result<(), StoreError> {
    drop_one(tx, group, epoch)?;
    let mut copied = 0;
    for label in Label::COPIED {
        copied += tx
            .prepare_cached(
                "INSERT INTO mls_value (group_key, namespace, label, key, value)
                 SELECT group_key, ?4, label, key, value FROM mls_value
                 WHERE group_key = ?1 AND namespace = ?2 AND label = ?3",
            )?
            .execute(params![group.0, LIVE, label.number(), namespace_of(epoch)])?;
    }
    if copied == 0 {
        return Ok(());
    }
    for label in Label::BLANKED {
        let value: Option<Vec<u8>> = tx
            .prepare_cached(
                "SELECT value FROM mls_value WHERE group_key = ?1 AND namespace = ?2 AND label = ?3",
            )?
            .query_row(params![group.0, LIVE, label.number()], |row| row.get(0))
            .optional()?;
        if let Some(value) = value {
            put(tx, group, epoch, label, &codec::blanked(&value)?)?;
        }
    }
    put(tx, group, epoch, Label::GroupState, &codec::operational_state()?)?;
    tx.prepare_cached("INSERT INTO mls_snapshot (group_key, epoch, taken_at) VALUES (?1, ?2, ?3)")?
        .execute(params![group.0, column::signed(epoch), now.0])?;
    Ok(())
}

fn put(
    tx: &Transaction<'_>,
    group: &GroupId,
    epoch: u64,
    label: Label,
    value: &[u8],
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO mls_value (group_key, namespace, label, key, value) VALUES (?1, ?2, ?3, x'', ?4)",
    )?
    .execute(params![group.0, namespace_of(epoch), label.number(), value])?;
    Ok(())
}

/// Epochs of which a snapshot is kept, oldest first.
pub fn past_epochs(connection: &Connection, group: &GroupId) -> Result<Vec<u64>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT epoch FROM mls_snapshot WHERE group_key = ?1 ORDER BY epoch")?;
    let rows = statement.query_map([group.0], |row| column::unsigned(row, 0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deletes all snapshots of a group but the newest `keep`, and of those the ones taken before `older_than`.
pub fn drop_snapshots(
    tx: &Transaction<'_>,
    group: &GroupId,
    keep: usize,
    older_than: Timestamp,
) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT epoch FROM mls_snapshot WHERE group_key = ?1 AND
             (taken_at < ?3 OR epoch NOT IN
                 (SELECT epoch FROM mls_snapshot WHERE group_key = ?1 ORDER BY epoch DESC LIMIT ?2))",
    )?;
    let rows = statement
        .query_map(params![group.0, column::limit(keep), older_than.0], |row| column::unsigned(row, 0))?;
    for epoch in rows.collect::<Result<Vec<_>, _>>()? {
        drop_one(tx, group, epoch)?;
    }
    Ok(())
}

fn drop_one(tx: &Transaction<'_>, group: &GroupId, epoch: u64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM mls_value WHERE group_key = ?1 AND namespace = ?2")?
        .execute(params![group.0, namespace_of(epoch)])?;
    tx.prepare_cached("DELETE FROM mls_snapshot WHERE group_key = ?1 AND epoch = ?2")?
        .execute(params![group.0, column::signed(epoch)])?;
    Ok(())
}

/// Deletes everything of a group, past epochs included. Key packages and signature keys are not part of it.
pub fn delete_group(tx: &Transaction<'_>, group: &GroupId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM mls_value WHERE group_key = ?1")?.execute([group.0])?;
    tx.prepare_cached("DELETE FROM mls_snapshot WHERE group_key = ?1")?.execute([group.0])?;
    Ok(())
}
