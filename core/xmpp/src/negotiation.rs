//! From the first stream header to a bound session, as a value without I/O.
//!
//! [`Negotiation::handle`] takes one [`Input`] and answers with [`Action`]s to carry out in order, or with the error that
//! ends the attempt:
//!
//! ```text
//! [STARTTLS] -> features -+-> SASL2: token or SCRAM, with <resume/> and bind inline -+-> resumed
//!                         |                                                         +-> bound -> features
//!                         +-> SASL: SCRAM -> features -> <resume/> -> resumed
//!                                                            |  refused
//!                                                            v
//!                                                          bind, <enable/> -> bound
//! ```
//!
//! **Ahead.** Where the features of a stream are remembered ([`ServerMemory`]), the next step goes out together with the
//! stream header, as XEP-0388 §2.1 allows. The features are read all the same when they come; a step that turns out wrong
//! is refused by the server, and taken again as the features say. A resumption by token brings the question for an
//! acknowledgement with it: its answer, behind everything that the server had kept, is how we know that all is here, and would
//! cost a round trip of its own. What goes ahead never lets anybody sign in or try
//! passwords: a proof for a token or SCRAM's first message, bound as strongly as was ever possible with this server.
//!
//! **What is refused.** Nothing but `<starttls/>` is ever sent without TLS, also no address. What somebody in the middle
//! could do to the offer, and what is done about it, is written in [`crate::mechanism`].
//!
//! Read first: [`State`], then `element`; the steps stand in `negotiation/authentication.rs` and `binding.rs`, what goes out first
//! is put together in `attempt.rs`.

mod attempt;
mod authentication;
mod binding;
mod features;
mod sasl;
mod sasl2;
mod stream_error;

use heliograph_model::stanza::{Granted, LoginPath};
use heliograph_model::{Address, Timestamp};
use jid::FullJid;
use minidom::Element;
use xmpp_parsers::{ns as xns, starttls};
use zeroize::Zeroizing;

use crate::channel_binding::ChannelBindings;
use crate::encode;
use crate::error::SessionError;
use crate::mechanism::{Credentials, Protocol};
use crate::scram::Hash;
use crate::server_memory::{Met, ServerMemory};
use crate::stream_management::{AskAcknowledgement, Enabled, Resume};
use attempt::Attempt;

pub(crate) use features::Features;
pub(crate) use stream_error::stream_error;

/// The `id` of the one question that is asked before a session exists.
const BIND_ID: &str = "bind";

/// Who logs in, and on what terms.
pub struct Login {
    /// The account.
    pub address: Address,
    /// Its password.
    pub password: Zeroizing<String>,
    /// The resource to ask for.
    pub resource: Option<String>,
    /// Whether PLAIN is acceptable where no SCRAM is offered.
    pub allow_plain: bool,
    /// What to resume.
    pub resume: Option<Resume>,
    /// By this device's clock.
    pub now: Timestamp,
    /// How often the server referred us to another host before.
    pub redirects: u32,
}

impl Login {
    fn credentials(&self) -> Result<Credentials<'_>, SessionError> {
        let name = self.address.local().ok_or(SessionError::Configuration("an address without name"))?;
        Ok(Credentials { name, password: &self.password })
    }
}

/// What happened.
pub enum Input<'a> {
    /// TLS is up. The first input under direct TLS, the answer to [`Action::StartTls`] otherwise.
    Secured(ChannelBindings),
    /// The first input without direct TLS: the socket is open, and nothing else.
    Connected,
    /// An element came in.
    Element(&'a Element),
}

/// What to do.
#[derive(PartialEq)]
pub enum Action {
    /// Send a stream header, and read the server's, with a new parser (RFC 6120 §4.3.3).
    OpenStream {
        /// Whether to say who we are: only under TLS.
        named: bool,
        /// What goes out behind the header in the same flight.
        ahead: Vec<Element>,
    },
    /// Send an element.
    Send(Element),
    /// Shake hands; anything that came in behind `<proceed/>` in the clear must end the attempt.
    StartTls,
    /// The end: a new session.
    Bound {
        /// Our address in it.
        jid: FullJid,
        /// What stream management was granted; `None` if the server has none.
        managed: Option<Enabled>,
        /// A resumption was tried, and refused.
        refused: Option<Refused>,
        /// What the server grants.
        granted: Granted,
        /// An element of the session came in already.
        early: Option<Element>,
    },
    /// The end: the old session goes on. The server handled `h` of our stanzas.
    Resumed {
        /// See [`Action::Resumed`].
        h: u32,
        /// What the server grants.
        granted: Granted,
        /// `<r/>` went out behind the request already.
        asked: bool,
    },
}

