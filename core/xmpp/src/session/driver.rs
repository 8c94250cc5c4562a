//! The task that owns the socket: I/O, deadlines, and the order in which things happen.
//!
//! Everything that could be decided without a socket is decided elsewhere. One task reads and writes at the same time, so
//! that neither side can block the other; the only things it waits for besides are orders, room in the output channel,
//! and the one deadline.

mod company;
mod goodbye;
mod liveness;

use std::collections::VecDeque;
use std::sync::Arc;

use heliograph_model::StanzaId;
use heliograph_model::stanza::{ClientState, SessionEvent, StreamIdentity};
use jid::FullJid;
use minidom::Element;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use xmpp_parsers::{csi, ns as xns};

use super::login::{self, Established, Outcome};
use super::wire::Wire;
use super::{Order, Reply, ResumeState, SessionConfig, SessionOutput, Timeouts};
use crate::decode::{Decoded, Decoder, Refusal};
use crate::encode;
use crate::error::SessionError;
use crate::frame::Frame;
use crate::negotiation::stream_error;
use crate::server_memory::ServerMemory;
use crate::stream_management::{Acknowledge, Enabled, StreamManagement, Unacknowledged};
use crate::traffic::Counters;
use company::{Company, is_answer};
use liveness::Awaited;

/// Connects, logs in, serves, and says how it ended.
pub(super) async fn run(
    config: SessionConfig,
    resume: Option<ResumeState>,
    mut inbox: mpsc::UnboundedReceiver<Order>,
    outputs: mpsc::Sender<SessionOutput>,
    counters: Arc<Counters>,
) {
    // A state of another account is of no use.
    let resume = resume.filter(|state| state.account() == config.address);
    let end = match set_up(&config, resume, &mut inbox, &outputs, &counters).await {
        Ok((running, backlog)) => running.serve(backlog, inbox).await,
        Err(end) => end,
    };
    if let Some(error) = &end.error {
        tracing::info!(code = error.code().as_str(), %error, "session ended");
    }
    let _ = outputs.send(SessionOutput::Ended { error: end.error.map(Into::into), resume: end.resume }).await;
}

/// How a session ended.
struct End {
    error: Option<SessionError>,
    resume: Option<ResumeState>,
}

/// Sets the session up while listening to orders.
async fn set_up(
    config: &SessionConfig,
    mut resume: Option<ResumeState>,
    inbox: &mut mpsc::UnboundedReceiver<Order>,
    outputs: &mpsc::Sender<SessionOutput>,
    counters: &Arc<Counters>,
) -> Result<(Running, VecDeque<Order>), End> {
    let request = resume.as_mut().and_then(ResumeState::request);
    let location = resume.as_ref().and_then(ResumeState::location);
    // A memory of another account is of no use either.
    let remembered = config.memory.clone().filter(|memory| *memory.account() == config.address);
    let mut memory = match remembered.map_or_else(|| ServerMemory::new(config.address.clone()), Ok) {
        Ok(memory) => memory,
        Err(error) => return Err(End { error: Some(error), resume }),
    };
    let before = memory.clone();
    let mut backlog = VecDeque::new();
    let established = {
        let attempt = login::establish(config, request, location, &mut memory, counters);
        let attempt = timeout(config.timeouts.attempt, attempt);
        tokio::pin!(attempt);
        loop {
            tokio::select! {
                biased;
                order = inbox.recv() => match order {
                    Some(Order::Leave | Order::Close | Order::Abandon) | None => break Err(None),
                    Some(order) => backlog.push_back(order),
                },
                () = outputs.closed() => break Err(None),
                result = &mut attempt => break match result {
                    Ok(result) => result.map_err(Some),
                    Err(_) => Err(Some(SessionError::NoAnswer("connecting and signing in"))),
                },
            }
        }
    };
    // Told before anything else: see the documentation of `server_memory`.
    if memory != before {
        let _ = outputs.send(SessionOutput::Remember(Box::new(memory.clone()))).await;
    }
    let established = match established {
        Ok(established) => established,
        Err(error) => return Err(End { error, resume }),
    };
    let restored = resume.map(ResumeState::restore);
    let asked = matches!(established.outcome, Outcome::Resumed { asked: true, .. });
    let memory = asked.then(|| Box::new(memory));
    let running =
        Running::new(established, restored, memory, config.timeouts, outputs.clone(), Arc::clone(counters))
            .map_err(|error| End { error: Some(error), resume: None })?;
    Ok((running, backlog))
}

