//! Conversations and the list of them.

use std::sync::Arc;

use heliograph_client::{
    Client, ConversationId, ConversationKind, ConversationState, Conversations, DeliveryState, Error,
    Security,
};

use crate::argument;
use crate::cancellation::{Cancellation, until_cancelled};
use crate::error::{Failure, HeliographError};
use crate::message::{Message, Sender, messages};
use crate::runtime::Worker;
use crate::subscription::{Feed, Source};

// A plain number where a language has no better.
uniffi::custom_type!(ConversationId, i64, {
    remote,
    lower: |id| id.0,
    try_lift: |number| Ok(ConversationId(number)),
});

/// What a conversation is.
#[uniffi::remote(Enum)]
pub enum ConversationKind {
    /// With one account.
    Direct,
    /// An encrypted group: an MLS group ordered by a room of its own.
    Group,
    /// An ordinary public or private room (XEP-0045), not encrypted.
    Room,
}

/// Whether a conversation can be used.
#[uniffi::remote(Enum)]
pub enum ConversationState {
    /// Being set up; texts may be sent already and wait.
    Preparing,
    /// In use.
    Active,
    /// We left it or were removed.
    Left,
    /// It can't be used; the reason stands beside it.
    Failed,
}

/// One conversation. A later copy with the same `id` and a higher `revision` replaces an earlier one.
#[derive(Clone, uniffi::Record)]
pub struct Conversation {
    /// Names the conversation on this device; stable.
    pub id: ConversationId,
    /// What it is.
    pub kind: ConversationKind,
    /// The contact, or the room.
    pub address: String,
    /// The name that a group gives itself.
    pub name: Option<String>,
    /// What to call it: its name, or else the part of the address before the `@`. One line, never empty; two may share it.
    pub title: String,
    /// Whether what is sent here is end-to-end encrypted. Known for sure once the state is no longer `Preparing`.
    pub security: Security,
    /// Whether it can be used.
    pub state: ConversationState,
    /// Why not.
    pub failure: Option<Failure>,
    /// Whether something can be written here: not where we left or were removed, and not where it failed.
    pub may_write: bool,
    /// Whether we may invite others into it and remove them: in an encrypted group that we own and are in.
    pub may_change_members: bool,
    /// When it began on this device, in milliseconds since 1970.
    pub created_at_ms: i64,
    /// Messages of others after the last one that was marked read.
    pub unread: u64,
    /// When the last message came or went, in milliseconds since 1970.
    pub last_activity_ms: Option<i64>,
    /// What the user has typed and not sent; empty if there is nothing.
    pub draft: String,
    /// How that begins, on one line like the preview; nothing where there is nothing to see in it.
    pub draft_line: Option<String>,
    /// The last message of its timeline.
    pub preview: Option<Preview>,
    /// Grows with every change, also of the preview.
    pub revision: u64,
}

/// Somebody in a group.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Member {
    /// `name@server`.
    pub address: String,
    /// What to call them. One line, never empty; two may share it.
    pub name: String,
    /// It is our account.
    pub own: bool,
}

impl From<heliograph_client::Member> for Member {
    fn from(member: heliograph_client::Member) -> Self {
        Self { address: member.address.into(), name: member.name, own: member.own }
    }
}

/// The last message of a timeline, for the line of its conversation in the list.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Preview {
    /// How it begins, on one line of at most 256 characters, without what could turn the writing around it.
    pub text: String,
    /// Who wrote it.
    pub sender: Sender,
    /// Written by this account.
    pub outgoing: bool,
    /// How far it has got.
    pub state: DeliveryState,
    /// When its sender says that it was sent, in milliseconds since 1970.
    pub sent_at_ms: i64,
}

/// A conversation with unread messages, as a notification in the style of a conversation shows it.
#[derive(Clone, uniffi::Record)]
pub struct Notification {
    /// The conversation; its `unread` counts all, also those that are not here.
    pub conversation: Conversation,
    /// The newest of its unread messages of others, oldest first; never empty.
    pub messages: Vec<Message>,
}

impl From<heliograph_client::Preview> for Preview {
    fn from(preview: heliograph_client::Preview) -> Self {
        Self {
            text: preview.text,
            sender: preview.sender.into(),
            outgoing: preview.outgoing,
            state: preview.state,
            sent_at_ms: preview.sent_at.0,
        }
    }
}

impl From<heliograph_client::Notification> for Notification {
    fn from(notification: heliograph_client::Notification) -> Self {
        Self { conversation: notification.conversation.into(), messages: messages(notification.messages) }
    }
}

impl From<heliograph_client::Conversation> for Conversation {
    fn from(conversation: heliograph_client::Conversation) -> Self {
        Self {
            id: conversation.id,
            kind: conversation.kind,
            address: conversation.address.into(),
            name: conversation.name,
            title: conversation.title,
            security: conversation.security,
            state: conversation.state,
            failure: conversation.failure.map(Into::into),
            may_write: conversation.may_write,
            may_change_members: conversation.may_change_members,
            created_at_ms: conversation.created_at.0,
            unread: conversation.unread,
            last_activity_ms: conversation.last_activity.map(|at| at.0),
            draft: conversation.draft,
            draft_line: conversation.draft_line,
            preview: conversation.preview.map(Into::into),
            revision: conversation.revision,
        }
    }
}

fn conversations(all: Vec<heliograph_client::Conversation>) -> Vec<Conversation> {
    all.into_iter().map(Into::into).collect()
}

/// A subscription to the list of conversations.
#[derive(uniffi::Object)]
pub struct ConversationFeed {
    client: Arc<Client>,
    worker: Worker,
    feed: Feed<Conversations>,
}

impl Source for Conversations {
    type Item = Conversation;

    async fn next(&mut self) -> Result<Vec<Conversation>, Error> {
        Self::next(self).await.map(conversations)
    }
}

impl ConversationFeed {
    /// From now on: what exists already is for [`Self::snapshot`].
    pub(crate) fn new(client: Arc<Client>, worker: Worker) -> Result<Self, Error> {
        let mut changes = client.conversations();
        changes.snapshot()?;
        Ok(Self { client, feed: Feed::new(worker.clone(), changes), worker })
    }
}

#[uniffi::export]
impl ConversationFeed {
    /// All conversations, the one with the newest activity first.
    pub async fn snapshot(&self) -> Result<Vec<Conversation>, HeliographError> {
        let client = Arc::clone(&self.client);
        let all = self.worker.run(async move { client.conversations().snapshot() }).await?;
        Ok(conversations(all))
    }

    /// Waits until a conversation is new or has changed since this subscription began. May be given up at any moment.
    #[uniffi::method(default(cancellation = None))]
    pub async fn ready(&self, cancellation: Option<Arc<Cancellation>>) -> Result<(), HeliographError> {
        Ok(until_cancelled(cancellation, self.feed.ready()).await?)
    }

    /// What [`Self::ready`] announced, at most `max` of it; does not wait. A conversation may be repeated that a snapshot
    /// showed: go by `id` and `revision`.
    pub fn take(&self, max: u32) -> Result<Vec<Conversation>, HeliographError> {
        Ok(self.feed.take(argument::count(max)?))
    }

    /// [`Self::ready`] and [`Self::take`] in one call. A caller that may give up waiting should use those instead.
    pub async fn next(&self, max: u32) -> Result<Vec<Conversation>, HeliographError> {
        Ok(self.feed.next(argument::count(max)?).await?)
    }
}
