//! What signs us in, and what is remembered of the server: on disk before it is used.

use heliograph_model::Error;
use heliograph_sync::{ConnectionState, Input};
use heliograph_xmpp::session::ServerMemory;
use zeroize::Zeroizing;

use super::Driver;
use crate::account::{self, AccountConfig};
use crate::crash::{self, Place};
use crate::server_memory;

impl Driver {
    /// The memory for one session, whose use of the token is on disk before it begins.
    pub(super) fn reserved(&mut self) -> Option<ServerMemory> {
        let mut memory = self.memory.clone()?;
        if memory.reserve() && self.remember(memory.clone()).is_err() {
            memory.forget_token();
        }
        Some(memory)
    }

    /// Commits what is to be remembered of the server. If that fails, the older memory stays, and serves as well.
    pub(super) fn remember(&mut self, memory: ServerMemory) -> Result<(), Error> {
        crash::here(Place::BeforeRemember);
        let kept = server_memory::keep(&mut self.engine, &memory);
        crash::here(Place::AfterRemember);
        match &kept {
            Ok(()) => self.memory = Some(memory),
            Err(error) => tracing::warn!(code = error.code.as_str(), "the server could not be remembered"),
        }
        kept
    }

    pub(super) fn forget_server(&mut self) -> Result<(), Error> {
        let Some(mut memory) = self.memory.clone() else { return Ok(()) };
        memory.forget_server();
        self.remember(memory)
    }

    pub(super) fn set_password(&mut self, password: Zeroizing<String>) -> Result<(), Error> {
        // A token would let us in whether the password is right or not.
        if let Some(mut memory) = self.memory.clone() {
            memory.forget_token();
            self.remember(memory)?;
        }
        let account = AccountConfig { password, ..self.account.clone() };
        account::keep(&mut self.engine, &account)?;
        self.account = account;
        let connecting = self.shared.connection.borrow().state == ConnectionState::Connecting;
        if connecting && self.session.as_ref().is_some_and(|session| !session.leaving) {
            // With the old one; its refusal would be taken for the new one's.
            self.leave(false);
            self.connect();
        } else {
            self.tell(Input::Start);
        }
        Ok(())
    }
}
