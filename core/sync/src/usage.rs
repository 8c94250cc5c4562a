//! What the account costs the phone, by what the phone was doing: measured by whoever drives the engine, kept here.
//!
//! Keeping it must cost nothing itself. What was spent is added up in memory and goes to disk along with something that is
//! written anyway, once in a while, and when the engine is closed. A process that is killed loses the last minute of it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use heliograph_model::Timestamp;
use heliograph_store::{Connection, StoreError, Transaction, account, usage};

pub use heliograph_store::usage::Spent;

use crate::policy::{Situation, USAGE_DAYS, USAGE_INTERVAL};

/// A day, as usage is kept by.
const DAY: Duration = Duration::from_hours(24);

/// Time in milliseconds below which nothing is said of it: whoever shows it counts in seconds.
const A_SECOND: u64 = 1000;

/// What an account cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// From when on.
    pub since: Timestamp,
    /// What was spent in each situation: the one with the most bytes first, and none that cost neither a second nor a byte.
    pub by_situation: Vec<(Situation, Spent)>,
}

/// What was spent and is not on disk yet.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    spent: BTreeMap<Situation, Spent>,
    written_at: Timestamp,
}

impl Ledger {
    pub fn add(&mut self, situation: Situation, spent: &Spent) {
        self.spent.entry(situation).or_default().add(spent);
    }

    /// Whether it should go along with what is written now.
    pub fn is_due(&self, now: Timestamp) -> bool {
        // A clock that was set back makes it due as well.
        let elapsed = now.0.saturating_sub(self.written_at.0);
        !self.spent.is_empty() && Duration::from_millis(elapsed.unsigned_abs()) >= USAGE_INTERVAL
    }

    pub fn is_empty(&self) -> bool {
        self.spent.is_empty()
    }

    /// Writes everything; to be followed by [`Self::written`] once that is committed.
    pub fn write(&self, tx: &Transaction<'_>, now: Timestamp) -> Result<(), StoreError> {
        for (situation, spent) in &self.spent {
            usage::add(tx, day(now), situation.to_stored(), spent)?;
        }
        usage::forget_before(tx, first_kept(now))
    }

    pub fn written(&mut self, now: Timestamp) {
        self.spent.clear();
        self.written_at = now;
    }

    /// What is on disk and what is not yet, of the days that are kept.
    pub fn sum(&self, connection: &Connection, now: Timestamp) -> Result<Usage, StoreError> {
        let first = first_kept(now);
        let stored = usage::since(connection, first)?;
        let mut by_situation = Situation::ALL.map(|situation| {
            let of = |(stored, _): &&(i64, Spent)| *stored == situation.to_stored();
            let mut spent = stored.iter().find(of).map(|(_, spent)| *spent).unwrap_or_default();
            if let Some(pending) = self.spent.get(&situation) {
                spent.add(pending);
            }
            (situation, spent)
        });
        // Those that cost the same stay in their own order.
        by_situation.sort_by_key(|(_, spent)| Reverse(spent.bytes()));
        let counts = |(_, spent): &(Situation, Spent)| spent.bytes() > 0 || spent.milliseconds >= A_SECOND;
        let by_situation = by_situation.into_iter().filter(counts).collect();
        let begun = usage::first_day(connection)?.unwrap_or_else(|| day(now)).max(first);
        let begun = Timestamp(begun.saturating_mul(day_length()));
        let added = account::load(connection)?.map_or(begun, |account| account.created_at);
        Ok(Usage { since: begun.max(added), by_situation })
    }
}

fn day_length() -> i64 {
    i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX)
}

fn day(now: Timestamp) -> i64 {
    now.0.div_euclid(day_length())
}

fn first_kept(now: Timestamp) -> i64 {
    day(now) - USAGE_DAYS + 1
}
