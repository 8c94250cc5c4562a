//! Two devices that hold one session: the later has it, and the earlier does not fight for it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use std::path::Path;

use heliograph_lab::phone::{ConnectionState, View};
use heliograph_lab::policy::NETWORK;
use heliograph_lab::{Command, Phone, PhoneConfig, Software};
use heliograph_suites::scene::Scene;

fn online(view: &View) -> Option<()> {
    (view.is_online() && view.caught_up).then_some(())
}

/// As a backup tool or a cloned phone would.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_phone_takes_its_session_and_is_not_fought_for_it() {
    let mut scene = Scene::new(&["ana", "ben"]).await;
    scene.phones[1].until("being online", NETWORK, online).await.unwrap();
    scene.phones[1].kill().await.unwrap();
    let config = scene.phones[1].config().clone();
    let copied = PhoneConfig { data: scene.folder("copy of ben"), ..config.clone() };
    copy(&config.data, &copied.data);

    scene.phones[1].restart().await.unwrap();
    scene.phones[1].until("being online", NETWORK, online).await.unwrap();
    let before = scene.wires[1].traffic().accepted;
    let copy = Phone::spawn(copied).unwrap();
    copy.until("being online", NETWORK, online).await.unwrap();
    let told = scene.server.software() == Software::Ejabberd;
    if told {
        let stopped = |view: &View| (view.connection == Some(ConnectionState::Stopped)).then_some(());
        scene.phones[1].until("an end", NETWORK, stopped).await.unwrap();
        assert_eq!(scene.phones[1].view().connection_error.as_deref(), Some("session-replaced"));
    }

    let address = copy.config().address.clone();
    scene.phones[0].request(&Command::message(&address, "which of you hears this?")).await.unwrap();
    let hears = |view: &View| view.saying("which of you hears this?").next().map(|_| ());
    copy.until("the text", NETWORK, hears).await.unwrap();
    // Prosody closes the connection without a word, like a network that fails, or refuses the copy the session. The phone comes
    // back, as the copy may, and soon both have sessions of their own from then on.
    if !told {
        scene.phones[1].until("the text", NETWORK, hears).await.unwrap();
    }
    let since = scene.wires[1].traffic().accepted - before;
    assert!(
        since <= if told { 1 } else { 4 },
        "{since} connections: each comes back once or twice, and no more"
    );
}
