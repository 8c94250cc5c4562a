//! Sets a session up: carries out what [`Negotiation`] says, on real sockets.

use std::sync::Arc;

use futures::{SinkExt, StreamExt};
use jid::FullJid;
use minidom::Element;
use tokio::io::BufReader;
use tokio_xmpp::xmlstream::{ReadError, StreamHeader, Timeouts, XmlStream, initiate_stream};
use xmpp_parsers::ns as xns;

use super::SessionConfig;
use super::socket::Socket;
use crate::connect::{self, Candidate, TlsMode};
use crate::error::SessionError;
use crate::frame::Frame;
use crate::negotiation::{Action, Input, Login, Negotiation, Refused};
use crate::stream_management::{Enabled, Resume};
use crate::timeouts::NEVER;
use crate::tls;
use crate::traffic::Counters;

type Io = BufReader<Socket>;

/// The XML stream of a session.
pub(super) type Stream = XmlStream<Io, Frame>;

/// A session that is set up.
pub(super) struct Established {
    pub(super) stream: Stream,
    pub(super) outcome: Outcome,
}

pub(super) enum Outcome {
    Bound { jid: FullJid, granted: Option<Enabled>, refused: Option<Refused> },
    Resumed { h: u32 },
}

/// Finds the server, connects, logs in. Has no deadline of its own.
pub(super) async fn establish(
    config: &SessionConfig,
    resume: Option<Resume>,
    counters: &Arc<Counters>,
) -> Result<Established, SessionError> {
    // DNS and certificates have names in ASCII form (RFC 5890).
    let domain = idna::domain_to_ascii(config.address.domain())
        .map_err(|_| SessionError::Configuration("the domain is no host name"))?;
    let (io, first) = reach(config, &domain, counters).await?;
    let negotiation = Negotiation::new(Login {
        address: config.address.clone(),
        password: config.password.clone(),
        resource: config.resource.clone(),
        allow_plain: config.allow_plain,
        resume,
    });
    negotiate(config, &domain, io, negotiation, first).await
}

/// A connection to the first candidate that takes one, under TLS where it starts with it.
async fn reach(
    config: &SessionConfig,
    domain: &str,
    counters: &Arc<Counters>,
) -> Result<(Socket, Input<'static>), SessionError> {
    let mut failure = None;
    for candidate in connect::candidates(&config.server, domain).await? {
        match reach_one(config, domain, &candidate, counters).await {
            Ok(reached) => return Ok(reached),
            // What a person can act on is worth more than a timeout.
            Err(error) if failure.is_none() || !error.code().is_transient() => failure = Some(error),
            Err(_) => {}
        }
    }
    Err(failure.unwrap_or(SessionError::UnknownHost))
}

async fn reach_one(
    config: &SessionConfig,
    domain: &str,
    candidate: &Candidate,
    counters: &Arc<Counters>,
) -> Result<(Socket, Input<'static>), SessionError> {
    let socket = connect::open(candidate, config.timeouts.tcp_connect, Arc::clone(counters)).await?;
    match candidate.tls {
        TlsMode::StartTls => Ok((Socket::new(socket), Input::Connected)),
        TlsMode::Direct => {
            let stream = tls::handshake(socket, tls::config(&config.trust, true)?, domain).await?;
            let exporter = tls::channel_binding(&stream);
            Ok((Socket::new(stream), Input::Secured { exporter }))
        }
    }
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
    domain: &str,
    io: Socket,
    mut negotiation: Negotiation,
    first: Input<'_>,
) -> Result<Established, SessionError> {
    const NO_STREAM: SessionError = SessionError::Internal("the negotiation wants a stream too early");
    let mut phase = Phase::Raw(BufReader::new(io));
    let mut actions = std::collections::VecDeque::from(negotiation.handle(first)?);
    loop {
        let Some(action) = actions.pop_front() else {
            let Phase::Open(stream) = &mut phase else { return Err(NO_STREAM) };
            let element = next_element(stream).await?;
            actions.extend(negotiation.handle(Input::Element(&element))?);
            continue;
        };
        match action {
            Action::OpenStream => {
                let stream = open(std::mem::replace(&mut phase, Phase::Moved), config).await?;
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
                let io = stream.into_inner();
                // What came in the clear behind `<proceed/>` must never be taken for something that came under TLS.
                if !io.buffer().is_empty() {
                    return Err(SessionError::Protocol("data in the clear behind the start of TLS"));
                }
                let tls_config = tls::config(&config.trust, false)?;
                let stream = tls::handshake(io.into_inner(), tls_config, domain).await?;
                let exporter = tls::channel_binding(&stream);
                phase = Phase::Raw(BufReader::new(Socket::new(stream)));
                actions.extend(negotiation.handle(Input::Secured { exporter })?);
            }
            Action::Bound { jid, granted, refused } => {
                let Phase::Open(stream) = phase else { return Err(NO_STREAM) };
                return Ok(Established {
                    stream: *stream,
                    outcome: Outcome::Bound { jid, granted, refused },
                });
            }
            Action::Resumed { h } => {
                let Phase::Open(stream) = phase else { return Err(NO_STREAM) };
                return Ok(Established { stream: *stream, outcome: Outcome::Resumed { h } });
            }
        }
    }
}

async fn open(phase: Phase, config: &SessionConfig) -> Result<Stream, SessionError> {
    let header = StreamHeader { to: Some(config.address.domain().into()), from: None, id: None };
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
