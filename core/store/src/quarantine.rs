//! Messages that could not be used, kept as they came: not lost, can be looked at and tried again.

use heliograph_model::{Address, ArchiveId, ConversationId, StanzaId, Timestamp};
use rusqlite::{Connection, Transaction, params};

use crate::archive;
use crate::column::{self, redacted_debug};
use crate::error::StoreError;

/// A message in quarantine.
#[derive(Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its row; never used twice.
    pub id: i64,
    /// Where it would belong, if that is known.
    pub conversation: Option<ConversationId>,
    /// The room whose archive has it; `None`: our own account's.
    pub archive: Option<Address>,
    /// Its id there.
    pub archive_id: Option<ArchiveId>,
    /// Id of its stanza.
    pub stanza: Option<StanzaId>,
    /// Short code; nothing private.
    pub reason: String,
    /// The payload.
    pub data: Vec<u8>,
    /// When this device stored it.
    pub received_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
}

redacted_debug!(Quarantined { id, conversation, reason, received_at, attempts });

/// A message to be put into quarantine; fields as in [`Quarantined`].
#[derive(Clone, PartialEq, Eq)]
pub struct NewQuarantined {
    /// Where it would belong, if that is known.
    pub conversation: Option<ConversationId>,
    /// The room whose archive has it; `None`: our own account's.
    pub archive: Option<Address>,
    /// Its id there.
    pub archive_id: Option<ArchiveId>,
    /// Id of its stanza.
    pub stanza: Option<StanzaId>,
    /// Short code; nothing private.
    pub reason: String,
    /// The payload.
    pub data: Vec<u8>,
    /// Now.
    pub received_at: Timestamp,
}

redacted_debug!(NewQuarantined { conversation, reason });

/// Stores a message and returns its row. One that is there already (same archive, same id) counts another try.
pub fn put(tx: &Transaction<'_>, new: &NewQuarantined) -> Result<i64, StoreError> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO quarantine (conversation, archive, archive_id, stanza, reason, data, received_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (archive, archive_id) WHERE archive_id IS NOT NULL
             DO UPDATE SET attempts = attempts + 1, reason = excluded.reason
         RETURNING id",
    )?;
    let id = statement.query_row(
        params![
            new.conversation.map(|id| id.0),
            archive::key(new.archive.as_ref()),
            new.archive_id.as_ref().map(ArchiveId::as_str),
            new.stanza.as_ref().map(StanzaId::as_str),
            new.reason,
            new.data,
            new.received_at.0,
        ],
        |row| row.get(0),
    )?;
    Ok(id)
}

/// Everything in quarantine, in order of arrival.
pub fn list(connection: &Connection) -> Result<Vec<Quarantined>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, conversation, nullif(archive, ''), archive_id, stanza, reason, data, received_at, attempts
         FROM quarantine ORDER BY id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Quarantined {
            id: row.get(0)?,
            conversation: row.get::<_, Option<i64>>(1)?.map(ConversationId),
            archive: column::optional_address(row, 2)?,
            archive_id: row.get::<_, Option<String>>(3)?.map(ArchiveId::new),
            stanza: row.get::<_, Option<String>>(4)?.map(StanzaId::new),
            reason: row.get(5)?,
            data: row.get(6)?,
            received_at: column::timestamp(row, 7)?,
            attempts: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// It could be used after all, or is of no interest.
pub fn remove(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM quarantine WHERE id = ?1")?.execute([id])?;
    Ok(())
}
