//! Messages that can't be used: kept with their reason, never dropped in silence and never a reason to stop.
//!
//! Some are cured by what comes later: the Welcome to the group, the commit that leads to their epoch, a newer version of
//! this program. Then they are tried again, a bounded number of times, and take the place in the timeline where they came.
//! Anybody can send garbage, so there are bounds; what is let go is still counted for the app.

use heliograph_mls::{CommitError, JoinError, ReceiveError};
use heliograph_model::ErrorCode;
use heliograph_model::stanza::{InboundContent, InboundMessage, MessageKind, MlsKind, Unusable};
use heliograph_store::conversation::{self, Conversation, ConversationState};
use heliograph_store::group::{self, GroupRow, GroupState};
use heliograph_store::message::Place;
use heliograph_store::{archive, quarantine, setting};

use crate::archive::Source;
use crate::error::EngineError;
use crate::policy::{QUARANTINE_ALL, QUARANTINE_CONVERSATION, QUARANTINE_TRIES};
use crate::step::Step;
use crate::wish::{decode, encode};

/// Name of the setting that holds the version of this program that tried everything last.
const TRIED_BY: &str = "quarantine-tried-by";

/// This version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What may make a message usable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cure {
    /// The group's state: a Welcome or a commit. A newer version, too.
    Group,
    /// A newer version, which knows more.
    Version,
    Nothing,
}

impl Step<'_> {
    /// Keeps what can't be read, so that it is not lost and can be looked at. The cursor moves on with it.
    pub(crate) fn quarantine(
        &mut self,
        conversation: Option<&Conversation>,
        arrived: &InboundMessage,
        reason: &'static str,
    ) -> Result<(), EngineError> {
        if let Some(trial) = &mut self.trial {
            trial.cured = false;
            return Ok(quarantine::set_tried(self.tx, trial.row, reason)?);
        }
        let id = conversation.map(|conversation| conversation.id);
        let data = match &arrived.content {
            InboundContent::Mls(envelope) => envelope.data.clone(),
            _ => Vec::new(),
        };
        if self.filling.is_some() {
            // From before our keys: nothing will cure it. Receipts and the like are nobody's loss.
            let worth_reading = matches!(&arrived.content, InboundContent::Mls(envelope) if envelope.wake);
            return if worth_reading { Ok(quarantine::count(self.tx, id, reason)?) } else { Ok(()) };
        }
        tracing::warn!(reason, bytes = data.len(), "message put into quarantine");
        let around = if cure(reason) == Cure::Nothing { None } else { around_payload(arrived)? };
        quarantine::put(
            self.tx,
            &quarantine::NewQuarantined {
                conversation: id,
                archive: (arrived.kind == MessageKind::Groupchat).then(|| arrived.from.clone()),
                archive_id: arrived.archive_id.clone(),
                stanza: arrived.id.clone(),
                reason: reason.to_owned(),
                data,
                place: if around.is_some() { Place::Next } else { Place::Unknown },
                arrived: around,
                sender: id.is_none().then(|| arrived.from.clone()),
                received_at: self.now,
            },
        )?;
        Ok(quarantine::make_room(self.tx, id, QUARANTINE_CONVERSATION, QUARANTINE_ALL)?)
    }

    /// Tries again what the changes of this input to groups may have cured.
    pub(crate) fn retry_cured(&mut self) -> Result<(), EngineError> {
        // A message that is cured may change a group in its turn; the tries of each are bounded, so this ends.
        while let Some(id) = self.changed_groups.pop_first() {
            let Some(conversation) = conversation::get(self.tx, id)? else { continue };
            for waiting in quarantine::waiting_in(self.tx, id, &conversation.address)? {
                if waiting.attempts < QUARANTINE_TRIES && cure(&waiting.reason) == Cure::Group {
                    self.retry(waiting.id)?;
                }
            }
        }
        Ok(())
    }

    /// Tries everything again once if this is another version of the program than the last one.
    pub(crate) fn retry_after_update(&mut self) -> Result<(), EngineError> {
        if setting::get(self.tx, TRIED_BY)?.as_deref() == Some(VERSION.as_bytes()) {
            return Ok(());
        }
        for waiting in quarantine::all_waiting(self.tx)? {
            self.retry(waiting.id)?;
        }
        Ok(setting::put(self.tx, TRIED_BY, VERSION.as_bytes())?)
    }

    fn retry(&mut self, row: i64) -> Result<(), EngineError> {
        let Some(quarantined) = quarantine::get(self.tx, row)? else { return Ok(()) };
        let Some(around) = &quarantined.arrived else { return Ok(()) };
        let mut arrived: InboundMessage = decode(around)?;
        let InboundContent::Mls(envelope) = &mut arrived.content else { return Ok(()) };
        envelope.data = quarantined.data;
        if arrived.kind == MessageKind::Groupchat {
            let group = group::by_room(self.tx, &arrived.from)?;
            match group.filter(|group| group.state == GroupState::Active) {
                Some(group) if envelope.epoch < group.joined_epoch => {
                    quarantine::set_tried(self.tx, row, "before-joining")?;
                    return Ok(quarantine::drop_counted(self.tx, row)?);
                }
                Some(group) if envelope.epoch <= group.epoch => {}
                // Not yet, and this was no try.
                _ => return Ok(()),
            }
        }
        self.trial = Some(Trial { row, cured: true });
        self.place = quarantined.position.map_or(Place::Next, Place::At);
        let tried = self.message(&arrived, Source::Archive);
        self.place = Place::Next;
        let cured = self.trial.take().is_some_and(|trial| trial.cured);
        tried?;
        if cured {
            quarantine::remove(self.tx, row)?;
        }
        Ok(())
    }

    /// Something in the room's archive claims to be of an epoch that nothing led to.
    ///
    /// If the archive has forgotten what we missed, a commit is gone and our keys are of no use any more. If not, every
    /// commit is known, and whoever wrote this is mistaken, lies, or knows one that the archive lost: the group goes on, and
    /// the app is told that something is wrong with it. Nobody may be able to stop a group by inventing a future.
    pub(crate) fn invented_or_missed(
        &mut self,
        conversation: &Conversation,
        row: &GroupRow,
    ) -> Result<(), EngineError> {
        let gaps = archive::gaps(self.tx, row.room.as_ref())?;
        if gaps.last().is_some_and(|gap| gap.before.is_none()) {
            return self.out_of_step(conversation, row);
        }
        let doubt = Some(ErrorCode::GroupNeedsRejoin);
        if conversation.failure != doubt && self.trial.is_none() {
            conversation::set_state(self.tx, conversation.id, conversation.state, doubt)?;
        }
        Ok(())
    }

    /// A commit was applied: what was doubted is settled.
    pub(crate) fn in_step_again(&mut self, conversation: &Conversation) -> Result<(), EngineError> {
        if conversation.state == ConversationState::Active
            && conversation.failure == Some(ErrorCode::GroupNeedsRejoin)
        {
            conversation::set_state(self.tx, conversation.id, conversation.state, None)?;
        }
        Ok(())
    }

    /// What `<m/>` or another payload that can't be used means for us.
    pub(crate) fn unusable(
        &mut self,
        conversation: Option<&Conversation>,
        arrived: &InboundMessage,
        reason: Unusable,
    ) -> Result<(), EngineError> {
        match reason {
            Unusable::NoContent => Ok(()),
            Unusable::MalformedMls => self.quarantine(conversation, arrived, "malformed"),
            Unusable::TooLarge => self.quarantine(conversation, arrived, "too-large"),
        }
    }
}

