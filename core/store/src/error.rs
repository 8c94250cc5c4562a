//! What can go wrong with the database, by cause.

use std::io;

use heliograph_model::{Error, ErrorCode};
use rusqlite::ffi;

/// See the module. Neither `Display` nor `Debug` shows anything that is stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The key does not open this database.
    #[error("the key does not open this database")]
    Locked,
    /// The file is damaged, or no database of ours.
    #[error("the database is damaged")]
    Corrupt,
    /// A newer version wrote the database.
    #[error("the database was written by a newer version")]
    TooNew,
    /// No space left. The transaction was rolled back; nothing changed.
    #[error("no space left on the device")]
    DiskFull,
    /// Another process, or another part of this one, has the database open.
    #[error("the database is in use elsewhere")]
    Busy,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The file can't be opened or created: no such folder, no permission.
    #[error("the database file can't be opened: {0}")]
    Unavailable(io::ErrorKind),
    /// SQLite failed in another way.
    #[error("the database failed: {}", describe(.0))]
    Sql(rusqlite::Error),
    /// A stored value does not decode: damage, or a version that we don't know wrote it.
    #[error("a stored value does not decode")]
    Codec,
}

/// Code and meaning, never the statement or a value.
fn describe(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            format!("{} ({})", ffi::code_to_str(failure.extended_code), failure.extended_code)
        }
        _ => "misuse".to_owned(),
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as Sql;
        let failure = match error {
            Sql::SqliteFailure(failure, _) => failure,
            // The statement's text comes with it; its code is enough.
            Sql::SqlInputError { error, .. } => error,
            Sql::FromSqlConversionFailure(..)
            | Sql::IntegralValueOutOfRange(..)
            | Sql::InvalidColumnType(..)
            | Sql::Utf8Error(..) => return Self::Codec,
            other => return Self::Sql(other),
        };
        // The log's index, a file beside the database, could not get its first pages.
        if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE {
            return Self::DiskFull;
        }
        match failure.code {
            // With the key already proven (see `Store::open`), a page that is "not a database" is a damaged one.
            ffi::ErrorCode::DatabaseCorrupt | ffi::ErrorCode::NotADatabase => Self::Corrupt,
            ffi::ErrorCode::DiskFull => Self::DiskFull,
            ffi::ErrorCode::DatabaseBusy | ffi::ErrorCode::DatabaseLocked => Self::Busy,
            ffi::ErrorCode::CannotOpen => Self::Unavailable(io::ErrorKind::Other),
            ffi::ErrorCode::PermissionDenied => Self::Unavailable(io::ErrorKind::PermissionDenied),
            ffi::ErrorCode::ReadOnly => Self::Unavailable(io::ErrorKind::ReadOnlyFilesystem),
            // Without its message: some of them repeat what was searched for or stored.
            _ => Self::Sql(Sql::SqliteFailure(failure, None)),
        }
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            kind => Self::Unavailable(kind),
        }
    }
}

impl StoreError {
    /// The code under which applications see it.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Locked => ErrorCode::StoreLocked,
            Self::Corrupt | Self::Codec => ErrorCode::StoreCorrupt,
            Self::TooNew => ErrorCode::StoreTooNew,
            Self::DiskFull => ErrorCode::DiskFull,
            Self::Busy => ErrorCode::StoreBusy,
            Self::Closed => ErrorCode::Closed,
            Self::Unavailable(io::ErrorKind::NotFound) => ErrorCode::NotFound,
            Self::Unavailable(_) => ErrorCode::InvalidArgument,
            Self::Sql(_) => ErrorCode::Internal,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::StoreError;

    #[test]
    fn an_error_repeats_neither_the_statement_nor_a_value() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE VIRTUAL TABLE t USING fts5 (text)").unwrap();
        for sql in ["SELECT * FROM t WHERE t MATCH '\"private'", "SELECT private FROM t", "private"] {
            let error = StoreError::from(connection.execute_batch(sql).unwrap_err());
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("private"), "{shown}");
            assert!(matches!(error, StoreError::Sql(_)), "{shown}");
        }
    }
}
