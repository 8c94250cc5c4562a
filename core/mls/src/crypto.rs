//! The cryptography that OpenMLS calls, without a random source of its own.
//!
//! Everything is RustCrypto by way of `openmls_rust_crypto`, except the three places where that crate draws randomness by
//! itself: signature keys, and the ephemeral key of HPKE encryption (RFC 9180 §4.1). OpenMLS encrypts the path of a commit
//! on several threads, so an HPKE draw can't come from one stream: its seed is derived from the entropy *and* from what is
//! encrypted. Equal inputs then give an equal ciphertext, which tells an observer nothing that the equality of the inputs
//! would not; different inputs give independent keys.
//!
//! Read first: [`Crypto`].

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;
use std::sync::LazyLock;

use heliograph_model::Entropy;
use hpke_rs::{Hpke, HpkeError, Mode};
use hpke_rs_crypto::error::Error as HpkeCryptoError;
use hpke_rs_crypto::types::{AeadAlgorithm, KdfAlgorithm, KemAlgorithm};
use hpke_rs_crypto::{HpkeCrypto, HpkeTestRng, TryCryptoRng, TryRng};
use hpke_rs_rust_crypto::HpkeRustCrypto;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeAeadType, HpkeCiphertext, HpkeConfig,
    HpkeKdfType, HpkeKemType, HpkeKeyPair, KemOutput, SignatureScheme,
};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use tls_codec::SecretVLBytes;
use zeroize::Zeroize;

use crate::randomness::{Randomness, derive, derive_from};

/// Only its functions without randomness are used, so one instance serves everybody.
static RUST_CRYPTO: LazyLock<RustCrypto> = LazyLock::new(RustCrypto::default);

/// Cryptography for what needs no randomness: parsing, verifying, hashing.
pub(crate) fn verifier() -> &'static RustCrypto {
    &RUST_CRYPTO
}

/// [`OpenMlsCrypto`] with every random byte derived from one [`Entropy`].
pub struct Crypto {
    entropy: Entropy,
    signature_keys: Randomness,
}

impl Crypto {
    /// Cryptography for one engine input.
    pub fn new(entropy: &Entropy) -> Self {
        Self { entropy: entropy.clone(), signature_keys: Randomness::labelled(entropy, b"signature keys") }
    }

    /// Runs one HPKE encryption whose ephemeral key comes from the entropy and `parts`.
    fn with_hpke_seed<T>(&self, parts: &[&[u8]], encrypt: impl FnOnce() -> T) -> T {
        let key = derive(&self.entropy, b"hpke", &[]);
        let seed = derive_from(&key, b"hpke seal", parts);
        HPKE_SEED.set(Some(*seed));
        let result = encrypt();
        HPKE_SEED.set(None);
        result
    }
}

impl fmt::Debug for Crypto {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Crypto(redacted)")
    }
}

thread_local! {
    /// Hands the seed through `hpke-rs`, which asks for a generator without saying for what. Set only while one call of
    /// ours is on this thread's stack.
    static HPKE_SEED: Cell<Option<[u8; 32]>> = const { Cell::new(None) };
}

/// [`HpkeRustCrypto`] with the generator exchanged.
#[derive(Debug)]
struct DerandomisedHpke;

/// The generator of one HPKE encryption.
struct HpkePrng(ChaCha20Rng);

impl Zeroize for HpkePrng {
    fn zeroize(&mut self) {
        self.0 = ChaCha20Rng::from_seed([0; 32]);
    }
}

impl TryRng for HpkePrng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for HpkePrng {}

impl HpkeTestRng for HpkePrng {
    type Error = Infallible;

    fn try_fill_test_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.try_fill_bytes(bytes)
    }

    fn seed(&mut self, _seed: &[u8]) {}
}

impl HpkeCrypto for DerandomisedHpke {
    type HpkePrng = HpkePrng;

    fn name() -> String {
        "RustCrypto, derandomised".to_owned()
    }

    fn prng() -> HpkePrng {
        // Taken, not read: a second generator would repeat the first one's bytes. Without a seed, which only a change in
        // `hpke-rs` could bring about, fresh keys that don't replay are better than predictable ones.
        HpkePrng(HPKE_SEED.take().map_or_else(ChaCha20Rng::from_os_rng, ChaCha20Rng::from_seed))
    }

    fn supports_kdf(alg: KdfAlgorithm) -> Result<(), HpkeCryptoError> {
        HpkeRustCrypto::supports_kdf(alg)
    }

    fn supports_kem(alg: KemAlgorithm) -> Result<(), HpkeCryptoError> {
        HpkeRustCrypto::supports_kem(alg)
    }

    fn supports_aead(alg: AeadAlgorithm) -> Result<(), HpkeCryptoError> {
        HpkeRustCrypto::supports_aead(alg)
    }

    fn kdf_extract(alg: KdfAlgorithm, salt: &[u8], ikm: &[u8]) -> Result<Vec<u8>, HpkeCryptoError> {
        HpkeRustCrypto::kdf_extract(alg, salt, ikm)
    }

    fn kdf_expand(
        alg: KdfAlgorithm,
        prk: &[u8],
        info: &[u8],
        output_size: usize,
    ) -> Result<Vec<u8>, HpkeCryptoError> {
        HpkeRustCrypto::kdf_expand(alg, prk, info, output_size)
    }

