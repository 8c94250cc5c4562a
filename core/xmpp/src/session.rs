//! One session with one server: from the first DNS question to the end of the stream.
//!
//! Read [`Session::start`] first, then [`SessionOutput`]. A session lives once: it connects, logs in, and ends; whoever
//! wants another one starts another one, with the [`ResumeState`] of the last if there is one. When to try again is the
//! business of the caller.
//!
//! **Order and acknowledgement.** Every stanza that the server sends gives exactly one [`SessionOutput::Stanza`], also
//! when nothing in it concerns the engine. The caller says [`SessionHandle::handled`] when what it was given is safe on
//! disk; only then does the server hear of it (XEP-0198 §4), so that a stanza is either committed here or kept there.
//!
//! **Back-pressure.** The output channel is bounded. While it is full the socket is not read, and TCP slows the server
//! down. Sending never blocks: the engine bounds what it has in flight.

mod driver;
mod inspection;
mod login;
mod resume;
mod wire;

use std::sync::Arc;

use heliograph_model::stanza::{ClientState, Inbound, Outbound, SessionEvent};
use heliograph_model::{Address, Error};
use minidom::Element;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

pub use crate::connect::{Connector, Network, Route, ServerLocation, TlsMode, Transport};
pub use crate::server_memory::ServerMemory;
pub use crate::timeouts::Timeouts;
pub use crate::tls::{CertificateProblem, InvalidPin, Pin, ServerCertificate, Trust};
pub use crate::traffic::Traffic;
pub use inspection::inspect;
pub use resume::{ResumeState, StoredStream};

use crate::connect::Destination;
use crate::error::SessionError;
use crate::traffic::Counters;

/// Outputs that wait for the caller before the socket is left unread. A page of an archive is 50 to 250 stanzas; more than
/// one page of waiting only costs memory.
const OUTPUTS: usize = 256;

/// What a session needs to know. `Debug` shows neither the address nor the password.
#[derive(Clone)]
pub struct SessionConfig {
    /// The account.
    pub address: Address,
    /// Its password. SASLprep (RFC 4013) is applied here.
    pub password: Zeroizing<String>,
    /// The resource to ask for; `None` leaves the choice to the server, which is best for privacy. A server with Bind 2 takes
    /// it for the first part of one that it makes for this installation (XEP-0386 §3.2.1).
    pub resource: Option<String>,
    /// Where the server is.
    pub server: ServerLocation,
    /// The address (`wss:`) of the server's WebSocket, where it is known; otherwise its web server is asked (XEP-0156). Only
    /// used where nothing else gets through.
    pub web_socket: Option<String>,
    /// Whose certificates to believe.
    pub trust: Trust,
    /// The keys of which the server must have one, besides a certificate that is believed. Empty: any.
    pub pins: Vec<Pin>,
    /// A key of the server that the user has confirmed: a certificate for it is believed although no authority vouches for it,
    /// if it is for the domain and of this time. Other certificates need an authority as ever.
    pub trusted_key: Option<Pin>,
    /// The network that the device is in.
    pub network: Network,
    /// What is remembered of earlier connections. To be the same for all sessions of an account.
    pub connector: Connector,
    /// Whether to send the password readable (inside TLS, never outside) to a server that offers no SCRAM at all.
    pub allow_plain: bool,
    /// What the last [`SessionOutput::Remember`] said, after [`ServerMemory::reserve`]; `None` for a server that is new or to
    /// be forgotten.
    pub memory: Option<ServerMemory>,
    /// The deadlines.
    pub timeouts: Timeouts,
}

impl SessionConfig {
    /// An account on a public server, everything else as it should be.
    pub fn new(address: Address, password: Zeroizing<String>) -> Self {
        Self {
            address,
            password,
            resource: None,
            server: ServerLocation::Lookup,
            web_socket: None,
            trust: Trust::Public,
            pins: Vec::new(),
            trusted_key: None,
            network: Network::default(),
            connector: Connector::default(),
            allow_plain: false,
            memory: None,
            timeouts: Timeouts::default(),
        }
    }

    /// Where to connect to; `domain` is the account's in ASCII form.
    fn destination<'a>(&'a self, domain: &'a str) -> Destination<'a> {
        Destination {
            domain,
            server: &self.server,
            web_socket: self.web_socket.as_deref(),
            network: &self.network,
            trust: &self.trust,
            pins: &self.pins,
            confirmed: self.trusted_key,
            timeouts: &self.timeouts,
        }
    }
}

