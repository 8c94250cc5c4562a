//! Our side's phone: a real engine on a real encrypted database, and a link that hands over what it is given.

use std::path::{Path, PathBuf};

use anyhow::Context;
use heliograph_model::stanza::{Granted, SessionEvent};
use heliograph_model::{Address, Entropy, Timestamp};
use heliograph_store::{DatabaseKey, Readers, Store};
use heliograph_sync::{Effects, Engine, Input, create_account};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;

use crate::workload::READER;

/// When everything happens.
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// See the module.
pub struct Reader {
    engine: Engine,
    random: ChaCha20Rng,
}

/// The file of the account in a folder.
pub fn database(folder: &Path) -> PathBuf {
    folder.join("heliograph.db")
}

/// The key that opens it.
pub const fn key() -> DatabaseKey {
    DatabaseKey::new([42; 32])
}

/// The account that reads.
pub fn address() -> anyhow::Result<Address> {
    Ok(Address::parse(READER)?)
}

impl Reader {
    /// A new account in this folder.
    pub fn create(folder: &Path, seed: u64) -> anyhow::Result<Self> {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let mut store = Store::open(&database(folder), &key())?;
        create_account(&mut store, NOW, &entropy(&mut random), &address()?)?;
        Ok(Self { engine: Engine::open(store)?, random })
    }

    /// The account of this folder.
    pub fn open(folder: &Path, seed: u64) -> anyhow::Result<Self> {
        let store = Store::open(&database(folder), &key())?;
        // Another stream than at the creation: no key is drawn twice.
        Ok(Self { engine: Engine::open(store)?, random: ChaCha20Rng::seed_from_u64(!seed) })
    }

    /// One input, one transaction.
    pub fn input(&mut self, input: Input) -> anyhow::Result<Effects> {
        let entropy = entropy(&mut self.random);
        self.engine.handle(NOW, &entropy, input).context("the engine refused an input")
    }

    /// Logs in; what the engine wants to send first.
    pub fn log_in(&mut self) -> anyhow::Result<Effects> {
        self.input(Input::Start)?;
        self.input(Input::Session(SessionEvent::Online(Granted::fresh())))
    }

    /// For looking at what was stored.
    pub fn readers(&self) -> Readers {
        self.engine.readers()
    }

    /// Closes the database.
    pub fn close(self) -> anyhow::Result<()> {
        Ok(self.engine.close(NOW)?)
    }
}

fn entropy(random: &mut ChaCha20Rng) -> Entropy {
    let mut bytes = [0; 32];
    random.fill_bytes(&mut bytes);
    Entropy(bytes)
}
