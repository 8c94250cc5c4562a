//! What may wait a moment, and goes out with the next thing that can't: see [`crate::timeouts::COMPANY`].

use tokio::time::Instant;

use super::Running;
use crate::encode;
use crate::stream_management::StreamManagement;

impl Running {
    /// The server is to be told what we have. What else is said before that is due takes it along, with all that is handled by
    /// then.
    pub(super) fn owe(&mut self) {
        self.owed = true;
        self.wait_for_company();
    }

    pub(super) fn wait_for_company(&mut self) {
        let by = Instant::now() + self.timeouts.company;
        self.company_by.get_or_insert(by);
    }

    pub(super) fn company_is_here(&mut self) {
        self.company_by = None;
        self.wire.hurry();
        if self.owed {
            self.say_handled();
        }
    }

    /// The server may forget what is handled.
    pub(super) fn say_handled(&mut self) {
        self.owed = false;
        let last = self.wire.managed.as_ref().map(StreamManagement::acknowledgement);
        if let Some(element) = last.and_then(|last| encode::element(last).ok()) {
            self.wire.nonza(element);
        }
    }
}
