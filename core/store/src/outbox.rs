//! What is to be sent, until it is known to have arrived.
//!
//! What an item means is the engine's business; here it is bytes. A row is sealed once, and repeats carry what was sealed.

use heliograph_model::{ConversationId, ConversationKind, StanzaId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::column::{self, redacted_debug, stored_as};
use crate::error::StoreError;

/// One thing to send.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Order of sending within a conversation; never used twice.
    pub id: i64,
    /// Where to.
    pub conversation: ConversationId,
    /// The timeline message, if it is one.
    pub message: Option<i64>,
    /// What to send, in the engine's own encoding.
    pub item: Vec<u8>,
    /// Id of the stanza, once sealed.
    pub stanza: Option<StanzaId>,
    /// The ciphertext, once sealed. Empty for what is sent readable.
    pub sealed: Option<Vec<u8>>,
    /// MLS epoch of the ciphertext.
    pub epoch: Option<u64>,
    /// How far it has got.
    pub state: OutboxState,
    /// How often it was sealed.
    pub attempts: u32,
    /// How often it was handed to a session.
    pub handed_over: u32,
    /// When it was asked for.
    pub created_at: Timestamp,
}

redacted_debug!(OutboxRow { id, conversation, message, epoch, state, attempts });

/// How far an outbox row has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutboxState {
    /// Never handed to a session.
    Queued,
    /// Handed to a session; whether the server has it is not known.
    Sending,
    /// The server acknowledged it; the archive has not shown it yet.
    Sent,
}

stored_as!(OutboxState { Queued = 0, Sending = 1, Sent = 2 });

const COLUMNS: &str =
    "id, conversation, message, item, stanza, sealed, epoch, state, attempts, created_at, handed_over";

fn from_row(row: &Row<'_>) -> rusqlite::Result<OutboxRow> {
    Ok(OutboxRow {
        id: row.get(0)?,
        conversation: ConversationId(row.get(1)?),
        message: row.get(2)?,
        item: row.get(3)?,
        stanza: row.get::<_, Option<String>>(4)?.map(StanzaId::new),
        sealed: row.get(5)?,
        epoch: row.get::<_, Option<i64>>(6)?.and_then(|epoch| u64::try_from(epoch).ok()),
        state: column::stored(row, 7, OutboxState::from_stored)?,
        attempts: row.get(8)?,
        created_at: column::timestamp(row, 9)?,
        handed_over: row.get(10)?,
    })
}

/// Appends a row and returns its id.
pub fn append(
    tx: &Transaction<'_>,
    conversation: ConversationId,
    message: Option<i64>,
    item: &[u8],
    now: Timestamp,
) -> Result<i64, StoreError> {
    insert(tx, conversation, message, item, false, now)
}

/// Appends a row that goes before all that are not urgent, and returns its id.
pub fn append_urgent(
    tx: &Transaction<'_>,
    conversation: ConversationId,
    item: &[u8],
    now: Timestamp,
) -> Result<i64, StoreError> {
    insert(tx, conversation, None, item, true, now)
}

fn insert(
    tx: &Transaction<'_>,
    conversation: ConversationId,
    message: Option<i64>,
    item: &[u8],
    urgent: bool,
    now: Timestamp,
) -> Result<i64, StoreError> {
    tx.prepare_cached(
        "INSERT INTO outbox (conversation, message, item, urgent, state, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![conversation.0, message, item, urgent, OutboxState::Queued.to_stored(), now.0])?;
    Ok(tx.last_insert_rowid())
}

/// The oldest rows of a conversation in this state, in order.
pub fn pending(
    connection: &Connection,
    conversation: ConversationId,
    state: OutboxState,
    limit: usize,
) -> Result<Vec<OutboxRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM outbox WHERE conversation = ?1 AND state = ?2 ORDER BY urgent DESC, id LIMIT ?3"
    ))?;
    let rows = statement.query_map([conversation.0, state.to_stored(), column::limit(limit)], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The row that was sent under this id.
pub fn by_stanza(connection: &Connection, stanza: &StanzaId) -> Result<Option<OutboxRow>, StoreError> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE stanza = ?1 ORDER BY id LIMIT 1"))?;
    Ok(statement.query_row([stanza.as_str()], from_row).optional()?)
}

/// Whether a row is in any state.
pub fn is_empty(connection: &Connection) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM outbox)")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// The row that carries this message of a timeline.
pub fn of_message(connection: &Connection, message: i64) -> Result<Option<OutboxRow>, StoreError> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE message = ?1 ORDER BY id LIMIT 1"))?;
    Ok(statement.query_row([message], from_row).optional()?)
}

/// Conversations that have rows in any state.
pub fn conversations(connection: &Connection) -> Result<Vec<ConversationId>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT DISTINCT conversation FROM outbox ORDER BY conversation")?;
    let rows = statement.query_map([], |row| row.get(0).map(ConversationId))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Keeps what is about to be handed to a session for the first time, or again after it had to be sealed anew. The row is
/// [`OutboxState::Sending`] from now on.
pub fn set_sealed(
    tx: &Transaction<'_>,
    id: i64,
    stanza: &StanzaId,
    sealed: &[u8],
    epoch: Option<u64>,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE outbox SET stanza = ?2, sealed = ?3, epoch = ?4, state = ?5, attempts = attempts + 1,
             handed_over = handed_over + 1 WHERE id = ?1",
    )?
    .execute(params![
        id,
        stanza.as_str(),
        sealed,
        epoch.map(column::signed),
        OutboxState::Sending.to_stored(),
    ])?;
    Ok(())
}

/// Sets how far the row has got.
pub fn set_state(tx: &Transaction<'_>, id: i64, state: OutboxState) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE outbox SET state = ?2 WHERE id = ?1")?.execute([id, state.to_stored()])?;
    Ok(())
}

/// What was sealed is handed to another session.
pub fn set_repeated(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE outbox SET state = ?2, handed_over = handed_over + 1 WHERE id = ?1")?
        .execute([id, OutboxState::Sending.to_stored()])?;
    Ok(())
}

/// Back to [`OutboxState::Queued`], with nothing sealed.
pub fn reset(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE outbox SET stanza = NULL, sealed = NULL, epoch = NULL, state = ?2 WHERE id = ?1",
    )?
    .execute([id, OutboxState::Queued.to_stored()])?;
    Ok(())
}

/// It arrived, or never will.
pub fn remove(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Removes what the server acknowledged in direct conversations, and returns how many rows that were.
pub fn remove_sent_direct(tx: &Transaction<'_>) -> Result<usize, StoreError> {
    let mut statement = tx.prepare_cached(
        "DELETE FROM outbox
         WHERE state = ?1 AND conversation IN (SELECT id FROM conversation WHERE kind = ?2)",
    )?;
    Ok(statement.execute([OutboxState::Sent.to_stored(), ConversationKind::Direct.to_stored()])?)
}

/// Whether something in a direct conversation was handed to a session and not acknowledged.
pub fn has_in_doubt_direct(connection: &Connection) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM outbox JOIN conversation ON conversation.id = outbox.conversation
                        WHERE outbox.state = ?1 AND conversation.kind = ?2)",
    )?;
    let parameters = [OutboxState::Sending.to_stored(), ConversationKind::Direct.to_stored()];
    Ok(statement.query_row(parameters, |row| row.get(0))?)
}
