//! MLS (RFC 9420) for groups whose commits are ordered by an XMPP room.
//!
//! Bytes and a storage provider go in, values come out: no stanzas, no SQL, no sockets, no clock and no randomness but what
//! is handed in. The wire format is specified in `core/mls/docs/mls-over-xmpp.md`.
//!
//! It does *not* decide whether an identity key is the right one for an account (people do), when to commit, what to do
//! about messages of past epochs, or how to recover from a fork: that is the engine's work, with what is reported here.
//!
//! Read first: [`Group`], then [`validity`](InvalidCommit) for the rules that keep all members on one branch, then
//! [`Device`] and [`KeyPackage`].

mod binding;
mod cbor;
mod commit;
mod content;
mod crypto;
mod device;
mod device_list;
mod group;
mod identity;
mod join;
pub mod key_package;
pub mod policy;
mod randomness;
mod room;
mod storage;
mod validity;

pub use binding::{BindingError, verify_binding};
pub use commit::{Change, CommitError, CommitOutcome, PendingCommit};
pub use content::{
    CONTENT_BYTES, Content, ContentError, GROUP_NAME_BYTES, ITEMS, Item, MESSAGE_ID_BYTES, RECEIPT_MESSAGES,
    ReceiptKind, Run,
};
pub use crypto::Crypto;
pub use device::{Device, DeviceError, DeviceKey};
pub use device_list::{
    DEVICE_LIST_BYTES, DEVICES, DeviceList, DeviceListError, ListedDevice, REVOKED, SLOTS,
};
pub use group::{Created, Group, GroupError, ReceiveError, Received, Sealed, Welcome, stanza_id};
pub use identity::{
    AccountIdentityKey, BadSignature, DeviceIdentity, IdentityKey, MemberIdentity, SIGNATURE_BYTES,
};
pub use join::{JoinError, Joined};
pub use key_package::{KeyPackage, KeyPackageError, NewKeyPackage};
pub use randomness::{Provider, Randomness, STORAGE_VERSION};
pub use room::{RoomInfo, RoomInfoError, RoomKind};
pub use storage::StorageFailure;
pub use validity::InvalidCommit;
