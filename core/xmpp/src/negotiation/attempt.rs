//! One attempt to sign in: what goes out, decided from what the server offers and what is remembered of it.

use heliograph_model::stanza::LoginPath;
use minidom::Element;

use super::features::{Bind2, Features, Sasl2};
use super::sasl;
use super::sasl2::{
    Authenticate, Bind, EnableCarbons, Fast, InitialResponse, RequestToken, Software, Tag, Upgrade, UserAgent,
};
use super::{Login, element};
use crate::channel_binding::{BindingType, ChannelBindings};
use crate::error::SessionError;
use crate::fast::{self, TokenLogin};
use crate::mechanism::{Authentication, Choice, Protocol};
use crate::scram::Hash;
use crate::server_memory::{Met, ServerMemory};
use crate::stream_management::Enable;

/// How the server names us to people: the user's list of devices.
const SOFTWARE: &str = "Heliograph";

/// Prefix of the tasks of XEP-0480.
const UPGRADE_PREFIX: &str = "UPGR-";

/// An attempt whose first message is out.
pub(super) struct Attempt {
    pub(super) protocol: Protocol,
    pub(super) sign_in: SignIn,
    /// What a token in the answer will be bound by.
    pub(super) token: Option<BindingType>,
    /// A resumption is part of it.
    pub(super) resumes: bool,
    /// What was asked for with the resource; `None` if none was asked for.
    pub(super) bind: Option<Bind2>,
    /// Upgrades that the server may ask for.
    upgrades: Vec<Hash>,
}

pub(super) enum SignIn {
    Password(Authentication),
    Token(TokenLogin),
}

impl Attempt {
    /// The best attempt for what the server offers. Answers with its first message.
    pub(super) fn plan(
        login: &Login,
        memory: &ServerMemory,
        features: &Features,
        channel: &ChannelBindings,
    ) -> Result<(Self, Element), SessionError> {
        match &features.sasl2 {
            Some(sasl2) => Self::by_sasl2(login, memory, features, sasl2, channel),
            None => Self::by_sasl(login, memory, features, channel),
        }
    }

    fn by_sasl(
        login: &Login,
        memory: &ServerMemory,
        features: &Features,
        channel: &ChannelBindings,
    ) -> Result<(Self, Element), SessionError> {
        let met = memory.met(channel);
        let choice = Choice::of(&features.sasl_offer(), channel, login.allow_plain, met.strongest)?;
        // Who is bound to the channel knows that nobody took it out.
        if met.sasl2 && choice.strength.binding != BindingType::Exporter {
            return Err(SessionError::Downgraded("its newer protocol for the sign-in (SASL2) is gone"));
        }
        let (authentication, data) = Authentication::start(choice, &login.credentials()?, channel)?;
        let auth = element(sasl::Auth { mechanism: choice.name().to_owned(), data })?;
        let attempt = Self {
            protocol: Protocol::Sasl,
            sign_in: SignIn::Password(authentication),
            token: None,
            resumes: false,
            bind: None,
            upgrades: Vec::new(),
        };
        Ok((attempt, auth))
    }

    fn by_sasl2(
        login: &Login,
        memory: &ServerMemory,
        features: &Features,
        sasl2: &Sasl2,
        channel: &ChannelBindings,
    ) -> Result<(Self, Element), SessionError> {
        let name = login.credentials()?.name;
        let strongest = memory.met(channel).strongest;
        let least = strongest.map_or(BindingType::None, |strongest| strongest.binding);
        let token =
            memory.token.as_ref().filter(|token| token.is_valid(login.now) && token.binding() >= least);
        let by_token =
            token.and_then(|token| TokenLogin::start(token, login.redirects, name, &sasl2.fast, channel));
        let (mechanism, data, sign_in, fast, request, upgrades) = if let Some((token, data)) = by_token {
            let fast = Fast { count: token.count };
            (token.name(), data, SignIn::Token(token), Some(fast), None, Vec::new())
        } else {
            let offer = features.sasl2_offer().ok_or(SessionError::NoMechanism)?;
            let choice = Choice::of(&offer, channel, login.allow_plain, strongest)?;
            let (authentication, data) = Authentication::start(choice, &login.credentials()?, channel)?;
            let request = fast::best(&sasl2.fast, channel, choice.strength.binding);
            let upgrades = upgrades(sasl2, choice);
            (choice.name(), data, SignIn::Password(authentication), None, request, upgrades)
        };
        let resume = login.resume.clone().filter(|_| sasl2.resume);
        // A server that binds inline and does not resume inline would bind before it is asked to resume.
        let bind = sasl2.bind.filter(|_| resume.is_some() || login.resume.is_none());
        let attempt = Self {
            protocol: Protocol::Sasl2,
            token: match &sign_in {
                SignIn::Token(token) => Some(token.binding),
                SignIn::Password(_) => request.map(|(binding, _)| binding),
            },
            sign_in,
            resumes: resume.is_some(),
            bind,
            upgrades,
        };
        let tasks = attempt.upgrades.iter().map(|hash| Upgrade { task: task(*hash) }).collect();
        let authenticate = Authenticate {
            mechanism: mechanism.to_owned(),
            initial: InitialResponse { data },
            user_agent: UserAgent {
                id: memory.installation.clone(),
                software: Software { name: SOFTWARE.to_owned() },
            },
            upgrades: tasks,
            resume,
            bind: bind.map(|offered| Bind {
                tag: login.resource.clone().map(|tag| Tag { tag }),
                stream_management: offered.stream_management.then_some(Enable { resume: true }),
                carbons: offered.carbons.then_some(EnableCarbons),
            }),
            fast,
            request_token: request.map(|(_, name)| RequestToken { mechanism: name.to_owned() }),
        };
        Ok((attempt, element(authenticate)?))
    }

