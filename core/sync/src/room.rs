//! Being in rooms (XEP-0045): those that order an encrypted group, and ordinary ones.

use heliograph_model::stanza::{
    InboundContent, InboundMessage, Outbound, Request, StanzaError, StanzaErrorCondition,
};
use heliograph_model::{Address, ConversationKind, DeliveryState, ErrorCode, Security};
use heliograph_store::conversation::{self, Conversation, ConversationState};
use heliograph_store::message::{self, Inserted, NewMessage, Sender};
use heliograph_store::{intent, outbox};

use crate::archive::Source;
use crate::error::EngineError;
use crate::live::Purpose;
use crate::message::plain_message_id;
use crate::step::Step;
use crate::wish::{Wish, decode};

impl Step<'_> {
    /// Enters the conversation's room, if it has one that we should be in, and reads what we missed there.
    ///
    /// Both go out together. The room handles them in order, so everything is either in the archive's answer or comes
    /// live after it.
    pub(crate) fn enter_room_of(&mut self, conversation: &Conversation) -> Result<(), EngineError> {
        if !self.online() || conversation.state != ConversationState::Active {
            return Ok(());
        }
        let nick = match conversation.kind {
            ConversationKind::Direct => return Ok(()),
            ConversationKind::Group => self.account.device.to_string(),
            ConversationKind::Room => match self.nick_in(conversation)? {
                Some(nick) => nick,
                None => return Ok(()),
            },
        };
        let room = conversation.address.clone();
        let live = self.live.session.rooms.entry(room.clone()).or_default();
        live.joined = false;
        live.nick.clone_from(&nick);
        self.send(Outbound::JoinRoom { room: room.clone(), nick });
        self.read_room_archive(&room, conversation.kind == ConversationKind::Room)
    }

    fn nick_in(&self, conversation: &Conversation) -> Result<Option<String>, EngineError> {
        for wish in intent::list(self.tx, conversation.id)? {
            if let Wish::StayInRoom { nick } = decode(&wish.item)? {
                return Ok(Some(nick));
            }
        }
        Ok(None)
    }

    /// Whether we may speak in the room and have read all of it.
    pub(crate) fn room_ready(&self, room: &Address) -> bool {
        self.online() && self.live.session.rooms.get(room).is_some_and(crate::live::RoomLive::ready)
    }

    /// We are in. A room that nobody had before is made by entering it, and servers may keep it locked for everybody else
    /// until its owner says how it should be (XEP-0045 §10.1); an ordinary one stays as the server makes it.
    pub(crate) fn room_joined(
        &mut self,
        room: &Address,
        nick: String,
        created: bool,
    ) -> Result<(), EngineError> {
        let live = self.live.session.rooms.entry(room.clone()).or_default();
        live.joined = true;
        live.nick = nick;
        let Some(conversation) = conversation::by_address(self.tx, room)? else { return Ok(()) };
        if conversation.state == ConversationState::Preparing {
            self.setup_room_joined(&conversation);
            return Ok(());
        }
        if created && conversation.kind == ConversationKind::Room {
            self.request(Request::AcceptRoomDefaults { room: room.clone() }, Purpose::Nothing);
        } else if created {
            // The server has lost the room of the group, with its archive and its members: what is said in a new one reaches
            // nobody, and would look as if it had been kept. It goes with us.
            let nick = live.nick.clone();
            self.send(Outbound::LeaveRoom { room: room.clone(), nick });
            return self.room_left(room, true);
        }
        self.drive(conversation.id)?;
        self.pump(conversation.id)
    }

    pub(crate) fn room_refused(&mut self, room: &Address, error: &StanzaError) -> Result<(), EngineError> {
        self.live.session.rooms.remove(room);
        let Some(conversation) = conversation::by_address(self.tx, room)? else { return Ok(()) };
        if error.wait || error.condition == StanzaErrorCondition::RemoteServer {
            return Ok(());
        }
        let code = match error.condition {
            StanzaErrorCondition::Conflict => ErrorCode::InvalidArgument,
            StanzaErrorCondition::ItemNotFound => ErrorCode::NotFound,
            _ if conversation.state == ConversationState::Preparing => ErrorCode::RoomsUnavailable,
            _ => ErrorCode::Forbidden,
        };
        if conversation.state == ConversationState::Preparing {
            return self.refuse_wish(&conversation, code);
        }
        Ok(conversation::set_state(self.tx, conversation.id, ConversationState::Failed, Some(code))?)
    }

    /// We are no longer in the room, and may enter again. Until then nothing is said there: what is under way comes back, and
    /// what would follow it must not overtake it.
    pub(crate) fn room_lost(&mut self, room: &Address) -> Result<(), EngineError> {
        let Some(live) = self.live.session.rooms.get_mut(room) else { return Ok(()) };
        live.joined = false;
        let nick = live.nick.clone();
        match conversation::by_address(self.tx, room)? {
            Some(conversation) if conversation.state == ConversationState::Active => {
                self.enter_room_of(&conversation)
            }
            // It is being made, or joined for the first time.
            _ => {
                self.send(Outbound::JoinRoom { room: room.clone(), nick });
                Ok(())
            }
        }
    }

    pub(crate) fn room_left(&mut self, room: &Address, destroyed: bool) -> Result<(), EngineError> {
        self.live.session.rooms.remove(room);
        let Some(conversation) = conversation::by_address(self.tx, room)? else { return Ok(()) };
        // In an encrypted group the room's word does not decide who is a member; a commit does. But without the room
        // nothing can be ordered any more.
        let code = if destroyed { ErrorCode::NotFound } else { ErrorCode::Forbidden };
        if conversation.state == ConversationState::Active {
            conversation::set_state(self.tx, conversation.id, ConversationState::Left, Some(code))?;
        }
        Ok(())
    }

    /// A message in an ordinary room.
    pub(crate) fn room_message(
        &mut self,
        conversation: &Conversation,
        arrived: &InboundMessage,
        source: Source,
    ) -> Result<(), EngineError> {
        let Some(nick) = &arrived.nick else { return Ok(()) };
        let text = match &arrived.content {
            InboundContent::Plain { text, .. } => text,
            InboundContent::Unusable { reason } => {
                return self.unusable(Some(conversation), arrived, *reason);
            }
            _ => return Ok(()),
        };
        let our_nick = self.live.session.rooms.get(&conversation.address).map(|room| room.nick.clone());
        if our_nick.as_ref() == Some(nick)
            && let Some(stanza) = &arrived.id
        {
            if let Some(row) = outbox::by_stanza(self.tx, stanza)? {
                if arrived.archive_id.is_none() && source == Source::Live {
                    // A room without archive: the reflection is all the proof there will ever be.
                    if let Some(message) = row.message {
                        message::raise_state(self.tx, message, DeliveryState::Sent)?;
                    }
                    return self.arrived(row.id);
                }
                return self.archived(&row, arrived);
            }
            if message::by_stanza(self.tx, conversation.id, stanza)?.is_some_and(|message| message.outgoing) {
                return Ok(());
            }
        }
        let inserted = message::insert(
            self.tx,
            &NewMessage {
                conversation: conversation.id,
                id: plain_message_id(arrived, text),
                stanza: arrived.id.clone(),
                archive: arrived.archive_id.clone(),
                sender: Sender::Occupant(nick.clone()),
                outgoing: false,
                security: Security::Plain,
                text: text.clone(),
                sent_at: arrived.sent_at.unwrap_or(self.now),
                received_at: self.now,
                state: DeliveryState::Delivered,
                receipt_due: false,
                markable: false,
                place: self.place,
                sequence: None,
            },
        )?;
        debug_assert!(matches!(inserted, Inserted::New(_) | Inserted::Duplicate(_)));
        Ok(())
    }
}