/// A session that is online.
struct Running {
    wire: Wire,
    decoder: Decoder,
    /// Outputs that wait for room in the channel. While there are any, the socket is not read.
    waiting: VecDeque<SessionOutput>,
    outputs: mpsc::Sender<SessionOutput>,
    timeouts: Timeouts,
    counters: Arc<Counters>,
    /// Requests for acknowledgement that are not answered.
    asked: u32,
    awaited: Option<Awaited>,
    /// The server asked what we have, and all of it is handled: it is to be told.
    owed: bool,
    /// Something waits for company.
    company: Option<Company>,
    /// The stream was resumed, and what the server had kept for us may still be on its way.
    draining: bool,
    /// The stream was resumed, and nothing that was said on it since has been answered. The question that went ahead proves
    /// nothing: Prosody reads it before it resumes, and may be deaf behind that, if the old stream was cut inside an element.
    unproven: bool,
    /// Until when either may take at most.
    drained_by: Instant,
    /// Where it is noted what becomes of a question that went ahead of the resumption; `None` when that is known.
    ahead: Option<Box<ServerMemory>>,
    /// The owner asked for a sign of life and has not heard of one.
    probing: bool,
    probes: u64,
    /// What the server believes of us; `None` if it takes no client state.
    client_state: Option<ClientState>,
}

/// Why the session stops being served.
enum Stop {
    Leave,
    Close,
    Abandon,
    Failed(SessionError),
}

impl Running {
    fn new(
        established: Established,
        restored: Option<(StreamManagement, Decoder)>,
        ahead: Option<Box<ServerMemory>>,
        timeouts: Timeouts,
        outputs: mpsc::Sender<SessionOutput>,
        counters: Arc<Counters>,
    ) -> Result<Self, SessionError> {
        const IMPOSSIBLE: SessionError =
            SessionError::Protocol("the server acknowledged stanzas that were never sent");
        let mut waiting = VecDeque::new();
        let mut again = Vec::new();
        let draining = matches!(established.outcome, Outcome::Resumed { .. });
        let mut online = established.granted;
        let client_state = online.client_state;
        let (decoder, managed) = match established.outcome {
            Outcome::Bound { jid, managed, refused } => {
                online.stream = identity(managed.as_ref(), &jid);
                // The old session is gone, but the server may still tell how far it got.
                if let Some(((mut old, _), h)) = restored.zip(refused.and_then(|refused| refused.h)) {
                    if old.is_of_earlier_process() {
                        online.handled = Some(h);
                    } else {
                        // A count that can't be means that nothing is known.
                        waiting.extend(acknowledged(old.acknowledge(h).unwrap_or_default()));
                    }
                }
                waiting.push_back(SessionOutput::Event(SessionEvent::Online(online)));
                (Decoder::new(jid), managed.map(StreamManagement::new))
            }
            Outcome::Resumed { h, .. } => {
                let (mut managed, decoder) =
                    restored.ok_or(SessionError::Protocol("resumed what was not asked for"))?;
                let handled = managed.is_of_earlier_process().then_some(h);
                let (messages, unsure) = managed.resumed(h).map_err(|_| IMPOSSIBLE)?;
                again = unsure;
                online.handled = handled;
                waiting.push_back(SessionOutput::Event(SessionEvent::Online(online)));
                waiting.extend(acknowledged(messages));
                (decoder, Some(managed))
            }
        };
        let mut running = Self {
            wire: Wire::new(established.stream, managed),
            decoder,
            waiting,
            outputs,
            draining,
            unproven: draining,
            drained_by: Instant::now() + timeouts.acknowledgement,
            timeouts,
            counters,
            asked: u32::from(ahead.is_some()),
            ahead,
            awaited: None,
            owed: false,
            company: None,
            probing: false,
            probes: 0,
            client_state: client_state.then_some(ClientState::Active),
        };
        let repeats = !again.is_empty();
        for Unacknowledged { message, stanza } in again {
            running.wire.stanza(stanza, message);
        }
        if draining {
            // The answer comes behind everything that the server had kept.
            if running.ahead.is_none() || repeats {
                running.ask();
            }
            running.await_sign(timeouts.probe);
        }
        if let Some(element) = established.early {
            running.received(&Frame::Whole(element))?;
        }
        Ok(running)
    }