impl std::fmt::Debug for Action {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OpenStream { named, ahead } => {
                let ahead: Vec<_> = ahead.iter().map(Element::name).collect();
                write!(formatter, "OpenStream({named}, {ahead:?})")
            }
            // Its content may be a proof of the password.
            Self::Send(element) => write!(formatter, "Send({})", element.name()),
            Self::StartTls => formatter.write_str("StartTls"),
            Self::Bound { refused, granted, .. } => write!(formatter, "Bound({refused:?}, {granted:?})"),
            Self::Resumed { h, granted, asked } => write!(formatter, "Resumed({h}, {granted:?}, {asked})"),
        }
    }
}

/// A refused resumption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// How many of our stanzas the server had handled, where it still knows.
    pub h: Option<u32>,
}

enum State {
    Start,
    /// The next element is `<stream:features/>`. If the step after it went ahead, it is in `then`.
    Features {
        stage: Stage,
        then: Option<Box<State>>,
    },
    Proceed,
    Handshake,
    /// Something of SASL or SASL2 is to come.
    SignIn(Box<Attempt>),
    /// The server asks for the password salted anew (XEP-0480).
    Upgrade(Box<Attempt>, Hash),
    /// A resource is bound by SASL2, the features of the session are to come.
    Settled {
        jid: FullJid,
        managed: Option<Enabled>,
        carbons: bool,
    },
    Resume,
    Bind {
        /// `<enable/>` is out as well.
        enabling: bool,
    },
    Enable(FullJid),
    End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Clear,
    Secured,
    Authenticated,
}

/// One attempt to log in.
pub struct Negotiation<'a> {
    login: Login,
    memory: &'a mut ServerMemory,
    state: State,
    channel: ChannelBindings,
    refused: Option<Refused>,
    /// A step is out that nothing but memory speaks for.
    ahead: bool,
    /// The question whether all is here went out behind the request to resume.
    asked: bool,
    /// For [`Granted`].
    path: LoginPath,
    pipelined: bool,
}

impl<'a> Negotiation<'a> {
    /// An attempt that has not begun. What it learns of the server, also if it fails, is written into `memory`.
    pub fn new(login: Login, memory: &'a mut ServerMemory) -> Self {
        Self {
            login,
            memory,
            state: State::Start,
            channel: ChannelBindings::default(),
            refused: None,
            ahead: false,
            asked: false,
            path: LoginPath::Sasl,
            pipelined: false,
        }
    }

    /// What to do about `input`. After an error, [`Action::Bound`] or [`Action::Resumed`] the attempt is over.
    pub fn handle(&mut self, input: Input<'_>) -> Result<Vec<Action>, SessionError> {
        let state = std::mem::replace(&mut self.state, State::End);
        match input {
            Input::Connected => match state {
                State::Start => {
                    self.state = State::Features { stage: Stage::Clear, then: None };
                    Ok(vec![Action::OpenStream { named: false, ahead: Vec::new() }])
                }
                _ => Err(SessionError::Internal("connected twice")),
            },
            Input::Secured(channel) => match state {
                State::Start | State::Handshake => {
                    self.channel = channel;
                    Ok(self.open_secured())
                }
                _ => Err(SessionError::Internal("TLS came up at the wrong time")),
            },
            Input::Element(element) if element.is("error", xns::STREAM) => Err(stream_error(element)),
            Input::Element(element) => self.element(state, element),
        }
    }

    /// The attempt ended by `error`. If the server may have stumbled over what went ahead, the next one asks first; answers
    /// whether that is so.
    pub fn failed(&mut self, error: &SessionError) -> bool {
        let by_server = matches!(
            error,
            SessionError::StreamError(_)
                | SessionError::Protocol(_)
                | SessionError::NoAnswer(_)
                | SessionError::Closed
                | SessionError::Cut
        );
        let stumbled = self.ahead && by_server;
        if stumbled {
            self.met_mut().forget_features();
        }
        stumbled
    }

