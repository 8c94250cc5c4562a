//! Randomness as a value.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Thirty-two random bytes for exactly one engine input.
///
/// The engine never draws randomness by itself: whoever drives it hands in fresh bytes with every input (from the
/// operating system in a phone, from a seed in a simulation). That is what makes a run replayable byte for byte. Handing
/// in the same bytes twice on a phone would repeat keys: the driver must not.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Entropy(pub [u8; 32]);

impl fmt::Debug for Entropy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Entropy(redacted)")
    }
}