    async fn serve(mut self, backlog: VecDeque<Order>, mut inbox: mpsc::UnboundedReceiver<Order>) -> End {
        let stop = self.work(backlog, &mut inbox).await;
        let goodbye = self.timeouts.goodbye;
        let resumable = self.wire.managed.as_ref().is_some_and(|managed| managed.resume().is_some());
        let (error, resume) = match stop {
            Stop::Leave if resumable => {
                self.say_handled();
                let _ = timeout(goodbye, self.hear_out()).await;
                (None, true)
            }
            Stop::Leave | Stop::Close => {
                let _ = timeout(goodbye, self.say_goodbye()).await;
                (None, false)
            }
            Stop::Abandon => (None, true),
            Stop::Failed(SessionError::NoAnswer(what)) if self.unproven => {
                // Prosody (0.12 and 13) goes on with the XML parser of the old connection if that was cut inside an element, and
                // then understands nothing of what we say. Only a fresh session helps.
                (Some(SessionError::NoAnswer(what)), false)
            }
            Stop::Failed(error) => {
                if error == SessionError::Closed {
                    // The server closed the stream and waits for us to do the same (RFC 6120 §4.4).
                    let _ = timeout(goodbye, self.wire.close()).await;
                }
                let resume = may_resume_after(&error);
                (Some(error), resume)
            }
        };
        let lost = self.ahead.take().filter(|_| error.is_some());
        if let Some(memory) = lost.and_then(|memory| memory.question_ahead(false)) {
            self.waiting.push_back(SessionOutput::Remember(Box::new(memory)));
        }
        // What came before the end is told before the end.
        for output in self.waiting.drain(..) {
            let _ = self.outputs.send(output).await;
        }
        let stream = if resume { self.wire.give_up() } else { None };
        End { error, resume: stream.and_then(|stream| ResumeState::of(stream, self.decoder, inbox)) }
    }

    async fn work(&mut self, backlog: VecDeque<Order>, inbox: &mut mpsc::UnboundedReceiver<Order>) -> Stop {
        let mut orders = backlog;
        let outputs = self.outputs.clone();
        loop {
            if let Err(stop) = self.obey(&mut orders) {
                return stop;
            }
            let deadline = self.awaited.as_ref().map(|awaited| awaited.until);
            let goes_out = self.company.as_ref().map(Company::until);
            let reading = self.waiting.is_empty();
            tokio::select! {
                biased;
                order = inbox.recv() => match order {
                    None => return Stop::Abandon,
                    Some(order) => {
                        orders.push_back(order);
                        while let Ok(order) = inbox.try_recv() {
                            orders.push_back(order);
                        }
                    }
                },
                permit = outputs.reserve(), if !reading => match (permit, self.waiting.pop_front()) {
                    (Ok(permit), Some(output)) => permit.send(output),
                    (Err(_), _) => return Stop::Abandon,
                    (Ok(_), None) => {}
                },
                () = outputs.closed() => return Stop::Abandon,
                frame = self.wire.transfer(reading) => {
                    if let Err(error) = frame.and_then(|frame| self.received(&frame)) {
                        return Stop::Failed(error);
                    }
                }
                () = sleep_until_some(goes_out), if goes_out.is_some() => self.company_is_here(),
                () = sleep_until_some(deadline), if deadline.is_some() => {
                    if let Err(error) = self.overdue() {
                        return Stop::Failed(error);
                    }
                }
            }
        }
    }

    /// Carries out orders; asks for one acknowledgement for all that they sent.
    fn obey(&mut self, orders: &mut VecDeque<Order>) -> Result<(), Stop> {
        let mut sent = false;
        let mut probe = false;
        let mut stop = None;
        let mut company = false;
        while let Some(order) = orders.pop_front() {
            // Whoever leaves says it anyway.
            company |= matches!(order, Order::Send(_) | Order::ClientState(_) | Order::Probe);
            match order {
                Order::Send(outbound) => {
                    let (outgoing, refusal) = self.decoder.encode_or_fill(&outbound);
                    self.wire.stanza(outgoing.stanza, outgoing.message);
                    sent = true;
                    if let Some(Refusal { inbound }) = refusal {
                        tracing::warn!("something that XMPP can't carry was not sent");
                        self.waiting.push_back(SessionOutput::Refused { inbound });
                    }
                }
                Order::Reply(Reply(stanza)) if is_answer(&stanza) => {
                    self.wire.stanza_with_next(stanza);
                    self.wait_for_company();
                }
                // The next step of something that we want.
                Order::Reply(Reply(stanza)) => self.wire.stanza(stanza, None),
                Order::Handled(count) => {
                    self.decoder.handled(count);
                    let answer = self.wire.managed.as_mut().and_then(|managed| managed.handled(count));
                    if answer.is_some() {
                        self.owe();
                    }
                }
                Order::ClientState(state) => self.indicate(state),
                Order::Probe => probe = true,
                Order::Leave => stop = Some(Stop::Leave),
                Order::Close => stop = Some(Stop::Close),
                Order::Abandon => stop = Some(Stop::Abandon),
            }
            if stop.is_some() {
                break;
            }
        }
        if company {
            self.company_is_here();
        }
        if probe {
            self.probe();
        } else if sent {
            self.ask();
        }
        stop.map_or(Ok(()), Err)
    }

