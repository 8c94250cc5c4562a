//! Messages: live ones, carbons, errors, and what they carry.

use heliograph_model::stanza::limits::MESSAGE_BYTES;
use heliograph_model::stanza::{Inbound, InboundContent, InboundMessage, MessageKind, Unusable};
use heliograph_model::{Address, ArchiveId, MessageId, StanzaId, Timestamp};
use jid::Jid;
use minidom::Element;
use xmpp_parsers::delay::Delay;
use xmpp_parsers::ns as xns;

use super::{Decoded, Decoder, error};
use crate::mls::Mls;
use crate::ns;
use crate::xml::{attribute, bare, children, jid_attribute};

/// Base64 makes four characters of three bytes; some writers break lines.
const MLS_TEXT_BYTES: usize = MESSAGE_BYTES / 3 * 4 + MESSAGE_BYTES / 32;

impl Decoder {
    pub(super) fn message(&mut self, stanza: &Element) -> Decoded {
        let Ok(from) = jid_attribute(stanza, "from") else {
            return Decoded::nothing();
        };
        if stanza.attr("type") == Some("error") {
            return self.undelivered(stanza, from.as_ref());
        }
        if let Some(result) = stanza.get_child("result", xns::MAM) {
            return self.archive_result(result, from.as_ref());
        }
        if let Some(copied) = carbon(stanza) {
            return self.carbon(copied, from.as_ref());
        }
        if stanza.attr("type") == Some("groupchat") {
            return self.groupchat(stanza, from.as_ref());
        }
        if let Some(decoded) = self.pubsub_event(stanza, from.as_ref()) {
            return decoded;
        }
        // RFC 6120 §8.1.2.1: a stanza without sender is our own account's.
        let sender = from.as_ref().map_or_else(|| self.account.clone(), bare);
        if is_room_private(stanza) || (self.in_room(&sender) && from.as_ref().is_some_and(has_resource)) {
            return Decoded::nothing();
        }
        Decoded::one(Inbound::Message(self.chat(stanza, sender)))
    }

    /// Between two accounts. The archive that counts is our own (XEP-0313 §5.1.1).
    fn chat(&self, stanza: &Element, from: Address) -> InboundMessage {
        InboundMessage {
            from,
            nick: None,
            to: jid_attribute(stanza, "to").ok().flatten().as_ref().map(bare),
            kind: MessageKind::Chat,
            id: stanza_id(stanza),
            origin_id: origin_id(stanza),
            archive_id: archive_id(stanza, &self.account),
            sent_at: self.delayed(stanza),
            content: content(stanza),
        }
    }

    /// A copy of what another client of ours sent or received (XEP-0280). Only our own account makes them: from anybody
    /// else it is a forgery (§11, CVE-2017-5589).
    fn carbon(&mut self, copied: &Element, from: Option<&Jid>) -> Decoded {
        if from.is_some_and(|from| has_resource(from) || bare(from) != self.account) {
            return Decoded::nothing();
        }
        let Some(stanza) = copied
            .get_child("forwarded", xns::FORWARD)
            .and_then(|forwarded| forwarded.get_child("message", xns::JABBER_CLIENT))
        else {
            return Decoded::nothing();
        };
        let (Ok(from), Ok(to)) = (jid_attribute(stanza, "from"), jid_attribute(stanza, "to")) else {
            return Decoded::nothing();
        };
        let from = from.as_ref().map_or_else(|| self.account.clone(), bare);
        let sent = copied.name() == "sent";
        let ours = if sent { from == self.account } else { to.is_none_or(|to| bare(&to) == self.account) };
        let plain_chat = !matches!(stanza.attr("type"), Some("groupchat" | "error" | "headline"));
        // Private messages of rooms, and copies of copies, are nobody's chat.
        let nested = carbon(stanza).is_some() || stanza.has_child("result", xns::MAM);
        if !ours || !plain_chat || nested || is_room_private(stanza) {
            return Decoded::nothing();
        }
        Decoded::one(Inbound::Message(self.chat(stanza, from)))
    }

    /// Through a room that we are in.
    fn groupchat(&self, stanza: &Element, from: Option<&Jid>) -> Decoded {
        let Some(from) = from else {
            return Decoded::nothing();
        };
        let room = bare(from);
        if !self.in_room(&room) {
            return Decoded::nothing();
        }
        // What the room says of the past came although we asked for none; the archive has it, with its place.
        let history = delays(stanza).any(|delay| delay.from.as_ref().is_some_and(|by| bare(by) == room));
        if history {
            return Decoded::nothing();
        }
        Decoded::one(Inbound::Message(InboundMessage {
            nick: from.resource().map(|nick| nick.as_str().to_owned()),
            to: None,
            kind: MessageKind::Groupchat,
            id: stanza_id(stanza),
            origin_id: origin_id(stanza),
            archive_id: archive_id(stanza, &room),
            sent_at: self.delayed(stanza),
            content: content(stanza),
            from: room,
        }))
    }

    /// A message of ours came back.
    fn undelivered(&self, stanza: &Element, from: Option<&Jid>) -> Decoded {
        let Some(id) = stanza_id(stanza) else {
            return Decoded::nothing();
        };
        let sender = from.map_or_else(|| self.account.clone(), bare);
        let kind = if self.in_room(&sender) { MessageKind::Groupchat } else { MessageKind::Chat };
        Decoded::one(Inbound::Message(InboundMessage {
            from: sender,
            nick: None,
            to: None,
            kind,
            id: Some(id),
            origin_id: None,
            archive_id: None,
            sent_at: None,
            content: InboundContent::Error(error::stanza_error(stanza)),
        }))
    }

