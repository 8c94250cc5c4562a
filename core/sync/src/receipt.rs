//! Receipts: what we owe others for their messages, and what they say of ours.
//!
//! After a catch-up fifty receipts in a row are owed in a room. One by one they would be a multiple of what the messages
//! themselves weigh on the way up, so in a group they go as one run (mls-over-xmpp §10): the first and the last of messages
//! that follow on each other in the room's order. A run is said only of what was read without a hole, and believed only if
//! its length is right, so nobody is told that something arrived which did not.

use std::collections::{BTreeMap, BTreeSet};

use heliograph_mls::{Content, Item, ReceiptKind, Run};
use heliograph_model::{
    Address, ConversationId, ConversationKind, DeliveryState, MessageId, Security, StanzaId,
};
use heliograph_store::conversation::{self, Conversation};
use heliograph_store::message::{self, DueReceipt};
use heliograph_store::{member, outbox, quarantine};

use crate::error::EngineError;
use crate::policy::{RECEIPT_MEMBERS_MAX, RECEIPTS_AT_ONCE, RECEIPTS_PER_MESSAGE};
use crate::step::Step;
use crate::wish::{OutboxItem, encode};

/// What one encrypted message says of others' messages.
#[derive(Default)]
pub(crate) struct Owed {
    /// Messages that arrived.
    pub ids: Vec<(Address, MessageId)>,
    /// Messages in a row that arrived.
    pub runs: Vec<Run>,
    /// The newest message that was shown.
    pub displayed: Option<(Address, MessageId)>,
}

impl Owed {
    fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.runs.is_empty() && self.displayed.is_none()
    }

    fn is_full(&self) -> bool {
        self.ids.len() + self.runs.len() >= RECEIPTS_PER_MESSAGE
    }

    /// Messages of one author that follow on each other.
    fn add(&mut self, author: &Address, stretch: &[(i64, MessageId)]) {
        match stretch {
            [] => {}
            [(_, id)] => self.ids.push((author.clone(), id.clone())),
            [(_, first), .., (_, last)] => self.runs.push(Run {
                author: author.clone(),
                first: first.clone(),
                last: last.clone(),
                count: stretch.len() as u64,
            }),
        }
    }

    pub fn into_items(self) -> Vec<Item> {
        let Self { ids, runs, displayed } = self;
        let mut items = Vec::new();
        if !ids.is_empty() || !runs.is_empty() {
            items.push(Item::Receipt { kind: ReceiptKind::Delivered, ids, runs });
        }
        if let Some(shown) = displayed {
            items.push(Item::Receipt { kind: ReceiptKind::Displayed, ids: vec![shown], runs: Vec::new() });
        }
        items
    }

    pub fn into_content(self) -> Content {
        Content { items: self.into_items() }
    }
}