    /// One element came in.
    fn received(&mut self, frame: &Frame) -> Result<(), SessionError> {
        // Any element is a sign of life.
        self.awaited = None;
        if let Some(company) = &mut self.company {
            company.more_came(self.timeouts.company);
        }
        if std::mem::take(&mut self.probing) {
            self.waiting.push_back(SessionOutput::Event(SessionEvent::Alive));
        }
        let decoded = match frame {
            Frame::Whole(element) if is_stanza(element) => {
                if let Some(managed) = &mut self.wire.managed {
                    managed.received();
                }
                self.decoder.decode(element)
            }
            Frame::Oversized(head) if is_stanza(head) => {
                if let Some(managed) = &mut self.wire.managed {
                    managed.received();
                }
                self.decoder.decode_oversized(head)
            }
            Frame::Whole(element) => {
                self.nonza(element)?;
                self.still_awaited();
                return Ok(());
            }
            Frame::Oversized(_) => return Err(SessionError::Protocol("an oversized element of the stream")),
        };
        let Decoded { inbound, replies } = decoded;
        let replies = replies.into_iter().map(Reply).collect();
        self.waiting.push_back(SessionOutput::Stanza { inbound, replies });
        self.still_awaited();
        Ok(())
    }

    /// What belongs to the stream and not to anybody on it.
    fn nonza(&mut self, element: &Element) -> Result<(), SessionError> {
        if element.is("error", xns::STREAM) {
            return Err(stream_error(element));
        }
        let Some(managed) = self.wire.managed.as_mut().filter(|_| element.has_ns(xns::SM)) else {
            return Ok(());
        };
        if element.name() == "r" {
            match managed.asked() {
                Some(_) => self.owe(),
                None => self.waiting.push_back(SessionOutput::AcknowledgementWanted),
            }
        } else if element.name() == "a" {
            let count = Acknowledge::try_from(element.clone())
                .map_err(|_| SessionError::Protocol("a malformed acknowledgement"))?;
            let messages = managed.acknowledge(count.h).map_err(|_| {
                SessionError::Protocol("the server acknowledged stanzas that were never sent")
            })?;
            // One answer may stand for several questions; with nothing left to acknowledge none is open.
            let all = managed.unacknowledged().len() == 0;
            self.asked = if all { 0 } else { self.asked.saturating_sub(1) };
            self.waiting.extend(acknowledged(messages));
            match self.ahead.take() {
                Some(memory) => {
                    let news = memory.question_ahead(true);
                    self.waiting.extend(news.map(|memory| SessionOutput::Remember(Box::new(memory))));
                }
                None => self.unproven = false,
            }
            if std::mem::take(&mut self.draining) {
                self.waiting.push_back(SessionOutput::Event(SessionEvent::Drained));
            }
        }
        Ok(())
    }

    /// Tells whether somebody is looking (XEP-0352 §5.2).
    fn indicate(&mut self, state: ClientState) {
        if self.client_state.is_some_and(|told| told != state) {
            let element = match state {
                ClientState::Active => encode::element(csi::Active),
                ClientState::Inactive => encode::element(csi::Inactive),
            };
            if let Ok(element) = element {
                self.client_state = Some(state);
                self.wire.nonza(element);
            }
        }
    }
}

/// What names the stream to its server, if it can be resumed.
fn identity(granted: Option<&Enabled>, bound: &FullJid) -> Option<StreamIdentity> {
    let granted = granted.filter(|granted| granted.resume)?;
    let resource = bound.resource().as_str().to_owned();
    Some(StreamIdentity { id: granted.id.clone()?, location: granted.location.clone(), resource })
}

fn acknowledged(messages: Vec<StanzaId>) -> Option<SessionOutput> {
    (!messages.is_empty()).then_some(SessionOutput::Event(SessionEvent::Acknowledged { messages }))
}

fn is_stanza(element: &Element) -> bool {
    element.has_ns(xns::JABBER_CLIENT) && matches!(element.name(), "message" | "presence" | "iq")
}

/// Whether the server may still keep the session. After a policy violation it may, but what violated it would be the
/// first thing to be sent again.
fn may_resume_after(error: &SessionError) -> bool {
    match error {
        SessionError::Network(_) | SessionError::NoAnswer(_) | SessionError::Cut => true,
        SessionError::StreamError(condition) => matches!(
            *condition,
            "connection-timeout"
                | "internal-server-error"
                | "remote-connection-failed"
                | "reset"
                | "resource-constraint"
                | "system-shutdown"
        ),
        _ => false,
    }
}

async fn sleep_until_some(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
