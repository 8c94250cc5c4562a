//! Sessions against a server under script: every way in, and every way out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod scripted;

use heliograph_model::stanza::{ClientState, Inbound, InboundContent, Outbound, SessionEvent, Unusable};
use heliograph_model::{Address, ErrorCode};
use heliograph_xmpp::session::{SessionConfig, TlsMode};
use scripted::phone::{Phone, acknowledged, bo, text};
use scripted::{BIND, FULL_JID, PASSWORD, SCRAM, START_TLS, Server};
use std::time::Duration;

#[tokio::test]
async fn starttls_then_scram_then_a_managed_session() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::StartTls), None);
    let mut peer = server.accept().await;
    peer.start_tls().await;
    peer.open(SCRAM).await;
    peer.login().await;
    peer.open(BIND).await;
    peer.bind().await;
    peer.enable("one").await;
    phone.online(false).await;

    phone.write("m1", "hello");
    let message = peer.expect_stanza("message").await;
    assert_eq!(message.attr("to"), Some("bo@example.org"));
    assert_eq!(message.get_child("body", "jabber:client").unwrap().text(), "hello");
    peer.acknowledge(1).await;
    assert_eq!(phone.event().await, acknowledged(&["m1"]));

    peer.say("<message from='bo@example.org/x' type='chat' id='b1'><body>hi</body></message>").await;
    assert_eq!(text(&phone.stanza().await), "hi");

    let traffic = phone.handle.traffic();
    assert!(traffic.bytes_up > 500 && traffic.bytes_down > 500 && traffic.flights >= 8, "{traffic:?}");

    phone.handle.close();
    let last = peer.expect("a", "urn:xmpp:sm:3").await;
    assert_eq!(last.attr("h"), Some("0"), "what was not handled is not acknowledged");
    assert!(peer.hear().await.is_none(), "the end of the stream");
    peer.say("</stream:stream>").await;
    peer.nothing_else().await;
    let (error, resume) = phone.ended().await;
    assert_eq!(error, None);
    assert!(resume.is_none(), "closed is closed");
}

#[tokio::test]
async fn direct_tls_binds_the_login_to_the_channel() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_direct().await;
    peer.open(
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism>\
         <mechanism>SCRAM-SHA-256-PLUS</mechanism></mechanisms>",
    )
    .await;
    peer.try_login(PASSWORD, "p=tls-exporter,,").await.unwrap();
    peer.open(BIND).await;
    peer.bind().await;
    peer.enable("one").await;
    phone.online(false).await;
}

#[tokio::test]
async fn a_server_without_stream_management_will_do() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_unmanaged().await;
    phone.online(false).await;
    phone.write("m1", "hello");
    peer.expect_stanza("message").await;
    phone.handle.abandon();
    peer.nothing_else().await;
    assert!(phone.ended().await.1.is_none());
}

#[tokio::test]
async fn a_wrong_password_is_told_apart_and_tried_once() {
    let server = Server::new().await;
    let phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_direct().await;
    peer.open(SCRAM).await;
    peer.try_login("another", "y,,").await.unwrap_err();
    assert_eq!(phone.failed().await, ErrorCode::AuthenticationFailed);
    peer.nothing_else().await;
    assert!(server.nobody_waits().await);
}

#[tokio::test]
async fn an_impostor_gets_no_session() {
    let server = Server::new().await;
    let phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_direct().await;
    peer.open(SCRAM).await;
    let auth = peer.expect("auth", "urn:ietf:params:xml:ns:xmpp-sasl").await;
    let first = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, auth.text()).unwrap();
    let (_, _, challenge) = scripted::scram::ScramServer::start(&first);
    peer.say_sasl("challenge", &challenge).await;
    peer.expect("response", "urn:ietf:params:xml:ns:xmpp-sasl").await;
    // It never knew the password, and says "welcome" all the same.
    peer.say_sasl("success", b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").await;
    assert_eq!(phone.failed().await, ErrorCode::ServerNotAuthenticated);
    peer.nothing_else().await;
}

