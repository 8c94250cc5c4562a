//! From an account's domain to an open socket.
//!
//! A [`Connector`] is made once per account and used for every connection, because it remembers what the next one would have
//! to find out again: DNS answers, TLS tickets, and which way worked in which network. [`Connector::reach`] is the one thing
//! that a session asks of it. In order, it tries
//!
//! 1. the way that worked last in this network, without asking anybody;
//! 2. what DNS names ([`candidate`], [`resolver`]), raced with Happy Eyeballs ([`race`]), direct TLS with a head start;
//! 3. if nothing but the network was in the way of all of that: WebSocket through the domain's web server ([`host_meta`],
//!    [`websocket`]), for networks that pass only HTTPS.
//!
//! Where a sign-in was never answered, other places are tried before that one the next time, and after another such silence
//! also the web is.
//!
//! A certificate that is refused ends the attempt for its candidate, and rules out 3: whoever answers for a server with the
//! wrong certificate is no obstacle to go around.
//!
//! Does not: sign in, retry, keep anything on disk, or leave a task behind when [`Reached`] is dropped.

mod candidate;
mod field;
mod host_meta;
mod memory;
mod nat64;
mod race;
mod resolver;
mod tried;
mod websocket;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heliograph_model::NetworkId;
use hyper::Uri;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

pub(crate) use candidate::DEFAULT_PORT;
pub use candidate::{ServerLocation, TlsMode};
pub use tried::{Transport, Tried};

use crate::channel_binding::ChannelBindings;
use crate::error::SessionError;
use crate::socket::Socket;
use crate::timeouts::{self, Timeouts};
use crate::tls::{self, Pin, Purpose, Terms, Tls, Trust};
use crate::traffic::Counters;
use candidate::Candidate;
use field::Field;
use host_meta::Page;
use memory::{Memory, Way};
use race::{Attempt, Race};

/// The usual port of XMPP with TLS from the first byte; none is registered.
pub(crate) const DEFAULT_DIRECT_PORT: u16 = 5223;

/// Redirections that are followed from a domain to the host that knows: to `www.`, and once more.
const REDIRECTIONS: usize = 3;

/// The network that the device is in.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// What is learned of it is kept under this name; `None` is one network like any other.
    pub id: Option<NetworkId>,
    /// Its name servers. Without any, those are asked that the operating system tells programs: on Android and iOS it tells
    /// none, and only the plain address of the domain can be found there.
    pub name_servers: Vec<SocketAddr>,
}

/// How a session was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// How its bytes travel.
    pub transport: Transport,
    /// TLS went on from an earlier connection: no certificate was sent again.
    pub tls_resumed: bool,
}

/// Whose server to reach, and on what terms.
pub(crate) struct Destination<'a> {
    /// In ASCII form.
    pub(crate) domain: &'a str,
    pub(crate) server: &'a ServerLocation,
    /// The address of its WebSocket, where it is known beforehand.
    pub(crate) web_socket: Option<&'a str>,
    pub(crate) network: &'a Network,
    pub(crate) trust: &'a Trust,
    pub(crate) pins: &'a [Pin],
    /// A key that needs no authority to vouch for it.
    pub(crate) confirmed: Option<Pin>,
    pub(crate) timeouts: &'a Timeouts,
}

impl Destination<'_> {
    pub(crate) fn terms(&self) -> Terms {
        Terms {
            trust: self.trust.clone(),
            pins: self.pins.to_vec(),
            confirmed: self.confirmed,
            domain: self.domain.to_owned(),
        }
    }

    /// Under which the way is kept: where a server refers us to must not be taken for where it was.
    fn place(&self) -> String {
        match self.server {
            ServerLocation::Lookup => self.domain.to_owned(),
            ServerLocation::At { host, port, .. } => format!("{} at {host}:{port}", self.domain),
        }
    }
}

