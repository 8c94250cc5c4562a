//! Conversations as an app lists them: each with its newest message and with what is being written in it.
//!
//! Apart from [`conversation`](crate::conversation), which the engine reads for every message and which therefore reads no
//! more than one row.

use heliograph_model::{ConversationId, DeliveryState, Timestamp};
use rusqlite::{Connection, Row, params};

use crate::column::{self, redacted_debug};
use crate::conversation::{self, Conversation};
use crate::error::StoreError;
use crate::message::{self, Message, Sender};

/// One line of the list.
#[derive(Clone, PartialEq, Eq)]
pub struct Listed {
    /// The conversation. Its revision is that of the last change to anything here, the newest message included.
    pub conversation: Conversation,
    /// What the user has typed and not sent; empty if there is nothing.
    pub draft: String,
    /// The newest message of the timeline.
    pub newest: Option<Newest>,
}

redacted_debug!(Listed { conversation });

/// The last message of a timeline, cut short.
#[derive(Clone, PartialEq, Eq)]
pub struct Newest {
    /// The beginning of what it says, at most [`BEGINNING`] characters.
    pub text: String,
    /// Who wrote it.
    pub sender: Sender,
    /// Whether that is us.
    pub outgoing: bool,
    /// How far it has got.
    pub state: DeliveryState,
    /// When it was sent, as the server noted it.
    pub sent_at: Timestamp,
}

redacted_debug!(Newest { outgoing, state });

/// Characters of the newest message that are read: two lines on a wide screen, and not the 64 KiB that a message can have.
pub const BEGINNING: usize = 256;

/// The number of columns of a conversation, behind which ours stand.
const OURS: usize = 13;

fn from_row(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let mut conversation = conversation::from_row(row)?;
    conversation.revision = column::unsigned(row, OURS)?;
    let newest = match row.get::<_, Option<String>>(OURS + 2)? {
        Some(text) => Some(Newest {
            text,
            sender: Sender::from_row(row, OURS + 3, OURS + 4)?,
            outgoing: row.get(OURS + 5)?,
            state: column::delivery(row, OURS + 6)?,
            sent_at: column::timestamp(row, OURS + 7)?,
        }),
        None => None,
    };
    Ok(Listed { conversation, draft: row.get(OURS + 1)?, newest })
}

