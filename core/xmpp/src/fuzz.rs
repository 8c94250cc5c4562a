//! Whatever comes over the wire, nothing panics and nothing grows without bound.
//!
//! Bounded runs under `cargo test`; the same targets run for longer under `cargo bolero`.

use std::sync::LazyLock;

use bolero::check;
use futures::StreamExt;
use heliograph_model::stanza::{Node, Outbound, PageStart, Request};
use heliograph_model::{Address, RequestId, Timestamp};
use minidom::Element;
use tokio::io::BufReader;
use tokio_xmpp::xmlstream::{StreamHeader, Timeouts, initiate_stream};
use xso::exports::rxml::{Namespace, NcName};
use zeroize::Zeroizing;

use crate::channel_binding::{BindingType, ChannelBindings};
use crate::decode::Decoder;
use crate::fast::Token;
use crate::frame::Frame;
use crate::negotiation::{Features, Input, Login, Negotiation};
use crate::server_memory::ServerMemory;
use crate::stream_management::Resume;
use crate::timeouts::NEVER;

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());

/// A decoder with one question of each kind open, and in a room.
fn decoder() -> Decoder {
    let mut decoder = Decoder::new("ana@example.org/phone".parse().unwrap());
    let room = || Address::parse("room@example.org").unwrap();
    let server = || Address::parse("example.org").unwrap();
    let requests = [
        Request::EnableCarbons,
        Request::Features { of: server() },
        Request::Services { of: server() },
        Request::ArchivePage { archive: Some(room()), page: PageStart::Beginning, max: 3 },
        Request::ArchivePage { archive: None, page: PageStart::Newest, max: 3 },
        Request::Publish { node: Node::KeyPackages, item: "d.0".to_owned(), data: vec![1] },
        Request::FetchItems { account: server(), node: Node::Devices, items: Vec::new() },
        Request::ConfigureGroupRoom { room: room() },
        Request::AcceptRoomDefaults { room: room() },
        Request::Ping { to: room(), nick: Some("ana".to_owned()) },
        Request::DisablePush { service: server(), node: "n".to_owned() },
    ];
    decoder.encode(&Outbound::JoinRoom { room: room(), nick: "ana".to_owned() }).unwrap();
    for (number, request) in requests.into_iter().enumerate() {
        let id = RequestId::new(format!("q{number}"));
        decoder.encode(&Outbound::Request { id, request }).unwrap();
    }
    decoder
}

fn feed(decoder: &mut Decoder, stanza: &Element) {
    for reply in decoder.decode(stanza).replies {
        assert!(reply.write_to(&mut Vec::new()).is_ok());
    }
    decoder.decode_oversized(stanza);
    decoder.handled(1);
    let _ = decoder.state();
}

/// Bytes of a server, through the stream's parser.
async fn parse(bytes: &[u8]) {
    const HEADER: &[u8] = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
    let input = [HEADER, bytes].concat();
    let io = BufReader::new(tokio::io::join(input.as_slice(), tokio::io::sink()));
    let timeouts = Timeouts { read_timeout: NEVER, response_timeout: NEVER };
    let header = StreamHeader::default();
    let Ok(pending) = initiate_stream(io, "jabber:client", header, timeouts).await else { return };
    let mut stream = pending.skip_features::<Frame>();
    let mut decoder = decoder();
    while let Some(Ok(frame)) = stream.next().await {
        match frame {
            Frame::Whole(element) => feed(&mut decoder, &element),
            Frame::Oversized(head) => {
                decoder.decode_oversized(&head);
            }
        }
    }
}

const NAMES: [&str; 69] = [
    "message",
    "presence",
    "iq",
    "body",
    "m",
    "result",
    "forwarded",
    "delay",
    "sent",
    "received",
    "event",
    "items",
    "item",
    "x",
    "status",
    "destroy",
    "query",
    "fin",
    "set",
    "first",
    "last",
    "error",
    "pubsub",
    "kp",
    "devices",
    "stanza-id",
    "origin-id",
    "ping",
    "field",
    "option",
    "value",
    "identity",
    "feature",
    "r",
    "a",
    "enabled",
    "failed",
    "resumed",
    "features",
    "mechanisms",
    "mechanism",
    "challenge",
    "success",
    "failure",
    "proceed",
    "starttls",
    "bind",
    "jid",
    "authentication",
    "inline",
    "bound",
    "fast",
    "token",
    "continue",
    "tasks",
    "task",
    "task-data",
    "salt",
    "upgrade",
    "additional-data",
    "authorization-identifier",
    "sasl-channel-binding",
    "channel-binding",
    "sm",
    "csi",
    "limits",
    "max-bytes",
    "see-other-host",
    "host-unknown",
];

