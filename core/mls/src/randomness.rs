//! Randomness that comes from outside.
//!
//! The engine hands in [`Entropy`] with every input; everything random in one input is derived from it, so that the same
//! input gives the same bytes. Nothing here reads the operating system's generator.

use std::convert::Infallible;
use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

use heliograph_model::Entropy;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use openmls_traits::OpenMlsProvider;
use openmls_traits::random::OpenMlsRand;
use openmls_traits::storage::StorageProvider;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::crypto::Crypto;

/// Storage version that this crate speaks ([`openmls_traits::storage`]).
pub const STORAGE_VERSION: u16 = openmls_traits::storage::CURRENT_VERSION;

/// HMAC-SHA256 with the entropy as its key: an independent secret for each label and input.
pub(crate) fn derive(entropy: &Entropy, label: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    derive_from(&entropy.0, label, parts)
}

pub(crate) fn derive_from(key: &[u8; 32], label: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    // A key shorter than SHA-256's block is padded with zeros (RFC 2104 §2); padded here, the constructor can't fail.
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
    // Lengths first: no two lists of parts give the same input.
    mac.update(&(label.len() as u64).to_be_bytes());
    mac.update(label);
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// A stream of random bytes derived from one [`Entropy`].
///
/// Make one per entropy: two made from the same entropy give the same bytes. A [`Provider`] has its own stream, which is
/// independent of one made here.
///
/// The stream begins with its first byte: decrypting takes none, and most inputs do nothing else.
pub struct Randomness(LazyLock<Mutex<ChaCha20Rng>, Begin>);

/// Derives the stream.
type Begin = Box<dyn FnOnce() -> Mutex<ChaCha20Rng> + Send>;

impl Randomness {
    /// A stream for direct use, for example for [`crate::AccountIdentityKey::generate`].
    pub fn new(entropy: &Entropy) -> Self {
        Self::labelled(entropy, b"direct")
    }

    pub(crate) fn labelled(entropy: &Entropy, label: &'static [u8]) -> Self {
        let entropy = entropy.clone();
        Self::begun_by(move || derive(&entropy, label, &[]))
    }

    pub(crate) fn seeded(seed: &[u8; 32]) -> Self {
        let seed = Zeroizing::new(*seed);
        Self::begun_by(move || seed)
    }

    fn begun_by(seed: impl FnOnce() -> Zeroizing<[u8; 32]> + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(move || Mutex::new(ChaCha20Rng::from_seed(*seed())))))
    }

    /// The next bytes of the stream.
    pub fn fill(&self, bytes: &mut [u8]) {
        // A poisoned lock only says that another thread panicked; the generator is still a generator.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }

    /// The next `N` bytes of the stream.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

impl fmt::Debug for Randomness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Randomness(redacted)")
    }
}

impl OpenMlsRand for Randomness {
    type Error = Infallible;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], Self::Error> {
        Ok(self.bytes())
    }

    fn random_vec(&self, len: usize) -> Result<Vec<u8>, Self::Error> {
        let mut bytes = vec![0; len];
        self.fill(&mut bytes);
        Ok(bytes)
    }
}

/// What the operations of this crate work with during one engine input: cryptography and randomness from that input's
/// entropy, and the storage of the transaction that handles it.
pub struct Provider<'a, S> {
    crypto: Crypto,
    rand: Randomness,
    storage: &'a S,
}

impl<'a, S: StorageProvider<STORAGE_VERSION>> Provider<'a, S> {
    /// A provider for one input. Never make two from the same entropy on a real device: they would repeat keys.
    pub fn new(entropy: &Entropy, storage: &'a S) -> Self {
        Self { crypto: Crypto::new(entropy), rand: Randomness::labelled(entropy, b"provider"), storage }
    }

    /// The stream that key generation draws from.
    pub fn randomness(&self) -> &Randomness {
        &self.rand
    }
}

impl<S> fmt::Debug for Provider<'_, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Provider(redacted)")
    }
}

impl<S: StorageProvider<STORAGE_VERSION>> OpenMlsProvider for Provider<'_, S> {
    type CryptoProvider = Crypto;
    type RandProvider = Randomness;
    type StorageProvider = S;

    fn storage(&self) -> &S {
        self.storage
    }

    fn crypto(&self) -> &Crypto {
        &self.crypto
    }

    fn rand(&self) -> &Randomness {
        &self.rand
    }
}
