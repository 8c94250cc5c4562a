//! The folder of one account: the encrypted database `account.db` and the file `key` that opens it.
//!
//! A phone keeps the key in its hardware keystore and hands it to the core at start. A terminal has no such place that
//! is there on every machine, so here the key is a file that only its owner may read. Whoever can read both files can
//! read the messages: on a shared machine, put the folder on an encrypted disk.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use heliograph_client::{DatabaseKey, StoreLocation};
use rand::TryRngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The folder below the system's folder for application data.
const FOLDER: &str = "heliograph";
/// The database file, encrypted with SQLCipher.
const DATABASE: &str = "account.db";
/// The key file: 64 hexadecimal digits and a line end.
const KEY: &str = "key";

/// Where one account lives on this machine.
#[derive(Debug)]
pub struct DataFolder {
    root: PathBuf,
}

impl DataFolder {
    /// The folder that `--data` names, or the platform's default. Nothing is created yet.
    pub fn choose(data: Option<&Path>) -> Result<Self, Failure> {
        let root = match data {
            Some(path) => path.to_owned(),
            None => default_root(|name| std::env::var_os(name).map(PathBuf::from))
                .ok_or(Failure::NoDataFolder)?
                .join(FOLDER),
        };
        Ok(Self { root })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Whether an account was added here.
    pub fn has_account(&self) -> bool {
        self.database().exists()
    }

    /// Where the existing account's store is, with its key.
    pub fn account(&self) -> Result<StoreLocation, Failure> {
        if !self.has_account() {
            return Err(Failure::NoAccount);
        }
        let key = match read_key(&self.key_file()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Failure::KeyMissing),
            other => other.map_err(|source| Failure::File { what: "The key file", source })?,
        };
        Ok(StoreLocation { path: self.database(), key: parse_key(&key)? })
    }

    /// Makes room for a new account: the folder (0700) and a fresh random key (0600). A key that is there already is
    /// kept, because a database elsewhere (a backup) may need it.
    pub fn prepare(&self) -> Result<StoreLocation, Failure> {
        if self.has_account() {
            return Err(Failure::AccountExists);
        }
        create_private_folder(&self.root)
            .map_err(|source| Failure::File { what: "The data folder", source })?;
        let path = self.key_file();
        match write_new_key(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                self.abandon();
                return Err(Failure::File { what: "The key file", source: error });
            }
            _ => {}
        }
        let key = read_key(&path).map_err(|source| Failure::File { what: "The key file", source })?;
        Ok(StoreLocation { path: self.database(), key: parse_key(&key)? })
    }

    /// Takes back what [`Self::prepare`] made, after a sign-in that failed. Never touches a folder with a database.
    pub fn abandon(&self) {
        if self.has_account() {
            return;
        }
        // Best effort: what stays is an unused key and an empty folder, which the next attempt takes over.
        let _ = fs::remove_file(self.key_file());
        let _ = fs::remove_dir(&self.root);
    }

    fn database(&self) -> PathBuf {
        self.root.join(DATABASE)
    }

    fn key_file(&self) -> PathBuf {
        self.root.join(KEY)
    }
}

/// The folder for application data, from the environment. XDG Base Directory Specification on Unix, with macOS' own
/// folder there.
fn default_root(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let variable = |name| variable(name).filter(|path: &PathBuf| path.is_absolute());
    if cfg!(windows) {
        return variable("LOCALAPPDATA").or_else(|| variable("APPDATA"));
    }
    if cfg!(target_os = "macos") {
        return variable("HOME").map(|home| home.join("Library/Application Support"));
    }
    variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/share")))
}

fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn write_new_key(path: &Path) -> io::Result<()> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    OsRng.try_fill_bytes(bytes.as_mut()).map_err(io::Error::other)?;
    let digits = Zeroizing::new(hex::encode(bytes.as_ref()) + "\n");
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // A database whose key is lost in a power cut is lost with it.
    let written = file.write_all(digits.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key, on a full disk, opens nothing and would be taken for a damaged one the next time.
        let _ = fs::remove_file(path);
    }
    written
}

fn read_key(path: &Path) -> io::Result<Zeroizing<String>> {
    fs::read_to_string(path).map(Zeroizing::new)
}

fn parse_key(digits: &str) -> Result<DatabaseKey, Failure> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    hex::decode_to_slice(digits.trim(), bytes.as_mut()).map_err(|_| Failure::KeyDamaged)?;
    Ok(DatabaseKey::new(*bytes))
}

#[cfg(test)]
mod tests {
    use super::{DataFolder, default_root};
    use crate::failure::Failure;
    use std::path::PathBuf;

    #[test]
    fn a_new_key_is_random_private_and_stays() {
        let temporary = tempfile::tempdir().unwrap();
        let (one, other) = (temporary.path().join("one"), temporary.path().join("other"));
        let folder = DataFolder::choose(Some(&one)).unwrap();
        folder.prepare().unwrap();
        let key = std::fs::read_to_string(one.join("key")).unwrap();
        assert_eq!(key.trim().len(), 64);
        folder.prepare().unwrap();
        assert_eq!(std::fs::read_to_string(one.join("key")).unwrap(), key);
        DataFolder::choose(Some(&other)).unwrap().prepare().unwrap();
        assert_ne!(std::fs::read_to_string(other.join("key")).unwrap(), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(one.join("key").metadata().unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(one.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn a_failed_attempt_leaves_nothing_and_an_account_is_never_touched() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("ana");
        let folder = DataFolder::choose(Some(&root)).unwrap();
        assert!(matches!(folder.account(), Err(Failure::NoAccount)));
        folder.prepare().unwrap();
        folder.abandon();
        assert!(!root.exists());

        folder.prepare().unwrap();
        std::fs::write(root.join("account.db"), "database").unwrap();
        folder.abandon();
        assert!(root.join("key").exists());
        assert!(matches!(folder.prepare(), Err(Failure::AccountExists)));
    }

    #[test]
    fn a_damaged_or_missing_key_is_said_to_be_that() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::choose(Some(temporary.path())).unwrap();
        std::fs::write(temporary.path().join("account.db"), "database").unwrap();
        assert!(matches!(folder.account(), Err(Failure::KeyMissing)));
        std::fs::write(temporary.path().join("key"), "abc").unwrap();
        assert!(matches!(folder.account(), Err(Failure::KeyDamaged)));
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn the_default_follows_xdg_and_ignores_relative_paths() {
        let with = |pairs: &'static [(&str, &str)]| {
            default_root(move |name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
            })
        };
        assert_eq!(with(&[("XDG_DATA_HOME", "/d"), ("HOME", "/h")]), Some("/d".into()));
        assert_eq!(with(&[("XDG_DATA_HOME", "d"), ("HOME", "/h")]), Some("/h/.local/share".into()));
        assert_eq!(with(&[]), None);
    }
}
