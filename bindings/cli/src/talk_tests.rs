use super::{Scope, Talk};
use crate::action::Action;
use crate::failure::Failure;
use crate::render::{Look, Zone};
use crate::sample::{self, NOON, conversation, message};
use crate::screen::Screen;
use crate::session::{Face, News, Tag};
use heliograph_client::{
    Address, Connection, ConnectionState, Conversation, ConversationId, ConversationKind, ConversationState,
    DeliveryState, Error, ErrorCode, Security,
};
use std::sync::{Arc, Mutex};

const NEW: News = News { new: true, from_here: false };
const CHANGED: News = News { new: false, from_here: false };

struct Stage {
    talk: Talk,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Stage {
    fn new(scope: Scope) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let look = Look { colour: false, width: None, zone: Zone::Utc };
        let me = Address::parse("ana@example.org").unwrap();
        let mut talk = Talk::new(me, look, Screen::Kept(Arc::clone(&lines)), scope, || NOON);
        for known in [crew(), zoe()] {
            talk.conversation(&known, &[]).unwrap();
        }
        talk.connection(&connection(ConnectionState::Online, None)).unwrap();
        Self { talk, lines }
    }

    fn said(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }
}

fn crew() -> Conversation {
    conversation(1, ConversationKind::Group, "g@muc.example.org", Some("crew"))
}

fn zoe() -> Conversation {
    conversation(2, ConversationKind::Direct, "zoe@other.org", None)
}

fn connection(state: ConnectionState, error: Option<ErrorCode>) -> Connection {
    let error = error.map(|code| Error::new(code, "test"));
    Connection { error, ..sample::connection(state) }
}

#[test]
fn in_one_conversation_others_are_only_mentioned() {
    let mut stage = Stage::new(Scope::Here);
    stage.talk.here = Some(ConversationId(1));
    assert!(stage.talk.message(&message(1, &crew(), "ben@example.org", "hello"), NEW).unwrap());
    assert!(!stage.talk.message(&message(2, &zoe(), "zoe@other.org", "secret"), NEW).unwrap());
    assert_eq!(stage.said(), ["12:03 🔒 ben: hello", "· new message in zoe@other.org (/to 2)"]);
}

#[test]
fn everywhere_each_message_says_where_it_belongs() {
    let mut stage = Stage::new(Scope::Everywhere);
    stage.talk.here = Some(ConversationId(2));
    stage.talk.message(&message(1, &crew(), "ben@example.org", "hello"), NEW).unwrap();
    stage.talk.message(&message(2, &zoe(), "zoe@other.org", "hi"), NEW).unwrap();
    assert_eq!(stage.said(), ["12:03 🔒 [crew] ben: hello", "12:03 (not encrypted) zoe@other.org: hi"]);
}

#[test]
fn delivery_is_said_once_and_for_the_last_message_only() {
    let mut stage = Stage::new(Scope::Everywhere);
    let mut own = [3, 4].map(|row| message(row, &crew(), "ana@example.org", &format!("number {row}")));
    for message in &mut own {
        message.outgoing = true;
        message.state = DeliveryState::Queued;
        stage.talk.message(message, News { new: true, from_here: true }).unwrap();
    }
    stage.said();
    for state in
        [DeliveryState::Sent, DeliveryState::Archived, DeliveryState::Delivered, DeliveryState::Displayed]
    {
        for message in &mut own {
            message.state = state;
            stage.talk.message(message, CHANGED).unwrap();
        }
    }
    assert_eq!(stage.said(), ["      ✓ delivered  number 4"]);
}

#[test]
fn a_failed_message_is_named_with_its_reason() {
    let mut stage = Stage::new(Scope::Here);
    let mut own = message(3, &crew(), "ana@example.org", "too much");
    own.outgoing = true;
    own.state = DeliveryState::Failed;
    own.failure = Some(ErrorCode::TooLarge);
    stage.talk.message(&own, CHANGED).unwrap();
    let said = stage.said().join("\n");
    assert!(said.contains("“too much” was not sent to crew") && said.contains("too large"), "{said}");
}

#[test]
fn losing_the_connection_is_said_once_per_reason() {
    let mut stage = Stage::new(Scope::Here);
    stage.said();
    let down = connection(ConnectionState::Waiting, Some(ErrorCode::NetworkUnavailable));
    for _ in 0..3 {
        stage.talk.connection(&down).unwrap();
        stage
            .talk
            .connection(&connection(ConnectionState::Connecting, Some(ErrorCode::NetworkUnavailable)))
            .unwrap();
    }
    let waiting = Connection { retry_at: Some(NOON), ..down };
    stage.talk.connection(&waiting).unwrap();
    assert_eq!(stage.talk.standing().lock().unwrap().connection, "offline, next try at 12:03");
    stage.talk.connection(&connection(ConnectionState::Online, None)).unwrap();
    let said = stage.said();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("can't be reached"));
    assert!(said[1].contains("connected again"));
}

#[test]
fn a_hostile_group_name_can_t_reach_the_terminal_anywhere() {
    let mut stage = Stage::new(Scope::Everywhere);
    let hostile = conversation(9, ConversationKind::Group, "h@muc.example.org", Some("x\u{1b}[2J\ny"));
    stage.talk.conversation(&hostile, &[]).unwrap();
    stage.talk.message(&message(1, &hostile, "ben@example.org", "\u{9b}31m"), NEW).unwrap();
    stage.talk.here = Some(ConversationId(9));
    stage.talk.update_standing();
    stage.talk.reply(Tag::Null, &Action::Status, Err(Failure::NoSuchConversation)).unwrap();
    stage.talk.list().unwrap();
    let shown = stage.said().join("\n") + &stage.talk.standing().lock().unwrap().place;
    assert!(!shown.chars().any(|letter| letter.is_control() && letter != '\n'), "{shown:?}");
    assert!(stage.talk.standing().lock().unwrap().words.iter().all(|word| !word.contains('\u{1b}')));
}

#[test]
fn a_chat_says_once_whether_it_is_encrypted_when_it_is_ready() {
    let mut stage = Stage::new(Scope::Here);
    for (id, security) in [(7, Security::Encrypted), (8, Security::Plain)] {
        let address = format!("c{id}@other.org");
        let mut chat = conversation(id, ConversationKind::Direct, &address, None);
        chat.state = ConversationState::Preparing;
        stage.talk.conversation(&chat, &[]).unwrap();
        chat.state = ConversationState::Active;
        chat.security = security;
        stage.talk.conversation(&chat, &[]).unwrap();
    }
    let expected =
        ["· c7@other.org is ready, end-to-end encrypted", "! c8@other.org is ready, but NOT encrypted"];
    assert_eq!(stage.said(), expected);
}
