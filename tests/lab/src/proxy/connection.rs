//! One connection through the proxy.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::traffic::{Direction, LastSpeaker, Meter};
use super::{Condition, Wire};
use crate::policy::{PROXY_CHUNK, PROXY_QUEUE};

/// Carries one connection until an end closes it or the wire is cut.
pub(super) async fn carry(
    mut phone: TcpStream,
    server: SocketAddr,
    wire: watch::Receiver<Wire>,
    meter: Arc<Meter>,
) {
    let cuts = wire.borrow().cuts;
    let mut tearing = wire.clone();
    let torn = tearing.wait_for(|now| now.condition == Condition::Cut || now.cuts != cuts);
    let mut onward = None;
    let ended_by_itself = tokio::select! {
        biased;
        // An error means that the proxy is gone, which is a cut as well.
        _ = torn => false,
        _ = join(&mut phone, &mut onward, server, wire, &meter) => true,
    };
    if !ended_by_itself {
        // Closing with SO_LINGER 0 is a reset. If it can't be set, the ends see an orderly close, which is a cut too.
        let _ = phone.set_zero_linger();
        let _ = onward.map(|stream| stream.set_zero_linger());
    }
}

/// Connects to the server and moves bytes both ways until both directions have ended.
async fn join(
    phone: &mut TcpStream,
    onward: &mut Option<TcpStream>,
    server: SocketAddr,
    mut wire: watch::Receiver<Wire>,
    meter: &Meter,
) -> io::Result<()> {
    // The server sees a connection only once the wire is whole: a SYN would wait in a black hole, too.
    passable(&mut wire).await?;
    let server = onward.insert(TcpStream::connect(server).await?);
    // Without it the wire still carries, only later.
    let _ = (phone.set_nodelay(true), server.set_nodelay(true));
    let (from_phone, to_phone) = phone.split();
    let (from_server, to_server) = server.split();
    let last = LastSpeaker::new(None);
    tokio::join!(
        travel(from_phone, to_server, &wire, |bytes| meter.moved(Direction::Up, bytes, &last)),
        travel(from_server, to_phone, &wire, |bytes| meter.moved(Direction::Down, bytes, &last)),
    );
    Ok(())
}

/// Bytes on their way, with the time of their arrival.
type Flying = (Instant, Vec<u8>);

/// One direction, until its source is closed or its destination refuses.
async fn travel(
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    wire: &watch::Receiver<Wire>,
    count: impl FnMut(usize),
) {
    let (departures, arrivals) = mpsc::channel(PROXY_QUEUE);
    // A socket error on one side is told to the other as the end of the stream, so neither result is of interest.
    let _ = tokio::join!(depart(from, departures, wire.clone()), arrive(to, arrivals, wire.clone(), count));
}

async fn depart(
    mut from: ReadHalf<'_>,
    departures: mpsc::Sender<Flying>,
    mut wire: watch::Receiver<Wire>,
) -> io::Result<()> {
    let mut chunk = vec![0; PROXY_CHUNK];
    loop {
        let latency = passable(&mut wire).await?.latency;
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
    mut wire: watch::Receiver<Wire>,
    mut count: impl FnMut(usize),
) -> io::Result<()> {
    while let Some((due, bytes)) = arrivals.recv().await {
        sleep_until(due).await;
        passable(&mut wire).await?;
        // Counted first, so that nobody can have read bytes that are not counted yet.
        count(bytes.len());
        to.write_all(&bytes).await?;
    }
    // One end closed its direction in an orderly way; the other may still be talking.
    to.shutdown().await
}

/// Waits until the wire carries.
async fn passable(wire: &mut watch::Receiver<Wire>) -> io::Result<Wire> {
    wire.wait_for(|now| now.condition == Condition::Whole)
        .await
        .map(|now| *now)
        .map_err(|_| io::Error::from(io::ErrorKind::ConnectionReset))
}
