//! How far each archive (XEP-0313) was read, and what is missing from it.
//!
//! An archive is named by its room; `None` is our own account's. Nothing here remembers which messages were seen:
//! duplicates are found by message id, and by MLS itself, which decrypts nothing twice.

use heliograph_model::{Address, ArchiveId};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::counter::{self, GAP_POSITIONS};
use crate::error::StoreError;

/// A stretch of history that we do not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Its row.
    pub id: i64,
    /// Last message before it; `None`: it goes back to the archive's beginning.
    pub after: Option<ArchiveId>,
    /// First message after it; `None`: not known.
    pub before: Option<ArchiveId>,
    /// Where the seam stands in timelines: after every position below, before every position above.
    pub position: i64,
    /// Positions between `position` and this one are free for what is in the gap.
    pub ceiling: i64,
}

impl Gap {
    /// How many positions are left for filling it.
    pub fn room(&self) -> usize {
        usize::try_from(self.ceiling.saturating_sub(self.position)).unwrap_or_default()
    }
}

const COLUMNS: &str = "id, after_id, before_id, position, ceiling";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Gap> {
    Ok(Gap {
        id: row.get(0)?,
        after: row.get::<_, Option<String>>(1)?.map(ArchiveId::new),
        before: row.get::<_, Option<String>>(2)?.map(ArchiveId::new),
        position: row.get(3)?,
        ceiling: row.get(4)?,
    })
}

/// The key of an archive in the database.
pub(crate) fn key(archive: Option<&Address>) -> String {
    archive.map(ToString::to_string).unwrap_or_default()
}

/// The last message that was stored, quarantined or skipped.
pub fn cursor(connection: &Connection, archive: Option<&Address>) -> Result<Option<ArchiveId>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT archive_id FROM archive_cursor WHERE archive = ?1")?;
    let id = statement.query_row([key(archive)], |row| row.get::<_, String>(0)).optional()?;
    Ok(id.map(ArchiveId::new))
}

/// Moves the cursor. Only in the transaction that stored or quarantined the message.
pub fn set_cursor(tx: &Transaction<'_>, archive: Option<&Address>, id: &ArchiveId) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO archive_cursor (archive, archive_id) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET archive_id = excluded.archive_id",
    )?
    .execute(params![key(archive), id.as_str()])?;
    Ok(())
}

/// Notes that something is missing here, before the messages that come after it are stored, and returns the gap's row.
///
/// Positions are set aside so that what fills the gap later sorts between what lies around it.
pub fn add_gap(
    tx: &Transaction<'_>,
    archive: Option<&Address>,
    after: Option<&ArchiveId>,
    before: Option<&ArchiveId>,
) -> Result<i64, StoreError> {
    let position = counter::reserve_positions(tx)?;
    tx.prepare_cached(
        "INSERT INTO archive_gap (archive, after_id, before_id, position, ceiling) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        key(archive),
        after.map(ArchiveId::as_str),
        before.map(ArchiveId::as_str),
        position,
        position + GAP_POSITIONS,
    ])?;
    Ok(tx.last_insert_rowid())
}

/// What is missing from an archive, oldest first.
pub fn gaps(connection: &Connection, archive: Option<&Address>) -> Result<Vec<Gap>, StoreError> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM archive_gap WHERE archive = ?1 ORDER BY position"))?;
    let rows = statement.query_map([key(archive)], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The gap in this row, if it is still there.
pub fn gap(connection: &Connection, id: i64) -> Result<Option<Gap>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM archive_gap WHERE id = ?1"))?;
    Ok(statement.query_row([id], from_row).optional()?)
}

/// The gap was filled down to `before`, whose position is the new ceiling. Only in the transaction that stored what filled
/// it.
pub fn narrow_gap(tx: &Transaction<'_>, id: i64, before: &ArchiveId, ceiling: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE archive_gap SET before_id = ?2, ceiling = ?3 WHERE id = ?1")?
        .execute(params![id, before.as_str(), ceiling])?;
    Ok(())
}

/// What is in the gap is no longer in the archive: nobody can fill it any more.
pub fn give_up_gap(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE archive_gap SET before_id = NULL WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// The gap was filled.
pub fn remove_gap(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM archive_gap WHERE id = ?1")?.execute([id])?;
    Ok(())
}
