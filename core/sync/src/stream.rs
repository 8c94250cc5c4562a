//! The stream that outlives the process (XEP-0198 §5): its counters and what is known as long as it lasts, written in the
//! transactions that its stanzas belong to.
//!
//! What is committed is what counts. Stanzas of the server are counted in the transaction that handled them, and only after
//! it are they acknowledged. Stanzas of ours are numbered in the transaction that made them, in the order in which the
//! session sends them; those that were never sent because the process died have numbers that the server does not know. So a
//! later process that resumes the stream learns from the server's one number which of our messages arrived; those that did
//! not are sent again, the same bytes under the same id, and nothing has to be looked for in an archive.

use heliograph_model::stanza::{Granted, Outbound, StreamIdentity};
use heliograph_model::{Address, ConversationKind, StanzaId};
use heliograph_store::outbox::OutboxState;
use heliograph_store::stream::StreamRow;
use heliograph_store::{conversation, group, outbox, stream};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;
use crate::live::{Catchup, Live, RoomLive, SessionLive};
use crate::outbox::kind_of;
use crate::policy::OUTBOX_WINDOW;
use crate::step::Step;
use crate::wish::{decode, encode};

/// How far both sides have got in a stream that can be resumed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamLive {
    /// Stanzas of the server that are handled, modulo 2^32.
    pub received: u32,
    /// Stanzas of ours that are committed to be sent.
    pub sent: u64,
}

/// What a session layer needs to resume the stream of an earlier process.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredStream {
    /// What names it to the server.
    pub identity: StreamIdentity,
    /// Stanzas of the server that are handled, modulo 2^32.
    pub received: u32,
    /// Rooms that we are in, and our name in each.
    pub rooms: Vec<(Address, String)>,
}

/// What stays true over a resumption. The serialised form is stored: add fields at the end, with defaults.
#[derive(Default, Serialize, Deserialize)]
struct Knowledge {
    /// Our own archive is read to its end.
    account_done: bool,
    rooms: Vec<KnownRoom>,
}

/// A room that we are in.
#[derive(Serialize, Deserialize)]
struct KnownRoom {
    address: Address,
    nick: String,
    /// Its archive is read to its end.
    done: bool,
    no_archive: bool,
}

impl Knowledge {
    fn of(session: &SessionLive) -> Self {
        let rooms = session.rooms.iter().filter(|(_, room)| room.joined).map(|(address, room)| KnownRoom {
            address: address.clone(),
            nick: room.nick.clone(),
            done: room.catchup.done,
            no_archive: room.no_archive,
        });
        Self { account_done: session.account.done, rooms: rooms.collect() }
    }

    fn into_session(self) -> SessionLive {
        let catchup = |done| Catchup { done, again: false };
        let rooms = self.rooms.into_iter().map(|room| {
            let live = RoomLive {
                joined: true,
                catchup: catchup(room.done),
                no_archive: room.no_archive,
                nick: room.nick,
            };
            (room.address, live)
        });
        SessionLive { account: catchup(self.account_done), rooms: rooms.collect(), ..SessionLive::default() }
    }
}

/// What is known of the stream that an earlier process left, if it left one: what the session layer needs, and what the
/// engine remembers of it.
pub(crate) fn load(
    connection: &heliograph_store::Connection,
    live: &mut Live,
) -> Result<Option<StoredStream>, EngineError> {
    let Some(row) = stream::get(connection)? else { return Ok(None) };
    let identity = decode(&row.identity)?;
    live.session = decode::<Knowledge>(&row.knowledge)?.into_session();
    live.stream = Some(StreamLive { received: row.received, sent: row.sent });
    let rooms = live.session.rooms.iter().map(|(room, known)| (room.clone(), known.nick.clone()));
    Ok(Some(StoredStream { identity, received: row.received, rooms: rooms.collect() }))
}

