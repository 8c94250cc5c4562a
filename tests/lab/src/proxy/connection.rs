//! One connection through the proxy.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::fuse::Fuse;
use super::traffic::{Direction, LastSpeaker, Meter};
use super::{Condition, Wire};
use crate::policy::{PROXY_CHUNK, PROXY_QUEUE};

/// How the wire ended a connection.
enum Torn {
    Reset,
    Closed,
}

/// Carries one connection until an end closes it or the wire does.
pub(super) async fn carry(
    mut phone: TcpStream,
    server: SocketAddr,
    wire: watch::Receiver<Wire>,
    fuse: Arc<Fuse>,
    meter: Arc<Meter>,
) {
    let Wire { cuts, closes, .. } = *wire.borrow();
    let mut tearing = wire.clone();
    let torn = async {
        let changed =
            |now: &Wire| now.condition == Condition::Cut || now.cuts != cuts || now.closes != closes;
        match tearing.wait_for(changed).await {
            Ok(now) if now.condition != Condition::Cut && now.cuts == cuts => Torn::Closed,
            // An error means that the proxy is gone, which is a cut as well.
            _ => Torn::Reset,
        }
    };
    let mut onward = None;
    let torn = tokio::select! {
        biased;
        torn = torn => torn,
        _ = join(&mut phone, &mut onward, server, wire, &fuse, &meter) => return,
    };
    match torn {
        Torn::Reset => {
            // Closing with SO_LINGER 0 is a reset. If it can't be set, the ends see an orderly close, which is a cut too.
            let _ = phone.set_zero_linger();
            let _ = onward.map(|stream| stream.set_zero_linger());
        }
        Torn::Closed => {
            let server = async {
                if let Some(stream) = &mut onward {
                    say_goodbye(stream).await;
                }
            };
            tokio::join!(say_goodbye(&mut phone), server);
        }
    }
}

/// Ends our direction and hears the other end out: closing a socket with something unread in it would be a reset.
async fn say_goodbye(stream: &mut TcpStream) {
    // The end that is gone already needs no goodbye.
    let _ = stream.shutdown().await;
    let _ = tokio::io::copy(stream, &mut tokio::io::sink()).await;
}

/// Connects to the server and moves bytes both ways until both directions have ended.
async fn join(
    phone: &mut TcpStream,
    onward: &mut Option<TcpStream>,
    server: SocketAddr,
    mut wire: watch::Receiver<Wire>,
    fuse: &Fuse,
    meter: &Meter,
) -> io::Result<()> {
    // The server sees a connection only once the wire is whole: a SYN would wait in a black hole, too.
    let before = *wire.borrow();
    let latency = until(&mut wire, |now| now.condition == Condition::Whole).await?.latency;
    let open = Instant::now() + latency * 2;
    let server = onward.insert(TcpStream::connect(server).await?);
    sleep_until(open).await;
    // Without it the wire still carries, only later.
    let _ = (phone.set_nodelay(true), server.set_nodelay(true));
    let (from_phone, to_phone) = phone.split();
    let (from_server, to_server) = server.split();
    let last = LastSpeaker::new(None);
    let wire = |direction| Way { wire: wire.clone(), before, direction, fuse, meter, last: &last };
    tokio::join!(
        travel(from_phone, to_server, wire(Direction::Up)),
        travel(from_server, to_phone, wire(Direction::Down)),
    );
    Ok(())
}

/// One direction of the wire, as one connection sees it.
#[derive(Clone)]
struct Way<'a> {
    wire: watch::Receiver<Wire>,
    /// What the wire was when the connection was opened.
    before: Wire,
    direction: Direction,
    fuse: &'a Fuse,
    meter: &'a Meter,
    last: &'a LastSpeaker,
}

impl Way<'_> {
    /// Waits until it carries. Never again once the connection is torn: [`carry`] ends it.
    async fn passable(&mut self) -> io::Result<Wire> {
        let (direction, before) = (self.direction, self.before);
        until(&mut self.wire, |now| now.condition.carries(direction) && !now.tears(&before)).await
    }
}

/// Bytes on their way, with the time of their arrival.
type Flying = (Instant, Vec<u8>);

/// One direction, until its source is closed or its destination refuses.
async fn travel(from: ReadHalf<'_>, to: WriteHalf<'_>, way: Way<'_>) {
    let (departures, arrivals) = mpsc::channel(PROXY_QUEUE);
    // A socket error on one side is told to the other as the end of the stream, so neither result is of interest.
    let _ = tokio::join!(depart(from, departures, way.clone()), arrive(to, arrivals, way));
}

async fn depart(
    mut from: ReadHalf<'_>,
    departures: mpsc::Sender<Flying>,
    mut way: Way<'_>,
) -> io::Result<()> {
    let mut chunk = vec![0; PROXY_CHUNK];
    loop {
        let latency = way.passable().await?.latency;
        let count = from.read(&mut chunk).await?;
        let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
        departures
            .send((Instant::now() + latency, bytes.to_vec()))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
    }
}

async fn arrive(
    mut to: WriteHalf<'_>,
    mut arrivals: mpsc::Receiver<Flying>,
    mut way: Way<'_>,
) -> io::Result<()> {
    while let Some((due, bytes)) = arrivals.recv().await {
        sleep_until(due).await;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            way.passable().await?;
            let (passing, held) = rest.split_at(way.fuse.pass(rest.len()));
            // Counted first, so that nobody can have read bytes that are not counted yet.
            way.meter.moved(way.direction, passing.len(), way.last);
            to.write_all(passing).await?;
            rest = held;
        }
    }
    // The end of the stream is on the wire, too.
    way.passable().await?;
    // One end closed its direction in an orderly way; the other may still be talking.
    to.shutdown().await
}

/// Waits until the wire is as wanted.
async fn until(wire: &mut watch::Receiver<Wire>, wanted: impl Fn(&Wire) -> bool) -> io::Result<Wire> {
    wire.wait_for(wanted).await.map(|now| *now).map_err(|_| io::Error::from(io::ErrorKind::ConnectionReset))
}
