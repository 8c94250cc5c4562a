//! Accounts whose keys we have seen.

use heliograph_model::{Address, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::column::{self, redacted_debug};
use crate::error::StoreError;

/// What is known of another account's keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Peer {
    /// Who.
    pub address: Address,
    /// The identity key that we saw first and hold on to.
    pub identity: Option<[u8; 32]>,
    /// The account's signed device list as fetched.
    pub devices: Option<Vec<u8>>,
    /// Serial number of that list.
    pub serial: u64,
    /// When it was fetched.
    pub fetched_at: Option<Timestamp>,
    /// Whether the account has published keys.
    pub encrypts: bool,
}

redacted_debug!(Peer { serial, fetched_at, encrypts });

/// What became of an identity key that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub enum Pin {
    /// The first one of this account: pinned.
    New,
    /// The pinned one.
    Same,
    /// Another one than the pinned one, which stays.
    Changed,
}

/// What is known of the account.
pub fn get(connection: &Connection, address: &Address) -> Result<Option<Peer>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT address, identity, devices, serial, fetched_at, encrypts FROM peer WHERE address = ?1",
    )?;
    let peer = statement
        .query_row([address.to_string()], |row| {
            Ok(Peer {
                address: column::address(row, 0)?,
                identity: row.get(1)?,
                devices: row.get(2)?,
                serial: column::unsigned(row, 3)?,
                fetched_at: column::optional_timestamp(row, 4)?,
                encrypts: row.get(5)?,
            })
        })
        .optional()?;
    Ok(peer)
}

/// Replaces what is known of the account, its pinned key included.
pub fn put(tx: &Transaction<'_>, peer: &Peer) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO peer (address, identity, devices, serial, fetched_at, encrypts) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET identity = excluded.identity, devices = excluded.devices, serial = excluded.serial,
             fetched_at = excluded.fetched_at, encrypts = excluded.encrypts",
    )?
    .execute(params![
        peer.address.to_string(),
        peer.identity,
        peer.devices,
        column::signed(peer.serial),
        peer.fetched_at.map(|at| at.0),
        peer.encrypts,
    ])?;
    Ok(())
}

/// Compares an identity key with the pinned one; pins it if there is none yet.
pub fn pin_identity(tx: &Transaction<'_>, address: &Address, identity: &[u8; 32]) -> Result<Pin, StoreError> {
    let text = address.to_string();
    let pinned: Option<[u8; 32]> = tx
        .prepare_cached("SELECT identity FROM peer WHERE address = ?1")?
        .query_row([&text], |row| row.get(0))
        .optional()?
        .flatten();
    match pinned {
        Some(pinned) if pinned == *identity => Ok(Pin::Same),
        Some(_) => Ok(Pin::Changed),
        None => {
            tx.prepare_cached(
                "INSERT INTO peer (address, identity) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET identity = excluded.identity",
            )?
            .execute(params![text, identity])?;
            Ok(Pin::New)
        }
    }
}
