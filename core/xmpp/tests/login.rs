//! Every way to sign in, every miss of a sign-in that went ahead, and what somebody in the middle can't do, against a server
//! under script.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod scripted;

use std::time::Duration;

use heliograph_model::ErrorCode;
use heliograph_model::stanza::{Granted, LoginPath, SessionEvent};
use heliograph_xmpp::session::{ResumeState, ServerMemory, SessionConfig, TlsMode};
use minidom::Element;
use scripted::phone::{Phone, text};
use scripted::sasl2::{BIND2, FAST, SASL2, SESSION, SM, bound, everything, token, without};
use scripted::{BIND, FULL_JID, PASSWORD, Peer, SCRAM, Server};

const CARBONS: &str = "urn:xmpp:carbons:2";
const CSI: &str = "urn:xmpp:csi:0";

fn child<'a>(element: &'a Element, name: &str, namespace: &str) -> Option<&'a Element> {
    element.get_child(name, namespace)
}

fn config(server: &Server, memory: Option<ServerMemory>) -> SessionConfig {
    let mut config = server.config(TlsMode::Direct);
    config.memory = memory.map(|mut memory| {
        let _ = memory.reserve();
        memory
    });
    config
}

/// A first session with a server that has everything; its stream can be resumed under "one", its token is "first".
async fn first_session(server: &Server) -> (Option<ResumeState>, Option<ServerMemory>) {
    let mut phone = Phone::start(config(server, None), None);
    let mut peer = server.accept_direct().await;
    peer.open(&everything()).await;
    let authenticate = peer.authenticate().await;
    let proof = peer.bound_scram2(&authenticate).await;
    peer.succeed(&proof, &format!("{}{}", bound("one"), token("first"))).await;
    peer.say(SESSION).await;
    phone.online(false).await;
    phone.leave().await
}

fn granted(login: LoginPath, pipelined: bool, resumed: bool) -> Granted {
    Granted {
        resumed,
        carbons: !resumed,
        client_state: true,
        stanza_bytes: Some(262_144),
        idle_seconds: Some(840),
        login,
        pipelined,
        ..Granted::default()
    }
}

/// Without what belongs to stream management.
async fn online(phone: &mut Phone, resumed: bool) -> Granted {
    Granted { stream: None, handled: None, ..phone.online(resumed).await }
}

#[tokio::test]
async fn the_first_sign_in_by_sasl2_binds_inline_and_asks_for_a_token() {
    let server = Server::new().await;
    let mut phone = Phone::start(config(&server, None), None);
    let mut peer = server.accept_direct().await;
    peer.open(&everything()).await;
    let authenticate = peer.authenticate().await;
    assert_eq!(authenticate.attr("mechanism"), Some("SCRAM-SHA-256-PLUS"));
    let user_agent = child(&authenticate, "user-agent", SASL2).unwrap();
    let id: Vec<&str> = user_agent.attr("id").unwrap().split('-').collect();
    assert!(id.len() == 5 && id[2].starts_with('4'), "a UUID of version 4: {id:?}");
    assert!(child(user_agent, "device", SASL2).is_none(), "what the phone is called is private");
    let bind = child(&authenticate, "bind", BIND2).unwrap();
    assert_eq!(child(bind, "enable", SM).unwrap().attr("resume"), Some("true"));
    assert!(child(bind, "enable", CARBONS).is_some());
    assert!(child(bind, "inactive", CSI).is_none());
    assert!(child(bind, "tag", BIND2).is_none(), "a name that others see");
    assert!(child(&authenticate, "resume", SM).is_none());
    let request = child(&authenticate, "request-token", FAST).unwrap();
    assert_eq!(request.attr("mechanism"), Some("HT-SHA-256-EXPR"));
    let proof = peer.bound_scram2(&authenticate).await;
    peer.succeed(&proof, &format!("{}{}", bound("one"), token("first"))).await;
    peer.say(SESSION).await;
    assert_eq!(online(&mut phone, false).await, granted(LoginPath::Sasl2, false, false));
    let shown = format!("{:?}", phone.memory.as_ref().expect("told before the session is online"));
    for private in ["first", "ana", "example.org"] {
        assert!(!shown.contains(private), "{shown}");
    }
    let (resume, _) = phone.leave().await;
    assert!(resume.is_some());
    peer.nothing_else().await;
}

