//! Sessions that are reached in other ways than the first time, or than by TCP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod scripted;

use heliograph_model::stanza::{MessageKind, Outbound, OutboundContent, OutboundMessage, SessionEvent};
use heliograph_model::{Address, ErrorCode, StanzaId};
use heliograph_xmpp::session::{
    Route, ServerLocation, Session, SessionConfig, SessionHandle, SessionOutput, TlsMode, Transport,
};
use scripted::phone::Phone;
use scripted::{BIND, PASSWORD, SCRAM, Server, patiently};
use tokio::net::TcpListener;
use tokio::sync::mpsc::Receiver;
use tokio::time::Duration;

const PLUS: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
     <mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-256-PLUS</mechanism></mechanisms>";

/// How long a server may keep silent here. Loopback on a busy machine answers sooner.
const SILENCE: Duration = Duration::from_secs(1);

/// The next output; what is learned of the server aside.
async fn next(outputs: &mut Receiver<SessionOutput>) -> SessionOutput {
    loop {
        match patiently(outputs.recv()).await.expect("a last word") {
            SessionOutput::Remember(_) => {}
            output => return output,
        }
    }
}

async fn online(outputs: &mut Receiver<SessionOutput>) {
    match next(outputs).await {
        SessionOutput::Event(SessionEvent::Online(_)) => {}
        other => panic!("{other:?}"),
    }
}

fn start(config: &SessionConfig) -> (SessionHandle, Receiver<SessionOutput>) {
    Session::start(config.clone(), None)
}

#[tokio::test]
async fn tls_goes_on_from_the_session_before_in_both_of_its_modes() {
    for (tls, transport) in
        [(TlsMode::Direct, Transport::DirectTls), (TlsMode::StartTls, Transport::StartTls)]
    {
        let server = Server::new().await;
        let config = server.config(tls);
        let mut bytes = Vec::new();
        for resumed in [false, true, true] {
            let (handle, mut outputs) = start(&config);
            let mut peer = server.accept().await;
            match tls {
                TlsMode::Direct => peer.secure().await.unwrap(),
                TlsMode::StartTls => peer.start_tls().await,
            }
            peer.open(SCRAM).await;
            peer.login().await;
            peer.open(BIND).await;
            peer.bind().await;
            peer.enable("one").await;
            online(&mut outputs).await;
            assert_eq!(peer.resumed, resumed, "as the server sees it");
            assert_eq!(handle.route(), Some(Route { transport, tls_resumed: resumed }));
            bytes.push(handle.traffic());
        }
        println!("{transport}: {bytes:?}");
        assert!(bytes[1].bytes_down + 300 < bytes[0].bytes_down, "the certificate is not sent again");
    }
}

#[tokio::test]
async fn a_session_inside_websocket_is_a_session_like_any_other() {
    let server = Server::named("localhost").await;
    let mut config = server.config(TlsMode::Direct);
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    config.server = ServerLocation::At { host: "127.0.0.1".to_owned(), port: nobody, tls: TlsMode::Direct };
    config.web_socket = Some(server.web_socket());
    let (handle, mut outputs) = start(&config);
    let mut peer = server.accept_direct().await;
    peer.switch().await;
    peer.open_web_socket(PLUS).await;
    peer.try_login(PASSWORD, "p=tls-exporter,,").await.expect("bound to the TLS of the web server");
    peer.open_web_socket(BIND).await;
    peer.bind().await;
    peer.enable("one").await;
    online(&mut outputs).await;
    assert_eq!(handle.route(), Some(Route { transport: Transport::WebSocket, tls_resumed: false }));

    handle.send(Outbound::Message(OutboundMessage {
        id: StanzaId::new("m1"),
        to: Address::parse("bo@example.org").unwrap(),
        kind: MessageKind::Chat,
        content: OutboundContent::Plain { text: "<through> the 'web'".to_owned() },
    }));
    let message = peer.expect_stanza("message").await;
    assert_eq!(message.get_child("body", "jabber:client").unwrap().text(), "<through> the 'web'");
    peer.acknowledge(1).await;
    match next(&mut outputs).await {
        SessionOutput::Event(SessionEvent::Acknowledged { messages }) => assert_eq!(messages.len(), 1),
        other => panic!("{other:?}"),
    }
    peer.say("<message xmlns='jabber:client' from='bo@example.org/x' type='chat'><body>hi</body></message>")
        .await;
    match next(&mut outputs).await {
        SessionOutput::Stanza { inbound, .. } => assert_eq!(inbound.len(), 1),
        other => panic!("{other:?}"),
    }

    handle.close();
    peer.expect("a", "urn:xmpp:sm:3").await;
    peer.expect("close", "urn:ietf:params:xml:ns:xmpp-framing").await;
    peer.say("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>").await;
    match next(&mut outputs).await {
        SessionOutput::Ended { error, .. } => assert_eq!(error, None),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    for tls in [TlsMode::Direct, TlsMode::StartTls] {
        let server = Server::new().await;
        let mut config = server.config(tls);
        config.timeouts.answer = SILENCE;
        let phone = Phone::start(config, None);
        let mut peer = server.accept().await;
        if tls == TlsMode::Direct {
            peer.secure().await.unwrap();
        }
        peer.header().await;
        assert_eq!(phone.failed().await, ErrorCode::NetworkUnavailable, "{tls:?}");
        peer.nothing_else().await;
    }
}

#[tokio::test]
async fn a_server_that_goes_silent_in_the_middle_is_given_up_in_time() {
    let server = Server::new().await;
    let mut config = server.config(TlsMode::Direct);
    config.timeouts.answer = SILENCE;
    let phone = Phone::start(config, None);
    let mut peer = server.accept_direct().await;
    peer.open(SCRAM).await;
    peer.expect("auth", "urn:ietf:params:xml:ns:xmpp-sasl").await;
    let (error, learned) = phone.turned_away().await;
    assert_eq!(error.code, ErrorCode::NetworkUnavailable);
    assert!(learned.is_some(), "what it offered is known");
    peer.nothing_else().await;
}
