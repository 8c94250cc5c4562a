//! Measures what the account costs: time, bytes, connections and wakes, by what the phone is doing meanwhile.

use heliograph_model::Timestamp;
use heliograph_sync::{Situation, Spent};

use crate::connection::Traffic;

/// Reads the meter between two inputs of the engine: whatever was spent since the last reading was spent in the situation that
/// the engine saw then.
pub(crate) struct Meter {
    situation: Situation,
    read_at: Timestamp,
    traffic: Traffic,
    wakes: u64,
}

impl Meter {
    /// Begins now; what `traffic` counts already is not ours.
    pub fn new(now: Timestamp, traffic: Traffic) -> Self {
        Self { situation: Situation::Foreground, read_at: now, traffic, wakes: 0 }
    }

    /// A timer fired.
    pub fn woken(&mut self) {
        self.wakes += 1;
    }

    /// What was spent since the last reading, and in which situation.
    pub fn read(&mut self, now: Timestamp, traffic: Traffic) -> (Situation, Spent) {
        let before = std::mem::replace(&mut self.traffic, traffic);
        let elapsed = now.since(std::mem::replace(&mut self.read_at, now));
        let spent = Spent {
            milliseconds: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            bytes_up: traffic.bytes_up.saturating_sub(before.bytes_up),
            bytes_down: traffic.bytes_down.saturating_sub(before.bytes_down),
            connects: traffic.connects.saturating_sub(before.connects),
            flights: traffic.flights.saturating_sub(before.flights),
            wakes: std::mem::take(&mut self.wakes),
        };
        (self.situation, spent)
    }

    /// The phone does this from now on.
    pub fn set_situation(&mut self, situation: Situation) {
        self.situation = situation;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_belongs_to_the_situation_before_the_reading() {
        let traffic = |bytes: u64| Traffic { bytes_up: bytes, connects: 1, ..Traffic::default() };
        let mut meter = Meter::new(Timestamp(1000), traffic(5));
        meter.woken();
        meter.set_situation(Situation::Background);
        let (situation, spent) = meter.read(Timestamp(4000), traffic(12));
        let expected = Spent { milliseconds: 3000, bytes_up: 7, wakes: 1, ..Spent::default() };
        assert_eq!((situation, spent), (Situation::Background, expected));
        // The clock was set back.
        assert_eq!(meter.read(Timestamp(2000), traffic(12)).1, Spent::default());
    }
}
