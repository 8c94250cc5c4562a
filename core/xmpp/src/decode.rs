//! From stanzas to [`Inbound`] values. One file per noun.
//!
//! [`Decoder`] is a value: it remembers which questions are open and which rooms we are in, because what a stanza means
//! depends on it, and it holds no socket. It is the place of every check that the engine can't make: it never trusts an id,
//! a wrapper or a stamp because of its name, only because of who put it in.
//!
//! Read first: [`Decoder::encode`] and [`Decoder::decode`].

mod archive;
mod disco;
mod error;
mod iq;
mod message;
mod pubsub;
mod room;

use std::collections::{BTreeMap, VecDeque};

use heliograph_model::stanza::{Inbound, InboundContent, InboundMessage, Outbound, Request, Response};
use heliograph_model::{Address, RequestId, StanzaId};
use jid::FullJid;
use minidom::Element;
use xmpp_parsers::carbons;
use xmpp_parsers::ns as xns;

use crate::encode::{self, Unwritable};
use crate::request::{Asked, Collector, Expects, Pending, Publication, PublishStage};
use room::Room;

/// A stanza to send.
pub struct Outgoing {
    /// The stanza.
    pub stanza: Element,
    /// The id to report when it was acknowledged; `None` for what is no message.
    pub message: Option<StanzaId>,
}

/// Something that XMPP can't carry, such as a nick with a control character. It was not sent.
#[derive(Debug)]
pub struct Refusal {
    /// What its sender would hear from a server.
    pub inbound: Vec<Inbound>,
}

/// What one stanza meant.
#[derive(Default)]
pub struct Decoded {
    /// For the engine.
    pub inbound: Vec<Inbound>,
    /// To be sent back at once: answers to questions, and the next step of a question that takes several.
    pub replies: Vec<Element>,
}

impl Decoded {
    fn nothing() -> Self {
        Self::default()
    }

    fn one(inbound: Inbound) -> Self {
        Self { inbound: vec![inbound], replies: Vec::new() }
    }

    fn answer(id: RequestId, response: Response) -> Self {
        Self::one(Inbound::Response { id, response })
    }

    /// A reply that can't be written is not sent: nothing else depends on it.
    fn reply(reply: Result<Element, Unwritable>) -> Self {
        Self { inbound: Vec::new(), replies: reply.into_iter().collect() }
    }
}

/// What has to be remembered across a resumption.
#[derive(Clone, Default)]
pub struct DecoderState {
    /// Open questions by the id of their IQ.
    pending: BTreeMap<String, Pending>,
    /// Rooms that we are in or on the way into.
    rooms: BTreeMap<Address, Room>,
    /// The server does not know `max_items=max`: not to be asked again in this session.
    max_items_refused: bool,
}

/// A question that was answered by a stanza which is not yet handled: the server will send that stanza again if the
/// session breaks now, and then the question must still be known.
struct Answered {
    stanza: u64,
    id: String,
    pending: Pending,
}

/// A room that we came into, or out of, by a stanza which is not yet handled: the server will send that stanza again if the
/// session breaks now, and then it must mean the same.
struct Moved {
    stanza: u64,
    room: Address,
    before: Room,
}

/// Gives stanzas their meaning.
pub struct Decoder {
    own: FullJid,
    account: Address,
    state: DecoderState,
    answered: VecDeque<Answered>,
    moved: VecDeque<Moved>,
    /// Stanzas decoded, and handled, since this decoder was made.
    decoded: u64,
    handled: u64,
}

impl Decoder {
    /// For a fresh session, bound to `own`.
    pub fn new(own: FullJid) -> Self {
        Self::restored(own, DecoderState::default())
    }

    /// For a resumed session.
    pub fn restored(own: FullJid, state: DecoderState) -> Self {
        let account = Address::from(own.to_bare());
        Self {
            own,
            account,
            state,
            answered: VecDeque::new(),
            moved: VecDeque::new(),
            decoded: 0,
            handled: 0,
        }
    }

