//! What somebody in the middle can't do: taking things out of what a server offers is noticed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod scripted;

use heliograph_model::ErrorCode;
use heliograph_model::stanza::LoginPath;
use heliograph_xmpp::session::ServerMemory;
use scripted::known::{config, first_session};
use scripted::phone::Phone;
use scripted::sasl2::{SASL2, SESSION, bound, without};
use scripted::{BIND, PASSWORD, Peer, SCRAM, Server};

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
