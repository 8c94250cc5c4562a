//! A phone: a real engine on a real database, and a link that loses things.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use heliograph_model::stanza::{ClientState, Granted, Inbound, Outbound, SessionEvent, StreamIdentity};
use heliograph_model::{Address, Entropy, Error, ErrorCode, Timestamp};
use heliograph_store::{DatabaseKey, Fault, Store, StoreError, setting};
use heliograph_sync::{
    Command, Connection, Effects, Engine, EngineError, Input, LinkAction, LoadId, Loaded, Received, Reply,
    Situation, Spent, StoredStream, Usage, create_account,
};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

/// See the module.
pub struct Phone {
    /// Its account.
    pub address: Address,
    path: PathBuf,
    engine: Option<Engine>,
    random: ChaCha20Rng,
    /// Sent by the phone, not yet at the server.
    pub up: VecDeque<Outbound>,
    /// Sent by the server, not yet handled by the phone.
    pub down: VecDeque<Inbound>,
    /// Messages that the server has processed and not yet acknowledged.
    pub to_acknowledge: Vec<heliograph_model::StanzaId>,
    /// The link is up and the engine was told.
    pub linked: bool,
    /// The engine wants a link.
    pub wants_link: bool,
    /// The server still holds the session: what is in `up` and `down` survives a cut, and `down` survives the process.
    pub resumable: bool,
    /// How many stanzas of ours the server handled in this session, and how many of its own we did.
    pub counts: Counts,
    /// What the process that died left for this one.
    stored: Option<StoredStream>,
    /// The session was resumed, and the engine was not told that all is here.
    draining: bool,
    /// The engine asked for a sign of life and got none yet.
    pub probing: bool,
    /// What the server was told of the phone.
    pub client_state: ClientState,
    /// What the server grants with a session.
    pub grants: Granted,
    /// What the phone did since somebody last looked.
    pub effort: Effort,
    /// When the engine wants to be woken.
    pub wake_at: Option<Timestamp>,
    /// Loads of older messages that have ended.
    pub loaded: Vec<(LoadId, Result<Loaded, Error>)>,
    /// What the engine last said about the connection.
    pub connection: Option<Connection>,
    /// Hash over every effect so far: what a replay must reproduce.
    pub trace: Sha256,
}

/// Stream management (XEP-0198 §4) as the model's server does it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Stanzas of the phone that the server handled.
    pub up: u32,
    /// Stanzas of the server that the phone handled.
    pub down: u32,
}

/// What costs a phone its battery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Timers that fired.
    pub wakes: u32,
    /// Connections asked for.
    pub connects: u32,
    /// Stanzas sent.
    pub stanzas: usize,
    /// Elements of the stream sent: probes and client states.
    pub nonzas: u32,
}

impl Phone {
    /// A new account in a folder.
    pub fn new(folder: &Path, address: Address, seed: u64, now: Timestamp) -> Self {
        let path = folder.join(format!("{}.db", address.local().unwrap()));
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let mut store = Store::open(&path, &key()).unwrap();
        create_account(&mut store, now, &entropy(&mut random), &address).unwrap();
        let mut phone = Self {
            address,
            path,
            engine: Some(Engine::open(store).unwrap()),
            random,
            up: VecDeque::new(),
            down: VecDeque::new(),
            to_acknowledge: Vec::new(),
            linked: false,
            wants_link: false,
            resumable: false,
            counts: Counts::default(),
            stored: None,
            draining: false,
            probing: false,
            client_state: ClientState::Active,
            grants: Granted::default(),
            effort: Effort::default(),
            wake_at: None,
            loaded: Vec::new(),
            connection: None,
            trace: Sha256::new(),
        };
        phone.input(now, Input::Start);
        phone
    }

