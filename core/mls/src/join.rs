//! Joining a group through a Welcome (RFC 9420 §12.4.3.1).
//!
//! A Welcome shows a tree of strangers. Before the group counts as joined, every leaf is verified to belong to the account
//! that it names, and the rules that hold for members are checked; all later changes go through commits, which are checked
//! one by one. Whether to accept the invitation at all is for people and the engine.

use std::fmt;

use openmls::group::{ProcessedWelcome, StagedWelcome, WelcomeError};
use openmls::prelude::{JoinBuilder, LeafNode, MlsGroup, MlsMessageBodyIn};
use openmls::treesync::LeafNodeSource;
use openmls_traits::OpenMlsProvider;
use openmls_traits::storage::StorageProvider;

use crate::binding::{BindingError, verify_binding};
use crate::group::{Group, configuration, parse};
use crate::identity::MemberIdentity;
use crate::key_package::lifetime_is_endless;
use crate::policy;
use crate::randomness::{Provider, STORAGE_VERSION};
use crate::room::{RoomInfo, RoomInfoError, RoomKind};
use crate::storage::StorageFailure;
use crate::validity::{InvalidCommit, check_members};

/// A group that was joined.
#[derive(Debug)]
pub struct Joined {
    /// The group.
    pub group: Group,
    /// The member who added this device.
    pub inviter: MemberIdentity,
    /// The key package of ours that was used, to be replaced in its slot and deleted later.
    pub key_package_reference: Vec<u8>,
}

/// A Welcome could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// It is not an MLSMessage with a Welcome.
    #[error("the invitation is malformed")]
    Malformed,
    /// It is for key packages that this device does not have (any more), or for another device.
    #[error("the invitation is not for a key package of this device")]
    NoMatchingKeyPackage,
    /// This device is a member already; also what a repeated Welcome gives.
    #[error("this device is a member already")]
    AlreadyMember,
    /// It does not decrypt, or what is in it breaks a rule of RFC 9420.
    #[error("the invitation is not valid")]
    Invalid,
    /// The group does not say what it is, or follows unknown rules.
    #[error(transparent)]
    Room(#[from] RoomInfoError),
    /// A leaf of the tree can't be attributed to the account that it names.
    #[error("a member is not verified: {0}")]
    UnverifiedMember(#[from] BindingError),
    /// The members break a rule that every commit keeps.
    #[error("the group's members break its rules: {0}")]
    Rules(#[from] InvalidCommit),
    /// See there.
    #[error(transparent)]
    Storage(#[from] StorageFailure),
}

impl Group {
    /// Opens a Welcome, checks everything in it, and stores the group.
    ///
    /// On an error nothing is stored. (Where the same group was known and this device had been removed from it, the dead
    /// state may be gone.) The key package stays: it is last-resort.
    pub fn join<S: StorageProvider<STORAGE_VERSION>>(
        provider: &Provider<'_, S>,
        data: &[u8],
    ) -> Result<Joined, JoinError> {
        let Some(MlsMessageBodyIn::Welcome(welcome)) = parse(data) else { return Err(JoinError::Malformed) };
        if welcome.ciphersuite() != policy::CIPHERSUITE {
            return Err(JoinError::Invalid);
        }
        // The kind of the group is known only once it is open; adjusted below.
        let processed =
            ProcessedWelcome::new_from_welcome(provider, &configuration(RoomKind::Group), welcome)
                .map_err(join_error)?;
        let key_package_reference = processed
            .own_key_package()
            .ok_or(JoinError::NoMatchingKeyPackage)?
            .hash_ref(provider.crypto())
            .map_err(|_| JoinError::Invalid)?
            .as_slice()
            .to_vec();

        let known = MlsGroup::load(provider.storage(), processed.unverified_group_info().group_id())
            .map_err(StorageFailure::new)?;
        let builder = JoinBuilder::new(provider, processed).skip_lifetime_validation();
        let staged = match known {
            None => builder.build(),
            // Added again after a removal: the old state is dead.
            Some(known) if !known.is_active() => builder.replace_old_group().build(),
            Some(_) => return Err(JoinError::AlreadyMember),
        }
        .map_err(join_error)?;

        // What can be checked before anything is written.
        let info = RoomInfo::from_extensions(staged.group_context().extensions())?;
        let inviter = verify_binding(staged.welcome_sender().map_err(|_| JoinError::Invalid)?)?;
        let mls = Self::verified(provider, staged, &info)?;
        Ok(Joined { group: Self { mls, info }, inviter, key_package_reference })
    }

    /// Turns the Welcome into a group and checks its tree, which OpenMLS shows only from then on; takes the group out of
    /// the storage again if a check fails.
    fn verified<S: StorageProvider<STORAGE_VERSION>>(
        provider: &Provider<'_, S>,
        staged: StagedWelcome,
        info: &RoomInfo,
    ) -> Result<MlsGroup, JoinError> {
        let mut mls = staged.into_group(provider).map_err(join_error)?;
        if let Err(error) = check_tree(&mls, info) {
            mls.delete(provider.storage()).map_err(StorageFailure::new)?;
            return Err(error);
        }
        if info.kind != RoomKind::Group {
            mls.set_configuration(provider.storage(), &configuration(info.kind))
                .map_err(StorageFailure::new)?;
        }
        Ok(mls)
    }
}

fn check_tree(mls: &MlsGroup, info: &RoomInfo) -> Result<(), JoinError> {
    // Ids of another length are legal MLS, but nothing of ours could name them.
    if mls.group_id().as_slice().len() != 16 {
        return Err(JoinError::Invalid);
    }
    let mut members = Vec::new();
    for (_, leaf) in mls.treesync().full_leaves() {
        if !lifetime_is_allowed(leaf) {
            return Err(InvalidCommit::Lifetime.into());
        }
        members.push(verify_binding(leaf)?);
    }
    check_members(members.iter(), info)?;
    Ok(())
}

/// Only leaves that were never renewed have a lifetime (RFC 9420 §7.2).
fn lifetime_is_allowed(leaf: &LeafNode) -> bool {
    match leaf.leaf_node_source() {
        LeafNodeSource::KeyPackage(lifetime) => lifetime_is_endless(lifetime),
        LeafNodeSource::Update | LeafNodeSource::Commit(_) => true,
    }
}

fn join_error<E: fmt::Display>(error: WelcomeError<E>) -> JoinError {
    match error {
        WelcomeError::StorageError(error) => StorageFailure::new(error).into(),
        WelcomeError::NoMatchingKeyPackage => JoinError::NoMatchingKeyPackage,
        WelcomeError::GroupAlreadyExists => JoinError::AlreadyMember,
        _ => JoinError::Invalid,
    }
}
