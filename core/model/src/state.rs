//! States that people see.

use serde::{Deserialize, Serialize};

/// How far a message of ours has got. The order is the order of progress; a message never goes back, but for a failed one that
/// the user sends again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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
    /// The user took it back before it was sent. It has no text and stands in no timeline any more; this is how those learn of
    /// it who have shown it.
    Discarded,
}

/// Whether a conversation or a message is end-to-end encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Readable by the servers in between.
    Plain,
    /// MLS (RFC 9420): readable by the members' devices only.
    Encrypted,
}

/// What a conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConversationKind {
    /// With one account.
    Direct,
    /// An encrypted group: an MLS group ordered by a room of its own.
    Group,
    /// An ordinary public or private room (XEP-0045), not encrypted.
    Room,
}

macro_rules! stored_as {
    ($name:ident { $($variant:ident = $number:literal),+ $(,)? }) => {
        impl $name {
            /// The number under which the database keeps this value; never reassigned.
            pub const fn to_stored(self) -> i64 {
                match self { $(Self::$variant => $number),+ }
            }

            /// The inverse of [`Self::to_stored`]; `None` for a number that this version doesn't know.
            pub const fn from_stored(number: i64) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

stored_as!(DeliveryState {
    Queued = 0,
    Sending = 1,
    Sent = 2,
    Archived = 3,
    Delivered = 4,
    Displayed = 5,
    Failed = 9,
    Discarded = 10,
});
stored_as!(Security { Plain = 0, Encrypted = 1 });
stored_as!(ConversationKind { Direct = 0, Group = 1, Room = 2 });
