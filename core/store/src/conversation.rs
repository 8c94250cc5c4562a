//! Conversations: with a contact, in an encrypted group, in an ordinary room.
//!
//! Every change gives the row a new revision, so that an app's list can ask for what changed.

use heliograph_model::{
    Address, ConversationId, ConversationKind, DeliveryState, ErrorCode, GroupId, Security, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, Transaction, params};

use crate::column::{self, redacted_debug, stored_as};
use crate::counter;
use crate::error::StoreError;
use crate::message::{self, Message};

/// A conversation as an app shows it in a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its row.
    pub id: ConversationId,
    /// What it is.
    pub kind: ConversationKind,
    /// The contact, or the room. At most one conversation for each.
    pub address: Address,
    /// What the group calls itself.
    pub name: Option<String>,
    /// Whether what is sent now is encrypted.
    pub security: Security,
    /// Whether one can send.
    pub state: ConversationState,
    /// Why something needs attention.
    pub failure: Option<ErrorCode>,
    /// When it was made on this device.
    pub created_at: Timestamp,
    /// The MLS group in use.
    pub group: Option<GroupId>,
    /// Whether it is an encrypted group that is ours.
    pub owned: bool,
    /// Incoming messages after the read marker.
    pub unread: u64,
    /// Time of the newest message.
    pub last_activity: Option<Timestamp>,
    /// Of the last change to this conversation, its messages' arrival included.
    pub revision: u64,
}

redacted_debug!(Conversation { id, kind, security, state, failure, unread, revision });

/// What a conversation is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConversationState {
    /// Being made; what is sent waits.
    Preparing,
    /// In use.
    Active,
    /// We are no longer in it.
    Left,
    /// It can't be used; see the failure.
    Failed,
}

stored_as!(ConversationState { Preparing = 0, Active = 1, Left = 2, Failed = 3 });

/// A conversation to be made.
#[derive(Clone, PartialEq, Eq)]
pub struct NewConversation {
    /// What it is.
    pub kind: ConversationKind,
    /// The contact, or the room.
    pub address: Address,
    /// What it calls itself.
    pub name: Option<String>,
    /// Whether what is sent is encrypted.
    pub security: Security,
    /// Its first state.
    pub state: ConversationState,
    /// Now.
    pub created_at: Timestamp,
}

redacted_debug!(NewConversation { kind, security, state });

/// What [`from_row`] reads, in its order.
pub(crate) const COLUMNS: &str =
    "conversation.id, conversation.kind, conversation.address, conversation.name, conversation.security,
    conversation.state, conversation.failure, conversation.created_at, conversation.group_id, conversation.unread,
    conversation.last_activity, conversation.revision, ifnull(conversation.owned, 0)";

pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    Ok(Conversation {
        id: ConversationId(row.get(0)?),
        kind: column::kind(row, 1)?,
        address: column::address(row, 2)?,
        name: row.get(3)?,
        security: column::security(row, 4)?,
        state: column::stored(row, 5, ConversationState::from_stored)?,
        failure: column::optional_failure(row, 6)?,
        created_at: column::timestamp(row, 7)?,
        group: column::optional_group(row, 8)?,
        unread: column::unsigned(row, 9)?,
        last_activity: column::optional_timestamp(row, 10)?,
        revision: column::unsigned(row, 11)?,
        owned: row.get(12)?,
    })
}

/// Makes a conversation. A second one with the same address is refused by the database.
pub fn insert(tx: &Transaction<'_>, new: &NewConversation) -> Result<ConversationId, StoreError> {
    let revision = counter::next_revision(tx)?;
    tx.execute(
        "INSERT INTO conversation (kind, address, name, security, state, created_at, revision, owned)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
        params![
            new.kind.to_stored(),
            new.address.to_string(),
            new.name,
            new.security.to_stored(),
            new.state.to_stored(),
            new.created_at.0,
            revision,
        ],
    )?;
    Ok(ConversationId(tx.last_insert_rowid()))
}

/// The conversation of this id.
pub fn get(connection: &Connection, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
    one(connection, "id = ?1", &id.0)
}

/// The conversation with this contact, or in this room.
pub fn by_address(connection: &Connection, address: &Address) -> Result<Option<Conversation>, StoreError> {
    one(connection, "address = ?1", &address.to_string())
}

/// The conversation that uses this MLS group.
pub fn by_group(connection: &Connection, group: &GroupId) -> Result<Option<Conversation>, StoreError> {
    one(connection, "group_id = ?1", &group.0)
}

fn one(
    connection: &Connection,
    condition: &str,
    key: &dyn ToSql,
) -> Result<Option<Conversation>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM conversation WHERE {condition}"))?;
    Ok(statement.query_row([key], from_row).optional()?)
}

/// All conversations, the one with the newest activity first.
pub fn list(connection: &Connection) -> Result<Vec<Conversation>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM conversation ORDER BY ifnull(last_activity, created_at) DESC, id DESC"
    ))?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Keeps what the user is writing; an empty text is none. `false`, and no new revision, if nothing changes by it or there is no
/// such conversation.
pub fn set_draft(tx: &Transaction<'_>, id: ConversationId, draft: &str) -> Result<bool, StoreError> {
    let differs = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM conversation WHERE id = ?1 AND draft <> ?2)")?
        .query_row(params![id.0, draft], |row| row.get::<_, bool>(0))?;
    if differs {
        change(tx, id, "draft = ?3", &[&draft])?;
    }
    Ok(differs)
}

