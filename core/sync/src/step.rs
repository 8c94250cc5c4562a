//! One input being handled: the open transaction, what the engine remembers, and what it is going to answer.
//!
//! The methods live in the files of their subjects: `archive.rs`, `outbox.rs`, `direct.rs` and so on. This file holds what
//! all of them use, and the dispatch of inputs.

use std::collections::{BTreeMap, BTreeSet};

use heliograph_mls::{Device, Group};
use heliograph_model::stanza::{Inbound, Outbound, Request, Response, SessionEvent};
use heliograph_model::{
    ConversationId, Entropy, Error, ErrorCode, GroupId, NetworkState, RequestId, Timestamp,
};
use heliograph_store::account::{self, Account, ServerFacts};
use heliograph_store::message::Place;
use heliograph_store::mls_storage::MlsStorage;
use heliograph_store::{Transaction, conversation, message};

use crate::account::load_device;
use crate::error::EngineError;
use crate::input::{Effects, Input, LinkAction, Received, Reply};
use crate::live::{Asked, Link, Live, Purpose};
use crate::quarantine::Trial;
use crate::random::Random;
use crate::timers::{Due, Window};

pub(crate) struct Step<'a> {
    pub tx: &'a Transaction<'a>,
    pub account: &'a Account,
    pub live: &'a mut Live,
    pub now: Timestamp,
    pub storage: MlsStorage<'a>,
    pub random: Random,
    pub facts: ServerFacts,
    /// Groups loaded in this transaction, and the one that was loaded in the last. After a rollback they would be ahead of
    /// the database, so they are kept only with a commit.
    pub groups: BTreeMap<GroupId, Group>,
    /// Groups of which messages were decrypted without writing the ratchets yet; see `archive.rs`.
    pub unwritten: BTreeSet<GroupId>,
    /// Something left the outbox, so that something else may be sent.
    pub window_opened: bool,
    /// Messages come from before our time here (the first page of an archive): no receipts for them.
    pub history: bool,
    /// A gap is being filled: the position of the first message of the page.
    pub filling: Option<i64>,
    /// Where the message being processed stands in the timeline.
    pub place: Place,
    /// A message from quarantine is being tried again.
    pub trial: Option<Trial>,
    /// Conversations whose group changed, so that what waits for that can be tried again.
    pub changed_groups: BTreeSet<ConversationId>,
    pub effects: Pending,
    entropy: &'a Entropy,
}

/// What will be answered if the transaction commits.
#[derive(Clone, Default)]
pub(crate) struct Pending {
    link: Option<LinkAction>,
    send: Vec<Outbound>,
    probe: bool,
    says_no_client_state: bool,
    reply: Option<Result<Reply, Error>>,
}

impl Pending {
    /// What will be sent, in order.
    pub fn sending(&self) -> &[Outbound] {
        &self.send
    }
}

impl<'a> Step<'a> {
    pub fn new(
        tx: &'a Transaction<'a>,
        account: &'a Account,
        live: &'a mut Live,
        groups: BTreeMap<GroupId, Group>,
        now: Timestamp,
        entropy: &'a Entropy,
    ) -> Result<Self, EngineError> {
        live.look_at_clock(now);
        Ok(Self {
            tx,
            account,
            live,
            now,
            storage: MlsStorage::live(tx),
            random: Random::new(entropy, "engine"),
            facts: account::facts(tx)?,
            groups,
            unwritten: BTreeSet::new(),
            window_opened: false,
            history: false,
            filling: None,
            place: Place::Next,
            trial: None,
            changed_groups: BTreeSet::new(),
            effects: Pending::default(),
            entropy,
        })
    }

