//! The login itself: which SASL mechanism, and its messages (RFC 5802, RFC 7677, RFC 9266).
//!
//! The sasl crate computes the messages. What it leaves to its user is done here: SASLprep and the escaping of names,
//! SCRAM-SHA-512, the check that the server's nonce continues ours, a bound on the work that a server may demand, and the
//! choice that can't be downgraded: channel binding before none, SCRAM before PLAIN, PLAIN only if the account says so.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::digest::InvalidLength;
use hmac::{Hmac, Mac};
use sasl::client::Mechanism;
use sasl::client::mechanisms::{Plain, Scram};
use sasl::common::scram::{DeriveError, ScramProvider, Sha1, Sha256};
use sasl::common::{ChannelBinding, Password};
use sha2::{Digest, Sha512};
use stringprep::saslprep;

use crate::error::SessionError;

/// PBKDF2 rounds that a server may ask for. Servers ask for 4,096 to 600,000; this many take a phone two seconds or three,
/// and 2^32 would hang it.
const MAX_ITERATIONS: u32 = 2_000_000;

/// SCRAM over SHA-512, which the sasl crate lacks.
struct ScramSha512;

impl ScramProvider for ScramSha512 {
    // Only names the kind of stored secret; none exists for SHA-512, and passwords do not use it.
    type Secret = sasl::secret::Pbkdf2Sha256;

    fn name() -> &'static str {
        "SHA-512"
    }

    fn hash(data: &[u8]) -> Vec<u8> {
        Sha512::digest(data).to_vec()
    }

    fn hmac(data: &[u8], key: &[u8]) -> Result<Vec<u8>, InvalidLength> {
        let mut mac = Hmac::<Sha512>::new_from_slice(key)?;
        mac.update(data);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    fn derive(password: &Password, salt: &[u8], iterations: u32) -> Result<Vec<u8>, DeriveError> {
        let Password::Plain(password) = password else {
            return Err(DeriveError::IncorrectSalt);
        };
        let mut key = vec![0; 64];
        pbkdf2::pbkdf2::<Hmac<Sha512>>(password.as_bytes(), salt, iterations, &mut key)?;
        Ok(key)
    }
}

/// What we log in with.
pub(crate) struct Credentials<'a> {
    /// The local part of the address.
    pub(crate) name: &'a str,
    pub(crate) password: &'a str,
    pub(crate) allow_plain: bool,
}

/// What the server offers to log in with.
#[derive(Debug, Default)]
pub(crate) struct Offer {
    /// Names of SASL mechanisms.
    pub(crate) mechanisms: Vec<String>,
    /// Types of channel binding (XEP-0440), where the server says them.
    pub(crate) bindings: Option<Vec<String>>,
}

impl Offer {
    fn has(&self, mechanism: &str) -> bool {
        self.mechanisms.iter().any(|offered| offered == mechanism)
    }
}

/// How far a login is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Our first message is out.
    First,
    /// Our proof is out.
    Proof,
    /// The server's proof was right.
    Verified,
}

/// One login under way.
pub(crate) struct Authentication {
    name: &'static str,
    mechanism: Box<dyn Mechanism + Send>,
    step: Step,
    /// Our part of the nonce; `None` for PLAIN.
    nonce: Option<String>,
}

impl Authentication {
    /// Chooses the best mechanism and starts it. `exporter` is the channel's `tls-exporter` value, where it has one.
    pub(crate) fn start(
        credentials: &Credentials<'_>,
        offer: &Offer,
        exporter: Option<&[u8]>,
    ) -> Result<(Self, Vec<u8>), SessionError> {
        let name = saslprep(credentials.name).map_err(|_| SessionError::UnusablePassword)?;
        let password = saslprep(credentials.password).map_err(|_| SessionError::UnusablePassword)?;
        let mut chosen = choose(offer, exporter, credentials.allow_plain, &name, &password)?;
        let first = chosen.mechanism.initial();
        if chosen.nonce.is_some() {
            chosen.nonce = Some(attribute(&first, 'r').unwrap_or_default().to_owned());
        }
        Ok((chosen, first))
    }

    /// The mechanism's name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// A `<challenge/>`; answers with the contents of the `<response/>`.
    pub(crate) fn challenge(&mut self, data: &[u8]) -> Result<Vec<u8>, SessionError> {
        match (self.step, &self.nonce) {
            (Step::First, Some(nonce)) => {
                check_challenge(data, nonce)?;
                self.step = Step::Proof;
                self.mechanism
                    .response(data)
                    .map_err(|_| SessionError::Protocol("a malformed SCRAM challenge"))
            }
            // RFC 6120 §6.4.4 lets the server's proof also come in a challenge of its own.
            (Step::Proof, Some(_)) => {
                self.verify(data)?;
                Ok(Vec::new())
            }
            _ => Err(SessionError::Protocol("a SASL challenge that has no place")),
        }
    }

