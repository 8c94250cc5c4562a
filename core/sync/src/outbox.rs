//! The durable outbox: what is to be sent, until it is known to have arrived.
//!
//! A row is sealed (encrypted) once, in the transaction that hands it to the session for the first time; every repeat
//! carries the same bytes and the same id, so that no ratchet state is used twice and nobody can show it twice. It goes when
//! the archive or a receipt proves that it arrived.

use heliograph_mls::{Content, Item, Provider};
use heliograph_model::stanza::{
    MessageKind, MlsEnvelope, MlsKind, Outbound, OutboundContent, OutboundMessage,
};
use heliograph_model::{
    Address, ConversationId, ConversationKind, DeliveryState, ErrorCode, GroupId, Security, StanzaId,
};
use heliograph_store::conversation::{self, Conversation, ConversationState};
use heliograph_store::outbox::{self, OutboxRow, OutboxState};
use heliograph_store::{group, message};

use crate::error::EngineError;
use crate::policy::OUTBOX_WINDOW;
use crate::receipt::Owed;
use crate::step::Step;
use crate::wish::{OutboxItem, decode};

impl Step<'_> {
    /// Sends what can be sent, in every conversation.
    pub(crate) fn pump_all(&mut self) -> Result<(), EngineError> {
        for id in outbox::conversations(self.tx)? {
            self.pump(id)?;
        }
        Ok(())
    }

    /// Sends what can be sent in one conversation, in order.
    pub(crate) fn pump(&mut self, id: ConversationId) -> Result<(), EngineError> {
        let Some(conversation) = conversation::get(self.tx, id)? else { return Ok(()) };
        if !self.may_send(&conversation) {
            return Ok(());
        }
        let mut flying = 0;
        for state in [OutboxState::Sent, OutboxState::Sending] {
            for row in outbox::pending(self.tx, id, state, OUTBOX_WINDOW)? {
                flying += 1;
                if !self.live.session.in_flight.contains_key(&row.id) {
                    // In doubt: it was given to an earlier session, and the archive, read to its end, does not have it.
                    self.repeat(&conversation, &row)?;
                }
            }
        }
        let room = OUTBOX_WINDOW.saturating_sub(flying);
        for row in outbox::pending(self.tx, id, OutboxState::Queued, room)? {
            self.send_first(&conversation, &row)?;
        }
        Ok(())
    }

    pub(crate) fn may_send(&self, conversation: &Conversation) -> bool {
        self.online()
            && conversation.state == ConversationState::Active
            && match conversation.kind {
                ConversationKind::Direct => self.live.session.account.done,
                ConversationKind::Group | ConversationKind::Room => self.room_ready(&conversation.address),
            }
    }

    fn send_first(&mut self, conversation: &Conversation, row: &OutboxRow) -> Result<(), EngineError> {
        match decode(&row.item)? {
            OutboxItem::Welcome { to, envelope } => {
                let stanza = heliograph_mls::stanza_id(&envelope.data);
                // One Welcome goes to several accounts: the receiver is part of the id.
                let stanza = StanzaId::new(format!("{stanza}.{}", row.id));
                outbox::set_sealed(self.tx, row.id, &stanza, &[], None)?;
                self.hand_over(row.id, stanza, &to, MessageKind::Chat, OutboundContent::Mls(envelope));
                Ok(())
            }
            OutboxItem::Text { id, text } => match conversation.security {
                Security::Plain => self.send_plain(conversation, row, StanzaId::new(id.as_str()), text),
                Security::Encrypted => {
                    let sequence =
                        row.message.map(|message| message::sequence(self.tx, message)).transpose()?;
                    let mut items = vec![Item::Text { id, text, sequence: sequence.flatten() }];
                    items.extend(self.take_receipts(conversation)?.into_items());
                    self.send_sealed(conversation, row, &Content { items }, true)
                }
            },
            OutboxItem::GroupName { name } => {
                self.send_sealed(conversation, row, &Content { items: vec![Item::GroupName { name }] }, false)
            }
            OutboxItem::Delivered { ids } => {
                let content = Owed { ids, ..Owed::default() }.into_content();
                self.send_sealed(conversation, row, &content, false)
            }
            OutboxItem::Receipts { delivered, runs, displayed } => {
                let runs = runs.into_iter().map(Into::into).collect();
                let content = Owed { ids: delivered, runs, displayed }.into_content();
                self.send_sealed(conversation, row, &content, false)
            }
            OutboxItem::PlainReceipt { received, displayed } => {
                let stanza = StanzaId::new(self.random.name(16));
                outbox::set_sealed(self.tx, row.id, &stanza, &[], None)?;
                let content = OutboundContent::Receipt { received, displayed };
                self.hand_over(row.id, stanza, &conversation.address, kind_of(conversation), content);
                Ok(())
            }
        }
    }

    fn send_plain(
        &mut self,
        conversation: &Conversation,
        row: &OutboxRow,
        stanza: StanzaId,
        text: String,
    ) -> Result<(), EngineError> {
        outbox::set_sealed(self.tx, row.id, &stanza, &[], None)?;
        self.mark_sending(row, &stanza, Security::Plain)?;
        let content = OutboundContent::Plain { text };
        self.hand_over(row.id, stanza, &conversation.address, kind_of(conversation), content);
        Ok(())
    }

    fn send_sealed(
        &mut self,
        conversation: &Conversation,
        row: &OutboxRow,
        content: &Content,
        wake: bool,
    ) -> Result<(), EngineError> {
        let Some(id) = conversation.group else { return Ok(()) };
        let device = self.device()?;
        if self.group(&id)?.is_none() {
            return self.lost_group(conversation, &id);
        }
        let entropy = self.random.entropy();
        let provider = Provider::new(&entropy, &self.storage);
        let Some(group) = self.groups.get_mut(&id) else { return Ok(()) };
        let sealed = group.encrypt(&provider, &device, content).map_err(EngineError::mls)?;
        outbox::set_sealed(self.tx, row.id, &sealed.stanza, &sealed.data, Some(sealed.epoch))?;
        self.mark_sending(row, &sealed.stanza, Security::Encrypted)?;
        let envelope = MlsEnvelope {
            kind: MlsKind::Application,
            epoch: sealed.epoch,
            fork_tag: Some(sealed.fork_tag),
            room: None,
            after: None,
            wake,
            data: sealed.data,
        };
        let content = OutboundContent::Mls(envelope);
        self.hand_over(row.id, sealed.stanza, &conversation.address, kind_of(conversation), content);
        Ok(())
    }

    /// The same bytes once more. Only a message whose epoch has passed meanwhile is sealed anew: those who joined since
    /// could never read the old bytes, and the text keeps its own id, so it is still shown once.
    fn repeat(&mut self, conversation: &Conversation, row: &OutboxRow) -> Result<(), EngineError> {
        let item: OutboxItem = decode(&row.item)?;
        let Some(stanza) = row.stanza.clone() else { return self.send_first(conversation, row) };
        let (to, kind, content) = match item {
            OutboxItem::Welcome { to, envelope } => (to, MessageKind::Chat, OutboundContent::Mls(envelope)),
            OutboxItem::PlainReceipt { received, displayed } => {
                let content = OutboundContent::Receipt { received, displayed };
                (conversation.address.clone(), kind_of(conversation), content)
            }
            OutboxItem::Text { text, .. } if conversation.security == Security::Plain => {
                (conversation.address.clone(), kind_of(conversation), OutboundContent::Plain { text })
            }
            _ => {
                let Some(id) = conversation.group else { return Ok(()) };
                let present = group::get(self.tx, &id)?.map(|row| row.epoch);
                let (Some(data), true) = (row.sealed.clone(), row.epoch == present) else {
                    return self.send_first(conversation, row);
                };
                let fork_tag = self.group(&id)?.map(|group| group.fork_tag());
                let envelope = MlsEnvelope {
                    kind: MlsKind::Application,
                    epoch: row.epoch.unwrap_or_default(),
                    fork_tag,
                    room: None,
                    after: None,
                    wake: row.message.is_some(),
                    data,
                };
                (conversation.address.clone(), kind_of(conversation), OutboundContent::Mls(envelope))
            }
        };
        outbox::set_repeated(self.tx, row.id)?;
        self.hand_over(row.id, stanza, &to, kind, content);
        Ok(())
    }

    /// The timeline says how the message really goes, which was not always known when it was written.
    fn mark_sending(
        &mut self,
        row: &OutboxRow,
        stanza: &StanzaId,
        security: Security,
    ) -> Result<(), EngineError> {
        if let Some(message) = row.message {
            message::set_security(self.tx, message, security)?;
            message::set_stanza(self.tx, message, stanza)?;
            message::raise_state(self.tx, message, DeliveryState::Sending)?;
        }
        Ok(())
    }

    fn hand_over(
        &mut self,
        row: i64,
        id: StanzaId,
        to: &Address,
        kind: MessageKind,
        content: OutboundContent,
    ) {
        self.live.session.in_flight.insert(row, kind);
        self.send(Outbound::Message(OutboundMessage { id, to: to.clone(), kind, content }));
    }

    /// This row is done with: it goes, and makes room for the next one in its conversation.
    pub(crate) fn arrived(&mut self, row: i64) -> Result<(), EngineError> {
        self.live.session.in_flight.remove(&row);
        self.window_opened = true;
        Ok(outbox::remove(self.tx, row)?)
    }

    /// The server has it (XEP-0198 §4).
    pub(crate) fn acknowledged(&mut self, stanza: &StanzaId) -> Result<(), EngineError> {
        let Some(row) = outbox::by_stanza(self.tx, stanza)? else { return Ok(()) };
        if let Some(message) = row.message {
            message::raise_state(self.tx, message, DeliveryState::Sent)?;
        }
        let direct = conversation::get(self.tx, row.conversation)?
            .is_some_and(|conversation| conversation.kind == ConversationKind::Direct);
        let to_an_account = matches!(decode(&row.item)?, OutboxItem::Welcome { .. });
        if to_an_account || (direct && row.message.is_none()) {
            return self.arrived(row.id);
        }
        Ok(outbox::set_state(self.tx, row.id, OutboxState::Sent)?)
    }

    /// Everything that waits in this conversation will never go.
    pub(crate) fn fail_outbox(&mut self, id: ConversationId, code: ErrorCode) -> Result<(), EngineError> {
        for state in [OutboxState::Queued, OutboxState::Sending] {
            for row in outbox::pending(self.tx, id, state, usize::MAX)? {
                if let Some(message) = row.message {
                    message::fail(self.tx, message, code)?;
                }
                outbox::remove(self.tx, row.id)?;
            }
        }
        Ok(())
    }

    fn lost_group(&mut self, conversation: &Conversation, id: &GroupId) -> Result<(), EngineError> {
        match group::get(self.tx, id)? {
            Some(row) => self.out_of_step(conversation, &row),
            None => Ok(()),
        }
    }
}

/// How messages of this conversation travel.
pub(crate) fn kind_of(conversation: &Conversation) -> MessageKind {
    match conversation.kind {
        ConversationKind::Direct => MessageKind::Chat,
        ConversationKind::Group | ConversationKind::Room => MessageKind::Groupchat,
    }
}
