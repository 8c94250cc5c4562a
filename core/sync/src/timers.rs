//! What the engine has to do by itself, and when: one queue for everything, so that the phone wakes once for all that is due.
//!
//! Each entry may be done from a moment on and must be done by another one. The engine asks to be woken at the earliest of the
//! latest moments, and then does everything that may be done. Whoever needs a timer adds a [`Due`]; nothing else in the
//! engine waits for a moment.

use std::collections::BTreeMap;
use std::time::Duration;

use heliograph_model::Timestamp;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// Connect again.
    Retry,
    /// Send the receipts that wait.
    Receipts,
    /// Ask the link whether it lives.
    Keepalive,
    /// Read what a server may have put aside while it handed the session over.
    HandedOver,
}

/// From when, and by when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub earliest: Timestamp,
    pub latest: Timestamp,
}

impl Window {
    /// Exactly then.
    pub fn at(moment: Timestamp) -> Self {
        Self { earliest: moment, latest: moment }
    }

    /// Between two delays from `start`.
    pub fn after(start: Timestamp, earliest: Duration, latest: Duration) -> Self {
        Self { earliest: start.plus(earliest), latest: start.plus(latest) }
    }
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timers(BTreeMap<Due, Window>);

impl Timers {
    /// Sets or moves an entry; `None` removes it.
    pub fn set(&mut self, due: Due, window: Option<Window>) {
        match window {
            Some(window) => self.0.insert(due, window),
            None => self.0.remove(&due),
        };
    }

    /// Sets an entry unless it is there: what waits is not put off by what comes later. If the new one ends sooner, it counts.
    pub fn set_soonest(&mut self, due: Due, window: Window) {
        let entry = self.0.entry(due).or_insert(window);
        if window.latest < entry.latest {
            *entry = window;
        }
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// An entry.
    pub fn get(&self, due: Due) -> Option<Window> {
        self.0.get(&due).copied()
    }

    /// Takes the entry out if it may be done.
    pub fn take(&mut self, due: Due, now: Timestamp) -> bool {
        let may = self.get(due).is_some_and(|window| window.earliest <= now);
        if may {
            self.0.remove(&due);
        }
        may
    }

    /// When to wake.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.0.values().map(|window| window.latest).min()
    }

    /// The clock was set back by so much: what waits does not wait longer for it.
    pub fn set_back(&mut self, by: Duration) {
        for window in self.0.values_mut() {
            window.earliest = window.earliest.minus(by);
            window.latest = window.latest.minus(by);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn minutes(count: u64) -> Duration {
        Duration::from_mins(count)
    }

    #[test]
    fn what_can_wait_is_done_with_what_cannot() {
        let mut timers = Timers::default();
        timers.set(Due::Receipts, Some(Window::after(NOW, Duration::from_secs(2), minutes(30))));
        timers.set(Due::Keepalive, Some(Window::after(NOW, minutes(21), minutes(28))));
        let wake = timers.wake_at().unwrap();
        assert_eq!(wake, NOW.plus(minutes(28)), "the earliest of the latest");
        assert!(timers.take(Due::Receipts, wake) && timers.take(Due::Keepalive, wake));
        assert_eq!(timers.wake_at(), None, "one wake did both");
    }

    #[test]
    fn nothing_is_done_before_it_may_be() {
        let mut timers = Timers::default();
        timers.set(Due::Receipts, Some(Window::after(NOW, minutes(1), minutes(1))));
        timers.set(Due::Keepalive, Some(Window::after(NOW, minutes(3), minutes(4))));
        let wake = timers.wake_at().unwrap();
        assert!(timers.take(Due::Receipts, wake));
        assert!(!timers.take(Due::Keepalive, wake));
        assert_eq!(timers.wake_at(), Some(NOW.plus(minutes(4))));
    }

    #[test]
    fn what_waits_is_not_put_off() {
        let mut timers = Timers::default();
        timers.set_soonest(Due::Receipts, Window::after(NOW, minutes(1), minutes(9)));
        timers.set_soonest(Due::Receipts, Window::after(NOW, minutes(5), minutes(12)));
        assert_eq!(timers.wake_at(), Some(NOW.plus(minutes(9))));
        timers.set_soonest(Due::Receipts, Window::after(NOW, minutes(1), minutes(2)));
        assert_eq!(timers.wake_at(), Some(NOW.plus(minutes(2))), "somebody came to look");
    }

    #[test]
    fn a_clock_that_is_set_back_delays_nothing() {
        let mut timers = Timers::default();
        timers.set(Due::Retry, Some(Window::at(NOW.plus(minutes(1)))));
        timers.set_back(Duration::from_hours(24));
        assert_eq!(timers.wake_at(), Some(NOW.minus(Duration::from_hours(24)).plus(minutes(1))));
    }
}
