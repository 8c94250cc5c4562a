//! What the driver takes from one session to the next.

use heliograph_model::Address;
use heliograph_model::stanza::{Granted, StreamIdentity};
use heliograph_store::{DatabaseKey, Store};
use tempfile::TempDir;

use super::*;
use crate::server_override::{ServerOverride, TlsMode};

/// A driver with a new account, whose session leads nowhere: what it says is put into its mouth.
fn driver(folder: &TempDir) -> Driver {
    let address = Address::parse("ana@example.org").unwrap();
    let mut store = Store::open(&folder.path().join("ana.db"), &DatabaseKey::new([7; 32])).unwrap();
    let now = SystemClock.now();
    heliograph_sync::create_account(&mut store, now, &fresh_entropy().unwrap(), &address).unwrap();
    let mut account = AccountConfig::new(address, "secret");
    account.server = Some(ServerOverride { host: "127.0.0.1".to_owned(), port: 9, tls: TlsMode::Direct });
    let shared = Shared::new();
    let config = account.session(&shared.connector);
    let mut driver = Driver::new(Engine::open(store).unwrap(), account, None, shared);
    let (handle, outputs) = Session::start(config, None);
    driver.session = Some(Running { handle, outputs, leaving: false });
    driver
}

/// A session that its server would keep.
fn kept() -> ResumeState {
    let identity = StreamIdentity { id: "one".to_owned(), location: None, resource: "phone".to_owned() };
    let account = Address::parse("ana@example.org").unwrap();
    ResumeState::stored(StoredStream { account, identity, received: 0, rooms: Vec::new() }).unwrap()
}

/// The engine gave the session up while it was coming about, as when the network changes just then.
#[tokio::test]
async fn a_fresh_session_of_which_the_engine_has_not_heard_is_not_resumed() {
    let fresh = Granted::default();
    let continued = Granted { resumed: true, ..Granted::default() };
    let of_earlier_process = Granted { handled: Some(3), ..continued.clone() };
    for (granted, given_up, resumed) in [
        (fresh.clone(), false, true),
        // Nobody has said in it that we are here, and the engine would take it for one in which somebody has.
        (fresh, true, false),
        (continued.clone(), false, true),
        // The engine knows it, and was only not told that it goes on.
        (continued, true, true),
        // What the server had handled of it was for the engine to hear.
        (of_earlier_process, true, false),
    ] {
        let folder = TempDir::new().unwrap();
        let mut driver = driver(&folder);
        if given_up {
            driver.leave(false);
        }
        driver.session_says(Some(SessionOutput::Event(SessionEvent::Online(granted.clone()))));
        driver.session_says(Some(SessionOutput::Ended { error: None, resume: Some(kept()) }));
        assert_eq!(driver.resume.is_some(), resumed, "{granted:?}, given up: {given_up}");
        // It says nothing about the session after it.
        driver.ended(true, None, Some(kept()));
        assert!(driver.resume.is_some());
    }
}
