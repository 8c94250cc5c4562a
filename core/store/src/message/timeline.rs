//! What a timeline shows: pages from new to old, and what changed since.

use heliograph_model::ConversationId;
use rusqlite::{Connection, params};

use super::{COLUMNS, Message, NOWHERE, UNPLACED, from_row};
use crate::column;
use crate::counter;
use crate::error::StoreError;

/// A place in a timeline: just before a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor(i64);

impl Cursor {
    /// Whether what stands at this position comes before it.
    pub fn is_after(self, position: i64) -> bool {
        position < self.0
    }
}

impl Message {
    /// The place just before this message, for [`page`].
    pub fn cursor(&self) -> Cursor {
        Cursor(self.position.unwrap_or(UNPLACED + self.row))
    }

    /// Whether it stands at this place or behind it. Where that was the place of one of ours that had none of its own yet,
    /// those written since have since got theirs, in whatever order: then the later row counts.
    pub fn is_from(&self, place: Cursor) -> bool {
        if place.0 >= UNPLACED { UNPLACED + self.row >= place.0 } else { self.cursor() >= place }
    }
}

/// The newest `limit` messages before the cursor, or of all; the oldest of them first.
pub fn page(
    connection: &Connection,
    conversation: ConversationId,
    before: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM message WHERE conversation = ?1 AND place < ?2 AND place > {NOWHERE}
         ORDER BY place DESC LIMIT ?3"
    ))?;
    let before = before.map_or(i64::MAX, |cursor| cursor.0);
    let rows = statement.query_map([conversation.0, before, column::limit(limit)], from_row)?;
    let mut messages = rows.collect::<Result<Vec<_>, _>>()?;
    messages.reverse();
    Ok(messages)
}

/// Messages of a conversation, or of all, that are new or changed after this revision, in order of change.
pub fn changed_since(
    connection: &Connection,
    conversation: Option<ConversationId>,
    revision: u64,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    // The plus keeps SQLite off the conversation's index: what changed lately is few, a conversation may be long.
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM message WHERE (?1 IS NULL OR +conversation = ?1) AND revision > ?2
         ORDER BY revision LIMIT ?3"
    ))?;
    let rows = statement.query_map(
        params![conversation.map(|id| id.0), column::signed(revision), column::limit(limit)],
        from_row,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many messages of others are new after this revision. One that was there before and changed counts as well, which
/// happens to a message of others only when an archive shows it again.
pub fn count_incoming_since(connection: &Connection, revision: u64) -> Result<u64, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT count(*) FROM message WHERE revision > ?1 AND outgoing = 0")?;
    Ok(statement.query_row([column::signed(revision)], |row| column::unsigned(row, 0))?)
}

/// The last revision given to anything in this database: a message or a conversation.
pub fn latest_revision(connection: &Connection) -> Result<u64, StoreError> {
    Ok(u64::try_from(counter::last_revision(connection)?).unwrap_or_default())
}
