//! Markers: who has shown what (XEP-0333). A marker for one message covers all before it in the timeline.

use heliograph_model::{Address, ConversationId, DeliveryState};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{COLUMNS, DueReceipt, Message, NOWHERE, due_from_row, from_row};
use crate::column;
use crate::error::StoreError;

/// The newest message that was shown, of those after the place `after` whose authors want to know. Nobody is told of what stands
/// before: it was shown earlier, or is history.
pub fn newest_markable(
    connection: &Connection,
    conversation: ConversationId,
    after: i64,
) -> Result<Option<i64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT row FROM message
         WHERE conversation = ?1 AND place > ?2 AND outgoing = 0 AND markable = 1 AND sender_kind = 0
             AND place <= (SELECT read_place FROM conversation WHERE id = ?1)
         ORDER BY place DESC LIMIT 1",
    )?;
    Ok(statement.query_row([conversation.0, after], |row| row.get(0)).optional()?)
}

/// A marker for this message is owed; one that was owed for an earlier message is not any more.
pub fn owe_marker(tx: &Transaction<'_>, conversation: ConversationId, row: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE conversation SET marker = ?2 WHERE id = ?1")?.execute([conversation.0, row])?;
    Ok(())
}

/// Conversations in which a marker is owed.
pub fn due_markers(connection: &Connection) -> Result<Vec<ConversationId>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM conversation WHERE marker IS NOT NULL ORDER BY id")?;
    let rows = statement.query_map([], |row| row.get(0).map(ConversationId))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The message for which a marker is owed. It is on its way from now on, and owed no more.
pub fn take_marker(
    tx: &Transaction<'_>,
    conversation: ConversationId,
) -> Result<Option<DueReceipt>, StoreError> {
    let due = tx
        .prepare_cached(
            "SELECT message.row, message.sender, message.id, message.stanza, message.security, message.received_at
             FROM conversation JOIN message ON message.row = conversation.marker WHERE conversation.id = ?1",
        )?
        .query_row([conversation.0], due_from_row)
        .optional()?;
    if due.is_some() {
        tx.prepare_cached("UPDATE conversation SET marker = NULL WHERE id = ?1")?
            .execute([conversation.0])?;
    }
    Ok(due)
}

/// Nobody is to be told any more.
pub fn drop_markers(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE conversation SET marker = NULL WHERE marker IS NOT NULL")?.execute([])?;
    Ok(())
}

/// Messages of ours up to this one that were sent and of which `who` has not said that it has shown them, newest first. Ends at
/// the first one that it has shown: whatever stands before that was covered then.
pub fn shown_up_to(
    connection: &Connection,
    conversation: ConversationId,
    up_to: i64,
    who: &Address,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, EXISTS (SELECT 1 FROM receipt
             WHERE receipt.message = message.row AND who = ?3 AND displayed_at IS NOT NULL)
         FROM message
         WHERE conversation = ?1 AND place <= (SELECT place FROM message WHERE row = ?2) AND place > {NOWHERE}
             AND outgoing = 1 AND (state NOT IN (?4, ?5) OR row = ?2)
         ORDER BY place DESC LIMIT ?6"
    ))?;
    let parameters = params![
        conversation.0,
        up_to,
        who.to_string(),
        DeliveryState::Failed.to_stored(),
        DeliveryState::Queued.to_stored(),
        column::limit(limit)
    ];
    let rows = statement.query_map(parameters, |row| Ok((from_row(row)?, row.get::<_, bool>(18)?)))?;
    let mut messages = Vec::new();
    for row in rows {
        let (message, shown) = row?;
        if shown {
            break;
        }
        messages.push(message);
    }
    Ok(messages)
}
