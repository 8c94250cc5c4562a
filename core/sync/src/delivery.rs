//! How far a message of ours has got, why it has got no farther, and what its author can do about it.

use heliograph_model::{Address, ConversationKind, DeliveryState, Error, ErrorCode, Timestamp};
use heliograph_store::conversation::{self, Conversation, ConversationState};
use heliograph_store::member;
use heliograph_store::message::{self, Message, Place};
use heliograph_store::outbox::{self, OutboxRow, OutboxState};

use crate::command::{Answer, refuse};
use crate::error::EngineError;
use crate::input::Reply;
use crate::live::Stage;
use crate::step::Step;
use crate::wish::{OutboxItem, encode};

/// Everything that is known about how a message of ours travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The message as it is now.
    pub message: Message,
    /// What has to happen next; `None` if nothing more is expected, or nothing will happen by itself.
    pub waiting_for: Option<Waiting>,
    /// How often it was handed to a session: 0 before the first time, and once it needs no more care of ours.
    pub attempts: u32,
    /// When it was written, or sent again.
    pub queued_at: Timestamp,
    /// For whom it is, as far as they are known by their accounts: nobody in ordinary rooms.
    pub recipients: Vec<Recipient>,
    /// It failed and can be tried again: [`Command::SendAgain`](crate::Command::SendAgain).
    pub may_send_again: bool,
    /// It reached nobody and can be taken back: [`Command::Discard`](crate::Command::Discard).
    pub may_discard: bool,
}

/// One account that a message is for.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub address: Address,
    /// When we learned that it has the message.
    pub delivered_at: Option<Timestamp>,
    /// When we learned that it has shown it to its user.
    pub displayed_at: Option<Timestamp>,
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Recipient({:?}, {:?})", self.delivered_at, self.displayed_at)
    }
}

/// What a message waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Waiting {
    /// A network.
    Network,
    /// A connection to our server.
    Connection,
    /// The conversation: it is being set up, its history is still being read, or we are not in it any more.
    Conversation,
    /// The keys of those who are to read it.
    Keys,
    /// The server's word that it has the message.
    Server,
    /// The devices of those who are to read it.
    Recipients,
}

impl Waiting {
    /// One sentence for a person.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Network => "There is no network; it is sent as soon as there is one.",
            Self::Connection => "The server can't be reached just now; it is sent as soon as it can.",
            Self::Conversation => "The conversation is not ready yet.",
            Self::Keys => "The keys to encrypt it for the others are still being fetched.",
            Self::Server => "It is on its way; the server has not confirmed it yet.",
            Self::Recipients => "The server has it; the others have not fetched it yet.",
        }
    }
}

