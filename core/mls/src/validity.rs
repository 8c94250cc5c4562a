//! Which commits are valid, beyond what RFC 9420 §12.4.2 asks for.
//!
//! The room's archive orders commits, and every client decides alone which of them is the first valid one of an epoch. All
//! must come to the same answer, so validity is a pure function of the group's state and the commit: no clock, no list of
//! trusted keys, no blocked accounts. A rule that needs one of those belongs into the code that *makes* commits.
//!
//! The rules (policy version 1):
//!
//! 1. The committer is a member; it proposes by value, and nothing but Add and Remove.
//! 2. Every added leaf has a valid binding ([`verify_binding`]) and a lifetime without an end.
//! 3. A device is in the group at most once, and all devices of an account name the same identity key.
//! 4. An account removes devices of others only if it owns the group.
//! 5. A direct group has at most two accounts, and they are fixed by its first commit.
//! 6. A leaf that the committer renews keeps account, device and identity key.
//! 7. The group, and each account in it, stay below the limits of [`crate::policy`].

use std::collections::{BTreeMap, BTreeSet};

use openmls::prelude::{
    KeyPackage as MlsKeyPackage, LeafNode, LeafNodeIndex, MlsGroup, Proposal, ProposalOrRefType,
    QueuedProposal, Sender,
};

use crate::binding::{BindingError, read_binding, verify_binding};
use crate::identity::MemberIdentity;
use crate::key_package::lifetime_is_endless;
use crate::policy;
use crate::room::{RoomInfo, RoomKind};

/// Why a commit changes nothing. Everybody who sees it in the same place of the archive comes to the same verdict; the
/// reason is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCommit {
    /// It does not parse.
    #[error("malformed")]
    Malformed,
    /// It is for another group.
    #[error("for another group")]
    WrongGroup,
    /// It is encrypted, or its authenticated data is not that of a commit.
    #[error("not framed as a commit")]
    Framing,
    /// It comes from outside of the group.
    #[error("not from a member")]
    NotFromAMember,
    /// Signature or membership tag are wrong.
    #[error("not authentic")]
    NotAuthentic,
    /// It breaks a rule of RFC 9420.
    #[error("breaks a rule of MLS")]
    Protocol,
    /// It contains a proposal that this policy does not know, or one by reference.
    #[error("contains a proposal that is not allowed")]
    Proposal,
    /// An added or renewed leaf has no valid binding.
    #[error("a leaf is not bound to an account: {0}")]
    Binding(#[from] BindingError),
    /// An added leaf has a lifetime that ends.
    #[error("a leaf has a lifetime that ends")]
    Lifetime,
    /// The device is a member already, or added twice.
    #[error("a device would be a member twice")]
    DuplicateDevice,
    /// The account's devices would name different identity keys.
    #[error("an account would have two identity keys")]
    IdentityKey,
    /// The renewed leaf names another account, device or identity key.
    #[error("a leaf would change its identity")]
    IdentityChanged,
    /// The committer may not remove this member.
    #[error("the committer may not remove this member")]
    RemoveNotAllowed,
    /// A direct group can't take further accounts.
    #[error("a direct group has two accounts")]
    DirectGroup,
    /// Too many leaves in all, or of one account.
    #[error("too many devices")]
    TooManyDevices,
}

/// Who comes and who goes with a valid commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) added: Vec<MemberIdentity>,
    pub(crate) removed: Vec<MemberIdentity>,
}

/// A group's members by their place in the tree.
pub(crate) type Members = BTreeMap<u32, MemberIdentity>;

/// The members of a group, all of which were verified when they got in.
pub(crate) fn members(group: &MlsGroup) -> Members {
    group
        .treesync()
        .full_leaves()
        .filter_map(|(index, leaf)| Some((index.u32(), read_binding(leaf).ok()?)))
        .collect()
}

/// Checks a commit that OpenMLS accepted.
pub(crate) fn check_commit<'a>(
    group: &MlsGroup,
    info: &RoomInfo,
    committer: &Sender,
    proposals: impl Iterator<Item = &'a QueuedProposal>,
    renewed: Option<&LeafNode>,
) -> Result<Changes, InvalidCommit> {
    let Sender::Member(committer_index) = committer else { return Err(InvalidCommit::NotFromAMember) };
    let members = members(group);
    let committer_identity = members.get(&committer_index.u32()).ok_or(InvalidCommit::NotFromAMember)?;

    let (mut adds, mut removes) = (Vec::new(), Vec::new());
    for queued in proposals {
        if queued.proposal_or_ref_type() != ProposalOrRefType::Proposal || queued.sender() != committer {
            return Err(InvalidCommit::Proposal);
        }
        match queued.proposal() {
            Proposal::Add(add) => adds.push(add.key_package()),
            Proposal::Remove(remove) => removes.push(remove.removed()),
            _ => return Err(InvalidCommit::Proposal),
        }
    }

    if let Some(leaf) = renewed {
        let after = verify_binding(leaf)?;
        if after.device_identity() != committer_identity.device_identity()
            || after.identity_key != committer_identity.identity_key
        {
            return Err(InvalidCommit::IdentityChanged);
        }
    }
    check_changes(&members, info, group.epoch().as_u64(), committer_identity, &adds, &removes)
}

/// Checks who comes and who goes; also before a commit is made.
pub(crate) fn check_changes(
    members: &Members,
    info: &RoomInfo,
    epoch: u64,
    committer: &MemberIdentity,
    adds: &[&MlsKeyPackage],
    removes: &[LeafNodeIndex],
) -> Result<Changes, InvalidCommit> {
    let mut after = members.clone();
    let mut changes = Changes { added: Vec::new(), removed: Vec::new() };
    for index in removes {
        let member = after.remove(&index.u32()).ok_or(InvalidCommit::Protocol)?;
        if committer.account != info.owner && committer.account != member.account {
            return Err(InvalidCommit::RemoveNotAllowed);
        }
        changes.removed.push(member);
    }
    for package in adds {
        let added = verify_binding(package.leaf_node())?;
        if !lifetime_is_endless(package.life_time()) {
            return Err(InvalidCommit::Lifetime);
        }
        let known = members.values().any(|member| member.account == added.account);
        // In epoch 0 the creator is alone; its first commit brings the other account in.
        if info.kind == RoomKind::Direct && !known && epoch != 0 {
            return Err(InvalidCommit::DirectGroup);
        }
        changes.added.push(added);
    }
    check_members(after.values().chain(&changes.added), info)?;
    Ok(changes)
}

/// Checks the rules that hold for the members of a group at any time.
pub(crate) fn check_members<'a>(
    members: impl Iterator<Item = &'a MemberIdentity>,
    info: &RoomInfo,
) -> Result<(), InvalidCommit> {
    let mut devices = BTreeSet::new();
    let mut accounts = BTreeMap::new();
    for member in members {
        if !devices.insert((&member.account, member.device)) {
            return Err(InvalidCommit::DuplicateDevice);
        }
        let (identity_key, leaves) =
            accounts.entry(&member.account).or_insert((member.identity_key, 0_usize));
        if *identity_key != member.identity_key {
            return Err(InvalidCommit::IdentityKey);
        }
        *leaves += 1;
        if *leaves > policy::ACCOUNT_LEAVES {
            return Err(InvalidCommit::TooManyDevices);
        }
    }
    if devices.len() > policy::GROUP_LEAVES {
        return Err(InvalidCommit::TooManyDevices);
    }
    if info.kind == RoomKind::Direct && accounts.len() > 2 {
        return Err(InvalidCommit::DirectGroup);
    }
    Ok(())
}
