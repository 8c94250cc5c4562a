//! Subscriptions to messages.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heliograph_client::{Client, ConversationId, Error, SeamKind, UnreadableReason};

use crate::argument;
use crate::cancellation::{Cancellation, until_cancelled};
use crate::error::HeliographError;
use crate::message::{Message, messages};
use crate::runtime::Worker;
use crate::subscription::{Feed, Source};

/// Messages fetched from the database at once for [`MessageFeed`]: bounds memory, and is enough for a screen or two.
const BATCH: usize = 128;

/// Messages of one conversation, from old to new.
#[derive(Clone, uniffi::Record)]
pub struct TimelinePage {
    /// The messages.
    pub messages: Vec<Message>,
    /// There are older ones on this device; [`Timeline::earlier`] brings them.
    pub older: bool,
    /// Places where messages are missing, from old to new: all that are among the messages returned so far, these included.
    /// Whoever has those of an earlier page puts these in their place.
    pub seams: Vec<Seam>,
}

/// A hole in the history.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Seam {
    /// The hole is just before the message with this position, or the next one after it.
    pub position: i64,
    /// What is known about it.
    pub kind: SeamKind,
}

/// Why messages are missing, and whether they can be had.
#[uniffi::remote(Enum)]
pub enum SeamKind {
    /// The server's archive has more: [`HeliographClient::load_older`](crate::HeliographClient::load_older) brings it.
    NotLoaded,
    /// The archive had forgotten what was said while this device was away.
    Forgotten,
    /// From before this device joined the encrypted group: it was not encrypted for us.
    BeforeJoining,
}

/// Messages of one conversation that can't be read for one reason.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Unreadable {
    /// Why.
    pub reason: UnreadableReason,
    /// How many.
    pub messages: u64,
}

/// Why messages can't be read.
#[uniffi::remote(Enum)]
pub enum UnreadableReason {
    /// Their keys are not here yet; they are tried again by themselves when something changes.
    WaitingForKeys,
    /// Their keys are gone, or never were on this device.
    KeysGone,
    /// Damaged, too large, or made by a program that follows other rules.
    Damaged,
    /// Nothing proves who wrote them, or it is proven that it was somebody else than they say.
    NotTrusted,
}

impl From<heliograph_client::Unreadable> for Unreadable {
    fn from(unreadable: heliograph_client::Unreadable) -> Self {
        Self { reason: unreadable.reason, messages: unreadable.messages }
    }
}

/// What [`HeliographClient::load_older`](crate::HeliographClient::load_older) brought.
#[derive(Clone, uniffi::Record)]
pub struct Older {
    /// Messages that were not here before, oldest first.
    pub messages: Vec<Message>,
    /// The seam is still there, before these messages, and more can be loaded.
    pub more: bool,
}

impl From<heliograph_client::Older> for Older {
    fn from(older: heliograph_client::Older) -> Self {
        Self { messages: messages(older.messages), more: older.more }
    }
}

impl From<heliograph_client::Seam> for Seam {
    fn from(seam: heliograph_client::Seam) -> Self {
        Self { position: seam.position, kind: seam.kind }
    }
}

impl From<heliograph_client::TimelinePage> for TimelinePage {
    fn from(page: heliograph_client::TimelinePage) -> Self {
        Self {
            messages: messages(page.messages),
            older: page.older,
            seams: page.seams.into_iter().map(Into::into).collect(),
        }
    }
}

/// A subscription to one conversation's messages.
#[derive(uniffi::Object)]
pub struct Timeline {
    worker: Worker,
    pages: Arc<Mutex<heliograph_client::Timeline>>,
    changes: Feed<Changes>,
}

/// A subscription of its own, so that a page can be fetched while somebody waits for changes.
struct Changes {
    timeline: heliograph_client::Timeline,
    pages: Arc<Mutex<heliograph_client::Timeline>>,
}

impl Source for Changes {
    type Item = Message;

