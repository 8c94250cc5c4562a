//! What the engine says to an XMPP session, and what it hears from one.
//!
//! The engine never sees XML. `heliograph-xmpp` turns [`Outbound`] values into stanzas and stanzas into [`Inbound`]
//! values, and checks there what can only be checked on the wire: that a `stanza-id` was put in by the archive that it
//! names, that a carbon comes from our own account, that an archive result belongs to a query of ours.

mod redaction;
mod session;

pub use session::{ClientState, Granted, LoginPath, SessionEvent, StreamIdentity};

use serde::{Deserialize, Serialize};

use crate::{Address, ArchiveId, MessageId, PushTarget, RequestId, StanzaId, Timestamp};

/// From the engine to the session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outbound {
    /// Become available (RFC 6121 §4.2) so that direct messages are delivered live.
    Available,
    /// Enter a room without asking for its history (XEP-0045 §7.2). Answered by [`Inbound::RoomJoined`] or
    /// [`Inbound::RoomRefused`].
    JoinRoom {
        /// The room.
        room: Address,
        /// Our name in it.
        nick: String,
    },
    /// Leave a room.
    LeaveRoom {
        /// The room.
        room: Address,
        /// Our name in it.
        nick: String,
    },
    /// A message; acknowledged by [`SessionEvent::Acknowledged`] with its id.
    Message(OutboundMessage),
    /// A question; answered by [`Inbound::Response`] with the same id, or never if the session ends first.
    Request {
        /// Chosen by the engine.
        id: RequestId,
        /// What to ask.
        request: Request,
    },
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboundMessage {
    /// The stanza's `id`.
    pub id: StanzaId,
    /// An account, or a room if `kind` is [`MessageKind::Groupchat`].
    pub to: Address,
    /// The stanza's `type`.
    pub kind: MessageKind,
    /// What it carries.
    pub content: OutboundContent,
}

/// What a message that we send carries.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutboundContent {
    /// Readable text, with requests for a receipt (XEP-0184) and a marker (XEP-0333) in chats, and `<origin-id/>` equal to the stanza's id.
    Plain {
        /// The body.
        text: String,
    },
    /// An MLS message, see [`MlsEnvelope`].
    Mls(MlsEnvelope),
    /// Messages arrived, or were shown; at least one of the two.
    Receipt {
        /// The id of the message that arrived (XEP-0184 §5).
        received: Option<StanzaId>,
        /// The id of the newest message that was shown (XEP-0333).
        displayed: Option<StanzaId>,
    },
}

/// A message stanza's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageKind {
    /// From one account to another.
    Chat,
    /// Through a room.
    Groupchat,
}

/// The element `<m xmlns='urn:xmpp:mls:0'/>` (see `core/mls/docs/mls-over-xmpp.md`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MlsEnvelope {
    /// Attribute `k`.
    pub kind: MlsKind,
    /// Attribute `e`: the epoch in which the message was made; for a Welcome, the epoch that it leads to.
    pub epoch: u64,
    /// Attribute `f`: six bytes that name the sender's branch of the group's history. Absent in a Welcome.
    pub fork_tag: Option<[u8; 6]>,
    /// Attribute `room`, only in a Welcome: the room that orders the group. Absent for a direct group.
    pub room: Option<Address>,
    /// Attribute `after`, only in a Welcome: the archive position of the commit that added the receiver, so that it need
    /// not read what it can't decrypt.
    pub after: Option<ArchiveId>,
    /// Whether the message may wake a sleeping phone: adds the fallback body and the encryption hint (XEP-0428, XEP-0380).
    /// Without it the stanza carries only `<store/>` (XEP-0334).
    pub wake: bool,
    /// The TLS-encoded `MLSMessage` (RFC 9420 §6).
    pub data: Vec<u8>,
}

/// Attribute `k` of `<m/>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MlsKind {
    /// `a`: a PrivateMessage with application content.
    Application,
    /// `c`: a commit as PublicMessage.
    Commit,
    /// `p`: a proposal as PublicMessage.
    Proposal,
    /// `w`: a Welcome.
    Welcome,
}

