//! The stream with what waits to be written to it.
//!
//! Reading and writing go on at the same time: a server that does not read while it can't write, and a client that does
//! the same, would otherwise wait for each other for ever.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{Sink, Stream as _};
use heliograph_model::StanzaId;
use minidom::Element;

use super::login::{Stream, read_error};
use crate::encode;
use crate::error::SessionError;
use crate::frame::Frame;
use crate::stream_management::{StreamManagement, Unacknowledged};

/// An element on its way out.
struct Queued {
    element: Element,
    /// Stanzas are counted, what belongs to the stream itself is not.
    stanza: bool,
    message: Option<StanzaId>,
}

/// A stream under stream management, or without.
pub(super) struct Wire {
    stream: Stream,
    /// `None` if the server has none.
    pub(super) managed: Option<StreamManagement>,
    queue: VecDeque<Queued>,
    /// Not all that is queued may wait for company.
    urgent: bool,
}

impl Wire {
    pub(super) fn new(stream: Stream, managed: Option<StreamManagement>) -> Self {
        Self { stream, managed, queue: VecDeque::new(), urgent: false }
    }

    /// Queues a stanza.
    pub(super) fn stanza(&mut self, element: Element, message: Option<StanzaId>) {
        self.queue.push_back(Queued { element, stanza: true, message });
        self.urgent = true;
    }

    /// Queues a stanza that goes out with the next one.
    pub(super) fn stanza_with_next(&mut self, element: Element) {
        self.queue.push_back(Queued { element, stanza: true, message: None });
    }

    /// Nothing that is queued waits any longer.
    pub(super) fn hurry(&mut self) {
        self.urgent = true;
    }

    /// Queues an element of the stream itself.
    pub(super) fn nonza(&mut self, element: Element) {
        self.queue.push_back(Queued { element, stanza: false, message: None });
        self.urgent = true;
    }

    /// Writes what is queued and, if `reading`, reads one element. Safe to drop between polls: nothing is kept outside of
    /// `self`.
    pub(super) async fn transfer(&mut self, reading: bool) -> Result<Frame, SessionError> {
        poll_fn(|context| {
            if let Poll::Ready(Err(error)) = self.poll_write(context) {
                return Poll::Ready(Err(error));
            }
            if reading { self.poll_read(context) } else { Poll::Pending }
        })
        .await
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Frame, SessionError>> {
        loop {
            match Pin::new(&mut self.stream).poll_next(context) {
                Poll::Ready(Some(Ok(frame))) => return Poll::Ready(Ok(frame)),
                Poll::Ready(Some(Err(error))) => {
                    if let Some(error) = read_error(error) {
                        return Poll::Ready(Err(error));
                    }
                }
                Poll::Ready(None) => return Poll::Ready(Err(SessionError::Cut)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Moves the queue into the stream and the stream into the socket, as far as they take it.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SessionError>> {
        while self.urgent && !self.queue.is_empty() {
            match Sink::<&Element>::poll_ready(Pin::new(&mut self.stream), context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                Poll::Pending => return Poll::Pending,
            }
            let Some(Queued { element, stanza, message }) = self.queue.pop_front() else { break };
            match Sink::<&Element>::start_send(Pin::new(&mut self.stream), &element) {
                Ok(()) => {
                    if let Some(managed) = self.managed.as_mut().filter(|_| stanza) {
                        managed.sent(Unacknowledged { message, stanza: element });
                    }
                }
                // Only this element: nothing of it was written. Its owner has counted it, so something has to be sent.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    tracing::error!("an element can't be written as XML and was not sent");
                    if stanza {
                        let element = encode::iq::nothing();
                        self.queue.push_front(Queued { element, stanza, message: None });
                    }
                }
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
        self.urgent = false;
        Sink::<&Element>::poll_flush(Pin::new(&mut self.stream), context).map_err(Into::into)
    }

    /// Writes all that is queued.
    pub(super) async fn flush(&mut self) -> Result<(), SessionError> {
        self.hurry();
        poll_fn(|context| self.poll_write(context)).await
    }

    /// Closes our side of the stream.
    pub(super) async fn close(&mut self) -> Result<(), SessionError> {
        Ok(self.stream.shutdown().await?)
    }

    /// Nothing more will be written: what is queued counts as sent, so that a resumption sends it.
    pub(super) fn give_up(self) -> Option<StreamManagement> {
        let mut managed = self.managed?;
        for queued in self.queue.into_iter().filter(|queued| queued.stanza) {
            managed.sent(Unacknowledged { message: queued.message, stanza: queued.element });
        }
        Some(managed)
    }
}
