//! What the engine remembers only while it runs: the session, what was asked, how far the archives were read.
//!
//! Nothing here is needed after a crash; whatever matters is in the store. The whole value is cloned before an input is
//! handled and put back if the transaction fails, so it never runs ahead of the database.

use std::collections::{BTreeMap, BTreeSet};

use heliograph_model::stanza::{ClientState, MessageKind, Request};
use heliograph_model::{
    Address, ArchiveId, ConversationId, Error, GroupId, NetworkState, PowerState, RequestId, Timestamp,
};

use crate::input::{LoadId, Loaded};
use crate::keepalive::Silence;
use crate::seam::OlderPage;
use crate::stream::StreamLive;
use crate::timers::Timers;

/// See the module.
#[derive(Clone, Default)]
pub(crate) struct Live {
    /// The app wants a connection.
    pub wanted: bool,
    /// What the operating system says.
    pub network: NetworkState,
    pub power: PowerState,
    /// The app is in front; `None` until it says so or not.
    pub foreground: Option<bool>,
    /// The system woke us for a moment.
    pub push_wake: bool,
    /// The server has confirmed in this session that it wakes us for what comes.
    pub pushed: bool,
    pub link: Link,
    /// Failed connections in a row.
    pub attempt: u32,
    /// When our session was taken over, of late.
    pub replaced: Vec<Timestamp>,
    /// Since when the session is online.
    pub online_since: Option<Timestamp>,
    /// It brought something, or took something.
    pub useful: bool,
    /// Why the link is down.
    pub error: Option<Error>,
    pub timers: Timers,
    pub silence: Silence,
    /// What the server was last told of us in this session.
    pub client_state: ClientState,
    /// The latest time seen, to notice when the clock is set back.
    pub clock: Timestamp,
    /// Tells this process's requests from those of the one before it, whose answers a resumed stream may still bring.
    pub run: Option<u32>,
    /// Never reset, so that an answer from an earlier session can't be taken for a new one's.
    pub next_request: u64,
    /// The stream's counters, if it can be resumed.
    pub stream: Option<StreamLive>,
    /// Loads of older messages under way.
    pub loads: BTreeMap<LoadId, Load>,
    /// Loads that ended and were not told yet.
    pub loaded: Vec<(LoadId, Result<Loaded, Error>)>,
    pub next_load: u64,
    pub session: SessionLive,
}

/// What lasts as long as a session, resumptions included.
#[derive(Clone, Default)]
pub(crate) struct SessionLive {
    /// What was asked and not answered yet.
    pub requests: BTreeMap<RequestId, Asked>,
    /// Those that were asked on a connection from which the session has passed on: their answers may be lost.
    pub doubtful: BTreeSet<RequestId>,
    pub account: Catchup,
    pub rooms: BTreeMap<Address, RoomLive>,
    pub setups: BTreeMap<ConversationId, Setup>,
    /// Plain chats whose contacts were asked for keys.
    pub keys_asked: BTreeSet<ConversationId>,
    /// The session was resumed, and what the server had kept for us may still be on its way.
    pub draining: bool,
    /// The session stands on another connection than the one that it began on.
    pub resumed: bool,
    /// Outbox rows handed to this session, and how each travels.
    pub in_flight: BTreeMap<i64, MessageKind>,
    /// Groups whose pending commit was handed to this session.
    pub commits: BTreeSet<GroupId>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Link {
    #[default]
    Down,
    Connecting,
    Online,
    /// Down for a reason that only a person can change.
    Stopped,
}

/// A load of older messages, see `seam.rs`.
#[derive(Clone)]
pub(crate) struct Load {
    pub conversation: ConversationId,
    /// How many messages of the conversation are wanted.
    pub wanted: usize,
    /// Pages that may still be asked for.
    pub pages: u32,
    /// The last message's row before it began.
    pub last_row: i64,
    /// What it brings stands before this position: the ceiling of the gap when it began.
    pub below: i64,
}

/// How far an archive has been read in this session.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Catchup {
    /// Read to its end: live messages follow on without a hole.
    pub done: bool,
    /// Something came in live while reading; read on once more.
    pub again: bool,
}

#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct RoomLive {
    pub joined: bool,
    pub catchup: Catchup,
    /// The room keeps no archive.
    pub no_archive: bool,
    pub nick: String,
}

impl RoomLive {
    /// Whether we may speak and the live stream is contiguous with what we have read.
    pub fn ready(&self) -> bool {
        self.joined && self.catchup.done
    }
}

/// A request that is not answered yet.
#[derive(Clone)]
pub(crate) struct Asked {
    pub request: Request,
    pub purpose: Purpose,
}

/// What an outstanding request is for.
#[derive(Clone)]
pub(crate) enum Purpose {
    /// The answer changes nothing.
    Nothing,
    AccountFeatures,
    /// A place of announcement, by its row.
    Push(i64),
    /// The server proves that the link stands.
    SignOfLife,
    Services,
    ServiceFeatures(Address),
    /// A page of the archive; with the position after which it was asked.
    Archive {
        archive: Option<Address>,
        after: Option<ArchiveId>,
        newest: bool,
    },
    /// A page before a seam.
    Older(OlderPage),
    PublishDevices,
    PublishKeyPackage(u8),
    Devices {
        conversation: ConversationId,
        account: Address,
    },
    KeyPackages {
        conversation: ConversationId,
        account: Address,
    },
    RoomConfigured(ConversationId),
    RoomFeatures(ConversationId),
    Affiliation {
        conversation: ConversationId,
        account: Address,
    },
}

impl Purpose {
    /// Until this is answered we are not up to date: others may not find our keys, what we believe of the link may be wrong,
    /// or messages may be missing.
    pub fn holds_up(&self) -> bool {
        matches!(
            self,
            Self::PublishDevices
                | Self::PublishKeyPackage(_)
                | Self::SignOfLife
                | Self::Archive { archive: None, .. }
        )
    }
}

/// A change to a group, or its making, under way.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    pub stage: Stage,
    /// Accounts whose answer is awaited in this stage.
    pub waiting: BTreeSet<Address>,
    /// Key packages fetched so far, one per device.
    pub packages: BTreeMap<Address, Vec<Vec<u8>>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    #[default]
    Begin,
    Joining,
    Configuring,
    Checking,
    Keys,
    Affiliations,
    /// A commit is on its way, or the wish waits for the room.
    Ordered,
}
