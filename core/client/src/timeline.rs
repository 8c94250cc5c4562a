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
    /// Places where messages are missing, from old to new: all that are among the messages returned so far, these included.
    /// Whoever has those of an earlier page puts these in their place.
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
    shared: Arc<Shared>,
    ticks: watch::Receiver<u64>,
    conversation: ConversationId,
    revision: u64,
    oldest: Option<Cursor>,
    /// There are messages before [`Self::oldest`] on this device.
    older: bool,
    /// All seams of the conversation, as they were when somebody last looked or was told.
    told: Vec<Seam>,
}

impl Timeline {
    pub(crate) fn new(shared: &Arc<Shared>, conversation: ConversationId) -> Self {
        Self {
            shared: Arc::clone(shared),
            ticks: shared.ticks.subscribe(),
            conversation,
            revision: 0,
            oldest: None,
            older: false,
            told: Vec::new(),
        }
    }

    /// The newest `limit` messages. [`Self::next`] goes on from here, [`Self::earlier`] goes back from here.
    pub fn snapshot(&mut self, limit: usize) -> Result<TimelinePage, Error> {
        let id = self.conversation;
        let (page, revision, told) = self.shared.read(|database| {
            let page = page(database, id, None, limit)?;
            Ok((page, message::latest_revision(database)?, seams(database, id)?))
        })?;
        self.revision = revision;
        self.told = told;
        self.older = page.older;
        self.oldest = page.messages.first().map(Message::cursor);
        Ok(page)
    }

    /// Up to `limit` messages before those already returned.
    pub fn earlier(&mut self, limit: usize) -> Result<TimelinePage, Error> {
        let id = self.conversation;
        let before = self.oldest;
        let page = self.shared.read(|database| page(database, id, before, limit))?;
        self.oldest = page.messages.first().map(Message::cursor).or(before);
        self.older = page.older;
        Ok(page)
    }

    /// The seams among the messages returned so far by [`Self::snapshot`] and [`Self::earlier`], as they are now, from old to
    /// new.
    pub fn seams(&self) -> Result<Vec<Seam>, Error> {
        let all = self.shared.read(|database| seams(database, self.conversation))?;
        Ok(among(all, self.oldest.filter(|_| self.older)))
    }

    /// Whether a message that has changed has a place among those returned so far by [`Self::snapshot`] and
    /// [`Self::earlier`]. What stands further back comes as it is then with its neighbours, when those are asked for: by
    /// itself it would be shown where it does not belong.
    pub fn has_place_for(&self, message: &Message) -> bool {
        !self.older || self.oldest.is_none_or(|oldest| message.is_from(oldest))
    }

    /// Messages that are new or changed since the last call, in the order of their change; waits until there are any, or a
    /// seam has come, changed or gone: whoever shows [`Self::seams`] looks at them again each time. Nothing is returned where
    /// no message has changed with them. See [`Self::has_place_for`].
    pub async fn next(&mut self) -> Result<Vec<Message>, Error> {
        let (id, since, told) = (self.conversation, self.revision, &self.told);
        let (changed, seams) = self
            .shared
            .wait_for(&mut self.ticks, |database| {
                let changed = message::changed_since(database, Some(id), since, CHANGES_AT_ONCE)?;
                let seams = seams(database, id)?;
                Ok((!changed.is_empty() || seams != *told).then_some((changed, seams)))
            })
            .await?;
        self.told = seams;
        self.revision = changed.last().map_or(since, |message| message.revision);
        Ok(changed)
    }
}

/// Those seams that do not lie beyond the oldest message that is shown; all of them where nothing older is here.
fn among(mut seams: Vec<Seam>, oldest: Option<Cursor>) -> Vec<Seam> {
    seams.retain(|seam| oldest.is_none_or(|oldest| !oldest.is_after(seam.position)));
    seams
}

