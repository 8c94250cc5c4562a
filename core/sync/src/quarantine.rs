//! Messages that can't be used: kept with their reason, never dropped in silence and never a reason to stop.

use heliograph_mls::{CommitError, JoinError, ReceiveError};
use heliograph_model::stanza::{InboundContent, InboundMessage, MessageKind, Unusable};
use heliograph_store::conversation::Conversation;
use heliograph_store::quarantine;

use crate::error::EngineError;
use crate::step::Step;

impl Step<'_> {
    /// Keeps what can't be read, so that it is not lost and can be looked at. The cursor moves on with it.
    pub(crate) fn quarantine(
        &mut self,
        conversation: Option<&Conversation>,
        arrived: &InboundMessage,
        reason: &'static str,
    ) -> Result<(), EngineError> {
        let data = match &arrived.content {
            InboundContent::Mls(envelope) => envelope.data.clone(),
            _ => Vec::new(),
        };
        tracing::warn!(reason, bytes = data.len(), "message put into quarantine");
        quarantine::put(
            self.tx,
            &quarantine::NewQuarantined {
                conversation: conversation.map(|conversation| conversation.id),
                archive: (arrived.kind == MessageKind::Groupchat).then(|| arrived.from.clone()),
                archive_id: arrived.archive_id.clone(),
                stanza: arrived.id.clone(),
                reason: reason.to_owned(),
                data,
                received_at: self.now,
            },
        )?;
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
