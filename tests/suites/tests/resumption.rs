//! Sessions that outlive the process and the nap: taken up where they were, at the price of one login (XEP-0198 §5).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_lab::Command;
use heliograph_suites::scene::Scene;

/// Two phones in a group, each of which has shown a text of the other: both have read their archives.
async fn talking() -> Scene {
    let mut scene = Scene::new(&["ana", "ben"]).await;
    scene.make_group().await;
    scene.say(0, "hello ben").await;
    scene.shows(1, "hello ben").await;
    scene.say(1, "hello ana").await;
    scene.shows(0, "hello ana").await;
    scene
}

/// Whether Ana's process, which has connected once, resumed the session of the one before it.
async fn resumed(scene: &mut Scene) -> bool {
    scene.phones[0].request(&Command::Status).await.unwrap();
    let traffic = scene.phones[0].view().traffic;
    assert_eq!(traffic.connects, 1);
    traffic.resumed == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_was_killed_goes_on_in_the_session_of_its_predecessor() {
    let mut scene = talking().await;
    for round in 0..3 {
        scene.phones[0].kill().await.unwrap();
        scene.say(1, &format!("said while ana was dead {round}")).await;
        scene.archived(1, &format!("said while ana was dead {round}")).await;
        scene.phones[0].restart().await.unwrap();
        scene.shows(0, &format!("said while ana was dead {round}")).await;
        scene.say(0, &format!("ana is back {round}")).await;
        scene.shows(1, &format!("ana is back {round}")).await;
        assert!(resumed(&mut scene).await, "round {round}");
    }
    let said =
        (0..3).flat_map(|round| [format!("said while ana was dead {round}"), format!("ana is back {round}")]);
    let said: Vec<String> = ["hello ben", "hello ana"].map(String::from).into_iter().chain(said).collect();
    scene.everybody_shows(&said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_slept_goes_on_in_its_session_and_misses_nothing() {
    let mut scene = talking().await;
    scene.phones[0].quit().await.unwrap();
    let said: Vec<String> = (0..30).map(|number| format!("while ana slept {number}")).collect();
    for text in &said {
        scene.say(1, text).await;
    }
    scene.archived(1, &said[29]).await;
    scene.phones[0].restart().await.unwrap();
    scene.shows(0, &said[29]).await;
    assert!(resumed(&mut scene).await);
    let all: Vec<String> =
        ["hello ben", "hello ana"].map(String::from).into_iter().chain(said.clone()).collect();
    scene.everybody_shows(&all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgot_the_session_costs_nothing_but_the_round_trips() {
    let mut scene = talking().await;
    scene.phones[0].kill().await.unwrap();
    scene.say(1, "said before the server died").await;
    scene.archived(1, "said before the server died").await;
    scene.server.kill().await.unwrap();
    scene.server.restart().await.unwrap();
    scene.phones[0].restart().await.unwrap();
    scene.shows(0, "said before the server died").await;
    scene.say(0, "ana is back").await;
    scene.phones[1].request(&Command::Network { available: false }).await.unwrap();
    scene.phones[1].request(&Command::Network { available: true }).await.unwrap();
    scene.shows(1, "ana is back").await;
    assert!(!resumed(&mut scene).await);
    let said = ["hello ben", "hello ana", "said before the server died", "ana is back"].map(String::from);
    scene.everybody_shows(&said).await;
}