    /// For the resumed session of an earlier process, which was in these rooms under these names.
    pub fn in_rooms(own: FullJid, rooms: Vec<(Address, String)>) -> Self {
        let rooms = rooms.into_iter().map(|(room, nick)| (room, Room::joined(nick))).collect();
        Self::restored(own, DecoderState { rooms, ..DecoderState::default() })
    }

    /// What [`Decoder::restored`] needs, as of the last handled stanza.
    pub fn state(&self) -> DecoderState {
        let mut state = self.state.clone();
        for answered in &self.answered {
            state.pending.insert(answered.id.clone(), answered.pending.clone());
        }
        for moved in self.moved.iter().rev() {
            state.rooms.insert(moved.room.clone(), moved.before.clone());
        }
        state
    }

    /// Our address in this session.
    pub fn own(&self) -> &FullJid {
        &self.own
    }

    /// `count` further decoded stanzas are safe on disk.
    pub fn handled(&mut self, count: u32) {
        self.handled = self.handled.saturating_add(u64::from(count)).min(self.decoded);
        while self.answered.front().is_some_and(|answered| answered.stanza <= self.handled) {
            self.answered.pop_front();
        }
        while self.moved.front().is_some_and(|moved| moved.stanza <= self.handled) {
            self.moved.pop_front();
        }
    }

    /// The stanza for an [`Outbound`]; notes what answer is awaited. An error says what to tell the engine instead.
    pub fn encode(&mut self, outbound: &Outbound) -> Result<Outgoing, Refusal> {
        self.stanza(outbound).map_err(|Unwritable| Refusal { inbound: refusal(outbound) })
    }

    /// The stanza for an [`Outbound`], or one that says nothing where there can't be one: whatever the owner sent is counted
    /// (XEP-0198 §4), here and by the owner. In that case also what to tell the engine.
    pub fn encode_or_fill(&mut self, outbound: &Outbound) -> (Outgoing, Option<Refusal>) {
        match self.encode(outbound) {
            Ok(outgoing) => (outgoing, None),
            Err(refusal) => (Outgoing { stanza: encode::iq::nothing(), message: None }, Some(refusal)),
        }
    }

    fn stanza(&mut self, outbound: &Outbound) -> Result<Outgoing, Unwritable> {
        let stanza = match outbound {
            Outbound::Available => encode::disco::available()?,
            Outbound::JoinRoom { room, nick } => {
                let stanza = encode::room::join(room, nick)?;
                self.state.rooms.insert(room.clone(), Room::joining(nick.clone()));
                self.moved.retain(|moved| moved.room != *room);
                stanza
            }
            Outbound::LeaveRoom { room, nick } => {
                let stanza = encode::room::leave(room, nick)?;
                // What the room still says about us is not news any more.
                self.state.rooms.remove(room);
                self.moved.retain(|moved| moved.room != *room);
                stanza
            }
            Outbound::Message(message) => {
                let stanza = encode::message::message(message)?;
                return Ok(Outgoing { stanza, message: Some(message.id.clone()) });
            }
            Outbound::Request { id, request } => self.ask(id, request)?,
        };
        Ok(Outgoing { stanza, message: None })
    }

