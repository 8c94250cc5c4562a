//! Identifiers. One newtype each, so that an archive id can't be passed where a message id belongs.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as it is; ids are opaque and compared byte by byte.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text, for the wire and the database.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// Names one message for people: the same on every device, on every transport and in every resend. Chosen by the
    /// sender; unique only together with the sender. Inside the ciphertext for encrypted messages, the stanza's `id` (or
    /// `origin-id`, XEP-0359) for plain ones.
    MessageId
}
text_id! {
    /// The `id` attribute of a message stanza. For MLS: 16 characters derived from the ciphertext, so that equal bytes
    /// have equal ids.
    StanzaId
}
text_id! {
    /// A position in an archive: the `id` of a `<stanza-id/>` (XEP-0359) or of an archive result (XEP-0313). Opaque: only
    /// the archive knows the order, unless its ids are a count (see [`ArchiveId::precedes`]).
    ArchiveId
}

impl ArchiveId {
    /// Whether it is one of those numbers that some archives hand out in growing order (ejabberd: microseconds).
    pub fn is_of_a_count(&self) -> bool {
        self.0.len() >= COUNT_DIGITS && self.0.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// Whether the archive has this one before the other. `false` also where the ids don't tell.
    pub fn precedes(&self, other: &Self) -> bool {
        self.is_of_a_count() && other.is_of_a_count() && self.0.len() == other.0.len() && self.0 < other.0
    }
}

/// Shorter numbers may be chance: the ids of other servers are random letters and digits.
const COUNT_DIGITS: usize = 16;

text_id! {
    /// Ties a [`Request`](crate::stanza::Request) to its answer; unique within one run of the engine.
    RequestId
}

/// Row id of a conversation in this account's database; never leaves the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConversationId(pub i64);

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// From exactly as many bytes as the id has; `None` for any other length.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Two bytes tell one from the other in a log and identify nobody.
                write!(formatter, concat!(stringify!($name), "({:02x}{:02x}..)"), self.0[0], self.0[1])
            }
        }
    };
}

byte_id! {
    /// One device of an account: random, chosen when the account is added on that device.
    DeviceId, 8
}
byte_id! {
    /// An MLS group id (RFC 9420 §11): random, chosen by the creator.
    GroupId, 16
}