const NAMESPACES: [&str; 33] = [
    "jabber:client",
    "urn:xmpp:mls:0",
    "urn:xmpp:mam:2",
    "urn:xmpp:forward:0",
    "urn:xmpp:delay",
    "urn:xmpp:carbons:2",
    "http://jabber.org/protocol/pubsub#event",
    "http://jabber.org/protocol/pubsub",
    "urn:xmpp:receipts",
    "http://jabber.org/protocol/muc#user",
    "http://jabber.org/protocol/muc#owner",
    "http://jabber.org/protocol/rsm",
    "http://jabber.org/protocol/disco#info",
    "http://jabber.org/protocol/disco#items",
    "urn:xmpp:sid:0",
    "urn:xmpp:eme:0",
    "urn:xmpp:ping",
    "jabber:iq:version",
    "jabber:x:data",
    "urn:xmpp:sm:3",
    "urn:ietf:params:xml:ns:xmpp-stanzas",
    "urn:ietf:params:xml:ns:xmpp-sasl",
    "urn:ietf:params:xml:ns:xmpp-tls",
    "urn:ietf:params:xml:ns:xmpp-bind",
    "http://etherx.jabber.org/streams",
    "urn:ietf:params:xml:ns:xmpp-streams",
    "urn:xmpp:sasl:2",
    "urn:xmpp:bind:0",
    "urn:xmpp:fast:0",
    "urn:xmpp:sasl-cb:0",
    "urn:xmpp:sasl:upgrade:0",
    "urn:xmpp:scram-upgrade:0",
    "urn:xmpp:stream-limits:0",
];

const ATTRIBUTES: [&str; 23] = [
    "from",
    "to",
    "id",
    "type",
    "by",
    "queryid",
    "k",
    "e",
    "f",
    "room",
    "after",
    "node",
    "stamp",
    "code",
    "complete",
    "h",
    "var",
    "token",
    "expiry",
    "iterations",
    "mechanism",
    "previd",
    "resume",
];

const VALUES: [&str; 45] = [
    "ana@example.org",
    "ana@example.org/phone",
    "room@example.org",
    "room@example.org/ana",
    "room@example.org/bo",
    "example.org",
    "eve@example.com/x",
    "@",
    "chat",
    "groupchat",
    "error",
    "result",
    "get",
    "set",
    "unavailable",
    "headline",
    "q0",
    "q1",
    "q2",
    "q3",
    "q4",
    "q5",
    "q5+",
    "q6",
    "q7",
    "q8",
    "bind",
    "110",
    "303",
    "a",
    "w",
    "17",
    "4294967296",
    "AAAAAAAA",
    "AQID",
    "2026-01-01T00:00:00Z",
    "9999999-99-99",
    "r=x,s=QUFB,i=4294967295",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "PLAIN",
    "HT-SHA-256-EXPR",
    "tls-exporter",
    "UPGR-SCRAM-SHA-512",
    "urn:xmpp:sm:3",
];

fn pick<'a>(table: &[&'a str], byte: u8) -> &'a str {
    table.get(usize::from(byte) % table.len()).copied().unwrap_or_default()
}

/// A tree of words that mean something, in places where they may not.
fn tree(steps: &mut std::slice::Iter<'_, [u8; 3]>, depth: usize, root: bool) -> Element {
    let [_, name, namespace] = steps.next().copied().unwrap_or_default();
    // Most trees are stanzas; the others are what the stream itself is made of.
    let (name, namespace) = if root && name < 192 {
        (pick(&["message", "presence", "iq"], name), "jabber:client")
    } else {
        (pick(&NAMES, name), pick(&NAMESPACES, namespace))
    };
    let mut element = Element::bare(name, namespace);
    while let Some([step, first, second]) = steps.as_slice().first().copied() {
        match step % 8 {
            0..=2 if depth < 8 => {
                let child = tree(steps, depth + 1, false);
                element.append_child(child);
            }
            0..=2 | 7 => {
                steps.next();
                break;
            }
            3..=5 => {
                steps.next();
                let name = NcName::try_from(pick(&ATTRIBUTES, first)).unwrap();
                element.set_attr(Namespace::NONE, name, pick(&VALUES, second));
            }
            _ => {
                steps.next();
                element.append_text_node(pick(&VALUES, second));
            }
        }
    }
    element
}