fn select(
    connection: &Connection,
    id: Option<ConversationId>,
    after: u64,
) -> Result<Vec<Listed>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {}, max(conversation.revision, ifnull(newest.revision, 0)), conversation.draft,
             substr(newest.text, 1, {BEGINNING}), newest.sender_kind, newest.sender, newest.outgoing, newest.state,
             newest.sent_at
         FROM conversation LEFT JOIN message AS newest ON newest.row = (
             SELECT row FROM message WHERE message.conversation = conversation.id AND place > 0
             ORDER BY place DESC LIMIT 1)
         WHERE (?1 IS NULL OR conversation.id = ?1)
             AND max(conversation.revision, ifnull(newest.revision, 0)) > ?2
         ORDER BY ifnull(conversation.last_activity, conversation.created_at) DESC, conversation.id DESC",
        conversation::COLUMNS
    ))?;
    let rows = statement.query_map(params![id.map(|id| id.0), column::signed(after)], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One conversation.
pub fn get(connection: &Connection, id: ConversationId) -> Result<Option<Listed>, StoreError> {
    Ok(select(connection, Some(id), 0)?.pop())
}

/// All conversations, the one with the newest activity first.
pub fn list(connection: &Connection) -> Result<Vec<Listed>, StoreError> {
    changed_since(connection, 0)
}

/// Those in which something that is shown here changed after this revision, in the list's order.
pub fn changed_since(connection: &Connection, revision: u64) -> Result<Vec<Listed>, StoreError> {
    select(connection, None, revision)
}

/// The newest unread messages of a conversation, oldest first; without those that were sent before `since`.
pub fn unread(
    connection: &Connection,
    id: ConversationId,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM message JOIN conversation ON conversation.id = message.conversation
         WHERE message.conversation = ?1 AND place > read_place AND outgoing = 0 AND sent_at >= ?2
         ORDER BY place DESC LIMIT ?3",
        message::columns()
    ))?;
    let rows = statement.query_map(params![id.0, since.0, column::limit(limit)], message::read)?;
    let mut messages = rows.collect::<Result<Vec<_>, _>>()?;
    messages.reverse();
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use heliograph_model::{ArchiveId, DeliveryState};

    use super::*;
    use crate::message::Place;
    use crate::testing::{Home, add, chat, incoming, outgoing, write};

    fn newest(tx: &Connection, id: ConversationId) -> String {
        get(tx, id).unwrap().unwrap().newest.unwrap().text
    }

    #[test]
    fn a_line_shows_the_end_of_the_timeline_and_what_is_being_written() {
        let home = Home::new();
        let mut store = home.open();
        write(&mut store, |tx| {
            let (ben, chloe) = (chat(tx, "ben"), chat(tx, "chloe"));
            assert_eq!(get(tx, ben).unwrap().unwrap().newest, None);
            add(tx, &incoming(ben, "1", "from ben"));
            let ours = add(tx, &outgoing(ben, "2", &"ä".repeat(BEGINNING + 1)));
            add(tx, &incoming(ben, "3", "meanwhile"));
            // On its way, so it stands last, whatever comes in.
            assert_eq!(newest(tx, ben), "ä".repeat(BEGINNING));
            message::set_archived(tx, ours, &ArchiveId::new("9"), Place::At(1)).unwrap();
            assert_eq!(newest(tx, ben), "meanwhile");
            conversation::set_draft(tx, chloe, "half a sen\0tence").unwrap();
            assert_eq!(get(tx, chloe).unwrap().unwrap().draft, "half a sen\0tence");
            let order: Vec<_> = list(tx).unwrap().iter().map(|line| line.conversation.id).collect();
            assert_eq!(order, [ben, chloe], "writing is no activity yet");
            assert!(!format!("{:?}", list(tx).unwrap()).contains("half"), "nothing private in Debug");
        });
    }

    #[test]
    fn whatever_a_line_shows_announces_itself_once_and_nothing_else_does() {
        let home = Home::new();
        let mut store = home.open();
        write(&mut store, |tx| {
            let (ben, chloe) = (chat(tx, "ben"), chat(tx, "chloe"));
            let older = add(tx, &outgoing(ben, "1", "older"));
            let ours = add(tx, &outgoing(ben, "2", "newest"));
            let mut seen = message::latest_revision(tx).unwrap();
            let mut news = || {
                let changed = changed_since(tx, seen).unwrap();
                seen = changed.iter().map(|line| line.conversation.revision).max().unwrap_or(seen);
                changed.into_iter().map(|line| line.conversation.id).collect::<Vec<_>>()
            };
            assert!(news().is_empty());
            message::raise_state(tx, ours, DeliveryState::Sent).unwrap();
            assert_eq!(news(), [ben], "how far the newest message has got");
            message::raise_state(tx, older, DeliveryState::Sent).unwrap();
            assert!(news().is_empty(), "of an older one the list says nothing");
            assert!(conversation::set_draft(tx, chloe, "a").unwrap());
            assert_eq!(news(), [chloe]);
            assert!(!conversation::set_draft(tx, chloe, "a").unwrap());
            assert!(!conversation::set_draft(tx, ConversationId(99), "a").unwrap());
            assert!(news().is_empty(), "the same text again");
            // It moves from the end into a hole: the line shows another message.
            message::set_archived(tx, ours, &ArchiveId::new("9"), Place::At(1)).unwrap();
            assert_eq!((news(), newest(tx, ben)), (vec![ben], "older".to_owned()));
        });
    }

    #[test]
    fn unread_is_what_came_in_after_the_read_marker() {
        let home = Home::new();
        let mut store = home.open();
        write(&mut store, |tx| {
            let ben = chat(tx, "ben");
            let seen = add(tx, &incoming(ben, "1", "seen"));
            add(tx, &outgoing(ben, "2", "ours"));
            for (number, at) in (3..8).zip(1000..) {
                let new = incoming(ben, &number.to_string(), &number.to_string());
                add(tx, &message::NewMessage { sent_at: Timestamp(at), ..new });
            }
            conversation::mark_read(tx, ben, seen).unwrap();
            let texts = |since, limit| {
                unread(tx, ben, Timestamp(since), limit)
                    .unwrap()
                    .into_iter()
                    .map(|new| new.text)
                    .collect::<String>()
            };
            assert_eq!(texts(0, 10), "34567");
            assert_eq!(texts(0, 2), "67", "the newest, in order");
            assert_eq!(texts(1003, 10), "67");
        });
    }
}
