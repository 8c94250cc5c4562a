//! The wire between a phone and its server: a TCP proxy that can be cut, frozen, slowed and measured.
//!
//! It does not look into what it carries and knows no protocol; TLS runs through it end to end. Loss of single packets is
//! not modelled: TCP hides it from both ends, as delay.
//!
//! Read first: [`Proxy`]. Where a switch takes effect is in [`Condition`].

mod connection;
mod traffic;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::LabError;
use traffic::Meter;
pub use traffic::Traffic;

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
}

/// A proxy in front of one server. Dropping it resets its connections.
pub struct Proxy {
    address: SocketAddr,
    wire: watch::Sender<Wire>,
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
}

impl Proxy {
    /// A proxy on a free port of 127.0.0.1 that leads to `server`.
    pub async fn start(server: SocketAddr) -> Result<Self, LabError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(LabError::io("listening for the proxy"))?;
        let address = listener.local_addr().map_err(LabError::io("asking for the proxy's port"))?;
        let (wire, watched) =
            watch::channel(Wire { condition: Condition::Whole, latency: Duration::ZERO, cuts: 0 });
        let meter = Arc::new(Meter::default());
        let accepting = tokio::spawn(accept(listener, server, watched, Arc::clone(&meter)));
        Ok(Self { address, wire, meter, accepting })
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

    /// Delays every byte that is read from now on by `each_way`, so a round trip takes twice that. Order is kept.
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

async fn accept(listener: TcpListener, server: SocketAddr, wire: watch::Receiver<Wire>, meter: Arc<Meter>) {
    // Only running out of file descriptors gets here; then the wire is as good as cut.
    while let Ok((phone, _)) = listener.accept().await {
        meter.accepted();
        tokio::spawn(connection::carry(phone, server, wire.clone(), Arc::clone(&meter)));
    }
}

#[cfg(test)]
mod tests;
