//! Archive pages (XEP-0313): results come as messages, the end of the page as an IQ.

use heliograph_model::stanza::{ArchivePage, InboundMessage, MessageKind, Response};
use heliograph_model::{Address, ArchiveId, Timestamp};
use jid::Jid;
use minidom::Element;
use xmpp_parsers::delay::Delay;
use xmpp_parsers::ns as xns;

use super::iq::unreadable;
use super::{Decoded, Decoder, message};
use crate::request::{Collector, Expects};
use crate::xml::{attribute, bare, child_text, jid_attribute, typed_child};

impl Decoder {
    /// A `<result/>`. It counts only if it answers a query of ours and comes from the archive that was asked: anybody can
    /// send a message that looks like one.
    pub(super) fn archive_result(&mut self, result: &Element, from: Option<&Jid>) -> Decoded {
        let (Some(query), Some(id)) = (attribute(result, "queryid"), attribute(result, "id")) else {
            return Decoded::nothing();
        };
        let Some(pending) = self.state.pending.get_mut(query) else {
            return Decoded::nothing();
        };
        let Expects::Archive(collector) = &mut pending.expects else {
            return Decoded::nothing();
        };
        if !pending.asked.may_answer(from, &self.own) {
            return Decoded::nothing();
        }
        let id = ArchiveId::new(id);
        let message = archived(result, &id, collector.room.as_ref(), &self.account);
        collector.add(id, message);
        Decoded::nothing()
    }
}

/// The message inside a result; `None` where nothing of it can be used.
fn archived(
    result: &Element,
    id: &ArchiveId,
    room: Option<&Address>,
    account: &Address,
) -> Option<InboundMessage> {
    let forwarded = result.get_child("forwarded", xns::FORWARD)?;
    let stanza = forwarded.get_child("message", xns::JABBER_CLIENT)?;
    let stamp = typed_child::<Delay>(forwarded, "delay", xns::DELAY);
    let from = jid_attribute(stanza, "from").ok()?;
    let (from, nick, kind) = if let Some(room) = room {
        // What a room keeps was sent through it: everything else in there is forged.
        let from = from.filter(|from| bare(from) == *room)?;
        let nick = from.resource().map(|nick| nick.as_str().to_owned());
        (room.clone(), nick, MessageKind::Groupchat)
    } else {
        // Messages of rooms belong to the rooms' archives, whose ids these are not.
        if stanza.attr("type") == Some("groupchat") || message::is_room_private(stanza) {
            return None;
        }
        // XEP-0313 does not say that what we sent has a `from`.
        (from.as_ref().map_or_else(|| account.clone(), bare), None, MessageKind::Chat)
    };
    Some(InboundMessage {
        from,
        nick,
        to: jid_attribute(stanza, "to").ok()?.as_ref().map(bare),
        kind,
        id: message::stanza_id(stanza),
        origin_id: message::origin_id(stanza),
        archive_id: Some(id.clone()),
        sent_at: Some(stamp.map_or(Timestamp::default(), |stamp| message::timestamp(&stamp))),
        content: message::content(stanza),
    })
}

/// The page, when its `<fin/>` is here.
pub(super) fn finish(collector: Collector, payload: Option<&Element>) -> Response {
    let Some(fin) = payload.filter(|payload| payload.is("fin", xns::MAM)) else {
        return Response::Error(unreadable());
    };
    let set = fin.get_child("set", xns::RSM);
    let told = |name| {
        let id = set.and_then(|set| child_text(set, name, xns::RSM)).filter(|id| !id.is_empty());
        id.map(ArchiveId::new)
    };
    let complete = matches!(fin.attr("complete"), Some("true" | "1")) && !collector.overflow;
    // The server's word for where the page ends, except where we stopped listening before.
    let last = if collector.overflow { None } else { told("last") };
    Response::ArchivePage(ArchivePage {
        last: last.or(collector.last),
        first: told("first").or(collector.first),
        messages: collector.messages,
        complete,
    })
}
