//! Sign-in with a token (XEP-0484) by the HT mechanisms (draft-schmaus-kitten-sasl-ht): one message each way, both sides
//! prove that they know the token.
//!
//! A token serves with one mechanism, hence with one type of channel binding: the strongest that the server offers and the
//! channel has, and never a weaker one than the sign-in by password on the same channel had. HT-SHA-256-UNIQ is left out:
//! TLS 1.3 has no `tls-unique`, and rustls gives none for TLS 1.2.

use heliograph_model::Timestamp;
use ring::hmac;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::channel_binding::{BindingType, ChannelBindings};
use crate::error::SessionError;
use crate::timeouts::REDIRECTS;

/// Best first.
const MECHANISMS: [(BindingType, &str); 3] = [
    (BindingType::Exporter, "HT-SHA-256-EXPR"),
    (BindingType::EndPoint, "HT-SHA-256-ENDP"),
    (BindingType::None, "HT-SHA-256-NONE"),
];

/// How often one session may use a token: once for each host that it is referred to.
const USES: u32 = REDIRECTS + 1;

/// Longest token that is taken. Prosody's have 40 bytes, ejabberd's some 30; the text has to fit into an attribute of 8 KiB.
const TOKEN_BYTES: usize = 4096;

/// A token. As good as the password for this account on this server, hence no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    binding: BindingType,
    secret: Zeroizing<String>,
    expires: Timestamp,
    /// All lower counts may have been used (XEP-0484 §3.4).
    count: u32,
}

impl Token {
    /// `None` if it is unusable.
    pub(crate) fn new(binding: BindingType, secret: String, expires: Timestamp) -> Option<Self> {
        let secret = Zeroizing::new(secret);
        let usable = !secret.is_empty() && secret.len() <= TOKEN_BYTES;
        usable.then_some(Self { binding, secret, expires, count: 1 })
    }

    /// Whether the server may still take it, by this device's clock.
    pub(crate) fn is_valid(&self, now: Timestamp) -> bool {
        now < self.expires
    }

    /// The type of binding that it serves with.
    pub(crate) fn binding(&self) -> BindingType {
        self.binding
    }

    /// Takes the counts of one session out, so that no later session uses them again, whatever became of that one.
    pub(crate) fn reserve(&mut self) {
        self.count = self.count.saturating_add(USES);
    }
}

/// What to ask a token for: the mechanism's type of binding and name, at least as strong as `least`.
pub(crate) fn best(
    offered: &[String],
    channel: &ChannelBindings,
    least: BindingType,
) -> Option<(BindingType, &'static str)> {
    MECHANISMS.into_iter().find(|(binding, name)| {
        let possible = *binding == BindingType::None || channel.get(*binding).is_some();
        *binding >= least && possible && offered.iter().any(|offered| offered == name)
    })
}

/// A sign-in with a token under way.
pub(crate) struct TokenLogin {
    pub(crate) binding: BindingType,
    pub(crate) count: u32,
    key: hmac::Key,
    answer: Vec<u8>,
}

impl TokenLogin {
    /// Starts a sign-in, the `nth` of its session; answers with its first message. `None` if the server does not offer the
    /// token's mechanism, or the channel lacks its binding.
    pub(crate) fn start(
        token: &Token,
        nth: u32,
        name: &str,
        offered: &[String],
        channel: &ChannelBindings,
    ) -> Option<(Self, Vec<u8>)> {
        let mechanism = mechanism(token.binding);
        if !offered.iter().any(|offered| offered == mechanism) {
            return None;
        }
        let data = match token.binding {
            BindingType::None => &[],
            binding => channel.get(binding)?,
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, token.secret.as_bytes());
        let proof = hmac::sign(&key, &[b"Initiator", data].concat());
        let mut first = name.as_bytes().to_vec();
        first.push(0);
        first.extend_from_slice(proof.as_ref());
        let answer = [b"Responder", data].concat();
        Some((Self { binding: token.binding, count: token.count.saturating_add(nth), key, answer }, first))
    }

    /// The mechanism's name.
    pub(crate) fn name(&self) -> &'static str {
        mechanism(self.binding)
    }

    /// The sign-in succeeded: nothing is believed before this returns. Compares in constant time.
    pub(crate) fn success(&self, data: &[u8]) -> Result<(), SessionError> {
        hmac::verify(&self.key, &self.answer, data)
            .map_err(|_| SessionError::ServerProof("its proof for the token is wrong or missing"))
    }
}

fn mechanism(binding: BindingType) -> &'static str {
    match binding {
        BindingType::Exporter => "HT-SHA-256-EXPR",
        BindingType::EndPoint => "HT-SHA-256-ENDP",
        BindingType::None => "HT-SHA-256-NONE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn channel(exporter: bool, end_point: bool) -> ChannelBindings {
        ChannelBindings {
            by_web: false,
            exporter: exporter.then(|| vec![7; 32]),
            end_point: end_point.then(|| vec![8; 32]),
        }
    }

    #[test]
    fn a_token_is_never_bound_less_than_the_password_was() {
        let all = names(&["HT-SHA-256-NONE", "HT-SHA-256-ENDP", "HT-SHA-256-EXPR", "HT-SHA-256-UNIQ"]);
        let none = names(&["HT-SHA-256-NONE"]);
        let (full, old, plain) = (channel(true, true), channel(false, true), channel(false, false));
        let name = |found: Option<(BindingType, &'static str)>| found.map(|(_, name)| name);
        assert_eq!(name(best(&all, &full, BindingType::Exporter)), Some("HT-SHA-256-EXPR"));
        assert_eq!(name(best(&all, &old, BindingType::EndPoint)), Some("HT-SHA-256-ENDP"));
        assert_eq!(name(best(&all, &plain, BindingType::None)), Some("HT-SHA-256-NONE"));
        assert_eq!(name(best(&none, &full, BindingType::None)), Some("HT-SHA-256-NONE"));
        assert_eq!(name(best(&none, &full, BindingType::Exporter)), None);
    }

    #[test]
    fn both_sides_prove_the_token_for_this_channel() {
        let offered = names(&["HT-SHA-256-EXPR"]);
        let token = Token::new(BindingType::Exporter, "secret".to_owned(), Timestamp(10)).unwrap();
        let (login, first) = TokenLogin::start(&token, 0, "ana", &offered, &channel(true, false)).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let ours = hmac::sign(&key, &[&b"Initiator"[..], &[7; 32]].concat());
        assert_eq!(first, [b"ana\0", ours.as_ref()].concat());
        let theirs = hmac::sign(&key, &[&b"Responder"[..], &[7; 32]].concat());
        login.success(theirs.as_ref()).unwrap();
        assert!(login.success(b"").is_err(), "no proof");
        assert!(login.success(ours.as_ref()).is_err(), "our own, sent back");
        assert!(
            TokenLogin::start(&token, 0, "ana", &names(&["HT-SHA-256-NONE"]), &channel(true, true)).is_none()
        );
        assert!(TokenLogin::start(&token, 0, "ana", &offered, &channel(false, true)).is_none());
    }

    #[test]
    fn no_count_is_used_twice_whatever_becomes_of_a_session() {
        let offered = names(&["HT-SHA-256-NONE"]);
        let mut token = Token::new(BindingType::None, "secret".to_owned(), Timestamp(10)).unwrap();
        let mut last = 0;
        for _session in 0..3 {
            token.reserve();
            for nth in 0..USES {
                let (login, _) =
                    TokenLogin::start(&token, nth, "ana", &offered, &channel(false, false)).unwrap();
                assert!(login.count > last);
                last = login.count;
            }
        }
    }
}