    async fn next(&mut self) -> Result<Vec<Message>, Error> {
        loop {
            let mut changed = self.timeline.next().await?;
            let are_seams = changed.is_empty();
            // A page that is being read is waited for: it has the change, or is read from now on and has a place for it.
            let pages = locked(&self.pages);
            changed.retain(|message| pages.has_place_for(message));
            if are_seams || !changed.is_empty() {
                return Ok(messages(changed));
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Timeline {
    /// Changes from now on: what exists already is for [`Self::snapshot`].
    pub(crate) fn new(client: &Client, conversation: ConversationId, worker: Worker) -> Result<Self, Error> {
        client.conversation(conversation)?;
        let mut changes = client.timeline(conversation);
        changes.snapshot(1)?;
        let pages = Arc::new(Mutex::new(client.timeline(conversation)));
        let changes = Changes { timeline: changes, pages: Arc::clone(&pages) };
        Ok(Self { pages, changes: Feed::new(worker.clone(), changes), worker })
    }
}

#[uniffi::export]
impl Timeline {
    /// The newest `limit` messages; [`Self::earlier`] goes back from here.
    pub async fn snapshot(&self, limit: u32) -> Result<TimelinePage, HeliographError> {
        let limit = argument::count(limit)?;
        let pages = Arc::clone(&self.pages);
        Ok(self.worker.run(async move { locked(&pages).snapshot(limit) }).await?.into())
    }

    /// Up to `limit` messages before those already returned.
    pub async fn earlier(&self, limit: u32) -> Result<TimelinePage, HeliographError> {
        let limit = argument::count(limit)?;
        let pages = Arc::clone(&self.pages);
        Ok(self.worker.run(async move { locked(&pages).earlier(limit) }).await?.into())
    }

    /// The seams among the messages returned so far by [`Self::snapshot`] and [`Self::earlier`], as they are now, from old to
    /// new: to be shown instead of those of the pages after each [`Self::ready`].
    pub async fn seams(&self) -> Result<Vec<Seam>, HeliographError> {
        let pages = Arc::clone(&self.pages);
        let seams = self.worker.run(async move { locked(&pages).seams() }).await?;
        Ok(seams.into_iter().map(Into::into).collect())
    }

    /// Waits until a message is new or has changed, or a seam has come, changed or gone, since this subscription began. What
    /// stands before the messages returned so far counts only where there are no older ones: it comes with its neighbours
    /// by [`Self::earlier`]. May be given up at any moment.
    #[uniffi::method(default(cancellation = None))]
    pub async fn ready(&self, cancellation: Option<Arc<Cancellation>>) -> Result<(), HeliographError> {
        Ok(until_cancelled(cancellation, self.changes.ready()).await?)
    }

    /// What [`Self::ready`] announced, at most `max` of it, in the order of change; does not wait. Nothing
    /// where only the seams have changed. A message may be repeated that a snapshot showed: go by `row` and `revision`.
    pub fn take(&self, max: u32) -> Result<Vec<Message>, HeliographError> {
        Ok(self.changes.take(argument::count(max)?))
    }

    /// [`Self::ready`] and [`Self::take`] in one call. A caller that may give up waiting should use those instead.
    pub async fn next(&self, max: u32) -> Result<Vec<Message>, HeliographError> {
        Ok(self.changes.next(argument::count(max)?).await?)
    }
}

/// A subscription to the messages of all conversations: for bots and notifications.
#[derive(uniffi::Object)]
pub struct MessageFeed {
    feed: Feed<heliograph_client::MessageFeed>,
}

impl Source for heliograph_client::MessageFeed {
    type Item = Message;

    async fn next(&mut self) -> Result<Vec<Message>, Error> {
        Self::next(self, BATCH).await.map(messages)
    }
}

impl MessageFeed {
    pub(crate) fn new(client: &Client, worker: Worker) -> Self {
        Self { feed: Feed::new(worker, client.all_messages()) }
    }
}

#[uniffi::export]
impl MessageFeed {
    /// Waits until a message is new or has changed since this subscription began. May be given up at any moment.
    #[uniffi::method(default(cancellation = None))]
    pub async fn ready(&self, cancellation: Option<Arc<Cancellation>>) -> Result<(), HeliographError> {
        Ok(until_cancelled(cancellation, self.feed.ready()).await?)
    }

    /// What [`Self::ready`] announced, at most `max` of it, in the order of change; does not wait.
    pub fn take(&self, max: u32) -> Result<Vec<Message>, HeliographError> {
        Ok(self.feed.take(argument::count(max)?))
    }

    /// [`Self::ready`] and [`Self::take`] in one call. A caller that may give up waiting should use those instead.
    pub async fn next(&self, max: u32) -> Result<Vec<Message>, HeliographError> {
        Ok(self.feed.next(argument::count(max)?).await?)
    }
}
