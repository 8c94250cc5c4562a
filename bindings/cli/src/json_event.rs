//! The output half of the line protocol: one JSON object per line, with its kind under `"event"`.

use std::ops::Range;

use heliograph_client::{
    CatchUpEnd, Connection, ConnectionState, Conversation, ConversationKind, ConversationState,
    DeliveryState, Member, Message, PushState, SeamKind, SearchHit, Security, Sender, Situation,
    TimelinePage, Traffic, Unreadable, UnreadableReason,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::action::{Outcome, Status};
use crate::delivery;
use crate::failure::Failure;
use crate::harmless;

/// What the shell says to a script.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event<'a> {
    /// The connection changed.
    Connection(&'a ConnectionFields),
    /// A conversation is new or changed.
    Conversation(ConversationFields<'a>),
    /// A message is new or changed.
    Message(MessageFields<'a>),
    /// Everything that was missed is here.
    CaughtUp,
    /// Push got farther, or not.
    Push(PushFields),
    /// In the answer of `heliograph history`: so many messages can't be read.
    Unreadable(UnreadableFields),
    /// In the answer of `heliograph history`: messages are missing here.
    Seam {
        /// `not-loaded`, `forgotten` or `before-joining`.
        kind: &'static str,
    },
    /// Bytes and round trips since the client was opened.
    Traffic(TrafficFields),
    /// A command succeeded or failed; exactly one of `ok` and `error` is there.
    Reply {
        /// The command's tag, or `null`.
        tag: Value,
        /// What came of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        ok: Option<Value>,
        /// Why not.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<ErrorFields>,
    },
}

/// A failure: the stable code and a sentence.
#[derive(Serialize)]
pub struct ErrorFields {
    code: &'static str,
    message: String,
}

/// The connection. `offline` covers waiting for the next attempt (with the reason under `error`) and being suspended;
/// `situation` is what the phone is doing, as far as it was told; `lacking` names what the server can't do.
#[derive(Serialize, PartialEq, Eq)]
pub struct ConnectionFields {
    state: &'static str,
    situation: &'static str,
    error: Option<&'static str>,
    retry_at: Option<i64>,
    lacking: Vec<&'static str>,
}

/// How far push is. The node and its options are nobody's business.
#[derive(Serialize)]
pub struct PushFields {
    state: &'static str,
    service: Option<String>,
    error: Option<&'static str>,
}

/// One conversation.
#[derive(Serialize)]
pub struct ConversationFields<'a> {
    id: i64,
    kind: ConversationKind,
    address: String,
    name: Option<&'a str>,
    security: Security,
    state: &'static str,
    error: Option<&'static str>,
    members: Vec<String>,
    unread: u64,
}

/// One message. Times are milliseconds since 1970.
#[derive(Serialize)]
pub struct MessageFields<'a> {
    row: i64,
    conversation: i64,
    id: &'a str,
    sender: String,
    sender_kind: &'static str,
    outgoing: bool,
    text: &'a str,
    security: Security,
    state: DeliveryState,
    error: Option<&'static str>,
    sent_at: i64,
    received_at: i64,
    delivered_to: u32,
    displayed_by: u32,
    new: bool,
    #[serde(flatten)]
    found: Option<FoundFields<'a>>,
}

/// Only in the answers of a search: where in the text the words stand, and the part of it around the first of them, on one
/// line. Marks are pairs of offsets in bytes of UTF-8.
#[derive(Serialize)]
struct FoundFields<'a> {
    marks: Vec<(usize, usize)>,
    excerpt: &'a str,
    excerpt_marks: Vec<(usize, usize)>,
}

/// Messages that can't be read: `waiting-for-keys`, `keys-gone`, `damaged` or `not-trusted`.
#[derive(Serialize)]
pub struct UnreadableFields {
    reason: &'static str,
    messages: u64,
}

impl From<&Unreadable> for UnreadableFields {
    fn from(unreadable: &Unreadable) -> Self {
        let reason = match unreadable.reason {
            UnreadableReason::WaitingForKeys => "waiting-for-keys",
            UnreadableReason::KeysGone => "keys-gone",
            UnreadableReason::Damaged => "damaged",
            UnreadableReason::NotTrusted => "not-trusted",
        };
        Self { reason, messages: unreadable.messages }
    }
}

