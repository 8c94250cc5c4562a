//! What stanzas mean, and above all what they do not mean when somebody forged them.

use heliograph_model::stanza::{
    Affiliation, Features, MessageKind, MlsEnvelope, MlsKind, Node, OutboundContent, OutboundMessage,
    PageStart, StanzaError, StanzaErrorCondition, Unusable,
};
use heliograph_model::{ArchiveId, MessageId, Timestamp};

use super::*;

mod archive;
mod questions;
mod rooms;

const NAMESPACES: &str = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
const ROOM: &str = "room@muc.example.org";

fn decoder() -> Decoder {
    Decoder::new("ana@example.org/phone".parse().unwrap())
}

fn in_room() -> Decoder {
    let mut decoder = decoder();
    let room = Address::parse(ROOM).unwrap();
    decoder.encode(&Outbound::JoinRoom { room, nick: "ana".to_owned() }).unwrap();
    decoder
}

fn parse(xml: &str) -> Element {
    let text = format!("<stream {NAMESPACES}>{xml}</stream>");
    text.parse::<Element>().unwrap().children().next().unwrap().clone()
}

fn decode(decoder: &mut Decoder, xml: &str) -> Vec<Inbound> {
    let Decoded { inbound, replies } = decoder.decode(&parse(xml));
    assert!(replies.is_empty());
    inbound
}

fn message(decoder: &mut Decoder, xml: &str) -> InboundMessage {
    match decode(decoder, xml).as_slice() {
        [Inbound::Message(message)] => message.clone(),
        other => panic!("{other:?}"),
    }
}

