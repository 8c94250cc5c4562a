//! Messages as a person reads them.

use std::sync::Arc;

use heliograph_model::{ConversationId, ConversationKind, Error};
use heliograph_store::message::{self, Cursor, Message};
use heliograph_store::{archive, conversation};
use tokio::sync::watch;

use crate::shared::Shared;

/// Changes delivered at once at most: bounds memory when somebody comes back after a long time.
const CHANGES_AT_ONCE: usize = 256;

/// Messages of one conversation, from old to new.
#[derive(Debug, Clone)]
pub struct TimelinePage {
    /// The messages.
    pub messages: Vec<Message>,
    /// There are older ones; [`Timeline::earlier`] brings them.
    pub older: bool,
    /// Places where messages are missing.
    pub seams: Vec<Seam>,
}

/// A hole in the history: the archive had more than was read, or had forgotten what we missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seam {
    /// The hole is just before the message with this position (see [`Message::position`]) or the next one after it.
    pub position: i64,
}

/// A subscription to one conversation's messages.
pub struct Timeline {
    pub(crate) shared: Arc<Shared>,
    pub(crate) ticks: watch::Receiver<u64>,
    pub(crate) conversation: ConversationId,
    pub(crate) revision: u64,
    pub(crate) oldest: Option<Cursor>,
}

impl Timeline {
    /// The newest `limit` messages. [`Self::next`] goes on from here, [`Self::earlier`] goes back from here.
    pub fn snapshot(&mut self, limit: usize) -> Result<TimelinePage, Error> {
        let id = self.conversation;
        let (page, revision) = self.shared.read(|database| {
            let page = page(database, id, None, limit)?;
            Ok((page, message::latest_revision(database)?))
        })?;
        self.revision = revision;
        self.oldest = page.messages.first().map(Message::cursor);
        Ok(page)
    }

    /// Up to `limit` messages before those already returned.
    pub fn earlier(&mut self, limit: usize) -> Result<TimelinePage, Error> {
        let id = self.conversation;
        let before = self.oldest;
        let page = self.shared.read(|database| page(database, id, before, limit))?;
        self.oldest = page.messages.first().map(Message::cursor).or(before);
        Ok(page)
    }

    /// Messages that are new or changed since the last call, in the order of their change; waits until there are any.
    pub async fn next(&mut self) -> Result<Vec<Message>, Error> {
        let (id, since) = (self.conversation, self.revision);
        let changed = self
            .shared
            .wait_for(&mut self.ticks, |database| {
                let changed = message::changed_since(database, Some(id), since, CHANGES_AT_ONCE)?;
                Ok((!changed.is_empty()).then_some(changed))
            })
            .await?;
        self.revision = changed.last().map_or(since, |message| message.revision);
        Ok(changed)
    }
}

fn page(
    database: &heliograph_store::Connection,
    id: ConversationId,
    before: Option<Cursor>,
    limit: usize,
) -> Result<TimelinePage, heliograph_store::StoreError> {
    let mut messages = message::page(database, id, before, limit.saturating_add(1))?;
    let older = messages.len() > limit;
    if older {
        messages.remove(0);
    }
    let room = conversation::get(database, id)?
        .filter(|conversation| conversation.kind != ConversationKind::Direct)
        .map(|conversation| conversation.address);
    let first = messages.first().and_then(|message| message.position).unwrap_or_default();
    let seams = archive::gaps(database, room.as_ref())?
        .into_iter()
        .filter(|gap| !older || gap.position >= first)
        .map(|gap| Seam { position: gap.position })
        .collect();
    Ok(TimelinePage { messages, older, seams })
}

/// A subscription to the messages of all conversations: for bots, notifications and terminals.
pub struct MessageFeed {
    pub(crate) shared: Arc<Shared>,
    pub(crate) ticks: watch::Receiver<u64>,
    pub(crate) revision: u64,
}

impl MessageFeed {
    /// At most `max` messages that are new or changed since the last call (the first time: since the subscription), in the
    /// order of their change; waits until there are any.
    pub async fn next(&mut self, max: usize) -> Result<Vec<Message>, Error> {
        let since = self.revision;
        let changed = self
            .shared
            .wait_for(&mut self.ticks, |database| {
                let changed = message::changed_since(database, None, since, max.clamp(1, CHANGES_AT_ONCE))?;
                Ok((!changed.is_empty()).then_some(changed))
            })
            .await?;
        self.revision = changed.last().map_or(since, |message| message.revision);
        Ok(changed)
    }
}
