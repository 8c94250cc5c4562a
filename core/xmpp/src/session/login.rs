//! Sets a session up: carries out what [`Negotiation`] says, on real sockets.

use std::sync::Arc;

use futures::{SinkExt, StreamExt};
use jid::FullJid;
use minidom::Element;
use tokio::io::BufReader;
use tokio::time::timeout;
use tokio_xmpp::xmlstream::{ReadError, StreamHeader, Timeouts, XmlStream, initiate_stream};
use xmpp_parsers::ns as xns;
use zeroize::Zeroizing;

use heliograph_model::stanza::Granted;
use heliograph_model::time::SystemClock;
use heliograph_model::{Clock, ErrorCode};

use super::{ServerLocation, SessionConfig};
use crate::connect::{self, Destination, Route, Secured, TlsMode, Transport};
use crate::error::{Elsewhere, SessionError};
use crate::frame::Frame;
use crate::negotiation::{Action, Input, Login, Negotiation, Refused};
use crate::server_memory::ServerMemory;
use crate::socket::{Ahead, Socket};
use crate::stream_management::{Enabled, Resume};
use crate::timeouts::{NEVER, REDIRECTS};
use crate::traffic::Counters;

type Io = BufReader<Socket>;

/// The XML stream of a session.
pub(super) type Stream = XmlStream<Io, Frame>;

/// A session that is set up.
pub(super) struct Established {
    pub(super) stream: Stream,
    pub(super) outcome: Outcome,
    pub(super) granted: Granted,
    /// An element of the session that came in already.
    pub(super) early: Option<Element>,
}

pub(super) enum Outcome {
    Bound {
        jid: FullJid,
        managed: Option<Enabled>,
        refused: Option<Refused>,
    },
    Resumed {
        h: u32,
        /// The question whether all is here is out already.
        asked: bool,
    },
}

/// Finds the server, connects, logs in. Has no deadline of its own but those of its steps. What it learns of the server is in
/// `memory` at any moment, also if it is dropped in the middle.
///
/// `location` is where the server would like the session to be resumed (XEP-0198 §5). It is tried first, and a failure there
/// costs nothing but its time.
pub(super) async fn establish(
    config: &SessionConfig,
    resume: Option<Resume>,
    location: Option<&str>,
    memory: &mut ServerMemory,
    counters: &Arc<Counters>,
) -> Result<Established, SessionError> {
    // DNS and certificates have names in ASCII form (RFC 5890).
    let domain = idna::domain_to_ascii(config.address.domain())
        .map_err(|_| SessionError::Configuration("the domain is no host name"))?;
    let mut config = config.clone();
    let mut redirects = 0;
    let home = config.server.clone();
    let mut preferred = location.and_then(Elsewhere::parse).filter(|_| resume.is_some());
    loop {
        let preferring = preferred.take().map(|elsewhere| config.server = place(elsewhere, tls_at(&home)));
        let to = config.destination(&domain);
        let reached = match config.connector.reach(&to, counters).await {
            Err(_) if preferring.is_some() => {
                config.server = home.clone();
                continue;
            }
            reached => reached?,
        };
        let (tls, first) = match reached.secured {
            None => (TlsMode::StartTls, Input::Connected),
            Some(secured) => {
                counters.went(Route { transport: reached.transport, tls_resumed: secured.resumed });
                (TlsMode::Direct, Input::Secured(secured.channel_binding))
            }
        };
        let login = Login {
            address: config.address.clone(),
            password: config.password.clone(),
            resource: config.resource.clone(),
            allow_plain: config.allow_plain,
            resume: resume.clone(),
            now: SystemClock.now(),
            redirects,
        };
        let mut negotiation = Negotiation::new(login, memory);
        match negotiate(&config, &to, reached.socket, &mut negotiation, first, counters).await {
            // The same certificate is asked for there (RFC 6120 §4.9.3.19).
            Err(SessionError::Elsewhere(elsewhere)) if redirects < REDIRECTS => {
                redirects += 1;
                config.server = place(elsewhere, tls);
            }
            Err(_) if preferring.is_some() => config.server = home.clone(),
            Err(error) => {
                let stumbled = negotiation.failed(&error);
                if matches!(error, SessionError::NoAnswer(_)) && !stumbled {
                    config.connector.was_silent(&to, &reached.way);
                }
                if error.code() == ErrorCode::NetworkUnavailable {
                    config.connector.failed(&to);
                }
                return Err(error);
            }
            Ok(established) => {
                config.connector.worked(&to, reached.way);
                return Ok(established);
            }
        }
    }
}

