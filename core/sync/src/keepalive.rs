//! How long a link may be silent: learned for each network, kept in the store.
//!
//! Whatever stands between us and the server (a NAT above all) forgets a connection that was silent for too long, and tells
//! nobody. A keepalive prevents that, and each one costs a radio wake; so the longest silence that a network stands is
//! searched for, by halving the range between one that a link outlived and one that it did not.
//!
//! The keepalive is a probe of the session (`<r/>`, 26 bytes, or a ping). It is put off by any traffic. In the background there
//! is none where the server has confirmed that it wakes us (`push.rs`).

use std::collections::BTreeMap;
use std::time::Duration;

use heliograph_model::{NetworkId, Timestamp};
use heliograph_store::setting;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::EngineError;
use crate::live::{Link, Live};
use crate::policy::{
    KEEPALIVE_DOUBT, KEEPALIVE_LONGEST, KEEPALIVE_MARGIN, KEEPALIVE_NETWORKS, KEEPALIVE_PRECISION,
    KEEPALIVE_SHORTEST, KEEPALIVE_START, Situation,
};
use crate::step::Step;
use crate::timers::{Due, Window};
use crate::wish::{decode, encode};

/// Name of the setting that holds the [`Networks`].
const SETTING: &str = "keepalive";

/// What is known about one network. The serialised form is stored: new fields get a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Patience {
    /// The longest silence, in seconds, that a link outlived.
    outlived: u32,
    /// The shortest that one did not, if there was any.
    died: Option<u32>,
    /// When that was.
    died_at: Timestamp,
    /// A link died of less than others outlived. Once may be a tunnel; twice in a row the network has changed.
    doubted: bool,
}

impl Patience {
    /// The silence to try next, `longest` at most.
    fn interval(&self, now: Timestamp, longest: Duration) -> Duration {
        let longest = seconds(longest);
        let shortest = seconds(KEEPALIVE_SHORTEST).min(longest);
        let outlived = self.outlived.clamp(shortest, longest);
        let interval = match self.died {
            // It may have been something else: the same once more. If it was not, this costs one link a week.
            Some(died) if now.since(self.died_at) > KEEPALIVE_DOUBT => died.clamp(shortest, longest),
            // No keepalive can keep links alive here. This often one is found dead, and what came meanwhile is fetched.
            Some(died) if died <= seconds(KEEPALIVE_SHORTEST) => longest,
            Some(died) => between(outlived, died.min(longest), outlived),
            None if self.outlived == 0 => seconds(KEEPALIVE_START).min(longest),
            None => between(outlived, longest, longest),
        };
        Duration::from_secs(interval.into())
    }

    /// A link was alive after this silence.
    fn outlived(&mut self, silence: Duration) {
        let silence = seconds(silence.min(KEEPALIVE_LONGEST));
        if silence < seconds(KEEPALIVE_SHORTEST) {
            return;
        }
        self.doubted = false;
        self.outlived = self.outlived.max(silence);
        if self.died.is_some_and(|died| died <= silence) {
            self.died = None;
        }
    }

    /// A link was found dead after this silence.
    fn died(&mut self, silence: Duration, now: Timestamp) {
        let silence = seconds(silence.min(KEEPALIVE_LONGEST));
        // Sooner than any NAT that is worth a keepalive: it was something else.
        if silence < seconds(KEEPALIVE_SHORTEST) {
            return;
        }
        if silence <= self.outlived.max(seconds(KEEPALIVE_SHORTEST)) {
            if !std::mem::replace(&mut self.doubted, true) {
                return;
            }
            self.outlived = 0;
            self.doubted = false;
        }
        self.died = Some(self.died.map_or(silence, |died| died.min(silence)));
        self.died_at = now;
    }
}

/// The middle of a range, or `settled` once the range is known well enough.
fn between(low: u32, high: u32, settled: u32) -> u32 {
    if high.saturating_sub(low) <= seconds(KEEPALIVE_PRECISION) { settled } else { low.midpoint(high) }
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// What is known about all networks, the one used last with the highest number. They are named by a hash: a list of all
/// places where somebody was is nothing to keep, not even encrypted.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Networks {
    known: BTreeMap<String, (u64, Patience)>,
}

impl Networks {
    fn put(&mut self, id: &NetworkId, patience: Patience) {
        let newest = self.known.values().map(|(used, _)| *used).max().unwrap_or_default();
        self.known.insert(name(id), (newest.saturating_add(1), patience));
        while self.known.len() > KEEPALIVE_NETWORKS
            && let Some(oldest) =
                self.known.iter().min_by_key(|(_, (used, _))| *used).map(|(name, _)| name.clone())
        {
            self.known.remove(&oldest);
        }
    }