/// Bytes and round trips.
#[derive(Serialize)]
pub struct TrafficFields {
    bytes_up: u64,
    bytes_down: u64,
    flights: u64,
    connects: u64,
    resumed: u64,
}

impl From<&Connection> for ConnectionFields {
    fn from(connection: &Connection) -> Self {
        Self {
            state: match connection.state {
                ConnectionState::Offline | ConnectionState::Waiting | ConnectionState::Suspended => "offline",
                ConnectionState::Connecting => "connecting",
                ConnectionState::Online => "online",
                ConnectionState::Stopped => "stopped",
            },
            situation: match connection.situation {
                Situation::Foreground => "foreground",
                Situation::Background => "background",
                Situation::PushWake => "push-wake",
                Situation::LowPower => "low-power",
                Situation::Offline => "offline",
            },
            error: connection.error.as_ref().map(|error| error.code.as_str()),
            retry_at: connection.retry_at.map(|at| at.0),
            lacking: connection.lacking.iter().map(|code| code.as_str()).collect(),
        }
    }
}

impl From<&PushState> for PushFields {
    fn from(push: &PushState) -> Self {
        let (state, target, code) = match push {
            PushState::Off => ("off", None, None),
            PushState::Stopping => ("stopping", None, None),
            PushState::Pending(target) => ("pending", Some(target), None),
            PushState::On(target) => ("on", Some(target), None),
            PushState::Refused(target, code) => ("refused", Some(target), Some(*code)),
        };
        let service = target.map(|target| target.service.to_string());
        Self { state, service, error: code.map(heliograph_client::ErrorCode::as_str) }
    }
}

impl<'a> ConversationFields<'a> {
    /// The conversation with who is in it.
    pub fn new(conversation: &'a Conversation, members: &[Member]) -> Self {
        Self {
            id: conversation.id.0,
            kind: conversation.kind,
            address: conversation.address.to_string(),
            name: conversation.name.as_deref(),
            security: conversation.security,
            state: match conversation.state {
                ConversationState::Preparing => "preparing",
                ConversationState::Active => "active",
                ConversationState::Left => "left",
                ConversationState::Failed => "failed",
            },
            error: conversation.failure.map(heliograph_client::ErrorCode::as_str),
            members: addresses(members),
            unread: conversation.unread,
        }
    }
}

impl<'a> MessageFields<'a> {
    /// The message; `new` says whether it is announced for the first time.
    pub fn new(message: &'a Message, new: bool) -> Self {
        let (sender, sender_kind) = match &message.sender {
            Sender::Account(address) => (address.to_string(), "account"),
            Sender::Occupant(nick) => (nick.clone(), "occupant"),
        };
        Self {
            row: message.row,
            conversation: message.conversation.0,
            id: message.id.as_str(),
            sender,
            sender_kind,
            outgoing: message.outgoing,
            text: &message.text,
            security: message.security,
            state: message.state,
            error: message.failure.map(heliograph_client::ErrorCode::as_str),
            sent_at: message.sent_at.0,
            received_at: message.received_at.0,
            delivered_to: message.delivered_to,
            displayed_by: message.displayed_by,
            new,
            found: None,
        }
    }

    /// A message that was searched for.
    pub fn found(hit: &'a SearchHit) -> Self {
        let pairs = |marks: &[Range<usize>]| marks.iter().map(|mark| (mark.start, mark.end)).collect();
        let found = FoundFields {
            marks: pairs(&hit.marks),
            excerpt: &hit.excerpt.text,
            excerpt_marks: pairs(&hit.excerpt.marks),
        };
        Self { found: Some(found), ..Self::new(&hit.message, false) }
    }
}

impl From<&Traffic> for TrafficFields {
    fn from(traffic: &Traffic) -> Self {
        Self {
            bytes_up: traffic.bytes_up,
            bytes_down: traffic.bytes_down,
            flights: traffic.flights,
            connects: traffic.connects,
            resumed: traffic.resumed,
        }
    }
}

impl From<&Failure> for ErrorFields {
    fn from(failure: &Failure) -> Self {
        Self { code: failure.code(), message: failure.to_string() }
    }
}