#[tokio::test]
async fn certificates_of_strangers_and_for_other_names_are_refused() {
    for tls in [TlsMode::Direct, TlsMode::StartTls] {
        let (server, stranger) = (Server::new().await, Server::new().await);
        let mut config = server.config(tls);
        config.trust = stranger.config(tls).trust;
        refused_certificate(&server, config, tls).await;

        let other = Server::named("example.com").await;
        let config = other.config(tls);
        refused_certificate(&other, config, tls).await;
    }
}

async fn refused_certificate(server: &Server, config: SessionConfig, tls: TlsMode) {
    let phone = Phone::start(config, None);
    let mut peer = server.accept().await;
    if tls == TlsMode::StartTls {
        peer.open(START_TLS).await;
        peer.expect("starttls", "urn:ietf:params:xml:ns:xmpp-tls").await;
        peer.say("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await;
    }
    assert!(peer.secure().await.is_err());
    assert_eq!(phone.failed().await, ErrorCode::CertificateRejected);
}

#[tokio::test]
async fn without_tls_or_scram_nothing_is_said() {
    let server = Server::new().await;
    let phone = Phone::start(server.config(TlsMode::StartTls), None);
    let mut peer = server.accept().await;
    peer.open(SCRAM).await;
    assert_eq!(phone.failed().await, ErrorCode::EncryptionUnavailable);
    peer.nothing_else().await;

    let phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_direct().await;
    peer.open(
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>",
    )
    .await;
    assert_eq!(phone.failed().await, ErrorCode::NoAcceptableLogin);
    peer.nothing_else().await;
}

#[tokio::test]
async fn what_is_slipped_in_before_tls_ends_the_attempt() {
    let server = Server::new().await;
    let phone = Phone::start(server.config(TlsMode::StartTls), None);
    let mut peer = server.accept().await;
    peer.open(START_TLS).await;
    peer.expect("starttls", "urn:ietf:params:xml:ns:xmpp-tls").await;
    peer.say("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><stream:features/>").await;
    assert_eq!(phone.failed().await, ErrorCode::ProtocolViolation);
}

#[tokio::test]
async fn a_server_that_leaves_during_login_is_not_reached() {
    let server = Server::new().await;
    let phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_direct().await;
    peer.open(SCRAM).await;
    peer.expect("auth", "urn:ietf:params:xml:ns:xmpp-sasl").await;
    peer.vanish();
    assert_eq!(phone.failed().await, ErrorCode::NetworkUnavailable);

    let phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_login().await;
    peer.expect_stanza("iq").await;
    peer.say("</stream:stream>").await;
    assert_eq!(phone.failed().await, ErrorCode::SessionEnded);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let server = Server::new().await;
    let mut config = server.config(TlsMode::Direct);
    config.timeouts.attempt = Duration::from_millis(50);
    let phone = Phone::start(config, None);
    let _peer = server.accept().await;
    assert_eq!(phone.failed().await, ErrorCode::NetworkUnavailable);
}

#[tokio::test]
async fn a_session_that_was_taken_over_says_so_and_is_over() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    peer.say("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>")
        .await;
    let (error, resume) = phone.ended().await;
    assert_eq!(error.unwrap().code, ErrorCode::SessionReplaced);
    assert!(resume.is_none());
}

#[tokio::test]
async fn a_server_that_shuts_down_may_be_resumed_and_one_that_closes_may_not() {
    let server = Server::new().await;
    for (last_words, resumable) in [
        ("<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>", true),
        (
            "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
            false,
        ),
        ("</stream:stream>", false),
    ] {
        let mut phone = Phone::start(server.config(TlsMode::Direct), None);
        let mut peer = server.accept_session("one").await;
        phone.online(false).await;
        peer.say(last_words).await;
        peer.nothing_else().await;
        let (error, resume) = phone.ended().await;
        assert_eq!(error.unwrap().code, ErrorCode::SessionEnded, "{last_words}");
        assert_eq!(resume.is_some(), resumable, "{last_words}");
    }
}

