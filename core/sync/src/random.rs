//! Randomness of one input, split by purpose.

use heliograph_model::Entropy;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};

/// A stream of random numbers that depends on the input's entropy and on what it is for, and on nothing else.
pub(crate) struct Random(ChaCha20Rng);

impl Random {
    /// Different purposes give independent streams.
    pub(crate) fn new(entropy: &Entropy, purpose: &str) -> Self {
        let seed = Sha256::new().chain_update(purpose.as_bytes()).chain_update(entropy.0).finalize();
        Self(ChaCha20Rng::from_seed(seed.into()))
    }

    /// A number below `limit`, which must not be zero. The bias (below 2^-22 for limits up to 1000) does not matter for
    /// what it is used for.
    pub(crate) fn number(&mut self, limit: u32) -> u32 {
        self.0.next_u32() % limit.max(1)
    }

    /// Random bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// Entropy for another consumer.
    pub(crate) fn entropy(&mut self) -> Entropy {
        Entropy(self.bytes())
    }

    /// Lower-case letters and digits that can't be taken for one another, five bits each.
    pub(crate) fn name(&mut self, length: usize) -> String {
        const ALPHABET: [char; 32] = [
            'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's',
            't', 'u', 'v', 'w', 'x', 'y', 'z', '2', '3', '4', '5', '6', '7',
        ];
        (0..length).filter_map(|_| ALPHABET.get(self.number(32) as usize)).collect()
    }
}
