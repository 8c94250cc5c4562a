//! Messages that could not be used, kept as they came: not lost, can be looked at and tried again.
//!
//! They come from anybody, so there are bounds ([`make_room`]). What is not kept is still counted ([`summary`]).

use heliograph_model::{Address, ArchiveId, ConversationId, StanzaId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, Transaction, params};

use crate::column::{self, redacted_debug};
use crate::error::StoreError;
use crate::message::Place;
use crate::{archive, conversation};

/// A message in quarantine.
#[derive(Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its row; never used twice.
    pub id: i64,
    /// Where it would belong, if that is known.
    pub conversation: Option<ConversationId>,
    /// The room whose archive has it; `None`: our own account's.
    pub archive: Option<Address>,
    /// Its id there.
    pub archive_id: Option<ArchiveId>,
    /// Id of its stanza.
    pub stanza: Option<StanzaId>,
    /// Short code; nothing private.
    pub reason: String,
    /// The payload.
    pub data: Vec<u8>,
    /// When this device stored it.
    pub received_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What came around the payload, in the engine's own encoding; `None`: nothing can cure it.
    pub arrived: Option<Vec<u8>>,
    /// Its place in the timeline, should it be cured.
    pub position: Option<i64>,
}

redacted_debug!(Quarantined { id, conversation, reason, received_at, attempts });

/// A message to be put into quarantine; fields as in [`Quarantined`].
#[derive(Clone, PartialEq, Eq)]
pub struct NewQuarantined {
    /// Where it would belong, if that is known.
    pub conversation: Option<ConversationId>,
    /// The room whose archive has it; `None`: our own account's.
    pub archive: Option<Address>,
    /// Its id there.
    pub archive_id: Option<ArchiveId>,
    /// Id of its stanza.
    pub stanza: Option<StanzaId>,
    /// Short code; nothing private.
    pub reason: String,
    /// The payload.
    pub data: Vec<u8>,
    /// What came around the payload, in the engine's own encoding; `None`: nothing can cure it.
    pub arrived: Option<Vec<u8>>,
    /// The account that sent it, if it belongs to no conversation.
    pub sender: Option<Address>,
    /// Its place in the timeline, should it be cured.
    pub place: Place,
    /// Now.
    pub received_at: Timestamp,
}

redacted_debug!(NewQuarantined { conversation, reason });

/// A bound: at most so many messages of so many bytes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// Messages.
    pub messages: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Stores a message and returns its row. One that is there already (same archive, same id) counts another try.
pub fn put(tx: &Transaction<'_>, new: &NewQuarantined) -> Result<i64, StoreError> {
    let position = new.place.position(tx)?;
    let mut statement = tx.prepare_cached(
        "INSERT INTO quarantine
             (conversation, archive, archive_id, stanza, reason, data, arrived, sender, position, size, received_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (archive, archive_id) WHERE archive_id IS NOT NULL
             DO UPDATE SET attempts = attempts + 1, reason = excluded.reason
         RETURNING id",
    )?;
    let size = new.data.len() + new.arrived.as_ref().map_or(0, Vec::len);
    let id = statement.query_row(
        params![
            new.conversation.map(|id| id.0),
            archive::key(new.archive.as_ref()),
            new.archive_id.as_ref().map(ArchiveId::as_str),
            new.stanza.as_ref().map(StanzaId::as_str),
            new.reason,
            new.data,
            new.arrived,
            new.sender.as_ref().map(ToString::to_string),
            position,
            column::limit(size),
            new.received_at.0,
        ],
        |row| row.get(0),
    )?;
    touch(tx, new.conversation)?;
    Ok(id)
}

/// Takes out the oldest messages until the bounds hold, of this conversation (`None`: of none) and of all. Those that go are
/// still counted.
pub fn make_room(
    tx: &Transaction<'_>,
    conversation: Option<ConversationId>,
    each: Bound,
    all: Bound,
) -> Result<(), StoreError> {
    let conversation = conversation.map(|id| id.0);
    take_out(tx, "WHERE conversation IS ?1", &[&conversation], each)?;
    take_out(tx, "", &[], all)
}

fn take_out(
    tx: &Transaction<'_>,
    condition: &str,
    parameters: &[&dyn ToSql],
    bound: Bound,
) -> Result<(), StoreError> {
    let mut total =
        tx.prepare_cached(&format!("SELECT count(*), ifnull(sum(size), 0) FROM quarantine {condition}"))?;
    let mut oldest =
        tx.prepare_cached(&format!("SELECT id, size FROM quarantine {condition} ORDER BY id LIMIT 1"))?;
    let (mut messages, mut bytes) =
        total.query_row(parameters, |row| Ok((column::unsigned(row, 0)?, column::unsigned(row, 1)?)))?;
    while messages > bound.messages || bytes > bound.bytes {
        let row: Option<(i64, u64)> =
            oldest.query_row(parameters, |row| Ok((row.get(0)?, column::unsigned(row, 1)?))).optional()?;
        let Some((id, size)) = row else { break };
        drop_counted(tx, id)?;
        messages -= 1;
        bytes -= size;
    }
    Ok(())
}

/// Takes a message out and goes on counting it.
pub fn drop_counted(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO unreadable (conversation, reason, messages)
         SELECT ifnull(conversation, 0), reason, 1 FROM quarantine WHERE id = ?1
         ON CONFLICT DO UPDATE SET messages = messages + 1",
    )?
    .execute([id])?;
    remove(tx, id)
}