    fn element(&mut self, before: State, element: &Element) -> Result<Vec<Action>, SessionError> {
        match before {
            State::Features { stage, then } => {
                let features = Features::read(element).ok_or(SessionError::Protocol("no stream features"))?;
                match stage {
                    Stage::Clear => return self.start_tls(&features),
                    Stage::Secured => self.met_mut().before = Some(features),
                    Stage::Authenticated => self.met_mut().after = Some(features),
                }
                match (then, stage) {
                    (Some(then), _) => {
                        self.state = *then;
                        Ok(Vec::new())
                    }
                    (None, Stage::Authenticated) => self.resume_or_bind(),
                    (None, _) => self.authenticate(),
                }
            }
            State::Proceed => {
                if element.is("proceed", xns::TLS) {
                    self.state = State::Handshake;
                    Ok(vec![Action::StartTls])
                } else if element.is("failure", xns::TLS) {
                    Err(SessionError::NoEncryption("the server refused STARTTLS"))
                } else {
                    Err(SessionError::Protocol("no answer to STARTTLS"))
                }
            }
            State::SignIn(attempt) => match attempt.protocol {
                Protocol::Sasl => self.sasl(attempt, element),
                Protocol::Sasl2 => self.sasl2(attempt, element),
            },
            State::Upgrade(attempt, hash) => self.upgrade(attempt, hash, element),
            State::Settled { jid, managed, carbons } => {
                // XEP-0388 §2.7.1: the features follow at once. A server that leaves them out has none to tell.
                let features = Features::read(element);
                let early = features.is_none().then(|| element.clone());
                if features.is_some() {
                    self.met_mut().after = features;
                }
                Ok(vec![self.session(jid, managed, carbons, early)])
            }
            State::Resume => self.resumed(element),
            State::Bind { enabling } => self.bound(enabling, element),
            State::Enable(jid) => self.enabled(jid, element),
            State::Start | State::Handshake => Err(SessionError::Protocol("an element out of place")),
            State::End => Err(SessionError::Internal("an element after the end of the negotiation")),
        }
    }

    fn start_tls(&mut self, features: &Features) -> Result<Vec<Action>, SessionError> {
        if !features.start_tls {
            return Err(SessionError::NoEncryption("the server does not offer STARTTLS"));
        }
        self.state = State::Proceed;
        Ok(vec![send(starttls::Request)?])
    }

    /// The first stream header under TLS, with the sign-in behind it if memory has what that takes.
    fn open_secured(&mut self) -> Vec<Action> {
        let remembered = self.met().before.as_ref();
        // What stands in the way of a sign-in is for the server's present features to say.
        let planned = remembered
            .and_then(|features| Attempt::plan(&self.login, self.memory, features, &self.channel).ok())
            .filter(|(attempt, _)| attempt.may_go_ahead());
        let (then, ahead) = match planned {
            Some((attempt, first)) => {
                let question = attempt.may_ask_behind(self.memory).then(|| element(AskAcknowledgement).ok());
                let question = question.flatten();
                self.asked = question.is_some();
                let ahead = std::iter::once(first).chain(question).collect();
                (Some(Box::new(State::SignIn(Box::new(attempt)))), ahead)
            }
            None => (None, Vec::new()),
        };
        self.ahead = then.is_some();
        self.pipelined = self.ahead;
        self.state = State::Features { stage: Stage::Secured, then };
        vec![Action::OpenStream { named: true, ahead }]
    }

    fn plan(&self) -> Result<(Attempt, Element), SessionError> {
        Attempt::plan(&self.login, self.memory, self.seen()?, &self.channel)
    }

    /// What is remembered of this kind of way.
    fn met(&self) -> &Met {
        self.memory.met(&self.channel)
    }

    fn met_mut(&mut self) -> &mut Met {
        self.memory.met_mut(&self.channel)
    }

    /// The features that came in on this stream before the sign-in.
    fn seen(&self) -> Result<&Features, SessionError> {
        self.met().before.as_ref().ok_or(SessionError::Internal("a sign-in before the features"))
    }
}

fn element<T>(value: T) -> Result<Element, SessionError>
where
    Element: TryFrom<T>,
{
    encode::element(value).map_err(|_| SessionError::Internal("an element of the login can't be written"))
}

fn send<T>(value: T) -> Result<Action, SessionError>
where
    Element: TryFrom<T>,
{
    element(value).map(Action::Send)
}

#[cfg(test)]
mod tests;
