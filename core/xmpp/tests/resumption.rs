//! Sessions that are taken up again (XEP-0198 §5): after the socket broke, after the process died, and when that fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod scripted;

use heliograph_model::stanza::{Granted, Inbound, Outbound, Request, Response, SessionEvent, StreamIdentity};
use heliograph_model::{Address, ErrorCode, RequestId};
use heliograph_xmpp::session::{ResumeState, SessionOutput, StoredStream, TlsMode, Trust};
use scripted::phone::{Phone, acknowledged, text};
use scripted::{Server, patiently};
use std::time::Duration;

/// Two messages sent, one of them acknowledged; one stanza received, and handled; one question open; one room joined.
async fn interrupted(server: &Server) -> ResumeState {
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    phone.write("m1", "first");
    peer.expect_stanza("message").await;
    peer.acknowledge(1).await;
    assert_eq!(phone.event().await, acknowledged(&["m1"]));
    let room = Address::parse("room@muc.example.org").unwrap();
    phone.handle.send(Outbound::JoinRoom { room, nick: "ana".to_owned() });
    peer.expect_stanza("presence").await;
    peer.acknowledge(2).await;
    peer.say(
        "<presence from='room@muc.example.org/ana'><x xmlns='http://jabber.org/protocol/muc#user'>\
         <status code='110'/></x></presence>",
    )
    .await;
    assert!(matches!(phone.stanza().await.as_slice(), [Inbound::RoomJoined { created: false, .. }]));
    phone.handle.handled(1);
    assert_eq!(peer.handled().await, "1");
    phone.handle.send(Outbound::Request { id: RequestId::new("q1"), request: Request::EnableCarbons });
    peer.expect_stanza("iq").await;
    peer.expect("r", "urn:xmpp:sm:3").await;
    phone.write("m2", "second");
    peer.expect_stanza("message").await;
    peer.vanish();
    let (error, resume) = phone.ended().await;
    assert_eq!(error.unwrap().code, ErrorCode::NetworkUnavailable);
    resume.unwrap()
}

#[tokio::test]
async fn a_resumed_session_goes_on_where_it_was() {
    let server = Server::new().await;
    let resume = interrupted(&server).await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), Some(resume));
    let mut peer = server.accept_login().await;
    let request = peer.expect("resume", "urn:xmpp:sm:3").await;
    assert_eq!((request.attr("previd"), request.attr("h")), (Some("one"), Some("1")));
    // The server has the question, and not the message.
    peer.say("<resumed xmlns='urn:xmpp:sm:3' previd='one' h='3'/>").await;
    phone.online(true).await;
    let again = peer.expect_stanza("message").await;
    assert_eq!(again.attr("id"), Some("m2"));
    peer.acknowledge(4).await;
    assert_eq!(phone.event().await, acknowledged(&["m2"]));
    assert_eq!(phone.event().await, SessionEvent::Drained);
    peer.say("<iq type='result' id='q1'/>").await;
    assert_eq!(
        phone.stanza().await,
        [Inbound::Response { id: RequestId::new("q1"), response: Response::Done }]
    );
    peer.say("<message from='room@muc.example.org/bo' type='groupchat'><body>in the room</body></message>")
        .await;
    assert_eq!(text(&phone.stanza().await), "in the room");
    phone.handle.handled(2);
    assert_eq!(peer.handled().await, "3");
    phone.handle.abandon();
    peer.nothing_else().await;
}

#[tokio::test]
async fn a_refused_resumption_leads_to_a_fresh_session_and_repeats_nothing() {
    // With what the server still knows, and (after a crash of the server) with nothing.
    for (attribute, known) in [("h='4'", Some(acknowledged(&["m2"]))), ("h='3'", None), ("", None)] {
        let server = Server::new().await;
        let resume = interrupted(&server).await;
        assert_eq!(resume.unacknowledged().count(), 1);
        let mut phone = Phone::start(server.config(TlsMode::Direct), Some(resume));
        let mut peer = server.accept_login().await;
        peer.expect("resume", "urn:xmpp:sm:3").await;
        peer.say(&format!(
            "<failed xmlns='urn:xmpp:sm:3' {attribute}>\
             <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
        ))
        .await;
        peer.bind().await;
        peer.enable("two").await;
        if let Some(known) = known {
            assert_eq!(phone.event().await, known);
        }
        phone.online(false).await;
        // The room of the old session is not joined any more.
        peer.say("<message from='room@muc.example.org/bo' type='groupchat'><body>?</body></message>").await;
        assert_eq!(phone.stanza().await, []);
        phone.handle.handled(1);
        assert_eq!(peer.handled().await, "1");
        phone.handle.abandon();
        peer.nothing_else().await;
        assert!(server.nobody_waits().await, "one login");
        assert!(phone.ended().await.1.is_some());
    }
}

