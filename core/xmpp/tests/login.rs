//! Every way to sign in, against a server under script. What goes ahead: `pipelining.rs`; attacks: `downgrade.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod scripted;

use heliograph_model::ErrorCode;
use heliograph_model::stanza::LoginPath;
use heliograph_xmpp::session::TlsMode;
use minidom::Element;
use scripted::known::{CARBONS, CSI, child, config, first_session, granted, online, session_without_token};
use scripted::phone::Phone;
use scripted::sasl2::{BIND2, FAST, SASL2, SESSION, SM, bound, everything, token, without};
use scripted::{BIND, FULL_JID, PASSWORD, Peer, SCRAM, Server};

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