    fn ask(&mut self, request: &RequestId, what: &Request) -> Result<Element, Unwritable> {
        let id = request.as_str();
        let (asked, expects, stanza) = match what {
            Request::EnableCarbons => {
                (Asked::OwnAccount, Expects::Done, encode::iq::set(id, None, carbons::Enable)?)
            }
            Request::Features { of } => (Asked::entity(of), Expects::Features, encode::disco::info(id, of)?),
            Request::Services { of } => (Asked::entity(of), Expects::Services, encode::disco::items(id, of)?),
            Request::ArchivePage { archive, page, max } => (
                archive.as_ref().map_or(Asked::OwnAccount, Asked::entity),
                Expects::Archive(Collector::new(archive.clone(), *max)),
                encode::archive::page(id, archive.as_ref(), page, *max)?,
            ),
            Request::Publish { node, item, data } => {
                let many = encode::pubsub::has_many_items(*node);
                let stage = if many && self.state.max_items_refused {
                    PublishStage::Fixed
                } else {
                    PublishStage::Max
                };
                let publication = Publication { node: *node, item: item.clone(), data: data.clone(), stage };
                let stanza = encode::pubsub::publish(id, &publication)?;
                (Asked::OwnAccount, Expects::Publish(publication), stanza)
            }
            Request::FetchItems { account, node, items } => (
                Asked::entity(account),
                Expects::Items(*node),
                encode::pubsub::fetch(id, account, *node, items)?,
            ),
            Request::ConfigureGroupRoom { room } => {
                (Asked::entity(room), Expects::RoomForm(room.clone()), encode::room::request_form(id, room)?)
            }
            Request::AcceptRoomDefaults { room } => {
                (Asked::entity(room), Expects::Done, encode::room::accept_defaults(id, room)?)
            }
            Request::SetAffiliation { room, account, affiliation } => (
                Asked::entity(room),
                Expects::Done,
                encode::room::set_affiliation(id, room, account, *affiliation)?,
            ),
            Request::Ping { to, nick } => {
                let jid = match nick {
                    Some(nick) => encode::room::occupant(to, nick)?,
                    None => to.as_jid().clone().into(),
                };
                let asked = Asked::Entity { address: to.clone(), resource: nick.clone() };
                (asked, Expects::Done, encode::iq::ping(id, Some(jid))?)
            }
            Request::EnablePush(target) => {
                (Asked::OwnAccount, Expects::Done, encode::push::enable(id, target)?)
            }
            Request::DisablePush { service, node } => {
                (Asked::OwnAccount, Expects::Done, encode::push::disable(id, service, node)?)
            }
        };
        self.await_answer(id.to_owned(), Pending { request: request.clone(), asked, expects });
        Ok(stanza)
    }

    fn await_answer(&mut self, id: String, pending: Pending) {
        self.state.pending.insert(id, pending);
    }

    /// The meaning of one stanza. Whatever it holds, this neither fails nor panics.
    pub fn decode(&mut self, stanza: &Element) -> Decoded {
        self.decoded = self.decoded.saturating_add(1);
        if !stanza.has_ns(xns::JABBER_CLIENT) {
            return Decoded::nothing();
        }
        match stanza.name() {
            "message" => self.message(stanza),
            "presence" => self.presence(stanza),
            "iq" => self.iq(stanza),
            _ => Decoded::nothing(),
        }
    }

    /// The meaning of a stanza that was over our limits, of which only the first element is known.
    pub fn decode_oversized(&mut self, head: &Element) -> Decoded {
        self.decoded = self.decoded.saturating_add(1);
        if !head.has_ns(xns::JABBER_CLIENT) {
            return Decoded::nothing();
        }
        match head.name() {
            "message" => self.oversized_message(head),
            "iq" => self.oversized_iq(head),
            _ => Decoded::nothing(),
        }
    }
}

/// Refusals as a server would word them.
fn refusal(outbound: &Outbound) -> Vec<Inbound> {
    let error = iq::unreadable();
    match outbound {
        Outbound::Available | Outbound::LeaveRoom { .. } => Vec::new(),
        Outbound::JoinRoom { room, .. } => vec![Inbound::RoomRefused { room: room.clone(), error }],
        Outbound::Message(message) => vec![Inbound::Message(InboundMessage {
            from: message.to.clone(),
            nick: None,
            to: None,
            kind: message.kind,
            id: Some(message.id.clone()),
            origin_id: None,
            archive_id: None,
            sent_at: None,
            content: InboundContent::Error(error),
        })],
        Outbound::Request { id, .. } => {
            vec![Inbound::Response { id: id.clone(), response: Response::Error(error) }]
        }
    }
}

#[cfg(test)]
mod tests;