/// Counts a message that can't be read and is not worth keeping.
pub fn count(
    tx: &Transaction<'_>,
    conversation: Option<ConversationId>,
    reason: &str,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO unreadable (conversation, reason, messages) VALUES (?1, ?2, 1)
         ON CONFLICT DO UPDATE SET messages = messages + 1",
    )?
    .execute(params![conversation.map_or(0, |id| id.0), reason])?;
    touch(tx, conversation)
}

/// How many messages of a conversation can't be read, by reason, kept or not.
pub fn summary(
    connection: &Connection,
    conversation: ConversationId,
) -> Result<Vec<(String, u64)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT reason, sum(messages) FROM (
             SELECT reason, messages FROM unreadable WHERE conversation = ?1
             UNION ALL SELECT reason, 1 FROM quarantine WHERE conversation = ?1
         ) GROUP BY reason ORDER BY reason",
    )?;
    let rows = statement.query_map([conversation.0], |row| Ok((row.get(0)?, column::unsigned(row, 1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const COLUMNS: &str =
    "id, conversation, nullif(archive, ''), archive_id, stanza, reason, data, received_at, attempts,
    arrived, position";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Quarantined> {
    Ok(Quarantined {
        id: row.get(0)?,
        conversation: row.get::<_, Option<i64>>(1)?.map(ConversationId),
        archive: column::optional_address(row, 2)?,
        archive_id: row.get::<_, Option<String>>(3)?.map(ArchiveId::new),
        stanza: row.get::<_, Option<String>>(4)?.map(StanzaId::new),
        reason: row.get(5)?,
        data: row.get(6)?,
        received_at: column::timestamp(row, 7)?,
        attempts: row.get(8)?,
        arrived: row.get(9)?,
        position: row.get(10)?,
    })
}

/// Everything in quarantine, in order of arrival.
pub fn list(connection: &Connection) -> Result<Vec<Quarantined>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM quarantine ORDER BY id"))?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The message in this row.
pub fn get(connection: &Connection, id: i64) -> Result<Option<Quarantined>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM quarantine WHERE id = ?1"))?;
    Ok(statement.query_row([id], from_row).optional()?)
}

/// Whether anything encrypted came into a conversation's quarantine since `since`, and is still there.
pub fn has_ciphertext_since(
    connection: &Connection,
    conversation: ConversationId,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM quarantine WHERE conversation = ?1 AND received_at >= ?2 AND length(data) > 0)",
    )?;
    Ok(statement.query_row(params![conversation.0, since.0], |row| row.get(0))?)
}

/// A message that may be cured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its row.
    pub id: i64,
    /// Why it could not be used.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// Messages that may be cured, in order of arrival: those of a conversation, and those of its contact that belong to none.
pub fn waiting_in(
    connection: &Connection,
    conversation: ConversationId,
    contact: &Address,
) -> Result<Vec<Waiting>, StoreError> {
    let condition = "AND (conversation = ?1 OR (conversation IS NULL AND sender = ?2))";
    waiting(connection, condition, &[&conversation.0, &contact.to_string()])
}

/// All messages that may be cured, in order of arrival.
pub fn all_waiting(connection: &Connection) -> Result<Vec<Waiting>, StoreError> {
    waiting(connection, "", &[])
}

fn waiting(
    connection: &Connection,
    condition: &str,
    parameters: &[&dyn ToSql],
) -> Result<Vec<Waiting>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, reason, attempts FROM quarantine WHERE arrived IS NOT NULL {condition} ORDER BY id"
    ))?;
    let rows = statement.query_map(parameters, |row| {
        Ok(Waiting { id: row.get(0)?, reason: row.get(1)?, attempts: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// It was tried once more, in vain.
pub fn set_tried(tx: &Transaction<'_>, id: i64, reason: &str) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE quarantine SET attempts = attempts + 1, reason = ?2 WHERE id = ?1")?
        .execute(params![id, reason])?;
    Ok(())
}

/// It could be used after all, or is of no interest.
pub fn remove(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    let conversation: Option<i64> = tx
        .prepare_cached("DELETE FROM quarantine WHERE id = ?1 RETURNING conversation")?
        .query_row([id], |row| row.get(0))
        .optional()?
        .flatten();
    touch(tx, conversation.map(ConversationId))
}

/// An app shows with the conversation how much of it can't be read.
fn touch(tx: &Transaction<'_>, conversation: Option<ConversationId>) -> Result<(), StoreError> {
    conversation.map_or(Ok(()), |id| conversation::touch(tx, id))
}
