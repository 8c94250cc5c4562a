//! Ways to a real server: through the web where nothing else passes, with a key that is insisted on, and again and again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_lab::policy::NETWORK;
use heliograph_lab::{Command, LabError, Options, Phone, PhoneConfig, Software};
use heliograph_model::Address;
use heliograph_model::stanza::SessionEvent;
use heliograph_suites::scene::Scene;
use heliograph_xmpp::session::{
    Route, ServerLocation, Session, SessionConfig, SessionOutput, TlsMode, Traffic, Transport, Trust,
};
use tokio::time::timeout;
use zeroize::Zeroizing;

#[tokio::test(flavor = "multi_thread")]
async fn where_only_https_passes_two_phones_talk_through_the_web_server() {
    let options = Options { web_socket: true, ..Options::with_accounts(&["ana", "ben"]) };
    let mut scene = Scene::server(options).await;
    for name in ["ana", "ben"] {
        let web_socket = Some(scene.server.web_socket());
        // Nobody listens there.
        let config = PhoneConfig { server: "127.0.0.1:9".into(), web_socket, ..scene.config(name) };
        Phone::add_account(&config).await.unwrap();
        scene.phones.push(Phone::spawn(config).unwrap());
    }
    let group = "Bridge team";
    scene.make_group().await;
    scene.phones[0].request(&Command::message(group, "the bridge is open again")).await.unwrap();
    scene.shows(1, "the bridge is open again").await;
    for phone in &mut scene.phones {
        phone.request(&Command::Network { available: false }).await.unwrap();
        phone.request(&Command::Network { available: true }).await.unwrap();
    }
    scene.phones[1].request(&Command::message(group, "and the road, too")).await.unwrap();
    scene.shows(0, "and the road, too").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_insisted_on_must_be_the_servers() {
    let scene = Scene::server(Options::with_accounts(&["ana"])).await;
    let other = "d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=".to_owned();
    let wrong = PhoneConfig { pins: vec![other.clone()], ..scene.config("ana") };
    match Phone::add_account(&wrong).await {
        Err(LabError::Refused { code, .. }) => assert_eq!(code, "certificate-rejected"),
        other => panic!("not refused: {:?}", other.map_err(|error| error.to_string())),
    }
    let right = PhoneConfig { pins: vec![other, scene.server.pin().to_owned()], ..scene.config("ana") };
    Phone::add_account(&right).await.unwrap();
}

/// Signs in and out again.
async fn once(config: &SessionConfig) -> (Route, Traffic) {
    let (handle, mut outputs) = Session::start(config.clone(), None);
    let online = async {
        loop {
            match outputs.recv().await.expect("a last word") {
                SessionOutput::Event(SessionEvent::Online(_)) => break,
                SessionOutput::Ended { error, .. } => panic!("{error:?}"),
                _ => {}
            }
        }
    };
    timeout(NETWORK, online).await.unwrap();
    let seen = (handle.route().unwrap(), handle.traffic());
    handle.close();
    while timeout(NETWORK, outputs.recv()).await.unwrap().is_some() {}
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_goes_on_from_the_connection_before_on_every_way_where_the_server_grants_it() {
    for tls_tickets in [false, true] {
        let options = Options { web_socket: true, tls_tickets, ..Options::with_accounts(&["ana"]) };
        let scene = Scene::server(options).await;
        let account = &scene.server.accounts()[0];
        let address = Address::parse(&scene.server.address_of(&account.name)).unwrap();
        let nowhere = "127.0.0.1:9".parse().unwrap();
        for (place, tls, transport) in [
            (scene.server.direct_tls_address(), TlsMode::Direct, Transport::DirectTls),
            (scene.server.starttls_address(), TlsMode::StartTls, Transport::StartTls),
            (nowhere, TlsMode::Direct, Transport::WebSocket),
        ] {
            let config = SessionConfig {
                trust: Trust::ExtraCa(scene.server.authority_pem().into_bytes()),
                web_socket: Some(scene.server.web_socket()),
                server: ServerLocation::At { host: place.ip().to_string(), port: place.port(), tls },
                ..SessionConfig::new(address.clone(), Zeroizing::new(account.password.clone()))
            };
            for again in [false, true] {
                let (route, traffic) = once(&config).await;
                println!("{transport}: TLS resumed: {}, {traffic:?}", route.tls_resumed);
                let tls_resumed = match scene.server.software() {
                    Software::Prosody => again && tls_tickets,
                    Software::Ejabberd => again && route.tls_resumed,
                };
                assert_eq!(route, Route { transport, tls_resumed });
            }
        }
    }
}
