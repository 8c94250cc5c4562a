//! A big store: opening it and showing the newest page of a conversation, beside SQLCipher used directly on the same file.
//!
//! All three ways start with nothing open and end with 50 messages as values in memory; the file is in the operating
//! system's cache. *Raw* is one connection with the same raw key and the same query. *Store* is what the engine does: lock,
//! writing connection, version, then a reading connection. *Client* is what an app does: all of that, the engine and its
//! task, then the timeline with its seams.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use heliograph_client::{AccountConfig, Client, StoreLocation};
use heliograph_model::{
    Address, ArchiveId, ConversationId, ConversationKind, DeliveryState, DeviceId, MessageId, Security,
    StanzaId, Timestamp,
};
use heliograph_store::conversation::{self, ConversationState, NewConversation};
use heliograph_store::message::{self, Inserted, NewMessage, Place, Sender, Sequence};
use heliograph_store::{Store, StoreError, setting};
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use rusqlite::Connection;

use crate::reader::{self, NOW, Reader};
use crate::workload::{Texts, Workload};

/// Messages on a screen and a bit.
const PAGE: usize = 50;

/// Conversations of the store.
const CONVERSATIONS: i64 = 40;

/// Accounts that write in each of them.
const AUTHORS: usize = 12;

/// Messages in one transaction while the store is made.
const BATCH: usize = 10_000;

/// Where `Client::add_account` keeps the configuration, after a login that can't be had here.
const ACCOUNT_SETTING: &str = "account";

/// How the first page is got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// SQLCipher directly.
    Raw,
    /// The store.
    Store,
    /// The client.
    Client,
}

/// Makes the store of `messages` messages in a folder.
pub fn prepare(folder: &Path, seed: u64, messages: usize) -> anyhow::Result<()> {
    Reader::create(folder, seed)?.close()?;
    let mut store = Store::open(&reader::database(folder), &reader::key())?;
    let mut account = Vec::new();
    ciborium::into_writer(&AccountConfig::new(reader::address()?, "never used"), &mut account)?;
    let conversations = (0..CONVERSATIONS).map(new_conversation).collect::<anyhow::Result<Vec<_>>>()?;
    let conversations = store.write(|tx| {
        setting::put(tx, ACCOUNT_SETTING, &account)?;
        conversations.iter().map(|new| conversation::insert(tx, new)).collect::<Result<Vec<_>, StoreError>>()
    })?;
    let authors = (0..AUTHORS)
        .map(|number| Ok(Sender::Account(Address::parse(&format!("member{number}@bench.test"))?)))
        .collect::<anyhow::Result<Vec<_>>>()?;

    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let mut texts = Texts::new(&Workload { seed, members: AUTHORS, senders: AUTHORS, messages });
    for batch in (0..messages).collect::<Vec<_>>().chunks(BATCH) {
        store.write(|tx| {
            for number in batch {
                let (author, text) = texts.next();
                let conversation = pick(&conversations, &mut random);
                let sender = authors.get(author).cloned();
                let (Some(conversation), Some(sender)) = (conversation, sender) else { continue };
                let new = new_message(*number, conversation, sender, text, &mut random);
                if let Inserted::Duplicate(_) = message::insert(tx, &new)? {
                    return Err(StoreError::Codec);
                }
            }
            Ok::<_, StoreError>(())
        })?;
    }
    Ok(store.close()?)
}

fn new_conversation(number: i64) -> anyhow::Result<NewConversation> {
    Ok(NewConversation {
        kind: ConversationKind::Group,
        address: Address::parse(&format!("group{number}@rooms.bench.test"))?,
        name: Some(format!("Group {number}")),
        security: Security::Encrypted,
        state: ConversationState::Active,
        created_at: NOW,
    })
}

/// A few conversations are busy and many are not.
fn pick(conversations: &[ConversationId], random: &mut ChaCha20Rng) -> Option<ConversationId> {
    let chance: f64 = random.random();
    let number = (chance * chance * conversations.len() as f64) as usize;
    conversations.get(number).copied()
}

