//! The first thing that a process does with a database. A file of its own, because it happens once in a process.

#![allow(clippy::unwrap_used, reason = "what a test does not expect is a failure")]

use std::sync::Barrier;

use heliograph_store::{DatabaseKey, Store};

/// Accounts opened at the same moment: more than a phone has, for the sake of the race.
const ACCOUNTS: usize = 16;

#[test]
fn several_accounts_can_be_opened_at_the_same_moment() {
    let folder = tempfile::tempdir().unwrap();
    let start = Barrier::new(ACCOUNTS);
    std::thread::scope(|scope| {
        let (folder, start) = (folder.path(), &start);
        for account in 0..ACCOUNTS {
            scope.spawn(move || {
                let path = folder.join(format!("{account}.db"));
                start.wait();
                Store::open(&path, &DatabaseKey::new([7; 32])).unwrap().close().unwrap();
            });
        }
    });
}
