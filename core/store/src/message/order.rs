//! Messages that arrive out of turn.
//!
//! When a session passes from one connection to the next, ejabberd may deliver the last messages in another order than its
//! archive has them. Its archive ids are numbers that grow, so the place of such a message can be told without asking.
//!
//! When the session of the sender passes on, a server may even archive in another order than the texts were sent: one of
//! them came back, or waited, while the next one got through. Devices number their encrypted texts for that
//! ([`Sequence`]), and those of one device stand in its order.

use heliograph_model::{ArchiveId, ConversationId, DeviceId, Timestamp};
use rusqlite::{OptionalExtension, Transaction, params};

use super::NOWHERE;
use crate::column;
use crate::conversation;
use crate::counter;
use crate::error::StoreError;

/// How many messages before the newest are looked at: more than a server has under way for one session at a time.
const LOOKED_AT: i64 = 64;

/// A text that comes longer than this after a later one of the same device stays where the archive has it, in milliseconds. A
/// connection that failed is replaced long before, and nobody can put words above a conversation that has gone on.
const LATE_MAX: i64 = 600_000;

/// Which of its device's texts it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    /// The device that wrote it.
    pub device: DeviceId,
    /// Greater than those of all that the device has sent before.
    pub number: u64,
}

/// The next one of this device, which is ours.
pub fn next_sequence(tx: &Transaction<'_>, device: DeviceId, now: Timestamp) -> Result<Sequence, StoreError> {
    Ok(Sequence { device, number: counter::next_sequence(tx, now)? })
}

/// The number that the text in this row has in the order of its device.
pub fn sequence(tx: &Transaction<'_>, row: i64) -> Result<Option<u64>, StoreError> {
    let mut statement =
        tx.prepare_cached("SELECT sequence FROM message WHERE row = ?1 AND sequence IS NOT NULL")?;
    Ok(statement.query_row([row], |row| column::unsigned(row, 0)).optional()?)
}

/// A message of its conversation, as its order is decided.
struct Ranked {
    row: i64,
    place: i64,
    archive: Option<ArchiveId>,
    sent_at: i64,
    /// Of the same device as the one in question: its number.
    sequence: Option<i64>,
}

impl Ranked {
    fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            row: row.get(0)?,
            place: row.get(1)?,
            archive: row.get::<_, Option<String>>(2)?.map(ArchiveId::new),
            sent_at: row.get(3)?,
            sequence: row.get(4)?,
        })
    }

    /// Whether it belongs after `late`, although it stands before it as yet. Of texts of one device their sequence says so,
    /// whatever the archive does.
    fn follows(&self, late: &Self) -> bool {
        let in_time = late.sent_at.saturating_sub(self.sent_at) <= LATE_MAX;
        match (self.sequence.zip(late.sequence), self.archive.as_ref().zip(late.archive.as_ref())) {
            (Some((own, lates)), _) if own <= lates || in_time => lates < own,
            (_, Some((own, lates))) => lates.precedes(own),
            _ => false,
        }
    }
}

/// A message has got its place in its conversation, as a rule the last. If messages before it come after it in the archive, or
/// in the order of the device that sent them, it takes the place of the first of them, and from there on they move by one.
///
/// The read marker stays with the message that it stood at. If somebody else's message takes a place before that, the marker
/// goes back to before it: what the user has not seen is never counted as read.
pub(super) fn settle(tx: &Transaction<'_>, conversation: ConversationId, row: i64) -> Result<(), StoreError> {
    let (late, ours) = tx
        .prepare_cached(
            "SELECT row, place, archive, sent_at, sequence, outgoing FROM message WHERE row = ?1",
        )?
        .query_row([row], |row| Ok((Ranked::from_row(row)?, row.get::<_, bool>(5)?)))?;
    let followers = followers(tx, conversation, &late)?;
    if followers.is_empty() {
        return Ok(());
    }
    let read = conversation::read_place(tx, conversation)?;
    let (mut free, mut marked) = (late.place, None);
    for (later, its_place) in followers {
        if its_place <= read && read < late.place {
            marked.get_or_insert(free);
        }
        put(tx, later, free)?;
        free = its_place;
    }
    put(tx, row, free)?;
    let Some(marked) = marked else { return Ok(()) };
    conversation::set_read_place(tx, conversation, if ours { marked } else { free - 1 })
}

/// Rows and places from the first message on that stands before `late` and belongs after it; the last first.
fn followers(
    tx: &Transaction<'_>,
    conversation: ConversationId,
    late: &Ranked,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let counted = late.archive.as_ref().is_some_and(ArchiveId::is_of_a_count);
    if !counted && late.sequence.is_none() {
        return Ok(Vec::new());
    }
    let mut statement = tx.prepare_cached(
        "SELECT other.row, other.place, other.archive, other.sent_at,
             CASE WHEN other.device = late.device AND other.sender_kind = late.sender_kind AND other.sender = late.sender
                 THEN other.sequence END
         FROM message AS late JOIN message AS other ON other.conversation = ?1 AND other.place < ?2 AND other.place > ?5
         WHERE late.row = ?3 ORDER BY other.place DESC LIMIT ?4",
    )?;
    let mut rows = statement.query(params![conversation.0, late.place, late.row, LOOKED_AT, NOWHERE])?;
    let (mut seen, mut following) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let other = Ranked::from_row(row)?;
        seen.push((other.row, other.place));
        if other.follows(late) {
            following = seen.len();
        } else if !counted && other.sequence.is_some() {
            // Where only the device tells the order, its text before this one settles it.
            break;
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

#[cfg(test)]
mod tests;