    /// Too large to be looked at; who sent it is still worth a trace.
    pub(super) fn oversized_message(&self, head: &Element) -> Decoded {
        let (Ok(from), Some("chat" | "normal" | "groupchat") | None) =
            (jid_attribute(head, "from"), head.attr("type"))
        else {
            return Decoded::nothing();
        };
        let sender = from.as_ref().map_or_else(|| self.account.clone(), bare);
        let groupchat = head.attr("type") == Some("groupchat");
        if groupchat && !self.in_room(&sender) {
            return Decoded::nothing();
        }
        Decoded::one(Inbound::Message(InboundMessage {
            nick: from
                .filter(|_| groupchat)
                .and_then(|from| from.resource().map(|nick| nick.as_str().to_owned())),
            from: sender,
            to: None,
            kind: if groupchat { MessageKind::Groupchat } else { MessageKind::Chat },
            id: stanza_id(head),
            origin_id: None,
            archive_id: None,
            sent_at: None,
            content: InboundContent::Unusable { reason: Unusable::TooLarge },
        }))
    }

    /// When a live message was sent, if a server on the way held it back: our own server's word before that of others.
    fn delayed(&self, stanza: &Element) -> Option<Timestamp> {
        let ours = |delay: &Delay| {
            delay.from.as_ref().is_some_and(|by| {
                let by = bare(by);
                by == self.account || by == self.account.server()
            })
        };
        let mut all = delays(stanza);
        let first = all.next()?;
        let chosen = if ours(&first) { first } else { all.find(ours).unwrap_or(first) };
        Some(timestamp(&chosen))
    }
}

/// What a message carries. An `<m/>` wins over a body, which is then its fallback.
pub(super) fn content(stanza: &Element) -> InboundContent {
    if stanza.attr("type") == Some("error") {
        return InboundContent::Error(error::stanza_error(stanza));
    }
    let unusable = |reason| InboundContent::Unusable { reason };
    let body = body(stanza);
    if let Some(element) = stanza.get_child("m", ns::MLS) {
        if element.texts().map(str::len).sum::<usize>() > MLS_TEXT_BYTES {
            return unusable(Unusable::TooLarge);
        }
        let wake = body.is_some() || stanza.has_child("encryption", xns::EME);
        return match Mls::try_from(element.clone()) {
            Ok(mls) if mls.data.len() > MESSAGE_BYTES => unusable(Unusable::TooLarge),
            Ok(mls) if !mls.data.is_empty() => InboundContent::Mls(mls.into_envelope(wake)),
            _ => unusable(Unusable::MalformedMls),
        };
    }
    match body {
        Some(text) if text.len() > MESSAGE_BYTES => unusable(Unusable::TooLarge),
        Some(text) => InboundContent::Plain {
            text,
            receipt_requested: stanza.has_child("request", xns::RECEIPTS),
            markable: stanza.has_child("markable", xns::DISPLAYED_MARKERS),
        },
        None => {
            let id = |name, namespace| {
                stanza.get_child(name, namespace).and_then(|one| attribute(one, "id")).map(StanzaId::new)
            };
            let received = id("received", xns::RECEIPTS);
            match (received, id("displayed", xns::DISPLAYED_MARKERS)) {
                (None, None) => unusable(Unusable::NoContent),
                (received, displayed) => InboundContent::Receipt { received, displayed },
            }
        }
    }
}

/// The body in the stream's language, else the first.
fn body(stanza: &Element) -> Option<String> {
    let mut bodies = children(stanza, "body", xns::JABBER_CLIENT);
    let first = bodies.next()?;
    let in_default_language =
        |body: &Element| body.attr_ns("http://www.w3.org/XML/1998/namespace", "lang").is_none();
    let chosen = if in_default_language(first) {
        first
    } else {
        bodies.find(|body| in_default_language(body)).unwrap_or(first)
    };
    let text = chosen.text();
    (!text.is_empty()).then_some(text)
}

pub(super) fn stanza_id(stanza: &Element) -> Option<StanzaId> {
    attribute(stanza, "id").map(StanzaId::new)
}

pub(super) fn origin_id(stanza: &Element) -> Option<MessageId> {
    let origin = stanza.get_child("origin-id", xns::SID)?;
    attribute(origin, "id").map(MessageId::new)
}

/// The id that `archive` itself gave (XEP-0359 §6): anybody can write a `<stanza-id/>`, so its `by` decides. Two that
/// claim to be the archive's are one too many, and none is believed.
fn archive_id(stanza: &Element, archive: &Address) -> Option<ArchiveId> {
    let by_archive = |element: &&Element| matches!(jid_attribute(element, "by"), Ok(Some(by)) if !has_resource(&by) && bare(&by) == *archive);
    let mut ids = children(stanza, "stanza-id", xns::SID).filter(by_archive);
    let id = attribute(ids.next()?, "id")?;
    ids.next().is_none().then(|| ArchiveId::new(id))
}

fn delays(stanza: &Element) -> impl Iterator<Item = Delay> {
    children(stanza, "delay", xns::DELAY).filter_map(|delay| Delay::try_from(delay.clone()).ok())
}

pub(super) fn timestamp(delay: &Delay) -> Timestamp {
    Timestamp(delay.stamp.0.timestamp_millis())
}

/// A private message inside a room (XEP-0045 §7.5), or an invitation: the sender is a nick, not an account.
pub(super) fn is_room_private(stanza: &Element) -> bool {
    stanza.has_child("x", xns::MUC_USER)
}

fn has_resource(jid: &Jid) -> bool {
    jid.resource().is_some()
}

fn carbon(stanza: &Element) -> Option<&Element> {
    stanza.get_child("sent", xns::CARBONS).or_else(|| stanza.get_child("received", xns::CARBONS))
}
