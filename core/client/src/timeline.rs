//! Messages as a person reads them.

use std::sync::Arc;

use heliograph_model::{ConversationId, ConversationKind, Error};
use heliograph_store::archive::{self, Gap};
use heliograph_store::conversation;
use heliograph_store::message::{self, Cursor, Message};
use tokio::sync::watch;

use crate::shared::Shared;

/// Changes delivered at once at most: bounds memory when somebody comes back after a long time.
const CHANGES_AT_ONCE: usize = 256;

/// Messages of one conversation, from old to new.
#[derive(Debug, Clone)]
pub struct TimelinePage {
    /// The messages.
    pub messages: Vec<Message>,
    /// There are older ones on this device; [`Timeline::earlier`] brings them.
    pub older: bool,
    /// Places where messages are missing.
    pub seams: Vec<Seam>,
}

/// A hole in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seam {
    /// The hole is just before the message with this position (see [`Message::position`]) or the next one after it.
    pub position: i64,
    /// What is known about it.
    pub kind: SeamKind,
}

/// Why messages are missing, and whether they can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SeamKind {
    /// The server's archive has more: [`crate::Client::load_older`] brings it.
    NotLoaded,
    /// The archive had forgotten what was said while this device was away.
    Forgotten,
    /// From before this device joined the encrypted group: it was not encrypted for us, and nobody can show it to us.
    BeforeJoining,
}

impl SeamKind {
    /// One sentence for a person, saying what to do where something can be done.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::NotLoaded => "Older messages are still on the server.",
            Self::Forgotten => "The server no longer has what was said here while this device was away.",
            Self::BeforeJoining => {
                "What was said before this device joined was not encrypted for it and can't be read."
            }
        }
    }

    fn of(gap: &Gap, conversation: ConversationKind) -> Self {
        match (&gap.before, conversation) {
            (None, _) => Self::Forgotten,
            (Some(_), ConversationKind::Group) => Self::BeforeJoining,
            (Some(_), _) => Self::NotLoaded,
        }
    }
}

/// What [`crate::Client::load_older`] brought.
#[derive(Debug, Clone)]
pub struct Older {
    /// Messages that were not here before, oldest first.
    pub messages: Vec<Message>,
    /// The seam is still there, before these messages, and more can be loaded.
    pub more: bool,
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
    let Some(conversation) = conversation::get(database, id)? else {
        return Ok(TimelinePage { messages, older, seams: Vec::new() });
    };
    let room = (conversation.kind != ConversationKind::Direct).then_some(&conversation.address);
    let first = messages.first().and_then(|message| message.position).unwrap_or_default();
    let seams = archive::gaps(database, room)?
        .into_iter()
        .filter(|gap| !older || gap.position >= first)
        .filter(|gap| before.is_none_or(|before| before.is_after(gap.position)))
        .map(|gap| Seam { position: gap.position, kind: SeamKind::of(&gap, conversation.kind) })
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
