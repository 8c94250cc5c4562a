//! Counts what crosses the socket, below TLS.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connect::Route;

/// What went over one session's socket, TLS included, TCP and IP headers not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// How often we turned from listening to speaking: the round trips of a set-up, and afterwards the bursts.
    pub flights: u64,
}

/// The running counts of one session.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    up: AtomicU64,
    down: AtomicU64,
    flights: AtomicU64,
    /// The last transfer was ours.
    speaking: AtomicBool,
    /// How the server was reached.
    route: OnceLock<Route>,
}

impl Counters {
    pub(crate) fn read(&self) -> Traffic {
        Traffic {
            bytes_up: self.up.load(Ordering::Relaxed),
            bytes_down: self.down.load(Ordering::Relaxed),
            flights: self.flights.load(Ordering::Relaxed),
        }
    }

    /// Told once, when TLS is up.
    pub(crate) fn went(&self, route: Route) {
        let _ = self.route.set(route);
    }

    pub(crate) fn route(&self) -> Option<Route> {
        self.route.get().copied()
    }

    fn sent(&self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        self.up.fetch_add(bytes as u64, Ordering::Relaxed);
        if !self.speaking.swap(true, Ordering::Relaxed) {
            self.flights.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn received(&self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        self.down.fetch_add(bytes as u64, Ordering::Relaxed);
        self.speaking.store(false, Ordering::Relaxed);
    }
}

/// A byte stream whose traffic is counted.
pub(crate) struct Counted<Io> {
    inner: Io,
    counters: Arc<Counters>,
}

impl<Io> Counted<Io> {
    pub(crate) fn new(inner: Io, counters: Arc<Counters>) -> Self {
        Self { inner, counters }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Counted<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(context, buffer);
        self.counters.received(buffer.filled().len().saturating_sub(before));
        result
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Counted<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = result {
            self.counters.sent(written);
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_flight_is_a_turn_from_listening_to_speaking() {
        let (near, mut far) = tokio::io::duplex(64);
        let counters = Arc::new(Counters::default());
        let mut near = Counted::new(near, Arc::clone(&counters));
        near.write_all(b"one").await.unwrap();
        near.write_all(b"two").await.unwrap();
        far.write_all(b"answer").await.unwrap();
        let mut answer = [0; 6];
        near.read_exact(&mut answer).await.unwrap();
        near.write_all(b"three").await.unwrap();
        assert_eq!(counters.read(), Traffic { bytes_up: 11, bytes_down: 6, flights: 2 });
    }
}
