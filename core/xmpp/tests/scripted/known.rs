//! A server that is known from a first session.

use heliograph_model::stanza::{Granted, LoginPath};
use heliograph_xmpp::session::{ResumeState, ServerMemory, SessionConfig, TlsMode};
use minidom::Element;

use super::Server;
use super::phone::Phone;
use super::sasl2::{SESSION, bound, everything, token, without};

pub const CARBONS: &str = "urn:xmpp:carbons:2";
pub const CSI: &str = "urn:xmpp:csi:0";

pub fn child<'a>(element: &'a Element, name: &str, namespace: &str) -> Option<&'a Element> {
    element.get_child(name, namespace)
}

pub fn config(server: &Server, memory: Option<ServerMemory>) -> SessionConfig {
    let mut config = server.config(TlsMode::Direct);
    config.memory = memory.map(|mut memory| {
        let _ = memory.reserve();
        memory
    });
    config
}

/// A first session with a server that has everything; its stream can be resumed under "one", its token is "first".
pub async fn first_session(server: &Server) -> (Option<ResumeState>, Option<ServerMemory>) {
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

pub fn granted(login: LoginPath, pipelined: bool, resumed: bool) -> Granted {
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
pub async fn online(phone: &mut Phone, resumed: bool) -> Granted {
    Granted { stream: None, handled: None, ..phone.online(resumed).await }
}

pub async fn session_without_token(server: &Server) -> Option<ServerMemory> {
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
