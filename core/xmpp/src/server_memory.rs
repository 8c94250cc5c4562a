//! What is remembered of an account's server from one session to the next.
//!
//! Three kinds of things, none of which a session can do without losing something, and none of which it needs:
//!
//! - **for speed**: the features that were last seen, so that the sign-in can go out with the stream header, and a token
//!   (XEP-0484) for a sign-in in one round trip. A wrong memory costs a round trip and is mended by it;
//! - **for safety**: the strongest sign-in that the server was ever used with; a later, weaker offer is refused;
//! - **for the server**: the random id of this installation (XEP-0388 §2.4), to which its tokens belong.
//!
//! Through a web server the same server may offer something else, less above all ([`Met`]): what is remembered of one way
//! says nothing about the other.
//!
//! The owner keeps it (encrypted, for it holds the token) and hands it to the next session. In which order, so that a crash
//! at any point neither loses a token nor uses one twice:
//!
//! 1. [`ServerMemory::reserve`], then *commit*, then start the session. The counts that the session may use for its token
//!    are out of the stored memory before the first byte goes out.
//! 2. A session that was given a token says [`Remember`](crate::session::SessionOutput::Remember) before it says
//!    [`Online`](heliograph_model::stanza::SessionEvent::Online). The owner *commits* before it takes the next output. If
//!    it crashes before that, the old token is on disk, and the server keeps that one valid until the new one is used
//!    (XEP-0484 §3.5); nobody used it.
//! 3. A token that the server refused is forgotten in the same way. If that is lost, it is refused once more.

use std::fmt;

use heliograph_model::Address;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::channel_binding::ChannelBindings;
use crate::error::SessionError;
use crate::fast::Token;
use crate::mechanism::Strength;
use crate::negotiation::Features;

/// See the module's documentation. `Debug` shows nothing of the account or the token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerMemory {
    account: Address,
    /// A UUID of version 4.
    pub(crate) installation: String,
    /// By TCP.
    #[serde(flatten)]
    pub(crate) directly: Met,
    /// By WebSocket.
    #[serde(default)]
    pub(crate) by_web: Met,
    #[serde(default)]
    pub(crate) token: Option<Token>,
    /// Resumptions in a row that broke while the question sent ahead was unanswered.
    #[serde(default)]
    pub(crate) questions_lost: u8,
}

/// What was met on one kind of way to the server.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Met {
    /// What was offered under TLS, before the sign-in.
    pub(crate) before: Option<Features>,
    /// What was offered after it.
    pub(crate) after: Option<Features>,
    pub(crate) strongest: Option<Strength>,
    /// The server was signed in to by SASL2.
    pub(crate) sasl2: bool,
}

/// Resumptions that may break on a question sent ahead before it is no longer sent ahead: one loss is the network's, two in a
/// row may be a server that can't bear it.
const QUESTIONS_LOST_MAX: u8 = 2;

impl ServerMemory {
    /// Of a server that was never seen.
    pub(crate) fn new(account: Address) -> Result<Self, SessionError> {
        let mut random = [0; 16];
        SystemRandom::new().fill(&mut random).map_err(|_| SessionError::Internal("no randomness"))?;
        let installation = uuid::Builder::from_random_bytes(random).into_uuid().to_string();
        Ok(Self {
            account,
            installation,
            directly: Met::default(),
            by_web: Met::default(),
            token: None,
            questions_lost: 0,
        })
    }

    /// Whose server this is.
    pub(crate) fn account(&self) -> &Address {
        &self.account
    }

    /// To be called, and the result to be kept, before a session starts with this memory: takes the token's counts that the
    /// session may use. Answers whether anything changed.
    #[must_use]
    pub fn reserve(&mut self) -> bool {
        self.token.as_mut().map(Token::reserve).is_some()
    }

    /// Forgets all about the server, also how strong its sign-in has to be: for an operator who says that it is weaker now
    /// on purpose. The installation's id stays.
    pub fn forget_server(&mut self) {
        self.directly = Met::default();
        self.by_web = Met::default();
        self.token = None;
        self.questions_lost = 0;
    }

    /// Forgets the token, for an owner who could not keep what [`Self::reserve`] changed.
    pub fn forget_token(&mut self) {
        self.token = None;
    }

    /// Whether a resumption may ask whether all is here before it is granted.
    pub(crate) fn takes_questions_ahead(&self) -> bool {
        self.questions_lost < QUESTIONS_LOST_MAX
    }

    /// The question sent ahead was answered, or the session ended before that.
    #[must_use]
    pub(crate) fn question_ahead(mut self, answered: bool) -> Option<Self> {
        let lost = if answered { 0 } else { self.questions_lost.saturating_add(1) };
        let news = std::mem::replace(&mut self.questions_lost, lost) != lost;
        news.then_some(self)
    }

    /// What was met on ways like this channel.
    pub(crate) fn met(&self, channel: &ChannelBindings) -> &Met {
        if channel.by_web { &self.by_web } else { &self.directly }
    }

    /// The same, to learn.
    pub(crate) fn met_mut(&mut self, channel: &ChannelBindings) -> &mut Met {
        if channel.by_web { &mut self.by_web } else { &mut self.directly }
    }
}

impl fmt::Debug for ServerMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ServerMemory")
            .field("directly", &self.directly)
            .field("by_web", &self.by_web)
            .field("token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

impl Met {
    /// The next session asks before it acts.
    pub(crate) fn forget_features(&mut self) {
        self.before = None;
        self.after = None;
    }
}

impl fmt::Debug for Met {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Met")
            .field("features", &self.before.is_some())
            .field("strongest", &self.strongest)
            .field("sasl2", &self.sasl2)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel_binding::BindingType;
    use crate::scram::Hash;

    #[test]
    fn what_was_stored_before_the_ways_were_told_apart_is_of_the_direct_one() {
        let strongest = Strength { binding: BindingType::Exporter, hash: Some(Hash::Sha256) };
        let mut memory = ServerMemory::new(Address::parse("ana@example.org").unwrap()).unwrap();
        memory.directly = Met { strongest: Some(strongest), sasl2: true, ..Met::default() };
        let mut stored = serde_json::to_value(&memory).unwrap();
        assert!(stored.as_object_mut().unwrap().remove("by_web").is_some());
        assert!(stored.get("strongest").is_some(), "as it was called");
        assert_eq!(serde_json::from_value::<ServerMemory>(stored).unwrap(), memory);
    }
}
