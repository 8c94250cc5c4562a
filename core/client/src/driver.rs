//! Runs the engine: one task that feeds it what happens and does what it answers.
//!
//! The order matters and is always the same: the engine commits, then stanzas are acknowledged and sent, then readers are
//! told. A stanza whose transaction failed is neither acknowledged nor lost: the connection is dropped, and the server sends
//! it again or the archive brings it.

mod credentials;
mod suspension;

use std::collections::BTreeMap;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use heliograph_model::stanza::{Inbound, SessionEvent};
use heliograph_model::time::SystemClock;
use heliograph_model::{Clock, Error, ErrorCode, NetworkState, Timestamp};
use heliograph_sync::{
    Command, Connection, Effects, Engine, Input, LinkAction, LoadId, Received, Reply, Spent, Usage,
};
use heliograph_xmpp::session::{
    self, ResumeState, ServerMemory, Session, SessionHandle, SessionOutput, StoredStream,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use zeroize::Zeroizing;

use crate::account::AccountConfig;
use crate::connection::Traffic;
use crate::crash::{self, Place};
use crate::shared::{Shared, fresh_entropy};
use crate::usage::Meter;

/// Stanzas handled in one transaction at most: bounds how long a command from the user waits behind a flood.
const STANZAS_AT_ONCE: usize = 256;

/// After a wake that the database refused: a full disk is not free again a second later.
const WAKE_AGAIN: Duration = Duration::from_mins(1);

/// Where name servers listen (RFC 1035 §4.2).
const DNS_PORT: u16 = 53;

/// What the facade asks of the driver.
pub(crate) enum Order {
    /// An input without answer.
    Tell(Input),
    /// The same, and say when it was handled.
    TellAndSay(Input, oneshot::Sender<()>),
    /// A command of the app.
    Ask(Command, oneshot::Sender<Result<Reply, Error>>),
    /// Say what the account cost.
    Usage(oneshot::Sender<Result<Usage, Error>>),
    /// Forget the server, so that the next connection knows nothing of it.
    ForgetServer(oneshot::Sender<Result<(), Error>>),
    /// Use this password from now on, and at once.
    SetPassword(Zeroizing<String>, oneshot::Sender<Result<(), Error>>),
    /// When would this client have to be woken, if it slept?
    NextCatchUp(oneshot::Sender<Result<Option<Timestamp>, Error>>),
    /// Panic, as a defect would.
    #[cfg(test)]
    Panic,
    /// Say goodbye, close the database, end.
    Stop {
        /// Not to be exceeded by waiting for the server.
        deadline: Option<Instant>,
        /// How it went.
        done: oneshot::Sender<Result<(), Error>>,
    },
}

pub(crate) struct Driver {
    engine: Engine,
    account: AccountConfig,
    /// As it is on disk.
    memory: Option<ServerMemory>,
    shared: Arc<Shared>,
    resume: Option<ResumeState>,
    session: Option<Running>,
    /// The engine wants a new session as soon as the old one has let go.
    connect_next: bool,
    /// Stanzas in which the engine has nothing to do, and which are not counted yet: not worth a transaction of their own.
    silent: u32,
    /// A session began of which the engine has not heard: nobody has said in it that we are here.
    unheard: bool,
    wake_at: Option<Instant>,
    /// The network that the phone is in, as far as somebody has said.
    network: NetworkState,
    /// Who waits for which load.
    loads: BTreeMap<LoadId, oneshot::Sender<Result<Reply, Error>>>,
    /// Traffic of the sessions before this one.
    past: Traffic,
    meter: Meter,
}

struct Running {
    handle: SessionHandle,
    outputs: mpsc::Receiver<SessionOutput>,
    /// The engine gave it up; whatever it still says is not its business any more.
    leaving: bool,
}

impl Driver {
    pub fn new(
        mut engine: Engine,
        account: AccountConfig,
        memory: Option<ServerMemory>,
        shared: Arc<Shared>,
    ) -> Self {
        let past = *shared.traffic();
        let resume = engine.take_stored_stream().and_then(|stored| {
            let heliograph_sync::StoredStream { identity, received, rooms } = stored;
            let account = engine.address().clone();
            ResumeState::stored(StoredStream { account, identity, received, rooms })
        });
        Self {
            engine,
            account,
            memory,
            shared,
            resume,
            session: None,
            connect_next: false,
            silent: 0,
            unheard: false,
            wake_at: None,
            network: NetworkState::default(),
            loads: BTreeMap::new(),
            past,
            meter: Meter::new(SystemClock.now(), past),
        }
    }

    pub async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        let (deadline, done) = loop {
            let wake_at = self.wake_at;
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Tell(input)) => self.tell(input),
                    Some(Order::Ask(command, reply)) => {
                        let answer = match self.handle(Input::Command(command)) {
                            Ok(Some(answer)) => answer,
                            Ok(None) => Err(Error::new(ErrorCode::Internal, "a command went unanswered")),
                            Err(error) => Err(error),
                        };
                        if let Ok(Reply::Loading(load)) = answer {
                            self.loads.insert(load, reply);
                        } else {
                            // The caller may have stopped waiting; the command is done all the same.
                            let _ = reply.send(answer);
                        }
                    }
                    Some(Order::TellAndSay(input, said)) => {
                        self.tell(input);
                        // Nobody may be waiting any more.
                        let _ = said.send(());
                    }
                    Some(Order::Usage(answer)) => {
                        let now = SystemClock.now();
                        self.read_meter(now);
                        // The caller may have stopped waiting.
                        let _ = answer.send(self.engine.usage(now).map_err(Error::from));
                    }
                    Some(Order::ForgetServer(done)) => {
                        let _ = done.send(self.forget_server());
                    }
                    Some(Order::SetPassword(password, done)) => {
                        let _ = done.send(self.set_password(password));
                    }
                    Some(Order::NextCatchUp(say)) => {
                        let _ = say.send(self.engine.next_catch_up(SystemClock.now()).map_err(Into::into));
                    }
                    #[cfg(test)]
                    Some(Order::Panic) => std::panic::resume_unwind(Box::new("a defect")),
                    Some(Order::Stop { deadline, done }) => break (deadline, Some(done)),
                    None => break (None, None),
                },
                output = next_output(&mut self.session) => self.session_says(output),
                () = sleep_until_some(wake_at), if wake_at.is_some() => {
                    self.wake_at = None;
                    if self.handle(Input::Wake).is_err() {
                        // What was due is still to be done, and nobody else will call.
                        self.wake_at = Some(Instant::now() + WAKE_AGAIN);
                    }
                }
            }
        };
        let result = self.stop(deadline).await;
        if let Some(done) = done {
            let _ = done.send(result);
        }
    }

    /// One input through the engine, and what follows from it.
    fn handle(&mut self, input: Input) -> Result<Option<Result<Reply, Error>>, Error> {
        let now = SystemClock.now();
        let effects = self.handle_at(now, input)?;
        Ok(self.carry_out(now, effects))
    }

    /// One input through the engine.
    fn handle_at(&mut self, now: Timestamp, input: Input) -> Result<Effects, Error> {
        if let Input::Network(network) = &input {
            self.network.clone_from(network);
        }
        let from_session = matches!(input, Input::Received(_) | Input::Session(_));
        let entropy = fresh_entropy()?;
        tracing::trace!(?input, "to the engine");
        self.read_meter(now);
        if matches!(input, Input::Wake) {
            self.meter.woken();
        }
        crash::here(Place::BeforeCommit);
        match self.engine.handle(now, &entropy, input) {
            Ok(effects) => {
                crash::here(Place::AfterCommit);
                Ok(effects)
            }
            Err(error) => {
                let error = Error::from(error);
                tracing::error!(
                    code = error.code.as_str(),
                    detail = error.detail,
                    "an input could not be handled"
                );
                if from_session {
                    self.leave(false);
                    let effects = self.engine.fault(now, &entropy, error.clone());
                    self.carry_out(now, effects);
                }
                Err(error)
            }
        }
    }

    fn carry_out(&mut self, now: Timestamp, effects: Effects) -> Option<Result<Reply, Error>> {
        tracing::trace!(link = ?effects.link, send = ?effects.send, wake_at = ?effects.wake_at, "from the engine");
        match effects.link {
            None => {}
            Some(LinkAction::Connect) => self.connect(),
            Some(LinkAction::Leave) => self.leave(true),
            Some(LinkAction::Abandon) => self.leave(false),
            Some(LinkAction::Reconnect) => {
                self.leave(false);
                self.connect();
            }
        }
        if let Some(session) = self.session.as_ref().filter(|session| !session.leaving) {
            if let Some(state) = effects.client_state {
                session.handle.client_state(state);
            }
            for outbound in effects.send {
                session.handle.send(outbound);
            }
            if effects.probe {
                session.handle.probe();
            }
        }
        self.wake_at = effects.wake_at.map(|at| Instant::now() + at.since(now));
        self.count_traffic();
        self.meter.set_situation(effects.connection.situation);
        self.shared.connection.send_if_modified(|connection| {
            let changed = *connection != effects.connection;
            if changed {
                log_connection(connection, &effects.connection);
                *connection = effects.connection;
            }
            changed
        });
        self.shared.tick();
        for (load, result) in effects.loaded {
            if let Some(waiting) = self.loads.remove(&load) {
                // Whoever asked may have stopped waiting; the messages are stored all the same.
                let _ = waiting.send(result.map(Reply::Loaded));
            }
        }
        effects.reply
    }

    fn connect(&mut self) {
        if self.session.is_some() {
            self.connect_next = true;
            return;
        }
        let mut config = self.account.session(&self.shared.connector);
        config.memory = self.reserved();
        config.network.id.clone_from(&self.network.id);
        config.network.name_servers =
            self.network.name_servers.iter().map(|server| SocketAddr::new(*server, DNS_PORT)).collect();
        let (handle, outputs) = Session::start(config, self.resume.take());
        self.session = Some(Running { handle, outputs, leaving: false });
        self.past.connects += 1;
    }

    fn leave(&mut self, politely: bool) {
        self.connect_next = false;
        if let Some(session) = &mut self.session {
            session.leaving = true;
            if politely {
                session.handle.leave();
            } else {
                session.handle.abandon();
            }
        }
    }

    fn session_says(&mut self, output: Option<SessionOutput>) {
        let leaving = self.session.as_ref().is_none_or(|session| session.leaving);
        match output {
            Some(SessionOutput::Remember(memory)) => {
                let _ = self.remember(*memory);
            }
            Some(SessionOutput::Ended { error, resume }) => self.ended(leaving, error, resume),
            None => {
                let error = Error::new(ErrorCode::Internal, "the session ended without a word");
                self.ended(leaving, Some(error), None);
            }
            Some(SessionOutput::Event(SessionEvent::Online(granted))) => {
                let continued = granted.resumed && granted.handled.is_none();
                self.past.resumed += u64::from(granted.resumed);
                let heard = !leaving && self.handle(Input::Session(SessionEvent::Online(granted))).is_ok();
                self.unheard |= !heard && !continued;
            }
            // True whatever becomes of the session.
            Some(SessionOutput::Event(event @ SessionEvent::Acknowledged { .. })) => {
                self.tell(Input::Session(event));
            }
            // What was given up is not handled; a resumption brings it again.
            Some(_) if leaving => {}
            Some(SessionOutput::Stanza { inbound, replies }) => self.received(inbound, replies),
            Some(SessionOutput::Refused { inbound }) => {
                self.tell(Input::Received(Received { inbound, ..Received::default() }));
            }
            Some(SessionOutput::AcknowledgementWanted) => {
                if self.silent > 0 {
                    self.commit(Received::default(), Vec::new());
                }
            }
            Some(SessionOutput::Event(event)) => self.tell(Input::Session(event)),
        }
    }

    /// One stanza, and with it all that have arrived meanwhile: one transaction for a burst.
    fn received(&mut self, first: Vec<Inbound>, mut replies: Vec<session::Reply>) {
        let mut batch = Received { inbound: first, stanzas: 1, replies: 0 };
        let mut then = None;
        while let Some(session) = &mut self.session
            && batch.inbound.len() < STANZAS_AT_ONCE
        {
            match session.outputs.try_recv() {
                Ok(SessionOutput::Stanza { inbound, replies: more }) => {
                    batch.inbound.extend(inbound);
                    replies.extend(more);
                    batch.stanzas += 1;
                }
                Ok(other) => {
                    then = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        if batch.inbound.is_empty() && replies.is_empty() {
            self.silent += batch.stanzas;
        } else {
            self.commit(batch, replies);
        }
        if then.is_some() {
            self.session_says(then);
        }
    }

    /// Hands stanzas to the engine, with those before them in which it had nothing to do. Only what is committed is
    /// acknowledged and answered.
    fn commit(&mut self, mut batch: Received, replies: Vec<session::Reply>) {
        batch.stanzas += std::mem::take(&mut self.silent);
        batch.replies = replies.len() as u32;
        let stanzas = batch.stanzas;
        let now = SystemClock.now();
        let Ok(effects) = self.handle_at(now, Input::Received(batch)) else { return };
        if let Some(session) = &self.session {
            for reply in replies {
                session.handle.reply(reply);
            }
        }
        self.carry_out(now, effects);
        if let Some(session) = &self.session {
            crash::here(Place::BeforeAcknowledge);
            session.handle.handled(stanzas);
            crash::here(Place::AfterAcknowledge);
        }
    }

    /// An input that nobody waits for. What can go wrong with it was logged and dealt with in [`Self::handle`].
    fn tell(&mut self, input: Input) {
        let _ = self.handle(input);
    }

    fn ended(&mut self, leaving: bool, error: Option<Error>, resume: Option<ResumeState>) {
        self.count_traffic();
        self.past = Traffic { ..*self.shared.traffic() };
        self.session = None;
        // Not handled, so the server sends them again to a resumed session.
        self.silent = 0;
        // The engine would take it for the session that it knows, in which it is available and in its rooms.
        self.resume = if std::mem::take(&mut self.unheard) { None } else { resume };
        if !leaving {
            self.tell(Input::Session(SessionEvent::Closed { error }));
        }
        if std::mem::take(&mut self.connect_next) {
            self.connect();
        }
    }

    /// What was spent since the last time goes onto the account of what the phone was doing.
    fn read_meter(&mut self, now: Timestamp) {
        self.count_traffic();
        let traffic = *self.shared.traffic();
        let (situation, spent) = self.meter.read(now, traffic);
        if spent != Spent::default() {
            self.engine.spend(situation, &spent);
        }
    }

    fn count_traffic(&self) {
        let mut traffic = self.past;
        if let Some(session) = &self.session {
            let now = session.handle.traffic();
            traffic.bytes_up += now.bytes_up;
            traffic.bytes_down += now.bytes_down;
            traffic.flights += now.flights;
        }
        *self.shared.traffic() = traffic;
    }
}

/// What somebody who helps from afar asks first: was it connected, since when, and why not.
fn log_connection(before: &Connection, after: &Connection) {
    let code = after.error.as_ref().map(|error| error.code.as_str());
    if before.state == after.state && before.error == after.error && before.caught_up == after.caught_up {
        tracing::debug!(situation = ?after.situation, idle = after.idle, unanswered = after.unanswered, "connection");
    } else {
        tracing::info!(
            state = ?after.state,
            situation = ?after.situation,
            caught_up = after.caught_up,
            error = code,
            "connection"
        );
    }
}

async fn next_output(session: &mut Option<Running>) -> Option<SessionOutput> {
    match session {
        Some(session) => session.outputs.recv().await,
        None => pending().await,
    }
}

async fn sleep_until_some(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests;