    fn dh(alg: KemAlgorithm, pk: &[u8], sk: &[u8]) -> Result<Vec<u8>, HpkeCryptoError> {
        HpkeRustCrypto::dh(alg, pk, sk)
    }

    fn secret_to_public(alg: KemAlgorithm, sk: &[u8]) -> Result<Vec<u8>, HpkeCryptoError> {
        HpkeRustCrypto::secret_to_public(alg, sk)
    }

    // The next three are the random operations of key generation and of post-quantum KEMs. MLS with our ciphersuite uses
    // none of them: key pairs are derived (RFC 9420 §5.1), and DHKEM encapsulates with bytes from `prng`.
    fn kem_key_gen(_: KemAlgorithm, _: &mut HpkePrng) -> Result<(Vec<u8>, Vec<u8>), HpkeCryptoError> {
        Err(HpkeCryptoError::UnsupportedKemOperation)
    }

    fn kem_key_gen_derand(_: KemAlgorithm, _: &[u8]) -> Result<(Vec<u8>, Vec<u8>), HpkeCryptoError> {
        Err(HpkeCryptoError::UnsupportedKemOperation)
    }

    fn kem_encaps(
        _: KemAlgorithm,
        _: &[u8],
        _: &mut HpkePrng,
    ) -> Result<(Vec<u8>, Vec<u8>), HpkeCryptoError> {
        Err(HpkeCryptoError::UnsupportedKemOperation)
    }

    fn kem_decaps(alg: KemAlgorithm, ct: &[u8], sk_r: &[u8]) -> Result<Vec<u8>, HpkeCryptoError> {
        HpkeRustCrypto::kem_decaps(alg, ct, sk_r)
    }

    fn dh_validate_sk(alg: KemAlgorithm, sk: &[u8]) -> Result<Vec<u8>, HpkeCryptoError> {
        HpkeRustCrypto::dh_validate_sk(alg, sk)
    }

    fn aead_seal(
        alg: AeadAlgorithm,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        msg: &[u8],
    ) -> Result<Vec<u8>, HpkeCryptoError> {
        HpkeRustCrypto::aead_seal(alg, key, nonce, aad, msg)
    }

    fn aead_open(
        alg: AeadAlgorithm,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        msg: &[u8],
    ) -> Result<Vec<u8>, HpkeCryptoError> {
        HpkeRustCrypto::aead_open(alg, key, nonce, aad, msg)
    }
}

/// The one HPKE configuration of our ciphersuite (RFC 9420 §17.1); any other is refused.
fn hpke(config: &HpkeConfig) -> Result<Hpke<DerandomisedHpke>, CryptoError> {
    match config {
        HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128) => {
            Ok(Hpke::new(
                Mode::Base,
                KemAlgorithm::DhKem25519,
                KdfAlgorithm::HkdfSha256,
                AeadAlgorithm::Aes128Gcm,
            ))
        }
        _ => Err(CryptoError::UnsupportedCiphersuite),
    }
}

impl OpenMlsCrypto for Crypto {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        if ciphersuite == crate::policy::CIPHERSUITE {
            Ok(())
        } else {
            Err(CryptoError::UnsupportedCiphersuite)
        }
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        vec![crate::policy::CIPHERSUITE]
    }

    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        if alg != SignatureScheme::ED25519 {
            return Err(CryptoError::UnsupportedSignatureScheme);
        }
        let key = ed25519_dalek::SigningKey::from_bytes(&self.signature_keys.bytes());
        Ok((key.to_bytes().to_vec(), key.verifying_key().to_bytes().to_vec()))
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        aad: &[u8],
        ptxt: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let mut hpke = self.with_hpke_seed(&[pk_r, info, aad, ptxt], || hpke(&config))?;
        let (kem_output, ciphertext) =
            hpke.seal(&pk_r.into(), info, aad, ptxt, None, None, None).map_err(|error| match error {
                HpkeError::InvalidInput => CryptoError::InvalidLength,
                _ => CryptoError::CryptoLibraryError,
            })?;
        Ok(HpkeCiphertext { kem_output: kem_output.into(), ciphertext: ciphertext.into() })
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        let mut hpke = self.with_hpke_seed(&[pk_r, info, exporter_context], || hpke(&config))?;
        let (kem_output, context) = hpke
            .setup_sender(&pk_r.into(), info, None, None, None)
            .map_err(|_| CryptoError::SenderSetupError)?;
        let secret =
            context.export(exporter_context, exporter_length).map_err(|_| CryptoError::ExporterError)?;
        Ok((kem_output, secret.into()))
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk_r: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        verifier().hpke_open(config, input, sk_r, info, aad)
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        sk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        verifier().hpke_setup_receiver_and_export(config, enc, sk_r, info, exporter_context, exporter_length)
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        verifier().derive_hpke_keypair(config, ikm)
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        verifier().hkdf_extract(hash, salt, ikm)
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        verifier().hmac(hash, key, message)
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        okm_len: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        verifier().hkdf_expand(hash, prk, info, okm_len)
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        verifier().hash(hash, data)
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        verifier().aead_encrypt(alg, key, data, nonce, aad)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        verifier().aead_decrypt(alg, key, ct_tag, nonce, aad)
    }

    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        pk: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        verifier().verify_signature(alg, data, pk, signature)
    }

    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        verifier().sign(alg, data, key)
    }
}
