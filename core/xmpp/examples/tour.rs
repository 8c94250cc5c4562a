//! A tour of one session against a real server: sign in, ask what the server can do, make a room, write into it and read
//! it back from its archive, publish a key package, lose the socket, go on where it was lost, and sign in again with what
//! was learned of the server. Each sign-in says by what it went, in how many flights, and with how many bytes.
//!
//! ```text
//! cargo run -p heliograph-xmpp --example tour -- ADDRESS PASSWORD HOST PORT direct|starttls CA.pem
//! ```
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use heliograph_model::stanza::{
    Granted, Inbound, InboundContent, MessageKind, MlsEnvelope, MlsKind, Node, Outbound, OutboundContent,
    OutboundMessage, PageStart, Request, Response, SessionEvent,
};
use heliograph_model::{Address, RequestId, StanzaId};
use heliograph_xmpp::session::{
    ResumeState, ServerLocation, ServerMemory, Session, SessionConfig, SessionHandle, SessionOutput, TlsMode,
    Trust,
};
use tokio::sync::mpsc::Receiver;
use zeroize::Zeroizing;

struct Tour {
    handle: SessionHandle,
    outputs: Receiver<SessionOutput>,
    asked: u32,
    memory: Option<ServerMemory>,
}

impl Tour {
    fn start(config: &SessionConfig, resume: Option<ResumeState>) -> Self {
        let (handle, outputs) = Session::start(config.clone(), resume);
        Self { handle, outputs, asked: 0, memory: config.memory.clone() }
    }

    /// The next output, already acknowledged.
    async fn next(&mut self) -> SessionOutput {
        let mut output =
            tokio::time::timeout(Duration::from_secs(10), self.outputs.recv()).await.unwrap().unwrap();
        match &mut output {
            SessionOutput::Stanza { replies, .. } => {
                for reply in replies.drain(..) {
                    self.handle.reply(reply);
                }
                self.handle.handled(1);
            }
            SessionOutput::Remember(memory) => self.memory = Some(memory.as_ref().clone()),
            _ => {}
        }
        output
    }

    async fn find<T>(&mut self, mut wanted: impl FnMut(&SessionOutput) -> Option<T>) -> T {
        loop {
            let output = self.next().await;
            if let Some(found) = wanted(&output) {
                return found;
            }
            if let SessionOutput::Ended { error, .. } = output {
                panic!("ended: {error:?}");
            }
        }
    }

    async fn inbound<T>(&mut self, mut wanted: impl FnMut(&Inbound) -> Option<T>) -> T {
        self.find(|output| match output {
            SessionOutput::Stanza { inbound, .. } => inbound.iter().find_map(&mut wanted),
            _ => None,
        })
        .await
    }

    async fn ask(&mut self, request: Request) -> Response {
        self.asked += 1;
        let id = RequestId::new(format!("tour-{}", self.asked));
        println!("  ask {request:?}");
        self.handle.send(Outbound::Request { id: id.clone(), request });
        let response = self
            .inbound(|inbound| match inbound {
                Inbound::Response { id: answered, response } if *answered == id => Some(response.clone()),
                _ => None,
            })
            .await;
        println!("  -> {response:?}");
        response
    }

    async fn online(&mut self) -> Granted {
        let granted = self
            .find(|output| match output {
                SessionOutput::Event(SessionEvent::Online(granted)) => Some(granted.clone()),
                _ => None,
            })
            .await;
        println!("  {granted:?}");
        println!("  {:?}", self.handle.traffic());
        granted
    }

    /// Ends the session, to be resumed or not. Answers with what the next one needs.
    async fn end(mut self) -> (Option<ResumeState>, Option<ServerMemory>) {
        let resume = loop {
            if let SessionOutput::Ended { error, resume } = self.next().await {
                assert_eq!(error, None);
                break resume;
            }
        };
        let mut memory = self.memory;
        if let Some(memory) = &mut memory {
            let _ = memory.reserve();
        }
        (resume, memory)
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, password, host, port, tls, ca] = arguments.as_slice() else {
        panic!("ADDRESS PASSWORD HOST PORT direct|starttls CA.pem")
    };
    let address = Address::parse(address).unwrap();
    let mut config = SessionConfig::new(address.clone(), Zeroizing::new(password.clone()));
    config.trust = Trust::ExtraCa(std::fs::read(ca).unwrap());
    config.server = ServerLocation::At {
        host: host.clone(),
        port: port.parse().unwrap(),
        tls: if tls == "direct" { TlsMode::Direct } else { TlsMode::StartTls },
    };

    println!("sign in");
    let mut tour = Tour::start(&config, None);
    assert!(!tour.online().await.resumed);
    tour.handle.send(Outbound::Available);

