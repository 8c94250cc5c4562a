//! What several tests of this crate need.

use heliograph_model::Address;
use heliograph_store::DatabaseKey;
use tempfile::TempDir;

use crate::account::{self, AccountConfig, StoreLocation};
use crate::client::Client;

/// Where [`client`] keeps its account.
pub fn location(folder: &TempDir) -> StoreLocation {
    StoreLocation::new(folder.path().join("ana.db"), DatabaseKey::new([7; 32]))
}

/// A new account whose server is nowhere.
pub fn client(folder: &TempDir) -> Client {
    let address: Address = "ana@example.org".parse().unwrap();
    account::make_database(&location(folder), &AccountConfig::new(address, "secret"), None).unwrap();
    Client::open(location(folder)).unwrap()
}