/// One line of output without its end, safe for a terminal.
pub fn line(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map(|text| harmless::json(&text))
        .map_err(|error| Failure::Input(format!("This can't be written as JSON: {error}.")))
}

/// What a reply says under `ok`.
pub fn outcome(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Sent { conversation, row } => json!({ "conversation": conversation.0, "row": row }),
        Outcome::Conversation(id) => json!({ "conversation": id.0 }),
        Outcome::History { conversation, page, unreadable, .. } => {
            let mut fields = history(page, unreadable);
            if let Some(fields) = fields.as_object_mut() {
                fields.insert("conversation".into(), json!(conversation.0));
            }
            fields
        }
        Outcome::Older { conversation, older } => json!({
            "conversation": conversation.0,
            "messages": all(&older.messages),
            "more": older.more,
        }),
        Outcome::Found(hits) => {
            json!({ "messages": hits.iter().map(MessageFields::found).collect::<Vec<_>>() })
        }
        Outcome::Members { conversation, members } => json!({
            "conversation": conversation.0,
            "members": addresses(members),
        }),
        Outcome::Delivery(delivery) => delivery::fields(delivery),
        Outcome::Status(status) => self::status(status),
        Outcome::Push(state) => json!(PushFields::from(state)),
        Outcome::CaughtUp(report) => {
            let (end, error) = match report.end {
                CatchUpEnd::Complete => ("complete", None),
                CatchUpEnd::Deadline => ("deadline", None),
                CatchUpEnd::Offline => ("offline", None),
                CatchUpEnd::Failed(code) => ("failed", Some(code.as_str())),
                CatchUpEnd::Suspended => ("suspended", None),
            };
            let complete = report.is_complete();
            json!({ "new_messages": report.new_messages, "complete": complete, "end": end, "error": error })
        }
        Outcome::Done => json!({}),
    }
}

/// How things stand, as an object.
pub fn status(status: &Status) -> Value {
    json!({
        "account": status.address.to_string(),
        "connection": ConnectionFields::from(&status.connection),
        "caught_up": status.connection.caught_up,
        "unanswered": status.connection.unanswered,
        "idle": status.connection.idle,
        "conversations": status.conversations,
        "unread": status.unread,
        "traffic": TrafficFields::from(&status.traffic),
    })
}

fn history(page: &TimelinePage, unreadable: &[Unreadable]) -> Value {
    let unreadable = unreadable.iter().map(UnreadableFields::from).collect::<Vec<_>>();
    json!({
        "messages": all(&page.messages),
        "older": page.older,
        "unreadable": unreadable,
        "seams": page.seams.iter().map(|seam| seam_word(seam.kind)).collect::<Vec<_>>(),
    })
}

/// What a seam is called.
pub const fn seam_word(kind: SeamKind) -> &'static str {
    match kind {
        SeamKind::NotLoaded => "not-loaded",
        SeamKind::Forgotten => "forgotten",
        SeamKind::BeforeJoining => "before-joining",
    }
}

fn addresses(members: &[Member]) -> Vec<String> {
    members.iter().map(|member| member.address.to_string()).collect()
}

