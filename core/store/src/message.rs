//! Messages with a text: storing them once, and finding them again.
//!
//! Their order in a timeline is not the order of their times, which are others' clocks, but of their positions: numbers of
//! one growing counter, given when an archive shows where the message stands. A message of ours that is still on its way
//! has none and stands after all that have one.
//!
//! Here: the types, [`insert`] and look-ups. In the submodules: how far a message has got ([`raise_state`]), receipts and
//! markers, and the pages and changes that a timeline shows.

mod delivery;
mod marker;
mod order;
mod receipt;
mod timeline;

use std::borrow::Cow;

use heliograph_model::{
    Address, ArchiveId, ConversationId, DeliveryState, ErrorCode, MessageId, Security, StanzaId, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::column::{self, redacted_debug};
use crate::conversation;
use crate::counter;
use crate::error::StoreError;
use crate::search;

pub use delivery::{
    discard, fail, note_copy, raise_state, send_again, set_archived, set_security, set_stanza,
};
pub use marker::{drop_markers, due_markers, newest_markable, owe_marker, shown_up_to, take_marker};
pub use order::{Sequence, next_sequence, sequence};
use receipt::due_from_row;
pub use receipt::{
    DueReceipt, Receipt, ReceiptKind, between, conversations_with_due_receipts, due_receipts, receipt,
    receipts, set_receipt_sent,
};
pub use timeline::{Cursor, changed_since, count_incoming_since, latest_revision, page};

/// Places from here on belong to messages without a position, in the order of their rows.
const UNPLACED: i64 = 1 << 62;

/// The place of a message that was taken back: before all that a timeline shows, the first position being 1.
const NOWHERE: i64 = 0;

/// A message as a timeline shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Its row; never used twice.
    pub row: i64,
    /// Where it belongs.
    pub conversation: ConversationId,
    /// Chosen by its sender.
    pub id: MessageId,
    /// Id of the stanza that carried it.
    pub stanza: Option<StanzaId>,
    /// Its id in the archive that is responsible for the conversation.
    pub archive: Option<ArchiveId>,
    /// Who wrote it.
    pub sender: Sender,
    /// Whether that is us.
    pub outgoing: bool,
    /// How it travelled.
    pub security: Security,
    /// What it says, as received.
    pub text: String,
    /// When it was sent, as the server noted it.
    pub sent_at: Timestamp,
    /// When this device stored it.
    pub received_at: Timestamp,
    /// Its order in the timeline; `None` while no archive has shown it, and where it was taken back.
    pub position: Option<i64>,
    /// How far it has got.
    pub state: DeliveryState,
    /// Why it can't be sent.
    pub failure: Option<ErrorCode>,
    /// Accounts that have it.
    pub delivered_to: u32,
    /// Accounts that have shown it.
    pub displayed_by: u32,
    /// Of the last change to this message.
    pub revision: u64,
}

redacted_debug!(Message { row, conversation, outgoing, security, position, state, failure, revision });

impl Message {
    /// Its text as it may be shown (see [`heliograph_model::text`]).
    pub fn readable(&self) -> Cow<'_, str> {
        heliograph_model::text::readable(&self.text)
    }
}

/// Who wrote a message.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// An account.
    Account(Address),
    /// Somebody in an ordinary room, known by a nick only.
    Occupant(String),
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Account(_) => "Account(redacted)",
            Self::Occupant(_) => "Occupant(redacted)",
        })
    }
}

impl Sender {
    /// `sender_kind` of an account.
    const ACCOUNT: i64 = 0;
    /// `sender_kind` of an occupant.
    const OCCUPANT: i64 = 1;

    /// What to call them (see [`heliograph_model::name`]).
    pub fn name(&self) -> String {
        match self {
            Self::Account(address) => address.name(),
            Self::Occupant(nick) => heliograph_model::name::nick(nick),
        }
    }