impl Step<'_> {
    /// A session began: goes on counting where it was resumed, and begins to count where it is fresh and can be resumed.
    pub(crate) fn stream_began(&mut self, granted: &Granted) -> Result<(), EngineError> {
        let lost = match granted.handled {
            Some(handled) => self.handled_by_server(handled)?,
            None => Vec::new(),
        };
        if granted.resumed {
            if granted.handled.is_some() {
                self.take_over(&lost)?;
            }
            return Ok(());
        }
        self.live.stream = None;
        let Some(identity) = &granted.stream else { return Ok(stream::forget(self.tx)?) };
        let counts = StreamLive { received: 0, sent: 0 };
        self.live.stream = Some(counts);
        let row = StreamRow {
            identity: encode(identity)?,
            received: counts.received,
            sent: counts.sent,
            knowledge: encode(&Knowledge::default())?,
        };
        Ok(stream::replace(self.tx, &row)?)
    }

    /// The server tells how many stanzas of an earlier process it handled. What is among them is acknowledged; answers with
    /// the messages that are not.
    fn handled_by_server(&mut self, handled: u32) -> Result<Vec<StanzaId>, EngineError> {
        let Some(counts) = self.live.stream else { return Ok(Vec::new()) };
        // The counter of the stream is ours modulo 2^32.
        let missing = u64::from((counts.sent as u32).wrapping_sub(handled));
        let Some(handled) = counts.sent.checked_sub(missing) else {
            // More than was ever sent: this number says nothing, and only the archives can.
            stream::take_unacknowledged(self.tx)?;
            self.live.session = SessionLive::default();
            return Ok(Vec::new());
        };
        let mut lost = Vec::new();
        for (number, stanza) in stream::take_unacknowledged(self.tx)? {
            if number <= handled {
                self.acknowledged(&stanza)?;
            } else {
                lost.push(stanza);
            }
        }
        // Its numbers go on from what it handled.
        self.live.stream = Some(StreamLive { sent: handled, ..counts });
        Ok(lost)
    }

    /// The stream of an earlier process is ours now. Everything that it had handed over is on its way, but for what the
    /// server did not get; what it had asked for and not heard is asked again.
    fn take_over(&mut self, lost: &[StanzaId]) -> Result<(), EngineError> {
        for id in outbox::conversations(self.tx)? {
            let Some(conversation) = conversation::get(self.tx, id)? else { continue };
            if !self.may_send(&conversation) {
                continue; // decided when its archive is read
            }
            for state in [OutboxState::Sent, OutboxState::Sending] {
                for row in outbox::pending(self.tx, id, state, OUTBOX_WINDOW)? {
                    if !row.stanza.is_some_and(|stanza| lost.contains(&stanza)) {
                        self.live.session.in_flight.insert(row.id, kind_of(&conversation));
                    }
                }
            }
        }
        for row in group::list_active(self.tx)? {
            let handed = row.pending.is_some_and(|pending| !lost.contains(&pending.stanza));
            if handed && row.room.is_some_and(|room| self.room_ready(&room)) {
                self.live.session.commits.insert(row.id);
            }
        }
        if !self.live.session.account.done {
            self.read_account_archive()?;
        }
        let unread = self.live.session.rooms.iter().filter(|(_, room)| !room.catchup.done);
        for room in unread.map(|(room, _)| room.clone()).collect::<Vec<_>>() {
            let ordinary = conversation::by_address(self.tx, &room)?
                .is_some_and(|conversation| conversation.kind == ConversationKind::Room);
            self.read_room_archive(&room, ordinary)?;
        }
        self.ask_for_facts();
        self.publish_keys()
    }

    /// The server has this message and all before it.
    pub(crate) fn stream_acknowledged(&mut self, last: &StanzaId) -> Result<(), EngineError> {
        if self.live.stream.is_some() {
            stream::acknowledge(self.tx, last)?;
        }
        Ok(())
    }

    /// So many stanzas came in, and so many answers go out before anything else that is sent now.
    pub(crate) fn stream_received(&mut self, stanzas: u32, replies: u32) {
        if let Some(stream) = &mut self.live.stream {
            stream.received = stream.received.wrapping_add(stanzas);
            stream.sent += u64::from(replies);
        }
    }

    /// Writes down what this step changed. Must be the last thing that happens in it.
    pub(crate) fn keep_stream(&mut self, before: &Live) -> Result<(), EngineError> {
        let Some(mut counts) = self.live.stream.filter(|_| self.online()) else { return Ok(()) };
        for outbound in self.effects.sending() {
            counts.sent += 1;
            if let Outbound::Message(message) = outbound {
                stream::add_unacknowledged(self.tx, counts.sent, &message.id)?;
            }
        }
        self.live.stream = Some(counts);
        if before.stream != Some(counts) {
            stream::set_counts(self.tx, counts.received, counts.sent)?;
        }
        let (then, now) = (&before.session, &self.live.session);
        if then.account.done != now.account.done || then.rooms != now.rooms {
            stream::set_knowledge(self.tx, &encode(&Knowledge::of(now))?)?;
        }
        Ok(())
    }
}