/// A message from quarantine that is being tried.
pub(crate) struct Trial {
    row: i64,
    cured: bool,
}

/// Whether anything can make a message of this reason usable.
fn cure(reason: &str) -> Cure {
    match reason {
        "no-such-group" | "future-epoch" => Cure::Group,
        "malformed"
        | "not-our-kind-of-group"
        | "invalid-welcome"
        | "against-the-rules"
        | "unverified-member"
        | "identity-changed" => Cure::Version,
        _ => Cure::Nothing,
    }
}

/// All of a message but its payload, encoded. `None` for what is never tried again: a commit has its place in the archive's
/// order, and has it once.
fn around_payload(arrived: &InboundMessage) -> Result<Option<Vec<u8>>, EngineError> {
    let mut around = arrived.clone();
    match &mut around.content {
        InboundContent::Mls(envelope) if matches!(envelope.kind, MlsKind::Application | MlsKind::Welcome) => {
            envelope.data.clear();
        }
        _ => return Ok(None),
    }
    encode(&around).map(Some)
}

/// The stored reason for an application message. Stable: it is shown, counted and searched for.
pub(crate) const fn receive_reason(error: &ReceiveError) -> &'static str {
    match error {
        ReceiveError::WrongGroup => "wrong-group",
        ReceiveError::PastEpoch(_) => "past-epoch",
        ReceiveError::FutureEpoch(_) => "future-epoch",
        ReceiveError::SecretReuse => "decrypted-before",
        ReceiveError::Overtaken => "overtaken",
        ReceiveError::Malformed => "malformed",
        ReceiveError::NotAMember => "not-a-member",
        ReceiveError::BadSignature => "forged",
        ReceiveError::Undecryptable => "undecryptable",
        ReceiveError::BadContent(_) => "bad-content",
        ReceiveError::Storage(_) => "storage",
    }
}

/// The stored reason for a commit.
pub(crate) const fn commit_reason(error: &CommitError) -> &'static str {
    match error {
        CommitError::PastEpoch => "past-epoch",
        CommitError::FutureEpoch => "future-epoch",
        CommitError::Invalid(_) => "invalid-commit",
        CommitError::NotCommit => "not-a-commit",
        CommitError::OwnCommitLost => "own-commit-lost",
        CommitError::NotAMember => "not-a-member",
        CommitError::Storage(_) => "storage",
    }
}

/// The stored reason for a Welcome.
pub(crate) const fn join_reason(error: &JoinError) -> &'static str {
    match error {
        JoinError::Malformed => "malformed",
        JoinError::NoMatchingKeyPackage => "no-matching-key-package",
        JoinError::AlreadyMember => "already-a-member",
        JoinError::Invalid => "invalid-welcome",
        JoinError::Room(_) => "not-our-kind-of-group",
        JoinError::UnverifiedMember(_) => "unverified-member",
        JoinError::Rules(_) => "against-the-rules",
        JoinError::Storage(_) => "storage",
    }
}