#[tokio::test]
async fn a_session_begins_with_the_name_it_was_given() {
    let server = Server::new().await;
    let mut config = config(&server, None);
    config.resource = Some("boat".to_owned());
    let _phone = Phone::start(config, None);
    let mut peer = server.accept_direct().await;
    peer.open(&everything()).await;
    let authenticate = peer.authenticate().await;
    let bind = child(&authenticate, "bind", BIND2).unwrap();
    assert_eq!(child(bind, "tag", BIND2).unwrap().text(), "boat");
}

#[tokio::test]
async fn the_next_sign_in_goes_out_with_the_stream_header_and_rotates_the_token() {
    let server = Server::new().await;
    let (_, mut memory) = first_session(&server).await;
    let mut used = Vec::new();
    for (secret, next) in [("first", Some("second")), ("second", None), ("second", None)] {
        let mut phone = Phone::start(config(&server, memory.clone()), None);
        let mut peer = server.accept_direct().await;
        let authenticate = peer.authenticate_ahead().await;
        let proof = peer.check_token(&authenticate, secret);
        let count: u32 = child(&authenticate, "fast", FAST).unwrap().attr("count").unwrap().parse().unwrap();
        assert!(count > 0 && !used.contains(&(secret, count)), "no count is used twice: {used:?}");
        used.push((secret, count));
        assert!(child(&authenticate, "request-token", FAST).is_none());
        assert!(child(&authenticate, "bind", BIND2).is_some());
        peer.answer(&everything()).await;
        peer.succeed(&proof, &format!("{}{}", bound("two"), next.map(token).unwrap_or_default())).await;
        peer.say(SESSION).await;
        assert_eq!(online(&mut phone, false).await, granted(LoginPath::Fast, true, false));
        assert_eq!(phone.handle.traffic().flights, 2, "one for TLS, one for XMPP");
        // What the owner keeps: the memory with its counts, or what the session says in its place.
        memory = config(&server, memory).memory;
        memory = phone.leave().await.1.or(memory);
    }
}

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
async fn a_server_that_binds_inline_but_does_not_resume_inline_is_asked_afterwards() {
    let server = Server::new().await;
    let (resume, memory) = first_session(&server).await;
    let mut phone = Phone::start(config(&server, memory), resume);
    let mut peer = server.accept_direct().await;
    // It went ahead, and the server does not look at what it does not know.
    peer.authenticate_ahead().await;
    peer.expect("r", SM).await;
    peer.answer(&without(&["resumption"])).await;
    peer.refuse("not-authorized").await;
    let authenticate = peer.authenticate().await;
    assert!(child(&authenticate, "resume", SM).is_none());
    assert!(child(&authenticate, "bind", BIND2).is_none(), "a bound stream can't be resumed");
    let proof = peer.bound_scram2(&authenticate).await;
    peer.succeed(&proof, "").await;
    peer.say(SESSION).await;
    peer.expect("resume", SM).await;
    peer.say(&format!("<resumed xmlns='{SM}' previd='one' h='0'/>")).await;
    phone.online(true).await;
    // What went ahead was for a session that there was not.
    peer.expect("r", SM).await;
}

#[tokio::test]
async fn stream_management_may_fail_inside_the_bound_session_and_binding_may_fail_whole() {
    let server = Server::new().await;
    let mut phone = Phone::start(config(&server, None), None);
    let mut peer = server.accept_direct().await;
    peer.open(&everything()).await;
    let authenticate = peer.authenticate().await;
    let proof = peer.bound_scram2(&authenticate).await;
    peer.succeed(&proof, &format!("<bound xmlns='{BIND2}'><failed xmlns='{SM}'/></bound>")).await;
    peer.say(SESSION).await;
    phone.online(false).await;
    phone.write("m1", "hello");
    peer.expect_stanza("message").await;
    assert!(phone.leave().await.0.is_none());
    peer.nothing_else().await;

    let phone = Phone::start(config(&server, None), None);
    let mut peer = server.accept_direct().await;
    peer.open(&everything()).await;
    let authenticate = peer.authenticate().await;
    let proof = peer.bound_scram2(&authenticate).await;
    peer.succeed(&proof, &format!("<failed xmlns='{BIND2}'/>")).await;
    assert_eq!(phone.turned_away().await.0.code, ErrorCode::SessionEnded);
}