impl Step<'_> {
    /// See [`Command::Explain`](crate::Command::Explain).
    pub(crate) fn explain(&mut self, row: i64) -> Result<Answer, EngineError> {
        let (message, conversation) = match self.own_message(row)? {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let waiting = outbox::of_message(self.tx, row)?;
        Ok(Ok(Reply::Delivery(Box::new(Delivery {
            may_send_again: message.state == DeliveryState::Failed && self.usable(conversation.id)?.is_ok(),
            may_discard: reached_nobody(&message, waiting.as_ref()),
            waiting_for: self.waiting_for(&conversation, &message)?,
            attempts: waiting.as_ref().map_or(0, |row| row.handed_over),
            queued_at: waiting.map_or(message.sent_at, |row| row.created_at),
            recipients: self.recipients(&conversation, row)?,
            message,
        }))))
    }

    fn waiting_for(
        &self,
        conversation: &Conversation,
        message: &Message,
    ) -> Result<Option<Waiting>, EngineError> {
        let direct = conversation.kind == ConversationKind::Direct;
        let room = self.live.session.rooms.get(&conversation.address);
        Ok(match message.state {
            DeliveryState::Queued | DeliveryState::Sending => Some(self.in_the_way(conversation)),
            // In a chat the server's word is all that can be had; in a room the archive's comes by itself, if it keeps one.
            DeliveryState::Sent if !direct => {
                room.is_none_or(|room| !room.no_archive).then(|| self.in_the_way(conversation))
            }
            DeliveryState::Sent | DeliveryState::Archived => {
                self.acknowledges(conversation)?.then_some(Waiting::Recipients)
            }
            DeliveryState::Delivered
            | DeliveryState::Displayed
            | DeliveryState::Failed
            | DeliveryState::Discarded => None,
        })
    }

    /// The first of what stands between a message and the server.
    fn in_the_way(&self, conversation: &Conversation) -> Waiting {
        if !self.live.network.available {
            return Waiting::Network;
        }
        if matches!(conversation.state, ConversationState::Left | ConversationState::Failed) {
            return Waiting::Conversation;
        }
        if !self.online() {
            return Waiting::Connection;
        }
        if conversation.state == ConversationState::Preparing {
            let stage = self.live.session.setups.get(&conversation.id).map(|setup| setup.stage);
            let keys = stage == Some(Stage::Keys) || conversation.kind == ConversationKind::Direct;
            return if keys { Waiting::Keys } else { Waiting::Conversation };
        }
        if self.may_send(conversation) { Waiting::Server } else { Waiting::Conversation }
    }

    fn recipients(&self, conversation: &Conversation, row: i64) -> Result<Vec<Recipient>, EngineError> {
        let mut addresses = match conversation.kind {
            ConversationKind::Direct => vec![conversation.address.clone()],
            ConversationKind::Group => member::members(self.tx, conversation.id)?,
            ConversationKind::Room => Vec::new(),
        };
        let receipts = message::receipts(self.tx, row)?;
        // Who has left meanwhile had it all the same.
        addresses.extend(receipts.iter().map(|receipt| receipt.who.clone()));
        addresses.sort();
        addresses.dedup();
        addresses.retain(|address| *address != self.account.address);
        let of = |address: Address| {
            let receipt = receipts.iter().find(|receipt| receipt.who == address);
            Recipient {
                delivered_at: receipt.map(|receipt| receipt.delivered_at),
                displayed_at: receipt.and_then(|receipt| receipt.displayed_at),
                address,
            }
        };
        Ok(addresses.into_iter().map(of).collect())
    }

    /// A message that failed goes into the outbox once more, under its old id: whoever has got it after all sees it once.
    pub(crate) fn send_again(&mut self, row: i64) -> Result<Answer, EngineError> {
        let (message, conversation) = match self.own_message(row)? {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        if message.state != DeliveryState::Failed {
            return Ok(refuse(ErrorCode::InvalidArgument, "only a message that failed can be sent again"));
        }
        if let Err(error) = self.usable(conversation.id)? {
            return Ok(Err(error));
        }
        let place = match conversation.kind {
            ConversationKind::Direct => Place::Next,
            ConversationKind::Group | ConversationKind::Room => Place::Unknown,
        };
        message::send_again(self.tx, row, place, self.now)?;
        message::set_security(self.tx, row, conversation.security)?;
        let item = encode(&OutboxItem::Text { id: message.id, text: message.text })?;
        outbox::append(self.tx, conversation.id, Some(row), &item, self.now)?;
        self.pump(conversation.id)?;
        Ok(Ok(Reply::Done))
    }

    /// A message that never left this device, or that failed, is taken back.
    pub(crate) fn discard(&mut self, row: i64) -> Result<Answer, EngineError> {
        let message = match self.own_message(row)? {
            Ok((message, _)) => message,
            Err(error) => return Ok(Err(error)),
        };
        let waiting = outbox::of_message(self.tx, row)?;
        if message.state == DeliveryState::Discarded {
            return Ok(Ok(Reply::Done));
        }
        if !reached_nobody(&message, waiting.as_ref()) {
            return Ok(refuse(ErrorCode::InvalidArgument, "it was sent already and can't be taken back"));
        }
        message::discard(self.tx, row)?;
        if let Some(waiting) = waiting {
            self.arrived(waiting.id)?;
        }
        Ok(Ok(Reply::Done))
    }

    fn own_message(&self, row: i64) -> Result<Result<(Message, Conversation), Error>, EngineError> {
        let not_found = || Error::new(ErrorCode::NotFound, "there is no such message of ours");
        let Some(message) = message::get(self.tx, row)?.filter(|message| message.outgoing) else {
            return Ok(Err(not_found()));
        };
        let conversation = conversation::get(self.tx, message.conversation)?;
        Ok(conversation.map(|conversation| (message, conversation)).ok_or_else(not_found))
    }
}

/// Whether it is certain that nobody has it: it never left this device, or failed.
fn reached_nobody(message: &Message, waiting: Option<&OutboxRow>) -> bool {
    match message.state {
        DeliveryState::Queued => waiting.is_none_or(|row| row.state == OutboxState::Queued),
        DeliveryState::Failed => true,
        _ => false,
    }
}
