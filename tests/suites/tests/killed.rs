//! Phones and servers that die at any moment: after a restart every message appears exactly once on every phone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use std::time::Duration;

use heliograph_lab::phone::View;
use heliograph_lab::policy::NETWORK;
use heliograph_lab::server::PROSODY_012;
use heliograph_lab::{Command, ServerTree};
use heliograph_model::DeliveryState;
use heliograph_suites::scene::{GROUP, Scene, has_ended};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// The places around the handling of what comes in: see `core/client/src/crash.rs`.
const PLACES: [&str; 4] = ["before-commit", "after-commit", "before-acknowledge", "after-acknowledge"];

/// At which passing of the place: the first inputs of a session are the login, then the catch-up, then the messages.
const PASSINGS: [u32; 6] = [1, 2, 4, 6, 9, 13];

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_killed_at_each_named_place() {
    let mut scene = Scene::new(&["ana", "ben"]).await;
    scene.make_group().await;
    let mut said = Vec::new();
    for place in PLACES {
        for passing in PASSINGS {
            let ours = format!("from ana at {place} {passing}");
            scene.phones[0].crash_at(Some(format!("{place}:{passing}")));
            scene.phones[0].restart().await.unwrap();
            // She may be dead before she has taken it.
            let _ = scene.phones[0].send(&Command::message(GROUP, &ours)).await;
            said.extend(talk_until_dead(&mut scene, &format!("{place} {passing}")).await);
            scene.phones[0].crash_at(None);
            scene.phones[0].restart().await.unwrap();
            if scene.timeline(0).await.contains(&ours) {
                said.push(ours.clone());
                scene.shows(1, &ours).await;
            }
        }
    }
    for text in &said {
        scene.shows(0, text).await;
    }
    scene.everybody_shows(&said).await;
}

/// Ben talks until Ana has come to the place where she dies. Gives what he said.
async fn talk_until_dead(scene: &mut Scene, label: &str) -> Vec<String> {
    let mut said = Vec::new();
    loop {
        let text = format!("from ben at {label}, {}", said.len());
        scene.say(1, &text).await;
        said.push(text.clone());
        let shown = scene.phones[0]
            .until("her death, or the text", NETWORK, |view| view.saying(&text).next().map(|_| ()))
            .await;
        match shown {
            // Each text takes her through every place at least once.
            Ok(()) => assert!(said.len() < 30, "{label}: she never came there"),
            Err(error) if has_ended(&error) => return said,
            Err(error) => panic!("{label}: {error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_killed_around_keeping_its_token_signs_in_again() {
    if ServerTree::under_test().unwrap().name == PROSODY_012 {
        return; // It has no tokens.
    }
    let mut scene = Scene::new(&["ana", "ben"]).await;
    scene.make_group().await;
    let mut said = Vec::new();
    for place in ["before-remember", "after-remember"] {
        for passing in 1..=4 {
            scene.phones[0].crash_at(Some(format!("{place}:{passing}")));
            scene.phones[0].restart().await.unwrap();
            sign_in_until_dead(&mut scene, &format!("{place} {passing}")).await;
            scene.wires[0].heal();
            scene.phones[0].crash_at(None);
            scene.phones[0].restart().await.unwrap();
            let text = format!("from ana after {place} {passing}");
            scene.say(0, &text).await;
            scene.shows(1, &text).await;
            said.push(text);
        }
    }
    scene.everybody_shows(&said).await;
}

/// Cuts Ana's wire whenever she is online, until she has come to the place where she dies.
async fn sign_in_until_dead(scene: &mut Scene, label: &str) {
    // Each sign-in notes that the token is used, and the next one that came with it: each goes through every place.
    for _ in 0..10 {
        let online = |view: &View| view.is_online().then_some(());
        match scene.phones[0].until("her death, or being online", NETWORK, online).await {
            Ok(()) => scene.wires[0].cut(),
            Err(error) if has_ended(&error) => return,
            Err(error) => panic!("{label}: {error}"),
        }
        let offline = |view: &View| (!view.is_online()).then_some(());
        match scene.phones[0].until("noticing that the wire is cut", NETWORK, offline).await {
            Ok(()) => scene.wires[0].heal(),
            Err(error) if has_ended(&error) => return,
            Err(error) => panic!("{label}: {error}"),
        }
    }
    panic!("{label}: she never came there");
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_servers_and_wires_that_fail_at_random() {
    let seed = std::env::var("HELIOGRAPH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_123);
    println!("seed {seed}");
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let mut scene = Scene::new(&["ana", "ben", "chloe"]).await;
    scene.make_group().await;
    let mut said = Vec::new();
    for step in 0..40 {
        let which = random.random_range(0..3);
        match random.random_range(0..10) {
            0 => scene.phones[which].restart().await.unwrap(),
            1 => scene.wires[which].cut(),
            2 => scene.wires[which].black_hole(),
            3 => scene.wires[which].heal(),
            4 if step % 3 == 0 => {
                scene.server.kill().await.unwrap();
                scene.server.restart().await.unwrap();
            }
            5 => scene.wires[which].latency(Duration::from_millis(random.random_range(0..80))),
            _ => {
                let text = format!("text {step} of {}", scene.phones[which].name());
                scene.say(which, &text).await;
                said.push(text);
            }
        }
    }
    for which in 0..3 {
        scene.wires[which].heal();
        scene.phones[which].restart().await.unwrap();
    }
    for text in &said {
        for which in 0..3 {
            scene.shows(which, text).await;
        }
    }
    scene.everybody_shows(&said).await;
    for which in 0..3 {
        let name = scene.phones[which].name().to_owned();
        let history = scene.phones[which].history(GROUP, 1000).await.unwrap();
        for message in history.iter().filter(|message| message.text.ends_with(&name)) {
            assert!(
                message.state >= DeliveryState::Archived,
                "{name}: {} is {:?}",
                message.text,
                message.state
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_between_two_texts_loses_neither() {
    let mut scene = Scene::new(&["ana", "ben"]).await;
    scene.make_group().await;
    scene.say(0, "before the crash").await;
    scene.shows(1, "before the crash").await;
    scene.server.kill().await.unwrap();
    scene.say(0, "written while the server was dead").await;
    scene.say(1, "so was this").await;
    scene.server.restart().await.unwrap();
    for phone in &mut scene.phones {
        // As the operating system would: the network is back.
        phone.request(&Command::Network { available: false }).await.unwrap();
        phone.request(&Command::Network { available: true }).await.unwrap();
    }
    scene.shows(1, "written while the server was dead").await;
    scene.shows(0, "so was this").await;
    let said = ["before the crash", "written while the server was dead", "so was this"].map(String::from);
    scene.archived(0, &said[1]).await;
    scene.archived(1, &said[2]).await;
    scene.everybody_shows(&said).await;
}
