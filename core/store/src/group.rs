//! MLS groups (RFC 9420), as far as the engine has to know without loading them. Their state is in
//! [`mls_storage`](crate::mls_storage).

use heliograph_model::{Address, ConversationId, GroupId, StanzaId};
use rusqlite::{Connection, Row, ToSql, Transaction, params};

use crate::column::{self, redacted_debug, stored_as};
use crate::error::StoreError;

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Its MLS group id.
    pub id: GroupId,
    /// Where its messages are shown.
    pub conversation: ConversationId,
    /// The room that orders its commits; `None` in direct chats.
    pub room: Option<Address>,
    /// The epoch that we are in.
    pub epoch: u64,
    /// The first epoch that we can read.
    pub joined_epoch: u64,
    /// Whether it can be used.
    pub state: GroupState,
    /// Our commit that waits for its place in the archive.
    pub pending: Option<PendingCommit>,
}

/// Whether a group can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupState {
    /// We are a member.
    Active,
    /// We were removed.
    Left,
    /// We lost track of it and have to join again.
    Broken,
}

stored_as!(GroupState { Active = 0, Left = 1, Broken = 2 });

/// A commit of ours that is not merged: it counts only once it comes back from the room in its archive's order.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingCommit {
    /// Id of its stanza.
    pub stanza: StanzaId,
    /// The commit; every repeat carries the same bytes.
    pub data: Vec<u8>,
    /// What to do once it is ordered, in the engine's own encoding.
    pub welcomes: Vec<u8>,
    /// Whether it was handed to a session.
    pub sent: bool,
}

redacted_debug!(PendingCommit { stanza, sent });

const COLUMNS: &str = "id, conversation, room, epoch, joined_epoch, state, pending_stanza, pending_data,
    pending_welcomes, pending_sent";

fn from_row(row: &Row<'_>) -> rusqlite::Result<GroupRow> {
    let pending = match row.get::<_, Option<String>>(6)? {
        Some(stanza) => Some(PendingCommit {
            stanza: StanzaId::new(stanza),
            data: row.get(7)?,
            welcomes: row.get(8)?,
            sent: row.get(9)?,
        }),
        None => None,
    };
    Ok(GroupRow {
        id: column::group(row, 0)?,
        conversation: ConversationId(row.get(1)?),
        room: column::optional_address(row, 2)?,
        epoch: column::unsigned(row, 3)?,
        joined_epoch: column::unsigned(row, 4)?,
        state: column::stored(row, 5, GroupState::from_stored)?,
        pending,
    })
}

/// Stores a group that was made or joined. One that was left and joined again replaces its old row.
pub fn insert(tx: &Transaction<'_>, group: &GroupRow) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO mls_group (id, conversation, room, epoch, joined_epoch, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET conversation = excluded.conversation, room = excluded.room, epoch = excluded.epoch,
             joined_epoch = excluded.joined_epoch, state = excluded.state",
    )?
    .execute(params![
        group.id.0,
        group.conversation.0,
        group.room.as_ref().map(ToString::to_string),
        column::signed(group.epoch),
        column::signed(group.joined_epoch),
        group.state.to_stored(),
    ])?;
    set_pending(tx, &group.id, group.pending.as_ref())
}

/// The group of this id.
pub fn get(connection: &Connection, id: &GroupId) -> Result<Option<GroupRow>, StoreError> {
    Ok(select(connection, "id = ?1", &id.0)?.pop())
}

/// The group that this room orders; of several, one that is active, else the newest.
pub fn by_room(connection: &Connection, room: &Address) -> Result<Option<GroupRow>, StoreError> {
    Ok(select(connection, "room = ?1 ORDER BY state = 0, rowid", &room.to_string())?.pop())
}

/// All groups of a conversation, the oldest first, in whatever state.
pub fn of_conversation(connection: &Connection, id: ConversationId) -> Result<Vec<GroupRow>, StoreError> {
    select(connection, "conversation = ?1 ORDER BY rowid", &id.0)
}

/// All groups that we are a member of.
pub fn list_active(connection: &Connection) -> Result<Vec<GroupRow>, StoreError> {
    select(connection, "state = ?1 ORDER BY rowid", &GroupState::Active.to_stored())
}

fn select(connection: &Connection, condition: &str, key: &dyn ToSql) -> Result<Vec<GroupRow>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM mls_group WHERE {condition}"))?;
    let rows = statement.query_map([key], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A commit was merged.
pub fn set_epoch(tx: &Transaction<'_>, id: &GroupId, epoch: u64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE mls_group SET epoch = ?2 WHERE id = ?1")?
        .execute(params![id.0, column::signed(epoch)])?;
    Ok(())
}

/// Sets or removes our commit that waits.
pub fn set_pending(
    tx: &Transaction<'_>,
    id: &GroupId,
    pending: Option<&PendingCommit>,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE mls_group SET pending_stanza = ?2, pending_data = ?3, pending_welcomes = ?4, pending_sent = ?5
         WHERE id = ?1",
    )?
    .execute(params![
        id.0,
        pending.map(|pending| pending.stanza.as_str()),
        pending.map(|pending| pending.data.as_slice()),
        pending.map(|pending| pending.welcomes.as_slice()),
        pending.map(|pending| pending.sent),
    ])?;
    Ok(())
}

/// Sets whether the group can be used.
pub fn set_state(tx: &Transaction<'_>, id: &GroupId, state: GroupState) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE mls_group SET state = ?2 WHERE id = ?1")?
        .execute(params![id.0, state.to_stored()])?;
    Ok(())
}
