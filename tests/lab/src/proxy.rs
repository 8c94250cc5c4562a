//! The wire between a phone and its server: a TCP proxy that can be cut, frozen, slowed and measured.
//!
//! It does not look into what it carries and knows no protocol; TLS runs through it end to end. Loss of single packets is
//! not modelled: TCP hides it from both ends, as delay.
//!
//! Read first: [`Proxy`]. Where a switch takes effect is in [`Condition`] and [`Failure`].

mod connection;
mod fuse;
mod traffic;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::LabError;
use fuse::Fuse;
use traffic::Meter;
pub use traffic::{Direction, Traffic};

/// What the wire does to everything that travels on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It carries.
    Whole,
    /// Every connection is reset, and every new one right after it is accepted. (Not refused: the proxy keeps its port, so
    /// that nobody else takes it meanwhile.) Bytes on their way are lost.
    Cut,
    /// Connections stand, and can even be opened, but nothing moves in either direction and nobody is told: a phone that
    /// walked out of coverage. What is on its way waits.
    BlackHole,
    /// The same in one direction only, as behind a router that forgot half of what it knew. New connections wait.
    HalfOpen(Direction),
}

impl Condition {
    fn carries(self, direction: Direction) -> bool {
        match self {
            Self::Whole => true,
            Self::Cut | Self::BlackHole => false,
            Self::HalfOpen(blocked) => blocked != direction,
        }
    }
}

/// Something that happens to a wire at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Both ends are told in an orderly way that the other one has closed. New connections are let through.
    Close,
    /// Both ends get a reset. New connections are let through.
    Reset,
    /// See [`Condition::BlackHole`]; lasts until it is healed.
    BlackHole,
    /// See [`Condition::HalfOpen`]; lasts until it is healed.
    HalfOpen(Direction),
}

/// A proxy in front of one server. Dropping it resets its connections.
pub struct Proxy {
    address: SocketAddr,
    wire: Arc<watch::Sender<Wire>>,
    fuse: Arc<Fuse>,
    meter: Arc<Meter>,
    accepting: JoinHandle<()>,
}

/// What the connections look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire {
    condition: Condition,
    latency: Duration,
    /// Counts the cuts: a connection that was opened before a cut ends even if it is woken after the healing only.
    cuts: u64,
    /// Counts the orderly closes, likewise.
    closes: u64,
}

impl Wire {
    /// Whether a connection that was opened when the wire was as `before` is over.
    fn tears(&self, before: &Self) -> bool {
        self.condition == Condition::Cut || self.cuts != before.cuts || self.closes != before.closes
    }

    fn fail(&mut self, failure: Failure) {
        match failure {
            Failure::Close => self.closes += 1,
            Failure::Reset => self.cuts += 1,
            Failure::BlackHole => self.condition = Condition::BlackHole,
            Failure::HalfOpen(direction) => self.condition = Condition::HalfOpen(direction),
        }
    }
}

impl Proxy {
    /// A proxy on a free port of 127.0.0.1 that leads to `server`.
    pub async fn start(server: SocketAddr) -> Result<Self, LabError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(LabError::io("listening for the proxy"))?;
        let address = listener.local_addr().map_err(LabError::io("asking for the proxy's port"))?;
        let wire = Wire { condition: Condition::Whole, latency: Duration::ZERO, cuts: 0, closes: 0 };
        let wire = Arc::new(watch::Sender::new(wire));
        let (fuse, meter) = (Arc::new(Fuse::new(Arc::clone(&wire))), Arc::new(Meter::default()));
        let accepting =
            tokio::spawn(accept(listener, server, wire.subscribe(), Arc::clone(&fuse), Arc::clone(&meter)));
        Ok(Self { address, wire, fuse, meter, accepting })
    }

    /// Where the phone connects to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// See [`Condition::Cut`].
    pub fn cut(&self) {
        self.wire.send_modify(|wire| {
            wire.condition = Condition::Cut;
            wire.cuts += 1;
        });
    }

    /// See [`Condition::BlackHole`].
    pub fn black_hole(&self) {
        self.wire.send_modify(|wire| wire.condition = Condition::BlackHole);
    }

    /// Back to [`Condition::Whole`]: what a black hole held moves on, new connections are let through.
    pub fn heal(&self) {
        self.wire.send_modify(|wire| wire.condition = Condition::Whole);
    }

    /// Lets something happen now.
    pub fn fail(&self, failure: Failure) {
        self.wire.send_modify(|wire| wire.fail(failure));
    }

    /// Lets something happen as soon as so many more bytes have been carried, in whichever direction, in the middle of
    /// whatever they are. Replaces what was planned before.
    pub fn fail_after(&self, bytes: u64, failure: Failure) {
        self.fuse.light(bytes, failure);
    }

    /// Waits until what [`Self::fail_after`] planned has happened; returns at once if nothing is planned.
    pub async fn failed(&self) {
        self.fuse.blown().await;
    }

    /// Delays every byte that is read from now on by `each_way`, so a round trip takes twice that. Order is kept. A new
    /// connection takes a round trip before its first byte moves, as TCP's handshake does (RFC 9293 §3.5).
    pub fn latency(&self, each_way: Duration) {
        self.wire.send_modify(|wire| wire.latency = each_way);
    }

    /// What it carried since the start.
    pub fn traffic(&self) -> Traffic {
        self.meter.read()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    wire: watch::Receiver<Wire>,
    fuse: Arc<Fuse>,
    meter: Arc<Meter>,
) {
    // Only running out of file descriptors gets here; then the wire is as good as cut.
    while let Ok((phone, _)) = listener.accept().await {
        meter.accepted();
        tokio::spawn(connection::carry(phone, server, wire.clone(), Arc::clone(&fuse), Arc::clone(&meter)));
    }
}

#[cfg(test)]
mod tests;