fn text(message: &InboundMessage) -> &str {
    match &message.content {
        InboundContent::Plain { text, .. } => text,
        other => panic!("{other:?}"),
    }
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn ask(decoder: &mut Decoder, id: &str, request: Request) -> Element {
    decoder.encode(&Outbound::Request { id: RequestId::new(id), request }).unwrap().stanza
}

fn response(decoder: &mut Decoder, xml: &str) -> Response {
    match decode(decoder, xml).as_slice() {
        [Inbound::Response { response, .. }] => response.clone(),
        other => panic!("{other:?}"),
    }
}

/// What we write, read by somebody else.
fn round_trip(content: OutboundContent, kind: MessageKind) -> (Element, InboundMessage) {
    let to = if kind == MessageKind::Chat { "ana@example.org" } else { ROOM };
    let outbound = OutboundMessage { id: StanzaId::new("id1"), to: address(to), kind, content };
    let mut stanza = decoder().encode(&Outbound::Message(outbound)).unwrap().stanza;
    let from = if kind == MessageKind::Chat { "bo@example.org/x" } else { "room@muc.example.org/bo" };
    let name = xso::exports::rxml::NcName::try_from("from").unwrap();
    stanza.set_attr(xso::exports::rxml::Namespace::NONE, name, from);
    let received = in_room().decode(&stanza).inbound;
    match received.as_slice() {
        [Inbound::Message(message)] => (stanza, message.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn plain_messages_ask_for_receipts_in_chats_only() {
    let content = OutboundContent::Plain { text: "hello".to_owned() };
    let (_, read) = round_trip(content.clone(), MessageKind::Chat);
    assert_eq!(read.from, address("bo@example.org"));
    assert_eq!(read.id, Some(StanzaId::new("id1")));
    assert_eq!(read.origin_id, Some(MessageId::new("id1")));
    let expected =
        InboundContent::Plain { text: "hello".to_owned(), receipt_requested: true, markable: true };
    assert_eq!(read.content, expected);
    assert_eq!(read.archive_id, None);

    let (_, read) = round_trip(content, MessageKind::Groupchat);
    assert_eq!((read.from, read.nick.as_deref()), (address(ROOM), Some("bo")));
    let expected =
        InboundContent::Plain { text: "hello".to_owned(), receipt_requested: false, markable: false };
    assert_eq!(read.content, expected);
}

#[test]
fn receipts_are_read_and_archived() {
    let id = |wanted: bool| wanted.then(|| StanzaId::new("theirs"));
    for (received, displayed) in [(true, false), (false, true), (true, true)] {
        let (received, displayed) = (id(received), id(displayed));
        let content = OutboundContent::Receipt { received: received.clone(), displayed: displayed.clone() };
        let (stanza, read) = round_trip(content, MessageKind::Chat);
        assert_eq!(stanza.has_child("received", "urn:xmpp:receipts"), received.is_some());
        assert_eq!(stanza.has_child("displayed", "urn:xmpp:chat-markers:0"), displayed.is_some());
        assert_eq!(read.content, InboundContent::Receipt { received, displayed });
        assert!(stanza.has_child("store", "urn:xmpp:hints"));
        assert!(!stanza.has_child("body", "jabber:client"));
    }
    let bare =
        "<message from='bo@example.org/x' id='1'><displayed xmlns='urn:xmpp:chat-markers:0'/></message>";
    let nothing = InboundContent::Unusable { reason: Unusable::NoContent };
    assert_eq!(message(&mut decoder(), bare).content, nothing, "a marker for nothing");
}

#[test]
fn mls_messages_come_in_two_classes() {
    for wake in [true, false] {
        let envelope = MlsEnvelope {
            kind: MlsKind::Welcome,
            epoch: u64::MAX,
            fork_tag: None,
            room: Some(address(ROOM)),
            after: Some(ArchiveId::new("a1")),
            wake,
            data: vec![0, 255, 3],
        };
        let (stanza, read) = round_trip(OutboundContent::Mls(envelope.clone()), MessageKind::Chat);
        assert_eq!(read.content, InboundContent::Mls(envelope), "a body beside it is its fallback");
        assert!(stanza.has_child("store", "urn:xmpp:hints"));
        assert_eq!(stanza.has_child("body", "jabber:client"), wake);
        assert_eq!(stanza.has_child("encryption", "urn:xmpp:eme:0"), wake);
        let fallback = stanza.get_child("fallback", "urn:xmpp:fallback:0");
        assert_eq!(fallback.is_some_and(|fallback| fallback.attr("for") == Some("urn:xmpp:mls:0")), wake);
    }
}

#[test]
fn broken_mls_is_named_and_its_fallback_is_not_shown() {
    for inside in ["", "k='a' e='1'", "k='a' e='x' f='AAAAAAAA'"] {
        let xml = format!(
            "<message from='bo@example.org/x' type='chat'><body>fallback</body>\
             <m xmlns='urn:xmpp:mls:0' {inside}></m></message>"
        );
        let read = message(&mut decoder(), &xml);
        assert_eq!(read.content, InboundContent::Unusable { reason: Unusable::MalformedMls });
    }
    let data = "A".repeat(2 * 1024 * 1024);
    let xml = format!(
        "<message from='bo@example.org/x' type='chat'><m xmlns='urn:xmpp:mls:0' k='a' e='1'>{data}</m></message>"
    );
    let read = message(&mut decoder(), &xml);
    assert_eq!(read.content, InboundContent::Unusable { reason: Unusable::TooLarge });
}

#[test]
fn only_the_archive_itself_says_where_a_message_stands() {
    let with = |by: &str| {
        format!(
            "<message from='bo@example.org/x' type='chat'><body>b</body>\
             <stanza-id xmlns='urn:xmpp:sid:0' id='a1' {by}/></message>"
        )
    };
    let id = |xml: &str| message(&mut decoder(), xml).archive_id;
    assert_eq!(id(&with("by='ana@example.org'")), Some(ArchiveId::new("a1")));
    for forged in ["by='bo@example.org'", "by='example.org'", "by='ana@example.org/phone'", "by='@'", ""] {
        assert_eq!(id(&with(forged)), None, "{forged}");
    }
    let twice = "<message from='bo@example.org/x' type='chat'><body>b</body>\
         <stanza-id xmlns='urn:xmpp:sid:0' id='a1' by='ana@example.org'/>\
         <stanza-id xmlns='urn:xmpp:sid:0' id='a2' by='ana@example.org'/></message>";
    assert_eq!(id(twice), None);

    let in_a_room = |by: &str| {
        let xml = format!(
            "<message from='{ROOM}/bo' type='groupchat'><body>b</body>\
             <stanza-id xmlns='urn:xmpp:sid:0' id='a1' by='{by}'/></message>"
        );
        message(&mut in_room(), &xml).archive_id
    };
    assert_eq!(in_a_room(ROOM), Some(ArchiveId::new("a1")));
    assert_eq!(in_a_room("ana@example.org"), None);
}

#[test]
fn carbons_come_from_our_own_account_or_not_at_all() {
    let carbon = |outer: &str, direction: &str, from: &str, to: &str, kind: &str| {
        format!(
            "<message {outer}><{direction} xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>\
             <message xmlns='jabber:client' from='{from}' to='{to}' type='{kind}' id='c1'><body>copy</body>\
             <stanza-id xmlns='urn:xmpp:sid:0' id='a1' by='ana@example.org'/></message></forwarded></{direction}></message>"
        )
    };
    let own = "from='ana@example.org'";
    for outer in [own, ""] {
        let sent = carbon(outer, "sent", "ana@example.org/tablet", "bo@example.org", "chat");
        let read = message(&mut decoder(), &sent);
        assert_eq!(text(&read), "copy");
        assert_eq!((read.from, read.to), (address("ana@example.org"), Some(address("bo@example.org"))));
        assert_eq!(read.archive_id, Some(ArchiveId::new("a1")));
    }
    let received = carbon(own, "received", "bo@example.org/x", "ana@example.org/tablet", "chat");
    assert_eq!(message(&mut decoder(), &received).from, address("bo@example.org"));

    let forged = [
        // CVE-2017-5589: anybody else who wraps a message.
        carbon("from='eve@example.com/x'", "received", "bo@example.org/x", "ana@example.org", "chat"),
        carbon("from='example.org'", "received", "bo@example.org/x", "ana@example.org", "chat"),
        carbon("from='ana@example.org/phone'", "sent", "ana@example.org/x", "bo@example.org", "chat"),
        // Our own account would not copy these.
        carbon(own, "sent", "bo@example.org/x", "ana@example.org", "chat"),
        carbon(own, "received", "bo@example.org/x", "eve@example.com", "chat"),
        carbon(own, "received", "room@muc.example.org/bo", "ana@example.org", "groupchat"),
    ];
    for xml in forged {
        assert_eq!(decode(&mut in_room(), &xml), [], "{xml}");
    }
}

#[test]
fn our_own_servers_word_on_the_time_goes_first() {
    let xml = "<message from='bo@example.com/x' type='chat'><body>b</body>\
         <delay xmlns='urn:xmpp:delay' from='example.com' stamp='2000-01-01T00:00:00Z'/>\
         <delay xmlns='urn:xmpp:delay' from='example.org' stamp='2026-01-01T00:00:00Z'/></message>";
    assert_eq!(message(&mut decoder(), xml).sent_at, Some(Timestamp(1_767_225_600_000)));
    let xml = "<message from='bo@example.com/x' type='chat'><body>b</body>\
         <delay xmlns='urn:xmpp:delay' stamp='not a time'/></message>";
    assert_eq!(message(&mut decoder(), xml).sent_at, None);
}

#[test]
fn errors_name_the_message_that_came_back() {
    let xml = "<message from='bo@example.org' type='error' id='m1'><body>our own words</body><error type='wait'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";
    let read = message(&mut decoder(), xml);
    assert_eq!(read.id, Some(StanzaId::new("m1")));
    let error = StanzaError { condition: StanzaErrorCondition::ServiceUnavailable, wait: true };
    assert_eq!(read.content, InboundContent::Error(error));
    // An error may quote what it is about, and that must not be taken for the thing itself.
    let quoting = "<message from='eve@example.com' type='error' id='m1'><received xmlns='urn:xmpp:carbons:2'/>\
         <result xmlns='urn:xmpp:mam:2' queryid='q' id='x'/></message>";
    assert!(matches!(message(&mut decoder(), quoting).content, InboundContent::Error(_)));
    assert_eq!(decode(&mut decoder(), "<message type='error'/>"), []);
}

#[test]
fn messages_without_anything_for_us_say_so() {
    for inside in
        ["", "<active xmlns='http://jabber.org/protocol/chatstates'/>", "<body/>", "<subject>s</subject>"]
    {
        let xml = format!("<message from='bo@example.org/x' type='chat'>{inside}</message>");
        let read = message(&mut decoder(), &xml);
        assert_eq!(read.content, InboundContent::Unusable { reason: Unusable::NoContent }, "{inside}");
    }
    for nonsense in ["<message from='@@'><body>b</body></message>", "<presence/>", "<iq/>", "<other/>"] {
        assert_eq!(decode(&mut decoder(), nonsense), [], "{nonsense}");
    }
    let bodies =
        "<message from='bo@example.org/x'><body xml:lang='de'>hallo</body><body>hello</body></message>";
    assert_eq!(text(&message(&mut decoder(), bodies)), "hello");
}
