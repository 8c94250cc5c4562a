//! The vocabulary of Heliograph: identifiers, time, states, errors, and what the engine says to and hears from an
//! XMPP session.
//!
//! Plain types only: no I/O, no async, no XML, no SQL, no cryptography. Every other crate depends on this one, and this
//! one depends on none of them. Types that hold an address, a name or a text print themselves redacted under `Debug`, so
//! that nothing private reaches a log by accident.
//!
//! Read first: [`stanza::Inbound`] and [`stanza::Outbound`], the two directions of the wire as the engine sees it.

pub mod address;
pub mod condition;
pub mod contact;
pub mod entropy;
pub mod error;
pub mod id;
pub mod name;
pub mod push;
pub mod stanza;
pub mod state;
pub mod text;
pub mod time;

pub use address::Address;
pub use condition::{NetworkId, NetworkState, PowerState};
pub use contact::{Contact, ContactKind};
pub use entropy::Entropy;
pub use error::{Error, ErrorCode};
pub use id::{ArchiveId, ConversationId, DeviceId, GroupId, MessageId, RequestId, StanzaId};
pub use push::{PushState, PushTarget};
pub use state::{ConversationKind, DeliveryState, Security};
pub use time::{Clock, Timestamp};