/// How TLS starts where a server would like to be met: as where it was met, or as RFC 6120 has it.
fn tls_at(home: &ServerLocation) -> TlsMode {
    match home {
        ServerLocation::At { tls, .. } => *tls,
        ServerLocation::Lookup => TlsMode::StartTls,
    }
}

/// Where a server refers us to: TLS starts there as it started here.
fn place(Elsewhere { host, port }: Elsewhere, tls: TlsMode) -> ServerLocation {
    let port = port.unwrap_or(match tls {
        TlsMode::StartTls => connect::DEFAULT_PORT,
        TlsMode::Direct => connect::DEFAULT_DIRECT_PORT,
    });
    ServerLocation::At { host, port, tls }
}

/// Where the bytes are: before a stream header, or behind one.
enum Phase {
    Raw(Io),
    Open(Box<Stream>),
    /// Only while one becomes the other.
    Moved,
}

async fn negotiate(
    config: &SessionConfig,
    to: &Destination<'_>,
    io: Socket,
    negotiation: &mut Negotiation<'_>,
    first: Input<'_>,
    counters: &Counters,
) -> Result<Established, SessionError> {
    const NO_STREAM: SessionError = SessionError::Internal("the negotiation wants a stream too early");
    let mut behind = io.ahead();
    let mut phase = Phase::Raw(BufReader::new(io));
    let mut actions = std::collections::VecDeque::from(negotiation.handle(first)?);
    loop {
        let Some(action) = actions.pop_front() else {
            let Phase::Open(stream) = &mut phase else { return Err(NO_STREAM) };
            let element = answered(config, next_element(stream)).await?;
            actions.extend(negotiation.handle(Input::Element(&element))?);
            continue;
        };
        match action {
            Action::OpenStream { named, ahead } => {
                put(&behind, &ahead)?;
                let opening = open(std::mem::replace(&mut phase, Phase::Moved), config, named);
                let stream = answered(config, opening).await?;
                phase = Phase::Open(Box::new(stream));
            }
            Action::Send(element) => {
                let Phase::Open(stream) = &mut phase else { return Err(NO_STREAM) };
                stream.send(&element).await?;
            }
            Action::StartTls => {
                let Phase::Open(stream) = std::mem::replace(&mut phase, Phase::Moved) else {
                    return Err(NO_STREAM);
                };
                let stream = config.connector.secure(to, bare(*stream)?).await?;
                let secured = Secured::of(&stream);
                counters.went(Route { transport: Transport::StartTls, tls_resumed: secured.resumed });
                let socket = Socket::new(stream);
                behind = socket.ahead();
                phase = Phase::Raw(BufReader::new(socket));
                actions.extend(negotiation.handle(Input::Secured(secured.channel_binding))?);
            }
            Action::Bound { jid, managed, refused, granted, early } => {
                let Phase::Open(stream) = phase else { return Err(NO_STREAM) };
                let outcome = Outcome::Bound { jid, managed, refused };
                return Ok(Established { stream: *stream, outcome, granted, early });
            }
            Action::Resumed { h, granted, asked } => {
                let Phase::Open(stream) = phase else { return Err(NO_STREAM) };
                let outcome = Outcome::Resumed { h, asked };
                return Ok(Established { stream: *stream, outcome, granted, early: None });
            }
        }
    }
}

