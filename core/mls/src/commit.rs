//! Commits (RFC 9420 §12.4): changing who is in a group.
//!
//! A commit of ours is made, kept pending, sent, and merged only when it comes back in the order of the room's archive; if
//! another valid commit of the same epoch comes first, that one is merged and ours is void. The state machine around this
//! (intents, retries, waiting) is the engine's; here is what one step does to a group.
//!
//! Read first: [`Group::commit`] and [`Group::receive_commit`].

use std::collections::BTreeSet;
use std::fmt;

use heliograph_model::{Address, StanzaId};
use openmls::prelude::{
    CommitMessageBundle, ContentType, KeyPackage as MlsKeyPackage, LeafNodeIndex, MlsMessageBodyIn,
    ProcessMessageError, ProcessedMessageContent, Proposal, Sender, StageCommitError, ValidationError,
};
use openmls_traits::OpenMlsProvider;
use openmls_traits::storage::StorageProvider;

use crate::device::Device;
use crate::group::{Class, Group, GroupError, Welcome, message_bytes, parse, stanza_id};
use crate::identity::MemberIdentity;
use crate::key_package::KeyPackage;
use crate::policy;
use crate::randomness::{Provider, Randomness, STORAGE_VERSION};
use crate::storage::StorageFailure;
use crate::validity::{self, Changes, InvalidCommit};

/// What a commit is to do.
#[derive(Debug, Clone)]
pub enum Change {
    /// Add these devices.
    Add(Vec<KeyPackage>),
    /// Remove all devices of these accounts. Accounts that are no members are passed over.
    Remove(Vec<Address>),
    /// Renew our own leaf and the keys above it.
    SelfUpdate,
}

/// A commit that was made and waits for its place in the archive.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingCommit {
    /// The MLSMessage to send to the room.
    pub data: Vec<u8>,
    /// The id of its stanza.
    pub stanza: StanzaId,
    /// The epoch in which it was made; it leads to the next one.
    pub epoch: u64,
    /// The branch in which it was made.
    pub fork_tag: [u8; 6],
    /// The Welcome for those whom it adds. Send it only after the commit was merged.
    pub welcome: Option<Welcome>,
}

impl fmt::Debug for PendingCommit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PendingCommit(epoch {}, {} bytes)", self.epoch, self.data.len())
    }
}

/// A commit that was merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitOutcome {
    /// The new epoch.
    pub epoch: u64,
    /// Who came.
    pub added: Vec<MemberIdentity>,
    /// Who went.
    pub removed: Vec<MemberIdentity>,
    /// The commit was this device's.
    pub own: bool,
    /// This device is no longer a member: the state stays readable, and nothing can be sent or received any more.
    pub self_removed: bool,
}

/// A commit was not merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// It lost the race for an epoch that is over, or is a repetition. Normal; skip it.
    #[error("the commit is from a past epoch")]
    PastEpoch,
    /// Commits before it are missing here.
    #[error("the commit is from a future epoch")]
    FutureEpoch,
    /// It changes nothing, for everybody. Skip it.
    #[error("the commit is invalid: {0}")]
    Invalid(InvalidCommit),
    /// It is an MLSMessage of another kind.
    #[error("the message is not a commit")]
    NotCommit,
    /// It is our own, and the secrets to follow it were discarded: everybody else merges it, and this device has to be
    /// added again.
    #[error("our own commit took effect after its secrets were discarded")]
    OwnCommitLost,
    /// This device was removed before.
    #[error("this device is not a member of the group (any more)")]
    NotAMember,
    /// See there.
    #[error(transparent)]
    Storage(#[from] StorageFailure),
}

impl From<InvalidCommit> for CommitError {
    fn from(reason: InvalidCommit) -> Self {
        Self::Invalid(reason)
    }
}

/// The proposals of a commit to be made.
#[derive(Clone, Default)]
struct Proposals {
    adds: Vec<MlsKeyPackage>,
    removes: Vec<LeafNodeIndex>,
    with_path: bool,
}

