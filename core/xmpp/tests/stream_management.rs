//! What both sides know of what the other has (XEP-0198), and how a link that is dead is told from one that is silent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod scripted;

use std::time::Duration;

use heliograph_model::ErrorCode;
use heliograph_model::stanza::SessionEvent;
use heliograph_xmpp::session::TlsMode;
use scripted::Server;
use scripted::phone::{Phone, acknowledged};

#[tokio::test]
async fn a_stanza_is_acknowledged_only_when_it_was_handled() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    for number in 1..=3 {
        peer.say(&format!("<message from='bo@example.org/x' type='chat'><body>{number}</body></message>"))
            .await;
        phone.stanza().await;
    }
    phone.handle.handled(2);
    // The server asked after the third; it hears nothing before that one is safe as well.
    peer.say("<r xmlns='urn:xmpp:sm:3'/>").await;
    phone.write("m1", "in between");
    peer.expect_stanza("message").await;
    peer.acknowledge(1).await;
    assert_eq!(phone.event().await, acknowledged(&["m1"]));
    phone.handle.handled(1);
    assert_eq!(peer.expect("a", "urn:xmpp:sm:3").await.attr("h"), Some("3"));
}

#[tokio::test]
async fn answers_go_out_with_what_is_said_next() {
    let server = Server::new().await;
    let mut config = server.config(TlsMode::Direct);
    // Nothing but company brings them.
    config.timeouts.company = Duration::from_hours(1);
    let mut phone = Phone::start(config, None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    let hello = "<message from='bo@example.org/x' type='chat'><body>hi</body></message>";
    peer.say(&format!("{hello}<r xmlns='urn:xmpp:sm:3'/>{hello}")).await;
    for _ in 0..2 {
        phone.stanza().await;
        phone.handle.handled(1);
    }
    peer.say("<iq type='get' id='p1' from='example.org'><ping xmlns='urn:xmpp:ping'/></iq>").await;
    assert_eq!(phone.stanza().await, []);
    phone.write("m1", "hello");
    assert_eq!(peer.expect_stanza("iq").await.attr("id"), Some("p1"), "in the order of the counts");
    peer.expect_stanza("message").await;
    assert_eq!(
        peer.expect("a", "urn:xmpp:sm:3").await.attr("h"),
        Some("2"),
        "also what came after the question"
    );
    peer.acknowledge(2).await;
    assert_eq!(phone.event().await, acknowledged(&["m1"]));
    phone.handle.leave();
    assert_eq!(peer.expect("a", "urn:xmpp:sm:3").await.attr("h"), Some("2"));
}

#[tokio::test]
async fn answers_go_out_soon_where_nothing_else_is_said() {
    let server = Server::new().await;
    let mut config = server.config(TlsMode::Direct);
    config.timeouts.company = Duration::from_millis(1);
    let mut phone = Phone::start(config, None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    peer.say(
        "<message from='bo@example.org/x' type='chat'><body>hi</body></message><r xmlns='urn:xmpp:sm:3'/>\
         <iq type='get' id='p1' from='example.org'><ping xmlns='urn:xmpp:ping'/></iq>",
    )
    .await;
    phone.stanza().await;
    assert_eq!(phone.stanza().await, []);
    phone.handle.handled(2);
    assert_eq!(peer.expect_stanza("iq").await.attr("id"), Some("p1"));
    assert_eq!(peer.expect("a", "urn:xmpp:sm:3").await.attr("h"), Some("2"));
}

#[tokio::test]
async fn without_stream_management_a_ping_is_the_question() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_unmanaged().await;
    phone.online(false).await;
    phone.handle.probe();
    let question = peer.expect_stanza("iq").await;
    assert!(question.has_child("ping", "urn:xmpp:ping"));
    peer.say(&format!("<iq type='result' id='{}'/>", question.attr("id").unwrap())).await;
    assert_eq!(phone.event().await, SessionEvent::Alive);
}

#[tokio::test]
async fn a_probe_finds_a_dead_link_and_leaves_a_live_one_alone() {
    let server = Server::new().await;
    let mut config = server.config(TlsMode::Direct);
    config.timeouts.probe = Duration::from_millis(50);
    let mut phone = Phone::start(config, None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    phone.handle.probe();
    peer.acknowledge(0).await;
    assert_eq!(phone.event().await, SessionEvent::Alive);
    phone.write("m1", "still here");
    peer.expect_stanza("message").await;
    peer.acknowledge(1).await;
    assert_eq!(phone.event().await, acknowledged(&["m1"]));
    phone.handle.probe();
    peer.expect("r", "urn:xmpp:sm:3").await;
    let (error, resume) = phone.ended().await;
    assert_eq!(error.unwrap().code, ErrorCode::NetworkUnavailable);
    assert!(resume.is_some());
}

#[tokio::test]
async fn a_server_that_never_acknowledges_is_given_up() {
    let server = Server::new().await;
    let mut config = server.config(TlsMode::Direct);
    config.timeouts.acknowledgement = Duration::from_millis(50);
    let mut phone = Phone::start(config, None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    phone.write("m1", "anybody?");
    peer.expect_stanza("message").await;
    let (error, resume) = phone.ended().await;
    assert_eq!(error.unwrap().code, ErrorCode::NetworkUnavailable);
    assert_eq!(resume.unwrap().unacknowledged().count(), 1);
}
