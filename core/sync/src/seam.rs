//! Filling seams: older messages, when somebody scrolls to where they are missing.
//!
//! A gap ([`archive::Gap`]) is read backwards from its newer end, page after page, one transaction each. What a page holds
//! takes the highest positions that are left of those the gap reserved, and the gap shrinks in the same transaction, so that
//! a crash in the middle loses nothing and repeats nothing. When the archive's beginning, or what lies before the gap, is
//! reached the gap goes.
//!
//! Not here: gaps in the archive of an encrypted group's room. What was said before we joined was not encrypted for us, and
//! what a room forgot is gone; neither can be loaded (mls-over-xmpp §11).

use heliograph_model::stanza::{ArchivePage, PageStart, Request, Response, StanzaErrorCondition};
use heliograph_model::{Address, ArchiveId, ConversationId, ConversationKind, Error, ErrorCode};
use heliograph_store::archive::{self, Gap};
use heliograph_store::conversation::{self, Conversation};
use heliograph_store::message;

use crate::error::EngineError;
use crate::input::{LoadId, Loaded, Reply};
use crate::live::{Live, Load, Purpose};
use crate::policy::{ARCHIVE_PAGE, OLDER_MAX, OLDER_PAGE_MIN, OLDER_PAGES};
use crate::step::Step;

/// A page that was asked for.
#[derive(Clone)]
pub(crate) struct OlderPage {
    load: LoadId,
    gap: i64,
    /// Newer end of the gap when it was asked.
    before: ArchiveId,
}

