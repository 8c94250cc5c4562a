//! Questions that wait for their answers.

use heliograph_model::stanza::{InboundMessage, Node};
use heliograph_model::{Address, ArchiveId, RequestId};
use jid::{FullJid, Jid, ResourceRef};

use crate::xml::bare;

/// A question that was sent. Kept by the `id` of its IQ; outlives the socket where the session is resumed.
#[derive(Clone)]
pub(crate) struct Pending {
    /// Whose answer it is.
    pub(crate) request: RequestId,
    pub(crate) asked: Asked,
    pub(crate) expects: Expects,
}

/// Who was asked, and so who may answer (RFC 6120 §8.1.2.1): ids can be guessed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Our own account: no `to` was given.
    OwnAccount,
    /// Somebody else.
    Entity { address: Address, resource: Option<String> },
}

impl Asked {
    pub(crate) fn entity(address: &Address) -> Self {
        Self::Entity { address: address.clone(), resource: None }
    }

    /// Whether an answer from `from` may be believed.
    pub(crate) fn may_answer(&self, from: Option<&Jid>, own: &FullJid) -> bool {
        let account = Address::from(own.to_bare());
        match (self, from) {
            (Self::OwnAccount, None) => true,
            // Servers put in one of three names for "your account".
            (Self::OwnAccount, Some(from)) => {
                from.try_as_full() == Ok(own)
                    || (from.resource().is_none()
                        && (bare(from) == account || bare(from) == account.server()))
            }
            (Self::Entity { address, resource }, None) => {
                resource.is_none() && (*address == account || *address == account.server())
            }
            (Self::Entity { address, resource }, Some(from)) => {
                bare(from) == *address && from.resource().map(ResourceRef::as_str) == resource.as_deref()
            }
        }
    }
}

/// What kind of answer is awaited, with what is known of it so far.
#[derive(Clone)]
pub(crate) enum Expects {
    /// An empty result.
    Done,
    Features,
    Services,
    Archive(Collector),
    Items(Node),
    Publish(Publication),
    /// The configuration form of a room; when it is here it is filled in and submitted.
    RoomForm(Address),
}

/// An archive page under way: results come as messages, before the IQ that ends the page (XEP-0313 §4).
#[derive(Clone)]
pub(crate) struct Collector {
    /// The room; `None` for our own account.
    pub(crate) room: Option<Address>,
    pub(crate) messages: Vec<InboundMessage>,
    pub(crate) first: Option<ArchiveId>,
    pub(crate) last: Option<ArchiveId>,
    /// Results that may still come.
    pub(crate) room_left: u16,
    /// More came than was asked for; the page ends where we stopped.
    pub(crate) overflow: bool,
}

impl Collector {
    pub(crate) fn new(room: Option<Address>, max: u16) -> Self {
        Self { room, messages: Vec::new(), first: None, last: None, room_left: max, overflow: false }
    }

    /// A result came. `message` is `None` where nothing of it can be read.
    pub(crate) fn add(&mut self, id: ArchiveId, message: Option<InboundMessage>) {
        // After a resumption the server sends again what was not handled; results come in order, so the last one tells.
        let again = self.last.as_ref() == Some(&id)
            || self.messages.iter().any(|seen| seen.archive_id.as_ref() == Some(&id));
        if again {
            return;
        }
        let Some(left) = self.room_left.checked_sub(1) else {
            self.overflow = true;
            return;
        };
        self.room_left = left;
        self.first.get_or_insert_with(|| id.clone());
        self.last = Some(id);
        self.messages.extend(message);
    }
}

/// An item on its way into a node of ours.
#[derive(Clone)]
pub(crate) struct Publication {
    pub(crate) node: Node,
    pub(crate) item: String,
    pub(crate) data: Vec<u8>,
    pub(crate) stage: PublishStage,
}

/// How the node's configuration is asked for. A server that refuses one is asked for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PublishStage {
    /// Publish with options, `max_items` as many as the server allows.
    Max,
    /// Publish with options, `max_items` a number: servers before 2021 do not know "max".
    Fixed,
    /// The node exists with another configuration: change that first (XEP-0060 §8.2).
    Configure,
    /// Publish into the node as it is now.
    Bare,
}