/// Sets the state together with the reason, if there is one.
pub fn set_state(
    tx: &Transaction<'_>,
    id: ConversationId,
    state: ConversationState,
    failure: Option<ErrorCode>,
) -> Result<(), StoreError> {
    let failure = failure.map(ErrorCode::as_str);
    change(tx, id, "state = ?3, failure = ?4", &[&state.to_stored(), &failure])
}

/// Sets or removes the name.
pub fn set_name(tx: &Transaction<'_>, id: ConversationId, name: Option<&str>) -> Result<(), StoreError> {
    change(tx, id, "name = ?3", &[&name])
}

/// Sets the address: of a group whose room had to be made elsewhere.
pub fn set_address(tx: &Transaction<'_>, id: ConversationId, address: &Address) -> Result<(), StoreError> {
    change(tx, id, "address = ?3", &[&address.to_string()])
}

/// Sets or removes the MLS group in use.
pub fn set_group(tx: &Transaction<'_>, id: ConversationId, group: Option<GroupId>) -> Result<(), StoreError> {
    change(tx, id, "group_id = ?3", &[&group.map(|group| group.0)])
}

/// Notes whether it is an encrypted group that is ours. No new revision if that is known already.
pub fn set_owned(tx: &Transaction<'_>, id: ConversationId, owned: bool) -> Result<(), StoreError> {
    let known = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM conversation WHERE id = ?1 AND owned = ?2)")?
        .query_row(params![id.0, owned], |row| row.get::<_, bool>(0))?;
    if known { Ok(()) } else { change(tx, id, "owned = ?3", &[&owned]) }
}

/// Groups in use of which an older version has not noted whether they are ours.
pub fn owner_unknown(connection: &Connection) -> Result<Vec<(ConversationId, GroupId)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, group_id FROM conversation WHERE owned IS NULL AND group_id IS NOT NULL",
    )?;
    let rows = statement.query_map([], |row| Ok((ConversationId(row.get(0)?), column::group(row, 1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Sets whether what is sent from now on is encrypted.
pub fn set_security(tx: &Transaction<'_>, id: ConversationId, security: Security) -> Result<(), StoreError> {
    change(tx, id, "security = ?3", &[&security.to_stored()])
}

fn change(
    tx: &Transaction<'_>,
    id: ConversationId,
    assignments: &str,
    values: &[&dyn ToSql],
) -> Result<(), StoreError> {
    let revision = counter::next_revision(tx)?;
    let mut statement =
        tx.prepare_cached(&format!("UPDATE conversation SET revision = ?2, {assignments} WHERE id = ?1"))?;
    let mut parameters: Vec<&dyn ToSql> = vec![&id.0, &revision];
    parameters.extend_from_slice(values);
    statement.execute(parameters.as_slice())?;
    Ok(())
}

/// The user has seen the conversation up to this message. A message before the read marker changes nothing. Where it changes
/// something, the place up to which everything had been read before.
///
/// A message without a position (of ours, still on its way) stands after everything else, so all that has a position counts
/// as read.
pub fn mark_read(tx: &Transaction<'_>, id: ConversationId, up_to: i64) -> Result<Option<i64>, StoreError> {
    let shown = |message: &Message| message.conversation == id && message.state != DeliveryState::Discarded;
    let Some(message) = message::get(tx, up_to)?.filter(shown) else { return Ok(None) };
    let place = match message.position {
        Some(position) => position,
        None => counter::last_position(tx)?,
    };
    let before = read_place(tx, id)?;
    if before >= place {
        return Ok(None);
    }
    set_read_place(tx, id, place)?;
    Ok(Some(before))
}

/// The place up to which everything is read.
pub(crate) fn read_place(tx: &Transaction<'_>, id: ConversationId) -> Result<i64, StoreError> {
    let mut statement = tx.prepare_cached("SELECT read_place FROM conversation WHERE id = ?1")?;
    Ok(statement.query_row([id.0], |row| row.get(0))?)
}

/// Moves the read marker, and counts what is unread.
pub(crate) fn set_read_place(tx: &Transaction<'_>, id: ConversationId, place: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE conversation SET read_place = ?2 WHERE id = ?1")?.execute([id.0, place])?;
    change(
        tx,
        id,
        "unread = (SELECT count(*) FROM message
                   WHERE conversation = ?1 AND place > conversation.read_place AND outgoing = 0)",
        &[],
    )
}

/// A message came in or went out, which is the conversation's change of this revision. Incoming ones after the read marker
/// count as unread.
pub(crate) fn note_message(
    tx: &Transaction<'_>,
    id: ConversationId,
    outgoing: bool,
    place: i64,
    at: Timestamp,
    revision: i64,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE conversation SET revision = ?2, unread = unread + (?3 AND ?4 > read_place),
             last_activity = max(ifnull(last_activity, ?5), ?5)
         WHERE id = ?1",
    )?
    .execute(params![id.0, revision, !outgoing, place, at.0])?;
    Ok(())
}

/// Something that belongs to the conversation changed.
pub(crate) fn touch(tx: &Transaction<'_>, id: ConversationId) -> Result<(), StoreError> {
    let revision = counter::next_revision(tx)?;
    tx.prepare_cached("UPDATE conversation SET revision = ?2 WHERE id = ?1")?.execute([id.0, revision])?;
    Ok(())
}
