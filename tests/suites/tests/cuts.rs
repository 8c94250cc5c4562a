//! Wires that fail at random moments while two phones talk: nothing is lost, nothing is shown twice, and what somebody said
//! stays in order.
//!
//! A moment is a number of bytes that the wire still carries, anywhere in a login, a stanza or an acknowledgement. The
//! failures of one pair of phones follow each other as fast as its conversation goes on; several pairs talk side by side.
//! The seed and the number of failures can be given in the environment: `HELIOGRAPH_SEED`, `HELIOGRAPH_CUTS`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures::FutureExt;
use heliograph_client::{ConversationId, ConversationKind};
use heliograph_lab::policy::NETWORK;
use heliograph_lab::{Direction, Failure, Options, Server, ServerTree, workspace};
use heliograph_suites::handset::Handset;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Failures of all pairs together.
const CUTS: usize = 1000;

/// Pairs of phones that talk at the same time. One leaves a machine idle while it backs off, more fill two cores.
const PAIRS: usize = 5;

/// A wire fails after at most so many bytes: a login and a few messages.
const BYTES_MAX: f64 = 20_000.0;

/// What can happen to a wire.
const FAILURES: [Failure; 5] = [
    Failure::Close,
    Failure::Reset,
    Failure::BlackHole,
    Failure::HalfOpen(Direction::Up),
    Failure::HalfOpen(Direction::Down),
];

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test(flavor = "multi_thread")]
async fn wires_that_fail_at_random_moments_lose_nothing() {
    let tree = ServerTree::under_test().unwrap();
    let seed = number("HELIOGRAPH_SEED", 20_261_124);
    let cuts = usize::try_from(number("HELIOGRAPH_CUTS", CUTS as u64)).unwrap();
    println!("seed {seed}, {cuts} cuts");
    let suites = workspace::target().join("suites");
    std::fs::create_dir_all(&suites).unwrap();
    let folder = TempDir::new_in(suites).unwrap();
    let names: Vec<String> =
        (0..PAIRS).flat_map(|pair| [format!("ana{pair}"), format!("ben{pair}")]).collect();
    let options = Options::with_accounts(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let server = Server::start(&tree, &folder.path().join("server"), options).await.unwrap();
    let started = Instant::now();
    let mut talks = JoinSet::new();
    for (pair, names) in names.chunks(2).enumerate() {
        let phones = [
            Handset::sign_up(&server, folder.path(), &names[0]).await,
            Handset::sign_up(&server, folder.path(), &names[1]).await,
        ];
        let share = cuts / PAIRS + usize::from(pair < cuts % PAIRS);
        talks.spawn(Talk::held(phones, ChaCha20Rng::seed_from_u64(seed + pair as u64), share));
    }
    let mut total = Tally::default();
    while let Some(tally) = talks.join_next().await {
        match tally {
            Ok(tally) => total.add(&tally),
            Err(failure) => std::panic::resume_unwind(failure.into_panic()),
        }
    }
    println!(
        "{} cuts ({:?}) on {} connections, {} messages, {:.0?}",
        total.cuts.values().sum::<usize>(),
        total.cuts,
        total.connections,
        total.messages,
        started.elapsed(),
    );
    assert_eq!(total.cuts.values().sum::<usize>(), cuts);
}

/// What came of one or all pairs.
#[derive(Default)]
struct Tally {
    cuts: BTreeMap<String, usize>,
    messages: usize,
    connections: u64,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        for (failure, count) in &other.cuts {
            *self.cuts.entry(failure.clone()).or_default() += count;
        }
        self.messages += other.messages;
        self.connections += other.connections;
    }
}

/// A conversation as both phones number it.
struct Place {
    ids: [ConversationId; 2],
    /// How many texts each has said here.
    said: [usize; 2],
}

/// Two phones with a direct chat and a group.
struct Talk {
    phones: [Handset; 2],
    places: [Place; 2],
    random: ChaCha20Rng,
    tally: Tally,
}