#[tokio::test]
async fn impossible_counts_and_broken_xml_end_the_session() {
    let server = Server::new().await;
    for nonsense in
        ["<a xmlns='urn:xmpp:sm:3' h='7'/>", "<a xmlns='urn:xmpp:sm:3' h='-1'/>", "<a><b></a>", "hello"]
    {
        let mut phone = Phone::start(server.config(TlsMode::Direct), None);
        let mut peer = server.accept_session("one").await;
        phone.online(false).await;
        peer.say(nonsense).await;
        let (error, resume) = phone.ended().await;
        assert_eq!(error.unwrap().code, ErrorCode::ProtocolViolation, "{nonsense}");
        assert!(resume.is_none());
    }
}

const CSI: &str = "urn:xmpp:csi:0";

#[tokio::test]
async fn the_server_hears_once_whether_somebody_looks() {
    let server = Server::new().await;
    let takes_it = format!("{BIND}<csi xmlns='{CSI}'/>");
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    // Said while signing in: told as soon as there is a session.
    phone.handle.client_state(ClientState::Inactive);
    let mut peer = server.accept_direct().await;
    peer.open(SCRAM).await;
    peer.login().await;
    peer.open(&takes_it).await;
    peer.bind().await;
    peer.enable("one").await;
    phone.online(false).await;
    peer.expect("inactive", CSI).await;
    // The same again is no news.
    phone.handle.client_state(ClientState::Inactive);
    phone.handle.client_state(ClientState::Active);
    phone.write("m1", "I am back");
    phone.handle.probe();
    // In this order, so that the answer comes behind what the server had held back (§6.1); and one question is enough.
    peer.expect("active", CSI).await;
    peer.expect_stanza("message").await;
    peer.acknowledge(1).await;
    assert_eq!(phone.event().await, SessionEvent::Alive);
    assert_eq!(phone.event().await, acknowledged(&["m1"]));
    phone.handle.client_state(ClientState::Inactive);
    peer.expect("inactive", CSI).await;
    peer.vanish();

    // A resumed session begins active (§6.2).
    let resume = phone.ended().await.1;
    let mut phone = Phone::start(server.config(TlsMode::Direct), resume);
    let mut peer = server.accept_direct().await;
    peer.open(SCRAM).await;
    peer.login().await;
    peer.open(&takes_it).await;
    peer.expect("resume", "urn:xmpp:sm:3").await;
    peer.say("<resumed xmlns='urn:xmpp:sm:3' previd='one' h='1'/>").await;
    phone.online(true).await;
    peer.acknowledge(1).await;
    assert_eq!(phone.event().await, SessionEvent::Drained);
    phone.handle.client_state(ClientState::Active);
    phone.handle.client_state(ClientState::Inactive);
    peer.expect("inactive", CSI).await;
    phone.handle.abandon();
    peer.nothing_else().await;
}

#[tokio::test]
async fn a_server_that_takes_no_client_state_is_told_none() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    phone.handle.client_state(ClientState::Inactive);
    phone.write("m1", "hello");
    peer.expect_stanza("message").await;
    phone.handle.abandon();
    peer.expect("r", "urn:xmpp:sm:3").await;
    peer.nothing_else().await;
}

#[tokio::test]
async fn what_xml_cannot_carry_harms_neither_the_stream_nor_the_counts() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    phone.write("m1", "a\u{0}b & <c>");
    let message = peer.expect_stanza("message").await;
    assert_eq!(message.get_child("body", "jabber:client").unwrap().text(), "a\u{fffd}b & <c>");
    peer.acknowledge(1).await;
    assert_eq!(phone.event().await, acknowledged(&["m1"]));

    let room = Address::parse("room@muc.example.org").unwrap();
    phone.handle.send(Outbound::JoinRoom { room: room.clone(), nick: "a\u{7}".to_owned() });
    assert!(matches!(phone.refused().await.as_slice(), [Inbound::RoomRefused { .. }]));
    // Whoever sent it has counted it.
    assert_eq!(peer.expect_stanza("iq").await.attr("type"), Some("result"));
    peer.acknowledge(2).await;
    peer.say(
        "<message from='bo@example.org/x' type='chat'><body>hi</body></message><r xmlns='urn:xmpp:sm:3'/>",
    )
    .await;
    assert_eq!(text(&phone.stanza().await), "hi");
    phone.write("m2", "not yet");
    peer.expect_stanza("message").await;
    peer.acknowledge(3).await;
    phone.handle.handled(1);
    assert_eq!(peer.expect("a", "urn:xmpp:sm:3").await.attr("h"), Some("1"));
}

