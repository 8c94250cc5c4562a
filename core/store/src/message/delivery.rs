//! How far a message of ours has got. It never goes back, unless the user says so.

use heliograph_model::{ArchiveId, ConversationId, DeliveryState, ErrorCode, Security, StanzaId, Timestamp};
use rusqlite::{Transaction, params};

use super::{NOWHERE, Place, UNPLACED, order};
use crate::column;
use crate::conversation;
use crate::counter;
use crate::error::StoreError;

/// Notes the id of the stanza that carries the message.
pub fn set_stanza(tx: &Transaction<'_>, row: i64, stanza: &StanzaId) -> Result<(), StoreError> {
    let revision = counter::next_revision(tx)?;
    tx.prepare_cached("UPDATE message SET stanza = ?2, revision = ?3 WHERE row = ?1")?.execute(params![
        row,
        stanza.as_str(),
        revision
    ])?;
    Ok(())
}

/// The archive has the message: notes its id there, gives it this place if it has none, and raises its state to
/// [`DeliveryState::Archived`].
pub fn set_archived(
    tx: &Transaction<'_>,
    row: i64,
    archive: &ArchiveId,
    place: Place,
) -> Result<(), StoreError> {
    let (known, stands_at) = archived_as(tx, row)?;
    if known.is_some_and(|known| known.precedes(archive) || archive.precedes(&known)) {
        note_copy(tx, row, archive)?;
        return raise_state(tx, row, DeliveryState::Archived);
    }
    let position = if stands_at >= UNPLACED { place.position(tx)? } else { None };
    let revision = counter::next_revision(tx)?;
    tx.prepare_cached(
        "UPDATE message SET archive = ?2, place = ifnull(?3, place), revision = ?4 WHERE row = ?1",
    )?
    .execute(params![row, archive.as_str(), position, revision])?;
    match (position, place) {
        // It stood last until now.
        (Some(_), Place::At(_)) => touch_conversation(tx, row)?,
        (Some(_), _) => order::settle(tx, conversation_of(tx, row)?, row)?,
        (None, _) => {}
    }
    raise_state(tx, row, DeliveryState::Archived)
}

/// The archive has a message, which is known, once more: it was sent again because nobody knew that it had arrived. Where the
/// ids tell which of the two was first, that one counts: what was said after it stands between them.
pub fn note_copy(tx: &Transaction<'_>, row: i64, archive: &ArchiveId) -> Result<(), StoreError> {
    let (known, _) = archived_as(tx, row)?;
    if !known.is_some_and(|known| archive.precedes(&known)) {
        return Ok(());
    }
    let revision = counter::next_revision(tx)?;
    tx.prepare_cached("UPDATE message SET archive = ?2, revision = ?3 WHERE row = ?1")?.execute(params![
        row,
        archive.as_str(),
        revision
    ])?;
    order::settle(tx, conversation_of(tx, row)?, row)
}

/// The message's id in the archive, and its place.
fn archived_as(tx: &Transaction<'_>, row: i64) -> Result<(Option<ArchiveId>, i64), StoreError> {
    let mut statement = tx.prepare_cached("SELECT archive, place FROM message WHERE row = ?1")?;
    let known = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<String>>(0)?, row.get(1)?));
    let (archive, place) = statement.query_row([row], known)?;
    Ok((archive.map(ArchiveId::new), place))
}

/// Raises the state; a lower one than the present one changes nothing.
///
/// [`DeliveryState::Failed`] is reached only up to [`DeliveryState::Sending`]: later, only [`fail`] may say so. It is left
/// for [`DeliveryState::Archived`] and beyond, because what was seen to arrive did arrive.
pub fn raise_state(tx: &Transaction<'_>, row: i64, state: DeliveryState) -> Result<(), StoreError> {
    match state {
        DeliveryState::Failed => set_failed(tx, row, DeliveryState::Sending, None),
        DeliveryState::Archived | DeliveryState::Delivered | DeliveryState::Displayed => {
            set(tx, row, state, DeliveryState::Failed)
        }
        // `Queued` as the exception is none: it is below every state that can be raised to.
        _ => set(tx, row, state, DeliveryState::Queued),
    }
}