/// A question to a server, a room or an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Copies of what our other clients send and receive (XEP-0280). Answered by [`Response::Done`].
    EnableCarbons,
    /// What an entity can do (XEP-0030 §3). Answered by [`Response::Features`].
    Features {
        /// The account, room, or server asked.
        of: Address,
    },
    /// The services of a server (XEP-0030 §4). Answered by [`Response::Items`].
    Services {
        /// The server asked.
        of: Address,
    },
    /// One page of an archive (XEP-0313 §4). Answered by [`Response::ArchivePage`].
    ArchivePage {
        /// The room; `None` for our own account.
        archive: Option<Address>,
        /// Which page.
        page: PageStart,
        /// At most this many; servers may answer with fewer (Prosody caps at 50, ejabberd at 250).
        max: u16,
    },
    /// Store one item in a node of our own (XEP-0163 §3), readable by everybody. Answered by [`Response::Done`].
    Publish {
        /// The node.
        node: Node,
        /// The item's id.
        item: String,
        /// The content.
        data: Vec<u8>,
    },
    /// Read items of a node (XEP-0060 §6.5). Answered by [`Response::NodeItems`], without those that don't exist.
    FetchItems {
        /// Whose.
        account: Address,
        /// The node.
        node: Node,
        /// The ids asked for; empty for all.
        items: Vec<String>,
    },
    /// Make the room members-only, persistent, non-anonymous, hidden, archived (XEP-0045 §10.1.3). Only its owner may.
    /// Answered by [`Response::Done`].
    ConfigureGroupRoom {
        /// The room.
        room: Address,
    },
    /// Take a room that our entering made as its server makes rooms, and so let others in (XEP-0045 §10.1.2). Only its owner
    /// may. Answered by [`Response::Done`].
    AcceptRoomDefaults {
        /// The room.
        room: Address,
    },
    /// Give or take a place in a room (XEP-0045 §9). Answered by [`Response::Done`].
    SetAffiliation {
        /// The room.
        room: Address,
        /// Whose place.
        account: Address,
        /// Which.
        affiliation: Affiliation,
    },
    /// Is the other end there (XEP-0199)? With our own nick in a room: are we still in it (XEP-0410)? Answered by
    /// [`Response::Done`].
    Ping {
        /// The server, or a room together with `nick`.
        to: Address,
        /// Our nick in the room.
        nick: Option<String>,
    },
    /// Announce messages there while this session sleeps (XEP-0357 §5); again with other options it replaces them. Answered
    /// by [`Response::Done`].
    EnablePush(PushTarget),
    /// Announce nothing there any more (XEP-0357 §6). Answered by [`Response::Done`].
    DisablePush {
        /// The push service.
        service: Address,
        /// The node there.
        node: String,
    },
}

/// Where an archive page starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PageStart {
    /// At the oldest message.
    Beginning,
    /// Just after this one. Answered with [`StanzaErrorCondition::ItemNotFound`] if the archive no longer has it.
    After(ArchiveId),
    /// The newest messages (`<before/>` without a value), still listed from old to new.
    Newest,
    /// Just before this one, listed from old to new.
    Before(ArchiveId),
}

/// A node in which an account publishes (XEP-0163).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Node {
    /// `urn:xmpp:mls:0:devices`
    Devices,
    /// `urn:xmpp:mls:0:kp`
    KeyPackages,
}

/// A place in a room (XEP-0045 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Affiliation {
    /// May change the room and everybody's place.
    Owner,
    /// May invite and remove.
    Admin,
    /// May enter a members-only room.
    Member,
    /// No place.
    None,
}

/// From the session to the engine, in the order in which the stream brought it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inbound {
    /// A live message (one that came by itself, not from an archive).
    Message(InboundMessage),
    /// The answer to a [`Request`].
    Response {
        /// The request's id.
        id: RequestId,
        /// The answer.
        response: Response,
    },
    /// We are in the room.
    RoomJoined {
        /// The room.
        room: Address,
        /// The nick that the room gave us.
        nick: String,
        /// The room did not exist before; we own it and it is locked until configured (status 201).
        created: bool,
    },
    /// The room did not let us in.
    RoomRefused {
        /// The room.
        room: Address,
        /// Why.
        error: StanzaError,
    },
    /// We are out of the room without having asked (kicked, banned, destroyed, shut down).
    RoomLeft {
        /// The room.
        room: Address,
        /// The room no longer exists.
        destroyed: bool,
    },
    /// The room no longer counts us in, though nobody put us out: an earlier session of ours under the same nick ended, or
    /// the room forgot us. What is said there before entering again comes back.
    RoomLost {
        /// The room.
        room: Address,
    },
    /// An account published a new device list (PEP notification).
    DevicesChanged {
        /// Whose.
        account: Address,
    },
}

/// A message as it arrived, live or from an archive.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// The account, or the room if `kind` is [`MessageKind::Groupchat`].
    pub from: Address,
    /// The sender's name in the room; `None` for the room itself and in chats.
    pub nick: Option<String>,
    /// The receiver: differs from our account in carbons and archives for what we sent ourselves.
    pub to: Option<Address>,
    /// The stanza's `type`.
    pub kind: MessageKind,
    /// The stanza's `id`, where it has one.
    pub id: Option<StanzaId>,
    /// The sender's `<origin-id/>` (XEP-0359), where it has one.
    pub origin_id: Option<MessageId>,
    /// The position in the archive that is responsible: the room's for group messages, our account's for chats. Checked:
    /// an id that somebody else put in is not here.
    pub archive_id: Option<ArchiveId>,
    /// When it was sent, as far as a server in between noted it (XEP-0203, XEP-0313). `None` for a live message without
    /// delay.
    pub sent_at: Option<Timestamp>,
    /// What it carries.
    pub content: InboundContent,
}