#[tokio::test]
async fn a_message_in_place_of_the_features_is_not_lost() {
    let server = Server::new().await;
    let mut phone = Phone::start(config(&server, None), None);
    let mut peer = server.accept_direct().await;
    peer.open(&everything()).await;
    let authenticate = peer.authenticate().await;
    let proof = peer.bound_scram2(&authenticate).await;
    peer.succeed(&proof, &bound("one")).await;
    peer.say("<message from='bo@example.org/x' type='chat'><body>early</body></message>").await;
    phone.online(false).await;
    assert_eq!(phone.stanza().await.len(), 1);
    phone.handle.handled(1);
    assert_eq!(peer.handled().await, "1");
}

#[tokio::test]
async fn a_refused_token_is_dropped_and_the_password_serves_in_the_same_connection() {
    for condition in ["credentials-expired", "not-authorized", "malformed-request"] {
        let server = Server::new().await;
        let (_, memory) = first_session(&server).await;
        let mut phone = Phone::start(config(&server, memory), None);
        let mut peer = server.accept_direct().await;
        let authenticate = peer.authenticate_ahead().await;
        peer.check_token(&authenticate, "first");
        peer.answer(&everything()).await;
        peer.refuse(condition).await;
        let authenticate = peer.authenticate().await;
        assert!(child(&authenticate, "fast", FAST).is_none());
        assert!(child(&authenticate, "request-token", FAST).is_some());
        let proof = peer.bound_scram2(&authenticate).await;
        peer.succeed(&proof, &format!("{}{}", bound("two"), token("second"))).await;
        peer.say(SESSION).await;
        assert_eq!(online(&mut phone, false).await, granted(LoginPath::Sasl2, false, false));

        let (_, memory) = phone.leave().await;
        let _phone = Phone::start(config(&server, memory), None);
        let mut peer = server.accept_direct().await;
        let authenticate = peer.authenticate_ahead().await;
        peer.check_token(&authenticate, "second");
    }
}

#[tokio::test]
async fn a_token_that_a_busy_server_could_not_check_is_kept() {
    let server = Server::new().await;
    let (_, memory) = first_session(&server).await;
    let phone = Phone::start(config(&server, memory.clone()), None);
    let mut peer = server.accept_direct().await;
    peer.authenticate_ahead().await;
    peer.answer(&everything()).await;
    peer.refuse("temporary-auth-failure").await;
    let (error, learned) = phone.turned_away().await;
    assert_eq!(error.code, ErrorCode::SessionEnded);
    let _phone = Phone::start(config(&server, learned.or(memory)), None);
    let mut peer = server.accept_direct().await;
    let authenticate = peer.authenticate_ahead().await;
    peer.check_token(&authenticate, "first");
}

#[tokio::test]
async fn an_expired_token_stays_at_home() {
    let server = Server::new().await;
    let mut phone = Phone::start(config(&server, None), None);
    let mut peer = server.accept_direct().await;
    peer.open(&everything()).await;
    let authenticate = peer.authenticate().await;
    let proof = peer.bound_scram2(&authenticate).await;
    let old = token("old").replace("2100", "2020");
    peer.succeed(&proof, &format!("{}{old}", bound("one"))).await;
    peer.say(SESSION).await;
    phone.online(false).await;
    let (_, memory) = phone.leave().await;
    // SCRAM's first message goes ahead as well.
    let mut phone = Phone::start(config(&server, memory), None);
    let mut peer = server.accept_direct().await;
    let authenticate = peer.authenticate_ahead().await;
    assert_eq!(authenticate.attr("mechanism"), Some("SCRAM-SHA-256-PLUS"));
    peer.answer(&everything()).await;
    let proof = peer.bound_scram2(&authenticate).await;
    peer.succeed(&proof, &bound("two")).await;
    peer.say(SESSION).await;
    assert_eq!(online(&mut phone, false).await, granted(LoginPath::Sasl2, true, false));
}

