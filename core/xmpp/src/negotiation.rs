//! From the first stream header to a bound session, as a value without I/O.
//!
//! [`Negotiation::handle`] takes one [`Input`] and answers with [`Action`]s to carry out in order, or with the error that
//! ends the attempt. The way today:
//!
//! ```text
//! [STARTTLS] -> SASL (SCRAM) -> <resume/> -> resumed
//!                                   |  refused
//!                                   v
//!                                 bind -> <enable/> -> bound
//! ```
//!
//! Nothing but `<starttls/>` is ever sent without TLS. Later ways (SASL2 with Bind 2, FAST) branch off where features are
//! read, and end in the same [`Action::Bound`] and [`Action::Resumed`].

mod features;
mod sasl;

use heliograph_model::Address;
use jid::{FullJid, Jid};
use minidom::Element;
use xmpp_parsers::bind::{BindQuery, BindResponse};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::{ns as xns, starttls};
use zeroize::Zeroizing;

use crate::error::SessionError;
use crate::scram::{Authentication, Credentials};
use crate::stream_management::{Enable, Enabled, Failed, Resume, Resumed};
use features::Features;

pub(crate) use features::stream_error;

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
}

/// What happened.
pub enum Input<'a> {
    /// TLS is up; the value of `tls-exporter` (RFC 9266) where it has one. The first input under direct TLS, the answer to
    /// [`Action::StartTls`] otherwise.
    Secured {
        /// See [`Input::Secured`].
        exporter: Option<Vec<u8>>,
    },
    /// The first input without direct TLS: the socket is open, and nothing else.
    Connected,
    /// An element came in.
    Element(&'a Element),
}

/// What to do.
#[derive(PartialEq)]
pub enum Action {
    /// Send a stream header, and read the server's, with a new parser (RFC 6120 §4.3.3).
    OpenStream,
    /// Send an element.
    Send(Element),
    /// Shake hands; anything that came in behind `<proceed/>` in the clear must end the attempt.
    StartTls,
    /// The end: a new session.
    Bound {
        /// Our address in it.
        jid: FullJid,
        /// What stream management was granted; `None` if the server has none.
        granted: Option<Enabled>,
        /// A resumption was tried, and refused.
        refused: Option<Refused>,
    },
    /// The end: the old session goes on. The server handled `h` of our stanzas.
    Resumed {
        /// See [`Action::Resumed`].
        h: u32,
    },
}

impl std::fmt::Debug for Action {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OpenStream => formatter.write_str("OpenStream"),
            // Its content may be a proof of the password.
            Self::Send(element) => write!(formatter, "Send({})", element.name()),
            Self::StartTls => formatter.write_str("StartTls"),
            Self::Bound { refused, .. } => write!(formatter, "Bound({refused:?})"),
            Self::Resumed { h } => write!(formatter, "Resumed({h})"),
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
    /// The next element is `<stream:features/>`.
    Features(Stage),
    Proceed,
    Handshake,
    Sasl(Box<Authentication>),
    Resume,
    Bind,
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
pub struct Negotiation {
    login: Login,
    state: State,
    exporter: Option<Vec<u8>>,
    /// The server offers stream management (told with the features after login).
    managed: bool,
    refused: Option<Refused>,
}

impl Negotiation {
    /// An attempt that has not begun.
    pub fn new(login: Login) -> Self {
        Self { login, state: State::Start, exporter: None, managed: false, refused: None }
    }

    /// What to do about `input`. After an error, [`Action::Bound`] or [`Action::Resumed`] the attempt is over.
    pub fn handle(&mut self, input: Input<'_>) -> Result<Vec<Action>, SessionError> {
        let state = std::mem::replace(&mut self.state, State::End);
        match input {
            Input::Connected => match state {
                State::Start => Ok(self.open(Stage::Clear)),
                _ => Err(SessionError::Internal("connected twice")),
            },
            Input::Secured { exporter } => match state {
                State::Start | State::Handshake => {
                    self.exporter = exporter;
                    Ok(self.open(Stage::Secured))
                }
                _ => Err(SessionError::Internal("TLS came up at the wrong time")),
            },
            Input::Element(element) if element.is("error", xns::STREAM) => Err(stream_error(element)),
            Input::Element(element) => self.element(state, element),
        }
    }

    fn open(&mut self, stage: Stage) -> Vec<Action> {
        self.state = State::Features(stage);
        vec![Action::OpenStream]
    }

