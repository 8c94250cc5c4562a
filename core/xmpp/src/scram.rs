//! SCRAM, the client's half (RFC 5802, RFC 7677), over SHA-1, SHA-256 and SHA-512, bound to the channel or not.
//!
//! Our own messages over ring's hashes: the sasl crate knows neither `tls-server-end-point` nor SHA-512, and leaves the
//! checks of the server's nonce, of the work it asks for and of the offer (XEP-0474) to its user. Which mechanism is
//! used is decided in [`crate::mechanism`].

use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac, pbkdf2};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::SessionError;

/// PBKDF2 rounds that a server may ask for. Servers ask for 4,096 to 600,000; this many take a phone two seconds or three,
/// and 2^32 would hang it.
const MAX_ITERATIONS: u32 = 2_000_000;

/// Bytes of randomness in our nonce: as many as an AES key has (RFC 5802 §5.1 only asks for an unpredictable one).
const NONCE_BYTES: usize = 16;

/// A hash function, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    /// Best first.
    pub(crate) const ALL: [Self; 3] = [Self::Sha512, Self::Sha256, Self::Sha1];

    /// The mechanism's name, without "-PLUS".
    pub(crate) const fn mechanism(self) -> &'static str {
        match self {
            Self::Sha1 => "SCRAM-SHA-1",
            Self::Sha256 => "SCRAM-SHA-256",
            Self::Sha512 => "SCRAM-SHA-512",
        }
    }

    /// The mechanism's name with channel binding.
    pub(crate) const fn bound_mechanism(self) -> &'static str {
        match self {
            Self::Sha1 => "SCRAM-SHA-1-PLUS",
            Self::Sha256 => "SCRAM-SHA-256-PLUS",
            Self::Sha512 => "SCRAM-SHA-512-PLUS",
        }
    }

    pub(crate) fn digest(self, data: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, data)
    }

    fn key(self, bytes: &[u8]) -> hmac::Key {
        let algorithm = match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::Key::new(algorithm, bytes)
    }

    /// `SaltedPassword` (RFC 5802 §3) of a prepared password.
    pub(crate) fn salted(self, password: &str, salted: &Salted) -> Zeroizing<Vec<u8>> {
        let (algorithm, length) = match self {
            Self::Sha1 => (pbkdf2::PBKDF2_HMAC_SHA1, digest::SHA1_OUTPUT_LEN),
            Self::Sha256 => (pbkdf2::PBKDF2_HMAC_SHA256, digest::SHA256_OUTPUT_LEN),
            Self::Sha512 => (pbkdf2::PBKDF2_HMAC_SHA512, digest::SHA512_OUTPUT_LEN),
        };
        let mut key = Zeroizing::new(vec![0; length]);
        pbkdf2::derive(algorithm, salted.iterations, &salted.salt, password.as_bytes(), &mut key);
        key
    }
}

/// What a server's stored password was made with.
pub(crate) struct Salted {
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: NonZeroU32,
}

impl Salted {
    /// Bounded: see [`MAX_ITERATIONS`].
    pub(crate) fn new(salt: Vec<u8>, iterations: &str) -> Result<Self, SessionError> {
        let iterations = iterations
            .parse::<NonZeroU32>()
            .ok()
            .filter(|count| count.get() <= MAX_ITERATIONS)
            .ok_or(SessionError::Protocol("an unacceptable SCRAM iteration count"))?;
        if salt.is_empty() {
            return Err(SessionError::Protocol("a SCRAM challenge without salt"));
        }
        Ok(Self { salt, iterations })
    }
}

/// What our first message says about channel binding (RFC 5802 §7, `gs2-cbind-flag`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    /// "n": we can't bind.
    Unable,
    /// "y": we can, and the server does not offer it. If it did, somebody took the offer out, and the server will see that.
    NotOffered,
    /// "p": bound to the channel by this type and these bytes.
    Bound(&'static str, &'a [u8]),
}

impl Said<'_> {
    pub(crate) fn header(self) -> String {
        match self {
            Self::Unable => "n,,".to_owned(),
            Self::NotOffered => "y,,".to_owned(),
            Self::Bound(name, _) => format!("p={name},,"),
        }
    }
}