impl Group {
    /// Makes a commit and keeps it pending; nothing changes until [`Self::receive_commit`] sees it. Only one can be pending.
    pub fn commit<S: StorageProvider<STORAGE_VERSION>>(
        &mut self,
        provider: &Provider<'_, S>,
        device: &Device,
        change: Change,
    ) -> Result<PendingCommit, GroupError> {
        let members = validity::members(&self.mls);
        let proposals = match change {
            Change::Add(packages) if packages.is_empty() => return Err(GroupError::NothingToDo),
            Change::Add(packages) => Proposals {
                adds: packages.iter().map(|package| package.as_mls().clone()).collect(),
                with_path: members.len() <= policy::PATHLESS_ADD_MEMBERS,
                ..Proposals::default()
            },
            Change::Remove(accounts) if accounts.contains(device.account()) => {
                return Err(GroupError::CannotRemoveSelf);
            }
            Change::Remove(accounts) => {
                let leaves = members.iter().filter(|(_, member)| accounts.contains(&member.account));
                let removes: Vec<_> = leaves.map(|(index, _)| LeafNodeIndex::new(*index)).collect();
                if removes.is_empty() {
                    return Err(GroupError::NothingToDo);
                }
                Proposals { removes, with_path: true, ..Proposals::default() }
            }
            Change::SelfUpdate => Proposals { with_path: true, ..Proposals::default() },
        };
        self.make_commit(provider, device, &proposals)
    }

    /// The commit with which a group is filled at its creation. Without a path: the creator's leaf is as new as the group.
    pub(crate) fn add_without_path<S: StorageProvider<STORAGE_VERSION>>(
        &mut self,
        provider: &Provider<'_, S>,
        device: &Device,
        packages: &[KeyPackage],
    ) -> Result<PendingCommit, GroupError> {
        let adds = packages.iter().map(|package| package.as_mls().clone()).collect();
        self.make_commit(provider, device, &Proposals { adds, ..Proposals::default() })
    }

    fn make_commit<S: StorageProvider<STORAGE_VERSION>>(
        &mut self,
        provider: &Provider<'_, S>,
        device: &Device,
        proposals: &Proposals,
    ) -> Result<PendingCommit, GroupError> {
        self.check_device(device)?;
        if self.has_pending_commit() {
            return Err(GroupError::CommitPending);
        }
        let members = validity::members(&self.mls);
        let own = members.get(&self.mls.own_leaf_index().u32()).ok_or(GroupError::NotAMember)?;
        let adds: Vec<_> = proposals.adds.iter().collect();
        let changes =
            validity::check_changes(&members, &self.info, self.epoch(), own, &adds, &proposals.removes)
                .map_err(GroupError::NotAllowed)?;

        // OpenMLS lists removals in the order of a hash map, which differs from run to run (proposal_store.rs of 0.9.2).
        // The engine's runs must repeat byte by byte, so a commit with few removals is rebuilt, from the same random bytes,
        // until they are in order. With many it would take too long, and the order is left to chance.
        let seed = provider.randomness().bytes();
        let ordered = proposals.removes.len() <= policy::ORDERED_REMOVALS;
        let mut attempts = policy::ORDERED_REMOVAL_ATTEMPTS;
        let bundle = loop {
            let bundle = self.stage(provider, device, proposals, &Randomness::seeded(&seed))?;
            attempts = attempts.saturating_sub(1);
            if !ordered || attempts == 0 || self.removals_are_in_order() {
                break bundle;
            }
            self.discard_pending(provider)?;
        };

        let data = message_bytes(bundle.commit())?;
        let welcome = match bundle.to_welcome_msg() {
            None => None,
            Some(message) => {
                let accounts: BTreeSet<_> = changes.added.into_iter().map(|member| member.account).collect();
                Some((accounts.into_iter().collect(), message_bytes(&message)?))
            }
        };
        Ok(PendingCommit {
            stanza: stanza_id(&data),
            epoch: self.epoch(),
            fork_tag: self.fork_tag(),
            data,
            welcome,
        })
    }

    fn stage<S: StorageProvider<STORAGE_VERSION>>(
        &mut self,
        provider: &Provider<'_, S>,
        device: &Device,
        proposals: &Proposals,
        randomness: &Randomness,
    ) -> Result<CommitMessageBundle, GroupError> {
        self.mls.set_aad(Class::Commit.aad().to_vec());
        self.mls
            .commit_builder()
            .consume_proposal_store(false)
            .propose_adds(proposals.adds.iter().cloned())
            .propose_removals(proposals.removes.iter().copied())
            .force_self_update(proposals.with_path)
            .load_psks(provider.storage())
            .map_err(|_| GroupError::NotAllowed(InvalidCommit::Protocol))?
            .build(randomness, provider.crypto(), device, |_| true)
            .map_err(|_| GroupError::NotAllowed(InvalidCommit::Protocol))?
            .stage_commit(provider)
            .map_err(|error| StorageFailure::new(error).into())
    }

    fn removals_are_in_order(&self) -> bool {
        let Some(staged) = self.mls.pending_commit() else { return true };
        let removals = staged.queued_proposals().filter_map(|queued| match queued.proposal() {
            Proposal::Remove(remove) => Some(remove.removed().u32()),
            _ => None,
        });
        removals.is_sorted()
    }

