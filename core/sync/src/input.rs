//! What the engine is told, and what it answers.

use heliograph_model::stanza::{ClientState, Inbound, Outbound, SessionEvent};
use heliograph_model::{
    Address, ConversationId, Error, ErrorCode, NetworkState, PowerState, PushTarget, Timestamp,
};

use crate::delivery::Delivery;
use crate::policy::Situation;
use crate::settings::Settings;

/// One thing that happened. The engine handles one at a time, each in one store transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The app wants to be connected from now on.
    Start,
    /// The app wants no connection from now on; what is in flight stays in the outbox.
    Suspend,
    /// The operating system says how the network is.
    Network(NetworkState),
    /// The operating system says how the power is.
    Power(PowerState),
    /// The app came to the front or went behind.
    AppState {
        /// It is in front.
        foreground: bool,
    },
    /// A push came, or the operating system lets us work for a moment: fetch what waits, and if we think that we are online
    /// already, let the server prove it. Ends with what is left to send while the radio is on.
    PushWake {
        /// It begins; otherwise it ends.
        begins: bool,
    },
    /// The moment given in [`Effects::wake_at`] has come. Waking early or twice does no harm.
    Wake,
    /// The session changed.
    Session(SessionEvent),
    /// What the session received, in order. Several stanzas in one input share one transaction.
    Received(Received),
    /// The app asks for something; the answer is in [`Effects::reply`].
    Command(Command),
}

/// Stanzas of the server, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Received {
    /// What they mean to the engine.
    pub inbound: Vec<Inbound>,
    /// How many stanzas they were. They may be acknowledged to the server when the input was handled.
    pub stanzas: u32,
    /// How many answers the session layer has to them: they are sent before everything in [`Effects::send`].
    pub replies: u32,
}

impl From<Vec<Inbound>> for Received {
    /// One stanza each, and nothing to answer.
    fn from(inbound: Vec<Inbound>) -> Self {
        let stanzas = u32::try_from(inbound.len()).unwrap_or(u32::MAX);
        Self { inbound, stanzas, replies: 0 }
    }
}

/// What an app can ask for.
#[derive(Clone, PartialEq, Eq)]
pub enum Command {
    /// Open a chat with an account: encrypted if it has keys.
    StartChat {
        /// The account.
        contact: Address,
    },
    /// Make an encrypted group.
    CreateGroup {
        /// Its name, seen by the members only.
        name: String,
        /// The accounts to invite.
        members: Vec<Address>,
    },
    /// Add accounts to a group.
    Invite {
        /// The group.
        conversation: ConversationId,
        /// The accounts.
        members: Vec<Address>,
    },
    /// Remove accounts from a group that we own.
    Remove {
        /// The group.
        conversation: ConversationId,
        /// The accounts.
        members: Vec<Address>,
    },
    /// Enter an ordinary, unencrypted room and stay in it.
    JoinRoom {
        /// The room.
        room: Address,
        /// Our name in it.
        nick: String,
    },
    /// Send text. What was being written in the conversation is done with.
    Send {
        /// Where to.
        conversation: ConversationId,
        /// The text, 1 to [`heliograph_model::stanza::limits::TEXT_BYTES`] bytes.
        text: String,
    },
    /// Send text from outside of the conversation, as an answer to a notification: everything up to the message that it
    /// answers is read, and what is being written in the conversation stays.
    Answer {
        /// Where to.
        conversation: ConversationId,
        /// Row of the newest message that the user has seen.
        row: i64,
        /// The text, as in [`Self::Send`].
        text: String,
    },
    /// Keep what the user is writing.
    SetDraft {
        /// Where.
        conversation: ConversationId,
        /// All that was typed so far, up to [`policy::DRAFT_BYTES`](crate::policy::DRAFT_BYTES); empty if nothing.
        text: String,
    },
    /// Say how far a message of ours has got, and why no farther; answered by [`Reply::Delivery`].
    Explain {
        /// Its row.
        row: i64,
    },
    /// Send a message that failed once more.
    SendAgain {
        /// Its row.
        row: i64,
    },
    /// Take a message back that was never sent, or that failed.
    Discard {
        /// Its row.
        row: i64,
    },
    /// Load messages from before a seam: at least `wanted` of this conversation, if the server has so many. Answered by
    /// [`Reply::Loaded`] if there is nothing to ask for, else by [`Reply::Loading`], and in the end by [`Effects::loaded`].
    LoadOlder {
        /// The conversation.
        conversation: ConversationId,
        /// How many.
        wanted: usize,
    },
    /// The user has seen the conversation up to this message.
    MarkRead {
        /// The conversation.
        conversation: ConversationId,
        /// Row of the newest message seen.
        row: i64,
    },
    /// Change what the user has chosen.
    ChangeSettings(Settings),
    /// Have messages announced there while this device sleeps, and nowhere else.
    EnablePush(PushTarget),
    /// Have messages announced nowhere.
    DisablePush,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::StartChat { .. } => "StartChat",
            Self::CreateGroup { .. } => "CreateGroup",
            Self::Invite { .. } => "Invite",
            Self::Remove { .. } => "Remove",
            Self::JoinRoom { .. } => "JoinRoom",
            Self::Send { .. } => "Send",
            Self::Answer { .. } => "Answer",
            Self::SetDraft { .. } => "SetDraft",
            Self::Explain { .. } => "Explain",
            Self::SendAgain { .. } => "SendAgain",
            Self::Discard { .. } => "Discard",
            Self::LoadOlder { .. } => "LoadOlder",
            Self::MarkRead { .. } => "MarkRead",
            Self::ChangeSettings(_) => "ChangeSettings",
            Self::EnablePush(_) => "EnablePush",
            Self::DisablePush => "DisablePush",
        })
    }
}

