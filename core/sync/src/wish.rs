//! Things the user asked for that take several steps and must survive a crash: rows of the `intent` table.
//!
//! A wish is durable; the steps towards it are not. After a restart its first step is simply taken again, and every step
//! may be repeated without harm. It is removed in the transaction that fulfils or refuses it.

use heliograph_mls::Run;
use heliograph_model::stanza::MlsEnvelope;
use heliograph_model::{Address, MessageId, StanzaId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::error::EngineError;

/// See the module. The serialised form is stored: add variants at the end, never reorder fields.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Wish {
    /// Find out whether the contact has keys, and make a direct group if so.
    Direct,
    /// Make the room, fetch everybody's keys, create the group.
    CreateGroup { members: Vec<Address> },
    /// Add these accounts.
    Add { members: Vec<Address> },
    /// Remove these accounts.
    Remove { members: Vec<Address> },
    /// Be in this ordinary room under this name; stays until we leave it.
    StayInRoom { nick: String },
}

/// What an outbox row is to send, before it is sealed. Stored like [`Wish`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OutboxItem {
    /// Text of a timeline message.
    Text { id: MessageId, text: String },
    /// The group's name, for those who just joined.
    GroupName { name: String },
    /// Receipts, as versions before markers wrote them.
    Delivered { ids: Vec<(Address, MessageId)> },
    /// A Welcome for one account.
    Welcome { to: Address, envelope: MlsEnvelope },
    /// Encrypted messages of others that arrived, and the newest that was shown.
    Receipts {
        delivered: Vec<(Address, MessageId)>,
        runs: Vec<StoredRun>,
        displayed: Option<(Address, MessageId)>,
    },
    /// The same of plain messages, one of each.
    PlainReceipt { received: Option<StanzaId>, displayed: Option<StanzaId> },
}

/// A [`Run`] in the outbox. Stored like [`Wish`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredRun {
    author: Address,
    first: MessageId,
    last: MessageId,
    count: u64,
}

impl From<Run> for StoredRun {
    fn from(Run { author, first, last, count }: Run) -> Self {
        Self { author, first, last, count }
    }
}

impl From<StoredRun> for Run {
    fn from(StoredRun { author, first, last, count }: StoredRun) -> Self {
        Self { author, first, last, count }
    }
}

/// To the stored form (CBOR).
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, EngineError> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(|_| EngineError::Codec)?;
    Ok(bytes)
}

/// From the stored form.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, EngineError> {
    ciborium::from_reader(bytes).map_err(|_| EngineError::Codec)
}