/// What precedes TLS, and nothing more: the stream, and the server's word that TLS may start.
pub(super) async fn until_tls(config: &SessionConfig, io: Socket) -> Result<Socket, SessionError> {
    const NO_STREAM: SessionError = SessionError::Internal("the negotiation wants no stream before TLS");
    let mut memory = ServerMemory::new(config.address.clone())?;
    let login = Login {
        address: config.address.clone(),
        password: Zeroizing::default(),
        resource: None,
        allow_plain: false,
        resume: None,
        now: SystemClock.now(),
        redirects: 0,
    };
    let mut negotiation = Negotiation::new(login, &mut memory);
    let mut actions = std::collections::VecDeque::from(negotiation.handle(Input::Connected)?);
    let mut phase = Phase::Raw(BufReader::new(io));
    loop {
        match actions.pop_front() {
            Some(Action::OpenStream { named: false, ahead }) if ahead.is_empty() => {
                let stream = open(std::mem::replace(&mut phase, Phase::Moved), config, false).await?;
                phase = Phase::Open(Box::new(stream));
            }
            Some(Action::Send(element)) => {
                let Phase::Open(stream) = &mut phase else { return Err(NO_STREAM) };
                stream.send(&element).await?;
            }
            Some(Action::StartTls) => {
                let Phase::Open(stream) = phase else { return Err(NO_STREAM) };
                return bare(*stream);
            }
            Some(_) => return Err(NO_STREAM),
            None => {
                let Phase::Open(stream) = &mut phase else { return Err(NO_STREAM) };
                let element = next_element(stream).await?;
                actions.extend(negotiation.handle(Input::Element(&element))?);
            }
        }
    }
}

/// The socket under a stream that TLS takes the place of.
fn bare(stream: Stream) -> Result<Socket, SessionError> {
    let io = stream.into_inner();
    // What came in the clear behind `<proceed/>` must never be taken for something that came under TLS.
    if io.buffer().is_empty() {
        Ok(io.into_inner())
    } else {
        Err(SessionError::Protocol("data in the clear behind the start of TLS"))
    }
}

/// What the server has to say next, if it says it in time.
async fn answered<T>(
    config: &SessionConfig,
    answer: impl Future<Output = Result<T, SessionError>>,
) -> Result<T, SessionError> {
    timeout(config.timeouts.answer, answer).await.unwrap_or(Err(SessionError::NoAnswer("signing in")))
}

/// Lets elements follow the stream header that is written next.
fn put(behind: &Ahead, elements: &[Element]) -> Result<(), SessionError> {
    let mut bytes = Vec::new();
    for element in elements {
        element
            .write_to(&mut bytes)
            .map_err(|_| SessionError::Internal("an element of the login can't be written"))?;
    }
    behind.put(bytes);
    Ok(())
}

/// `named` says who we are, which servers want to know before they offer SASL2 (XEP-0388 §2.1).
async fn open(phase: Phase, config: &SessionConfig, named: bool) -> Result<Stream, SessionError> {
    let from = named.then(|| config.address.to_string().into());
    let header = StreamHeader { to: Some(config.address.domain().into()), from, id: None };
    let pending = match phase {
        Phase::Raw(io) => {
            let timeouts = Timeouts { read_timeout: NEVER, response_timeout: NEVER };
            initiate_stream(io, xns::JABBER_CLIENT, header, timeouts).await?
        }
        Phase::Open(stream) => stream.initiate_reset().send_header(header).await?,
        Phase::Moved => return Err(SessionError::Internal("the stream was lost")),
    };
    // Features are read like every other element, tolerantly.
    Ok(pending.skip_features())
}

async fn next_element(stream: &mut Stream) -> Result<Element, SessionError> {
    loop {
        match stream.next().await {
            Some(Ok(Frame::Whole(element))) => return Ok(element),
            Some(Ok(Frame::Oversized(_))) => {
                return Err(SessionError::Protocol("an oversized element during login"));
            }
            Some(Err(error)) => match read_error(error) {
                None => {}
                Some(error) => return Err(error),
            },
            None => return Err(SessionError::Cut),
        }
    }
}

/// What ends a stream; `None` for what does not.
pub(super) fn read_error(error: ReadError) -> Option<SessionError> {
    match error {
        ReadError::SoftTimeout => None,
        ReadError::HardError(error) => Some(error.into()),
        ReadError::ParseError(_) => Some(SessionError::Protocol("an element that can't be read")),
        ReadError::StreamFooterReceived => Some(SessionError::Closed),
    }
}
