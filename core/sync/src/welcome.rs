//! Being invited (RFC 9420 §12.4.3.1): a Welcome makes a conversation.

use heliograph_mls::{Group, JoinError, Provider, RoomKind};
use heliograph_model::stanza::{InboundMessage, MlsEnvelope};
use heliograph_model::{Address, ConversationKind, Security};
use heliograph_store::archive;
use heliograph_store::conversation::{self, Conversation, ConversationState, NewConversation};
use heliograph_store::group::{self, GroupRow, GroupState};
use heliograph_store::peer::{self, Pin};

use crate::error::EngineError;
use crate::quarantine::join_reason;
use crate::step::Step;

/// The epoch to which a group's first commit leads: nothing can have been said before (mls-over-xmpp §7).
const FIRST_EPOCH: u64 = 1;

impl Step<'_> {
    /// A Welcome from `arrived.from`.
    pub(crate) fn welcome(
        &mut self,
        arrived: &InboundMessage,
        envelope: &MlsEnvelope,
    ) -> Result<(), EngineError> {
        let inviter = arrived.from.clone();
        if self.filling.is_some() && self.in_group_already(&inviter, envelope.room.as_ref())? {
            return Ok(()); // an invitation from before what we know; it must not take us back there
        }
        let entropy = self.random.entropy();
        let provider = Provider::new(&entropy, &self.storage);
        let joined = match Group::join(&provider, &envelope.data) {
            Ok(joined) => joined,
            // The same Welcome again, from a resend or the archive.
            Err(JoinError::AlreadyMember) => return Ok(()),
            Err(JoinError::Storage(error)) => return Err(EngineError::mls(error)),
            Err(error) => return self.quarantine(None, arrived, join_reason(&error)),
        };
        let info = joined.group.info().clone();
        let Some(id) = joined.group.id() else {
            joined.group.delete(&self.storage).map_err(EngineError::mls)?;
            return self.quarantine(None, arrived, "not-our-kind-of-group");
        };
        let honest = joined.inviter.account == inviter
            && info.room == envelope.room
            && match info.kind {
                RoomKind::Direct => info.room.is_none() && self.is_pair(&joined.group, &inviter),
                RoomKind::Group => info.room.is_some(),
            };
        let kind = info.kind;
        if !honest {
            // Somebody sends on another's invitation, or binds the group to another room than it says.
            self.delete_group(&id)?;
            return self.quarantine(None, arrived, "welcome-mismatch");
        }
        self.key_package_used(&joined.key_package_reference)?;
        for member in joined.group.members() {
            if peer::pin_identity(self.tx, &member.account, &member.identity_key.0)? == Pin::Changed {
                // Somebody we know comes with another identity: an impostor, or a phone set up anew. Until people can
                // compare and accept the new one, such a group is not entered.
                self.delete_group(&id)?;
                return self.quarantine(None, arrived, "identity-changed");
            }
        }
        let epoch = joined.group.epoch();
        self.groups.insert(id, joined.group);
        let conversation = self.conversation_for_welcome(kind, &inviter, envelope.room.as_ref())?;
        group::insert(
            self.tx,
            &GroupRow {
                id,
                conversation: conversation.id,
                room: envelope.room.clone(),
                epoch,
                joined_epoch: epoch,
                state: GroupState::Active,
                pending: None,
            },
        )?;
        let preferred = match (kind, conversation.group) {
            // Both of us made a direct group at the same time: both go on with the one that sorts first.
            (RoomKind::Direct, Some(other)) => id.min(other),
            _ => id,
        };
        conversation::set_group(self.tx, conversation.id, Some(preferred))?;
        conversation::set_security(self.tx, conversation.id, Security::Encrypted)?;
        conversation::set_state(self.tx, conversation.id, ConversationState::Active, None)?;
        self.refresh_members(&conversation, &id)?;
        self.changed_groups.insert(conversation.id);
        if let (Some(room), Some(after)) = (&envelope.room, &envelope.after) {
            let read_to = archive::cursor(self.tx, Some(room))?;
            if epoch > FIRST_EPOCH || read_to.is_some() {
                // What was said before was not encrypted for us; the timeline says so.
                archive::add_gap(self.tx, Some(room), read_to.as_ref(), Some(after))?;
            }
            archive::set_cursor(self.tx, Some(room), after)?;
        }
        match conversation::get(self.tx, conversation.id)? {
            Some(conversation) if kind == RoomKind::Group => self.enter_room_of(&conversation),
            Some(conversation) => self.drive(conversation.id).and_then(|()| self.pump(conversation.id)),
            None => Ok(()),
        }
    }

    fn in_group_already(&self, inviter: &Address, room: Option<&Address>) -> Result<bool, EngineError> {
        let conversation = conversation::by_address(self.tx, room.unwrap_or(inviter))?;
        Ok(conversation.is_some_and(|conversation| conversation.group.is_some()))
    }

    fn is_pair(&self, group: &Group, contact: &Address) -> bool {
        let members = group.members();
        members.iter().all(|member| member.account == *contact || member.account == self.account.address)
            && members.iter().any(|member| member.account == self.account.address)
    }

    fn conversation_for_welcome(
        &mut self,
        kind: RoomKind,
        inviter: &Address,
        room: Option<&Address>,
    ) -> Result<Conversation, EngineError> {
        let Some(room) = room.filter(|_| kind == RoomKind::Group) else {
            return self.direct_conversation(inviter);
        };
        if let Some(conversation) = conversation::by_address(self.tx, room)? {
            return Ok(conversation);
        }
        let id = conversation::insert(
            self.tx,
            &NewConversation {
                kind: ConversationKind::Group,
                address: room.clone(),
                name: None,
                security: Security::Encrypted,
                state: ConversationState::Active,
                created_at: self.now,
            },
        )?;
        conversation::get(self.tx, id)?.ok_or(EngineError::Codec)
    }
}