impl Talk {
    /// From meeting each other to the verdict.
    async fn held(phones: [Handset; 2], random: ChaCha20Rng, cuts: usize) -> Tally {
        let [ana, ben] = &phones;
        ben.until_caught_up().await;
        let group = ana.client.create_group("Bridge team", &[ben.address()]).await.unwrap();
        let chat = ana.client.start_chat(&ben.address()).await.unwrap();
        ana.say(chat, "are you there?").await;
        ben.shows("are you there?").await;
        let kind =
            |wanted: ConversationKind| move |found: &heliograph_client::Conversation| found.kind == wanted;
        let places = [
            Place {
                ids: [chat, ben.until_active("the chat", kind(ConversationKind::Direct)).await],
                said: [0; 2],
            },
            Place {
                ids: [group, ben.until_active("the group", kind(ConversationKind::Group)).await],
                said: [0; 2],
            },
        ];
        ana.until_active("the group", kind(ConversationKind::Group)).await;
        let mut talk = Self { phones, places, random, tally: Tally::default() };
        for _ in 0..cuts {
            talk.one_failure().await;
        }
        talk.end().await
    }

    /// Talks until a wire has failed as planned, then mends it in one of the ways in which that happens.
    async fn one_failure(&mut self) {
        let failure = FAILURES[self.random.random_range(0..FAILURES.len())];
        let victim = self.random.random_range(0..2);
        let bytes = BYTES_MAX.powf(self.random.random()) as u64;
        self.phones[victim].wire.fail_after(bytes, failure);
        loop {
            let (who, text) = self.say_something().await;
            let [heard_by, wire] = [&self.phones[1 - who], &self.phones[victim]];
            tokio::select! {
                () = wire.wire.failed() => break,
                () = self.told(heard_by.shows(&text)) => {}
            }
        }
        *self.tally.cuts.entry(format!("{failure:?}")).or_default() += 1;
        let silent = !matches!(failure, Failure::Close | Failure::Reset);
        if silent {
            // Said into the void, by either side.
            self.say_something().await;
            self.say_something().await;
        }
        let phone = &self.phones[victim];
        match self.random.random_range(0..3) {
            // The network is as it was; whoever was told has to come back by itself.
            0 => {}
            // The router between has forgotten the connection.
            1 if silent => phone.wire.fail(Failure::Reset),
            // The operating system has noticed.
            _ => phone.network_changes(),
        }
        phone.wire.heal();
    }

    /// Waits for something; when that fails, says what both phones know.
    async fn told(&self, awaited: impl Future<Output = ()>) {
        if let Err(failure) = AssertUnwindSafe(awaited).catch_unwind().await {
            self.phones.iter().for_each(|phone| println!("{}", phone.describe()));
            std::panic::resume_unwind(failure);
        }
    }

    /// Somebody says the next thing somewhere. Gives who (0 or 1) and what.
    async fn say_something(&mut self) -> (usize, String) {
        let (who, place) = (self.random.random_range(0..2), self.random.random_range(0..2));
        let number = self.places[place].said[who];
        self.places[place].said[who] += 1;
        let text = format!("{} says {number} in {place}", self.phones[who].name());
        self.phones[who].say(self.places[place].ids[who], &text).await;
        (who, text)
    }

    /// Everything mended, each phone must show everything that was said, once, and each speaker's words in order.
    async fn end(mut self) -> Tally {
        for (number, place) in self.places.iter().enumerate() {
            for (speaker, said) in place.said.iter().enumerate() {
                let from = format!("{} says ", self.phones[speaker].name());
                let expected: Vec<String> =
                    (0..*said).map(|word| format!("{from}{word} in {number}")).collect();
                for text in &expected {
                    self.told(self.phones[1 - speaker].shows(text)).await;
                    self.told(self.phones[speaker].has_archived(text)).await;
                }
                for (phone, id) in self.phones.iter().zip(place.ids) {
                    for text in &expected {
                        phone.shows(text).await;
                    }
                    let mut shown = phone.timeline(id);
                    shown.retain(|message| message.text.starts_with(&from));
                    let astray = shown.iter().zip(&expected).position(|(shown, text)| shown.text != *text);
                    let around = astray.map(|at| &shown[at.saturating_sub(3)..shown.len().min(at + 9)]);
                    let around = around.into_iter().flatten();
                    let around: Vec<_> = around
                        .map(|shown| (&shown.text, shown.position, &shown.archive, shown.sent_at))
                        .collect();
                    assert_eq!(around, [], "out of order on {}", phone.name());
                    assert_eq!(shown.len(), expected.len(), "{} in place {number}", phone.name());
                }
                self.tally.messages += said;
            }
        }
        self.tally.connections = self.phones.iter().map(|phone| phone.wire.traffic().accepted).sum();
        for phone in self.phones {
            timeout(NETWORK, phone.client.shutdown()).await.expect("an end").expect("in good order");
        }
        self.tally
    }
}