/// All places in a conversation where messages are missing, from old to new.
fn seams(
    database: &heliograph_store::Connection,
    id: ConversationId,
) -> Result<Vec<Seam>, heliograph_store::StoreError> {
    let Some(conversation) = conversation::get(database, id)? else { return Ok(Vec::new()) };
    let room = (conversation.kind != ConversationKind::Direct).then_some(&conversation.address);
    let gaps = archive::gaps(database, room)?;
    let seam = |gap: Gap| Seam { position: gap.position, kind: SeamKind::of(&gap, conversation.kind) };
    Ok(gaps.into_iter().map(seam).collect())
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
    let first = messages.first().map(Message::cursor).filter(|_| older);
    let seams = among(seams(database, id)?, first);
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

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use heliograph_model::ArchiveId;
    use heliograph_store::message::Place;
    use heliograph_store::{Store, StoreError, Transaction};
    use tempfile::TempDir;

    use super::*;
    use crate::client::Client;
    use crate::testing::{client, location};

    /// Changes the database of a client as its engine would, while it sleeps.
    async fn meanwhile(
        client: &Client,
        folder: &TempDir,
        change: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
    ) {
        client.suspend().await.unwrap();
        let mut store = Store::open(&location(folder).path, &location(folder).key).unwrap();
        store.write(change).unwrap();
        store.close().unwrap();
        client.resume().await.unwrap();
    }

    /// A chat with three texts of ours that no archive has yet.
    async fn three_texts(client: &Client) -> (ConversationId, [i64; 3]) {
        let chat = client.start_chat(&"ben@example.org".parse().unwrap()).await.unwrap();
        let mut rows = [0; 3];
        for (row, text) in rows.iter_mut().zip(["one", "two", "three"]) {
            *row = client.send(chat, text).await.unwrap();
        }
        (chat, rows)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_open_timeline_is_told_that_a_seam_has_come_changed_and_gone() {
        let folder = TempDir::new().unwrap();
        let client = client(&folder);
        let chat = client.start_chat(&"ben@example.org".parse().unwrap()).await.unwrap();
        client.send(chat, "before").await.unwrap();
        let mut timeline = client.timeline(chat);
        assert_eq!(timeline.snapshot(50).unwrap().seams, []);
        let mut gap = 0;
        let before = ArchiveId::new("9");
        meanwhile(&client, &folder, |tx| {
            gap = archive::add_gap(tx, None, None, Some(&before))?;
            Ok(())
        })
        .await;
        assert_eq!(timeline.next().await.unwrap().len(), 0, "no message has changed");
        let kinds =
            |timeline: &Timeline| timeline.seams().unwrap().iter().map(|seam| seam.kind).collect::<Vec<_>>();
        assert_eq!(kinds(&timeline), [SeamKind::NotLoaded]);
        assert!(timeline.next().now_or_never().is_none(), "told once");
        meanwhile(&client, &folder, |tx| archive::give_up_gap(tx, gap)).await;
        assert_eq!(timeline.next().await.unwrap().len(), 0);
        assert_eq!(kinds(&timeline), [SeamKind::Forgotten]);
        // With messages in the same transaction nothing else is said.
        meanwhile(&client, &folder, |tx| archive::remove_gap(tx, gap)).await;
        client.send(chat, "after").await.unwrap();
        assert_eq!(timeline.next().await.unwrap().len(), 1);
        assert_eq!(kinds(&timeline), []);
        client.shutdown().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_changes_further_back_has_no_place_until_one_has_read_back_to_it() {
        let folder = TempDir::new().unwrap();
        let client = client(&folder);
        let (chat, rows) = three_texts(&client).await;
        let mut timeline = client.timeline(chat);
        let places = |timeline: &Timeline| {
            let all = client.timeline(chat).snapshot(50).unwrap().messages;
            all.iter().map(|message| timeline.has_place_for(message)).collect::<Vec<_>>()
        };
        assert_eq!(places(&timeline), [true; 3], "nobody has read anything");
        timeline.snapshot(2).unwrap();
        assert_eq!(places(&timeline), [false, true, true]);
        timeline.earlier(2).unwrap();
        assert_eq!(places(&timeline), [true; 3]);
        timeline.snapshot(1).unwrap();
        client.discard(rows[0]).await.unwrap();
        let taken_back = timeline.next().await.unwrap().remove(0);
        assert!(timeline.has_place_for(&taken_back), "whoever shows it has to know");
        client.shutdown().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn texts_of_ours_keep_their_place_on_the_screen_when_the_archive_gives_them_one() {
        let folder = TempDir::new().unwrap();
        let client = client(&folder);
        let (chat, rows) = three_texts(&client).await;
        let mut timeline = client.timeline(chat);
        timeline.snapshot(2).unwrap();
        // Not in the order in which they were written: a server may have had the second one before.
        for (row, has_place) in [(rows[1], true), (rows[0], false), (rows[2], true)] {
            meanwhile(&client, &folder, |tx| {
                message::set_archived(tx, row, &ArchiveId::new(format!("a{row}")), Place::Next)
            })
            .await;
            let changed = timeline.next().await.unwrap();
            assert!(changed.iter().all(|message| message.position.is_some()));
            let places: Vec<bool> = changed.iter().map(|message| timeline.has_place_for(message)).collect();
            assert_eq!(places, [has_place], "{row}");
        }
        client.shutdown().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_seam_before_what_was_read_is_shown_once_one_has_read_back_to_it() {
        let folder = TempDir::new().unwrap();
        let client = client(&folder);
        let before = ArchiveId::new("9");
        meanwhile(&client, &folder, |tx| archive::add_gap(tx, None, None, Some(&before)).map(|_| ())).await;
        let (chat, _) = three_texts(&client).await;
        let mut timeline = client.timeline(chat);
        assert_eq!(timeline.snapshot(2).unwrap().seams.len(), 0);
        assert_eq!(timeline.seams().unwrap().len(), 0);
        assert_eq!(timeline.earlier(2).unwrap().seams.len(), 1);
        assert_eq!(timeline.seams().unwrap().len(), 1);
        client.shutdown().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_reads_back_is_told_of_all_seams_in_order_also_of_those_before() {
        let folder = TempDir::new().unwrap();
        let client = client(&folder);
        let tear = async |before: &'static str| {
            let before = ArchiveId::new(before);
            meanwhile(&client, &folder, |tx| archive::add_gap(tx, None, None, Some(&before)).map(|_| ()))
                .await;
        };
        tear("1").await;
        let (chat, _) = three_texts(&client).await;
        tear("2").await;
        client.send(chat, "four").await.unwrap();
        let mut timeline = client.timeline(chat);
        let newest = timeline.snapshot(2).unwrap().seams;
        assert_eq!(newest.len(), 1);
        let all = timeline.earlier(2).unwrap().seams;
        assert_eq!((all.len(), &all[1..]), (2, newest.as_slice()));
        assert!(all[0].position < all[1].position);
        assert_eq!(timeline.seams().unwrap(), all);
        assert_eq!(timeline.earlier(2).unwrap().seams, all, "nothing is left to read");
        client.shutdown().await.unwrap();
    }
}
