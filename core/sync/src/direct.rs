//! Messages between two accounts: plain XMPP chats, and direct MLS groups, which need no room because their membership never
//! changes after they are made (decision record 0007).

use heliograph_mls::{Group, Provider, ReceiptKind, ReceiveError, Received};
use heliograph_model::stanza::{InboundContent, InboundMessage, MlsEnvelope, MlsKind};
use heliograph_model::{Address, ConversationKind, DeliveryState, Security, StanzaId};
use heliograph_store::conversation::Conversation;
use heliograph_store::message::{self, Inserted, NewMessage, Sender};
use heliograph_store::{group, outbox};

use crate::error::EngineError;
use crate::message::{Said, Wants, plain_message_id};
use crate::quarantine::receive_reason;
use crate::step::Step;

impl Step<'_> {
    /// A message of type chat, ours or somebody else's.
    pub(crate) fn direct_message(&mut self, arrived: &InboundMessage) -> Result<(), EngineError> {
        let ours = arrived.from == self.account.address;
        let contact = if ours { arrived.to.clone() } else { Some(arrived.from.clone()) };
        let Some(contact) = contact.filter(|contact| *contact != self.account.address) else { return Ok(()) };
        if ours {
            return self.own_direct_message(&contact, arrived);
        }
        match &arrived.content {
            InboundContent::Plain { text, receipt_requested, markable } => {
                let wants = Wants { receipt: *receipt_requested && arrived.id.is_some(), marker: *markable };
                self.plain_from(&contact, arrived, text, wants)
            }
            InboundContent::Mls(envelope) => match envelope.kind {
                MlsKind::Welcome => self.welcome(arrived, envelope),
                MlsKind::Application => self.encrypted_from(&contact, arrived, envelope),
                MlsKind::Commit | MlsKind::Proposal => {
                    self.quarantine(None, arrived, "handshake-outside-a-room")
                }
            },
            InboundContent::Receipt { received, displayed } => {
                self.plain_receipt(&contact, received.as_ref(), displayed.as_ref())
            }
            InboundContent::Unusable { reason } => self.unusable(None, arrived, *reason),
            InboundContent::Error(_) => Ok(()),
        }
    }

    /// A message that we sent: from this device (found in the archive) or from another client of ours.
    fn own_direct_message(&mut self, contact: &Address, arrived: &InboundMessage) -> Result<(), EngineError> {
        if let Some(stanza) = &arrived.id
            && let Some(row) = outbox::by_stanza(self.tx, stanza)?
        {
            return if arrived.archive_id.is_some() { self.archived(&row, arrived) } else { Ok(()) };
        }
        if let InboundContent::Receipt { displayed: Some(displayed), .. } = &arrived.content {
            return self.shown_elsewhere(contact, displayed);
        }
        let InboundContent::Plain { text, .. } = &arrived.content else {
            if let (Some(stanza), Some(archive_id)) = (&arrived.id, &arrived.archive_id)
                && let Some(conversation) = heliograph_store::conversation::by_address(self.tx, contact)?
                && let Some(message) = message::by_stanza(self.tx, conversation.id, stanza)?
            {
                message::set_archived(self.tx, message.row, archive_id, self.place)?;
            }
            return Ok(());
        };
        let conversation = self.direct_conversation(contact)?;
        if conversation.kind != ConversationKind::Direct {
            return Ok(());
        }
        let inserted = message::insert(
            self.tx,
            &NewMessage {
                conversation: conversation.id,
                id: plain_message_id(arrived, text),
                stanza: arrived.id.clone(),
                archive: arrived.archive_id.clone(),
                sender: Sender::Account(self.account.address.clone()),
                outgoing: true,
                security: Security::Plain,
                text: text.clone(),
                sent_at: arrived.sent_at.unwrap_or(self.now),
                received_at: self.now,
                state: if arrived.archive_id.is_some() {
                    DeliveryState::Archived
                } else {
                    DeliveryState::Sent
                },
                receipt_due: false,
                markable: false,
                place: self.place,
                sequence: None,
            },
        )?;
        if let (Inserted::Duplicate(row), Some(archive_id)) = (inserted, &arrived.archive_id) {
            message::set_archived(self.tx, row, archive_id, self.place)?;
        }
        Ok(())
    }

    fn plain_from(
        &mut self,
        contact: &Address,
        arrived: &InboundMessage,
        text: &str,
        wants: Wants,
    ) -> Result<(), EngineError> {
        let conversation = self.direct_conversation(contact)?;
        if conversation.kind != ConversationKind::Direct {
            return Ok(()); // a private message from a room's occupant
        }
        let id = plain_message_id(arrived, text);
        let text = text.to_owned();
        // New or repeated: either way it is there now.
        let said = Said { author: contact, id, text, security: Security::Plain, sequence: None, wants };
        let _ = self.text(&conversation, arrived, said)?;
        Ok(())
    }

    fn plain_receipt(
        &mut self,
        contact: &Address,
        received: Option<&StanzaId>,
        displayed: Option<&StanzaId>,
    ) -> Result<(), EngineError> {
        let Some(conversation) = heliograph_store::conversation::by_address(self.tx, contact)? else {
            return Ok(());
        };
        let find = |of: Option<&StanzaId>| match of {
            Some(of) => message::by_stanza(self.tx, conversation.id, of),
            None => Ok(None),
        };
        let (received, displayed) = (find(received)?, find(displayed)?);
        if let Some(message) = received.filter(|message| message.outgoing) {
            self.receipt_for(&conversation, &message, contact, ReceiptKind::Delivered)?;
        }
        match displayed {
            Some(message) => self.shown_up_to(&conversation, contact, message.row),
            None => Ok(()),
        }
    }

    fn encrypted_from(
        &mut self,
        contact: &Address,
        arrived: &InboundMessage,
        envelope: &MlsEnvelope,
    ) -> Result<(), EngineError> {
        let Some(conversation) = heliograph_store::conversation::by_address(self.tx, contact)? else {
            return self.quarantine(None, arrived, "no-such-group");
        };
        for row in group::of_conversation(self.tx, conversation.id)? {
            if self.open_direct(&conversation, &row, arrived, envelope)? {
                return Ok(());
            }
        }
        self.quarantine(Some(&conversation), arrived, "no-such-group")
    }

    /// `false` if the message belongs to another group.
    fn open_direct(
        &mut self,
        conversation: &Conversation,
        row: &group::GroupRow,
        arrived: &InboundMessage,
        envelope: &MlsEnvelope,
    ) -> Result<bool, EngineError> {
        match self.receive(&row.id, &envelope.data)? {
            Ok(Received::Application { sender, content }) => {
                if sender.account == arrived.from {
                    self.content(conversation, arrived, &sender, content)?;
                } else {
                    // A member of the group, but not the account that sent the stanza: a relayed copy.
                    self.quarantine(Some(conversation), arrived, "sender-mismatch")?;
                }
            }
            Ok(Received::Own) | Err(ReceiveError::SecretReuse) => {}
            Err(ReceiveError::WrongGroup) => return Ok(false),
            Err(error) => self.quarantine(Some(conversation), arrived, receive_reason(&error))?,
        }
        Ok(true)
    }

    /// The group, loaded unless it is at hand.
    pub(crate) fn group(
        &mut self,
        id: &heliograph_model::GroupId,
    ) -> Result<Option<&mut Group>, EngineError> {
        if !self.groups.contains_key(id) {
            let Some(group) = Group::load(&self.storage, *id).map_err(EngineError::mls)? else {
                return Ok(None);
            };
            self.groups.insert(*id, group);
        }
        Ok(self.groups.get_mut(id))
    }

    /// Decrypts an application message of the group's present epoch.
    pub(crate) fn receive(
        &mut self,
        id: &heliograph_model::GroupId,
        data: &[u8],
    ) -> Result<Result<Received, ReceiveError>, EngineError> {
        if self.group(id)?.is_none() {
            return Ok(Err(ReceiveError::WrongGroup));
        }
        let entropy = self.random.entropy();
        let provider = Provider::new(&entropy, &self.storage);
        let Some(group) = self.groups.get_mut(id) else { return Ok(Err(ReceiveError::WrongGroup)) };
        let received = group.receive(&provider, data);
        match &received {
            // A content that can't be used was decrypted all the same: its key is spent.
            Ok(Received::Application { .. }) | Err(ReceiveError::BadContent(_)) => {
                if self.storage.defers_message_secrets() {
                    self.unwritten.insert(*id);
                } else {
                    self.unwritten.remove(id);
                }
            }
            Err(ReceiveError::Storage(error)) => return Err(EngineError::mls(error)),
            _ => {}
        }
        Ok(received)
    }
}