/// What an arriving message carries.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InboundContent {
    /// Readable text.
    Plain {
        /// The body.
        text: String,
        /// The sender asks for a receipt (XEP-0184).
        receipt_requested: bool,
        /// The sender wants to know when it is shown (XEP-0333).
        markable: bool,
    },
    /// An MLS message.
    Mls(MlsEnvelope),
    /// Messages of ours arrived, or were shown; at least one of the two.
    Receipt {
        /// The stanza id of the message that arrived (XEP-0184).
        received: Option<StanzaId>,
        /// The stanza id of the newest message that was shown (XEP-0333).
        displayed: Option<StanzaId>,
    },
    /// The message of ours with the same stanza id came back undelivered.
    Error(StanzaError),
    /// Nothing that this version can use: chat states, an unknown payload, a subject, an `<m/>` that does not parse.
    /// The reason is for the quarantine and the log; it holds nothing private.
    Unusable {
        /// Why.
        reason: Unusable,
    },
}

/// Why a message can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unusable {
    /// No body and nothing we know: chat states, markers, subjects. Normal, and not worth a trace.
    NoContent,
    /// An `<m/>` with missing or malformed attributes, or data that is not Base64.
    MalformedMls,
    /// Over [`limits::MESSAGE_BYTES`].
    TooLarge,
}

/// The answer to a [`Request`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// It was done.
    Done,
    /// To [`Request::Features`].
    Features(Features),
    /// To [`Request::Services`].
    Items(Vec<Address>),
    /// To [`Request::ArchivePage`].
    ArchivePage(ArchivePage),
    /// To [`Request::FetchItems`]: item id and content.
    NodeItems(Vec<(String, Vec<u8>)>),
    /// It was refused.
    Error(StanzaError),
}

/// What an entity can do (XEP-0030).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Features {
    /// `category/type` pairs, as in `conference/text`.
    pub identities: Vec<String>,
    /// Namespaces, as in `urn:xmpp:mam:2`.
    pub features: Vec<String>,
}

impl Features {
    /// Whether the namespace is among the features.
    pub fn has(&self, namespace: &str) -> bool {
        self.features.iter().any(|feature| feature == namespace)
    }
}

/// One page of an archive, from old to new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivePage {
    /// The messages; `archive_id` and `sent_at` are always set.
    pub messages: Vec<InboundMessage>,
    /// The id of the last item, also where that item is not among `messages` because it could not be read at all.
    pub last: Option<ArchiveId>,
    /// The id of the first item, likewise.
    pub first: Option<ArchiveId>,
    /// Nothing lies beyond this page in the direction asked for.
    pub complete: bool,
}

/// A refusal (RFC 6120 §8.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StanzaError {
    /// The defined condition.
    pub condition: StanzaErrorCondition,
    /// The error's `type` is `wait`: it may work later.
    pub wait: bool,
}

/// The defined conditions that we treat differently (RFC 6120 §8.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StanzaErrorCondition {
    /// The nick is taken, or the item exists.
    Conflict,
    /// The request is not supported there.
    FeatureNotImplemented,
    /// We may not.
    Forbidden,
    /// There is no such thing, or no such archive position.
    ItemNotFound,
    /// We are not in the room, or not on its terms.
    NotAcceptable,
    /// The action is not allowed to anybody.
    NotAllowed,
    /// We are no member.
    RegistrationRequired,
    /// The other server can't be reached.
    RemoteServer,
    /// A limit: too large, too many, too fast.
    PolicyViolation,
    /// The receiver does not accept this.
    ServiceUnavailable,
    /// Any other.
    Other,
}

/// Sizes beyond which input is refused, whoever sends it.
pub mod limits {
    /// One message stanza's payload in bytes, decoded. Servers stop at 256 KiB of XML (Prosody's default), which is about
    /// 190 kB decoded; 1 MiB leaves room for servers with higher limits and bounds memory.
    pub const MESSAGE_BYTES: usize = 1024 * 1024;
    /// Text of one message in bytes. Longer text belongs in a file. Leaves a stanza below 256 KiB after padding, Base64 and
    /// the envelope.
    pub const TEXT_BYTES: usize = 64 * 1024;
    /// Items of one node that are looked at; an account has at most 20 devices with 8 key packages each.
    pub const NODE_ITEMS: usize = 256;
}