/// What the process before this one wrote down: one room, one stanza handled.
fn left_by_an_earlier_process(location: Option<String>) -> ResumeState {
    let stored = StoredStream {
        account: Address::parse("ana@example.org").unwrap(),
        identity: StreamIdentity { id: "one".to_owned(), location, resource: "phone".to_owned() },
        received: 1,
        rooms: vec![(Address::parse("room@muc.example.org").unwrap(), "ana".to_owned())],
    };
    ResumeState::stored(stored).unwrap()
}

#[tokio::test]
async fn the_session_of_an_earlier_process_is_resumed_and_its_owner_told_how_far_it_got() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), Some(left_by_an_earlier_process(None)));
    let mut peer = server.accept_login().await;
    let request = peer.expect("resume", "urn:xmpp:sm:3").await;
    assert_eq!((request.attr("previd"), request.attr("h")), (Some("one"), Some("1")));
    peer.say("<resumed xmlns='urn:xmpp:sm:3' previd='one' h='41'/>").await;
    let resumed = Granted { handled: Some(41), ..Granted::resumed() };
    assert_eq!(phone.event().await, SessionEvent::Online(resumed));
    peer.say("<message from='room@muc.example.org/bo' type='groupchat'><body>kept</body></message>").await;
    assert_eq!(text(&phone.stanza().await), "kept");
    phone.handle.handled(1);
    peer.acknowledge(41).await;
    assert_eq!(phone.event().await, SessionEvent::Drained);
    assert_eq!(peer.handled().await, "2");
    // Counting goes on from what the server said.
    phone.write("m1", "more");
    peer.expect_stanza("message").await;
    peer.acknowledge(42).await;
    assert_eq!(phone.event().await, acknowledged(&["m1"]));
    // Out of a room that the process before this one had entered.
    peer.say(
        "<presence from='room@muc.example.org/ana' type='unavailable'>\
         <x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/><status code='307'/></x></presence>",
    )
    .await;
    assert!(matches!(phone.stanza().await.as_slice(), [Inbound::RoomLeft { .. }]));
}

#[tokio::test]
async fn a_server_that_gave_up_the_session_of_an_earlier_process_still_tells_how_far_it_got() {
    for (attribute, handled) in [("h='7'", Some(7)), ("", None)] {
        let server = Server::new().await;
        let mut phone = Phone::start(server.config(TlsMode::Direct), Some(left_by_an_earlier_process(None)));
        let mut peer = server.accept_login().await;
        peer.expect("resume", "urn:xmpp:sm:3").await;
        peer.say(&format!("<failed xmlns='urn:xmpp:sm:3' {attribute}/>")).await;
        peer.bind().await;
        peer.enable("two").await;
        let SessionEvent::Online(granted) = phone.event().await else { panic!("not online") };
        assert_eq!((granted.resumed, granted.handled), (false, handled));
        assert_eq!(granted.stream.unwrap().id, "two");
    }
}

#[tokio::test]
async fn a_session_is_resumed_where_the_server_would_like_it_and_else_at_home() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for there in [true, false] {
        let (home, other) = (Server::new().await, Server::new().await);
        let mut config = home.config(TlsMode::Direct);
        config.trust = Trust::ExtraCa(format!("{}{}", home.ca_pem, other.ca_pem).into_bytes());
        let location = if there { format!("127.0.0.1:{}", other.port()) } else { closed.to_string() };
        let mut phone = Phone::start(config, Some(left_by_an_earlier_process(Some(location))));
        let mut peer = if there { other.accept_login().await } else { home.accept_login().await };
        peer.expect("resume", "urn:xmpp:sm:3").await;
        peer.say("<resumed xmlns='urn:xmpp:sm:3' previd='one' h='2'/>").await;
        phone.online(true).await;
    }
}

