//! What both sides of the ingest are given: who writes what in which order, all of it from a seed, and the stanzas that
//! carry it.
//!
//! Also compiled into the peer (`tests/bench/peer`), so that both read stanzas of the same shape and size.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};

/// Messages in a page of an archive: what Prosody gives at most.
pub const PAGE: usize = 50;

/// Epochs that are over and whose keys are still kept when the measured messages come.
pub const PAST_EPOCHS: usize = 3;

/// Messages of each sender in each of those epochs: enough that every sender's ratchet exists in every kept epoch.
pub const TEXTS_PER_PAST_EPOCH: usize = 2;

/// Contents are filled up to this length on both sides, as ours always are (`core/mls/src/content.rs`): equal ciphertexts.
#[allow(dead_code, reason = "ours pads by itself")]
pub const CONTENT_BYTES: usize = 256;

/// The room whose archive is read.
pub const ROOM: &str = "relief@rooms.bench.test";

/// The account that reads it.
pub const READER: &str = "reader@bench.test";

/// Stands in a stanza where the id of the query belongs, which is known only when the page is asked for.
pub const QUERY: &str = "QUERY-ID";

/// Different words that are used.
const VOCABULARY: u32 = 4000;

/// Words of a text, uniformly: 14 on average, as in the measurements of the design.
const WORDS: std::ops::Range<usize> = 6..23;

/// One ingest to measure.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Workload {
    /// Decides everything.
    pub seed: u64,
    /// Of the group, the reader included.
    pub members: usize,
    /// Of those, how many write; the reader does not.
    pub senders: usize,
    /// How many messages are measured.
    pub messages: usize,
}

/// Texts without an end, and who writes them.
pub struct Texts {
    random: ChaCha20Rng,
    senders: usize,
}

impl Texts {
    /// The texts of a workload.
    pub fn new(workload: &Workload) -> Self {
        Self { random: ChaCha20Rng::seed_from_u64(workload.seed), senders: workload.senders.max(1) }
    }

    /// The number of a sender, and its text.
    pub fn next(&mut self) -> (usize, String) {
        (self.random.random_range(0..self.senders), self.text())
    }

    /// A text alone.
    pub fn text(&mut self) -> String {
        let count = self.random.random_range(WORDS);
        let words: Vec<String> = (0..count).map(|_| self.word()).collect();
        words.join(" ")
    }

    /// Few words are frequent and many rare, as in languages.
    fn word(&mut self) -> String {
        const SYLLABLES: [&str; 16] =
            ["ba", "de", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we", "xi", "yo", "zu", "er"];
        let chance: f64 = self.random.random();
        let mut number = (chance.powi(3) * f64::from(VOCABULARY)) as u32;
        let mut word = String::new();
        loop {
            let syllable = SYLLABLES.get((number % 16) as usize).copied().unwrap_or_default();
            word.push_str(syllable);
            number /= 16;
            if number == 0 {
                return word;
            }
        }
    }
}

/// One result of an archive query (XEP-0313 §4.2), as a server sends a group's message.
pub struct Archived<'a> {
    /// Position in the archive.
    pub archive_id: &'a str,
    /// The message's own id.
    pub stanza_id: &'a str,
    /// The sender's name in the room.
    pub nick: &'a str,
    /// Of the group.
    pub epoch: u64,
    /// Eight characters.
    pub fork_tag: &'a str,
    /// The MLSMessage in Base64.
    pub data: &'a str,
}

impl Archived<'_> {
    /// The stanza.
    pub fn to_xml(&self) -> String {
        let Self { archive_id, stanza_id, nick, epoch, fork_tag, data } = self;
        format!(
            "<message xmlns='jabber:client' from='{ROOM}' to='{READER}/phone'>\
             <result xmlns='urn:xmpp:mam:2' queryid='{QUERY}' id='{archive_id}'>\
             <forwarded xmlns='urn:xmpp:forward:0'>\
             <delay xmlns='urn:xmpp:delay' stamp='2027-01-15T08:00:00Z'/>\
             <message xmlns='jabber:client' from='{ROOM}/{nick}' type='groupchat' id='{stanza_id}'>\
             <body>This message is encrypted with MLS; this app cannot show it.</body>\
             <m xmlns='urn:xmpp:mls:0' k='a' e='{epoch}' f='{fork_tag}'>{data}</m>\
             <store xmlns='urn:xmpp:hints'/>\
             <encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:mls:0'/>\
             <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:mls:0'/>\
             <stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='{archive_id}'/>\
             </message></forwarded></result></message>"
        )
    }
}