    fn get(&self, id: &NetworkId) -> Option<Patience> {
        self.known.get(&name(id)).map(|(_, patience)| *patience)
    }
}

fn name(id: &NetworkId) -> String {
    let digest = Sha256::digest(id.as_str().as_bytes());
    digest.iter().take(8).fold(String::new(), |name, byte| format!("{name}{byte:02x}"))
}

/// What is known of the link's silence.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Silence {
    /// Since when nothing went over the link, in either direction.
    pub since: Timestamp,
    /// When something was last heard.
    pub heard_at: Timestamp,
    /// Something was sent after so long a silence, and nothing was heard since.
    pub broken_after: Option<Duration>,
    /// What this network stands.
    patience: Patience,
    /// The server's own limit (XEP-0478).
    pub idle_limit: Option<Duration>,
}

impl Silence {
    /// A link that is used from now on.
    pub fn begin(&mut self, now: Timestamp, idle_limit: Option<Duration>) {
        *self = Self { since: now, heard_at: now, broken_after: None, idle_limit, patience: self.patience };
    }

    /// The phone is on another network: what was silent before says nothing about this one.
    pub fn change_network(&mut self, now: Timestamp) {
        self.since = now;
        self.broken_after = None;
    }

    /// We sent something that the server answers.
    pub fn broken(&mut self, now: Timestamp) {
        self.broken_after.get_or_insert(now.since(self.since));
        self.since = now;
    }

    /// The clock was set back.
    pub fn set_back(&mut self, by: Duration) {
        self.since = self.since.minus(by);
        self.heard_at = self.heard_at.minus(by);
    }
}

impl Live {
    /// Puts the keepalive where the situation and the last traffic want it.
    pub(crate) fn arm_keepalive(&mut self, now: Timestamp) {
        let window = self.keepalive_interval(now).map(|interval| {
            // The last quarter is there to be shared with others.
            Window::after(self.silence.since, interval.mul_f64(0.75), interval)
        });
        self.timers.set(Due::Keepalive, window.filter(|_| self.link == Link::Online));
    }

    fn keepalive_interval(&self, now: Timestamp) -> Option<Duration> {
        let situation = self.situation();
        let allowed = situation.rules()?.keepalive?;
        if self.pushed && situation == Situation::Background {
            // What comes over a link that died in silence is announced, and the wake finds the link dead.
            return None;
        }
        let limit = self.silence.idle_limit.map_or(allowed, |limit| limit.saturating_sub(KEEPALIVE_MARGIN));
        let longest = allowed.min(limit.max(KEEPALIVE_SHORTEST));
        Some(self.silence.patience.interval(now, longest))
    }
}

impl Step<'_> {
    /// The server said something: the link is alive, and was through the silence before.
    pub(crate) fn heard(&mut self) -> Result<(), EngineError> {
        let silence = &mut self.live.silence;
        let outlived = silence.broken_after.take().unwrap_or_else(|| self.now.since(silence.since));
        silence.since = self.now;
        silence.heard_at = self.now;
        self.learn(|patience| patience.outlived(outlived))
    }

    /// The link is dead, and nobody had told us before we asked.
    pub(crate) fn found_dead(&mut self) -> Result<(), EngineError> {
        let Some(silence) = self.live.silence.broken_after.take() else { return Ok(()) };
        let now = self.now;
        self.learn(|patience| patience.died(silence, now))
    }

    fn learn(&mut self, lesson: impl FnOnce(&mut Patience)) -> Result<(), EngineError> {
        let before = self.live.silence.patience;
        lesson(&mut self.live.silence.patience);
        let patience = self.live.silence.patience;
        let Some(id) = self.live.network.id.as_ref().filter(|_| patience != before) else { return Ok(()) };
        let mut networks = self.networks()?;
        networks.put(id, patience);
        Ok(setting::put(self.tx, SETTING, &encode(&networks)?)?)
    }

    /// The phone is on this network: what is known of it counts.
    pub(crate) fn on_network(&mut self, id: Option<&NetworkId>) -> Result<(), EngineError> {
        let known = match id {
            Some(id) => self.networks()?.get(id),
            None => None,
        };
        self.live.silence.change_network(self.now);
        self.live.silence.patience = known.unwrap_or_default();
        Ok(())
    }

    fn networks(&self) -> Result<Networks, EngineError> {
        Ok(match setting::get(self.tx, SETTING)? {
            // What does not decode was only a convenience.
            Some(stored) => decode(&stored).unwrap_or_default(),
            None => Networks::default(),
        })
    }
}

#[cfg(test)]
mod tests;
