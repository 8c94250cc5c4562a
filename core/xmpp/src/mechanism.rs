//! Which SASL mechanism logs in, what an attacker in the middle can't make of that choice, and the login by a password.
//!
//! Somebody in the middle may take mechanisms, types of channel binding or whole protocols out of what the server offers.
//! Against that stand, in this order:
//!
//! 1. "y" in SCRAM's first message (RFC 5802 §6) and the rules of XEP-0440 §3, which find contradictions in an offer;
//! 2. the hash of the offer that a server with XEP-0474 puts into its challenge, covered by both proofs;
//! 3. memory: what a server has once been logged in to with ([`Strength`]) is the least that is accepted later, except
//!    where the server proves by (2) that the lesser offer is its own.
//!
//! PLAIN is used only by an account that allows it, with a server that never spoke SCRAM to us.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use stringprep::saslprep;
use zeroize::Zeroizing;

use crate::channel_binding::{BindingType, ChannelBindings};
use crate::error::SessionError;
use crate::scram::{Hash, Said, Scram};

/// What we log in with.
pub(crate) struct Credentials<'a> {
    /// The local part of the address.
    pub(crate) name: &'a str,
    pub(crate) password: &'a str,
}

/// Through which protocol mechanisms are offered: XEP-0440 is stricter with the younger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// RFC 6120 §6.
    Sasl,
    /// XEP-0388.
    Sasl2,
}

/// What the server offers to log in with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer<'a> {
    pub(crate) protocol: Protocol,
    /// Names of SASL mechanisms.
    pub(crate) mechanisms: &'a [String],
    /// Types of channel binding (XEP-0440), where the server says them.
    pub(crate) bindings: Option<&'a [String]>,
}

impl Offer<'_> {
    fn has(&self, mechanism: &str) -> bool {
        self.mechanisms.iter().any(|offered| offered == mechanism)
    }

    fn binds(&self) -> bool {
        self.mechanisms.iter().any(|offered| offered.ends_with("-PLUS"))
    }

    fn has_scram(&self) -> bool {
        // Also a form that we can't do: it is no reason to fall back to PLAIN.
        self.mechanisms.iter().any(|offered| offered.starts_with("SCRAM-"))
    }

    fn has_type(&self, name: &str) -> bool {
        self.bindings.is_some_and(|types| types.iter().any(|offered| offered == name))
    }

    /// The hash of XEP-0474 §5.1.
    fn hash(&self, hash: Hash) -> String {
        let joined = |names: &[String]| {
            let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
            names.sort_unstable();
            names.join("\u{1e}")
        };
        let mut text = joined(self.mechanisms);
        if let Some(bindings) = self.bindings {
            text.push('\u{1f}');
            text.push_str(&joined(bindings));
        }
        STANDARD.encode(hash.digest(text.as_bytes()))
    }
}

/// How well a login is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Strength {
    pub(crate) binding: BindingType,
    /// SCRAM's hash; `None` for PLAIN.
    pub(crate) hash: Option<Hash>,
}

impl Strength {
    const PLAIN: Self = Self { binding: BindingType::None, hash: None };

    fn is_below(self, other: Self) -> bool {
        self.binding < other.binding || self.hash < other.hash
    }
}

/// A chosen mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) strength: Strength,
    /// SCRAM without binding says "y": the server offers none.
    not_offered: bool,
    /// The server must prove the offer by XEP-0474, or nothing that depends on the password goes out.
    pub(crate) unproven: Option<&'static str>,
}

impl Choice {
    /// Chooses the best of the offer; `strongest` is what the server was logged in to with before.
    pub(crate) fn of(
        offer: &Offer<'_>,
        channel: &ChannelBindings,
        allow_plain: bool,
        strongest: Option<Strength>,
    ) -> Result<Self, SessionError> {
        let strength = strongest_offered(offer, channel).or_else(|| {
            let plain = allow_plain && !offer.has_scram() && offer.has("PLAIN");
            plain.then_some(Strength::PLAIN)
        });
        let Some(strength) = strength else {
            return Err(match strongest {
                Some(Strength { hash: Some(_), .. }) => SessionError::Downgraded("SCRAM is gone"),
                _ => SessionError::NoMechanism,
            });
        };
        check_consistency(offer)?;
        let below = strongest.is_some_and(|strongest| strength.is_below(strongest));
        if below && strength.hash.is_none() {
            // XEP-0474 §6: once SCRAM, never PLAIN.
            return Err(SessionError::Downgraded("only the readable password is left"));
        }
        let bound = strength.binding != BindingType::None;
        let unproven = if below {
            Some("it offers a weaker sign-in than before")
        } else if !bound
            && strength.hash.is_some()
            && offer.binds()
            && channel.any()
            && offer.bindings.is_some()
            && !offer.has_type(BindingType::EndPoint.name())
        {
            // XEP-0474 §6, new rule 6: a list without a type that every server must have.
            Some("its channel bindings are none that servers must have")
        } else {
            None
        };
        // "y" says that the server binds to no channel that ends at it, which nobody can know behind a web server. ejabberd
        // (24.12) refuses it where it offers no binding.
        let could_bind = channel.any() && !channel.by_web;
        Ok(Self { strength, not_offered: !bound && could_bind && !offer.binds(), unproven })
    }

