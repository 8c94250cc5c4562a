//! One message that arrived: where it belongs, and what it says.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use heliograph_mls::{Content, Item, MemberIdentity, ReceiptKind};
use heliograph_model::stanza::{
    InboundContent, InboundMessage, MessageKind, StanzaError, StanzaErrorCondition,
};
use heliograph_model::{Address, ConversationKind, DeliveryState, ErrorCode, MessageId, Security, StanzaId};
use heliograph_store::conversation::{self, Conversation, ConversationState};
use heliograph_store::message::{self, Inserted, NewMessage, Sender, Sequence};
use heliograph_store::outbox;
use sha2::{Digest, Sha256};

use crate::archive::Source;
use crate::error::EngineError;
use crate::step::Step;

impl Step<'_> {
    /// Processes one message, live or archived. Whatever it holds, this fails only for reasons of our own (the database).
    pub(crate) fn message(&mut self, message: &InboundMessage, source: Source) -> Result<(), EngineError> {
        if let (InboundContent::Error(error), Some(stanza)) = (&message.content, &message.id) {
            return self.bounced(stanza, error);
        }
        match message.kind {
            MessageKind::Groupchat => {
                let Some(conversation) = conversation::by_address(self.tx, &message.from)? else {
                    return Ok(());
                };
                match conversation.kind {
                    ConversationKind::Group => self.group_message(&conversation, message),
                    ConversationKind::Room => self.room_message(&conversation, message, source),
                    ConversationKind::Direct => Ok(()),
                }
            }
            MessageKind::Chat => self.direct_message(message),
        }
    }

    /// A message of ours came back.
    fn bounced(&mut self, stanza: &StanzaId, error: &StanzaError) -> Result<(), EngineError> {
        let Some(row) = outbox::by_stanza(self.tx, stanza)? else { return Ok(()) };
        self.live.session.in_flight.remove(&row.id);
        if error.condition == StanzaErrorCondition::NotAcceptable {
            // We are not in the room (any more): enter, unless that is under way, and it goes out again.
            if let Some(conversation) = conversation::get(self.tx, row.conversation)?
                && conversation.kind != ConversationKind::Direct
            {
                let rooms = &self.live.session.rooms;
                let entering = rooms.get(&conversation.address).is_some_and(|room| !room.joined);
                return if entering { Ok(()) } else { self.enter_room_of(&conversation) };
            }
        }
        if error.wait {
            return Ok(());
        }
        let code = match error.condition {
            StanzaErrorCondition::PolicyViolation => ErrorCode::TooLarge,
            StanzaErrorCondition::Forbidden
            | StanzaErrorCondition::NotAllowed
            | StanzaErrorCondition::RegistrationRequired => ErrorCode::Forbidden,
            _ => ErrorCode::NotFound,
        };
        if let Some(message) = row.message {
            message::fail(self.tx, message, code)?;
        }
        self.arrived(row.id)
    }

    /// The decrypted content of an MLS message, in the order of its items.
    pub(crate) fn content(
        &mut self,
        conversation: &Conversation,
        arrived: &InboundMessage,
        sender: &MemberIdentity,
        content: Content,
    ) -> Result<(), EngineError> {
        for item in content.items {
            match item {
                Item::Text { id, text, sequence } => {
                    // New or repeated: either way it is there now.
                    let wants = Wants { receipt: true, marker: true };
                    let author = &sender.account;
                    let sequence = sequence.map(|number| Sequence { device: sender.device, number });
                    let said = Said { author, id, text, security: Security::Encrypted, sequence, wants };
                    let _ = self.text(conversation, arrived, said)?;
                }
                Item::GroupName { name } => {
                    if conversation.kind == ConversationKind::Group {
                        conversation::set_name(self.tx, conversation.id, Some(&name))?;
                    }
                }
                Item::Receipt { kind: ReceiptKind::Delivered, ids, runs } => {
                    for (author, id) in ids {
                        if author == self.account.address {
                            self.receipt(conversation, &sender.account, &id)?;
                        }
                    }
                    for run in runs {
                        self.receipts_for_run(conversation, &sender.account, &run)?;
                    }
                }
                Item::Receipt { kind: ReceiptKind::Displayed, ids, runs } => {
                    // What was shown covers all before it: of a run the last counts.
                    let last = runs.into_iter().map(|run| (run.author, run.last));
                    for (author, id) in ids.into_iter().chain(last) {
                        self.shown(conversation, &sender.account, &author, &id)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A text of somebody else, new or seen before.
    pub(crate) fn text(
        &mut self,
        conversation: &Conversation,
        arrived: &InboundMessage,
        said: Said<'_>,
    ) -> Result<Inserted, EngineError> {
        let Said { author, id, text, security, sequence, wants } = said;
        // What was asked for by scrolling back is history, as is what was there before us: its sender waits for nothing. What
        // was encrypted for this device is never from before it.
        let before_us = self.history && security == Security::Plain;
        let current = self.filling.is_none() && !before_us && self.acknowledges(conversation)?;
        let acknowledge = wants.receipt && current;
        let inserted = message::insert(
            self.tx,
            &NewMessage {
                conversation: conversation.id,
                id,
                stanza: arrived.id.clone(),
                archive: arrived.archive_id.clone(),
                sender: Sender::Account(author.clone()),
                outgoing: false,
                security,
                text,
                sent_at: arrived.sent_at.unwrap_or(self.now),
                received_at: self.now,
                state: DeliveryState::Delivered,
                receipt_due: acknowledge,
                markable: wants.marker && current,
                place: self.place,
                sequence,
            },
        )?;
        if acknowledge && matches!(inserted, Inserted::New(_)) {
            self.receipts_soon();
        }
        Ok(inserted)
    }

    /// A message of ours is in the archive: it can't be lost any more.
    pub(crate) fn archived(
        &mut self,
        row: &outbox::OutboxRow,
        arrived: &InboundMessage,
    ) -> Result<(), EngineError> {
        if let (Some(message), Some(archive_id)) = (row.message, &arrived.archive_id) {
            message::set_archived(self.tx, message, archive_id, self.place)?;
        }
        self.arrived(row.id)
    }

    /// The conversation with an account; made if there is none yet.
    pub(crate) fn direct_conversation(&mut self, contact: &Address) -> Result<Conversation, EngineError> {
        if let Some(conversation) = conversation::by_address(self.tx, contact)? {
            return Ok(conversation);
        }
        let id = conversation::insert(
            self.tx,
            &conversation::NewConversation {
                kind: ConversationKind::Direct,
                address: contact.clone(),
                name: None,
                security: Security::Plain,
                state: ConversationState::Active,
                created_at: self.now,
            },
        )?;
        conversation::get(self.tx, id)?.ok_or(EngineError::Codec)
    }
}

/// A text, as its author sent it.
pub(crate) struct Said<'a> {
    /// Whose it is.
    pub author: &'a Address,
    /// What its author calls it.
    pub id: MessageId,
    pub text: String,
    /// How it travelled.
    pub security: Security,
    /// Its order among the texts of its author's device.
    pub sequence: Option<Sequence>,
    pub wants: Wants,
}

/// What the author of a message wants to know about it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wants {
    /// That it has arrived.
    pub receipt: bool,
    /// That it was shown.
    pub marker: bool,
}

/// The id of a plain message: what its sender chose, or else something that is the same wherever we meet it again.
pub(crate) fn plain_message_id(arrived: &InboundMessage, text: &str) -> MessageId {
    if let Some(id) = &arrived.origin_id {
        return id.clone();
    }
    if let Some(id) = &arrived.id {
        return MessageId::new(id.as_str());
    }
    if let Some(id) = &arrived.archive_id {
        return MessageId::new(format!("archive:{id}"));
    }
    let digest = Sha256::digest(text.as_bytes());
    MessageId::new(format!("text:{}", URL_SAFE_NO_PAD.encode(digest.get(..12).unwrap_or_default())))
}
