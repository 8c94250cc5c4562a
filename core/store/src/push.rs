//! Where the server is to announce messages while this device sleeps (XEP-0357), and where no longer.

use heliograph_model::{Address, ErrorCode};
use rusqlite::{Connection, Row, Transaction, params};

use crate::column::{self, redacted_debug};
use crate::error::StoreError;

/// A place of announcement.
#[derive(Clone, PartialEq, Eq)]
pub struct PushRegistration {
    /// Never used twice.
    pub id: i64,
    /// The push service.
    pub service: Address,
    /// The node there.
    pub node: String,
    /// Options to publish with, in the engine's own encoding.
    pub options: Vec<u8>,
    /// The app wants it; otherwise it is to be taken back from the server.
    pub wanted: bool,
    /// A server may know of it.
    pub told: bool,
    /// The server has confirmed it in the last session.
    pub confirmed: bool,
    /// Why the server did not.
    pub failure: Option<ErrorCode>,
}

redacted_debug!(PushRegistration { id, wanted, told, confirmed, failure });

const COLUMNS: &str = "id, service, node, options, wanted, told, confirmed, failure";

/// Adds a place that is wanted, or is to be taken back, and not confirmed as such. One with the same service and node goes:
/// it is the same to a server.
pub fn put(
    tx: &Transaction<'_>,
    service: &Address,
    node: &str,
    options: &[u8],
    wanted: bool,
    told: bool,
) -> Result<(), StoreError> {
    let service = service.to_string();
    tx.prepare_cached("DELETE FROM push_registration WHERE service = ?1 AND node = ?2")?
        .execute((&service, node))?;
    tx.prepare_cached(
        "INSERT INTO push_registration (service, node, options, wanted, told, confirmed)
         VALUES (?1, ?2, ?3, ?4, ?5, 0)",
    )?
    .execute(params![service, node, options, wanted, told])?;
    Ok(())
}

/// All of them, oldest first.
pub fn list(connection: &Connection) -> Result<Vec<PushRegistration>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM push_registration ORDER BY id"))?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The one that the app wants.
pub fn wanted(connection: &Connection) -> Result<Option<PushRegistration>, StoreError> {
    Ok(list(connection)?.into_iter().find(|registration| registration.wanted))
}

/// It is on its way to the server.
pub fn set_told(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE push_registration SET told = 1 WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// The server has confirmed it.
pub fn set_confirmed(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE push_registration SET confirmed = 1, failure = NULL WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// The server has refused it.
pub fn set_failure(tx: &Transaction<'_>, id: i64, failure: ErrorCode) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE push_registration SET confirmed = 0, failure = ?2 WHERE id = ?1")?
        .execute((id, failure.as_str()))?;
    Ok(())
}

/// A session begins that knows of none: each has to be confirmed again, and may be refused again.
pub fn forget_answers(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE push_registration SET confirmed = 0, failure = NULL")?.execute([])?;
    Ok(())
}

/// Nothing is left to do about it.
pub fn remove(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM push_registration WHERE id = ?1")?.execute([id])?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<PushRegistration> {
    Ok(PushRegistration {
        id: row.get(0)?,
        service: column::address(row, 1)?,
        node: row.get(2)?,
        options: row.get(3)?,
        wanted: row.get(4)?,
        told: row.get(5)?,
        confirmed: row.get(6)?,
        failure: column::optional_failure(row, 7)?,
    })
}
