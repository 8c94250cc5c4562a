//! Messages in the room of an encrypted group: application messages, commits, and what has no business there.

use heliograph_mls::{Group, Provider, ReceiveError, Received, stanza_id};
use heliograph_model::GroupId;
use heliograph_model::stanza::{InboundContent, InboundMessage, MlsEnvelope, MlsKind};
use heliograph_store::conversation::Conversation;
use heliograph_store::group::{self, GroupRow};
use heliograph_store::mls_storage::{self, MlsStorage};
use heliograph_store::{message, outbox};

use crate::error::EngineError;
use crate::quarantine::receive_reason;
use crate::step::Step;

impl Step<'_> {
    /// A message in a group's room, in the room's order.
    pub(crate) fn group_message(
        &mut self,
        conversation: &Conversation,
        arrived: &InboundMessage,
    ) -> Result<(), EngineError> {
        let envelope = match &arrived.content {
            InboundContent::Mls(envelope) => envelope,
            // Readable text in an encrypted group can come from anybody who can enter the room, the server included. It
            // must never look like a message of the group.
            InboundContent::Plain { .. } => {
                return self.quarantine(Some(conversation), arrived, "not-encrypted");
            }
            InboundContent::Unusable { reason } => {
                return self.unusable(Some(conversation), arrived, *reason);
            }
            InboundContent::Receipt { .. } | InboundContent::Error(_) => return Ok(()),
        };
        let Some(row) = group::by_room(self.tx, &arrived.from)? else { return Ok(()) };
        if row.state != group::GroupState::Active {
            return Ok(());
        }
        match envelope.kind {
            MlsKind::Application => self.group_application(conversation, &row, arrived, envelope),
            MlsKind::Commit => self.group_commit(conversation, &row, arrived, envelope),
            MlsKind::Proposal | MlsKind::Welcome => {
                self.quarantine(Some(conversation), arrived, "unexpected-handshake")
            }
        }
    }

    fn group_application(
        &mut self,
        conversation: &Conversation,
        row: &GroupRow,
        arrived: &InboundMessage,
        envelope: &MlsEnvelope,
    ) -> Result<(), EngineError> {
        // The id is derived from the bytes, so nobody can pass off other bytes as our message.
        let stanza = stanza_id(&envelope.data);
        if let Some(ours) = outbox::by_stanza(self.tx, &stanza)? {
            return if arrived.archive_id.is_some() { self.archived(&ours, arrived) } else { Ok(()) };
        }
        if let Some(seen) = message::by_stanza(self.tx, conversation.id, &stanza)? {
            let Some(archive_id) = &arrived.archive_id else { return Ok(()) };
            if seen.outgoing {
                message::set_archived(self.tx, seen.row, archive_id, self.place)?;
            } else {
                message::note_copy(self.tx, seen.row, archive_id)?;
            }
            return Ok(());
        }
        if envelope.epoch < row.joined_epoch {
            return Ok(()); // from before we were a member; nobody can show it to us
        }
        let received = match self.receive(&row.id, &envelope.data)? {
            Err(ReceiveError::PastEpoch(epoch)) => self.receive_past(&row.id, epoch, &envelope.data)?,
            other => other,
        };
        match received {
            Ok(Received::Application { sender, content }) => {
                self.content(conversation, arrived, &sender, content)
            }
            Ok(Received::Own) | Err(ReceiveError::SecretReuse) => Ok(()),
            Err(error @ ReceiveError::FutureEpoch(_)) => {
                self.quarantine(Some(conversation), arrived, receive_reason(&error))?;
                self.invented_or_missed(conversation, row)
            }
            Err(error) => self.quarantine(Some(conversation), arrived, receive_reason(&error)),
        }
    }

    /// A message that was overtaken by a commit: decrypted with the keys of its own epoch, if we still have them.
    fn receive_past(
        &mut self,
        id: &GroupId,
        epoch: u64,
        data: &[u8],
    ) -> Result<Result<Received, ReceiveError>, EngineError> {
        if !mls_storage::past_epochs(self.tx, id)?.contains(&epoch) {
            return Ok(Err(ReceiveError::PastEpoch(epoch)));
        }
        let storage = MlsStorage::past_epoch(self.tx, epoch);
        let Some(mut past) = Group::load(&storage, *id).map_err(EngineError::mls)? else {
            return Ok(Err(ReceiveError::PastEpoch(epoch)));
        };
        let received = past.receive(&Provider::new(&self.random.entropy(), &storage), data);
        if let Some(failure) = storage.take_failure() {
            return Err(failure.into());
        }
        match received {
            Err(ReceiveError::Storage(error)) => Err(EngineError::mls(error)),
            other => Ok(other),
        }
    }
}