/// The answer to a [`Command`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done, or safely noted to be done.
    Done,
    /// The conversation that was opened.
    Conversation(ConversationId),
    /// The row of the message that was queued.
    Message(i64),
    /// How far the message has got.
    Delivery(Box<Delivery>),
    /// It was begun; [`Effects::loaded`] tells the end under this name.
    Loading(LoadId),
    /// This is what came of it.
    Loaded(Loaded),
}

/// Names a load of older messages, as long as the engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoadId(pub(crate) u64);

/// What a load of older messages brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    /// The messages were stored after this row,
    pub after_row: i64,
    /// and stand before this position.
    pub below: i64,
    /// The seam is still there, and more can be loaded.
    pub more: bool,
}

/// What the driver has to do after an input was handled and committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effects {
    /// Open or drop the connection.
    pub link: Option<LinkAction>,
    /// What to tell the server of us, before anything else is sent (XEP-0352).
    pub client_state: Option<ClientState>,
    /// What to send, in order. Nothing here has been sent before its transaction committed.
    pub send: Vec<Outbound>,
    /// Ask the session for a sign of life, after everything else was sent. Answered by [`SessionEvent::Alive`], or by the end
    /// of the session.
    pub probe: bool,
    /// When to call again with [`Input::Wake`]; replaces any earlier wish. `None`: no timer at all.
    pub wake_at: Option<Timestamp>,
    /// The answer to the command, if the input was one.
    pub reply: Option<Result<Reply, Error>>,
    /// Loads that ended, see [`Command::LoadOlder`].
    pub loaded: Vec<(LoadId, Result<Loaded, Error>)>,
    /// The state of the connection now.
    pub connection: Connection,
}

/// What to do with the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkAction {
    /// Connect and log in, resuming the last session if that is possible.
    Connect,
    /// Close the socket and keep the session for later, where the server allows that; else say goodbye.
    Leave,
    /// Drop the socket without a word: the network is gone. The session may be resumed later.
    Abandon,
    /// The same, and connect again at once: the network is another one, and the old one is gone.
    Reconnect,
}

/// The truth about the connection, for the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// What is going on.
    pub state: ConnectionState,
    /// What the phone is doing, as far as we were told: decides how often and how fast.
    pub situation: Situation,
    /// Why it is not online, where there is a reason.
    pub error: Option<Error>,
    /// When it will be tried again by itself.
    pub retry_at: Option<Timestamp>,
    /// Everything that waited in the archives is here.
    pub caught_up: bool,
    /// Something was sent, or the link was asked whether it lives, and nothing was heard since: it may be dead.
    pub unanswered: bool,
    /// Online, with nothing to send, nothing asked, and nothing to do before somebody writes.
    pub idle: bool,
    /// What this server can't do, as far as is known.
    pub lacking: Vec<ErrorCode>,
}

/// See [`Connection`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionState {
    /// There is no network.
    Offline,
    /// Trying.
    Connecting,
    /// Logged in.
    Online,
    /// Lost; will be tried again at `retry_at`.
    Waiting,
    /// Given up until somebody changes something: see the error.
    Stopped,
    /// The app does not want a connection.
    Suspended,
}
