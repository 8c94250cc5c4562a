//! What is known from before: answers of DNS, and the way that worked last in each network.
//!
//! In memory only, so that nothing on the disk tells where a phone has been. An answer is kept beyond its time: it is used at
//! once, and asked for again on the side (RFC 8767). So no connection after the first one waits for DNS.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use heliograph_model::NetworkId;
use tokio::time::Instant;

use super::candidate::{Candidate, Service, TlsMode};

/// Answers kept. A connection needs two kinds of SRV records and two addresses for a few hosts; this is room for five
/// networks.
const ANSWERS: usize = 64;

/// Networks of which the way that worked is kept: home, work, the mobile carrier, and some more.
const NETWORKS: usize = 16;

/// An answer without records tells no time, or one too short to be of use.
const SHORTEST: Duration = Duration::from_mins(1);

/// An operator who moves a server lowers the time before; a day is the most that can go wrong.
const LONGEST: Duration = Duration::from_hours(24);

/// How long a network is taken for one that passes only HTTPS. Then TCP is tried again first: it costs less.
const ONLY_HTTPS: Duration = Duration::from_hours(24);

/// Candidates that were silent are kept for a few networks with a few each.
const SILENT: usize = 32;

/// So many sign-ins in a row over one candidate that were never answered, and it is passed over as long as anything else works.
/// One may be a tunnel.
const PASSED_OVER: u32 = 2;

/// Which addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    V4,
    V6,
}

/// A question to DNS, in one network: another one may answer differently.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question<Kind> {
    pub(crate) network: Option<NetworkId>,
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// What DNS says; without records if it says that there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer<Record> {
    pub(crate) records: Vec<Record>,
    pub(crate) lifetime: Duration,
}

/// A kept answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept<Record> {
    pub(crate) records: Vec<Record>,
    /// Its time has passed: to be asked for again.
    pub(crate) stale: bool,
}

/// A way to the server that worked.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Way {
    Tcp { candidate: Candidate, address: SocketAddr },
    WebSocket { url: String },
}

/// See the module.
#[derive(Default)]
pub(crate) struct Memory {
    services: Bounded<Question<TlsMode>, (Vec<Service>, Instant)>,
    addresses: Bounded<Question<Family>, (Vec<IpAddr>, Instant)>,
    ways: Bounded<(Option<NetworkId>, String), (Way, Instant)>,
    /// Sign-ins in a row that were not answered, and when the last one was.
    silent: Bounded<(Option<NetworkId>, Candidate), (u32, Instant)>,
}

impl Memory {
    pub(crate) fn services(&mut self, question: &Question<TlsMode>) -> Option<Kept<Service>> {
        self.services.get(question).map(kept)
    }

    pub(crate) fn keep_services(&mut self, question: Question<TlsMode>, answer: Answer<Service>) {
        self.services.put(question, (answer.records, until(answer.lifetime)), ANSWERS);
    }

    pub(crate) fn addresses(&mut self, question: &Question<Family>) -> Option<Kept<IpAddr>> {
        self.addresses.get(question).map(kept)
    }

    pub(crate) fn keep_addresses(&mut self, question: Question<Family>, answer: Answer<IpAddr>) {
        self.addresses.put(question, (answer.records, until(answer.lifetime)), ANSWERS);
    }

    /// The way that worked last for a domain in a network.
    pub(crate) fn way(&mut self, network: Option<&NetworkId>, domain: &str) -> Option<Way> {
        let (way, since) = self.ways.get(&(network.cloned(), domain.to_owned()))?;
        let over = matches!(way, Way::WebSocket { .. }) && since.elapsed() >= ONLY_HTTPS;
        (!over).then(|| way.clone())
    }

    pub(crate) fn keep_way(&mut self, network: Option<&NetworkId>, domain: &str, way: Way) {
        if let Way::Tcp { candidate, .. } = &way {
            self.silent.remove(&(network.cloned(), candidate.clone()));
        }
        let place = (network.cloned(), domain.to_owned());
        // A day of HTTPS is counted from the first time, or TCP would never be tried again.
        let since = self.ways.get(&place).filter(|(known, _)| *known == way).map(|(_, since)| *since);
        let since = since.filter(|since| since.elapsed() < ONLY_HTTPS).unwrap_or_else(Instant::now);
        self.ways.put(place, (way, since), NETWORKS);
    }

    /// A candidate let us connect, and said nothing.
    pub(crate) fn note_silence(&mut self, network: Option<&NetworkId>, candidate: &Candidate) {
        let silences = self.silences(network, candidate).saturating_add(1);
        self.silent.put((network.cloned(), candidate.clone()), (silences, Instant::now()), SILENT);
    }