    /// As stored: kind and text.
    fn to_stored(&self) -> (i64, String) {
        match self {
            Self::Account(address) => (Self::ACCOUNT, address.to_string()),
            Self::Occupant(nick) => (Self::OCCUPANT, nick.clone()),
        }
    }

    pub(crate) fn from_row(row: &Row<'_>, kind: usize, text: usize) -> rusqlite::Result<Self> {
        match row.get(kind)? {
            Self::ACCOUNT => column::address(row, text).map(Self::Account),
            Self::OCCUPANT => row.get(text).map(Self::Occupant),
            other => Err(rusqlite::Error::IntegralValueOutOfRange(kind, other)),
        }
    }
}

/// A message to be stored; fields as in [`Message`].
#[derive(Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Where it belongs.
    pub conversation: ConversationId,
    /// Chosen by its sender.
    pub id: MessageId,
    /// Id of the stanza that carried it.
    pub stanza: Option<StanzaId>,
    /// Its id in the archive that is responsible for the conversation.
    pub archive: Option<ArchiveId>,
    /// Who wrote it.
    pub sender: Sender,
    /// Whether that is us.
    pub outgoing: bool,
    /// How it travelled.
    pub security: Security,
    /// What it says.
    pub text: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Now.
    pub received_at: Timestamp,
    /// How far it has got.
    pub state: DeliveryState,
    /// Whether a receipt of ours is owed for it.
    pub receipt_due: bool,
    /// Whether its author wants to know when it was shown.
    pub markable: bool,
    /// Its order in the timeline.
    pub place: Place,
    /// Its order among the texts of the device that wrote it, if that is known.
    pub sequence: Option<Sequence>,
}

redacted_debug!(NewMessage { conversation, outgoing, security, state, receipt_due, place });

/// Which position a message gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// None yet: an archive will show where it stands.
    Unknown,
    /// After everything that has one.
    Next,
    /// This one, of those that a gap reserved.
    At(i64),
}

impl Place {
    pub(crate) fn position(self, tx: &Transaction<'_>) -> Result<Option<i64>, StoreError> {
        match self {
            Self::Unknown => Ok(None),
            Self::Next => counter::next_position(tx).map(Some),
            Self::At(position) => Ok(Some(position)),
        }
    }
}

/// What became of a message to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Inserted {
    /// It was stored in this row.
    New(i64),
    /// A message of the same conversation, sender and id is in this row; nothing changed.
    Duplicate(i64),
}

const COLUMNS: &str = "message.row, message.conversation, message.id, message.stanza, message.archive,
    message.sender_kind, message.sender, message.outgoing, message.security, message.text, message.sent_at,
    message.received_at, message.place, message.state, message.failure, message.delivered_to, message.displayed_by,
    message.revision";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Message> {
    let place: i64 = row.get(12)?;
    Ok(Message {
        row: row.get(0)?,
        conversation: ConversationId(row.get(1)?),
        id: MessageId::new(row.get::<_, String>(2)?),
        stanza: row.get::<_, Option<String>>(3)?.map(StanzaId::new),
        archive: row.get::<_, Option<String>>(4)?.map(ArchiveId::new),
        sender: Sender::from_row(row, 5, 6)?,
        outgoing: row.get(7)?,
        security: column::security(row, 8)?,
        text: row.get(9)?,
        sent_at: column::timestamp(row, 10)?,
        received_at: column::timestamp(row, 11)?,
        position: (NOWHERE + 1..UNPLACED).contains(&place).then_some(place),
        state: column::delivery(row, 13)?,
        failure: column::optional_failure(row, 14)?,
        delivered_to: row.get(15)?,
        displayed_by: row.get(16)?,
        revision: column::unsigned(row, 17)?,
    })
}