    println!("the server");
    assert_eq!(tour.ask(Request::EnableCarbons).await, Response::Done);
    tour.ask(Request::Features { of: address.server() }).await;
    tour.ask(Request::Ping { to: address.server(), nick: None }).await;
    let Response::Items(services) = tour.ask(Request::Services { of: address.server() }).await else {
        panic!("no services")
    };

    println!("a room");
    let service = services.iter().find(|service| service.domain().starts_with("muc")).unwrap();
    let room = Address::parse(&format!("tour{}@{}", std::process::id(), service.domain())).unwrap();
    tour.handle.send(Outbound::JoinRoom { room: room.clone(), nick: "guide".to_owned() });
    tour.inbound(|inbound| match inbound {
        Inbound::RoomJoined { created, .. } => created.then_some(()),
        Inbound::RoomRefused { error, .. } => panic!("{error:?}"),
        _ => None,
    })
    .await;
    let configured = tour.ask(Request::ConfigureGroupRoom { room: room.clone() }).await;
    assert_eq!(configured, Response::Done);
    let Response::Features(features) = tour.ask(Request::Features { of: room.clone() }).await else {
        panic!("no features")
    };
    for feature in ["muc_membersonly", "muc_persistent", "muc_nonanonymous", "muc_hidden", "urn:xmpp:mam:2"] {
        assert!(features.has(feature), "{feature}");
    }
    let envelope = |wake| MlsEnvelope {
        kind: MlsKind::Application,
        epoch: 1,
        fork_tag: Some([1; 6]),
        room: None,
        after: None,
        wake,
        data: vec![7; 100],
    };
    for (id, wake) in [("first", true), ("second", false)] {
        tour.handle.send(Outbound::Message(OutboundMessage {
            id: StanzaId::new(id),
            to: room.clone(),
            kind: MessageKind::Groupchat,
            content: OutboundContent::Mls(envelope(wake)),
        }));
        let place = tour
            .inbound(|inbound| match inbound {
                Inbound::Message(message) if message.id == Some(StanzaId::new(id)) => {
                    assert_eq!(message.content, InboundContent::Mls(envelope(wake)));
                    Some(message.archive_id.clone())
                }
                _ => None,
            })
            .await;
        assert!(place.is_some(), "archived");
    }
    let page = Request::ArchivePage { archive: Some(room.clone()), page: PageStart::Beginning, max: 50 };
    let Response::ArchivePage(page) = tour.ask(page).await else { panic!("no page") };
    assert_eq!(page.messages.len(), 2);
    assert!(page.complete);

    println!("keys");
    for (node, item) in [(Node::KeyPackages, "a.0"), (Node::KeyPackages, "a.1"), (Node::Devices, "current")] {
        let publish = Request::Publish { node, item: item.to_owned(), data: vec![1; 40] };
        assert_eq!(tour.ask(publish).await, Response::Done);
    }
    let items = vec!["a.0".to_owned(), "a.1".to_owned(), "missing".to_owned()];
    let fetch = Request::FetchItems { account: address.clone(), node: Node::KeyPackages, items };
    let Response::NodeItems(items) = tour.ask(fetch).await else { panic!("no items") };
    assert_eq!(items.len(), 2);

    println!("lost and resumed");
    tour.handle.send(Outbound::Message(OutboundMessage {
        id: StanzaId::new("third"),
        to: room.clone(),
        kind: MessageKind::Groupchat,
        content: OutboundContent::Plain { text: "still there".to_owned() },
    }));
    tour.handle.abandon();
    let (resume, memory) = tour.end().await;
    println!("  {resume:?} {memory:?}");
    config.memory = memory;
    let mut tour = Tour::start(&config, resume);
    assert!(tour.online().await.resumed, "resumed");
    tour.inbound(|inbound| match inbound {
        Inbound::Message(message) if message.id == Some(StanzaId::new("third")) => Some(()),
        _ => None,
    })
    .await;

    println!("lost and resumed with nothing open");
    tour.ask(Request::Ping { to: address.server(), nick: None }).await;
    tour.handle.abandon();
    let (resume, memory) = tour.end().await;
    config.memory = memory;
    let mut tour = Tour::start(&config, resume);
    assert!(tour.online().await.resumed, "resumed");

    println!("goodbye, and in again");
    tour.handle.close();
    let (resume, memory) = tour.end().await;
    assert!(resume.is_none());
    config.memory = memory;
    let mut tour = Tour::start(&config, None);
    assert!(!tour.online().await.resumed);
    tour.handle.close();
    tour.end().await;
    println!("done");
}