    /// The app was updated: another version had opened this database last.
    pub fn update_app(&mut self, now: Timestamp) {
        self.engine = None;
        let mut store = Store::open(&self.path, &key()).unwrap();
        store.write(|tx| setting::put(tx, "quarantine-tried-by", b"an older version")).unwrap();
        let forget = |tx: &heliograph_store::Transaction<'_>| {
            // As the migration to version 11 leaves what was there before.
            tx.execute("UPDATE conversation SET owned = NULL WHERE group_id IS NOT NULL", [])
                .map_err(StoreError::from)
        };
        store.write(forget).unwrap();
        drop(store);
        self.die(now);
    }

    /// Where its database lies.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap()
    }

    /// The engine's database, for looking at the end.
    pub fn readers(&self) -> heliograph_store::Readers {
        self.engine.as_ref().unwrap().readers()
    }

    /// One input; effects go out at once.
    pub fn input(&mut self, now: Timestamp, input: Input) -> Option<Result<Reply, Error>> {
        let effects = self.handle(now, input);
        self.carry_out(effects)
    }

    /// One input after whose transaction the phone dies: nothing of its effects happens.
    pub fn input_then_die(&mut self, now: Timestamp, input: Input) {
        drop(self.handle(now, input));
        self.die(now);
    }

    /// One input that may fail, as it does when the disk is full; then the driver drops the link.
    pub fn try_input(&mut self, now: Timestamp, input: Input) -> Result<(), EngineError> {
        let effects = self.try_handle(now, input)?;
        self.carry_out(effects);
        Ok(())
    }

    /// For how long the phone may sleep from now on; `None`: until somebody uses it.
    pub fn may_sleep(&self, now: Timestamp) -> Option<Duration> {
        self.engine.as_ref().unwrap().next_catch_up(now).unwrap().map(|next| next.since(now))
    }

    /// Something was spent; what the driver measured.
    pub fn spend(&mut self, situation: Situation, spent: &Spent) {
        self.engine.as_mut().unwrap().spend(situation, spent);
    }

    /// What the account cost.
    pub fn usage(&mut self, now: Timestamp) -> Usage {
        self.engine.as_mut().unwrap().usage(now).unwrap()
    }

    /// Fills the disk, or makes room again.
    pub fn set_fault(&mut self, fault: Option<Fault>) {
        self.engine.as_mut().unwrap().set_fault(fault).unwrap();
    }

    /// The driver dropped the link because an input could not be handled.
    pub fn fault(&mut self, now: Timestamp, error: Error) {
        let entropy = entropy(&mut self.random);
        let effects = self.engine.as_mut().unwrap().fault(now, &entropy, error);
        self.linked = false;
        self.carry_out(effects);
    }

    fn handle(&mut self, now: Timestamp, input: Input) -> Effects {
        self.try_handle(now, input).unwrap()
    }

    fn try_handle(&mut self, now: Timestamp, input: Input) -> Result<Effects, EngineError> {
        let entropy = entropy(&mut self.random);
        let effects = self.engine.as_mut().unwrap().handle(now, &entropy, input)?;
        self.trace.update(format!("{:?}", effects.link));
        let mut sent = Vec::new();
        ciborium::into_writer(&effects.send, &mut sent).unwrap();
        self.trace.update(sent);
        Ok(effects)
    }

    fn carry_out(&mut self, effects: Effects) -> Option<Result<Reply, Error>> {
        match effects.link {
            Some(LinkAction::Connect) => {
                self.wants_link = true;
                self.effort.connects += 1;
            }
            Some(LinkAction::Reconnect) => {
                self.linked = false;
                self.wants_link = true;
                self.effort.connects += 1;
            }
            Some(LinkAction::Leave | LinkAction::Abandon) => {
                self.wants_link = false;
                self.linked = false;
            }
            None => {}
        }
        if self.linked {
            if let Some(state) = effects.client_state {
                assert_ne!(state, self.client_state, "the server knows that");
                self.client_state = state;
                self.effort.nonzas += 1;
            }
            self.effort.stanzas += effects.send.len();
            self.up.extend(effects.send);
            self.effort.nonzas += u32::from(effects.probe);
            self.probing |= effects.probe;
        }
        self.wake_at = effects.wake_at;
        self.loaded.extend(effects.loaded);
        self.connection = Some(effects.connection);
        effects.reply
    }

    /// A command of the user.
    pub fn command(&mut self, now: Timestamp, command: Command) -> Result<Reply, Error> {
        self.input(now, Input::Command(command)).unwrap()
    }

    /// The link comes up: resumed if the server still knows the session.
    pub fn link_up(&mut self, now: Timestamp) {
        self.linked = true;
        self.wants_link = false;
        let resumed = self.resumable;
        let mut granted = Granted { resumed, ..self.grants.clone() };
        if !resumed {
            self.up.clear();
            self.down.clear();
            self.to_acknowledge.clear();
            self.counts = Counts::default();
            let identity = StreamIdentity { id: "stream".into(), location: None, resource: "phone".into() };
            granted.stream = Some(identity);
        } else if let Some(stored) = self.stored.take() {
            assert_eq!(stored.received, self.counts.down, "what is handled and what is written down differ");
            granted.handled = Some(self.counts.up);
            self.to_acknowledge.clear();
        }
        self.stored = None;
        self.resumable = true;
        self.draining = resumed;
        self.probing = false;
        self.client_state = ClientState::Active;
        self.input(now, Input::Session(SessionEvent::Online(granted)));
        self.drained(now);
    }

    /// Takes up to `count` stanzas of the server, to be handled in one transaction.
    pub fn take_down(&mut self, count: usize) -> Received {
        let batch: Vec<Inbound> = (0..count).map_while(|_| self.down.pop_front()).collect();
        self.counts.down += batch.len() as u32;
        batch.into()
    }

    /// After a resumption, once nothing is left of what the server had kept.
    pub fn drained(&mut self, now: Timestamp) {
        if self.linked && self.down.is_empty() && std::mem::take(&mut self.draining) {
            self.input(now, Input::Session(SessionEvent::Drained));
        }
    }

    /// The moment that the engine asked for has come.
    pub fn wake(&mut self, now: Timestamp) {
        self.wake_at = None;
        self.effort.wakes += 1;
        self.input(now, Input::Wake);
    }

    /// The server gives a sign of life, if the phone asked for one.
    pub fn answer_probe(&mut self, now: Timestamp) -> bool {
        let asked = self.linked && std::mem::take(&mut self.probing);
        if asked {
            self.input(now, Input::Session(SessionEvent::Alive));
        }
        asked
    }

    /// The link breaks.
    pub fn link_down(&mut self, now: Timestamp) {
        self.link_ends(now, ErrorCode::NetworkUnavailable);
    }

    /// The connection ends for a reason.
    pub fn link_ends(&mut self, now: Timestamp, code: ErrorCode) {
        self.linked = false;
        let error = Error::new(code, "ended by the test");
        self.input(now, Input::Session(SessionEvent::Closed { error: Some(error) }));
    }

    /// The process is killed and started again: what it had in hand is lost, what it wrote down is not.
    pub fn die(&mut self, now: Timestamp) {
        self.engine = None;
        self.linked = false;
        self.wants_link = false;
        self.wake_at = None;
        self.up.clear();
        let store = Store::open(&self.path, &key()).unwrap();
        let mut engine = Engine::open(store).unwrap();
        self.stored = engine.take_stored_stream();
        self.resumable &= self.stored.is_some();
        self.engine = Some(engine);
        self.input(now, Input::Start);
    }
}

fn entropy(random: &mut ChaCha20Rng) -> Entropy {
    let mut bytes = [0; 32];
    random.fill_bytes(&mut bytes);
    Entropy(bytes)
}

fn key() -> DatabaseKey {
    DatabaseKey::new([42; 32])
}
