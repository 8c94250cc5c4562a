//! After the sign-in: resuming a session or binding a resource (RFC 6120 §7), and managing it (XEP-0198).

use heliograph_model::stanza::Granted;
use jid::{FullJid, Jid};
use minidom::Element;
use xmpp_parsers::bind::{BindQuery, BindResponse};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::ns as xns;

use super::{Action, BIND_ID, Features, Negotiation, Refused, Stage, State, send};
use crate::error::SessionError;
use crate::stream_management::{Enable, Enabled, Failed, Resumed};

impl Negotiation<'_> {
    /// The stream header after SASL, with what comes next behind it if memory has what that takes.
    pub(super) fn open_authenticated(&mut self) -> Result<Vec<Action>, SessionError> {
        let mut ahead = Vec::new();
        let mut then = None;
        if self.met().after.is_some() {
            for action in self.resume_or_bind()? {
                match action {
                    Action::Send(element) => ahead.push(element),
                    _ => return Err(SessionError::Internal("nothing else can go ahead")),
                }
            }
            self.ahead = true;
            then = Some(Box::new(std::mem::replace(&mut self.state, State::End)));
        }
        self.state = State::Features { stage: Stage::Authenticated, then };
        Ok(vec![Action::OpenStream { named: true, ahead }])
    }

    /// The server offers stream management.
    fn managed(&self) -> bool {
        self.met().after.as_ref().is_some_and(|features| features.stream_management)
    }

    pub(super) fn resume_or_bind(&mut self) -> Result<Vec<Action>, SessionError> {
        match self.login.resume.take() {
            Some(resume) if self.managed() => {
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

    pub(super) fn resumed(&mut self, element: &Element) -> Result<Vec<Action>, SessionError> {
        if let Ok(resumed) = Resumed::try_from(element.clone()) {
            return Ok(vec![self.resumption(&resumed)]);
        }
        match Failed::try_from(element.clone()) {
            Ok(failed) => {
                self.refused = Some(Refused { h: failed.h });
                self.bind()
            }
            Err(_) => Err(SessionError::Protocol("no answer to the resumption")),
        }
    }

    /// Both at once: a server takes one after the other.
    pub(super) fn bind(&mut self) -> Result<Vec<Action>, SessionError> {
        let enabling = self.managed();
        self.state = State::Bind { enabling };
        let query = BindQuery::new(self.login.resource.clone());
        let mut actions = vec![send(Iq::from_set(BIND_ID, query))?];
        if enabling {
            actions.push(send(Enable { resume: true })?);
        }
        Ok(actions)
    }

    pub(super) fn bound(&mut self, enabling: bool, element: &Element) -> Result<Vec<Action>, SessionError> {
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
        self.check_account(&Jid::from(jid.clone()))?;
        if !enabling && !self.managed() {
            return Ok(vec![self.session(jid, None, false, None)]);
        }
        self.state = State::Enable(jid);
        // It did not go out with the bind request if memory knew of none.
        if enabling { Ok(Vec::new()) } else { Ok(vec![send(Enable { resume: true })?]) }
    }

    pub(super) fn enabled(&mut self, jid: FullJid, element: &Element) -> Result<Vec<Action>, SessionError> {
        if let Ok(enabled) = Enabled::try_from(element.clone()) {
            return Ok(vec![self.session(jid, Some(enabled), false, None)]);
        }
        if Failed::try_from(element.clone()).is_ok() {
            return Ok(vec![self.session(jid, None, false, None)]);
        }
        if matches!(element.name(), "message" | "presence" | "iq") && element.has_ns(xns::JABBER_CLIENT) {
            // We are bound, so anybody may write to us already. Nothing that matters is lost: presence was not sent, and
            // what concerns the account waits in its archive.
            self.state = State::Enable(jid);
            return Ok(Vec::new());
        }
        Err(SessionError::Protocol("no answer to stream management"))
    }

    pub(super) fn session(
        &self,
        jid: FullJid,
        managed: Option<Enabled>,
        carbons: bool,
        early: Option<Element>,
    ) -> Action {
        Action::Bound { jid, managed, refused: self.refused, granted: self.granted(false, carbons), early }
    }

    pub(super) fn resumption(&self, resumed: &Resumed) -> Action {
        Action::Resumed { h: resumed.h, granted: self.granted(true, false), asked: self.asked }
    }

    /// The features after the sign-in say it; a session that was resumed by SASL2 sees none, and has them from memory. Limits
    /// that are not told anew (Prosody 13 does not after SASL2) are those of before (XEP-0478 §4).
    pub(super) fn granted(&self, resumed: bool, carbons: bool) -> Granted {
        let (before, after) = (self.met().before.as_ref(), self.met().after.as_ref());
        let limit = |of: fn(&Features) -> Option<u32>| after.and_then(of).or_else(|| before.and_then(of));
        Granted {
            resumed,
            carbons,
            client_state: after.is_some_and(|features| features.client_state),
            stanza_bytes: limit(|features| features.stanza_bytes),
            idle_seconds: limit(|features| features.idle_seconds),
            login: self.path,
            pipelined: self.pipelined,
            ..Granted::default()
        }
    }
}