#[tokio::test]
async fn a_monstrous_stanza_is_counted_named_and_forgotten() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    let deep = format!("{}{}", "<x>".repeat(5_000), "</x>".repeat(5_000));
    let wide = "<x/>".repeat(100_000);
    let long = "x".repeat(3 * 1024 * 1024);
    for inside in [deep, wide, format!("<body>{long}</body>")] {
        let stanza = format!("<message from='bo@example.org/x' type='chat' id='b1'>{inside}</message>");
        peer.say(&stanza).await;
        let inbound = phone.stanza().await;
        let [Inbound::Message(message)] = inbound.as_slice() else { panic!("{inbound:?}") };
        assert_eq!(message.content, InboundContent::Unusable { reason: Unusable::TooLarge });
        assert_eq!(message.from, bo());
        phone.handle.handled(1);
    }
    assert_eq!(peer.handled().await, "3");
    peer.say("<message from='bo@example.org/x' type='chat'><body>after</body></message>").await;
    assert_eq!(text(&phone.stanza().await), "after");
}

#[tokio::test]
async fn a_flood_waits_for_a_slow_reader_and_arrives_whole() {
    const COUNT: usize = 3000;
    let server = Server::with_small_buffers().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    let padding = "y".repeat(2000);
    let server_side = async {
        for number in 0..COUNT {
            peer.say(&format!(
                "<message from='bo@example.org/x' type='chat' id='{padding}'><body>{number}</body></message>"
            ))
            .await;
        }
        // It reads only now; the client must not have stopped reading because it could not write.
        peer.skim("</message>", COUNT / 100).await;
    };
    let phone_side = async {
        for number in 0..COUNT {
            if number % 100 == 0 {
                phone.write(&format!("m{number}"), &"x".repeat(400_000));
            }
            assert_eq!(text(&phone.stanza().await), number.to_string());
        }
    };
    tokio::join!(server_side, phone_side);
}

#[tokio::test]
async fn dropping_the_outputs_drops_the_connection() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    let Phone { handle, outputs, .. } = phone;
    drop(outputs);
    assert!(peer.hear().await.is_none());
    handle.close();
}

#[tokio::test]
async fn strangers_learn_nothing_but_the_programs_name() {
    let server = Server::new().await;
    let mut phone = Phone::start(server.config(TlsMode::Direct), None);
    let mut peer = server.accept_session("one").await;
    phone.online(false).await;
    for (question, answer) in [
        ("<ping xmlns='urn:xmpp:ping'/>", None),
        ("<query xmlns='http://jabber.org/protocol/disco#info'/>", Some("query")),
        ("<query xmlns='jabber:iq:version'/>", Some("query")),
        ("<query xmlns='jabber:iq:last'/>", Some("error")),
        ("<vCard xmlns='vcard-temp'/>", Some("error")),
    ] {
        peer.say(&format!("<iq type='get' id='s1' from='eve@example.com/x' to='{FULL_JID}'>{question}</iq>"))
            .await;
        assert_eq!(phone.stanza().await, []);
        let reply = peer.expect_stanza("iq").await;
        assert_eq!((reply.attr("to"), reply.attr("id")), (Some("eve@example.com/x"), Some("s1")));
        assert_eq!(reply.children().next().map(minidom::Element::name), answer, "{question}");
    }
    // Answers are stanzas too: they are in the count that the server acknowledges.
    phone.write("m1", "hello");
    peer.expect_stanza("message").await;
    peer.acknowledge(6).await;
    assert_eq!(phone.event().await, acknowledged(&["m1"]));
}