    fn element(&mut self, before: State, element: &Element) -> Result<Vec<Action>, SessionError> {
        match before {
            State::Features(stage) => {
                let features = Features::read(element).ok_or(SessionError::Protocol("no stream features"))?;
                match stage {
                    Stage::Clear => self.start_tls(&features),
                    Stage::Secured => self.authenticate(&features),
                    Stage::Authenticated => self.resume_or_bind(&features),
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
            State::Sasl(authentication) => self.sasl(authentication, element),
            State::Resume => self.resumed(element),
            State::Bind => self.bound(element),
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

    fn authenticate(&mut self, features: &Features) -> Result<Vec<Action>, SessionError> {
        let name =
            self.login.address.local().ok_or(SessionError::Configuration("an address without name"))?;
        let credentials =
            Credentials { name, password: &self.login.password, allow_plain: self.login.allow_plain };
        let (authentication, data) =
            Authentication::start(&credentials, &features.login, self.exporter.as_deref())?;
        let auth = sasl::Auth { mechanism: authentication.name().to_owned(), data };
        self.state = State::Sasl(Box::new(authentication));
        Ok(vec![send(auth)?])
    }

    fn sasl(
        &mut self,
        mut authentication: Box<Authentication>,
        element: &Element,
    ) -> Result<Vec<Action>, SessionError> {
        match sasl::Answer::read(element)? {
            sasl::Answer::Challenge(data) => {
                let data = authentication.challenge(&data)?;
                self.state = State::Sasl(authentication);
                Ok(vec![send(sasl::Response { data })?])
            }
            sasl::Answer::Success(data) => {
                authentication.success(&data)?;
                Ok(self.open(Stage::Authenticated))
            }
        }
    }

    fn resume_or_bind(&mut self, features: &Features) -> Result<Vec<Action>, SessionError> {
        self.managed = features.stream_management;
        match self.login.resume.take() {
            Some(resume) if self.managed => {
                self.state = State::Resume;
                Ok(vec![send(resume)?])
            }
            Some(_) => {
                self.refused = Some(Refused { h: None });
                self.bind()
            }
            None => self.bind(),
        }
    }

    fn resumed(&mut self, element: &Element) -> Result<Vec<Action>, SessionError> {
        if let Ok(resumed) = Resumed::try_from(element.clone()) {
            return Ok(vec![Action::Resumed { h: resumed.h }]);
        }
        match Failed::try_from(element.clone()) {
            Ok(failed) => {
                self.refused = Some(Refused { h: failed.h });
                self.bind()
            }
            Err(_) => Err(SessionError::Protocol("no answer to the resumption")),
        }
    }

    fn bind(&mut self) -> Result<Vec<Action>, SessionError> {
        self.state = State::Bind;
        let query = BindQuery::new(self.login.resource.clone());
        Ok(vec![send(Iq::from_set(BIND_ID, query))?])
    }

    fn bound(&mut self, element: &Element) -> Result<Vec<Action>, SessionError> {
        let Ok(iq) = Iq::try_from(element.clone()) else {
            return Err(SessionError::Protocol("no answer to the bind request"));
        };
        let payload = match iq {
            Iq::Result { id, payload: Some(payload), .. } if id == BIND_ID => payload,
            Iq::Error { id, .. } if id == BIND_ID => {
                return Err(SessionError::StreamError("the bind request was refused"));
            }
            _ => return Err(SessionError::Protocol("no answer to the bind request")),
        };
        let jid = BindResponse::try_from(payload)
            .ok()
            .and_then(|response| Jid::from(response).try_into_full().ok())
            .ok_or(SessionError::Protocol("a malformed bind result"))?;
        if Address::from(jid.to_bare()) != self.login.address {
            return Err(SessionError::Protocol("bound to another account"));
        }
        if !self.managed {
            return Ok(vec![Action::Bound { jid, granted: None, refused: self.refused }]);
        }
        self.state = State::Enable(jid);
        Ok(vec![send(Enable { resume: true })?])
    }

    fn enabled(&mut self, jid: FullJid, element: &Element) -> Result<Vec<Action>, SessionError> {
        if let Ok(granted) = Enabled::try_from(element.clone()) {
            return Ok(vec![Action::Bound { jid, granted: Some(granted), refused: self.refused }]);
        }
        if Failed::try_from(element.clone()).is_ok() {
            return Ok(vec![Action::Bound { jid, granted: None, refused: self.refused }]);
        }
        if matches!(element.name(), "message" | "presence" | "iq") && element.has_ns(xns::JABBER_CLIENT) {
            // We are bound, so anybody may write to us already. Nothing that matters is lost: presence was not sent, and
            // what concerns the account waits in its archive.
            self.state = State::Enable(jid);
            return Ok(Vec::new());
        }
        Err(SessionError::Protocol("no answer to stream management"))
    }
}

fn send<T>(value: T) -> Result<Action, SessionError>
where
    Element: TryFrom<T>,
{
    Element::try_from(value)
        .map(Action::Send)
        .map_err(|_| SessionError::Internal("an element that can't be written"))
}

#[cfg(test)]
mod tests;
