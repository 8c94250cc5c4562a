//! The account of this database, and what is known of its server.

use heliograph_model::{Address, DeviceId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use zeroize::Zeroizing;

use crate::column::{self, redacted_debug};
use crate::error::StoreError;

/// The account and its secrets on this device.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Our address.
    pub address: Address,
    /// This device.
    pub device: DeviceId,
    /// Account identity key, Ed25519, public half.
    pub identity_public: [u8; 32],
    /// Its secret half, in the encoding of `heliograph-mls`.
    pub identity_secret: Zeroizing<Vec<u8>>,
    /// Public half of this device's MLS signature key; its secret half is in the MLS state.
    pub signature_public: Vec<u8>,
    /// When the account was added on this device.
    pub created_at: Timestamp,
    /// Serial number of our device list.
    pub serial: u64,
    /// Whether the server has our device list of this serial.
    pub devices_published: bool,
}

redacted_debug!(Account { device, created_at, serial, devices_published });

/// What we found out about our server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerFacts {
    /// Its room service (XEP-0045), if it has one.
    pub room_service: Option<Address>,
    /// It keeps an archive for our account (XEP-0313).
    pub archive: bool,
    /// It can store our key packages (XEP-0163).
    pub pep: bool,
    /// It copies our messages to all our devices (XEP-0280).
    pub carbons: bool,
    /// It can announce messages to sleeping devices (XEP-0357); `None` if it was not asked.
    pub push: Option<bool>,
    /// It was asked; the fields above are answers and not defaults.
    pub known: bool,
}

/// Stores the account of a fresh database. A second one is refused by the database.
pub fn create(tx: &Transaction<'_>, account: &Account) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO account (only_row, address, device, identity_public, identity_secret, signature_public,
                              created_at, serial, devices_published)
         VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            account.address.to_string(),
            account.device.0,
            account.identity_public,
            *account.identity_secret,
            account.signature_public,
            account.created_at.0,
            column::signed(account.serial),
            account.devices_published,
        ],
    )?;
    Ok(())
}

/// The account, if one was created.
pub fn load(connection: &Connection) -> Result<Option<Account>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT address, device, identity_public, identity_secret, signature_public, created_at, serial,
                devices_published
         FROM account",
    )?;
    let account = statement
        .query_row([], |row| {
            Ok(Account {
                address: column::address(row, 0)?,
                device: column::device(row, 1)?,
                identity_public: row.get(2)?,
                identity_secret: Zeroizing::new(row.get(3)?),
                signature_public: row.get(4)?,
                created_at: column::timestamp(row, 5)?,
                serial: column::unsigned(row, 6)?,
                devices_published: row.get(7)?,
            })
        })
        .optional()?;
    Ok(account)
}

/// Whether the server has our device list. `false` also without an account.
pub fn devices_published(connection: &Connection) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT devices_published FROM account")?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?.unwrap_or(false))
}

/// Notes whether the server has our device list.
pub fn set_devices_published(tx: &Transaction<'_>, published: bool) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE account SET devices_published = ?1")?.execute([published])?;
    Ok(())
}

/// What is known of the server; the default if it was never asked.
pub fn facts(connection: &Connection) -> Result<ServerFacts, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT room_service, archive, pep, carbons, known, push FROM server_facts")?;
    let facts = statement
        .query_row([], |row| {
            Ok(ServerFacts {
                room_service: column::optional_address(row, 0)?,
                archive: row.get(1)?,
                pep: row.get(2)?,
                carbons: row.get(3)?,
                known: row.get(4)?,
                push: row.get(5)?,
            })
        })
        .optional()?;
    Ok(facts.unwrap_or_default())
}

/// Replaces what is known of the server.
pub fn set_facts(tx: &Transaction<'_>, facts: &ServerFacts) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO server_facts (only_row, room_service, archive, pep, carbons, known, push)
         VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET room_service = excluded.room_service, archive = excluded.archive,
             pep = excluded.pep, carbons = excluded.carbons, known = excluded.known, push = excluded.push",
    )?
    .execute(params![
        facts.room_service.as_ref().map(ToString::to_string),
        facts.archive,
        facts.pep,
        facts.carbons,
        facts.known,
        facts.push,
    ])?;
    Ok(())
}
