//! Commits (RFC 9420 §12.4): the room's archive decides their order, the first valid one of an epoch wins.
//!
//! A commit of ours stays pending until it comes back from the room with a position in its archive. If another one of the
//! same epoch comes first, ours is thrown away and the wish behind it is tried again on the new state.

use heliograph_mls::{Change, CommitError, KeyPackage, Provider, RoomKind};
use heliograph_model::stanza::{
    Affiliation, InboundMessage, MessageKind, MlsEnvelope, MlsKind, Outbound, OutboundContent,
    OutboundMessage, Request,
};
use heliograph_model::{Address, ArchiveId, ErrorCode, GroupId};
use heliograph_store::conversation::{self, Conversation, ConversationState};
use heliograph_store::group::{self, GroupRow, GroupState, PendingCommit};
use heliograph_store::{intent, member, mls_storage, outbox};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;
use crate::live::Purpose;
use crate::policy::{COMMIT_TRIES, PAST_EPOCH_AGE, PAST_EPOCHS};
use crate::quarantine::commit_reason;
use crate::step::Step;
use crate::wish::{OutboxItem, Wish, decode, encode};

/// What to do once our commit is ordered; stored with it.
#[derive(Serialize, Deserialize)]
struct Afterwards {
    /// Invited accounts and the Welcome for all of them.
    welcome: Option<(Vec<Address>, Vec<u8>)>,
    removed: Vec<Address>,
}

