//! When a client that sleeps has to be woken. What decides is written in `policy/sleep.rs`.

use heliograph_model::{PushState, Timestamp};
use heliograph_store::{intent, outbox, push};

use crate::connection::may_be_the_networks;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::live::{Link, Live};
use crate::policy::sleep::Sleeper;
use crate::push::push_state;

impl Engine {
    /// When this client should be woken if it sleeps from `now` on; `None`: not before somebody uses it. To be asked while it
    /// still knows why it has no connection, before [`Input::Suspend`](crate::Input::Suspend).
    pub fn next_catch_up(&self, now: Timestamp) -> Result<Option<Timestamp>, EngineError> {
        if is_beyond_cure(self.live()) {
            return Ok(None);
        }
        let (nothing_to_send, registrations) = self.readers().read(|database| {
            let nothing = outbox::is_empty(database)? && intent::all(database)?.is_empty();
            Ok((nothing, push::list(database)?))
        })?;
        let sleeper = Sleeper {
            unsent: !nothing_to_send,
            push: matches!(push_state(&registrations)?, PushState::On(_)),
            saving: self.live().saves_power(),
        };
        Ok(Some(now.plus(sleeper.sleeps())))
    }
}

/// Sleeping changes nothing about a wrong password. What another network may cure is tried from there.
fn is_beyond_cure(live: &Live) -> bool {
    live.link == Link::Stopped && !live.error.as_ref().is_some_and(|error| may_be_the_networks(error.code))
}
