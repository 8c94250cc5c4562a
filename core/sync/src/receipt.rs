//! Receipts: what we owe others for their messages, and what they say of ours.
//!
//! After a catch-up fifty receipts in a row are owed in a room. One by one they would be a multiple of what the messages
//! themselves weigh on the way up, so in a group they go as one run (mls-over-xmpp §10): the first and the last of messages
//! that follow on each other in the room's order. A run is said only of what was read without a hole, and believed only if
//! its length is right, so nobody is told that something arrived which did not.

use std::collections::{BTreeMap, BTreeSet};

use heliograph_mls::{Item, ReceiptKind, Run};
use heliograph_model::{Address, ConversationKind, DeliveryState, MessageId};
use heliograph_store::conversation::{self, Conversation};
use heliograph_store::message::{self, DueReceipt};
use heliograph_store::{member, outbox, quarantine};

use crate::error::EngineError;
use crate::policy::{RECEIPT_MEMBERS_MAX, RECEIPTS_AT_ONCE, RECEIPTS_PER_MESSAGE};
use crate::step::Step;
use crate::wish::{OutboxItem, encode};

/// What one message says of others'.
#[derive(Default)]
struct Owed {
    ids: Vec<(Address, MessageId)>,
    runs: Vec<Run>,
    /// The messages' rows.
    rows: Vec<i64>,
}

impl Owed {
    fn is_full(&self) -> bool {
        self.ids.len() + self.runs.len() >= RECEIPTS_PER_MESSAGE
    }

    /// Messages of one author that follow on each other.
    fn add(&mut self, author: &Address, stretch: &[(i64, MessageId)]) {
        match stretch {
            [] => return,
            [(_, id)] => self.ids.push((author.clone(), id.clone())),
            [(_, first), .., (_, last)] => self.runs.push(Run {
                author: author.clone(),
                first: first.clone(),
                last: last.clone(),
                count: stretch.len() as u64,
            }),
        }
        self.rows.extend(stretch.iter().map(|(row, _)| *row));
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

    /// Receipts that wait, as an item to go along with something else.
    pub(crate) fn receipts_to_go_along(
        &mut self,
        conversation: &Conversation,
    ) -> Result<Option<Item>, EngineError> {
        let owed = self.take_receipts(conversation)?;
        Ok(owed.map(|Owed { ids, runs, .. }| Item::Receipt { kind: ReceiptKind::Delivered, ids, runs }))
    }

    /// Puts all receipts that wait into the outbox.
    pub(crate) fn queue_receipts(&mut self) -> Result<(), EngineError> {
        for id in message::conversations_with_due_receipts(self.tx)? {
            let Some(conversation) = conversation::get(self.tx, id)? else { continue };
            while let Some(Owed { ids, runs, .. }) = self.take_receipts(&conversation)? {
                let runs = runs.into_iter().map(Into::into).collect();
                let item = encode(&OutboxItem::Delivered { ids, runs })?;
                outbox::append(self.tx, id, None, &item, self.now)?;
            }
            self.pump(id)?;
        }
        Ok(())
    }

    /// As much of what is owed in a conversation as goes into one message; `None` if nothing is.
    fn take_receipts(&mut self, conversation: &Conversation) -> Result<Option<Owed>, EngineError> {
        let due = message::due_receipts(self.tx, conversation.id, RECEIPTS_AT_ONCE)?;
        let Some(since) = due.iter().map(|due| due.received_at).min() else { return Ok(None) };
        // Only a room has one order for all. What could not be read since the first of them may be a text between them.
        let in_runs = conversation.kind == ConversationKind::Group
            && !quarantine::has_ciphertext_since(self.tx, conversation.id, since)?;
        let mut authors: BTreeMap<Address, Vec<DueReceipt>> = BTreeMap::new();
        for due in due {
            authors.entry(due.author.clone()).or_default().push(due);
        }
        let mut owed = Owed::default();
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
            }
        }
        message::set_receipt_sent(self.tx, &owed.rows)?;
        Ok((!owed.rows.is_empty()).then_some(owed))
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

    /// Somebody acknowledged a message of ours.
    pub(crate) fn receipt(
        &mut self,
        conversation: &Conversation,
        from: &Address,
        id: &MessageId,
        kind: ReceiptKind,
    ) -> Result<(), EngineError> {
        for message in message::by_id(self.tx, conversation.id, id)? {
            if message.outgoing {
                self.receipt_for(conversation, &message, from, kind)?;
            }
        }
        Ok(())
    }

    /// The same, the message being found already.
    pub(crate) fn receipt_for(
        &mut self,
        conversation: &Conversation,
        message: &message::Message,
        from: &Address,
        kind: ReceiptKind,
    ) -> Result<(), EngineError> {
        let (stored, reached) = match kind {
            ReceiptKind::Delivered => (message::ReceiptKind::Delivered, DeliveryState::Delivered),
            ReceiptKind::Displayed => (message::ReceiptKind::Displayed, DeliveryState::Displayed),
        };
        if !message::receipt(self.tx, message.row, from, stored, self.now)? {
            return Ok(());
        }
        let others = match conversation.kind {
            ConversationKind::Direct => 1,
            _ => member::members(self.tx, conversation.id)?.len().saturating_sub(1),
        };
        let Some(message) = message::get(self.tx, message.row)? else { return Ok(()) };
        let count = match kind {
            ReceiptKind::Delivered => message.delivered_to,
            ReceiptKind::Displayed => message.displayed_by,
        };
        if others > 0 && count as usize >= others {
            message::raise_state(self.tx, message.row, reached)?;
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
        kind: ReceiptKind,
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
            self.receipt(conversation, from, &run.first, kind)?;
            return self.receipt(conversation, from, &run.last, kind);
        }
        for message in texts.iter().filter(|message| message.outgoing) {
            self.receipt_for(conversation, message, from, kind)?;
        }
        Ok(())
    }
}
