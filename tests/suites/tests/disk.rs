//! A phone whose storage is full, really: its data lies on a disk of a few megabytes that is filled to the last byte. What
//! can't be stored is refused with a reason that a person can act on, nothing that was accepted is lost, and when there is
//! space again everything goes on by itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_lab::policy::NETWORK;
use heliograph_lab::{Command, LabError, Options, Phone, PhoneConfig, SmallDisk};
use heliograph_suites::scene::{GROUP, Scene, shell};

/// Room for an account's database and its log, and some more.
const DISK_BYTES: u64 = 6 * 1024 * 1024;

/// Longer than what may be free inside the database's files when the disk is full.
const LONG: usize = 60_000;

/// A scene with Ana on the machine's own disk and what Ben would be on a small one.
async fn scene() -> (Scene, SmallDisk, PhoneConfig) {
    let mut scene = Scene::server(Options::with_accounts(&["ana", "ben"])).await;
    let ana = scene.add_wire("ana").await;
    Phone::add_account(&ana).await.unwrap();
    scene.phones.push(Phone::spawn(ana).unwrap());
    let place = scene.folder("small-disk");
    std::fs::create_dir(&place).unwrap();
    let disk = SmallDisk::mount(&place, DISK_BYTES).unwrap();
    let mut ben = scene.add_wire("ben").await;
    ben.data = place.join("ben");
    ben.binary = disk.program(&ben.binary, &scene.folder("on-small-disk.sh")).unwrap();
    (scene, disk, ben)
}

fn long(text: &str) -> String {
    format!("{text} {}", "x".repeat(LONG))
}

/// What a person is told must name the cause and the way out.
fn is_said_well(message: &str) {
    assert!(message.contains("full") && message.contains("free some space"), "{message}");
}

/// Ben sends until his disk takes no more. Gives what it took.
async fn send_until_refused(ben: &mut Phone, label: &str) -> Vec<String> {
    let mut accepted = Vec::new();
    loop {
        let text = long(&format!("{label} {}", accepted.len()));
        match ben.request(&Command::message(GROUP, &text)).await {
            Ok(_) => accepted.push(text),
            Err(LabError::Refused { code, message, .. }) => {
                assert_eq!(code, "disk-full");
                is_said_well(&message);
                return accepted;
            }
            Err(error) => panic!("{error}"),
        }
        assert!(accepted.len() < 200, "the disk is never full");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_on_a_full_disk_says_so_loses_nothing_and_goes_on_when_there_is_space() {
    let (mut scene, disk, ben) = scene().await;
    Phone::add_account(&ben).await.unwrap();
    scene.phones.push(Phone::spawn(ben).unwrap());
    scene.make_group().await;
    scene.say(0, "while there was space").await;
    scene.shows(1, "while there was space").await;

    disk.fill().unwrap();
    let mut said = vec!["while there was space".to_owned()];
    said.extend(send_until_refused(&mut scene.phones[1], "written on a full disk").await);
    let from_ana = long("arrives at a full disk");
    scene.say(0, &from_ana).await;
    said.push(from_ana.clone());
    scene.phones[1]
        .until("the reason", NETWORK, |view| {
            (view.connection_error.as_deref() == Some("disk-full")).then_some(())
        })
        .await
        .unwrap();
    // What was there can still be read.
    assert!(scene.timeline(1).await.contains(&said[0]));

    disk.free().unwrap();
    scene.shows(1, &from_ana).await;
    for text in &said {
        scene.shows(0, text).await;
    }
    scene.say(1, "there is space again").await;
    scene.shows(0, "there is space again").await;
    said.push("there is space again".to_owned());
    scene.everybody_shows(&said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_ends_and_starts_on_a_full_disk_keeps_everything() {
    let (mut scene, disk, ben) = scene().await;
    Phone::add_account(&ben).await.unwrap();
    scene.phones.push(Phone::spawn(ben.clone()).unwrap());
    scene.make_group().await;
    disk.fill().unwrap();
    let mut said = send_until_refused(&mut scene.phones[1], "before the end").await;
    // The log can't be moved into the database on a full disk; it stays beside it.
    scene.phones[1].kill().await.unwrap();

    let sent = shell(&ben, &["send", GROUP, &long("from the command line")]).await;
    assert_eq!(sent.status.code(), Some(5), "{sent:?}");
    is_said_well(&String::from_utf8_lossy(&sent.stderr));
    let sent = shell(&ben, &["--json", "send", GROUP, &long("from the command line")]).await;
    assert_eq!(sent.status.code(), Some(5), "{sent:?}");
    assert!(String::from_utf8_lossy(&sent.stdout).contains("\"disk-full\""), "{sent:?}");

    disk.free().unwrap();
    scene.phones[1].restart().await.unwrap();
    for text in &said {
        scene.shows(0, text).await;
    }
    scene.say(0, "and an answer").await;
    scene.shows(1, "and an answer").await;
    said.push("and an answer".to_owned());
    scene.everybody_shows(&said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_can_not_be_added_on_a_full_disk_and_can_afterwards() {
    let (scene, disk, ben) = scene().await;
    disk.fill().unwrap();
    match Phone::add_account(&ben).await {
        Err(LabError::Refused { code, message, .. }) => {
            assert_eq!(code, "disk-full");
            is_said_well(&message);
        }
        other => panic!("not refused: {:?}", other.map_err(|error| error.to_string())),
    }
    assert!(!disk.path("ben/account.db").exists(), "a refused account leaves nothing behind");
    disk.free().unwrap();
    Phone::add_account(&ben).await.unwrap();
    drop(scene);
}
