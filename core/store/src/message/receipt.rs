//! Receipts: those that others sent for our messages, and those that we owe for theirs.

use heliograph_model::{Address, ConversationId, MessageId, Security, StanzaId, Timestamp};
use rusqlite::{Connection, Row, Transaction, params};

use super::Message;
use crate::column::{self, redacted_debug};
use crate::counter;
use crate::error::StoreError;

/// What a receipt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptKind {
    /// The account has the message.
    Delivered,
    /// The account has shown the message to its user; it has it, too.
    Displayed,
}

/// A message for which a receipt of ours is owed.
#[derive(Clone, PartialEq, Eq)]
pub struct DueReceipt {
    /// Its row.
    pub row: i64,
    /// Who wrote it.
    pub author: Address,
    /// Its id.
    pub id: MessageId,
    /// Id of the stanza that carried it.
    pub stanza: Option<StanzaId>,
    /// How it travelled, and so must the receipt.
    pub security: Security,
    /// When this device stored it.
    pub received_at: Timestamp,
}

redacted_debug!(DueReceipt { row, security });

/// From the columns row, sender, id, stanza, security and received_at of a message of an account.
pub(super) fn due_from_row(row: &Row<'_>) -> rusqlite::Result<DueReceipt> {
    Ok(DueReceipt {
        row: row.get(0)?,
        author: column::address(row, 1)?,
        id: MessageId::new(row.get::<_, String>(2)?),
        stanza: row.get::<_, Option<String>>(3)?.map(StanzaId::new),
        security: column::security(row, 4)?,
        received_at: column::timestamp(row, 5)?,
    })
}

/// What one account said about a message of ours.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Who.
    pub who: Address,
    /// When we learned that it has the message.
    pub delivered_at: Timestamp,
    /// When we learned that it has shown it.
    pub displayed_at: Option<Timestamp>,
}

redacted_debug!(Receipt { delivered_at, displayed_at });

/// What others said about the message in this row, by their addresses.
pub fn receipts(connection: &Connection, row: i64) -> Result<Vec<Receipt>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT who, delivered_at, displayed_at FROM receipt WHERE message = ?1 ORDER BY who",
    )?;
    let rows = statement.query_map([row], |row| {
        Ok(Receipt {
            who: column::address(row, 0)?,
            delivered_at: column::timestamp(row, 1)?,
            displayed_at: column::optional_timestamp(row, 2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Counts a receipt of `who` for the message in this row. `false` if it says nothing new.
pub fn receipt(
    tx: &Transaction<'_>,
    row: i64,
    who: &Address,
    kind: ReceiptKind,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let who = who.to_string();
    let delivered = tx
        .prepare_cached(
            "INSERT INTO receipt (message, who, delivered_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![row, who, at.0])?;
    let displayed = match kind {
        ReceiptKind::Delivered => 0,
        ReceiptKind::Displayed => tx
            .prepare_cached(
                "UPDATE receipt SET displayed_at = ?3 WHERE message = ?1 AND who = ?2 AND displayed_at IS NULL",
            )?
            .execute(params![row, who, at.0])?,
    };
    if delivered + displayed == 0 {
        return Ok(false);
    }
    let revision = counter::next_revision(tx)?;
    tx.prepare_cached(
        "UPDATE message SET delivered_to = delivered_to + ?2, displayed_by = displayed_by + ?3, revision = ?4
         WHERE row = ?1",
    )?
    .execute(params![row, column::limit(delivered), column::limit(displayed), revision])?;
    Ok(true)
}

/// The texts of an account between two of them, both included, in the timeline's order. None if one of them is not there, or
/// no archive has shown it.
pub fn between(
    connection: &Connection,
    conversation: ConversationId,
    author: &Address,
    first: &MessageId,
    last: &MessageId,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    const PLACE: &str = "SELECT place FROM message
         WHERE conversation = ?1 AND sender_kind = 0 AND sender = ?2 AND place < ?5 AND id =";
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM message WHERE conversation = ?1 AND sender_kind = 0 AND sender = ?2
             AND place BETWEEN ({PLACE} ?3) AND ({PLACE} ?4) ORDER BY place LIMIT ?6",
        super::columns()
    ))?;
    let rows = statement.query_map(
        params![
            conversation.0,
            author.to_string(),
            first.as_str(),
            last.as_str(),
            super::UNPLACED,
            column::limit(limit)
        ],
        super::read,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The oldest messages of a conversation that travelled like this and for which a receipt is owed.
pub fn due_receipts(
    connection: &Connection,
    conversation: ConversationId,
    security: Security,
    limit: usize,
) -> Result<Vec<DueReceipt>, StoreError> {
    // Receipts name accounts; an occupant of an ordinary room gets none.
    let mut statement = connection.prepare_cached(
        "SELECT row, sender, id, stanza, security, received_at FROM message
         WHERE conversation = ?1 AND receipt_due = 1 AND sender_kind = 0 AND security = ?2 ORDER BY place LIMIT ?3",
    )?;
    let rows =
        statement.query_map([conversation.0, security.to_stored(), column::limit(limit)], due_from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Conversations in which receipts are owed.
pub fn conversations_with_due_receipts(connection: &Connection) -> Result<Vec<ConversationId>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT conversation FROM message WHERE receipt_due = 1 AND sender_kind = 0 ORDER BY conversation",
    )?;
    let rows = statement.query_map([], |row| row.get(0).map(ConversationId))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The receipts for these rows are on their way. Nothing that a timeline shows, so no new revision.
pub fn set_receipt_sent(tx: &Transaction<'_>, rows: &[i64]) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached("UPDATE message SET receipt_due = 0 WHERE row = ?1")?;
    for row in rows {
        statement.execute([row])?;
    }
    Ok(())
}
