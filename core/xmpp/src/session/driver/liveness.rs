//! Whether the server still hears us. What asks for an answer sets a deadline; any element that comes in is a sign of life.

use std::time::Duration;

use tokio::time::Instant;

use super::Running;
use crate::encode;
use crate::error::SessionError;
use crate::stream_management::AskAcknowledgement;

/// A deadline for a sign of life.
pub(super) struct Awaited {
    pub until: Instant,
    /// Bytes received when it was set: more of them are a sign of life too.
    pub received: u64,
}

impl Running {
    /// Asks for an acknowledgement of all that was sent before.
    pub(super) fn ask(&mut self) {
        if self.wire.managed.is_none() {
            return;
        }
        if let Ok(element) = encode::element(AskAcknowledgement) {
            self.wire.nonza(element);
            if self.unproven && !self.draining && self.asked == 0 {
                self.drained_by = Instant::now() + self.timeouts.acknowledgement;
            }
            self.asked = self.asked.saturating_add(1);
            self.await_sign(self.patience());
        }
    }

    /// Asks for any sign of life.
    pub(super) fn probe(&mut self) {
        self.probing = true;
        if self.wire.managed.is_some() {
            self.ask();
        } else {
            self.probes = self.probes.wrapping_add(1);
            if let Ok(element) = encode::iq::ping(&format!("heliograph-probe-{}", self.probes), None) {
                self.wire.stanza(element, None);
            }
        }
        self.await_sign(self.timeouts.probe);
    }

    /// The earlier deadline holds.
    pub(super) fn await_sign(&mut self, within: Duration) {
        let until = Instant::now() + within;
        let received = self.counters.read().bytes_down;
        if self.awaited.as_ref().is_none_or(|awaited| awaited.until > until) {
            self.awaited = Some(Awaited { until, received });
        }
    }

    /// After a sign of life: is there still something that was asked for?
    pub(super) fn still_awaited(&mut self) {
        if self.asked > 0 {
            self.await_sign(self.patience());
        }
    }

    /// How long to wait for an acknowledgement. What a resumed session has to bring comes by itself, so silence says more; and
    /// what comes without an answer says that we are not heard.
    pub(super) fn patience(&self) -> Duration {
        if self.unproven {
            self.timeouts.probe.min(self.drained_by.saturating_duration_since(Instant::now()))
        } else {
            self.timeouts.acknowledgement
        }
    }

    /// The deadline passed. Half of a large stanza is a sign of life as well.
    pub(super) fn overdue(&mut self) -> Result<(), SessionError> {
        let now = self.counters.read().bytes_down;
        match self.awaited.take() {
            Some(awaited)
                if awaited.received != now && !(self.unproven && Instant::now() >= self.drained_by) =>
            {
                self.await_sign(self.patience());
                Ok(())
            }
            _ => Err(SessionError::NoAnswer("waiting for a sign of life")),
        }
    }
}
