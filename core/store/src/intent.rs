//! What the user asked for and takes several steps. What an item means is the engine's business.

use heliograph_model::{ConversationId, Timestamp};
use rusqlite::{Connection, Row, Transaction, params};

use crate::column::{self, redacted_debug};
use crate::error::StoreError;

/// One durable wish.
#[derive(Clone, PartialEq, Eq)]
pub struct Intent {
    /// Order within a conversation; never used twice.
    pub id: i64,
    /// Where.
    pub conversation: ConversationId,
    /// The wish, in the engine's own encoding.
    pub item: Vec<u8>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
}

redacted_debug!(Intent { id, conversation, created_at, attempts });

fn from_row(row: &Row<'_>) -> rusqlite::Result<Intent> {
    Ok(Intent {
        id: row.get(0)?,
        conversation: ConversationId(row.get(1)?),
        item: row.get(2)?,
        created_at: column::timestamp(row, 3)?,
        attempts: row.get(4)?,
    })
}

/// Appends a wish and returns its id.
pub fn append(
    tx: &Transaction<'_>,
    conversation: ConversationId,
    item: &[u8],
    now: Timestamp,
) -> Result<i64, StoreError> {
    tx.prepare_cached("INSERT INTO intent (conversation, item, created_at) VALUES (?1, ?2, ?3)")?
        .execute(params![conversation.0, item, now.0])?;
    Ok(tx.last_insert_rowid())
}

/// The wishes of a conversation, in order.
pub fn list(connection: &Connection, conversation: ConversationId) -> Result<Vec<Intent>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, conversation, item, created_at, attempts FROM intent WHERE conversation = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([conversation.0], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// All wishes, in order.
pub fn all(connection: &Connection) -> Result<Vec<Intent>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT id, conversation, item, created_at, attempts FROM intent ORDER BY id")?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Fulfilled or refused.
pub fn remove(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM intent WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Counts a try.
pub fn bump(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE intent SET attempts = attempts + 1 WHERE id = ?1")?.execute([id])?;
    Ok(())
}