    pub fn input(&mut self, input: Input) -> Result<(), EngineError> {
        let heard = matches!(input, Input::Received(_) | Input::Session(_));
        match input {
            Input::Start => {
                self.live.wanted = true;
                if self.live.link == Link::Stopped {
                    self.live.link = Link::Down;
                }
                self.effects.link = self.live.connect_now();
                self.retry_after_update()?;
            }
            Input::Suspend => {
                self.live.wanted = false;
                if matches!(self.live.link, Link::Connecting | Link::Online) {
                    self.effects.link = Some(LinkAction::Leave);
                }
                self.live.link_lost(self.now, self.entropy, None);
            }
            Input::Network(network) => self.network(network)?,
            Input::Power(power) => {
                let rested = self.live.power.idle && !power.idle;
                self.live.power = power;
                self.live.situation_changed(self.now);
                self.effects.probe = rested && self.live.was_silent(self.now);
            }
            Input::AppState { foreground } => {
                let came = foreground && self.live.foreground != Some(true);
                self.live.foreground = Some(foreground);
                self.live.situation_changed(self.now);
                if foreground {
                    self.effects.link = self.live.connect_now();
                }
                self.effects.probe = came && self.live.may_be_half_open(self.now);
            }
            Input::PushWake { begins } => {
                self.live.push_wake = begins;
                self.live.situation_changed(self.now);
                if begins {
                    self.push_wake();
                } else if self.online() {
                    self.live.timers.set(Due::Receipts, None);
                    self.queue_receipts()?;
                    // Mostly sleep follows at once; where it does not, the next input tells.
                    self.effects.says_no_client_state = true;
                }
            }
            Input::Wake => {
                self.effects.link = self.live.connect_if_due(self.now);
                self.effects.probe = self.online() && self.live.timers.take(Due::Keepalive, self.now);
                self.read_what_was_handed_over()?;
                self.due_receipts()?;
            }
            Input::Session(event) => self.session(event)?,
            Input::Received(Received { inbound, stanzas, replies }) => {
                self.stream_received(stanzas, replies);
                if stanzas > 0 {
                    self.heard()?;
                }
                for inbound in inbound {
                    self.live.useful |= brings_messages(&inbound);
                    self.received(inbound)?;
                }
            }
            Input::Command(command) => {
                let reply = self.command(command)?;
                self.effects.reply = Some(reply);
            }
        }
        self.retry_cured()?;
        if self.window_opened {
            self.pump_all()?;
        }
        // What waits for company has it: the radio is on.
        let radio_on = heard || !self.effects.send.is_empty();
        if self.online() && radio_on {
            self.read_what_was_handed_over()?;
            self.due_receipts()?;
        }
        Ok(())
    }

    fn network(&mut self, network: NetworkState) -> Result<(), EngineError> {
        let id = network.id.clone();
        let moved = id != self.live.network.id;
        self.effects.link = self.live.network(self.now, self.entropy, network);
        if moved {
            self.on_network(id.as_ref())?;
            // The socket may still be on the network before; if it is not, only asking tells.
            self.effects.probe = self.online();
        }
        Ok(())
    }

    fn session(&mut self, event: SessionEvent) -> Result<(), EngineError> {
        match event {
            SessionEvent::Online(granted) => {
                self.live.session_began(self.now, &granted);
                self.stream_began(&granted)?;
                let due = message::conversations_with_due_receipts(self.tx)?.is_empty()
                    && message::due_markers(self.tx)?.is_empty();
                if !due {
                    self.receipts_soon(); // they were due when the last link broke
                }
                if granted.resumed { self.continue_session() } else { self.begin_session(granted.carbons) }
            }
            SessionEvent::Drained => {
                self.live.session.draining = false;
                self.heard()
            }
            SessionEvent::Alive => self.heard(),
            SessionEvent::Acknowledged { messages } => {
                self.heard()?;
                self.live.useful = true;
                if let Some(last) = messages.last() {
                    self.stream_acknowledged(last)?;
                }
                messages.iter().try_for_each(|stanza| self.acknowledged(stanza))
            }
            SessionEvent::Closed { error } => {
                let error = error.or_else(|| {
                    // The server said goodbye without a reason: as good as a lost connection.
                    self.live.wanted.then(|| Error::new(ErrorCode::SessionEnded, "the stream was closed"))
                });
                if error.as_ref().is_some_and(|error| error.code == ErrorCode::NetworkUnavailable) {
                    self.found_dead()?;
                }
                self.live.link_lost(self.now, self.entropy, error);
                Ok(())
            }
        }
    }

    /// A session that knows nothing of us yet: say that we are here, then ask for everything at once.
    fn begin_session(&mut self, carbons: bool) -> Result<(), EngineError> {
        self.send(Outbound::Available);
        if !carbons {
            self.request(Request::EnableCarbons, Purpose::Nothing);
        }
        self.begin_push()?;
        self.ask_for_facts();
        self.read_account_archive()?;
        self.publish_keys()?;
        for conversation in conversation::list(self.tx)? {
            self.enter_room_of(&conversation)?;
        }
        self.drive_all()
    }

