//! A server as the standards describe it, as far as the engine can tell: accounts with an archive and published items, rooms
//! with an archive of their own.

use std::collections::BTreeMap;

use heliograph_model::stanza::{
    Affiliation, ArchivePage, Features, Inbound, InboundContent, InboundMessage, MessageKind, Node, Outbound,
    OutboundContent, OutboundMessage, PageStart, Request, Response, StanzaError, StanzaErrorCondition,
};
use heliograph_model::{Address, ArchiveId, MessageId, PushTarget, StanzaId, Timestamp};

/// Prosody's cap, so that catching up takes several pages.
const PAGE: usize = 50;

/// A moment in 2026 in microseconds.
const FIRST_COUNT: u64 = 1_790_000_000_000_000;

/// See the module.
pub struct Server {
    domain: Address,
    rooms_at: Address,
    accounts: BTreeMap<Address, Account>,
    rooms: BTreeMap<Address, Room>,
    next_archive_id: u64,
    counts_ids: bool,
    offers_rooms: bool,
    offers_push: bool,
    times_enabled: usize,
}

#[derive(Default)]
struct Account {
    archive: Vec<InboundMessage>,
    items: BTreeMap<(u8, String), Vec<u8>>,
    push: BTreeMap<(Address, String), PushTarget>,
}

#[derive(Default)]
struct Room {
    entry: Entry,
    owner: Option<Address>,
    members: BTreeMap<Address, Affiliation>,
    occupants: BTreeMap<Address, String>,
    archive: Vec<InboundMessage>,
}

/// Whom a room lets in beside its owner.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Entry {
    /// Nobody: it is new, and its owner has not said how it should be (XEP-0045 §10.1).
    #[default]
    Locked,
    Members,
    Everybody,
}

impl Room {
    /// Why an account may neither enter nor read, if it may not.
    fn refuses(&self, account: &Address) -> Option<StanzaErrorCondition> {
        let known = self.owner.as_ref() == Some(account) || self.members.contains_key(account);
        match self.entry {
            Entry::Locked if self.owner.as_ref() != Some(account) => Some(StanzaErrorCondition::ItemNotFound),
            Entry::Members if !known => Some(StanzaErrorCondition::RegistrationRequired),
            _ => None,
        }
    }
}

/// What the server sends, and to whom.
pub type Deliveries = Vec<(Address, Inbound)>;

impl Server {
    /// A server for these accounts.
    pub fn new(domain: &str, accounts: &[Address]) -> Self {
        Self {
            domain: Address::parse(domain).unwrap(),
            rooms_at: Address::parse(&format!("rooms.{domain}")).unwrap(),
            accounts: accounts.iter().map(|account| (account.clone(), Account::default())).collect(),
            rooms: BTreeMap::new(),
            next_archive_id: 0,
            counts_ids: false,
            offers_rooms: true,
            offers_push: true,
            times_enabled: 0,
        }
    }

    /// The account's session is gone: its rooms see it leave.
    pub fn session_ended(&mut self, account: &Address) {
        for room in self.rooms.values_mut() {
            room.occupants.remove(account);
        }
    }

    /// What an account's archive holds.
    pub fn account_archive(&self, account: &Address) -> &[InboundMessage] {
        &self.accounts[account].archive
    }

    /// What a room's archive holds.
    pub fn room_archive(&self, room: &Address) -> &[InboundMessage] {
        &self.rooms[room].archive
    }

    /// The same, to damage it.
    pub fn room_archive_mut(&mut self, room: &Address) -> &mut Vec<InboundMessage> {
        &mut self.rooms.get_mut(room).expect("the room").archive
    }

    /// Somebody who can write into the room's archive does so: the server itself, or one who got in.
    pub fn inject(&mut self, room: &Address, mut message: InboundMessage) -> Vec<(Address, Inbound)> {
        message.archive_id = Some(self.archive_id());
        let room = self.rooms.get_mut(room).expect("the room");
        room.archive.push(message.clone());
        room.occupants.keys().map(|to| (to.clone(), Inbound::Message(message.clone()))).collect()
    }

