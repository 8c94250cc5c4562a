//! The numbers of the protocol, each with its reason. The ones marked *pinned* decide whether a commit is valid: they
//! belong to [`POLICY_VERSION`] and must never change under the same version, or groups fork.

use std::time::Duration;

use openmls::prelude::{Ciphersuite, Lifetime, SenderRatchetConfiguration};

use crate::room::RoomKind;

/// The rule set that decides which commits are valid; written into every group. A client that does not know a group's
/// version must not join it, because it could not tell valid commits from invalid ones.
pub const POLICY_VERSION: u32 = 1;

/// The one ciphersuite: mandatory to implement (RFC 9420 §17.1), so that every MLS library can take part.
pub const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// Leaf extension that ties a leaf's signature key to an account's identity key. Private-use range (RFC 9420 §17.3).
pub const BINDING_EXTENSION: u16 = 0xF0B1;
/// Group context extension that ties a group to its room and owner.
pub const ROOM_EXTENSION: u16 = 0xF0C0;
/// Reserved for the list of participants with their roles; not used by this version.
pub const PARTICIPANTS_EXTENSION: u16 = 0xF0C1;

/// Version byte of the additional authenticated data of every message.
pub const AAD_VERSION: u8 = 1;

/// How long others may use a key package of ours, checked only by whoever adds us. Long enough for a phone in a drawer,
/// short enough that keys of a lost one fade out.
pub const KEY_PACKAGE_FRESH: Duration = Duration::from_hours(90 * 24);

/// Largest key package that is looked at, in bytes. Ours have about 450.
pub const KEY_PACKAGE_BYTES: usize = 8 * 1024;

/// End of a leaf's lifetime in seconds since 1970. *Pinned*: a lifetime that ends would make the validity of a commit
/// depend on the reader's clock.
pub const LIFETIME_END_SECONDS: u64 = 1 << 40;

/// Leaves of one group. *Pinned*. The measured costs are acceptable up to here; a tree without a bound could fill a
/// phone's memory.
pub const GROUP_LEAVES: usize = 2000;

/// Leaves that one account may have in one group. *Pinned*. One member must not fill a group with devices.
pub const ACCOUNT_LEAVES: usize = 10;

/// From this many members on, a commit that only adds carries no update path: 477 bytes instead of up to 83 kB. Those
/// added refresh their own leaves later.
pub const PATHLESS_ADD_MEMBERS: usize = 64;

/// Up to this many removed leaves, a commit is rebuilt until it lists them in ascending order (see `commit.rs`).
pub const ORDERED_REMOVALS: usize = 3;

/// How often such a commit is rebuilt before its order is taken as it is. With 3 leaves the chance to get there is
/// (5/6)^200, below 10^-15.
pub const ORDERED_REMOVAL_ATTEMPTS: usize = 200;

/// Generations of a sender that may be overtaken by later ones in a group. A room keeps the order of each sender, so this
/// covers messages that also came over another transport.
const OUT_OF_ORDER_GROUP: u32 = 32;
/// The same in a direct chat, whose messages travel through two archives.
const OUT_OF_ORDER_DIRECT: u32 = 64;
/// Generations of a sender that may be missing: what one device writes in an epoch that nobody else ends.
const FORWARD_DISTANCE: u32 = 5000;

/// The lifetime of every leaf, see [`LIFETIME_END_SECONDS`].
pub(crate) fn leaf_lifetime() -> Lifetime {
    Lifetime::init(0, LIFETIME_END_SECONDS)
}

/// How far messages of one sender may overtake each other.
pub(crate) fn sender_ratchet(kind: RoomKind) -> SenderRatchetConfiguration {
    let out_of_order = match kind {
        RoomKind::Group => OUT_OF_ORDER_GROUP,
        RoomKind::Direct => OUT_OF_ORDER_DIRECT,
    };
    SenderRatchetConfiguration::new(out_of_order, FORWARD_DISTANCE)
}