fn new_message(
    number: usize,
    conversation: ConversationId,
    sender: Sender,
    text: String,
    random: &mut ChaCha20Rng,
) -> NewMessage {
    let at = Timestamp(NOW.0 + number as i64 * 1000);
    NewMessage {
        conversation,
        id: MessageId::new(format!("{:022x}", random.next_u64())),
        stanza: Some(StanzaId::new(format!("{:016x}", random.next_u64()))),
        archive: Some(ArchiveId::new(format!("{number:016x}"))),
        sender,
        outgoing: false,
        security: Security::Encrypted,
        text,
        sent_at: at,
        received_at: at,
        state: DeliveryState::Delivered,
        receipt_due: false,
        markable: false,
        place: Place::Next,
        sequence: Some(Sequence { device: DeviceId([7; 8]), number: at.0 as u64 }),
    }
}

/// Opens the store and gets the newest page of conversation number `number`; how long that took. Closing is not measured.
pub fn first_page(
    way: Way,
    folder: &Path,
    number: usize,
    runtime: &tokio::runtime::Runtime,
) -> anyhow::Result<Duration> {
    let path = reader::database(folder);
    let conversation = ConversationId(i64::try_from(number)? % CONVERSATIONS + 1);
    let started = Instant::now();
    let (taken, count) = match way {
        Way::Raw => {
            let connection = Connection::open(&path)?;
            let page = raw_page(&connection, conversation)?;
            let taken = started.elapsed();
            connection.close().map_err(|(_, error)| error)?;
            (taken, black_box(page).len())
        }
        Way::Store => {
            let store = Store::open(&path, &reader::key())?;
            let page = store.readers().read(|database| message::page(database, conversation, None, PAGE))?;
            let taken = started.elapsed();
            store.close()?;
            (taken, black_box(page).len())
        }
        Way::Client => {
            let _inside = runtime.enter();
            let client = Client::open(StoreLocation::new(path, reader::key()))?;
            let page = client.timeline(conversation).snapshot(PAGE)?;
            let taken = started.elapsed();
            runtime.block_on(client.shutdown())?;
            (taken, black_box(page).messages.len())
        }
    };
    ensure!(count == PAGE, "{way:?} shows {count} messages instead of {PAGE}");
    Ok(taken)
}

/// A message as the columns have it.
#[allow(dead_code, reason = "what is read is not looked at")]
struct RawMessage {
    numbers: [i64; NUMBERS],
    texts: [Option<String>; TEXTS],
}

/// Columns with numbers, the first ones of [`raw_page`].
const NUMBERS: usize = 12;

/// Columns with texts, the others.
const TEXTS: usize = 6;

fn raw_page(connection: &Connection, conversation: ConversationId) -> anyhow::Result<Vec<RawMessage>> {
    connection.execute_batch(&format!("PRAGMA key = \"x'{}'\"", "2a".repeat(32)))?;
    let mut statement = connection.prepare(
        "SELECT row, conversation, sender_kind, outgoing, security, sent_at, received_at, place, state, delivered_to,
                displayed_by, revision, id, stanza, archive, sender, text, failure
         FROM message WHERE conversation = ?1 AND place < ?2 ORDER BY place DESC LIMIT ?3",
    )?;
    let rows = statement.query_map([conversation.0, i64::MAX, i64::try_from(PAGE)?], |row| {
        let mut numbers = [0; NUMBERS];
        for (column, number) in numbers.iter_mut().enumerate() {
            *number = row.get(column)?;
        }
        let mut texts = [const { None }; TEXTS];
        for (column, text) in texts.iter_mut().enumerate() {
            *text = row.get(NUMBERS + column)?;
        }
        Ok(RawMessage { numbers, texts })
    })?;
    rows.collect::<Result<Vec<_>, _>>().context("reading the page directly")
}