fn set(
    tx: &Transaction<'_>,
    row: i64,
    state: DeliveryState,
    or_from: DeliveryState,
) -> Result<(), StoreError> {
    let changed = tx
        .prepare_cached(
            "UPDATE message SET state = ?2, failure = NULL
             WHERE row = ?1 AND state <> ?2 AND (state < ?2 OR state = ?3)",
        )?
        .execute([row, state.to_stored(), or_from.to_stored()])?;
    revise(tx, row, changed)
}

/// The message can't be sent, or came back undelivered. One that is archived or further did arrive and stays as it is.
pub fn fail(tx: &Transaction<'_>, row: i64, code: ErrorCode) -> Result<(), StoreError> {
    set_failed(tx, row, DeliveryState::Sent, Some(code))
}

fn set_failed(
    tx: &Transaction<'_>,
    row: i64,
    up_to: DeliveryState,
    code: Option<ErrorCode>,
) -> Result<(), StoreError> {
    let changed = tx
        .prepare_cached("UPDATE message SET state = ?2, failure = ?3 WHERE row = ?1 AND state <= ?4")?
        .execute(params![
            row,
            DeliveryState::Failed.to_stored(),
            code.map(ErrorCode::as_str),
            up_to.to_stored(),
        ])?;
    revise(tx, row, changed)
}

/// A message that failed waits to be sent once more, as if it had been written now: at this place, or where it stands if that
/// is not known yet. Anything else stays as it is.
pub fn send_again(tx: &Transaction<'_>, row: i64, place: Place, now: Timestamp) -> Result<(), StoreError> {
    let position = place.position(tx)?;
    let number = counter::next_sequence(tx, now)?;
    let changed = tx
        .prepare_cached(
            "UPDATE message SET state = ?2, failure = NULL, sent_at = ?3, place = ifnull(?4, place),
                 sequence = iif(device IS NULL, NULL, ?6)
             WHERE row = ?1 AND state = ?5",
        )?
        .execute(params![
            row,
            DeliveryState::Queued.to_stored(),
            now.0,
            position,
            DeliveryState::Failed.to_stored(),
            column::signed(number),
        ])?;
    revise(tx, row, changed)?;
    touch_conversation(tx, row)
}

/// Takes back a message that was never sent, or that failed: it loses its text and its place. Anything else stays as it is.
pub fn discard(tx: &Transaction<'_>, row: i64) -> Result<(), StoreError> {
    let changed = tx
        .prepare_cached(
            "UPDATE message SET state = ?2, failure = NULL, text = '', place = ?3
             WHERE row = ?1 AND outgoing = 1 AND state IN (?4, ?5)",
        )?
        .execute([
            row,
            DeliveryState::Discarded.to_stored(),
            NOWHERE,
            DeliveryState::Queued.to_stored(),
            DeliveryState::Failed.to_stored(),
        ])?;
    revise(tx, row, changed)?;
    touch_conversation(tx, row)
}

/// Another message may be the newest of the conversation now.
fn touch_conversation(tx: &Transaction<'_>, row: i64) -> Result<(), StoreError> {
    conversation::touch(tx, conversation_of(tx, row)?)
}

fn conversation_of(tx: &Transaction<'_>, row: i64) -> Result<ConversationId, StoreError> {
    let mut statement = tx.prepare_cached("SELECT conversation FROM message WHERE row = ?1")?;
    Ok(statement.query_row([row], |row| row.get(0).map(ConversationId))?)
}

/// A new revision for the message, if it did change.
fn revise(tx: &Transaction<'_>, row: i64, changed: usize) -> Result<(), StoreError> {
    if changed == 0 {
        return Ok(());
    }
    let revision = counter::next_revision(tx)?;
    tx.prepare_cached("UPDATE message SET revision = ?2 WHERE row = ?1")?.execute([row, revision])?;
    Ok(())
}

/// Sets how the message travels; a change of the message only if it is one.
pub fn set_security(tx: &Transaction<'_>, row: i64, security: Security) -> Result<(), StoreError> {
    let revision = counter::next_revision(tx)?;
    tx.prepare_cached("UPDATE message SET security = ?2, revision = ?3 WHERE row = ?1 AND security <> ?2")?
        .execute(params![row, security.to_stored(), revision])?;
    Ok(())
}
