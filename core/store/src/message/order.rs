//! Messages that arrive out of turn.
//!
//! When a session passes from one connection to the next, ejabberd may deliver the last messages in another order than its
//! archive has them. Its archive ids are numbers that grow, so the place of such a message can be told without asking.

use heliograph_model::{ArchiveId, ConversationId};
use rusqlite::{Transaction, params};

use crate::conversation;
use crate::counter;
use crate::error::StoreError;

/// How many messages before the newest are looked at: more than a server has under way for one session at a time.
const LOOKED_AT: i64 = 64;

/// A message stands at this place of its conversation, as a rule the last. If messages before it come after it in the archive,
/// it takes the place of the first of them, and from there on they move by one.
///
/// The read marker stays with the message that it stood at. If somebody else's message takes a place before that, the marker
/// goes back to before it: what the user has not seen is never counted as read.
pub(super) fn settle(
    tx: &Transaction<'_>,
    conversation: ConversationId,
    row: i64,
    archive: &ArchiveId,
    place: i64,
) -> Result<(), StoreError> {
    if !archive.is_of_a_count() {
        return Ok(());
    }
    let followers = followers(tx, conversation, archive, place)?;
    if followers.is_empty() {
        return Ok(());
    }
    let read = conversation::read_place(tx, conversation)?;
    let (mut free, mut marked) = (place, None);
    for (later, its_place) in followers {
        if its_place <= read && read < place {
            marked.get_or_insert(free);
        }
        put(tx, later, free)?;
        free = its_place;
    }
    put(tx, row, free)?;
    let Some(marked) = marked else { return Ok(()) };
    let ours: bool = tx
        .prepare_cached("SELECT outgoing FROM message WHERE row = ?1")?
        .query_row([row], |row| row.get(0))?;
    conversation::set_read_place(tx, conversation, if ours { marked } else { free - 1 })
}

/// Rows and places from the first message on that stands before `place` and comes after `archive`; the last first.
fn followers(
    tx: &Transaction<'_>,
    conversation: ConversationId,
    archive: &ArchiveId,
    place: i64,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT row, place, archive FROM message WHERE conversation = ?1 AND place < ?2 ORDER BY place DESC LIMIT ?3",
    )?;
    let mut rows = statement.query(params![conversation.0, place, LOOKED_AT])?;
    let (mut seen, mut following) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        seen.push((row.get(0)?, row.get(1)?));
        let other = row.get::<_, Option<String>>(2)?.map(ArchiveId::new);
        if other.is_some_and(|other| archive.precedes(&other)) {
            following = seen.len();
        }
    }
    seen.truncate(following);
    Ok(seen)
}

fn put(tx: &Transaction<'_>, row: i64, place: i64) -> Result<(), StoreError> {
    let revision = counter::next_revision(tx)?;
    tx.prepare_cached("UPDATE message SET place = ?2, revision = ?3 WHERE row = ?1")?
        .execute([row, place, revision])?;
    Ok(())
}