#[tokio::test]
async fn a_server_that_does_not_know_the_token_is_an_impostor() {
    let server = Server::new().await;
    let (_, memory) = first_session(&server).await;
    for proof in [&b""[..], &[0; 32]] {
        let phone = Phone::start(config(&server, memory.clone()), None);
        let mut peer = server.accept_direct().await;
        peer.authenticate_ahead().await;
        peer.answer(&everything()).await;
        peer.succeed(proof, &bound("two")).await;
        assert_eq!(phone.turned_away().await.0.code, ErrorCode::ServerNotAuthenticated);
        peer.nothing_else().await;
    }
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_also_ahead() {
    let server = Server::new().await;
    let memory = session_without_token(&server).await;
    let phone = Phone::start(config(&server, memory), None);
    let mut peer = server.accept_direct().await;
    let authenticate = peer.authenticate_ahead().await;
    peer.answer(&without(&["tokens"])).await;
    let exporter = peer.exporter.clone();
    peer.scram2(&authenticate, "another", "p=tls-exporter,,", &exporter).await.unwrap_err();
    peer.refuse("not-authorized").await;
    assert_eq!(phone.turned_away().await.0.code, ErrorCode::AuthenticationFailed);
    peer.nothing_else().await;
    assert!(server.nobody_waits().await);
}

async fn session_without_token(server: &Server) -> Option<ServerMemory> {
    let mut phone = Phone::start(config(server, None), None);
    let mut peer = server.accept_direct().await;
    peer.open(&without(&["tokens"])).await;
    let authenticate = peer.authenticate().await;
    let proof = peer.bound_scram2(&authenticate).await;
    peer.succeed(&proof, &bound("one")).await;
    peer.say(SESSION).await;
    phone.online(false).await;
    phone.leave().await.1
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

/// What an upgrade needs, and what came of it.
async fn upgraded(peer: &mut Peer, authenticate: &Element) -> Element {
    let proof = peer.bound_scram2(authenticate).await;
    let proof = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, proof);
    peer.say(&format!(
        "<continue xmlns='{SASL2}'><additional-data>{proof}</additional-data><tasks><task>UPGR-SCRAM-SHA-512</task>\
         </tasks></continue>"
    ))
    .await;
    let next = peer.expect("next", SASL2).await;
    assert_eq!(next.attr("task"), Some("UPGR-SCRAM-SHA-512"));
    peer.say(&format!(
        "<task-data xmlns='{SASL2}'><salt xmlns='urn:xmpp:scram-upgrade:0' iterations='4096'>QUFB</salt></task-data>"
    ))
    .await;
    peer.expect("task-data", SASL2).await
}

#[tokio::test]
async fn a_stored_password_is_upgraded_over_a_bound_channel() {
    let offer = everything()
        .replace("<inline>", "<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-512</upgrade><inline>");
    let server = Server::new().await;
    let mut phone = Phone::start(config(&server, None), None);
    let mut peer = server.accept_direct().await;
    peer.open(&offer).await;
    let authenticate = peer.authenticate().await;
    assert_eq!(
        child(&authenticate, "upgrade", "urn:xmpp:sasl:upgrade:0").unwrap().text(),
        "UPGR-SCRAM-SHA-512"
    );
    let data = upgraded(&mut peer, &authenticate).await;
    let hash = child(&data, "hash", "urn:xmpp:scram-upgrade:0").unwrap().text();
    let mut salted = [0; 64];
    pbkdf2::pbkdf2::<hmac::Hmac<sha2::Sha512>>(PASSWORD.as_bytes(), b"AAA", 4096, &mut salted).unwrap();
    assert_eq!(hash, base64::Engine::encode(&base64::engine::general_purpose::STANDARD, salted));
    peer.say(&format!(
        "<success xmlns='{SASL2}'><authorization-identifier>{FULL_JID}</authorization-identifier>{}</success>{SESSION}",
        bound("one")
    ))
    .await;
    phone.online(false).await;

    // Not where the channel is not bound: the result is as good as the password.
    let _phone = Phone::start(config(&server, None), None);
    let mut peer = server.accept_direct().await;
    let unbound = offer.replace("<mechanism>SCRAM-SHA-256-PLUS</mechanism>", "");
    let types = unbound.find("<sasl-channel-binding").unwrap();
    peer.open(&unbound[..types]).await;
    let authenticate = peer.authenticate().await;
    assert!(child(&authenticate, "upgrade", "urn:xmpp:sasl:upgrade:0").is_none());
}

#[tokio::test]
async fn a_second_factor_that_is_unknown_here_ends_the_attempt_for_good() {
    let server = Server::new().await;
    let phone = Phone::start(config(&server, None), None);
    let mut peer = server.accept_direct().await;
    peer.open(&everything()).await;
    let authenticate = peer.authenticate().await;
    let proof = peer.bound_scram2(&authenticate).await;
    let proof = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, proof);
    peer.say(&format!(
        "<continue xmlns='{SASL2}'><additional-data>{proof}</additional-data><tasks><task>TOTP</task></tasks></continue>"
    ))
    .await;
    assert_eq!(phone.turned_away().await.0.code, ErrorCode::NoAcceptableLogin);
    peer.nothing_else().await;
}

