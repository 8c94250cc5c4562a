//! What goes out with the stream header (XEP-0509), and every miss of it, against a server under script.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod scripted;

use std::time::Duration;

use heliograph_model::ErrorCode;
use heliograph_model::stanza::{LoginPath, SessionEvent};
use heliograph_xmpp::session::SessionConfig;
use scripted::known::{child, config, first_session, granted, online, session_without_token};
use scripted::phone::{Phone, text};
use scripted::sasl2::{BIND2, SESSION, SM, bound, everything, token, without};
use scripted::{BIND, SCRAM, Server};

#[tokio::test]
async fn an_answer_to_the_question_ahead_does_not_say_that_the_server_hears_what_follows() {
    let server = Server::new().await;
    let (resume, memory) = first_session(&server).await;
    let mut config = config(&server, memory);
    config.timeouts.probe = Duration::from_millis(50);
    let mut phone = Phone::start(config, resume);
    let mut peer = server.accept_direct().await;
    let authenticate = peer.authenticate_ahead().await;
    let proof = peer.check_token(&authenticate, "first");
    peer.expect("r", SM).await;
    peer.answer(&everything()).await;
    peer.succeed(&proof, &format!("<resumed xmlns='{SM}' previd='one' h='0'/>")).await;
    online(&mut phone, true).await;
    peer.say(&format!("{SESSION}<a xmlns='{SM}' h='0'/>")).await;
    assert_eq!(phone.event().await, SessionEvent::Drained);
    // Prosody with the parser of a stream that was cut inside an element: it reads, and understands nothing.
    phone.write("m1", "hello");
    let (error, resume) = phone.ended().await;
    assert_eq!(error.unwrap().code, ErrorCode::NetworkUnavailable);
    assert!(resume.is_none(), "only a fresh one helps");
}

#[tokio::test]
async fn a_session_is_resumed_in_the_flight_of_the_stream_header() {
    let server = Server::new().await;
    let (resume, memory) = first_session(&server).await;
    let mut phone = Phone::start(config(&server, memory), resume);
    let mut peer = server.accept_direct().await;
    let authenticate = peer.authenticate_ahead().await;
    let proof = peer.check_token(&authenticate, "first");
    let resume = child(&authenticate, "resume", SM).unwrap();
    assert_eq!((resume.attr("previd"), resume.attr("h")), (Some("one"), Some("0")));
    assert!(child(&authenticate, "bind", BIND2).is_some(), "in case that it fails");
    // Whether all is here is asked in the same flight.
    peer.expect("r", SM).await;
    peer.answer(&everything()).await;
    peer.succeed(&proof, &format!("<resumed xmlns='{SM}' previd='one' h='0'/>")).await;
    assert_eq!(online(&mut phone, true).await, granted(LoginPath::Fast, true, true));
    // Prosody sends features all the same (XEP-0198 §9.2 says not to).
    peer.say(SESSION).await;
    peer.say("<message from='bo@example.org/x' type='chat'><body>kept</body></message>").await;
    peer.say(&format!("<a xmlns='{SM}' h='0'/>")).await;
    assert_eq!(text(&phone.stanza().await), "kept");
    assert_eq!(phone.event().await, SessionEvent::Drained);
    // And not again.
    phone.write("m1", "hello");
    assert_eq!(peer.hear().await.unwrap().name(), "message");
}

#[tokio::test]
async fn a_server_that_breaks_on_a_question_ahead_is_asked_behind_the_resumption() {
    let server = Server::new().await;
    let (mut resume, mut memory) = first_session(&server).await;
    for _ in 0..2 {
        let mut phone = Phone::start(config(&server, memory.clone()), resume);
        let mut peer = server.accept_direct().await;
        let authenticate = peer.authenticate_ahead().await;
        let proof = peer.check_token(&authenticate, "first");
        peer.expect("r", SM).await;
        peer.answer(&everything()).await;
        peer.succeed(&proof, &format!("<resumed xmlns='{SM}' previd='one' h='0'/>")).await;
        phone.online(true).await;
        peer.vanish();
        (resume, memory) = phone.lost().await;
    }
    let mut phone = Phone::start(config(&server, memory), resume);
    let mut peer = server.accept_direct().await;
    let authenticate = peer.authenticate_ahead().await;
    let proof = peer.check_token(&authenticate, "first");
    assert!(!peer.has_heard("<r "));
    peer.answer(&everything()).await;
    peer.succeed(&proof, &format!("<resumed xmlns='{SM}' previd='one' h='0'/>")).await;
    phone.online(true).await;
    peer.acknowledge(0).await;
    assert_eq!(phone.event().await, SessionEvent::Drained);
}

#[tokio::test]
async fn a_server_that_closes_for_a_question_ahead_of_a_refused_token_is_signed_in_to_the_next_time() {
    let server = Server::new().await;
    let (resume, memory) = first_session(&server).await;
    let phone = Phone::start(config(&server, memory), resume);
    let mut peer = server.accept_direct().await;
    peer.authenticate_ahead().await;
    peer.answer(&everything()).await;
    peer.refuse("credentials-expired").await;
    peer.say(
        "<stream:error><unsupported-stanza-type xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
    )
    .await;
    let (resume, memory) = phone.lost().await;
    let mut phone = Phone::start(config(&server, memory), resume);
    let mut peer = server.accept_direct().await;
    let authenticate = peer.authenticate_ahead().await;
    assert!(child(&authenticate, "resume", SM).is_some());
    peer.answer(&everything()).await;
    let proof = peer.bound_scram2(&authenticate).await;
    peer.succeed(&proof, &format!("<resumed xmlns='{SM}' previd='one' h='0'/>{}", token("second"))).await;
    phone.online(true).await;
    peer.expect("r", SM).await;
}

