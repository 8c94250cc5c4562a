//! Connections, conversations and messages for unit tests.

use heliograph_client::{
    Address, Connection, ConnectionState, Conversation, ConversationId, ConversationKind, ConversationState,
    DeliveryState, Message, MessageId, Security, Sender, Situation, Timestamp,
};

/// 2026-11-23T12:03:00Z.
pub const NOON: Timestamp = Timestamp(1_795_435_380_000);

/// The connection of a phone in somebody's hand.
pub fn connection(state: ConnectionState) -> Connection {
    Connection {
        state,
        situation: Situation::Foreground,
        error: None,
        retry_at: None,
        caught_up: false,
        unanswered: false,
        idle: false,
        lacking: Vec::new(),
    }
}

/// An active conversation; groups are encrypted, everything else is not.
pub fn conversation(id: i64, kind: ConversationKind, address: &str, name: Option<&str>) -> Conversation {
    Conversation {
        id: ConversationId(id),
        kind,
        address: Address::parse(address).unwrap(),
        name: name.map(str::to_owned),
        title: String::new(),
        security: if kind == ConversationKind::Group { Security::Encrypted } else { Security::Plain },
        state: ConversationState::Active,
        failure: None,
        may_write: true,
        may_change_members: false,
        created_at: NOON,
        unread: 0,
        last_activity: None,
        draft: String::new(),
        draft_line: None,
        preview: None,
        revision: 1,
    }
}

/// A message that came from an account.
pub fn message(row: i64, conversation: &Conversation, sender: &str, text: &str) -> Message {
    Message {
        row,
        conversation: conversation.id,
        id: MessageId::new(format!("m{row}")),
        stanza: None,
        archive: None,
        sender: Sender::Account(Address::parse(sender).unwrap()),
        outgoing: false,
        security: conversation.security,
        text: text.to_owned(),
        sent_at: NOON,
        received_at: NOON,
        position: Some(row),
        state: DeliveryState::Delivered,
        failure: None,
        delivered_to: 0,
        displayed_by: 0,
        revision: 1,
    }
}
