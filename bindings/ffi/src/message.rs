//! One message, as a person reads it.

use heliograph_client::{ConversationId, DeliveryState, Security};

use crate::error::Failure;

/// Names a message on this device. A plain number where a language has no better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageRow(pub i64);

uniffi::custom_newtype!(MessageRow, i64);

/// How far a message of ours has got. The order is the order of progress; a message never goes back, but for a
/// failed one that the user sends again.
#[uniffi::remote(Enum)]
pub enum DeliveryState {
    /// Safe on this device, waiting for a connection or for the group to be ready.
    Queued,
    /// Encrypted and handed to the session at least once; not yet acknowledged.
    Sending,
    /// The server acknowledged it (XEP-0198).
    Sent,
    /// Seen in the archive: it can't be lost any more.
    Archived,
    /// Every other account in the conversation has it.
    Delivered,
    /// Every other account has shown it to its user.
    Displayed,
    /// It can't be sent; the reason stands beside it.
    Failed,
    /// The user took it back before it was sent: it has no text, and is to be shown no more.
    Discarded,
}

/// Whether a conversation or a message is end-to-end encrypted.
#[uniffi::remote(Enum)]
pub enum Security {
    /// Readable by the servers in between.
    Plain,
    /// MLS (RFC 9420): readable by the members' devices only.
    Encrypted,
}

/// Who wrote a message.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Sender {
    /// An account, by its address.
    Account {
        /// `name@server`.
        address: String,
        /// What to call them. One line, never empty; two may share it.
        name: String,
    },
    /// Somebody in an ordinary room who is known by a nick only. A nick may look like an address and proves nothing.
    Occupant {
        /// The nick, as its owner chose it.
        nick: String,
        /// What to call them: the nick on one line, never empty.
        name: String,
    },
}

/// One message. A later copy with the same `row` and a higher `revision` replaces an earlier one.
#[derive(Clone, uniffi::Record)]
pub struct Message {
    /// Names the message on this device; stable.
    pub row: MessageRow,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The id that all devices share; unique only together with the sender.
    pub id: String,
    /// Who wrote it.
    pub sender: Sender,
    /// Written by this account, here or on another device.
    pub outgoing: bool,
    /// How it travelled.
    pub security: Security,
    /// What it says, as received: not to be shown, as it may hold what turns the writing of what stands around it.
    pub text: String,
    /// The same as it may be shown and announced: without control characters but for tabs and line ends, and without what
    /// turns the writing.
    pub readable: String,
    /// When its sender says that it was sent, in milliseconds since 1970. Not to be trusted for order.
    pub sent_at_ms: i64,
    /// When it came to this device, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// Its place in the timeline; nothing for one of ours that has none yet: those come last.
    pub position: Option<i64>,
    /// How far it got.
    pub state: DeliveryState,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// How many other accounts have it, as far as they said.
    pub delivered_to: u32,
    /// How many other accounts have shown it, as far as they said.
    pub displayed_by: u32,
    /// Grows with every change.
    pub revision: u64,
}

impl From<heliograph_client::Sender> for Sender {
    fn from(sender: heliograph_client::Sender) -> Self {
        let name = sender.name();
        match sender {
            heliograph_client::Sender::Account(address) => Self::Account { address: address.into(), name },
            heliograph_client::Sender::Occupant(nick) => Self::Occupant { nick, name },
        }
    }
}

impl From<heliograph_client::Message> for Message {
    fn from(message: heliograph_client::Message) -> Self {
        let readable = message.readable().into_owned();
        Self {
            row: MessageRow(message.row),
            conversation: message.conversation,
            id: message.id.as_str().to_owned(),
            sender: message.sender.into(),
            outgoing: message.outgoing,
            security: message.security,
            readable,
            text: message.text,
            sent_at_ms: message.sent_at.0,
            received_at_ms: message.received_at.0,
            position: message.position,
            state: message.state,
            failure: message.failure.map(Into::into),
            delivered_to: message.delivered_to,
            displayed_by: message.displayed_by,
            revision: message.revision,
        }
    }
}

pub(crate) fn messages(messages: Vec<heliograph_client::Message>) -> Vec<Message> {
    messages.into_iter().map(Into::into).collect()
}