/// Stores a message, unless it is there already.
pub fn insert(tx: &Transaction<'_>, new: &NewMessage) -> Result<Inserted, StoreError> {
    let (sender_kind, sender) = new.sender.to_stored();
    let known: Option<i64> = tx
        .prepare_cached(
            "SELECT row FROM message WHERE conversation = ?1 AND id = ?2 AND sender_kind = ?3 AND sender = ?4",
        )?
        .query_row(params![new.conversation.0, new.id.as_str(), sender_kind, sender], |row| row.get(0))
        .optional()?;
    if let Some(row) = known {
        if let Some(archive) = &new.archive {
            note_copy(tx, row, archive)?;
        }
        return Ok(Inserted::Duplicate(row));
    }
    // Two revisions: the message's, and after it the conversation's.
    let counters = counter::take(tx, 2, i64::from(new.place == Place::Next))?;
    let position = match new.place {
        Place::Unknown => None,
        Place::Next => Some(counters.position),
        Place::At(position) => Some(position),
    };
    tx.prepare_cached(
        "INSERT INTO message (conversation, id, sender_kind, sender, stanza, archive, outgoing, security, text, sent_at,
                              received_at, place, state, receipt_due, revision, markable, device, sequence)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?
    .execute(params![
        new.conversation.0,
        new.id.as_str(),
        sender_kind,
        sender,
        new.stanza.as_ref().map(StanzaId::as_str),
        new.archive.as_ref().map(ArchiveId::as_str),
        new.outgoing,
        new.security.to_stored(),
        new.text,
        new.sent_at.0,
        new.received_at.0,
        position.unwrap_or(UNPLACED),
        new.state.to_stored(),
        new.receipt_due,
        counters.revision - 1,
        new.markable,
        new.sequence.map(|sequence| sequence.device.0),
        new.sequence.map(|sequence| column::signed(sequence.number)),
    ])?;
    let row = tx.last_insert_rowid();
    search::add(tx, row, &new.text)?;
    if position.is_none() {
        let statement = "UPDATE message SET place = ?2 WHERE row = ?1";
        tx.prepare_cached(statement)?.execute([row, UNPLACED + row])?;
    }
    // A sender's clock that runs ahead must not hold the conversation at the top of the list.
    let at = new.sent_at.min(new.received_at);
    let place = position.unwrap_or(UNPLACED);
    conversation::note_message(tx, new.conversation, new.outgoing, place, at, counters.revision)?;
    if new.place == Place::Next {
        order::settle(tx, new.conversation, row)?;
    }
    Ok(Inserted::New(row))
}

/// The message in this row.
pub fn get(connection: &Connection, row: i64) -> Result<Option<Message>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM message WHERE row = ?1"))?;
    Ok(statement.query_row([row], from_row).optional()?)
}

/// The message that came, or went, in this stanza.
pub fn by_stanza(
    connection: &Connection,
    conversation: ConversationId,
    stanza: &StanzaId,
) -> Result<Option<Message>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM message WHERE conversation = ?1 AND stanza = ?2 ORDER BY row LIMIT 1"
    ))?;
    Ok(statement.query_row(params![conversation.0, stanza.as_str()], from_row).optional()?)
}

/// The last row that any message has.
pub fn last_row(connection: &Connection) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT ifnull(max(row), 0) FROM message")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Messages of a conversation that were stored after this row and stand before this position, in the timeline's order.
pub fn stored_since(
    connection: &Connection,
    conversation: ConversationId,
    row: i64,
    below: i64,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM message WHERE row > ?1 AND +conversation = ?2 AND +place < ?3 ORDER BY place LIMIT ?4"
    ))?;
    let rows = statement.query_map([row, conversation.0, below, column::limit(limit)], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// All messages of this id, at most one of each sender.
pub fn by_id(
    connection: &Connection,
    conversation: ConversationId,
    id: &MessageId,
) -> Result<Vec<Message>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM message WHERE conversation = ?1 AND id = ?2 ORDER BY row"
    ))?;
    let rows = statement.query_map(params![conversation.0, id.as_str()], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn columns() -> &'static str {
    COLUMNS
}

pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Message> {
    from_row(row)
}

#[cfg(test)]
mod tests;
