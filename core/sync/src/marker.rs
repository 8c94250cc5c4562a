//! Markers: what the user has seen, told to those who wrote it, and what others have seen of ours (XEP-0333; in encrypted
//! conversations the second stage of a receipt, `core/mls/docs/mls-over-xmpp.md` §10).
//!
//! A marker names one message and covers all before it. We send one for the newest message that was read and whose author
//! wants to know; it waits for company as receipts do, and asks for no wake of its own.

use heliograph_mls::ReceiptKind;
use heliograph_model::{Address, ConversationId, MessageId, StanzaId};
use heliograph_store::conversation::{self, Conversation};
use heliograph_store::message::{self, Sender};

use crate::error::EngineError;
use crate::policy::MARKED_AT_ONCE;
use crate::settings;
use crate::step::Step;

impl Step<'_> {
    /// The user has seen the conversation up to this message.
    pub(crate) fn mark_read(&mut self, id: ConversationId, row: i64) -> Result<(), EngineError> {
        let Some(before) = conversation::mark_read(self.tx, id, row)? else { return Ok(()) };
        if !settings::load(self.tx)?.read_receipts {
            return Ok(());
        }
        if let Some(newest) = message::newest_markable(self.tx, id, before)? {
            message::owe_marker(self.tx, id, newest)?;
            self.receipts_soon();
        }
        Ok(())
    }

    /// Another device of ours has told a contact that a message was shown there: so it is read here.
    pub(crate) fn shown_elsewhere(&mut self, contact: &Address, of: &StanzaId) -> Result<(), EngineError> {
        if let Some(conversation) = conversation::by_address(self.tx, contact)?
            && let Some(message) = message::by_stanza(self.tx, conversation.id, of)?
            && !message.outgoing
        {
            conversation::mark_read(self.tx, conversation.id, message.row)?;
        }
        Ok(())
    }

    /// Somebody has been shown a message, ours or not, and so all of ours before it.
    pub(crate) fn shown(
        &mut self,
        conversation: &Conversation,
        from: &Address,
        author: &Address,
        id: &MessageId,
    ) -> Result<(), EngineError> {
        let is_it = |message: &message::Message| matches!(&message.sender, Sender::Account(sender) if sender == author);
        match message::by_id(self.tx, conversation.id, id)?.into_iter().find(is_it) {
            Some(message) => self.shown_up_to(conversation, from, message.row),
            None => Ok(()),
        }
    }

    /// The same, the message being found already.
    pub(crate) fn shown_up_to(
        &mut self,
        conversation: &Conversation,
        from: &Address,
        row: i64,
    ) -> Result<(), EngineError> {
        for message in message::shown_up_to(self.tx, conversation.id, row, from, MARKED_AT_ONCE)? {
            self.receipt_for(conversation, &message, from, ReceiptKind::Displayed)?;
        }
        Ok(())
    }
}