#[tokio::test]
async fn a_referral_to_another_host_is_followed_a_few_times() {
    let server = Server::new().await;
    let there = format!(
        "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>127.0.0.1:{}</see-other-host>\
         </stream:error>",
        server.port()
    );
    let phone = Phone::start(config(&server, None), None);
    for _connection in 0..4 {
        let mut peer = server.accept_direct().await;
        peer.open(&everything()).await;
        peer.authenticate().await;
        peer.say(&there).await;
    }
    assert_eq!(phone.turned_away().await.0.code, ErrorCode::SessionEnded);
    assert!(server.nobody_waits().await);

    // Before TLS anybody can say it; the certificate is asked for there as well.
    let mut phone = Phone::start(server.config(TlsMode::StartTls), None);
    let mut peer = server.accept().await;
    peer.header().await;
    peer.answer("").await;
    drop(peer);
    assert!(phone.ended().await.0.is_some());
    let mut phone = Phone::start(server.config(TlsMode::StartTls), None);
    let mut peer = server.accept().await;
    peer.header().await;
    peer.say(
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
    )
    .await;
    peer.say(&there).await;
    let mut peer = server.accept().await;
    peer.start_tls().await;
    peer.open(SCRAM).await;
    peer.login().await;
    peer.open(BIND).await;
    peer.bind().await;
    peer.enable("one").await;
    phone.online(false).await;
}

#[tokio::test]
async fn under_tls_1_2_the_sign_in_is_bound_to_the_certificate() {
    use sha2::{Digest, Sha256};
    let server = Server::with_tls_1_2().await;
    let mut phone = Phone::start(config(&server, None), None);
    let mut peer = server.accept_direct().await;
    peer.open(&everything()).await;
    let authenticate = peer.authenticate().await;
    assert_eq!(
        child(&authenticate, "request-token", FAST).unwrap().attr("mechanism"),
        Some("HT-SHA-256-ENDP")
    );
    let certificate = Sha256::digest(&server.certificate);
    let proof = peer.scram2(&authenticate, PASSWORD, "p=tls-server-end-point,,", &certificate).await.unwrap();
    peer.succeed(&proof, &bound("one")).await;
    peer.say(SESSION).await;
    phone.online(false).await;
}

/// A session after [`first_session`], with an offer that somebody took things out of. The token is gone, as it is when it
/// has expired.
async fn attacked(server: &Server, memory: Option<&ServerMemory>, offer: &str) -> (Phone, Peer) {
    let mut memory = memory.cloned().unwrap();
    memory.forget_token();
    let phone = Phone::start(config(server, Some(memory)), None);
    let mut peer = server.accept_direct().await;
    // What went ahead can't be heeded by somebody in the middle: it is bound.
    let ahead = peer.authenticate_ahead().await;
    assert_eq!(ahead.attr("mechanism"), Some("SCRAM-SHA-256-PLUS"));
    peer.answer(offer).await;
    peer.refuse("invalid-mechanism").await;
    (phone, peer)
}