    /// Whether it may go out before the server's features are seen: nothing in it lets anybody sign in, or try passwords.
    pub(super) fn may_go_ahead(&self) -> bool {
        match &self.sign_in {
            SignIn::Token(_) => true,
            SignIn::Password(login) => {
                let choice = login.choice();
                choice.strength.hash.is_some() && choice.unproven.is_none()
            }
        }
    }

    /// Whether `<r/>` may go out behind it, for a server that will have resumed or bound by the time it reads that.
    pub(super) fn may_ask_behind(&self, memory: &ServerMemory) -> bool {
        let managed = self.bind.is_some_and(|offered| offered.stream_management);
        matches!(self.sign_in, SignIn::Token(_)) && self.resumes && managed && memory.takes_questions_ahead()
    }

    /// Whether `other` would be the same all over again.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (&self.sign_in, &other.sign_in) {
            (SignIn::Password(one), SignIn::Password(other_one)) => {
                self.protocol == other.protocol && one.choice() == other_one.choice()
            }
            _ => false,
        }
    }

    /// A `<challenge/>`; answers with our response.
    pub(super) fn challenge(&mut self, data: &[u8], features: &Features) -> Result<Vec<u8>, SessionError> {
        let offer = match self.protocol {
            Protocol::Sasl => Some(features.sasl_offer()),
            Protocol::Sasl2 => features.sasl2_offer(),
        };
        match (&mut self.sign_in, offer) {
            (SignIn::Password(login), Some(offer)) => login.challenge(data, &offer),
            _ => Err(SessionError::Protocol("a SASL challenge that has no place")),
        }
    }

    /// Nothing is believed before this returns.
    pub(super) fn success(&mut self, data: &[u8]) -> Result<(), SessionError> {
        match &mut self.sign_in {
            SignIn::Password(login) => login.success(data),
            SignIn::Token(token) => token.success(data),
        }
    }

    /// What the server proved by this sign-in is remembered.
    pub(super) fn learn(&self, met: &mut Met) {
        if let SignIn::Password(login) = &self.sign_in {
            // A weaker one than before came this far only because the server proved that it offers no better one.
            met.strongest = Some(login.choice().strength);
            met.sasl2 = self.protocol == Protocol::Sasl2;
        }
    }

    pub(super) fn path(&self) -> LoginPath {
        match (&self.sign_in, self.protocol) {
            (SignIn::Token(_), _) => LoginPath::Fast,
            (SignIn::Password(_), Protocol::Sasl2) => LoginPath::Sasl2,
            (SignIn::Password(_), Protocol::Sasl) => LoginPath::Sasl,
        }
    }

    /// The upgrade that is to be done next, out of the server's tasks.
    pub(super) fn upgrade(&mut self, tasks: &[String]) -> Option<(Hash, String)> {
        let at = self.upgrades.iter().position(|hash| tasks.contains(&task(*hash)))?;
        let hash = self.upgrades.swap_remove(at);
        Some((hash, task(hash)))
    }
}

/// Upgrades to a longer hash than any that is offered. Only over a bound channel: the result is as good as the password
/// (XEP-0480 §5).
fn upgrades(sasl2: &Sasl2, choice: Choice) -> Vec<Hash> {
    if choice.strength.binding == BindingType::None {
        return Vec::new();
    }
    let longer = Hash::ALL.into_iter().filter(|hash| Some(*hash) > choice.strength.hash);
    longer.filter(|hash| sasl2.upgrades.contains(&task(*hash))).collect()
}

fn task(hash: Hash) -> String {
    format!("{UPGRADE_PREFIX}{}", hash.mechanism())
}
