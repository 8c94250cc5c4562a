//! The bytes of a session, under TLS or not yet.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Any byte stream.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<Io: AsyncRead + AsyncWrite + Send + Unpin> Transport for Io {}

/// Bytes that are to go out behind whatever is written next, in the same flight: of TLS one record, of TCP one segment as
/// far as it holds them. What writes the XML waits for the answer to a stream header; this is how something gets in between.
#[derive(Clone, Default)]
pub(crate) struct Ahead(Arc<Mutex<Vec<u8>>>);

impl Ahead {
    /// To be called before the write that these bytes follow.
    pub(crate) fn put(&self, bytes: Vec<u8>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn waits(&self) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// A byte stream whose end is an error: between us and a server only `</stream:stream>` is a proper end. The XML parser
/// would report it as one of several faults of the document.
pub(crate) struct Socket {
    transport: Box<dyn Transport>,
    ahead: Ahead,
    /// Written, and held back until the flush that the bytes of `ahead` go out with.
    held: Vec<u8>,
}

impl Socket {
    pub(crate) fn new(transport: impl Transport + 'static) -> Self {
        Self { transport: Box::new(transport), ahead: Ahead::default(), held: Vec::new() }
    }

    /// For putting bytes behind the next write.
    pub(crate) fn ahead(&self) -> Ahead {
        self.ahead.clone()
    }

    fn poll_held(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let written = ready!(Pin::new(&mut self.transport).poll_write(context, &self.held))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.held.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.transport).poll_read(context, buffer) {
            Poll::Ready(Ok(())) if buffer.filled().len() == before && buffer.remaining() > 0 => {
                Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
            }
            result => result,
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.ahead.waits() {
            self.held.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(self.poll_held(context))?;
        Pin::new(&mut self.transport).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut behind = self.ahead.take();
        self.held.append(&mut behind);
        ready!(self.poll_held(context))?;
        Pin::new(&mut self.transport).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_held(context))?;
        Pin::new(&mut self.transport).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Takes at most so many bytes at once, and counts the writes.
    struct Narrow(tokio::io::DuplexStream, usize, Arc<Mutex<usize>>);

    impl AsyncRead for Narrow {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(context, buffer)
        }
    }

    impl AsyncWrite for Narrow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let length = bytes.len().min(self.1);
            *self.2.lock().unwrap() += 1;
            Pin::new(&mut self.0).poll_write(context, &bytes[..length])
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(context)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(context)
        }
    }

    #[tokio::test]
    async fn what_goes_ahead_follows_the_next_write_in_one_piece() {
        for width in [1, 5, 1000] {
            let (near, mut far) = tokio::io::duplex(1000);
            let writes = Arc::default();
            let mut socket = Socket::new(Narrow(near, width, Arc::clone(&writes)));
            let ahead = socket.ahead();
            ahead.put(b"<authenticate/>".to_vec());
            socket.write_all(b"<stream:").await.unwrap();
            socket.write_all(b"stream>").await.unwrap();
            assert_eq!(*writes.lock().unwrap(), 0, "held back");
            socket.flush().await.unwrap();
            if width == 1000 {
                assert_eq!(*writes.lock().unwrap(), 1);
            }
            socket.write_all(b"<response/>").await.unwrap();
            socket.flush().await.unwrap();
            drop(socket);
            let mut all = String::new();
            far.read_to_string(&mut all).await.unwrap();
            assert_eq!(all, "<stream:stream><authenticate/><response/>");
        }
    }
}
