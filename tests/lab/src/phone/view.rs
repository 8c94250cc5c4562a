//! What a phone's user sees, folded from its events.

use std::collections::BTreeMap;

use heliograph_model::DeliveryState;
use serde_json::Value;

use super::event::{ConnectionState, Conversation, ConversationState, Event, Failure, Message, Traffic};

/// The phone as it stands.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The connection; `None` until the process has said something about it.
    pub connection: Option<ConnectionState>,
    /// The code of what stands in the connection's way.
    pub connection_error: Option<String>,
    /// Whether everything that was missed is here, since the connection was made last.
    pub caught_up: bool,
    /// Conversations by number.
    pub conversations: BTreeMap<i64, Conversation>,
    /// Messages by row, as they were announced last.
    pub messages: BTreeMap<i64, Message>,
    /// How often each row was announced as new. More than once is a message shown twice.
    pub announced: BTreeMap<i64, u32>,
    /// Replies by tag.
    pub replies: BTreeMap<String, Result<Value, Failure>>,
    /// How far push is; empty until the process has said something about it.
    pub push: String,
    /// What the phone counted itself, as of its last answer to `status`.
    pub traffic: Traffic,
    /// Every event since the process was started.
    pub events: Vec<Event>,
}

impl View {
    /// Whether the phone is connected and has everything.
    pub fn is_online(&self) -> bool {
        self.connection == Some(ConnectionState::Online)
    }

    /// A conversation that can be used, by name or address.
    pub fn active(&self, name: &str) -> Option<&Conversation> {
        self.conversation(name).filter(|conversation| conversation.state == ConversationState::Active)
    }

    /// A conversation by name or address.
    pub fn conversation(&self, name: &str) -> Option<&Conversation> {
        self.conversations
            .values()
            .find(|conversation| conversation.name.as_deref() == Some(name) || conversation.address == name)
    }

    /// The messages with exactly this text.
    pub fn saying<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a Message> {
        self.messages.values().filter(move |message| message.text == text)
    }

    /// How far the phone's own message with this text got.
    pub fn state_of(&self, text: &str) -> Option<DeliveryState> {
        self.saying(text).find(|message| message.outgoing).map(|message| message.state)
    }

    /// Whether the phone's own message with this text got at least that far, and did not fail.
    pub fn reached(&self, text: &str, state: DeliveryState) -> bool {
        self.state_of(text).is_some_and(|now| now >= state && now < DeliveryState::Failed)
    }

    /// A new process: it has said nothing yet. What was seen stays seen.
    pub(super) fn restart(&mut self) {
        self.connection = None;
        self.connection_error = None;
        self.caught_up = false;
        self.push.clear();
        self.replies.clear();
        self.events.clear();
    }

    /// Takes one event in.
    pub(super) fn fold(&mut self, event: Event) {
        match &event {
            Event::Connection { state, error } => {
                self.connection = Some(*state);
                self.connection_error.clone_from(error);
                if *state != ConnectionState::Online {
                    self.caught_up = false;
                }
            }
            Event::Conversation(conversation) => {
                self.conversations.insert(conversation.id, conversation.clone());
            }
            Event::Message(message) => {
                *self.announced.entry(message.row).or_default() += u32::from(message.new);
                self.messages.insert(message.row, message.clone());
            }
            Event::Reply { tag: Some(tag), ok, error } => {
                let answer = match error {
                    Some(failure) => Err(failure.clone()),
                    None => Ok(ok.clone().unwrap_or_default()),
                };
                self.replies.insert(tag.clone(), answer);
            }
            Event::Reply { tag: None, .. } => {}
            Event::CaughtUp => self.caught_up = true,
            Event::Push { state, .. } => self.push.clone_from(state),
            Event::Traffic(traffic) => self.traffic = *traffic,
        }
        self.events.push(event);
    }
}
