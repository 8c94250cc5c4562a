//! Messages that arrive out of turn.
//!
//! When a session passes from one connection to the next, ejabberd may deliver the last messages in another order than its
//! archive has them. Its archive ids are numbers that grow, so the place of such a message can be told without asking.

use heliograph_model::{ArchiveId, ConversationId};
use rusqlite::{Transaction, params};

use crate::counter;
use crate::error::StoreError;

/// How many messages before the newest are looked at: more than a server has under way for one session at a time.
const LOOKED_AT: i64 = 64;

/// A message was given the last place of its conversation. If messages before it come after it in the archive, it takes the
/// place of the first of them, and from there on they move by one. What the user has read stays where it is: nothing new is put before it, where
/// nobody would look.
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
    let mut free = place;
    for (later, its_place) in followers(tx, conversation, archive, place)? {
        put(tx, later, free)?;
        free = its_place;
    }
    if free == place { Ok(()) } else { put(tx, row, free) }
}

/// Rows and places from the first message on that stands before `place` and comes after `archive`; the last first.
fn followers(
    tx: &Transaction<'_>,
    conversation: ConversationId,
    archive: &ArchiveId,
    place: i64,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT row, place, archive FROM message
         WHERE conversation = ?1 AND place < ?2
           AND place > (SELECT read_place FROM conversation WHERE id = ?1)
         ORDER BY place DESC LIMIT ?3",
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