/// A socket to the server.
pub(crate) struct Reached {
    pub(crate) socket: Socket,
    pub(crate) transport: Transport,
    /// TLS is up; otherwise it starts with STARTTLS.
    pub(crate) secured: Option<Secured>,
    /// For [`Connector::worked`].
    pub(crate) way: Way,
    /// Answers of DNS that are renewed on the side.
    _renewing: JoinSet<bool>,
}

/// What TLS gives to the login.
pub(crate) struct Secured {
    /// See [`tls::channel_binding`].
    pub(crate) channel_binding: ChannelBindings,
    pub(crate) resumed: bool,
}

impl Secured {
    pub(crate) fn of<Io>(stream: &TlsStream<Io>) -> Self {
        Self { channel_binding: tls::channel_binding(stream), resumed: tls::was_resumed(stream) }
    }
}

/// Reaches the server of one account, again and again. Cheap to clone; all clones remember together.
#[derive(Clone)]
pub struct Connector(Arc<Inner>);

struct Inner {
    memory: Mutex<Memory>,
    /// For the draw among SRV records.
    random: Mutex<ChaCha8Rng>,
    /// With what it was made for.
    tls: Mutex<Option<(Terms, Arc<Tls>)>>,
    /// Where web servers listen; tests have no right to that port.
    https_port: u16,
}

impl Default for Connector {
    fn default() -> Self {
        // Without randomness the draw is always the same, which spreads no load and does no other harm.
        let random = ChaCha8Rng::try_from_os_rng().unwrap_or_else(|_| ChaCha8Rng::seed_from_u64(0));
        Self::with(random, 443)
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It knows where the device has been.
        formatter.write_str("Connector(redacted)")
    }
}

impl Connector {
    fn with(random: ChaCha8Rng, https_port: u16) -> Self {
        Self(Arc::new(Inner {
            memory: Mutex::default(),
            random: Mutex::new(random),
            tls: Mutex::default(),
            https_port,
        }))
    }

    /// A connection to the server. Has no deadline of its own beyond those of its steps.
    pub(crate) async fn reach(
        &self,
        to: &Destination<'_>,
        counters: &Arc<Counters>,
    ) -> Result<Reached, SessionError> {
        let tls = self.tls(to)?;
        let mut field = Field::new(self, to, counters);
        let mut tried = Tried::default();
        let mut first = None;
        let way = self.memory().way(to.network.id.as_ref(), &to.place());
        match way {
            Some(Way::WebSocket { url }) => match web_socket(&field, &tls, &url).await {
                Ok(reached) => return Ok(reached),
                Err(error) => {
                    tried.add(Transport::WebSocket, error);
                    self.memory().forget_way(to.network.id.as_ref(), &to.place());
                }
            },
            Some(Way::Tcp { candidate, address }) => first = Some(Attempt { candidate, address }),
            None => {}
        }
        loop {
            if let Some(reached) = by_any_way(&field, &tls, first.take(), &mut tried).await? {
                return Ok(reached);
            }
            // Rather one that was silent than none at all.
            if !field.try_all() {
                return Err(tried.verdict());
            }
        }
    }

    /// A connection that is only to be looked at, by `tls`: by TCP, and as if nothing were remembered of the server.
    pub(crate) async fn approach(
        &self,
        to: &Destination<'_>,
        tls: &Tls,
        counters: &Arc<Counters>,
    ) -> Result<Reached, SessionError> {
        let field = Field::new(self, to, counters);
        let mut tried = Tried::default();
        over_tcp(&field, tls, None, &mut tried)
            .await
            .map_err(|fatal| fatal.filter(is_final).unwrap_or_else(|| tried.verdict()))
    }

    /// TLS over a connection that began without.
    pub(crate) async fn secure<Io: AsyncRead + AsyncWrite + Unpin>(
        &self,
        to: &Destination<'_>,
        io: Io,
    ) -> Result<TlsStream<Io>, SessionError> {
        let tls = self.tls(to)?;
        handshake(to, &tls, io, Purpose::StartTls, to.domain).await
    }

