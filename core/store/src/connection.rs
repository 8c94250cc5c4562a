//! Opening connections: key, pragmas, proof that the key fits.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};

use crate::error::StoreError;
use crate::key::DatabaseKey;

/// SQLCipher's page size. A database file is always a whole number of pages.
const PAGE_BYTES: u64 = 4096;

/// Each commit waits until the disk has it. `NORMAL` would be cheaper (about 0.15 ms a transaction on the measured disk) but
/// loses the last transactions with the power: a message that the user was told is safe, or a ratchet step whose
/// ciphertext has been sent, after which the same key would encrypt another message (RFC 9420 §9.2 forbids that).
const SYNCHRONOUS: &str = "FULL";

/// How long a statement waits for a lock inside this process: a checkpoint may wait for a reader, and readers are short.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements kept per connection: all that the engine uses for one message, with room.
const STATEMENTS: usize = 128;

/// The write-ahead log is cut back to this size after a checkpoint, so that one big catch-up does not keep its space.
const LOG_BYTES: u32 = 4 * 1024 * 1024;

/// The one connection that writes; makes the file if there is none.
pub(crate) fn writer(path: &Path, key: &DatabaseKey) -> Result<Connection, StoreError> {
    if is_cut_off(path) {
        return Err(StoreError::Corrupt);
    }
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = unlocked(path, key, flags)?;
    // Only now, when the key is known to fit, may anything touch the file.
    settings(&connection)?;
    Ok(connection)
}

/// What holds for the connection that writes. `fullfsync` matters on Apple's systems, whose plain fsync leaves data in the
/// disk's own cache; others ignore it.
pub(crate) fn settings(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = {SYNCHRONOUS};
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA journal_size_limit = {LOG_BYTES};
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;"
    ))?;
    Ok(())
}

/// Whether the file ends in the middle of a page, which SQLite does not mind: it takes a file of one byte for an empty one
/// and would write over it, and fills up a last page that is not whole. With a log beside it this is no damage: a checkpoint
/// was interrupted, and the log still has the page.
fn is_cut_off(path: &Path) -> bool {
    let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let database = bytes(path);
    database % PAGE_BYTES != 0 && (database < PAGE_BYTES || bytes(Path::new(&log)) == 0)
}

/// A connection that can only read.
pub(crate) fn reader(path: &Path, key: &DatabaseKey) -> Result<Connection, StoreError> {
    unlocked(path, key, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// The process's first connection, alone and in memory. SQLite counts as initialised a moment before SQLCipher is, so of two
/// first connections at once one could fail.
static INITIALISED: LazyLock<()> = LazyLock::new(|| drop(Connection::open_in_memory()));

fn unlocked(path: &Path, key: &DatabaseKey, flags: OpenFlags) -> Result<Connection, StoreError> {
    LazyLock::force(&INITIALISED);
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans that do not depend on bound values. Without this, SQLite compiles many statements anew whenever another value is
    // bound, which took longer than running them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // SQLCipher reports a wrong key on stderr unless told not to; the setting is global but has no other way in.
    connection.execute_batch("PRAGMA cipher_log_level = NONE")?;
    connection.execute_batch(&key.pragma())?;
    // Nothing unencrypted in temporary files, no decrypted pages mapped from the file.
    connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;")?;
    prove_key(&connection, path)?;
    Ok(connection)
}

/// Reads the first page. SQLCipher authenticates pages, but a wrong key, a damaged first page and a file that never was a
/// database look the same to it; only the length can tell more.
fn prove_key(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    match connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
        Ok(()) => Ok(()),
        Err(rusqlite::Error::SqliteFailure(failure, _)) if failure.code == ffi::ErrorCode::NotADatabase => {
            let bytes = std::fs::metadata(path)?.len();
            Err(if bytes % PAGE_BYTES == 0 { StoreError::Locked } else { StoreError::Corrupt })
        }
        Err(error) => Err(error.into()),
    }
}