/// One SCRAM login under way.
pub(crate) struct Scram {
    hash: Hash,
    password: Zeroizing<String>,
    /// The GS2 header, then the channel's bytes.
    binding: Vec<u8>,
    first_bare: String,
    nonce: String,
    step: Step,
}

enum Step {
    /// Our first message is out.
    First,
    /// Our proof is out; this verifies the server's.
    Proof(hmac::Key, Vec<u8>),
    /// The server's proof was right.
    Verified,
}

impl Scram {
    /// For a name and a password that SASLprep went over.
    pub(crate) fn new(
        hash: Hash,
        name: &str,
        password: Zeroizing<String>,
        said: Said<'_>,
    ) -> Result<Self, SessionError> {
        let mut random = [0; NONCE_BYTES];
        SystemRandom::new().fill(&mut random).map_err(|_| SessionError::Internal("no randomness"))?;
        let nonce = STANDARD.encode(random);
        // RFC 5802 §5.1: "=" and "," are escaped in names.
        let escaped = name.replace('=', "=3D").replace(',', "=2C");
        let mut binding = said.header().into_bytes();
        if let Said::Bound(_, data) = said {
            binding.extend_from_slice(data);
        }
        let first_bare = format!("n={escaped},r={nonce}");
        Ok(Self { hash, password, binding, first_bare, nonce, step: Step::First })
    }

    /// Our first message. `header` is what was given to [`Self::new`].
    pub(crate) fn first(&self, header: &str) -> Vec<u8> {
        format!("{header}{}", self.first_bare).into_bytes()
    }

    /// A challenge; answers with our next message. `check` may refuse the server's first message before anything that
    /// depends on the password goes out.
    pub(crate) fn challenge(
        &mut self,
        data: &[u8],
        check: impl FnOnce(Option<&str>) -> Result<(), SessionError>,
    ) -> Result<Vec<u8>, SessionError> {
        match &self.step {
            Step::First => {
                let text = std::str::from_utf8(data)
                    .map_err(|_| SessionError::Protocol("a malformed SCRAM challenge"))?;
                let (salted, nonce) = self.read_challenge(text)?;
                check(attribute(text, 'h'))?;
                Ok(self.prove(text, nonce, &salted))
            }
            // RFC 6120 §6.4.4 lets the server's proof also come in a challenge of its own.
            Step::Proof(..) => {
                self.success(data)?;
                Ok(Vec::new())
            }
            Step::Verified => Err(SessionError::Protocol("a SASL challenge that has no place")),
        }
    }

    fn read_challenge<'a>(&self, challenge: &'a str) -> Result<(Salted, &'a str), SessionError> {
        if attribute(challenge, 'm').is_some() {
            return Err(SessionError::Protocol("a mandatory SCRAM extension"));
        }
        // RFC 5802 §5.1: it must start with ours, and add to it.
        let nonce =
            attribute(challenge, 'r').ok_or(SessionError::Protocol("a SCRAM challenge without nonce"))?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(SessionError::ServerProof("its nonce does not continue ours"));
        }
        let salt = attribute(challenge, 's').and_then(|salt| STANDARD.decode(salt).ok()).unwrap_or_default();
        let salted = Salted::new(salt, attribute(challenge, 'i').unwrap_or_default())?;
        Ok((salted, nonce))
    }

    fn prove(&mut self, challenge: &str, nonce: &str, salted: &Salted) -> Vec<u8> {
        let key = self.hash.key(&self.hash.salted(&self.password, salted));
        let client_key = hmac::sign(&key, b"Client Key");
        let server_key = hmac::sign(&key, b"Server Key");
        let stored_key = self.hash.digest(client_key.as_ref());
        let without_proof = format!("c={},r={nonce}", STANDARD.encode(&self.binding));
        let message = format!("{},{challenge},{without_proof}", self.first_bare).into_bytes();
        let signature = hmac::sign(&self.hash.key(stored_key.as_ref()), &message);
        let proof: Vec<u8> =
            client_key.as_ref().iter().zip(signature.as_ref()).map(|(left, right)| left ^ right).collect();
        self.step = Step::Proof(self.hash.key(server_key.as_ref()), message);
        format!("{without_proof},p={}", STANDARD.encode(proof)).into_bytes()
    }

    /// The login succeeded: nothing is believed before this returns. Compares in constant time.
    pub(crate) fn success(&mut self, data: &[u8]) -> Result<(), SessionError> {
        match &self.step {
            Step::Verified => Ok(()),
            Step::First => Err(SessionError::ServerProof("it skipped the proof")),
            Step::Proof(key, message) => {
                if data.is_empty() {
                    return Err(SessionError::ServerProof("none was given"));
                }
                let signature = std::str::from_utf8(data)
                    .ok()
                    .and_then(|text| attribute(text, 'v'))
                    .and_then(|value| STANDARD.decode(value).ok())
                    .unwrap_or_default();
                hmac::verify(key, message, &signature)
                    .map_err(|_| SessionError::ServerProof("it is wrong"))?;
                self.step = Step::Verified;
                Ok(())
            }
        }
    }
}

