//! One process per database.
//!
//! SQLite itself lets several processes write to one file; the engine must be alone, because it keeps what it read in
//! memory, and because two of them would use the same ratchet state twice.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// An operating system lock on `<database>.lock`, held as long as this value lives. It goes with the process if that is
/// killed. The file stays behind: removing it would let two processes lock two different files of the same name.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// Takes the lock of this database, without waiting for it.
    pub fn take(database: &Path) -> Result<Self, StoreError> {
        let file = File::options().create(true).truncate(false).write(true).open(lock_path(database))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Gives the lock back and says whether that worked.
    pub fn release(self) -> Result<(), StoreError> {
        Ok(self.0.unlock()?)
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut path = OsString::from(database);
    path.push(".lock");
    path.into()
}