    /// The retention time is over: the room's archive forgets its oldest messages.
    pub fn expire(&mut self, room: &Address, keep: usize) {
        let archive = &mut self.rooms.get_mut(room).expect("the room").archive;
        archive.drain(..archive.len().saturating_sub(keep));
    }

    /// The same for an account's archive.
    pub fn expire_account(&mut self, account: &Address, keep: usize) {
        let archive = &mut self.accounts.get_mut(account).expect("the account").archive;
        archive.drain(..archive.len().saturating_sub(keep));
    }

    /// The room no longer counts the account in, and says so.
    pub fn forget_occupant(&mut self, room: &Address, account: &Address) -> Deliveries {
        self.rooms.get_mut(room).expect("the room").occupants.remove(account);
        vec![(account.clone(), Inbound::RoomLost { room: room.clone() })]
    }

    /// The server loses all rooms, with their archives, as one does that is set up anew.
    pub fn lose_rooms(&mut self) {
        self.rooms.clear();
    }

    /// Its archive ids are a count from now on, as ejabberd's are (microseconds).
    pub fn count_archive_ids(&mut self) {
        self.counts_ids = true;
    }

    /// The server offers no rooms from now on.
    pub fn without_rooms(&mut self) {
        self.rooms_at = Address::parse("nowhere.invalid").expect("an address");
        self.offers_rooms = false;
    }

    /// Whether the server announces messages to sleeping devices, from now on.
    pub fn offer_push(&mut self, offered: bool) {
        self.offers_push = offered;
    }

    /// Where messages of an account are announced.
    pub fn registrations(&self, account: &Address) -> Vec<PushTarget> {
        self.accounts[account].push.values().cloned().collect()
    }

    /// How often somebody asked for announcements.
    pub fn times_enabled(&self) -> usize {
        self.times_enabled
    }

    /// How many application and handshake messages all rooms hold.
    pub fn archived_in_rooms(&self) -> usize {
        self.rooms.values().map(|room| room.archive.len()).sum()
    }