impl Step<'_> {
    /// Loads older messages of a conversation; the end is told in [`crate::Effects::loaded`].
    pub(crate) fn load_older(
        &mut self,
        id: ConversationId,
        wanted: usize,
    ) -> Result<Result<Reply, Error>, EngineError> {
        if wanted == 0 || wanted > OLDER_MAX {
            return Ok(Err(Error::new(
                ErrorCode::InvalidArgument,
                "1 to 1000 messages can be loaded at once",
            )));
        }
        let Some(conversation) = conversation::get(self.tx, id)? else {
            return Ok(Err(Error::new(ErrorCode::NotFound, "there is no such conversation")));
        };
        if !self.online() {
            return Ok(Err(Error::new(ErrorCode::NetworkUnavailable, "older messages are on the server")));
        }
        self.live.next_load += 1;
        let load = LoadId(self.live.next_load);
        let last_row = message::last_row(self.tx)?;
        let below = self.newest_reachable(&conversation)?.map_or(0, |(gap, _)| gap.ceiling);
        self.live.loads.insert(load, Load { conversation: id, wanted, pages: OLDER_PAGES, last_row, below });
        Ok(match self.load_next(load, &conversation)? {
            None => Ok(Reply::Loading(load)),
            Some(ended) => {
                self.live.loads.remove(&load);
                ended.map(Reply::Loaded)
            }
        })
    }

    /// Asks for the next page, or says that the load has ended, and how.
    fn load_next(
        &mut self,
        id: LoadId,
        conversation: &Conversation,
    ) -> Result<Option<Result<Loaded, Error>>, EngineError> {
        let next = self.newest_reachable(conversation)?;
        let Some(load) = self.live.loads.get_mut(&id) else { return Ok(None) };
        let Load { conversation: of, last_row: after_row, below, .. } = *load;
        let found = message::stored_since(self.tx, of, after_row, below, load.wanted)?.len();
        let Some((gap, before)) = next else {
            return Ok(Some(Ok(Loaded { after_row, below, more: false })));
        };
        if found >= load.wanted || load.pages == 0 {
            return Ok(Some(Ok(Loaded { after_row, below, more: true })));
        }
        if gap.room() <= usize::from(ARCHIVE_PAGE) {
            let full =
                Error::new(ErrorCode::TooLarge, "this place in the timeline can hold no more messages");
            return Ok(Some(Err(full)));
        }
        load.pages -= 1;
        let rest = u16::try_from(load.wanted - found).unwrap_or(ARCHIVE_PAGE);
        let max = rest.clamp(OLDER_PAGE_MIN, ARCHIVE_PAGE);
        let page = PageStart::Before(before.clone());
        let archive = archive_of(conversation);
        let request = Request::ArchivePage { archive, page, max };
        self.request(request, Purpose::Older(OlderPage { load: id, gap: gap.id, before }));
        Ok(None)
    }

    /// The newest gap of a conversation that can be filled, with its newer end.
    fn newest_reachable(&self, conversation: &Conversation) -> Result<Option<(Gap, ArchiveId)>, EngineError> {
        if conversation.kind == ConversationKind::Group {
            return Ok(None);
        }
        let gaps = archive::gaps(self.tx, archive_of(conversation).as_ref())?;
        Ok(gaps.into_iter().rev().find_map(|gap| gap.before.clone().map(|before| (gap, before))))
    }

    /// An answer to a question of [`Self::load_next`]. It is used even if whoever asked has stopped waiting.
    pub(crate) fn older_response(
        &mut self,
        asked: &OlderPage,
        response: Response,
    ) -> Result<(), EngineError> {
        let gap = archive::gap(self.tx, asked.gap)?.filter(|gap| gap.before.as_ref() == Some(&asked.before));
        match (response, gap) {
            (Response::ArchivePage(page), Some(gap)) => {
                if page.messages.len() >= gap.room() || page.first.as_ref() == Some(&asked.before) {
                    let error =
                        Error::new(ErrorCode::ProtocolViolation, "the archive answered another question");
                    self.live.end_load(asked.load, Err(error));
                    return Ok(());
                }
                self.fill(&gap, &page)?;
            }
            (Response::Error(error), Some(gap)) if error.condition == StanzaErrorCondition::ItemNotFound => {
                // The newer end is forgotten, and with it all that is older.
                archive::give_up_gap(self.tx, gap.id)?;
            }
            (Response::Error(_), Some(_)) => {
                let error = Error::new(ErrorCode::ArchiveUnavailable, "the archive gave no older messages");
                self.live.end_load(asked.load, Err(error));
                return Ok(());
            }
            // Another load has filled the gap meanwhile, or some of it.
            _ => {}
        }
        let Some(load) = self.live.loads.get(&asked.load) else { return Ok(()) };
        let Some(conversation) = conversation::get(self.tx, load.conversation)? else { return Ok(()) };
        if let Some(ended) = self.load_next(asked.load, &conversation)? {
            self.live.end_load(asked.load, ended);
        }
        Ok(())
    }

    /// Stores a page of older messages and moves the gap's newer end before them.
    fn fill(&mut self, gap: &Gap, page: &ArchivePage) -> Result<(), EngineError> {
        let known = gap
            .after
            .as_ref()
            .and_then(|after| page.messages.iter().position(|one| one.archive_id.as_ref() == Some(after)));
        let unknown = page.messages.get(known.map_or(0, |known| known + 1)..).unwrap_or_default();
        let ceiling = gap.ceiling.saturating_sub(i64::try_from(unknown.len()).unwrap_or(i64::MAX));
        self.history = true;
        self.filling = Some(ceiling);
        let ingested = self.ingest(unknown);
        self.filling = None;
        self.history = false;
        ingested?;
        match &page.first {
            Some(first) if !page.complete && known.is_none() => {
                archive::narrow_gap(self.tx, gap.id, first, ceiling)?;
            }
            _ => archive::remove_gap(self.tx, gap.id)?,
        }
        tracing::debug!(messages = unknown.len(), archive = page.complete, "older messages loaded");
        Ok(())
    }
}

impl Live {
    /// This load is over.
    fn end_load(&mut self, id: LoadId, result: Result<Loaded, Error>) {
        if self.loads.remove(&id).is_some() {
            self.loaded.push((id, result));
        }
    }

    /// Nothing more will come on this link: whoever waits for older messages is told.
    pub(crate) fn give_up_loads(&mut self) {
        while let Some((id, _)) = self.loads.pop_first() {
            let lost = Error::new(ErrorCode::NetworkUnavailable, "the connection was lost while loading");
            self.loaded.push((id, Err(lost)));
        }
    }
}

/// The archive that has a conversation's messages; `None`: our own account's.
fn archive_of(conversation: &Conversation) -> Option<Address> {
    (conversation.kind != ConversationKind::Direct).then(|| conversation.address.clone())
}