impl std::fmt::Debug for SessionConfig {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SessionConfig")
            .field("allow_plain", &self.allow_plain)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

/// What a session tells its owner, in the order in which it happened.
#[derive(Debug)]
pub enum SessionOutput {
    /// [`SessionEvent::Online`], [`SessionEvent::Acknowledged`] or [`SessionEvent::Alive`]. The end is told by [`SessionOutput::Ended`] and never
    /// by [`SessionEvent::Closed`].
    Event(SessionEvent),
    /// What is to be kept for the next session, in place of what there was. To be made safe before the next output is taken:
    /// why is written in [`crate::server_memory`].
    Remember(Box<ServerMemory>),
    /// One stanza came in. To be counted by [`SessionHandle::handled`], also when `inbound` is empty.
    Stanza {
        /// What it means.
        inbound: Vec<Inbound>,
        /// What is to be sent for it, by [`SessionHandle::reply`], once it is safe on disk.
        replies: Vec<Reply>,
    },
    /// Something that was to be sent can't be written as XML; a stanza that says nothing went out in its place.
    Refused {
        /// What a server would have answered.
        inbound: Vec<Inbound>,
    },
    /// The server waits for [`SessionHandle::handled`] (XEP-0198 §4).
    AcknowledgementWanted,
    /// The last output. The socket is closed and no task runs any more.
    Ended {
        /// Why; `None` if [`SessionHandle::close`] or [`SessionHandle::abandon`] asked for it.
        error: Option<Error>,
        /// For the next [`Session::start`], where the server may still keep this session.
        resume: Option<ResumeState>,
    },
}

/// A stanza that answers another one without anybody having to think about it. Sent by its owner and not by the session
/// itself, because every stanza of ours is counted, and the owner keeps the count.
pub struct Reply(Element);

impl std::fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Reply")
    }
}

/// Starts sessions.
#[derive(Debug)]
pub struct Session;

impl Session {
    /// Connects and logs in, on a task of its own, and resumes the session in `resume` if the server still has it.
    ///
    /// Never fails by itself: everything that goes wrong comes as [`SessionOutput::Ended`]. Dropping the receiver ends the
    /// session as [`SessionHandle::abandon`] does. Must be called on a tokio runtime with I/O and time.
    pub fn start(
        config: SessionConfig,
        resume: Option<ResumeState>,
    ) -> (SessionHandle, mpsc::Receiver<SessionOutput>) {
        let (orders, inbox) = mpsc::unbounded_channel();
        let (outputs, receiver) = mpsc::channel(OUTPUTS);
        let counters = Arc::new(Counters::default());
        let handle = SessionHandle { orders, counters: Arc::clone(&counters) };
        let task = driver::run(config, resume, inbox, outputs.clone(), counters);
        tokio::spawn(async move {
            // A panic inside a library must reach the owner as an end, not as silence.
            if tokio::spawn(task).await.is_err() {
                let error = Some(SessionError::Internal("the session task panicked").into());
                let _ = outputs.send(SessionOutput::Ended { error, resume: None }).await;
            }
        });
        (handle, receiver)
    }
}

/// Speaks to a running session. All methods return at once; on a session that has ended they do nothing.
#[derive(Clone, Debug)]
pub struct SessionHandle {
    orders: mpsc::UnboundedSender<Order>,
    counters: Arc<Counters>,
}

impl SessionHandle {
    /// Sends, in order. What is sent before [`SessionEvent::Online`] waits for it. Whether it arrived is told by
    /// [`SessionEvent::Acknowledged`] for messages and by an answer for requests; on a session that ends first, by nothing.
    pub fn send(&self, outbound: Outbound) {
        self.order(Order::Send(Box::new(outbound)));
    }

    /// Sends an answer, in order with what is sent.
    pub fn reply(&self, reply: Reply) {
        self.order(Order::Reply(reply));
    }

    /// `count` further outputs of [`SessionOutput::Stanza`] are safe on disk, in their order; the server may forget them.
    pub fn handled(&self, count: u32) {
        self.order(Order::Handled(count));
    }

    /// Tells the server whether somebody is looking (XEP-0352), if it takes that and does not know it yet. A session begins
    /// active, also a resumed one.
    pub fn client_state(&self, state: ClientState) {
        self.order(Order::ClientState(state));
    }

    /// Asks the server for a sign of life now, told as [`SessionEvent::Alive`]; without one within [`Timeouts::probe`] the session ends as
    /// [`NetworkUnavailable`](heliograph_model::ErrorCode::NetworkUnavailable), to be resumed.
    pub fn probe(&self) {
        self.order(Order::Probe);
    }

    /// Goes to sleep: sends what was given so far and what was handled, and closes the socket but not the stream, so that
    /// the session can be resumed. Where the server does not allow that, as [`Self::close`].
    pub fn leave(&self) {
        self.order(Order::Leave);
    }

    /// Says goodbye: sends what was given so far, closes the stream, waits [`Timeouts::goodbye`] for the server to do
    /// the same. The session can't be resumed afterwards.
    pub fn close(&self) {
        self.order(Order::Close);
    }

    /// Drops the socket without a word, for when the network is gone. The session may be resumed.
    pub fn abandon(&self) {
        self.order(Order::Abandon);
    }

    /// What went over the socket so far.
    pub fn traffic(&self) -> Traffic {
        self.counters.read()
    }

    /// How the server was reached; `None` until TLS is up.
    pub fn route(&self) -> Option<Route> {
        self.counters.route()
    }

    fn order(&self, order: Order) {
        // An error means that the session has ended, which its owner hears from its outputs.
        let _ = self.orders.send(order);
    }
}

/// From the handle to the task.
#[derive(Debug)]
enum Order {
    Send(Box<Outbound>),
    Reply(Reply),
    Handled(u32),
    ClientState(ClientState),
    Probe,
    Leave,
    Close,
    Abandon,
}