impl Step<'_> {
    /// Makes a commit and sends it. It is merged when it comes back, never before.
    pub(crate) fn commit(&mut self, conversation: &Conversation, change: Change) -> Result<(), EngineError> {
        let Some(id) = conversation.group else { return Ok(()) };
        let removed = match &change {
            Change::Remove(accounts) => accounts.clone(),
            _ => Vec::new(),
        };
        let device = self.device()?;
        if self.group(&id)?.is_none() {
            return Ok(());
        }
        let entropy = self.random.entropy();
        let provider = Provider::new(&entropy, &self.storage);
        let Some(group) = self.groups.get_mut(&id) else { return Ok(()) };
        let pending = group.commit(&provider, &device, change).map_err(EngineError::mls)?;
        let afterwards = encode(&Afterwards { welcome: pending.welcome, removed })?;
        group::set_pending(
            self.tx,
            &id,
            Some(&PendingCommit {
                stanza: pending.stanza,
                data: pending.data,
                welcomes: afterwards,
                sent: false,
            }),
        )?;
        self.send_pending(conversation, &id)
    }

    /// Hands the pending commit to the session, once per session, always the same bytes.
    pub(crate) fn send_pending(
        &mut self,
        conversation: &Conversation,
        id: &GroupId,
    ) -> Result<(), EngineError> {
        let Some(row) = group::get(self.tx, id)? else { return Ok(()) };
        let Some(pending) = row.pending else { return Ok(()) };
        if !self.room_ready(&conversation.address) || !self.live.session.commits.insert(*id) {
            return Ok(());
        }
        let fork_tag = self.group(id)?.map(|group| group.fork_tag());
        self.send(Outbound::Message(OutboundMessage {
            id: pending.stanza,
            to: conversation.address.clone(),
            kind: MessageKind::Groupchat,
            content: OutboundContent::Mls(MlsEnvelope {
                kind: MlsKind::Commit,
                epoch: row.epoch,
                fork_tag,
                room: None,
                after: None,
                wake: false,
                data: pending.data,
            }),
        }));
        Ok(())
    }

    /// A commit in the room.
    pub(crate) fn group_commit(
        &mut self,
        conversation: &Conversation,
        row: &GroupRow,
        arrived: &InboundMessage,
        envelope: &MlsEnvelope,
    ) -> Result<(), EngineError> {
        // Without a position in the archive a commit is void: others may never see it (mls-over-xmpp §9.1).
        let Some(archive_id) = &arrived.archive_id else { return Ok(()) };
        if envelope.epoch < row.epoch {
            return Ok(()); // it lost the race, or we merged it before
        }
        if envelope.epoch > row.epoch {
            self.quarantine(Some(conversation), arrived, "future-epoch")?;
            return self.invented_or_missed(conversation, row);
        }
        let ours = row.pending.as_ref().is_some_and(|pending| pending.data == envelope.data);
        if self.unwritten.contains(&row.id) {
            // The ratchets of this epoch are in memory only; `ingest` sees it and starts over.
            return Ok(());
        }
        mls_storage::snapshot(self.tx, &row.id, row.epoch, self.now)?;
        if self.group(&row.id)?.is_none() {
            return Ok(());
        }
        let entropy = self.random.entropy();
        let provider = Provider::new(&entropy, &self.storage);
        let Some(group) = self.groups.get_mut(&row.id) else { return Ok(()) };
        match group.receive_commit(&provider, &envelope.data, ours) {
            Ok(outcome) => {
                group::set_epoch(self.tx, &row.id, outcome.epoch)?;
                mls_storage::drop_snapshots(
                    self.tx,
                    &row.id,
                    PAST_EPOCHS,
                    heliograph_model::Timestamp(self.now.0 - PAST_EPOCH_AGE.as_millis() as i64),
                )?;
                self.live.session.commits.remove(&row.id);
                group::set_pending(self.tx, &row.id, None)?;
                if outcome.self_removed {
                    return self.removed_from(conversation, &row.id);
                }
                self.changed_groups.insert(conversation.id);
                self.in_step_again(conversation)?;
                self.refresh_members(conversation, &row.id)?;
                if let (true, Some(pending)) = (ours, &row.pending) {
                    self.after_own_commit(conversation, outcome.epoch, archive_id, &pending.welcomes)?;
                }
                self.live.session.setups.remove(&conversation.id);
                self.drive(conversation.id)?;
                self.pump(conversation.id)
            }
            Err(CommitError::PastEpoch) => Ok(()),
            Err(CommitError::Storage(error)) => Err(EngineError::mls(error)),
            Err(CommitError::OwnCommitLost) => {
                self.quarantine(Some(conversation), arrived, "own-commit-lost")?;
                self.out_of_step(conversation, row)
            }
            Err(error) => {
                // Invalid for us means invalid for everybody: skip it, wait for the next one (mls-over-xmpp §9.1).
                self.quarantine(Some(conversation), arrived, commit_reason(&error))?;
                if ours {
                    self.give_up_commit(conversation, &row.id)?;
                }
                Ok(())
            }
        }
    }

    fn after_own_commit(
        &mut self,
        conversation: &Conversation,
        epoch: u64,
        archive_id: &ArchiveId,
        afterwards: &[u8],
    ) -> Result<(), EngineError> {
        let afterwards: Afterwards = decode(afterwards)?;
        if let Some((accounts, data)) = afterwards.welcome {
            self.queue_welcomes(conversation, &accounts, &data, epoch, Some(archive_id))?;
            if let Some(name) = &conversation.name {
                let item = encode(&OutboxItem::GroupName { name: name.clone() })?;
                outbox::append(self.tx, conversation.id, None, &item, self.now)?;
            }
        }
        for account in afterwards.removed {
            let request = Request::SetAffiliation {
                room: conversation.address.clone(),
                account,
                affiliation: Affiliation::None,
            };
            self.request(request, Purpose::Nothing);
        }
        Ok(())
    }

    /// Puts a Welcome for each account into the outbox.
    pub(crate) fn queue_welcomes(
        &mut self,
        conversation: &Conversation,
        accounts: &[Address],
        data: &[u8],
        epoch: u64,
        after: Option<&ArchiveId>,
    ) -> Result<(), EngineError> {
        let room = (conversation.kind == heliograph_model::ConversationKind::Group)
            .then(|| conversation.address.clone());
        for account in accounts {
            let envelope = MlsEnvelope {
                kind: MlsKind::Welcome,
                epoch,
                fork_tag: None,
                room: room.clone(),
                after: after.cloned(),
                wake: true,
                data: data.to_vec(),
            };
            let item = encode(&OutboxItem::Welcome { to: account.clone(), envelope })?;
            outbox::append_urgent(self.tx, conversation.id, &item, self.now)?;
        }
        Ok(())
    }

    /// Which accounts are in the group now and whether we may change that, for the app.
    pub(crate) fn refresh_members(
        &mut self,
        conversation: &Conversation,
        id: &GroupId,
    ) -> Result<(), EngineError> {
        let account = self.account;
        let Some(group) = self.group(id)? else { return Ok(()) };
        let mut accounts: Vec<Address> = group.members().into_iter().map(|member| member.account).collect();
        accounts.sort();
        accounts.dedup();
        let info = group.info();
        let owned = info.kind == RoomKind::Group && info.owner == account.address;
        conversation::set_owned(self.tx, conversation.id, owned)?;
        Ok(member::set_members(self.tx, conversation.id, &accounts)?)
    }

    /// Deletes everything that a group's messages could be read with.
    pub(crate) fn delete_group(&mut self, id: &GroupId) -> Result<(), EngineError> {
        self.groups.remove(id);
        Ok(mls_storage::delete_group(self.tx, id)?)
    }

    fn removed_from(&mut self, conversation: &Conversation, id: &GroupId) -> Result<(), EngineError> {
        group::set_state(self.tx, id, GroupState::Left)?;
        self.delete_group(id)?;
        conversation::set_state(self.tx, conversation.id, ConversationState::Left, None)?;
        if let Some(room) = self.live.session.rooms.remove(&conversation.address) {
            self.send(Outbound::LeaveRoom { room: conversation.address.clone(), nick: room.nick });
        }
        Ok(())
    }

    /// Our commit was refused by our own rules or can't be sent: drop it and its wish.
    fn give_up_commit(&mut self, conversation: &Conversation, id: &GroupId) -> Result<(), EngineError> {
        let entropy = self.random.entropy();
        let provider = Provider::new(&entropy, &self.storage);
        if let Some(group) = self.groups.get_mut(id) {
            group.discard_pending(&provider).map_err(EngineError::mls)?;
        }
        group::set_pending(self.tx, id, None)?;
        self.live.session.commits.remove(id);
        self.refuse_wish(conversation, ErrorCode::Internal)
    }

    /// The archive shows that the group went on without us having seen how: our keys are of no use any more.
    pub(crate) fn out_of_step(
        &mut self,
        conversation: &Conversation,
        row: &GroupRow,
    ) -> Result<(), EngineError> {
        group::set_state(self.tx, &row.id, GroupState::Broken)?;
        conversation::set_state(
            self.tx,
            conversation.id,
            ConversationState::Failed,
            Some(ErrorCode::GroupNeedsRejoin),
        )?;
        Ok(())
    }

    /// The change that a wish still asks for, given who is in the group now; `None` if nothing is left of it.
    pub(crate) fn change_for(
        &mut self,
        conversation: &Conversation,
        wish: &Wish,
    ) -> Result<Option<Change>, EngineError> {
        let members = member::members(self.tx, conversation.id)?;
        Ok(match wish {
            Wish::Remove { members: unwanted } => {
                let left: Vec<Address> =
                    unwanted.iter().filter(|account| members.contains(account)).cloned().collect();
                (!left.is_empty()).then_some(Change::Remove(left))
            }
            Wish::Add { members: wanted } => {
                let Some(setup) = self.live.session.setups.get(&conversation.id) else { return Ok(None) };
                let mut packages = Vec::new();
                for account in wanted.iter().filter(|account| !members.contains(account)) {
                    for data in setup.packages.get(account).into_iter().flatten() {
                        packages.push(KeyPackage::parse(data, self.now).map_err(EngineError::mls)?);
                    }
                }
                (!packages.is_empty()).then_some(Change::Add(packages))
            }
            _ => None,
        })
    }

    /// Counts a try; after [`COMMIT_TRIES`] the wish is dropped and the app told.
    pub(crate) fn try_again(
        &mut self,
        conversation: &Conversation,
        wish: &intent::Intent,
    ) -> Result<bool, EngineError> {
        if wish.attempts >= COMMIT_TRIES {
            self.refuse_wish(conversation, ErrorCode::SessionEnded)?;
            return Ok(false);
        }
        intent::bump(self.tx, wish.id)?;
        Ok(true)
    }
}