    /// `<success/>`: nothing is believed before this returns.
    pub(crate) fn success(&mut self, data: &[u8]) -> Result<(), SessionError> {
        match (self.step, &self.nonce) {
            (_, None) | (Step::Verified, _) => Ok(()),
            (Step::Proof, Some(_)) => self.verify(data),
            (Step::First, Some(_)) => Err(SessionError::ServerProof("it skipped the proof")),
        }
    }

    fn verify(&mut self, data: &[u8]) -> Result<(), SessionError> {
        self.mechanism.success(data).map_err(|_| {
            SessionError::ServerProof(if data.is_empty() { "none was given" } else { "it is wrong" })
        })?;
        self.step = Step::Verified;
        Ok(())
    }
}

/// Channel binding before none, longer hashes before shorter ones, PLAIN last and only on demand.
fn choose(
    offer: &Offer,
    exporter: Option<&[u8]>,
    allow_plain: bool,
    name: &str,
    password: &str,
) -> Result<Authentication, SessionError> {
    // RFC 5802 §5.1: "=" and "," are escaped in names.
    let escaped = name.replace('=', "=3D").replace(',', "=2C");
    let exporter_offered =
        offer.bindings.as_ref().is_none_or(|types| types.iter().any(|offered| offered == "tls-exporter"));
    if let Some(exporter) = exporter.filter(|_| exporter_offered) {
        let binding = || ChannelBinding::TlsExporter(exporter.to_vec());
        if offer.has("SCRAM-SHA-512-PLUS") {
            return scram::<ScramSha512>("SCRAM-SHA-512-PLUS", escaped, password, binding());
        }
        if offer.has("SCRAM-SHA-256-PLUS") {
            return scram::<Sha256>("SCRAM-SHA-256-PLUS", escaped, password, binding());
        }
        if offer.has("SCRAM-SHA-1-PLUS") {
            return scram::<Sha1>("SCRAM-SHA-1-PLUS", escaped, password, binding());
        }
    }
    // RFC 5802 §6: "y" tells a server that did offer binding that somebody took the offer out.
    let server_binds = offer.mechanisms.iter().any(|offered| offered.ends_with("-PLUS"));
    let binding = || match exporter {
        Some(_) if !server_binds => ChannelBinding::Unsupported,
        _ => ChannelBinding::None,
    };
    if offer.has("SCRAM-SHA-512") {
        return scram::<ScramSha512>("SCRAM-SHA-512", escaped, password, binding());
    }
    if offer.has("SCRAM-SHA-256") {
        return scram::<Sha256>("SCRAM-SHA-256", escaped, password, binding());
    }
    if offer.has("SCRAM-SHA-1") {
        return scram::<Sha1>("SCRAM-SHA-1", escaped, password, binding());
    }
    // A server that offers SCRAM in a form that we can't do is no reason to fall back to PLAIN.
    let scram_offered = offer.mechanisms.iter().any(|offered| offered.starts_with("SCRAM-"));
    if allow_plain && !scram_offered && offer.has("PLAIN") {
        let mechanism = Box::new(Plain::new(name.to_owned(), password.to_owned()));
        return Ok(Authentication { name: "PLAIN", mechanism, step: Step::First, nonce: None });
    }
    Err(SessionError::NoMechanism)
}

fn scram<S: ScramProvider + Send + 'static>(
    name: &'static str,
    username: String,
    password: &str,
    binding: ChannelBinding,
) -> Result<Authentication, SessionError> {
    let mechanism = Scram::<S>::new(username, password.to_owned(), binding)
        .map_err(|_| SessionError::Internal("no randomness for a nonce"))?;
    Ok(Authentication { name, mechanism: Box::new(mechanism), step: Step::First, nonce: Some(String::new()) })
}

/// What the sasl crate does not check in the server's first message.
fn check_challenge(data: &[u8], nonce: &str) -> Result<(), SessionError> {
    if attribute(data, 'm').is_some() {
        return Err(SessionError::Protocol("a mandatory SCRAM extension"));
    }
    // RFC 5802 §5.1: it must start with ours, and add to it.
    let theirs = attribute(data, 'r').ok_or(SessionError::Protocol("a SCRAM challenge without nonce"))?;
    if !theirs.starts_with(nonce) || theirs.len() == nonce.len() {
        return Err(SessionError::ServerProof("its nonce does not continue ours"));
    }
    match attribute(data, 'i').and_then(|count| count.parse::<u32>().ok()) {
        Some(1..=MAX_ITERATIONS) => {}
        _ => return Err(SessionError::Protocol("an unacceptable SCRAM iteration count")),
    }
    match attribute(data, 's').map(|salt| STANDARD.decode(salt)) {
        Some(Ok(salt)) if !salt.is_empty() => Ok(()),
        _ => Err(SessionError::Protocol("a SCRAM challenge without salt")),
    }
}

