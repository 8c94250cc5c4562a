//! Reading archives (XEP-0313): how history gets here without holes and without anything twice.
//!
//! An archive is read from our cursor to its end, page after page, one transaction each. Until the end is reached, live
//! messages that the archive also has are left alone and only noted ([`Catchup::again`]): the archive brings them in order.
//! From then on the live stream follows on without a hole, and each message moves the cursor.
//!
//! A place where the archive no longer has what we missed becomes a row in the gap table, and the timeline shows a seam.

use heliograph_model::stanza::{
    ArchivePage, InboundContent, InboundMessage, MlsKind, PageStart, Request, Response, StanzaErrorCondition,
};
use heliograph_model::{Address, ArchiveId, ErrorCode};
use heliograph_store::conversation::{self, ConversationState};
use heliograph_store::message::Place;
use heliograph_store::{account, archive, outbox};

use crate::error::EngineError;
use crate::live::{Asked, Catchup, Purpose};
use crate::policy::{ARCHIVE_PAGE, HANDED_OVER_BY, HANDED_OVER_FROM, Situation};
use crate::step::Step;
use crate::timers::{Due, Window};

/// Whether a message came by itself or from an archive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Live,
    Archive,
}

impl Step<'_> {
    /// Reads our own archive from where we stopped. The first time only its newest page: older messages are a gap that can
    /// be filled when somebody scrolls there.
    pub(crate) fn read_account_archive(&mut self) -> Result<(), EngineError> {
        self.live.session.account = Catchup::default();
        let after = archive::cursor(self.tx, None)?;
        let newest = after.is_none();
        self.ask_page(None, after, newest);
        Ok(())
    }

    /// The session passed from one connection to another. Where ejabberd, which is known by its ids, had a message for the old
    /// connection at that moment, it may put it aside for the next fresh session; in the archive it has it. What a room had for
    /// us comes back to the room as an error, and the room says that it lost us. An answer for the old connection goes nowhere, so what
    /// is not answered by then is asked once more.
    ///
    /// That is read in a moment, or at once if the system has woken us for just such a message.
    pub(crate) fn handed_over(&mut self) -> Result<(), EngineError> {
        // Read to its end, and without a place: it was empty.
        let counts = |cursor: ArchiveId| cursor.is_of_a_count();
        let may_miss = self.facts.archive && archive::cursor(self.tx, None)?.is_none_or(counts);
        let session = &mut self.live.session;
        session.doubtful = session.requests.keys().cloned().collect();
        if !may_miss || (!session.account.done && session.doubtful.is_empty()) {
            return Ok(());
        }
        let window = match self.live.situation() {
            Situation::PushWake => Window::at(self.now),
            _ => Window::after(self.now, HANDED_OVER_FROM, HANDED_OVER_BY),
        };
        self.live.timers.set(Due::HandedOver, Some(window));
        self.read_what_was_handed_over()
    }

    /// If it is time.
    pub(crate) fn read_what_was_handed_over(&mut self) -> Result<(), EngineError> {
        if self.live.timers.take(Due::HandedOver, self.now) {
            for id in std::mem::take(&mut self.live.session.doubtful) {
                if let Some(Asked { request, purpose }) = self.live.session.requests.remove(&id) {
                    self.request(request, purpose);
                }
            }
            let reads = |asked: &Asked| matches!(asked.purpose, Purpose::Archive { archive: None, .. });
            if self.live.session.account.done && !self.live.session.requests.values().any(reads) {
                let after = archive::cursor(self.tx, None)?;
                self.ask_page(None, after, false);
            }
        }
        Ok(())
    }

    /// Reads a room's archive from where we stopped; `newest` as for our own the first time.
    pub(crate) fn read_room_archive(
        &mut self,
        room: &Address,
        newest_first: bool,
    ) -> Result<(), EngineError> {
        self.catchup(Some(room)).done = false;
        let after = archive::cursor(self.tx, Some(room))?;
        let newest = after.is_none() && newest_first;
        self.ask_page(Some(room.clone()), after, newest);
        Ok(())
    }

    fn ask_page(&mut self, archive: Option<Address>, after: Option<ArchiveId>, newest: bool) {
        let page = match &after {
            Some(after) => PageStart::After(after.clone()),
            None if newest => PageStart::Newest,
            None => PageStart::Beginning,
        };
        self.catchup(archive.as_ref()).again = false;
        let request = Request::ArchivePage { archive: archive.clone(), page, max: ARCHIVE_PAGE };
        self.request(request, Purpose::Archive { archive, after, newest });
    }

    fn catchup(&mut self, archive: Option<&Address>) -> &mut Catchup {
        match archive {
            None => &mut self.live.session.account,
            Some(room) => &mut self.live.session.rooms.entry(room.clone()).or_default().catchup,
        }
    }

    /// An answer to [`Request::ArchivePage`].
    pub(crate) fn archive_response(
        &mut self,
        archive: Option<Address>,
        after: Option<ArchiveId>,
        newest: bool,
        response: Response,
    ) -> Result<(), EngineError> {
        match response {
            Response::ArchivePage(page) => self.archive_page(archive, after, newest, &page),
            // It was read once more, to be sure; that nothing was missing is likely, and the next session finds out.
            Response::Error(_) if self.catchup(archive.as_ref()).done => Ok(()),
            Response::Error(error)
                if error.condition == StanzaErrorCondition::ItemNotFound && after.is_some() =>
            {
                // The archive has forgotten our place: what lies between is lost to us, and shown as a seam.
                archive::add_gap(self.tx, archive.as_ref(), after.as_ref(), None)?;
                let newest = archive.is_none();
                self.ask_page(archive, None, newest);
                Ok(())
            }
            Response::Error(error) => self.archive_refused(archive, error.condition, error.wait),
            _ => Ok(()),
        }
    }

    fn archive_page(
        &mut self,
        archive: Option<Address>,
        after: Option<ArchiveId>,
        newest: bool,
        page: &ArchivePage,
    ) -> Result<(), EngineError> {
        if newest && !page.complete {
            archive::add_gap(self.tx, archive.as_ref(), None, page.first.as_ref())?;
        }
        self.history = newest;
        let ingested = self.ingest(&page.messages);
        self.history = false;
        ingested?;
        if let Some(last) = &page.last {
            archive::set_cursor(self.tx, archive.as_ref(), last)?;
        }
        // Asked again from the newest place that we know; an answer without any news there ends it, whatever the server
        // says, so that a broken server can't keep us asking.
        let news = page.last.is_some() && page.last != after;
        let at_end = newest || page.complete || !news;
        if !at_end || self.catchup(archive.as_ref()).again {
            let next = page.last.clone().or(after);
            self.ask_page(archive, next, false);
            return Ok(());
        }
        self.caught_up(archive)
    }

    /// Processes messages of one archive, from old to new.
    ///
    /// OpenMLS writes all of a group's ratchets for each message that it decrypts. Within a page that is waste: only the
    /// last write before a commit, and the last of the page, are ever read. So the others are left out, and if the message
    /// that should have written turns out to be unreadable the page is processed again, writing each time.
    pub(crate) fn ingest(&mut self, messages: &[InboundMessage]) -> Result<(), EngineError> {
        self.tx.execute_batch("SAVEPOINT ingest").map_err(heliograph_store::StoreError::from)?;
        let before = self.live.clone();
        let effects = self.effects.clone();
        self.process(messages, true)?;
        if self.unwritten.is_empty() {
            self.tx.execute_batch("RELEASE ingest").map_err(heliograph_store::StoreError::from)?;
            return Ok(());
        }
        self.tx
            .execute_batch("ROLLBACK TO ingest; RELEASE ingest")
            .map_err(heliograph_store::StoreError::from)?;
        *self.live = before;
        self.effects = effects;
        self.groups.clear();
        self.unwritten.clear();
        self.process(messages, false)
    }

    fn process(&mut self, messages: &[InboundMessage], defer: bool) -> Result<(), EngineError> {
        for (index, (message, offset)) in messages.iter().zip(0..).enumerate() {
            self.place = self.filling.map_or(Place::Next, |first| Place::At(first + offset));
            let later = messages.get(index + 1..).unwrap_or_default();
            self.storage.set_defer_message_secrets(defer && followed_by_another(message, later));
            let processed = self.message(message, Source::Archive);
            self.storage.set_defer_message_secrets(false);
            self.place = Place::Next;
            processed?;
        }
        Ok(())
    }

    fn archive_refused(
        &mut self,
        archive: Option<Address>,
        condition: StanzaErrorCondition,
        wait: bool,
    ) -> Result<(), EngineError> {
        if wait || condition == StanzaErrorCondition::RemoteServer {
            // Not read to its end, so nothing is sent there in this session; the next one asks again.
            return Ok(());
        }
        let Some(room) = archive else {
            self.facts.archive = false;
            account::set_facts(self.tx, &self.facts)?;
            return self.caught_up(None);
        };
        let Some(conversation) = conversation::by_address(self.tx, &room)? else { return Ok(()) };
        if conversation.group.is_none() {
            self.live.session.rooms.entry(room.clone()).or_default().no_archive = true;
            return self.caught_up(Some(room));
        }
        match condition {
            // We are no member any more, and were removed while away.
            StanzaErrorCondition::Forbidden
            | StanzaErrorCondition::RegistrationRequired
            | StanzaErrorCondition::ItemNotFound => conversation::set_state(
                self.tx,
                conversation.id,
                ConversationState::Left,
                Some(ErrorCode::Forbidden),
            )?,
            _ => conversation::set_state(
                self.tx,
                conversation.id,
                ConversationState::Failed,
                Some(ErrorCode::ArchiveUnavailable),
            )?,
        }
        Ok(())
    }

    fn caught_up(&mut self, archive: Option<Address>) -> Result<(), EngineError> {
        if std::mem::replace(&mut self.catchup(archive.as_ref()).done, true) {
            return Ok(());
        }
        match archive {
            None => {
                if self.facts.archive {
                    // Whatever the server had acknowledged before this session and the archive did not show is with it
                    // for good: nothing is left to do about it.
                    outbox::remove_sent_direct(self.tx)?;
                }
                self.pump_all()
            }
            Some(room) => match conversation::by_address(self.tx, &room)? {
                Some(conversation) => {
                    self.drive(conversation.id)?;
                    self.pump(conversation.id)
                }
                None => Ok(()),
            },
        }
    }

    /// A message that came by itself.
    pub(crate) fn live_message(&mut self, message: &InboundMessage) -> Result<(), EngineError> {
        let room =
            (message.kind == heliograph_model::stanza::MessageKind::Groupchat).then(|| message.from.clone());
        if let Some(room) = &room
            && !self.live.session.rooms.contains_key(room)
        {
            return Ok(());
        }
        let no_archive = room
            .as_ref()
            .is_some_and(|room| self.live.session.rooms.get(room).is_some_and(|live| live.no_archive));
        let Some(archive_id) = message.archive_id.clone().filter(|_| !no_archive) else {
            return self.message(message, Source::Live);
        };
        let catchup = self.catchup(room.as_ref());
        if !catchup.done {
            catchup.again = true;
            return Ok(());
        }
        self.message(message, Source::Live)?;
        // A server that hands a session over may deliver what comes last first: until that is past, our place stays before
        // it, so that the next catch-up reads over what was still missing if the link breaks now.
        if self.live.was_handed_over(self.now) {
            return Ok(());
        }
        // While a message of ours is in doubt, the archive is the only judge of whether it arrived: keep our place before
        // it, so that the next catch-up reads over it.
        let doubt = room.is_none() && outbox::has_in_doubt_direct(self.tx)?;
        let back =
            archive::cursor(self.tx, room.as_ref())?.is_some_and(|cursor| archive_id.precedes(&cursor));
        if !doubt && !back {
            archive::set_cursor(self.tx, room.as_ref(), &archive_id)?;
        }
        Ok(())
    }
}

/// Whether one of `later` will write the group's ratchets anyway: an application message of the same archive before the next
/// commit.
fn followed_by_another(message: &InboundMessage, later: &[InboundMessage]) -> bool {
    let kind = |message: &InboundMessage| match &message.content {
        InboundContent::Mls(envelope) => Some(envelope.kind),
        _ => None,
    };
    if kind(message) != Some(MlsKind::Application) {
        return false;
    }
    later
        .iter()
        .filter(|other| other.from == message.from || message.kind != other.kind)
        .find_map(kind)
        .is_some_and(|next| next == MlsKind::Application)
}
