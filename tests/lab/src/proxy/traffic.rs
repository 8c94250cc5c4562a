//! What a wire carried, in numbers.

use std::ops::Sub;
use std::sync::{Mutex, PoisonError};

/// Totals of one proxy. Payload bytes of TCP as the application wrote them (TLS records included, TCP and IP headers not).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Bytes from the phone to the server.
    pub bytes_up: u64,
    /// Bytes from the server to the phone.
    pub bytes_down: u64,
    /// How often the phone spoke after the server had spoken, on any connection, first words included: an upper bound of
    /// the round trips that it waited for.
    pub flights: u64,
    /// Connections that the phone opened.
    pub accepted: u64,
}

impl Sub for Traffic {
    type Output = Self;

    /// What was carried between two readings.
    fn sub(self, earlier: Self) -> Self {
        Self {
            bytes_up: self.bytes_up.saturating_sub(earlier.bytes_up),
            bytes_down: self.bytes_down.saturating_sub(earlier.bytes_down),
            flights: self.flights.saturating_sub(earlier.flights),
            accepted: self.accepted.saturating_sub(earlier.accepted),
        }
    }
}

/// Which way bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the phone to the server.
    Up,
    /// From the server to the phone.
    Down,
}

/// The counters behind [`Traffic`].
#[derive(Default)]
pub(super) struct Meter {
    total: Mutex<Traffic>,
}

/// Who spoke last on one connection.
pub(super) type LastSpeaker = Mutex<Option<Direction>>;

impl Meter {
    pub(super) fn accepted(&self) {
        self.with(|total| total.accepted += 1);
    }

    /// Bytes that arrived at the other end.
    pub(super) fn moved(&self, direction: Direction, bytes: usize, last: &LastSpeaker) {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let turned = last.replace(direction) != Some(direction);
        self.with(|total| match direction {
            Direction::Up => {
                total.bytes_up += bytes as u64;
                total.flights += u64::from(turned);
            }
            Direction::Down => total.bytes_down += bytes as u64,
        });
    }

    pub(super) fn read(&self) -> Traffic {
        *self.total.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(&self, change: impl FnOnce(&mut Traffic)) {
        change(&mut self.total.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
