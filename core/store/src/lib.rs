//! The encrypted store: the only crate with SQL.
//!
//! One SQLCipher database per account, one writer ([`Store`]), a small pool of readers ([`Readers`]). Every table has a
//! module named after what a row is; in it, functions that write take `&Transaction` and functions that only read take
//! `&Connection`, so a signature says what a function may do. [`mls_storage`] keeps the state of OpenMLS in the same
//! transaction as everything else.
//!
//! This crate decides nothing: no protocol, no cryptography of its own beyond handing the key to SQLCipher, no clock, no
//! network. What is written when is the business of `heliograph-sync`.
//!
//! Read first: [`Store`], then `migrations/0001_foundation.sql`, where every table and column is explained.

mod column;
mod connection;
mod counter;
mod error;
mod key;
mod lock;
mod migration;
mod readers;
mod store;

pub mod account;
pub mod archive;
pub mod conversation;
pub mod group;
pub mod inbox;
pub mod intent;
pub mod key_package;
pub mod member;
pub mod message;
pub mod mls_storage;
pub mod outbox;
pub mod peer;
pub mod push;
pub mod quarantine;
pub mod search;
pub mod setting;
pub mod stream;
pub mod usage;

#[cfg(test)]
mod tables;
#[cfg(test)]
mod testing;

pub use error::StoreError;
pub use key::DatabaseKey;
pub use readers::Readers;
pub use rusqlite::{Connection, Transaction};
#[cfg(any(test, feature = "fault-injection"))]
pub use store::Fault;
pub use store::Store;