    /// Handles one stanza of an account.
    pub fn handle(&mut self, now: Timestamp, from: &Address, outbound: Outbound) -> Deliveries {
        match outbound {
            Outbound::Available => Vec::new(),
            Outbound::JoinRoom { room, nick } => self.join(from, room, nick),
            Outbound::LeaveRoom { room, .. } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.occupants.remove(from);
                }
                Vec::new()
            }
            Outbound::Message(message) => match message.kind {
                MessageKind::Groupchat => self.carry_to_room(now, from, message),
                MessageKind::Chat => self.carry_to_account(now, from, message),
            },
            Outbound::Request { id, request } => {
                let response = self.answer(from, request);
                vec![(from.clone(), Inbound::Response { id, response })]
            }
        }
    }

    fn archive_id(&mut self) -> ArchiveId {
        self.next_archive_id += 1;
        if self.counts_ids {
            return ArchiveId::new(format!("{}", FIRST_COUNT + self.next_archive_id));
        }
        // Opaque and not sortable, as some servers' are.
        ArchiveId::new(format!("{:016x}", self.next_archive_id.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    fn join(&mut self, from: &Address, room: Address, nick: String) -> Deliveries {
        let created = !self.rooms.contains_key(&room);
        let state = self.rooms.entry(room.clone()).or_default();
        if created {
            state.owner = Some(from.clone());
        }
        if let Some(condition) = state.refuses(from) {
            let error = StanzaError { condition, wait: false };
            return vec![(from.clone(), Inbound::RoomRefused { room, error })];
        }
        state.occupants.insert(from.clone(), nick.clone());
        vec![(from.clone(), Inbound::RoomJoined { room, nick, created })]
    }

    fn carry_to_room(&mut self, now: Timestamp, from: &Address, message: OutboundMessage) -> Deliveries {
        let archive_id = self.archive_id();
        let Some(room) = self.rooms.get_mut(&message.to) else { return Vec::new() };
        let Some(nick) = room.occupants.get(from).cloned() else {
            let error = StanzaError { condition: StanzaErrorCondition::NotAcceptable, wait: false };
            let bounced = InboundMessage {
                from: message.to.clone(),
                nick: None,
                to: Some(from.clone()),
                kind: MessageKind::Groupchat,
                id: Some(message.id),
                origin_id: None,
                archive_id: None,
                sent_at: None,
                content: InboundContent::Error(error),
            };
            return vec![(from.clone(), Inbound::Message(bounced))];
        };
        let mut arrived = arrive(message.to.clone(), None, message);
        arrived.nick = Some(nick);
        arrived.archive_id = Some(archive_id);
        room.archive.push(InboundMessage { sent_at: Some(now), ..arrived.clone() });
        room.occupants.keys().map(|to| (to.clone(), Inbound::Message(arrived.clone()))).collect()
    }

    fn carry_to_account(&mut self, now: Timestamp, from: &Address, message: OutboundMessage) -> Deliveries {
        let to = message.to.clone();
        let arrived = arrive(from.clone(), Some(to.clone()), message);
        let own = self.archive_id();
        if let Some(sender) = self.accounts.get_mut(from) {
            sender.archive.push(InboundMessage {
                archive_id: Some(own),
                sent_at: Some(now),
                ..arrived.clone()
            });
        }
        let theirs = self.archive_id();
        let Some(receiver) = self.accounts.get_mut(&to) else { return Vec::new() };
        let delivered = InboundMessage { archive_id: Some(theirs), ..arrived };
        receiver.archive.push(InboundMessage { sent_at: Some(now), ..delivered.clone() });
        vec![(to, Inbound::Message(delivered))]
    }

    fn answer(&mut self, from: &Address, request: Request) -> Response {
        let refused = |condition| Response::Error(StanzaError { condition, wait: false });
        match request {
            Request::EnableCarbons | Request::Ping { .. } => Response::Done,
            Request::EnablePush(_) if !self.offers_push => refused(StanzaErrorCondition::ServiceUnavailable),
            Request::EnablePush(target) => {
                self.times_enabled += 1;
                let place = (target.service.clone(), target.node.clone());
                self.accounts.get_mut(from).expect("an account").push.insert(place, target);
                Response::Done
            }
            Request::DisablePush { service, node } => {
                self.accounts.get_mut(from).expect("an account").push.remove(&(service, node));
                Response::Done
            }
            Request::Features { of } if of == *from => Response::Features(Features {
                identities: vec!["pubsub/pep".into(), "account/registered".into()],
                features: [Some("urn:xmpp:mam:2"), self.offers_push.then_some("urn:xmpp:push:0")]
                    .into_iter()
                    .flatten()
                    .map(String::from)
                    .collect(),
            }),
            Request::Features { of } if of == self.rooms_at => Response::Features(Features {
                identities: vec!["conference/text".into()],
                features: vec!["http://jabber.org/protocol/muc".into()],
            }),
            Request::Features { of }
                if self.rooms.get(&of).is_some_and(|room| room.entry == Entry::Members) =>
            {
                Response::Features(Features { identities: vec![], features: vec!["urn:xmpp:mam:2".into()] })
            }
            Request::Services { of } if of == self.domain => {
                Response::Items(if self.offers_rooms { vec![self.rooms_at.clone()] } else { Vec::new() })
            }
            Request::Features { .. } | Request::Services { .. } => {
                refused(StanzaErrorCondition::ItemNotFound)
            }
            Request::ArchivePage { archive, page, max } => self.page(from, archive.as_ref(), &page, max),
            Request::Publish { node, item, data } => {
                if let Some(account) = self.accounts.get_mut(from) {
                    account.items.insert((node as u8, item), data);
                }
                Response::Done
            }
            Request::FetchItems { account, node, items } => self.items(&account, node, &items),
            Request::ConfigureGroupRoom { room } => match self.rooms.get_mut(&room) {
                Some(room) if room.owner.as_ref() == Some(from) => {
                    room.entry = Entry::Members;
                    Response::Done
                }
                _ => refused(StanzaErrorCondition::Forbidden),
            },
            Request::AcceptRoomDefaults { room } => match self.rooms.get_mut(&room) {
                Some(room) if room.owner.as_ref() == Some(from) => {
                    room.entry = Entry::Everybody;
                    Response::Done
                }
                _ => refused(StanzaErrorCondition::Forbidden),
            },
            Request::SetAffiliation { room, account, affiliation } => match self.rooms.get_mut(&room) {
                Some(room) if room.owner.as_ref() == Some(from) || room.members.contains_key(from) => {
                    if affiliation == Affiliation::None {
                        room.members.remove(&account);
                        room.occupants.remove(&account);
                    } else {
                        room.members.insert(account, affiliation);
                    }
                    Response::Done
                }
                _ => refused(StanzaErrorCondition::Forbidden),
            },
        }
    }

    fn items(&self, account: &Address, node: Node, items: &[String]) -> Response {
        let Some(account) = self.accounts.get(account) else {
            return Response::Error(StanzaError {
                condition: StanzaErrorCondition::ItemNotFound,
                wait: false,
            });
        };
        let found = items
            .iter()
            .filter_map(|item| {
                account.items.get(&(node as u8, item.clone())).map(|data| (item.clone(), data.clone()))
            })
            .collect();
        Response::NodeItems(found)
    }

    fn page(&self, from: &Address, archive: Option<&Address>, page: &PageStart, max: u16) -> Response {
        let refused = |condition| Response::Error(StanzaError { condition, wait: false });
        let messages = match archive {
            None => self.accounts.get(from).map(|account| &account.archive),
            Some(room) => match self.rooms.get(room) {
                Some(room) if room.refuses(from).is_none() => Some(&room.archive),
                _ => return refused(StanzaErrorCondition::Forbidden),
            },
        };
        let Some(messages) = messages else { return refused(StanzaErrorCondition::ItemNotFound) };
        let max = usize::from(max).min(PAGE);
        let place =
            |id: &ArchiveId| messages.iter().position(|message| message.archive_id.as_ref() == Some(id));
        let (chosen, complete): (Vec<InboundMessage>, bool) = match page {
            PageStart::Beginning => forward(messages, max),
            PageStart::After(id) => match place(id) {
                Some(at) => forward(&messages[at + 1..], max),
                None => return refused(StanzaErrorCondition::ItemNotFound),
            },
            PageStart::Newest => backward(messages, max),
            PageStart::Before(id) => match place(id) {
                Some(at) => backward(&messages[..at], max),
                None => return refused(StanzaErrorCondition::ItemNotFound),
            },
        };
        Response::ArchivePage(ArchivePage {
            first: chosen.first().and_then(|message| message.archive_id.clone()),
            last: chosen.last().and_then(|message| message.archive_id.clone()),
            messages: chosen,
            complete,
        })
    }
}

fn forward(messages: &[InboundMessage], max: usize) -> (Vec<InboundMessage>, bool) {
    (messages.iter().take(max).cloned().collect(), messages.len() <= max)
}

fn backward(messages: &[InboundMessage], max: usize) -> (Vec<InboundMessage>, bool) {
    let from = messages.len().saturating_sub(max);
    (messages[from..].to_vec(), from == 0)
}

fn arrive(from: Address, to: Option<Address>, message: OutboundMessage) -> InboundMessage {
    let origin_id = match &message.content {
        OutboundContent::Plain { .. } => Some(MessageId::new(message.id.as_str())),
        _ => None,
    };
    let content = match message.content {
        OutboundContent::Plain { text } => {
            let chat = message.kind == MessageKind::Chat;
            InboundContent::Plain { text, receipt_requested: chat, markable: chat }
        }
        OutboundContent::Mls(envelope) => InboundContent::Mls(envelope),
        OutboundContent::Receipt { received, displayed } => InboundContent::Receipt { received, displayed },
    };
    InboundMessage {
        from,
        nick: None,
        to,
        kind: message.kind,
        id: Some(message.id),
        origin_id,
        archive_id: None,
        sent_at: None,
        content,
    }
}

/// A text that is not encrypted, as the room hands it on in the name of ben.
pub fn plain_in(room: &Address, text: &str) -> InboundMessage {
    InboundMessage {
        from: room.clone(),
        nick: Some("ben".into()),
        to: None,
        kind: MessageKind::Groupchat,
        id: Some(StanzaId::new("forged")),
        origin_id: None,
        archive_id: None,
        sent_at: None,
        content: InboundContent::Plain { text: text.into(), receipt_requested: false, markable: false },
    }
}
