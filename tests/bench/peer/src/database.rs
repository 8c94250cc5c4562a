//! The peer's database: OpenMLS' tables and the app's own in one file, so that one transaction covers both.

use std::borrow::Borrow;
use std::path::Path;

use openmls_rust_crypto::RustCrypto;
use openmls_sqlite_storage::{Codec, SqliteStorageProvider};
use openmls_traits::OpenMlsProvider;
use rusqlite::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Outcome;

/// What the file is worth when the phone is lost or its battery is pulled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// Not encrypted, and the last transactions may be lost with the power (`synchronous = NORMAL`): the fastest.
    Plain,
    /// As ours: SQLCipher with a raw key, and each transaction is on the disk when it ends (`synchronous = FULL`).
    Safe,
}

/// CBOR: smaller and faster than JSON, and self-describing as OpenMLS asks for.
#[derive(Default)]
pub struct Cbor;

/// Both directions of [`Cbor`].
#[derive(Debug)]
pub struct CborError(String);

impl std::fmt::Display for CborError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for CborError {}

impl Codec for Cbor {
    type Error = CborError;

    fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, Self::Error> {
        let mut bytes = Vec::new();
        ciborium::into_writer(value, &mut bytes).map_err(|error| CborError(error.to_string()))?;
        Ok(bytes)
    }

    fn from_slice<T: DeserializeOwned>(slice: &[u8]) -> Result<T, Self::Error> {
        ciborium::from_reader(slice).map_err(|error| CborError(error.to_string()))
    }
}

/// What OpenMLS asks for, over one connection or transaction.
pub struct Provider<'a, Database: Borrow<Connection>> {
    crypto: &'a RustCrypto,
    storage: SqliteStorageProvider<Cbor, Database>,
}

impl<'a, Database: Borrow<Connection>> Provider<'a, Database> {
    /// Over `database`.
    pub fn new(crypto: &'a RustCrypto, database: Database) -> Self {
        Self { crypto, storage: SqliteStorageProvider::new(database) }
    }
}

impl<Database: Borrow<Connection>> OpenMlsProvider for Provider<'_, Database> {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = SqliteStorageProvider<Cbor, Database>;

    fn storage(&self) -> &Self::StorageProvider {
        &self.storage
    }

    fn crypto(&self) -> &Self::CryptoProvider {
        self.crypto
    }

    fn rand(&self) -> &Self::RandProvider {
        self.crypto
    }
}

/// Opens the file, or makes it.
pub fn open(folder: &Path, safety: Safety) -> Outcome<Connection> {
    let mut connection = Connection::open(folder.join("peer.db"))?;
    if safety == Safety::Safe {
        connection.execute_batch(&format!("PRAGMA key = \"x'{}'\"", "2a".repeat(32)))?;
    }
    let synchronous = match safety {
        Safety::Plain => "NORMAL",
        Safety::Safe => "FULL",
    };
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = {synchronous};
         CREATE TABLE IF NOT EXISTS message (
             row INTEGER PRIMARY KEY,
             stanza TEXT NOT NULL UNIQUE,
             archive TEXT NOT NULL,
             sender TEXT NOT NULL,
             text TEXT NOT NULL,
             sent_at TEXT NOT NULL
         );
         CREATE VIRTUAL TABLE IF NOT EXISTS message_search USING fts5 (text, content = 'message', content_rowid = 'row');"
    ))?;
    SqliteStorageProvider::<Cbor, &mut Connection>::new(&mut connection).run_migrations()?;
    Ok(connection)
}