/// The value of `name=` in a SCRAM message.
fn attribute(message: &str, name: char) -> Option<&str> {
    message.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scram(hash: Hash, name: &str, said: Said<'_>) -> Scram {
        Scram::new(hash, name, Zeroizing::new("pencil".to_owned()), said).unwrap()
    }

    /// A login whose nonce the example in the standard gives.
    fn example(hash: Hash, nonce: &str) -> Scram {
        let mut example = scram(hash, "user", Said::Unable);
        example.first_bare = format!("n=user,r={nonce}");
        example.nonce = nonce.to_owned();
        example
    }

    fn text(bytes: Result<Vec<u8>, SessionError>) -> String {
        String::from_utf8(bytes.unwrap()).unwrap()
    }

    #[test]
    fn the_examples_of_the_standards_come_out() {
        // RFC 5802 §5.
        let mut login = example(Hash::Sha1, "fyko+d2lbbFgONRv9qkxdawL");
        let challenge = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
        assert_eq!(
            text(login.challenge(challenge, |_| Ok(()))),
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
        );
        assert!(login.success(b"v=AAAA").is_err());
        login.success(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=").unwrap();

        // RFC 7677 §3.
        let mut login = example(Hash::Sha256, "rOprNGfwEbeRWgbNEkqO");
        let challenge =
            b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        assert_eq!(
            text(login.challenge(challenge, |_| Ok(()))),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        login.success(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").unwrap();
    }

    #[test]
    fn scram_sha_512_agrees_with_an_independent_computation() {
        // Computed with Python's hashlib.pbkdf2_hmac("sha512", b"pencil", b"AAA", 4096)[:8].
        let salted = Salted::new(b"AAA".to_vec(), "4096").unwrap();
        let key = Hash::Sha512.salted("pencil", &salted);
        assert_eq!(key.len(), 64);
        assert_eq!(key[..8], [0xbb, 0xf8, 0x78, 0x94, 0xd9, 0xf1, 0xa2, 0xc2]);
    }

    #[test]
    fn names_are_escaped_and_the_channel_is_named() {
        let said = Said::Bound("tls-exporter", b"bytes");
        let first = text(Ok(scram(Hash::Sha1, "a=b,c", said).first(&said.header())));
        assert!(first.starts_with("p=tls-exporter,,n=a=3Db=2Cc,r="), "{first}");
    }

    #[test]
    fn a_challenge_must_continue_our_nonce_and_stay_within_bounds() {
        let table = [
            ("r=abcd,s=QUFB,i=4096", true),
            ("r=abc,s=QUFB,i=4096", false),
            ("r=xbcd,s=QUFB,i=4096", false),
            ("r=abcd,s=QUFB,i=0", false),
            ("r=abcd,s=QUFB,i=4294967295", false),
            ("r=abcd,s=QUFB", false),
            ("r=abcd,i=4096", false),
            ("m=new,r=abcd,s=QUFB,i=4096", false),
            ("", false),
        ];
        for (challenge, fine) in table {
            let mut login = example(Hash::Sha1, "abc");
            assert_eq!(login.challenge(challenge.as_bytes(), |_| Ok(())).is_ok(), fine, "{challenge}");
        }
    }
}