fn all(messages: &[Message]) -> Vec<MessageFields<'_>> {
    messages.iter().map(|message| MessageFields::new(message, false)).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        ConnectionFields, ConversationFields, ErrorFields, Event, MessageFields, PushFields, line, outcome,
    };
    use crate::action::Outcome;
    use crate::failure::Failure;
    use crate::sample;
    use heliograph_client::{
        Address, CatchUpEnd, CatchUpReport, Connection, ConnectionState, ConversationKind, Error, ErrorCode,
        Excerpt, Member, PushState, PushTarget, SearchHit,
    };
    use serde_json::{Value, json};

    fn spoken(event: &Event<'_>) -> Value {
        serde_json::from_str(&line(event).unwrap()).unwrap()
    }

    #[test]
    fn events_have_the_protocol_s_shape() {
        let crew = sample::conversation(1, ConversationKind::Group, "g@muc.x.org", Some("crew"));
        let members = [Member { address: crew.address.clone(), name: "g".to_owned(), own: false }];
        let said = spoken(&Event::Conversation(ConversationFields::new(&crew, &members)));
        let expected = json!({"event":"conversation","id":1,"kind":"group","address":"g@muc.x.org","name":"crew",
            "security":"encrypted","state":"active","error":null,"members":["g@muc.x.org"],"unread":0});
        assert_eq!(said, expected);

        let message = sample::message(4, &crew, "ben@x.org", "hi");
        let said = spoken(&Event::Message(MessageFields::new(&message, true)));
        for (key, value) in [
            ("event", json!("message")),
            ("row", json!(4)),
            ("conversation", json!(1)),
            ("id", json!("m4")),
            ("sender", json!("ben@x.org")),
            ("outgoing", json!(false)),
            ("text", json!("hi")),
            ("security", json!("encrypted")),
            ("state", json!("delivered")),
            ("error", Value::Null),
            ("sent_at", json!(sample::NOON.0)),
            ("new", json!(true)),
        ] {
            assert_eq!(said.get(key), Some(&value), "{key}");
        }
        assert_eq!(spoken(&Event::CaughtUp), json!({"event":"caught-up"}));
    }

    #[test]
    fn what_was_found_says_where_the_words_stand() {
        let crew = sample::conversation(1, ConversationKind::Group, "g@muc.x.org", Some("crew"));
        let message = sample::message(4, &crew, "ben@x.org", "the\nbridge");
        let excerpt = Excerpt { text: "the bridge".to_owned(), marks: vec![0..3, 4..10] };
        let said = outcome(&Outcome::Found(vec![SearchHit { message, marks: vec![0..3, 4..10], excerpt }]));
        let found = &said["messages"][0];
        assert_eq!((&found["text"], &found["marks"]), (&json!("the\nbridge"), &json!([[0, 3], [4, 10]])));
        assert_eq!(
            (&found["excerpt"], &found["excerpt_marks"]),
            (&json!("the bridge"), &json!([[0, 3], [4, 10]]))
        );
    }

    #[test]
    fn waiting_for_the_next_attempt_is_offline_with_its_reason() {
        let connection = Connection {
            error: Some(Error::new(ErrorCode::NetworkUnavailable, "refused")),
            ..sample::connection(ConnectionState::Waiting)
        };
        assert_eq!(
            spoken(&Event::Connection(&ConnectionFields::from(&connection))),
            json!({"event":"connection","state":"offline","situation":"foreground",
                "error":"network-unavailable","retry_at":null,"lacking":[]})
        );
    }

    #[test]
    fn push_tells_how_far_it_is_and_nothing_that_could_wake_the_phone() {
        let service = Address::parse("push.x.org").unwrap();
        let options = vec![("secret".to_owned(), "hush".to_owned())];
        let target = PushTarget { service, node: "node".to_owned(), options };
        let refused = PushState::Refused(target, ErrorCode::PushUnavailable);
        assert_eq!(
            spoken(&Event::Push(PushFields::from(&refused))),
            json!({"event":"push","state":"refused","service":"push.x.org","error":"push-unavailable"})
        );
        let report = CatchUpReport { new_messages: 2, end: CatchUpEnd::Failed(ErrorCode::HostUnknown) };
        assert_eq!(
            outcome(&Outcome::CaughtUp(report)),
            json!({"new_messages":2,"complete":false,"end":"failed","error":"host-unknown"})
        );
    }

    #[test]
    fn a_reply_has_exactly_one_of_ok_and_error() {
        let bad = Event::Reply {
            tag: json!("x"),
            ok: None,
            error: Some(ErrorFields::from(&Failure::NoSuchConversation)),
        };
        let said = spoken(&bad);
        assert_eq!(said.pointer("/error/code"), Some(&json!("not-found")));
        assert!(said.get("ok").is_none());
        let good = Event::Reply { tag: Value::Null, ok: Some(json!({})), error: None };
        assert_eq!(spoken(&good), json!({"event":"reply","tag":null,"ok":{}}));
    }

    #[test]
    fn a_terminal_that_shows_json_is_safe_too() {
        let crew = sample::conversation(1, ConversationKind::Group, "g@muc.x.org", Some("crew"));
        let message = sample::message(4, &crew, "ben@x.org", "a\u{1b}[2J\u{9b}b\nc");
        let said = line(&Event::Message(MessageFields::new(&message, true))).unwrap();
        assert!(!said.chars().any(char::is_control));
        assert!(said.contains(r"a\u001b[2J\u009bb\nc"));
    }
}