    /// A session came about on this way: it is tried first in this network.
    pub(crate) fn worked(&self, to: &Destination<'_>, way: Way) {
        self.memory().keep_way(to.network.id.as_ref(), &to.place(), way);
    }

    /// On this way nothing was said in time: others are preferred.
    pub(crate) fn was_silent(&self, to: &Destination<'_>, way: &Way) {
        if let Way::Tcp { candidate, .. } = way {
            self.memory().note_silence(to.network.id.as_ref(), candidate);
        }
    }

    /// None did.
    pub(crate) fn failed(&self, to: &Destination<'_>) {
        self.memory().forget_way(to.network.id.as_ref(), &to.place());
    }

    fn tls(&self, to: &Destination<'_>) -> Result<Arc<Tls>, SessionError> {
        let terms = to.terms();
        let mut made = locked(&self.0.tls);
        match &*made {
            Some((known, tls)) if *known == terms => Ok(Arc::clone(tls)),
            _ => {
                let tls = Arc::new(Tls::new(&terms)?);
                *made = Some((terms, Arc::clone(&tls)));
                Ok(tls)
            }
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        locked(&self.0.memory)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether no other way is worth trying.
fn is_final(error: &SessionError) -> bool {
    !error.code().is_transient() || *error == SessionError::NoService
}

/// By TCP, or if only the network is in the way, through the web; `None` if neither works.
async fn by_any_way(
    field: &Field<'_>,
    tls: &Tls,
    mut first: Option<Attempt>,
    tried: &mut Tried,
) -> Result<Option<Reached>, SessionError> {
    let fatal = loop {
        match over_tcp(field, tls, first.take(), tried).await {
            Ok(reached) => return Ok(Some(reached)),
            Err(fatal) => {
                // What was known from before may be out of date.
                if !field.renewed().await {
                    break fatal;
                }
            }
        }
    };
    if let Some(error) = fatal.filter(is_final) {
        return Err(error);
    }
    if tried.only_network() {
        match through_the_web(field, tls).await {
            Some(Ok(reached)) => return Ok(Some(reached)),
            Some(Err(error)) => tried.add(Transport::WebSocket, error),
            None => {}
        }
    }
    Ok(None)
}

/// The first candidate that connects and, under direct TLS, shakes hands.
async fn over_tcp(
    field: &Field<'_>,
    tls: &Tls,
    first: Option<Attempt>,
    tried: &mut Tried,
) -> Result<Reached, Option<SessionError>> {
    let mut race = Race::new(field, field.to.timeouts.tcp_connect, first);
    while let Some((attempt, io)) = race.next().await {
        let way = Way::Tcp { candidate: attempt.candidate.clone(), address: attempt.address };
        let (socket, secured) = match attempt.candidate.tls {
            TlsMode::StartTls => (Socket::new(io), None),
            TlsMode::Direct => match handshake(field.to, tls, io, Purpose::Direct, field.to.domain).await {
                Ok(stream) => {
                    let secured = Secured::of(&stream);
                    (Socket::new(stream), Some(secured))
                }
                Err(error) => {
                    race.lost(&attempt, error);
                    continue;
                }
            },
        };
        let transport = attempt.candidate.tls.into();
        return Ok(Reached { socket, transport, secured, way, _renewing: field.take_renewing() });
    }
    let (failures, fatal) = race.into_failures();
    tried.append(failures);
    Err(fatal)
}

/// The last resort; `None` if there is nothing to try.
async fn through_the_web(field: &Field<'_>, tls: &Tls) -> Option<Result<Reached, SessionError>> {
    let urls = match (field.to.web_socket, field.to.server) {
        (Some(url), _) => vec![url.to_owned()],
        (None, ServerLocation::Lookup) => match timeout(timeouts::WEB, discover(field, tls)).await {
            Ok(Ok(links)) if links.is_empty() => {
                return Some(Err(SessionError::NoWebSocket("the web server names none")));
            }
            Ok(Ok(links)) => links.iter().map(Uri::to_string).collect(),
            Ok(Err(error)) => return Some(Err(error)),
            Err(_) => return Some(Err(SessionError::NoAnswer("asking the web server"))),
        },
        (None, ServerLocation::At { .. }) => return None,
    };
    let mut failures = Tried::default();
    for url in urls {
        match web_socket(field, tls, &url).await {
            Ok(reached) => return Some(Ok(reached)),
            Err(error) => failures.add(Transport::WebSocket, error),
        }
    }
    Some(Err(failures.verdict()))
}

/// The links in the domain's `host-meta`.
async fn discover(field: &Field<'_>, tls: &Tls) -> Result<Vec<Uri>, SessionError> {
    let port = match field.connector.0.https_port {
        443 => String::new(),
        port => format!(":{port}"),
    };
    for place in host_meta::PLACES {
        let mut uri: Uri = format!("https://{}{port}{place}", field.to.domain)
            .parse()
            .map_err(|_| SessionError::NoWebSocket("the domain is no web server's"))?;
        for _ in 0..=REDIRECTIONS {
            let stream = https(field, tls, &uri, Purpose::Discovery).await.map_err(|error| match error {
                // The web server of a domain need not be its operator's of XMPP; and on networks with a page to sign in
                // at, it is somebody else's.
                SessionError::Certificate(_) => {
                    SessionError::NoWebSocket("the web server's certificate was refused")
                }
                other => other,
            })?;
            match host_meta::get(stream, &uri).await? {
                Page::Links(links) if links.is_empty() => break,
                Page::Links(links) => return Ok(links),
                Page::Elsewhere(other) => uri = other,
            }
        }
    }
    Ok(Vec::new())
}

async fn web_socket(field: &Field<'_>, tls: &Tls, url: &str) -> Result<Reached, SessionError> {
    const UNUSABLE: SessionError = SessionError::Configuration("the address of the WebSocket");
    let uri: Uri = url.parse().map_err(|_| UNUSABLE)?;
    if uri.scheme_str() != Some("wss") {
        return Err(UNUSABLE);
    }
    let opening = async {
        let stream = https(field, tls, &uri, Purpose::WebSocket).await?;
        let mut secured = Secured::of(&stream);
        secured.channel_binding.by_web = true;
        let socket = Socket::new(websocket::open(stream, uri.clone()).await?);
        Ok((socket, secured))
    };
    let (socket, secured) = timeout(timeouts::WEB, opening)
        .await
        .unwrap_or(Err(SessionError::NoAnswer("connecting through the web server")))?;
    Ok(Reached {
        socket,
        transport: Transport::WebSocket,
        secured: Some(secured),
        way: Way::WebSocket { url: url.to_owned() },
        _renewing: field.take_renewing(),
    })
}

/// TLS with a web server.
async fn https(
    field: &Field<'_>,
    tls: &Tls,
    uri: &Uri,
    purpose: Purpose,
) -> Result<TlsStream<field::Io>, SessionError> {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = uri.port_u16().unwrap_or(443);
    let field = field.of_web_server(Candidate { host: host.clone(), port, tls: TlsMode::Direct });
    let mut race = Race::new(&field, field.to.timeouts.tcp_connect, None);
    while let Some((attempt, io)) = race.next().await {
        match handshake(field.to, tls, io, purpose, &host).await {
            Ok(stream) => return Ok(stream),
            Err(error) => race.lost(&attempt, error),
        }
    }
    Err(race.into_failures().0.verdict())
}

pub(crate) async fn handshake<Io: AsyncRead + AsyncWrite + Unpin>(
    to: &Destination<'_>,
    tls: &Tls,
    io: Io,
    purpose: Purpose,
    name: &str,
) -> Result<TlsStream<Io>, SessionError> {
    timeout(to.timeouts.tls_handshake, tls.handshake(io, purpose, name))
        .await
        .unwrap_or(Err(SessionError::NoAnswer("securing the connection")))
}

#[cfg(test)]
mod tests;
