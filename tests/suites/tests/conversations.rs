//! Whole conversations on a real server: chats, groups that grow and shrink, sleep, search, and what lies on the disk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_lab::phone::ConversationState;
use heliograph_lab::policy::NETWORK;
use heliograph_lab::{Command, LabError, Software, plaintext};
use heliograph_model::DeliveryState;
use heliograph_suites::scene::{GROUP, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_chat_directly_and_encrypted() {
    let mut scene = Scene::new(&["ana", "ben"]).await;
    let (ana, ben) = (scene.phones[0].config().address.clone(), scene.phones[1].config().address.clone());
    scene.phones[0].request(&Command::message(&ben, "is the pier lit?")).await.unwrap();
    scene.shows(1, "is the pier lit?").await;
    scene.phones[1].request(&Command::message(&ana, "it is")).await.unwrap();
    scene.shows(0, "it is").await;
    let delivered = |view: &heliograph_lab::phone::View| {
        view.reached("is the pier lit?", DeliveryState::Delivered).then_some(())
    };
    scene.phones[0].until("the receipt", NETWORK, delivered).await.unwrap();
    for which in 0..2 {
        let view = scene.phones[which].view();
        assert!(
            view.messages.values().all(|message| message.security == heliograph_model::Security::Encrypted)
        );
    }
    let files = scene.server.all_files().unwrap();
    assert_eq!(plaintext::occurrences(&files, "is the pier lit?").unwrap(), 0);
    assert!(plaintext::occurrences(&files, "urn:xmpp:mls:0").unwrap() > 0, "the search finds what is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_start_the_same_chat_at_the_same_time() {
    let mut scene = Scene::new(&["ana", "ben"]).await;
    let (ana, ben) = (scene.phones[0].config().address.clone(), scene.phones[1].config().address.clone());
    for wire in &scene.wires {
        wire.cut();
    }
    scene.phones[0].request(&Command::message(&ben, "from ana")).await.unwrap();
    scene.phones[1].request(&Command::message(&ana, "from ben")).await.unwrap();
    for which in 0..2 {
        scene.wires[which].heal();
        scene.phones[which].request(&Command::Network { available: false }).await.unwrap();
        scene.phones[which].request(&Command::Network { available: true }).await.unwrap();
    }
    scene.shows(0, "from ben").await;
    scene.shows(1, "from ana").await;
    scene.phones[0].request(&Command::message(&ben, "and once more")).await.unwrap();
    scene.shows(1, "and once more").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_grows_and_shrinks() {
    let mut scene = Scene::new(&["ana", "ben", "chloe"]).await;
    let (ben, chloe) = (scene.phones[1].config().address.clone(), scene.phones[2].config().address.clone());
    scene.phones[0].request(&Command::group(GROUP, std::slice::from_ref(&ben))).await.unwrap();
    scene.phones[1].until("the group", NETWORK, |view| view.active(GROUP).map(|_| ())).await.unwrap();
    scene.say(0, "before chloe").await;
    scene.shows(1, "before chloe").await;
    let invite = Command::GroupInvite { group: GROUP.into(), members: vec![chloe.clone()] };
    // The room gives places to whom its owner wants; roles come later.
    scene.phones[1].request(&invite).await.unwrap();
    let refused = |view: &heliograph_lab::phone::View| view.conversation(GROUP)?.error.clone();
    assert_eq!(scene.phones[1].until("the refusal", NETWORK, refused).await.unwrap(), "forbidden");
    scene.phones[0].request(&invite).await.unwrap();
    scene.phones[2].until("the group", NETWORK, |view| view.active(GROUP).map(|_| ())).await.unwrap();
    scene.say(2, "chloe is here").await;
    scene.shows(0, "chloe is here").await;
    assert_eq!(scene.timeline(2).await, ["chloe is here"], "what was said before is not for her");
    let remove = Command::GroupRemove { group: GROUP.into(), members: vec![chloe] };
    let refused = scene.phones[1].request(&remove).await;
    assert!(matches!(&refused, Err(LabError::Refused { code, .. }) if code == "forbidden"), "{refused:?}");
    scene.phones[0].request(&remove).await.unwrap();
    let left = |view: &heliograph_lab::phone::View| {
        (view.conversation(GROUP)?.state == ConversationState::Left).then_some(())
    };
    scene.phones[2].until("her removal", NETWORK, left).await.unwrap();
    scene.say(0, "without chloe").await;
    scene.shows(1, "without chloe").await;
    assert_eq!(scene.timeline(2).await, ["chloe is here"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_slept_catches_up_in_order_and_search_finds_it() {
    let mut scene = Scene::new(&["ana", "ben"]).await;
    scene.make_group().await;
    scene.phones[1].request(&Command::Suspend).await.unwrap();
    let texts: Vec<String> =
        (0..120).map(|number| format!("report {number}: all quiet at the Hafenstraße")).collect();
    for text in &texts {
        scene.say(0, text).await;
    }
    scene.archived(0, &texts[119]).await;
    let report = scene.phones[1].request(&Command::CatchUp { deadline_ms: 30_000 }).await.unwrap();
    assert_eq!((&report["complete"], &report["new_messages"]), (&true.into(), &120.into()), "{report}");
    scene.phones[1].request(&Command::Resume).await.unwrap();
    assert_eq!(scene.timeline(1).await, texts);
    let found = scene.phones[1].request(&Command::Search { text: "QUIET hafen".into() }).await.unwrap();
    assert_eq!(
        found["messages"][0]["text"],
        texts[119].as_str(),
        "any case, the beginning of a word, newest first"
    );
    let found = scene.phones[1].request(&Command::Search { text: "report 77".into() }).await.unwrap();
    assert_eq!(found["messages"][0]["text"], texts[77].as_str());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_phone_holds_no_file_and_its_files_give_nothing_away() {
    let mut scene = Scene::new(&["ana", "ben"]).await;
    scene.make_group().await;
    scene.say(0, "nobody else's business").await;
    scene.shows(1, "nobody else's business").await;
    scene.phones[0].request(&Command::Suspend).await.unwrap();
    let open = scene.phones[0].open_files().unwrap();
    let of_database: Vec<_> =
        open.iter().filter(|file| file.to_string_lossy().contains("account.db")).collect();
    assert!(of_database.is_empty(), "{of_database:?}");
    for name in ["ana", "ben"] {
        let files = plaintext::files(&scene.folder(name)).unwrap();
        for secret in ["nobody else's business", GROUP, "ana-loves-lighthouses", "@lab.test"] {
            assert_eq!(plaintext::occurrences(&files, secret).unwrap(), 0, "{secret} in {name}'s files");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_entering_made_lets_others_in() {
    let mut scene = Scene::new(&["ana", "ben"]).await;
    let room = format!("ferry@{}", scene.server.rooms());
    for (which, nick) in ["ana", "ben"].into_iter().enumerate() {
        scene.phones[which].request(&Command::Join { room: room.clone(), nick: nick.into() }).await.unwrap();
        // Its own text back shows that it is in the room.
        let text = format!("{nick} is on board");
        scene.phones[which].request(&Command::message(&room, &text)).await.unwrap();
        scene.archived(which, &text).await;
    }
    scene.shows(0, "ben is on board").await;
    scene.shows(1, "ana is on board").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn older_messages_of_a_room_are_fetched_when_asked_for() {
    let mut scene = Scene::new(&["ana", "ben"]).await;
    if scene.server.software() == Software::Ejabberd {
        // Its pages are of 250 messages, so the newest one holds all that is written here.
        return;
    }
    let room = format!("lobby@{}", scene.server.rooms());
    let join = |nick: &str| Command::Join { room: room.clone(), nick: nick.into() };
    scene.phones[0].request(&join("ana")).await.unwrap();
    // More than a page of this server.
    let said: Vec<String> = (0..70).map(|number| format!("text {number}")).collect();
    for text in &said {
        scene.phones[0].request(&Command::message(&room, text)).await.unwrap();
    }
    scene.archived(0, &said[69]).await;

    scene.phones[1].request(&join("ben")).await.unwrap();
    scene.phones[1]
        .until("the newest", NETWORK, |view| view.saying(&said[69]).next().map(|_| ()))
        .await
        .unwrap();
    let history = Command::history(&room, 1000);
    let before = scene.phones[1].request(&history).await.unwrap();
    assert_eq!(before["seams"][0], "not-loaded");
    let older = Command::LoadOlder { of: room.clone(), count: 100 };
    let loaded = scene.phones[1].request_within(&older, NETWORK).await.unwrap();
    assert_eq!(loaded["more"], false);
    let after = scene.phones[1].request(&history).await.unwrap();
    assert!(after["seams"].as_array().unwrap().is_empty());
    let shown: Vec<String> =
        scene.phones[1].history(&room, 1000).await.unwrap().into_iter().map(|message| message.text).collect();
    assert_eq!(shown, said);
}