    /// What the server can do, if that is not known.
    pub fn ask_for_facts(&mut self) {
        if !self.facts.known || self.facts.push.is_none() {
            self.ask_account_features();
        }
        if !self.facts.known {
            self.request(Request::Services { of: self.account.address.server() }, Purpose::Services);
        }
    }

    /// Something waits for us: connect, or find out whether the link that we believe in still stands. Its answer comes
    /// behind everything that the server had for us on this link.
    fn push_wake(&mut self) {
        self.live.wanted = true;
        if self.live.link == Link::Stopped {
            self.live.link = Link::Down;
        }
        self.effects.link = self.live.connect_now();
        if self.online() {
            if self.live.timers.get(Due::HandedOver).is_some() {
                self.live.timers.set(Due::HandedOver, Some(Window::at(self.now)));
            }
            self.effects.probe = true;
            let to = self.account.address.server();
            self.request(Request::Ping { to, nick: None }, Purpose::SignOfLife);
        }
    }

    /// The same session again: only what the app asked for meanwhile is left to do.
    fn continue_session(&mut self) -> Result<(), EngineError> {
        self.settle_push()?;
        self.handed_over()?;
        for conversation in conversation::list(self.tx)? {
            if !self.live.session.rooms.contains_key(&conversation.address) {
                self.enter_room_of(&conversation)?;
            }
        }
        self.drive_all()?;
        self.pump_all()
    }

    fn received(&mut self, inbound: Inbound) -> Result<(), EngineError> {
        match inbound {
            Inbound::Message(message) => self.live_message(&message),
            Inbound::Response { id, response } => match self.live.session.requests.remove(&id) {
                Some(asked) => self.response(asked.purpose, response),
                None => Ok(()),
            },
            Inbound::RoomJoined { room, nick, created } => self.room_joined(&room, nick, created),
            Inbound::RoomRefused { room, error } => self.room_refused(&room, &error),
            Inbound::RoomLost { room } => self.room_lost(&room),
            Inbound::RoomLeft { room, destroyed } => self.room_left(&room, destroyed),
            // Device lists are read when a key is needed; a change by itself asks for nothing.
            Inbound::DevicesChanged { .. } => Ok(()),
        }
    }

    pub fn online(&self) -> bool {
        self.live.link == Link::Online
    }

    pub fn send(&mut self, outbound: Outbound) {
        self.effects.send.push(outbound);
    }

    pub fn request(&mut self, request: Request, purpose: Purpose) {
        self.live.next_request += 1;
        let run = *self.live.run.get_or_insert_with(|| Random::new(self.entropy, "run").number(u32::MAX));
        let id = RequestId::new(format!("{run:x}-{}", self.live.next_request));
        let asked = Asked { request: request.clone(), purpose };
        self.live.session.requests.insert(id.clone(), asked);
        self.send(Outbound::Request { id, request });
    }

    /// Receipts are due some time soon; what waits already is not pushed back by further ones.
    pub fn receipts_soon(&mut self) {
        let Some(rules) = self.live.situation().rules() else { return };
        let window = Window::after(self.now, rules.receipts_gather, rules.receipts_latest);
        self.live.timers.set_soonest(Due::Receipts, window);
    }

    fn due_receipts(&mut self) -> Result<(), EngineError> {
        if self.live.timers.take(Due::Receipts, self.now) { self.queue_receipts() } else { Ok(()) }
    }

    /// Our device, with its signature key.
    pub fn device(&self) -> Result<Device, EngineError> {
        load_device(self.account, &self.storage)
    }

    /// The answer, and the groups as they are in the database if the transaction commits.
    pub fn finish(self) -> (Effects, BTreeMap<GroupId, Group>) {
        if !self.online() {
            self.live.give_up_loads();
        }
        let loaded = std::mem::take(&mut self.live.loaded);
        let Pending { link, send, probe, says_no_client_state, reply } = self.effects;
        let client_state = if says_no_client_state { None } else { self.live.client_state_news() };
        if probe || !send.is_empty() {
            self.live.silence.broken(self.now);
        }
        self.live.arm_keepalive(self.now);
        let connection = self.live.connection(&self.facts);
        let wake_at = self.live.timers.wake_at();
        (Effects { link, client_state, send, probe, wake_at, reply, loaded, connection }, self.groups)
    }
}

/// Whether a session that brings this was of use.
fn brings_messages(inbound: &Inbound) -> bool {
    match inbound {
        Inbound::Message(_) => true,
        Inbound::Response { response: Response::ArchivePage(page), .. } => !page.messages.is_empty(),
        _ => false,
    }
}