    /// The mechanism's name.
    pub(crate) fn name(&self) -> &'static str {
        match (self.strength.hash, self.strength.binding) {
            (None, _) => "PLAIN",
            (Some(hash), BindingType::None) => hash.mechanism(),
            (Some(hash), _) => hash.bound_mechanism(),
        }
    }

    fn said<'a>(&self, channel: &'a ChannelBindings) -> Said<'a> {
        match channel.get(self.strength.binding) {
            Some(data) => Said::Bound(self.strength.binding.name(), data),
            None if self.not_offered => Said::NotOffered,
            None => Said::Unable,
        }
    }
}

/// XEP-0440 §3, rules 4 and 5: an offer that no honest server makes through SASL2. Through SASL the same contradictions are
/// found by "y" and by what is remembered.
fn check_consistency(offer: &Offer<'_>) -> Result<(), SessionError> {
    if offer.protocol == Protocol::Sasl {
        return Ok(());
    }
    let types = offer.bindings.is_some_and(|types| !types.is_empty());
    match (offer.binds(), types) {
        (true, false) => Err(SessionError::Downgraded("it binds to channels, and does not say how")),
        (false, true) => Err(SessionError::Downgraded("it can bind to channels, and offers no such sign-in")),
        _ => Ok(()),
    }
}

/// Channel binding before none, longer hashes before shorter ones.
fn strongest_offered(offer: &Offer<'_>, channel: &ChannelBindings) -> Option<Strength> {
    let binding = BindingType::BINDING.into_iter().find(|binding| {
        // A server that says nothing about types (Prosody 0.12) may have this one, and no other under TLS 1.3.
        let offered = match offer.bindings {
            Some(_) => offer.has_type(binding.name()),
            None => *binding == BindingType::Exporter,
        };
        offered && channel.get(*binding).is_some()
    });
    let bound = binding.and_then(|binding| {
        let hash = Hash::ALL.into_iter().find(|hash| offer.has(hash.bound_mechanism()))?;
        Some(Strength { binding, hash: Some(hash) })
    });
    bound.or_else(|| {
        let hash = Hash::ALL.into_iter().find(|hash| offer.has(hash.mechanism()))?;
        Some(Strength { binding: BindingType::None, hash: Some(hash) })
    })
}

/// A login by the password under way.
pub(crate) struct Authentication {
    choice: Choice,
    /// `None` for PLAIN.
    scram: Option<Scram>,
}

impl Authentication {
    /// Starts a login; answers with its first message.
    pub(crate) fn start(
        choice: Choice,
        credentials: &Credentials<'_>,
        channel: &ChannelBindings,
    ) -> Result<(Self, Vec<u8>), SessionError> {
        let name = saslprep(credentials.name).map_err(|_| SessionError::UnusablePassword)?;
        let password = prepared(credentials.password)?;
        let Some(hash) = choice.strength.hash else {
            let first = format!("\0{name}\0{}", *password).into_bytes();
            return Ok((Self { choice, scram: None }, first));
        };
        let said = choice.said(channel);
        let scram = Scram::new(hash, &name, password, said)?;
        let first = scram.first(&said.header());
        Ok((Self { choice, scram: Some(scram) }, first))
    }

    /// What was chosen.
    pub(crate) fn choice(&self) -> Choice {
        self.choice
    }

    /// A challenge; answers with our next message. `offer` is what the server was seen to offer on this stream.
    pub(crate) fn challenge(&mut self, data: &[u8], offer: &Offer<'_>) -> Result<Vec<u8>, SessionError> {
        let (Some(scram), Some(hash)) = (&mut self.scram, self.choice.strength.hash) else {
            return Err(SessionError::Protocol("a SASL challenge that has no place"));
        };
        let unproven = self.choice.unproven;
        scram.challenge(data, |said| match (said, unproven) {
            (Some(said), _) if said == offer.hash(hash) => Ok(()),
            (Some(_), _) => Err(SessionError::Downgraded("it offers something else than what came here")),
            (None, Some(why)) => Err(SessionError::Downgraded(why)),
            (None, None) => Ok(()),
        })
    }

    /// The login succeeded: nothing is believed before this returns.
    pub(crate) fn success(&mut self, data: &[u8]) -> Result<(), SessionError> {
        self.scram.as_mut().map_or(Ok(()), |scram| scram.success(data))
    }
}

/// A password after SASLprep (RFC 4013).
pub(crate) fn prepared(password: &str) -> Result<Zeroizing<String>, SessionError> {
    saslprep(password)
        .map(|prepared| Zeroizing::new(prepared.into_owned()))
        .map_err(|_| SessionError::UnusablePassword)
}

#[cfg(test)]
#[path = "mechanism/tests.rs"]
mod tests;