impl Step<'_> {
    /// Whether messages of this conversation are acknowledged one by one.
    pub(crate) fn acknowledges(&self, conversation: &Conversation) -> Result<bool, EngineError> {
        Ok(match conversation.kind {
            ConversationKind::Direct => true,
            ConversationKind::Group => !member::more_than(self.tx, conversation.id, RECEIPT_MEMBERS_MAX)?,
            ConversationKind::Room => false,
        })
    }

    /// Puts all receipts and markers that wait into the outbox.
    pub(crate) fn queue_receipts(&mut self) -> Result<(), EngineError> {
        let mut waiting = message::conversations_with_due_receipts(self.tx)?;
        waiting.extend(message::due_markers(self.tx)?);
        waiting.sort();
        waiting.dedup();
        for id in waiting {
            let Some(conversation) = conversation::get(self.tx, id)? else { continue };
            loop {
                let owed = self.take_receipts(&conversation)?;
                if owed.is_empty() {
                    break;
                }
                let runs = owed.runs.into_iter().map(Into::into).collect();
                let (delivered, displayed) = (owed.ids, owed.displayed);
                self.queue_receipt(id, &OutboxItem::Receipts { delivered, runs, displayed })?;
            }
            self.queue_plain_receipts(id)?;
            self.pump(id)?;
        }
        Ok(())
    }

    /// Plain receipts are one stanza each (XEP-0184 §5.3); the last one takes the marker along.
    fn queue_plain_receipts(&mut self, id: ConversationId) -> Result<(), EngineError> {
        let due = message::due_receipts(self.tx, id, Security::Plain, usize::MAX)?;
        let rows: Vec<i64> = due.iter().map(|due| due.row).collect();
        message::set_receipt_sent(self.tx, &rows)?;
        let mut received: Vec<StanzaId> = due.into_iter().filter_map(|due| due.stanza).collect();
        let last = received.pop();
        for one in received {
            self.queue_receipt(id, &OutboxItem::PlainReceipt { received: Some(one), displayed: None })?;
        }
        let displayed = message::take_marker(self.tx, id)?.and_then(|marker| marker.stanza);
        if last.is_some() || displayed.is_some() {
            self.queue_receipt(id, &OutboxItem::PlainReceipt { received: last, displayed })?;
        }
        Ok(())
    }

    fn queue_receipt(&mut self, id: ConversationId, item: &OutboxItem) -> Result<(), EngineError> {
        outbox::append(self.tx, id, None, &encode(item)?, self.now)?;
        Ok(())
    }

    /// As much of what is owed for encrypted messages of a conversation as goes into one message: receipts, and a marker.
    pub(crate) fn take_receipts(&mut self, conversation: &Conversation) -> Result<Owed, EngineError> {
        let displayed = self.take_sealed_marker(conversation)?;
        let mut owed = Owed { displayed, ..Owed::default() };
        let due = message::due_receipts(self.tx, conversation.id, Security::Encrypted, RECEIPTS_AT_ONCE)?;
        let Some(since) = due.iter().map(|due| due.received_at).min() else { return Ok(owed) };
        // Only a room has one order for all. What could not be read since the first of them may be a text between them.
        let in_runs = conversation.kind == ConversationKind::Group
            && !quarantine::has_ciphertext_since(self.tx, conversation.id, since)?;
        let mut authors: BTreeMap<Address, Vec<DueReceipt>> = BTreeMap::new();
        for due in due {
            authors.entry(due.author.clone()).or_default().push(due);
        }
        let mut said = Vec::new();
        for (author, due) in &authors {
            let stretches = if in_runs {
                self.stretches(conversation, author, due)?
            } else {
                due.iter().map(|due| vec![(due.row, due.id.clone())]).collect()
            };
            for stretch in stretches.iter().filter(|stretch| !stretch.is_empty()) {
                if owed.is_full() {
                    break;
                }
                owed.add(author, stretch);
                said.extend(stretch.iter().map(|(row, _)| *row));
            }
        }
        message::set_receipt_sent(self.tx, &said)?;
        Ok(owed)
    }

    /// The marker that is owed, unless the message travelled plain: then it is not for an encrypted message to carry.
    fn take_sealed_marker(
        &mut self,
        conversation: &Conversation,
    ) -> Result<Option<(Address, MessageId)>, EngineError> {
        match message::take_marker(self.tx, conversation.id)? {
            Some(marker) if marker.security == Security::Plain => {
                message::owe_marker(self.tx, conversation.id, marker.row)?;
                Ok(None)
            }
            marker => Ok(marker.map(|marker| (marker.author, marker.id))),
        }
    }

    /// The messages of one author for which a receipt is owed, each with those that it follows on.
    fn stretches(
        &self,
        conversation: &Conversation,
        author: &Address,
        due: &[DueReceipt],
    ) -> Result<Vec<Vec<(i64, MessageId)>>, EngineError> {
        let ([first, ..], [.., last]) = (due, due) else { return Ok(Vec::new()) };
        let texts =
            message::between(self.tx, conversation.id, author, &first.id, &last.id, RECEIPTS_AT_ONCE)?;
        let mut rest: BTreeSet<i64> = due.iter().map(|due| due.row).collect();
        let mut stretches = vec![Vec::new()];
        for text in texts {
            if !rest.remove(&text.row) {
                stretches.push(Vec::new());
            } else if let Some(stretch) = stretches.last_mut() {
                stretch.push((text.row, text.id));
            }
        }
        // More lies between them than was looked at: the next round begins behind what this one says.
        let unseen = due.iter().filter(|due| rest.contains(&due.row));
        if stretches.iter().all(Vec::is_empty) {
            stretches.extend(unseen.map(|due| vec![(due.row, due.id.clone())]));
        }
        Ok(stretches)
    }

    /// Somebody has a message of ours.
    pub(crate) fn receipt(
        &mut self,
        conversation: &Conversation,
        from: &Address,
        id: &MessageId,
    ) -> Result<(), EngineError> {
        for message in message::by_id(self.tx, conversation.id, id)? {
            if message.outgoing {
                self.receipt_for(conversation, &message, from, ReceiptKind::Delivered)?;
            }
        }
        Ok(())
    }

    /// Somebody has a message of ours, or was shown it; the message being found already.
    pub(crate) fn receipt_for(
        &mut self,
        conversation: &Conversation,
        message: &message::Message,
        from: &Address,
        kind: ReceiptKind,
    ) -> Result<(), EngineError> {
        let stored = match kind {
            ReceiptKind::Delivered => message::ReceiptKind::Delivered,
            ReceiptKind::Displayed => message::ReceiptKind::Displayed,
        };
        if !message::receipt(self.tx, message.row, from, stored, self.now)? {
            return Ok(());
        }
        let others = match conversation.kind {
            ConversationKind::Direct => 1,
            _ => member::members(self.tx, conversation.id)?.len().saturating_sub(1),
        };
        let Some(message) = message::get(self.tx, message.row)? else { return Ok(()) };
        if others > 0 && message.delivered_to as usize >= others {
            message::raise_state(self.tx, message.row, DeliveryState::Delivered)?;
        }
        if others > 0 && message.displayed_by as usize >= others {
            message::raise_state(self.tx, message.row, DeliveryState::Displayed)?;
        }
        // What was received needs no further care of ours.
        if let Some(stanza) = &message.stanza
            && let Some(row) = outbox::by_stanza(self.tx, stanza)?
            && conversation.kind == ConversationKind::Direct
        {
            self.arrived(row.id)?;
        }
        Ok(())
    }

    /// Somebody acknowledged messages that follow on each other.
    pub(crate) fn receipts_for_run(
        &mut self,
        conversation: &Conversation,
        from: &Address,
        run: &Run,
    ) -> Result<(), EngineError> {
        if run.author != self.account.address {
            return Ok(());
        }
        let count = usize::try_from(run.count).unwrap_or(usize::MAX);
        let texts = if conversation.kind == ConversationKind::Group {
            let (first, last) = (&run.first, &run.last);
            message::between(self.tx, conversation.id, &run.author, first, last, count.saturating_add(1))?
        } else {
            Vec::new()
        };
        if texts.len() != count {
            // They have not read all that lies between, or not what we think.
            self.receipt(conversation, from, &run.first)?;
            return self.receipt(conversation, from, &run.last);
        }
        for message in texts.iter().filter(|message| message.outgoing) {
            self.receipt_for(conversation, message, from, ReceiptKind::Delivered)?;
        }
        Ok(())
    }
}
