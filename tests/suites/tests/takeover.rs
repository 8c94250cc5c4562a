//! Two devices that hold one session: they do not fight for it, and soon each has one of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use std::path::Path;

use heliograph_lab::phone::View;
use heliograph_lab::policy::NETWORK;
use heliograph_lab::{Command, Phone, PhoneConfig};
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
async fn a_phone_and_its_copy_do_not_fight_for_ever() {
    let mut scene = Scene::new(&["ana", "ben"]).await;
    let mut phone = scene.phones.remove(1);
    phone.until("being online", NETWORK, online).await.unwrap();
    phone.kill().await.unwrap();
    let copied = PhoneConfig { data: scene.folder("copy of ben"), ..phone.config().clone() };
    copy(&phone.config().data, &copied.data);

    phone.restart().await.unwrap();
    phone.until("being online", NETWORK, online).await.unwrap();
    let before = scene.wires[1].traffic().accepted;
    let copy = Phone::spawn(copied).unwrap();
    copy.until("being online", NETWORK, online).await.unwrap();
    let address = &copy.config().address;
    scene.phones[0].request(&Command::message(address, "which of you hears this?")).await.unwrap();
    let hears = |view: &View| view.saying("which of you hears this?").next().map(|_| ());
    for listener in [&phone, &copy] {
        listener.until("the text", NETWORK, hears).await.unwrap();
    }
    let since = scene.wires[1].traffic().accepted - before;
    // ejabberd says that somebody else has the session now, Prosody closes the connection without a word or refuses the copy the
    // session. Each comes back once or twice, and finds a session of its own.
    assert!(since <= 4, "{since} connections");
}
