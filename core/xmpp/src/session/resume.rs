//! What outlives a socket, and what outlives a process: enough to take a session up again (XEP-0198 §5).

use heliograph_model::stanza::StreamIdentity;
use heliograph_model::{Address, StanzaId};
use jid::FullJid;
use tokio::sync::mpsc;

use super::Order;
use crate::decode::Decoder;
use crate::stream_management::{Enabled, Resume, StreamManagement, Unacknowledged};

/// A session that the server may still keep. `Debug` shows nothing of it.
///
/// It stands exactly where its owner left it: what the owner said to the session after its end
/// ([`handled`](super::SessionHandle::handled), [`send`](super::SessionHandle::send), [`reply`](super::SessionHandle::reply))
/// still counts.
pub struct ResumeState(Box<Left>);

/// What the session left.
struct Left {
    stream: StreamManagement,
    decoder: Decoder,
    /// What the owner of the session said after its end.
    late: Option<mpsc::UnboundedReceiver<Order>>,
}

/// What a process wrote down about its session, for the one after it. Every number is of the same committed transaction.
pub struct StoredStream {
    /// The account.
    pub account: Address,
    /// As it was granted (see [`Granted::stream`](heliograph_model::stanza::Granted::stream)).
    pub identity: StreamIdentity,
    /// Stanzas of the server that were handled, modulo 2^32.
    pub received: u32,
    /// The rooms that we are in, and our name in each.
    pub rooms: Vec<(Address, String)>,
}

impl std::fmt::Debug for ResumeState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ResumeState").finish_non_exhaustive()
    }
}

impl ResumeState {
    /// The session of an earlier process. Its open questions are forgotten: who asked them is gone. `None` if the stored
    /// resource can't be one.
    pub fn stored(stored: StoredStream) -> Option<Self> {
        let StoredStream { account, identity, received, rooms } = stored;
        let bound = FullJid::new(&format!("{account}/{}", identity.resource)).ok()?;
        let granted = Enabled { id: Some(identity.id), resume: true, location: identity.location };
        let stream = StreamManagement::of_earlier_process(granted, received);
        Some(Self(Box::new(Left { stream, decoder: Decoder::in_rooms(bound, rooms), late: None })))
    }

    /// The state of a session that ends now, if its server allows resumption.
    pub(super) fn of(
        stream: StreamManagement,
        decoder: Decoder,
        late: mpsc::UnboundedReceiver<Order>,
    ) -> Option<Self> {
        stream.resume()?;
        Some(Self(Box::new(Left { stream, decoder, late: Some(late) })))
    }

    /// The account whose session this is.
    pub(super) fn account(&self) -> Address {
        Address::from(self.0.decoder.own().to_bare())
    }

    /// The request to resume. Nothing that the owner says later is in it.
    pub(super) fn request(&mut self) -> Option<Resume> {
        if let Some(mut late) = self.0.late.take() {
            while let Ok(order) = late.try_recv() {
                self.0.follow(order);
            }
        }
        self.0.stream.resume()
    }

    /// Where the server would like the session to be resumed.
    pub(super) fn location(&self) -> Option<&str> {
        self.0.stream.granted.location.as_deref()
    }

    /// Messages whose fate is unknown.
    pub fn unacknowledged(&self) -> impl Iterator<Item = &StanzaId> {
        self.0.stream.unacknowledged().filter_map(|stanza| stanza.message.as_ref())
    }

    /// Back to a running session.
    pub(super) fn restore(self) -> (StreamManagement, Decoder) {
        let Left { stream, decoder, .. } = *self.0;
        let decoder = Decoder::restored(decoder.own().clone(), decoder.state());
        (stream, decoder)
    }
}

impl Left {
    fn follow(&mut self, order: Order) {
        match order {
            Order::Send(outbound) => {
                let (outgoing, _) = self.decoder.encode_or_fill(&outbound);
                self.stream.sent(Unacknowledged { message: outgoing.message, stanza: outgoing.stanza });
            }
            Order::Reply(reply) => self.stream.sent(Unacknowledged { message: None, stanza: reply.0 }),
            Order::Handled(count) => {
                self.decoder.handled(count);
                // Nobody is there to be told.
                let _ = self.stream.handled(count);
            }
            Order::ClientState(_) | Order::Probe | Order::Leave | Order::Close | Order::Abandon => {}
        }
    }
}
