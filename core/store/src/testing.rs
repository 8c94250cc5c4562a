//! What the tests of this crate share.

use std::path::{Path, PathBuf};

use heliograph_model::{
    Address, ConversationId, ConversationKind, DeliveryState, MessageId, Security, Timestamp,
};
use rusqlite::Transaction;
use tempfile::TempDir;

use crate::conversation::{self, ConversationState, NewConversation};
use crate::message::{self, Inserted, Message, NewMessage, Place, Sender};
use crate::{DatabaseKey, Store, StoreError};

/// A folder of its own that goes with the value, and in it the path of a database.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("account.db")
    }

    pub fn open(&self) -> Store {
        Store::open(&self.path(), &key()).unwrap()
    }
}

pub(crate) fn key() -> DatabaseKey {
    DatabaseKey::new([7; 32])
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(crate) fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

/// The bytes of the database and of the files beside it.
pub(crate) fn all_bytes(database: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(database.parent().unwrap()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    bytes
}

/// A conversation with `name@example.org`.
pub(crate) fn chat(tx: &Transaction<'_>, name: &str) -> ConversationId {
    let new = NewConversation {
        kind: ConversationKind::Direct,
        address: address(&format!("{name}@example.org")),
        name: None,
        security: Security::Plain,
        state: ConversationState::Active,
        created_at: Timestamp(1),
    };
    conversation::insert(tx, &new).unwrap()
}

/// A message from `ben@example.org`, placed.
pub(crate) fn incoming(conversation: ConversationId, id: &str, text: &str) -> NewMessage {
    NewMessage {
        conversation,
        id: MessageId::new(id),
        stanza: None,
        archive: None,
        sender: Sender::Account(address("ben@example.org")),
        outgoing: false,
        security: Security::Plain,
        text: text.to_owned(),
        sent_at: Timestamp(1000),
        received_at: Timestamp(2000),
        state: DeliveryState::Delivered,
        receipt_due: false,
        markable: false,
        place: Place::Next,
        sequence: None,
    }
}

/// A message of ours that waits, not placed.
pub(crate) fn outgoing(conversation: ConversationId, id: &str, text: &str) -> NewMessage {
    NewMessage {
        sender: Sender::Account(address("ana@example.org")),
        outgoing: true,
        state: DeliveryState::Queued,
        place: Place::Unknown,
        ..incoming(conversation, id, text)
    }
}

/// Stores a message that must be new.
pub(crate) fn add(tx: &Transaction<'_>, new: &NewMessage) -> i64 {
    match message::insert(tx, new).unwrap() {
        Inserted::New(row) => row,
        Inserted::Duplicate(_) => panic!("stored already"),
    }
}

/// What these messages say.
pub(crate) fn texts(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.text.as_str()).collect()
}

/// Runs `write` in a transaction that must commit.
pub(crate) fn write<T>(store: &mut Store, write: impl FnOnce(&Transaction<'_>) -> T) -> T {
    store.write(|tx| Ok::<_, StoreError>(write(tx))).unwrap()
}