#[tokio::test]
async fn attack_channel_binding_is_taken_out_after_it_was_there() {
    let server = Server::new().await;
    let (_, memory) = first_session(&server).await;
    let offer = without(&["plus", "types"]);
    let (phone, mut peer) = attacked(&server, memory.as_ref(), &offer).await;
    let authenticate = peer.authenticate().await;
    let (_, said, challenge) = scripted::scram::ScramServer::start(&scripted::sasl2::initial(&authenticate));
    assert_eq!(said, "y,,");
    let challenge = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, challenge);
    peer.say(&format!("<challenge xmlns='{SASL2}'>{challenge}</challenge>")).await;
    // No proof of the password goes out.
    peer.nothing_else().await;
    let (error, learned) = phone.turned_away().await;
    assert_eq!(error.code, ErrorCode::ServerNotAuthenticated);
    assert!(error.detail.contains("operator") && error.detail.contains("forget"), "{}", error.detail);

    // Somebody asked the operator, who says that it is so.
    let mut memory = learned.unwrap();
    memory.forget_server();
    let mut phone = Phone::start(config(&server, Some(memory)), None);
    let mut peer = server.accept_direct().await;
    peer.header().await;
    peer.answer(&offer).await;
    let authenticate = peer.authenticate().await;
    let proof = peer.scram2(&authenticate, PASSWORD, "y,,", b"").await.unwrap();
    peer.succeed(&proof, &bound("two")).await;
    peer.say(SESSION).await;
    phone.online(false).await;
}

#[tokio::test]
async fn attack_only_half_of_channel_binding_is_taken_out() {
    let server = Server::new().await;
    let (_, memory) = first_session(&server).await;
    for half in ["plus", "types"] {
        let (phone, peer) = attacked(&server, memory.as_ref(), &without(&[half])).await;
        peer.nothing_else().await;
        assert_eq!(phone.turned_away().await.0.code, ErrorCode::ServerNotAuthenticated, "{half}");
    }
}

#[tokio::test]
async fn attack_sasl2_is_taken_out_to_escape_its_rules() {
    let server = Server::new().await;
    let (_, memory) = first_session(&server).await;
    let (phone, peer) = attacked(&server, memory.as_ref(), SCRAM).await;
    peer.nothing_else().await;
    assert_eq!(phone.turned_away().await.0.code, ErrorCode::ServerNotAuthenticated);

    // A sign-in that is bound to the channel shows that nobody took it out.
    let offer = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism>\
         <mechanism>SCRAM-SHA-256-PLUS</mechanism></mechanisms>";
    let (mut phone, mut peer) = attacked(&server, memory.as_ref(), offer).await;
    peer.try_login(PASSWORD, "p=tls-exporter,,").await.unwrap();
    peer.header().await;
    peer.answer(BIND).await;
    peer.bind().await;
    peer.enable("two").await;
    assert_eq!(phone.online(false).await.login, LoginPath::Sasl);
}

#[tokio::test]
async fn attack_scram_is_taken_out_so_that_the_readable_password_is_left() {
    let server = Server::new().await;
    let (_, memory) = first_session(&server).await;
    let mut memory = memory.unwrap();
    memory.forget_token();
    let mut config = config(&server, Some(memory));
    config.allow_plain = true;
    let phone = Phone::start(config, None);
    let mut peer = server.accept_direct().await;
    peer.authenticate_ahead().await;
    let plain = format!("<authentication xmlns='{SASL2}'><mechanism>PLAIN</mechanism></authentication>");
    peer.answer(&plain).await;
    peer.refuse("invalid-mechanism").await;
    peer.nothing_else().await;
    assert_eq!(phone.turned_away().await.0.code, ErrorCode::ServerNotAuthenticated);
}