    /// Puts those that were silent behind the others. Answers with those to be passed over.
    pub(crate) fn by_silence(
        &mut self,
        network: Option<&NetworkId>,
        mut candidates: Vec<Candidate>,
    ) -> (Vec<Candidate>, Vec<Candidate>) {
        candidates.sort_by_cached_key(|candidate| self.silences(network, candidate));
        candidates.into_iter().partition(|candidate| self.silences(network, candidate) < PASSED_OVER)
    }

    fn silences(&mut self, network: Option<&NetworkId>, candidate: &Candidate) -> u32 {
        let silent = self.silent.get(&(network.cloned(), candidate.clone()));
        // Like a network that passes only HTTPS: after a day TCP gets another chance.
        silent.filter(|(_, since)| since.elapsed() < ONLY_HTTPS).map_or(0, |(silences, _)| *silences)
    }

    /// It did not work this time.
    pub(crate) fn forget_way(&mut self, network: Option<&NetworkId>, domain: &str) {
        self.ways.remove(&(network.cloned(), domain.to_owned()));
    }
}

fn until(lifetime: Duration) -> Instant {
    Instant::now() + lifetime.clamp(SHORTEST, LONGEST)
}

fn kept<Record: Clone>((records, until): &(Vec<Record>, Instant)) -> Kept<Record> {
    Kept { records: records.clone(), stale: Instant::now() >= *until }
}

/// A map that forgets what was not used for longest.
struct Bounded<Key, Value> {
    entries: HashMap<Key, (u64, Value)>,
    uses: u64,
}

impl<Key, Value> Default for Bounded<Key, Value> {
    fn default() -> Self {
        Self { entries: HashMap::new(), uses: 0 }
    }
}

impl<Key: Hash + Eq + Clone, Value> Bounded<Key, Value> {
    fn get(&mut self, key: &Key) -> Option<&Value> {
        self.uses += 1;
        let (used, value) = self.entries.get_mut(key)?;
        *used = self.uses;
        Some(value)
    }

    fn put(&mut self, key: Key, value: Value, capacity: usize) {
        self.uses += 1;
        self.entries.insert(key, (self.uses, value));
        if self.entries.len() > capacity {
            let oldest = self.entries.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.entries.remove(&oldest);
            }
        }
    }

    fn remove(&mut self, key: &Key) {
        self.entries.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn question(name: &str) -> Question<Family> {
        Question { network: None, name: name.to_owned(), kind: Family::V4 }
    }

    fn answer(lifetime: Duration) -> Answer<IpAddr> {
        Answer { records: vec![[192, 0, 2, 1].into()], lifetime }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_beyond_its_time_and_marked_as_stale() {
        let mut memory = Memory::default();
        memory.keep_addresses(question("a"), answer(Duration::from_mins(5)));
        advance(Duration::from_secs(299)).await;
        assert!(!memory.addresses(&question("a")).unwrap().stale);
        advance(Duration::from_secs(1)).await;
        let kept = memory.addresses(&question("a")).unwrap();
        assert!(kept.stale);
        assert_eq!(kept.records, [IpAddr::from([192, 0, 2, 1])]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_operator_can_make_us_ask_all_the_time_or_never_again() {
        let mut memory = Memory::default();
        memory.keep_addresses(question("never"), answer(Duration::ZERO));
        memory.keep_addresses(question("always"), answer(Duration::from_hours(1000)));
        assert!(!memory.addresses(&question("never")).unwrap().stale);
        advance(LONGEST).await;
        assert!(memory.addresses(&question("always")).unwrap().stale);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_used_for_longest_goes_first() {
        let mut memory = Memory::default();
        for number in 0..ANSWERS {
            memory.keep_addresses(question(&number.to_string()), answer(LONGEST));
        }
        assert!(memory.addresses(&question("0")).is_some());
        memory.keep_addresses(question("one more"), answer(LONGEST));
        assert!(memory.addresses(&question("0")).is_some());
        assert!(memory.addresses(&question("1")).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn networks_do_not_learn_from_each_other_and_tcp_gets_another_chance_after_a_day() {
        let mut memory = Memory::default();
        let hotel = NetworkId::new("hotel");
        let way = Way::WebSocket { url: "wss://example.org/".to_owned() };
        for _ in 0..4 {
            memory.keep_way(Some(&hotel), "example.org", way.clone());
            advance(ONLY_HTTPS / 8).await;
        }
        assert!(memory.way(Some(&hotel), "example.org") == Some(way));
        assert!(memory.way(None, "example.org").is_none());
        assert!(memory.way(Some(&hotel), "example.com").is_none());
        advance(ONLY_HTTPS / 2).await;
        assert!(memory.way(Some(&hotel), "example.org").is_none());
    }
}
