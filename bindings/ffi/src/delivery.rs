//! How far one message has got, and why no farther.

use heliograph_client::Waiting;

use crate::message::Message;

/// Everything that is known about how a message of ours travels.
#[derive(Clone, uniffi::Record)]
pub struct Delivery {
    /// The message as it is now.
    pub message: Message,
    /// What has to happen next; nothing if no more is expected, or nothing will happen by itself.
    pub waiting_for: Option<Waiting>,
    /// One English sentence for a person about what it waits for; empty where it waits for nothing.
    pub advice: String,
    /// How often it was handed to a connection: 0 before the first time, and once it needs no more care.
    pub attempts: u32,
    /// When it was written, or sent again, in milliseconds since 1970.
    pub queued_at_ms: i64,
    /// For whom it is, as far as they are known by their accounts: nobody in ordinary rooms.
    pub recipients: Vec<Recipient>,
    /// It failed and can be sent again.
    pub may_send_again: bool,
    /// It is certain that nobody has it: it can be taken back.
    pub may_discard: bool,
}

/// One account that a message is for.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Recipient {
    /// `name@server`.
    pub address: String,
    /// What to call them. One line, never empty; two may share it.
    pub name: String,
    /// When we learned that it has the message, in milliseconds since 1970.
    pub delivered_at_ms: Option<i64>,
    /// When we learned that it has shown it to its user, in milliseconds since 1970.
    pub displayed_at_ms: Option<i64>,
}

/// What a message waits for.
#[uniffi::remote(Enum)]
pub enum Waiting {
    /// A network.
    Network,
    /// A connection to our server.
    Connection,
    /// The conversation: it is being set up, its history is still being read, or we are not in it any more.
    Conversation,
    /// The keys of those who are to read it.
    Keys,
    /// The server's word that it has the message.
    Server,
    /// The devices of those who are to read it.
    Recipients,
}

impl From<heliograph_client::Delivery> for Delivery {
    fn from(delivery: heliograph_client::Delivery) -> Self {
        Self {
            message: delivery.message.into(),
            waiting_for: delivery.waiting_for,
            advice: delivery.waiting_for.map_or("", Waiting::advice).to_owned(),
            attempts: delivery.attempts,
            queued_at_ms: delivery.queued_at.0,
            recipients: delivery.recipients.into_iter().map(Into::into).collect(),
            may_send_again: delivery.may_send_again,
            may_discard: delivery.may_discard,
        }
    }
}

impl From<heliograph_client::Recipient> for Recipient {
    fn from(recipient: heliograph_client::Recipient) -> Self {
        Self {
            name: recipient.address.name(),
            address: recipient.address.into(),
            delivered_at_ms: recipient.delivered_at.map(|at| at.0),
            displayed_at_ms: recipient.displayed_at.map(|at| at.0),
        }
    }
}