/// The value of `name=` in a SCRAM message.
fn attribute(message: &[u8], name: char) -> Option<&str> {
    let message = std::str::from_utf8(message).ok()?;
    message.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mechanisms, types of binding, our key; what is chosen, and the GS2 header.
    type Row<'a> = (&'a [&'a str], Option<&'a [&'a str]>, Option<&'a [u8]>, &'a str, &'a str);

    fn offer(mechanisms: &[&str], bindings: Option<&[&str]>) -> Offer {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Offer { mechanisms: owned(mechanisms), bindings: bindings.map(owned) }
    }

    fn start(
        offer: &Offer,
        exporter: Option<&[u8]>,
        allow_plain: bool,
    ) -> Result<(String, String), SessionError> {
        let credentials = Credentials { name: "ana", password: "secret", allow_plain };
        let (login, first) = Authentication::start(&credentials, offer, exporter)?;
        let first = String::from_utf8(first).unwrap();
        Ok((login.name().to_owned(), first.split("n=").next().unwrap().to_owned()))
    }

    #[test]
    fn the_choice_cannot_be_downgraded() {
        let all = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"];
        let plus = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"];
        let key: Option<&[u8]> = Some(&[7; 32]);
        let table: &[Row] = &[
            (&all, None, None, "SCRAM-SHA-512", "n,,"),
            (&all, None, key, "SCRAM-SHA-512", "y,,"),
            (&plus, None, key, "SCRAM-SHA-256-PLUS", "p=tls-exporter,,"),
            (&plus, Some(&["tls-exporter", "tls-unique"]), key, "SCRAM-SHA-256-PLUS", "p=tls-exporter,,"),
            // It binds, but not in a way that we can: "y" would be taken for an attack.
            (&plus, Some(&["tls-server-end-point"]), key, "SCRAM-SHA-256", "n,,"),
            (&plus, None, None, "SCRAM-SHA-256", "n,,"),
            (&["SCRAM-SHA-1", "PLAIN"], None, None, "SCRAM-SHA-1", "n,,"),
            (&["SCRAM-SHA-1-PLUS", "SCRAM-SHA-512"], None, key, "SCRAM-SHA-1-PLUS", "p=tls-exporter,,"),
        ];
        for (mechanisms, bindings, exporter, name, header) in table {
            let chosen = start(&offer(mechanisms, *bindings), *exporter, true).unwrap();
            assert_eq!(chosen, ((*name).to_owned(), (*header).to_owned()), "{mechanisms:?}");
        }
    }

    #[test]
    fn plain_is_for_those_who_asked_for_it_and_never_beside_scram() {
        let plain = offer(&["PLAIN"], None);
        assert_eq!(start(&plain, None, false), Err(SessionError::NoMechanism));
        assert_eq!(start(&plain, None, true).unwrap().0, "PLAIN");
        let future = offer(&["PLAIN", "SCRAM-SHA3-512"], None);
        assert_eq!(start(&future, None, true), Err(SessionError::NoMechanism));
        assert_eq!(start(&offer(&["DIGEST-MD5"], None), None, true), Err(SessionError::NoMechanism));
    }

    #[test]
    fn names_are_prepared_and_escaped() {
        let credentials = Credentials { name: "a=b,c", password: "p", allow_plain: false };
        let offered = offer(&["SCRAM-SHA-1"], None);
        let (_, first) = Authentication::start(&credentials, &offered, None).unwrap();
        assert!(String::from_utf8(first).unwrap().starts_with("n,,n=a=3Db=2Cc,r="));
        let forbidden = Credentials { name: "ana", password: "\u{0007}", allow_plain: false };
        assert_eq!(
            Authentication::start(&forbidden, &offered, None).err(),
            Some(SessionError::UnusablePassword)
        );
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
            assert_eq!(check_challenge(challenge.as_bytes(), "abc").is_ok(), fine, "{challenge}");
        }
    }

    #[test]
    fn scram_sha_512_agrees_with_an_independent_computation() {
        // Computed with Python's hashlib.pbkdf2_hmac("sha512", b"pencil", b"AAA", 4096)[:8].
        let key = ScramSha512::derive(&Password::Plain("pencil".to_owned()), b"AAA", 4096).unwrap();
        assert_eq!(key.len(), 64);
        assert_eq!(key[..8], PBKDF2_SHA512_OF_PENCIL);
    }

    const PBKDF2_SHA512_OF_PENCIL: [u8; 8] = [0xbb, 0xf8, 0x78, 0x94, 0xd9, 0xf1, 0xa2, 0xc2];
}
