//! Push (XEP-0357): the app's wish to be woken, and how the server hears of it.
//!
//! The wish is a row of `push_registration` and survives everything. Servers bind a registration to the session that asked
//! for it as well as to the account (Prosody takes a session that did not ask for one that needs a push for every message),
//! so each fresh session asks again, before anything else that takes long; a resumed session asks only for what is not
//! confirmed yet. A place that is no longer wanted stays as a row until the server has taken it back.
//!
//! What is handed to the server are the app server's own opaque values. Nothing of a message is among them; what a server
//! puts into an announcement is its own affair, and what it could put in of an encrypted message is the fallback text.

use heliograph_model::stanza::{Request, Response, StanzaErrorCondition};
use heliograph_model::{Error, ErrorCode, PushState, PushTarget};
use heliograph_store::account;
use heliograph_store::push::{self, PushRegistration};

use crate::error::EngineError;
use crate::input::Reply;
use crate::live::{Asked, Purpose};
use crate::step::Step;
use crate::wish::{decode, encode};

/// The feature of an account whose server announces (XEP-0357 §4.1).
pub(crate) const FEATURE: &str = "urn:xmpp:push:0";

/// How far push has got, from [`push::list`].
pub fn push_state(registrations: &[PushRegistration]) -> Result<PushState, EngineError> {
    let Some(registration) = registrations.iter().find(|registration| registration.wanted) else {
        return Ok(if registrations.is_empty() { PushState::Off } else { PushState::Stopping });
    };
    let target = target_of(registration)?;
    Ok(match registration.failure {
        Some(code) => PushState::Refused(target, code),
        None if registration.confirmed => PushState::On(target),
        None => PushState::Pending(target),
    })
}

fn target_of(registration: &PushRegistration) -> Result<PushTarget, EngineError> {
    let (service, node) = (registration.service.clone(), registration.node.clone());
    Ok(PushTarget { service, node, options: decode(&registration.options)? })
}

impl Step<'_> {
    pub(crate) fn enable_push(&mut self, target: &PushTarget) -> Result<Result<Reply, Error>, EngineError> {
        if let Err(error) = target.check() {
            return Ok(Err(error));
        }
        let options = encode(&target.options)?;
        let mut told = false;
        for row in push::list(self.tx)? {
            if (&row.service, &row.node) == (&target.service, &target.node) {
                if row.wanted && row.options == options && row.failure.is_none() {
                    return Ok(Ok(Reply::Done));
                }
                told = row.told;
            } else if row.wanted {
                self.take_back(&row)?;
            }
        }
        push::put(self.tx, &target.service, &target.node, &options, true, told)?;
        self.settle_push()?;
        Ok(Ok(Reply::Done))
    }

    pub(crate) fn disable_push(&mut self) -> Result<Result<Reply, Error>, EngineError> {
        if let Some(row) = push::wanted(self.tx)? {
            self.take_back(&row)?;
            self.settle_push()?;
        }
        Ok(Ok(Reply::Done))
    }

    /// The app no longer wants it. What goes with it to the app server is forgotten at once.
    fn take_back(&mut self, row: &PushRegistration) -> Result<(), EngineError> {
        if row.told {
            Ok(push::put(self.tx, &row.service, &row.node, &[], false, true)?)
        } else {
            Ok(push::remove(self.tx, row.id)?)
        }
    }

    /// A session that knows nothing of us yet: everything has to be said again.
    pub(crate) fn begin_push(&mut self) -> Result<(), EngineError> {
        push::forget_answers(self.tx)?;
        self.settle_push()
    }

    /// Asks the server for what it has not confirmed and is not being asked for.
    pub(crate) fn settle_push(&mut self) -> Result<(), EngineError> {
        self.note_push()?;
        if !self.online() {
            return Ok(());
        }
        for row in push::list(self.tx)? {
            let asked = |asked: &Asked| matches!(asked.purpose, Purpose::Push(id) if id == row.id);
            if row.confirmed || row.failure.is_some() || self.live.session.requests.values().any(asked) {
                continue;
            }
            let request = if !row.wanted {
                Request::DisablePush { service: row.service, node: row.node }
            } else if self.facts.push == Some(true) {
                push::set_told(self.tx, row.id)?;
                Request::EnablePush(target_of(&row)?)
            } else {
                // XEP-0357 §4.1: look first. Also where it could not once: servers learn.
                self.ask_account_features();
                continue;
            };
            self.request(request, Purpose::Push(row.id));
        }
        Ok(())
    }

    /// Whether the server of this session will wake us, which decides how the link is looked after.
    fn note_push(&mut self) -> Result<(), EngineError> {
        self.live.pushed = push::wanted(self.tx)?.is_some_and(|row| row.confirmed);
        Ok(())
    }

    /// What our account can do, unless that is being asked.
    pub(crate) fn ask_account_features(&mut self) {
        let asked = |asked: &Asked| matches!(asked.purpose, Purpose::AccountFeatures);
        if !self.live.session.requests.values().any(asked) {
            self.request(Request::Features { of: self.account.address.clone() }, Purpose::AccountFeatures);
        }
    }

    /// The server has said what our account can do, or that it does not say (`None`).
    pub(crate) fn push_discovered(&mut self, offered: Option<bool>) -> Result<(), EngineError> {
        if offered == Some(true) {
            return self.settle_push();
        }
        match push::wanted(self.tx)?.filter(|row| !row.confirmed) {
            Some(row) => Ok(push::set_failure(self.tx, row.id, ErrorCode::PushUnavailable)?),
            None => Ok(()),
        }
    }

    /// The answer about one place.
    pub(crate) fn push_answered(&mut self, id: i64, response: &Response) -> Result<(), EngineError> {
        // What the app has changed meanwhile is another row, with a request of its own.
        let Some(row) = push::list(self.tx)?.into_iter().find(|row| row.id == id) else { return Ok(()) };
        match response {
            // The next session asks again.
            Response::Error(error) if error.wait => Ok(()),
            Response::Error(error) if row.wanted => {
                if error.condition == StanzaErrorCondition::ServiceUnavailable {
                    self.facts.push = Some(false);
                    account::set_facts(self.tx, &self.facts)?;
                }
                Ok(push::set_failure(self.tx, id, refusal(error.condition))?)
            }
            // Taken back, or there was nothing to take back.
            _ if !row.wanted => Ok(push::remove(self.tx, id)?),
            _ => {
                push::set_confirmed(self.tx, id)?;
                self.note_push()
            }
        }
    }
}

fn refusal(condition: StanzaErrorCondition) -> ErrorCode {
    match condition {
        StanzaErrorCondition::Forbidden | StanzaErrorCondition::NotAllowed => ErrorCode::Forbidden,
        StanzaErrorCondition::PolicyViolation => ErrorCode::QuotaExceeded,
        _ => ErrorCode::PushUnavailable,
    }
}
