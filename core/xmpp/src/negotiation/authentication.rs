//! Proving who we are, by SASL2 (XEP-0388) or SASL (RFC 6120 §6), and having the server prove itself.

use heliograph_model::Address;
use heliograph_model::stanza::LoginPath;
use jid::Jid;
use minidom::Element;

use super::attempt::Attempt;
use super::{Action, Negotiation, Refused, Stage, State, sasl, sasl2, send};
use crate::error::SessionError;
use crate::fast::Token;
use crate::mechanism::prepared;
use crate::scram::Hash;

impl Negotiation<'_> {
    pub(super) fn authenticate(&mut self) -> Result<Vec<Action>, SessionError> {
        let (attempt, first) = self.plan()?;
        self.state = State::SignIn(Box::new(attempt));
        Ok(vec![Action::Send(first)])
    }

    pub(super) fn sasl(
        &mut self,
        mut attempt: Box<Attempt>,
        element: &Element,
    ) -> Result<Vec<Action>, SessionError> {
        match sasl::Answer::read(element)? {
            sasl::Answer::Challenge(data) => {
                let data = attempt.challenge(&data, self.seen()?)?;
                self.state = State::SignIn(attempt);
                Ok(vec![send(sasl::Response { data })?])
            }
            sasl::Answer::Success(data) => {
                attempt.success(&data)?;
                self.signed_in(&attempt);
                self.open_authenticated()
            }
            sasl::Answer::Failure(error) => self.refused(&attempt, error),
        }
    }

    pub(super) fn sasl2(
        &mut self,
        mut attempt: Box<Attempt>,
        element: &Element,
    ) -> Result<Vec<Action>, SessionError> {
        match sasl2::Answer::read(element)? {
            sasl2::Answer::Challenge(data) => {
                let data = attempt.challenge(&data, self.seen()?)?;
                self.state = State::SignIn(attempt);
                Ok(vec![send(sasl2::Response { data })?])
            }
            sasl2::Answer::Continue { data, tasks } => {
                attempt.success(&data)?;
                let (hash, task) = attempt.upgrade(&tasks).ok_or(SessionError::UnknownTask)?;
                self.state = State::Upgrade(attempt, hash);
                Ok(vec![send(sasl2::Next { task })?])
            }
            sasl2::Answer::Success(success) => {
                attempt.success(&success.data)?;
                self.signed_in(&attempt);
                self.succeeded(&attempt, *success)
            }
            sasl2::Answer::Failure(error) => self.refused(&attempt, error),
            sasl2::Answer::Salt(_) => Err(SessionError::Protocol("no answer to the login")),
        }
    }

    pub(super) fn upgrade(
        &mut self,
        attempt: Box<Attempt>,
        hash: Hash,
        element: &Element,
    ) -> Result<Vec<Action>, SessionError> {
        let sasl2::Answer::Salt(salted) = sasl2::Answer::read(element)? else {
            return Err(SessionError::Protocol("no salt for the upgrade"));
        };
        let data = hash.salted(&prepared(&self.login.password)?, &salted).to_vec();
        self.state = State::SignIn(attempt);
        Ok(vec![send(sasl2::TaskData { hash: sasl2::SaltedHash { data } })?])
    }

    fn signed_in(&mut self, attempt: &Attempt) {
        self.ahead = false;
        self.path = attempt.path();
        attempt.learn(self.met_mut());
    }

    /// The sign-in was refused. A token is given up, and a sign-in that went ahead is put right; a password is tried once.
    fn refused(&mut self, attempt: &Attempt, error: SessionError) -> Result<Vec<Action>, SessionError> {
        let went_ahead = std::mem::take(&mut self.ahead);
        self.pipelined = false;
        // It came before there was anything to acknowledge. Some servers close the stream for it; then the next attempt, which
        // has no token, asks nothing ahead.
        self.asked = false;
        if error == SessionError::TemporaryRefusal {
            return Err(error);
        }
        let by_token = attempt.path() == LoginPath::Fast;
        if by_token {
            // XEP-0484 §4.1: whatever the reason.
            self.memory.token = None;
        }
        if !by_token && !went_ahead {
            return Err(error);
        }
        let (again, first) = self.plan()?;
        if again.is_like(attempt) {
            return Err(error);
        }
        self.state = State::SignIn(Box::new(again));
        Ok(vec![Action::Send(first)])
    }

    /// What came with the success of SASL2.
    fn succeeded(&mut self, attempt: &Attempt, success: sasl2::Success) -> Result<Vec<Action>, SessionError> {
        self.check_account(&success.jid)?;
        if let (Some(binding), Some((secret, expires))) = (attempt.token, success.token)
            && let Some(token) = Token::new(binding, secret, expires)
        {
            self.memory.token = Some(token);
        }
        if let Some(resumed) = success.resumed {
            if !attempt.resumes {
                return Err(SessionError::Protocol("resumed what was not asked for"));
            }
            return Ok(vec![self.resumption(&resumed)]);
        }
        if attempt.resumes {
            self.login.resume = None;
            self.refused = Some(Refused { h: success.failed.and_then(|failed| failed.h) });
        }
        match (success.bound, attempt.bind) {
            (Some(sasl2::Bound::Done { stream_management }), Some(asked)) => {
                let jid = success
                    .jid
                    .try_into_full()
                    .map_err(|_| SessionError::Protocol("bound to no resource"))?;
                self.state = State::Settled { jid, managed: stream_management, carbons: asked.carbons };
            }
            (Some(sasl2::Bound::Refused), _) => {
                return Err(SessionError::StreamError("the bind request was refused"));
            }
            _ => self.state = State::Features { stage: Stage::Authenticated, then: None },
        }
        Ok(Vec::new())
    }

    pub(super) fn check_account(&self, jid: &Jid) -> Result<(), SessionError> {
        if Address::from(jid.to_bare()) == self.login.address {
            Ok(())
        } else {
            Err(SessionError::Protocol("bound to another account"))
        }
    }
}