#[tokio::test]
async fn a_resumption_that_fails_is_a_fresh_session_in_the_same_flight() {
    for attribute in ["h='0'", ""] {
        let server = Server::new().await;
        let (resume, memory) = first_session(&server).await;
        let mut phone = Phone::start(config(&server, memory), resume);
        let mut peer = server.accept_direct().await;
        let authenticate = peer.authenticate_ahead().await;
        let proof = peer.check_token(&authenticate, "first");
        peer.expect("r", SM).await;
        peer.answer(&everything()).await;
        let failed = format!(
            "<failed xmlns='{SM}' {attribute}><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
        );
        peer.succeed(&proof, &format!("{failed}{}", bound("two"))).await;
        peer.say(SESSION).await;
        // The question that went ahead is one of the new session.
        peer.say(&format!("<a xmlns='{SM}' h='0'/>")).await;
        assert_eq!(online(&mut phone, false).await, granted(LoginPath::Fast, true, false));
        phone.write("m1", "hello");
        peer.expect_stanza("message").await;
    }
}

#[tokio::test]
async fn a_miss_costs_a_round_trip_and_is_learned_from() {
    let server = Server::new().await;
    let memory = session_without_token(&server).await;
    // The server has a longer hash now, and not the old one any more.
    let changed = without(&["tokens"]).replace("SCRAM-SHA-256", "SCRAM-SHA-512");
    let phone = Phone::start(config(&server, memory), None);
    let mut peer = server.accept_direct().await;
    let ahead = peer.authenticate_ahead().await;
    assert_eq!(ahead.attr("mechanism"), Some("SCRAM-SHA-256-PLUS"));
    peer.answer(&changed).await;
    peer.refuse("invalid-mechanism").await;
    let again = peer.authenticate().await;
    assert_eq!(again.attr("mechanism"), Some("SCRAM-SHA-512-PLUS"));
    peer.vanish();
    let (_, memory) = phone.leave().await;
    let _phone = Phone::start(config(&server, memory), None);
    let mut peer = server.accept_direct().await;
    let ahead = peer.authenticate_ahead().await;
    assert_eq!(ahead.attr("mechanism"), Some("SCRAM-SHA-512-PLUS"));
}

#[tokio::test]
async fn a_server_that_stumbles_over_what_went_ahead_is_asked_first_the_next_time() {
    let stumbles = [
        "<stream:error><unsupported-stanza-type xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
        "</stream:stream>",
    ];
    for stumble in stumbles {
        let server = Server::new().await;
        let (_, memory) = first_session(&server).await;
        let phone = Phone::start(config(&server, memory.clone()), None);
        let mut peer = server.accept_direct().await;
        peer.authenticate_ahead().await;
        peer.answer(&everything()).await;
        peer.say(stumble).await;
        let (error, learned) = phone.turned_away().await;
        assert!(error.is_transient(), "{error:?}");
        let _phone = Phone::start(config(&server, learned.or(memory)), None);
        let mut peer = server.accept_direct().await;
        peer.header().await;
        assert!(!peer.has_heard("authenticate"));
        peer.answer(&everything()).await;
        peer.authenticate().await;
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_to_what_went_ahead_is_asked_first_the_next_time() {
    let server = Server::new().await;
    let (_, memory) = first_session(&server).await;
    let mut impatient = config(&server, memory.clone());
    impatient.timeouts.answer = Duration::from_secs(1);
    let phone = Phone::start(impatient.clone(), None);
    let mut peer = server.accept_direct().await;
    peer.authenticate_ahead().await;
    let (error, learned) = phone.turned_away().await;
    assert_eq!(error.code, ErrorCode::NetworkUnavailable);
    let _phone = Phone::start(SessionConfig { memory: learned, ..impatient }, None);
    let mut peer = server.accept_direct().await;
    peer.header().await;
    assert!(!peer.has_heard("authenticate"));
    peer.answer(&everything()).await;
    peer.authenticate().await;
}

#[tokio::test]
async fn by_sasl_what_is_safe_goes_ahead_before_and_after_the_sign_in() {
    let server = Server::new().await;
    let mut phone = Phone::start(config(&server, None), None);
    let before = server.accept_session("one").await;
    assert!(!phone.online(false).await.pipelined);
    let (resume, memory) = phone.leave().await;

    // To resume.
    let mut phone = Phone::start(config(&server, memory.clone()), resume);
    before.nothing_else().await;
    let mut peer = server.accept_direct().await;
    peer.header().await;
    assert!(peer.has_heard("</auth>"));
    peer.answer(SCRAM).await;
    peer.login().await;
    peer.header().await;
    assert!(peer.has_heard("<resume"), "with the header");
    peer.answer(BIND).await;
    peer.expect("resume", SM).await;
    peer.say(&format!("<resumed xmlns='{SM}' previd='one' h='0'/>")).await;
    assert!(phone.online(true).await.pipelined);
    phone.leave().await;

    // To begin anew.
    let mut phone = Phone::start(config(&server, memory), None);
    let mut peer = server.accept_direct().await;
    peer.header().await;
    peer.answer(SCRAM).await;
    peer.login().await;
    peer.header().await;
    assert!(peer.has_heard("<enable"), "with the header");
    peer.answer(BIND).await;
    peer.bind().await;
    peer.enable("two").await;
    phone.online(false).await;
    assert_eq!(phone.handle.traffic().flights, 4, "one for TLS, three for XMPP");
}
