//! What a phone tells: the output half of the terminal shell's line protocol.
//!
//! Fields that the protocol may grow are ignored; a field that is missing or has another meaning is an error of the phone.

use heliograph_model::{ConversationKind, DeliveryState, Security};
use serde::Deserialize;
use serde_json::Value;

/// One line of output.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The connection changed.
    Connection {
        /// What it is now.
        state: ConnectionState,
        /// The code of what ended it or stands in its way.
        error: Option<String>,
    },
    /// A conversation is new or changed.
    Conversation(Conversation),
    /// A message is new or changed.
    Message(Message),
    /// A command was carried out or refused: exactly one of the two is there.
    Reply {
        /// The command's tag.
        tag: Option<String>,
        /// What came of it.
        ok: Option<Value>,
        /// Why nothing did.
        error: Option<Failure>,
    },
    /// Everything that was missed is here.
    CaughtUp,
    /// Push got farther, or not.
    Push {
        /// How far: `off`, `stopping`, `pending`, `on`, `refused`.
        state: String,
        /// Why the server refused.
        error: Option<String>,
    },
    /// What the phone counted itself.
    Traffic(Traffic),
}

/// The connection as the user sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionState {
    /// There is none just now.
    Offline,
    /// It is being made.
    Connecting,
    /// It stands.
    Online,
    /// There is none, and none is tried: somebody has to change something first.
    Stopped,
}

/// One conversation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Conversation {
    /// Its number on this phone.
    pub id: i64,
    /// What it is.
    pub kind: ConversationKind,
    /// The contact's, or the room's, address.
    pub address: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Whether it is encrypted end to end.
    pub security: Security,
    /// Whether it can be used.
    pub state: ConversationState,
    /// Why not, if it failed.
    pub error: Option<String>,
    /// Addresses of who is in it.
    #[serde(default)]
    pub members: Vec<String>,
}

/// Whether a conversation can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConversationState {
    /// Not yet.
    Preparing,
    /// Yes.
    Active,
    /// No longer.
    Left,
    /// No; see its error.
    Failed,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Message {
    /// Its place in the phone's store.
    pub row: i64,
    /// Its conversation's number.
    pub conversation: i64,
    /// Its id, the same on every phone.
    pub id: String,
    /// The sender's address, or name in a room.
    pub sender: String,
    /// Whether this phone's account sent it.
    pub outgoing: bool,
    /// What it says.
    pub text: String,
    /// Whether it was encrypted end to end.
    pub security: Security,
    /// How far it got.
    pub state: DeliveryState,
    /// Why no farther, if it failed.
    pub error: Option<String>,
    /// When it was sent, in milliseconds since 1970.
    pub sent_at: i64,
    /// Whether it is announced for the first time. Not so in the answers to `history` and `search`.
    #[serde(default)]
    pub new: bool,
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Failure {
    /// The stable code, such as `not-found`.
    pub code: String,
    /// A sentence for a person.
    pub message: String,
}

/// What the phone counted on its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Traffic {
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// Round trips.
    pub flights: u64,
    /// Connections made.
    pub connects: u64,
    /// How many of them took up a session that the server had kept.
    pub resumed: u64,
}
