//! What may wait a moment, and goes out with the next thing that can't: see [`crate::timeouts::COMPANY`].

use std::time::Duration;

use minidom::Element;
use tokio::time::Instant;

use super::Running;
use crate::encode;
use crate::stream_management::StreamManagement;

/// How many times as long as one silence it may take until a burst is over: well below what makes servers wonder.
const BURST: u32 = 10;

/// Until when something waits.
pub(super) struct Company {
    until: Instant,
    latest: Instant,
}

impl Company {
    fn wait(silence: Duration) -> Self {
        let now = Instant::now();
        Self { until: now + silence, latest: now + silence * BURST }
    }

    /// What still comes in will be answered as well.
    pub(super) fn more_came(&mut self, silence: Duration) {
        self.until = (Instant::now() + silence).min(self.latest);
    }

    pub(super) fn until(&self) -> Instant {
        self.until
    }
}

impl Running {
    /// The server is to be told what we have. What else is said before that is due takes it along, with all that is handled by
    /// then.
    pub(super) fn owe(&mut self) {
        self.owed = true;
        self.wait_for_company();
    }

    pub(super) fn wait_for_company(&mut self) {
        let silence = self.timeouts.company;
        self.company.get_or_insert_with(|| Company::wait(silence));
    }

    pub(super) fn company_is_here(&mut self) {
        self.company = None;
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

/// Whether it answers somebody else's question (RFC 6120 §8.2.3).
pub(super) fn is_answer(stanza: &Element) -> bool {
    stanza.name() == "iq" && matches!(stanza.attr("type"), Some("result" | "error"))
}