fn negotiate(element: &Element) {
    let login = || Login {
        address: Address::parse("ana@example.org").unwrap(),
        password: Zeroizing::new("p".to_owned()),
        resource: None,
        allow_plain: true,
        resume: Some(Resume { h: 0, previd: "old".to_owned() }),
        now: Timestamp(0),
        redirects: 0,
    };
    let channel = ChannelBindings { exporter: Some(vec![0; 32]), ..ChannelBindings::default() };
    let unknown = ServerMemory::new(login().address).unwrap();
    let mut known = unknown.clone();
    known.directly.before = Features::read(&KNOWN.parse::<Element>().unwrap());
    known.token = Token::new(BindingType::Exporter, "token".to_owned(), Timestamp(1));
    for mut memory in [unknown, known] {
        for first in [Input::Connected, Input::Secured(channel.clone())] {
            let mut negotiation = Negotiation::new(login(), &mut memory);
            negotiation.handle(first).unwrap();
            for child in element.children().chain([element]) {
                if let Err(error) = negotiation.handle(Input::Element(child)) {
                    let _ = negotiation.failed(&error);
                    break;
                }
            }
        }
    }
}

/// The features of a server with everything, as they are remembered.
const KNOWN: &str = "<features xmlns='http://etherx.jabber.org/streams'><authentication xmlns='urn:xmpp:sasl:2'>\
     <mechanism>SCRAM-SHA-1</mechanism><mechanism>SCRAM-SHA-1-PLUS</mechanism><inline><sm xmlns='urn:xmpp:sm:3'/>\
     <bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/></inline></bind>\
     <fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-EXPR</mechanism></fast></inline></authentication>\
     <sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/></sasl-channel-binding>\
     </features>";

#[test]
fn arbitrary_bytes_do_no_harm() {
    check!().with_iterations(1000).for_each(|bytes: &[u8]| RUNTIME.block_on(parse(bytes)));
}

#[test]
fn arbitrary_trees_of_known_words_do_no_harm() {
    check!().with_iterations(4000).with_type::<Vec<[u8; 3]>>().for_each(|steps| {
        let mut decoder = decoder();
        let mut steps = steps.iter();
        while !steps.as_slice().is_empty() {
            let element = tree(&mut steps, 0, true);
            feed(&mut decoder, &element);
            negotiate(&element);
        }
    });
}

#[test]
fn mutilated_streams_of_real_stanzas_do_no_harm() {
    const STANZAS: &str = "<message from='room@example.org' ><result xmlns='urn:xmpp:mam:2' queryid='q3' id='a1'>\
         <forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>\
         <message xmlns='jabber:client' from='room@example.org/bo' type='groupchat'>\
         <m xmlns='urn:xmpp:mls:0' k='a' e='1' f='AAAAAAAA'>AQID</m></message></forwarded></result></message>\
         <iq type='result' id='q3' from='room@example.org'><fin xmlns='urn:xmpp:mam:2' complete='true'>\
         <set xmlns='http://jabber.org/protocol/rsm'><last>a1</last></set></fin></iq>\
         <presence from='room@example.org/ana'><x xmlns='http://jabber.org/protocol/muc#user'>\
         <status code='110'/></x></presence>";
    check!().with_iterations(1000).with_type::<Vec<(u16, u8)>>().for_each(|changes| {
        let mut bytes = STANZAS.as_bytes().to_vec();
        for (place, value) in changes.iter().take(4) {
            let place = usize::from(*place) % bytes.len();
            if value % 3 == 0 {
                bytes.remove(place);
            } else if let Some(byte) = bytes.get_mut(place) {
                *byte = *value;
            }
        }
        RUNTIME.block_on(parse(&bytes));
    });
}
