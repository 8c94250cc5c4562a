//! One input being handled: the open transaction, what the engine remembers, and what it is going to answer.
//!
//! The methods live in the files of their subjects: `archive.rs`, `outbox.rs`, `direct.rs` and so on. This file holds what
//! all of them use, and the dispatch of inputs.

use std::collections::{BTreeMap, BTreeSet};

use heliograph_mls::{Device, Group};
use heliograph_model::stanza::{Inbound, Outbound, Request, SessionEvent};
use heliograph_model::{Entropy, Error, ErrorCode, GroupId, RequestId, Timestamp};
use heliograph_store::account::{self, Account, ServerFacts};
use heliograph_store::mls_storage::MlsStorage;
use heliograph_store::{Transaction, conversation, message};

use crate::account::load_device;
use crate::error::EngineError;
use crate::input::{Effects, Input, LinkAction, Received, Reply};
use crate::live::{Link, Live, Purpose};
use crate::policy::{RECEIPT_DELAY_BACKGROUND, RECEIPT_DELAY_FOREGROUND};
use crate::random::Random;

pub(crate) struct Step<'a> {
    pub tx: &'a Transaction<'a>,
    pub account: &'a Account,
    pub live: &'a mut Live,
    pub now: Timestamp,
    pub storage: MlsStorage<'a>,
    pub random: Random,
    pub facts: ServerFacts,
    /// Groups loaded in this transaction. Never kept across transactions: after a rollback they would be ahead of the
    /// database.
    pub groups: BTreeMap<GroupId, Group>,
    /// Groups of which messages were decrypted without writing the ratchets yet; see `archive.rs`.
    pub unwritten: BTreeSet<GroupId>,
    /// Something left the outbox, so that something else may be sent.
    pub window_opened: bool,
    /// Messages come from before our time here (the first page of an archive): no receipts for them.
    pub history: bool,
    pub effects: Pending,
    entropy: &'a Entropy,
}

/// What will be answered if the transaction commits.
#[derive(Clone, Default)]
pub(crate) struct Pending {
    link: Option<LinkAction>,
    send: Vec<Outbound>,
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
        now: Timestamp,
        entropy: &'a Entropy,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            tx,
            account,
            live,
            now,
            storage: MlsStorage::live(tx),
            random: Random::new(entropy, "engine"),
            facts: account::facts(tx)?,
            groups: BTreeMap::new(),
            unwritten: BTreeSet::new(),
            window_opened: false,
            history: false,
            effects: Pending::default(),
            entropy,
        })
    }

    pub fn input(&mut self, input: Input) -> Result<(), EngineError> {
        match input {
            Input::Start => {
                self.live.wanted = true;
                if self.live.link == Link::Stopped {
                    self.live.link = Link::Down;
                }
                self.effects.link = self.live.connect_now();
            }
            Input::Suspend => {
                self.live.wanted = false;
                if matches!(self.live.link, Link::Connecting | Link::Online) {
                    self.effects.link = Some(LinkAction::Leave);
                }
                self.live.link_lost(self.now, self.entropy, None);
            }
            Input::Network { available } => self.effects.link = self.live.network(available),
            Input::AppState { foreground } => {
                self.live.foreground = foreground;
                if foreground && self.live.link == Link::Down {
                    self.effects.link = self.live.connect_now();
                }
            }
            Input::PushWake { begins: true } => self.push_wake(),
            Input::PushWake { begins: false } => {
                if self.online() {
                    self.live.receipts_at = None;
                    self.queue_receipts()?;
                }
            }
            Input::Wake => {
                self.effects.link = self.live.connect_if_due(self.now);
                if self.live.receipts_at.is_some_and(|at| at <= self.now) {
                    self.live.receipts_at = None;
                    self.queue_receipts()?;
                }
            }
            Input::Session(event) => self.session(event)?,
            Input::Received(Received { inbound, stanzas, replies }) => {
                self.stream_received(stanzas, replies);
                for inbound in inbound {
                    self.received(inbound)?;
                }
            }
            Input::Command(command) => {
                let reply = self.command(command)?;
                self.effects.reply = Some(reply);
            }
        }
        if self.window_opened { self.pump_all() } else { Ok(()) }
    }

    fn session(&mut self, event: SessionEvent) -> Result<(), EngineError> {
        match event {
            SessionEvent::Online(granted) => {
                self.live.session_began(granted.resumed);
                self.stream_began(&granted)?;
                if !message::conversations_with_due_receipts(self.tx)?.is_empty() {
                    self.receipts_soon(); // they were due when the last link broke
                }
                if granted.resumed { self.continue_session() } else { self.begin_session(granted.carbons) }
            }
            SessionEvent::Drained => {
                self.live.session.draining = false;
                Ok(())
            }
            SessionEvent::Acknowledged { messages } => {
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
            self.effects.link = Some(LinkAction::Probe);
            let to = self.account.address.server();
            self.request(Request::Ping { to, nick: None }, Purpose::SignOfLife);
        }
    }

    /// The same session again: only what the app asked for meanwhile is left to do.
    fn continue_session(&mut self) -> Result<(), EngineError> {
        self.settle_push()?;
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
                Some(purpose) => self.response(purpose, response),
                None => Ok(()),
            },
            Inbound::RoomJoined { room, nick, created: _ } => self.room_joined(&room, nick),
            Inbound::RoomRefused { room, error } => self.room_refused(&room, &error),
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
        self.live.session.requests.insert(id.clone(), purpose);
        self.send(Outbound::Request { id, request });
    }

    /// Receipts are due some time soon; the timer is set once and not pushed back by further ones.
    pub fn receipts_soon(&mut self) {
        let delay = if self.live.foreground { RECEIPT_DELAY_FOREGROUND } else { RECEIPT_DELAY_BACKGROUND };
        self.live.receipts_at.get_or_insert(self.now.plus(delay));
    }

    /// Our device, with its signature key.
    pub fn device(&self) -> Result<Device, EngineError> {
        load_device(self.account, &self.storage)
    }

    pub fn finish(self) -> Effects {
        let connection = self.live.connection(&self.facts);
        let Pending { link, send, reply } = self.effects;
        Effects { link, send, wake_at: self.live.wake_at(), reply, connection }
    }
}