    /// Forgets a pending commit that was not sent, or lost. No error if there is none.
    ///
    /// A commit that may have reached the room must not be discarded before the archive shows that it did not: if it takes
    /// effect after all, the group has moved on without this device ([`CommitError::OwnCommitLost`]).
    pub fn discard_pending<S: StorageProvider<STORAGE_VERSION>>(
        &mut self,
        provider: &Provider<'_, S>,
    ) -> Result<(), StorageFailure> {
        self.mls.clear_pending_commit(provider.storage()).map_err(StorageFailure::new)
    }

    /// Handles the next commit in the order of the archive: merges it if it is valid and of the current epoch.
    ///
    /// `own_pending` says that these bytes are those of our pending commit (same stanza id). OpenMLS recognises them by
    /// itself; if it does not although the caller is certain, nothing is merged.
    ///
    /// After any merged commit, a pending one of ours is gone: merged if it was this one, void if not.
    pub fn receive_commit<S: StorageProvider<STORAGE_VERSION>>(
        &mut self,
        provider: &Provider<'_, S>,
        data: &[u8],
        own_pending: bool,
    ) -> Result<CommitOutcome, CommitError> {
        let message = match parse(data) {
            Some(MlsMessageBodyIn::PublicMessage(message)) => message,
            Some(MlsMessageBodyIn::PrivateMessage(message))
                if message.content_type() == ContentType::Commit =>
            {
                return Err(InvalidCommit::Framing.into());
            }
            Some(_) => return Err(CommitError::NotCommit),
            None => return Err(InvalidCommit::Malformed.into()),
        };
        if message.content_type() != ContentType::Commit {
            return Err(CommitError::NotCommit);
        }
        if message.group_id() != self.mls.group_id() {
            return Err(InvalidCommit::WrongGroup.into());
        }
        if !self.is_active() {
            return Err(CommitError::NotAMember);
        }
        if message.epoch() < self.mls.epoch() {
            return Err(CommitError::PastEpoch);
        }
        if message.epoch() > self.mls.epoch() {
            return Err(CommitError::FutureEpoch);
        }
        let Sender::Member(committer) = *message.sender() else {
            return Err(InvalidCommit::NotFromAMember.into());
        };

        let processed = self.mls.process_message(provider, message).map_err(commit_error)?;
        if processed.aad() != Class::Commit.aad() {
            return Err(InvalidCommit::Framing.into());
        }
        let own = committer == self.mls.own_leaf_index();
        let sender = processed.sender().clone();
        match processed.into_content() {
            ProcessedMessageContent::OwnPendingCommit => {
                let staged = self.mls.pending_commit().ok_or(CommitError::OwnCommitLost)?;
                let changes = validity::check_commit(
                    &self.mls,
                    &self.info,
                    &sender,
                    staged.queued_proposals(),
                    staged.update_path_leaf_node(),
                )?;
                self.mls.merge_pending_commit(provider).map_err(StorageFailure::new)?;
                Ok(self.outcome(changes, own))
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                if own_pending {
                    return Err(CommitError::OwnCommitLost);
                }
                let changes = validity::check_commit(
                    &self.mls,
                    &self.info,
                    &sender,
                    staged.queued_proposals(),
                    staged.update_path_leaf_node(),
                )?;
                self.mls.merge_staged_commit(provider, *staged).map_err(StorageFailure::new)?;
                Ok(self.outcome(changes, own))
            }
            _ => Err(CommitError::NotCommit),
        }
    }

    fn outcome(&self, changes: Changes, own: bool) -> CommitOutcome {
        CommitOutcome {
            epoch: self.epoch(),
            added: changes.added,
            removed: changes.removed,
            own,
            self_removed: !self.is_active(),
        }
    }
}

fn commit_error<E: fmt::Display>(error: ProcessMessageError<E>) -> CommitError {
    match error {
        ProcessMessageError::StorageError(error) => StorageFailure::new(error).into(),
        ProcessMessageError::LibraryError(_) => StorageFailure::library().into(),
        ProcessMessageError::GroupStateError(_) => CommitError::NotAMember,
        ProcessMessageError::InvalidCommit(StageCommitError::OwnCommitMismatch) => CommitError::OwnCommitLost,
        ProcessMessageError::ValidationError(
            ValidationError::InvalidSignature
            | ValidationError::MissingMembershipTag
            | ValidationError::InvalidMembershipTag,
        ) => InvalidCommit::NotAuthentic.into(),
        _ => InvalidCommit::Protocol.into(),
    }
}