#[tokio::test]
async fn a_resumed_session_in_which_the_server_is_deaf_is_not_resumed_again() {
    let server = Server::new().await;
    let mut config = server.config(TlsMode::Direct);
    config.timeouts.probe = Duration::from_millis(50);
    let mut phone = Phone::start(config, Some(left_by_an_earlier_process(None)));
    let mut peer = server.accept_login().await;
    peer.expect("resume", "urn:xmpp:sm:3").await;
    peer.say("<resumed xmlns='urn:xmpp:sm:3' previd='one' h='2'/>").await;
    phone.online(true).await;
    // It brings what it had kept, and asks, but answers nothing.
    peer.say(
        "<message from='bo@example.org/x' type='chat'><body>kept</body></message><r xmlns='urn:xmpp:sm:3'/>",
    )
    .await;
    assert_eq!(text(&phone.stanza().await), "kept");
    phone.handle.handled(1);
    let (error, resume) = phone.ended().await;
    assert_eq!(error.unwrap().code, ErrorCode::NetworkUnavailable);
    assert!(resume.is_none(), "a fresh one helps");
}

#[tokio::test]
async fn what_is_said_to_a_session_after_its_end_counts() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    peer.say("<message from='bo@example.org/x' type='chat'><body>hi</body></message>").await;
    peer.say("<iq type='get' id='p1' from='bo@example.org/x'><ping xmlns='urn:xmpp:ping'/></iq>").await;
    peer.vanish();
    // The owner is still busy with what it got when the session has ended already.
    let (mut outputs, mut resume) = (Vec::new(), None);
    while let Some(output) = patiently(phone.outputs.recv()).await {
        match output {
            SessionOutput::Stanza { replies, .. } => outputs.push(replies),
            SessionOutput::Ended { resume: ended, .. } => resume = ended,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(outputs.len(), 2);
    for reply in outputs.into_iter().flatten() {
        phone.handle.reply(reply);
    }
    phone.handle.handled(2);
    phone.write("m1", "said too late");
    let _phone = Phone::start(server.config(TlsMode::Direct), resume);
    let mut peer = server.accept_login().await;
    assert_eq!(peer.expect("resume", "urn:xmpp:sm:3").await.attr("h"), Some("2"));
    peer.say("<resumed xmlns='urn:xmpp:sm:3' previd='one' h='0'/>").await;
    assert_eq!(peer.expect_stanza("iq").await.attr("id"), Some("p1"));
    assert_eq!(peer.expect_stanza("message").await.attr("id"), Some("m1"));
}

#[tokio::test]
async fn leaving_keeps_the_stream_and_says_what_was_handled() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    peer.say("<message from='bo@example.org/x' type='chat'><body>hi</body></message>").await;
    phone.stanza().await;
    phone.handle.handled(1);
    phone.write("m1", "good night");
    phone.handle.leave();
    assert_eq!(peer.expect_stanza("message").await.attr("id"), Some("m1"));
    peer.expect("r", "urn:xmpp:sm:3").await;
    assert_eq!(peer.expect("a", "urn:xmpp:sm:3").await.attr("h"), Some("1"));
    let (error, resume) = phone.ended().await;
    assert!(error.is_none());
    assert_eq!(resume.unwrap().unacknowledged().count(), 1);
    peer.nothing_else().await;
}

#[tokio::test]
async fn an_attempt_that_fails_keeps_what_can_be_resumed() {
    let server = Server::new().await;
    let resume = interrupted(&server).await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), Some(resume));
    let mut peer = server.accept_login().await;
    peer.expect("resume", "urn:xmpp:sm:3").await;
    peer.vanish();
    let (error, resume) = phone.ended().await;
    assert!(error.unwrap().is_transient());
    assert_eq!(resume.unwrap().unacknowledged().count(), 1);
}

#[tokio::test]
async fn what_was_given_to_an_abandoned_session_is_not_lost() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let _peer = server.accept_session("one").await;
    phone.online(false).await;
    for number in 0..100 {
        phone.write(&format!("m{number}"), "into the void");
    }
    phone.handle.abandon();
    phone.write("late", "after the end");
    let (error, resume) = phone.ended().await;
    assert_eq!(error, None);
    let kept: Vec<String> = resume.unwrap().unacknowledged().map(ToString::to_string).collect();
    let expected: Vec<String> = (0..100).map(|number| format!("m{number}")).collect();
    assert_eq!(kept[..100], expected);
}
