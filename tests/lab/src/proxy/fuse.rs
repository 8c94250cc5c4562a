//! A failure that comes when a number of bytes has been carried: a random moment that is the same on every machine.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{Failure, Wire};

/// What was planned.
struct Planned {
    /// Bytes that may still pass.
    left: u64,
    failure: Failure,
}

/// See the module.
pub(super) struct Fuse {
    wire: Arc<watch::Sender<Wire>>,
    planned: Mutex<Option<Planned>>,
    lit: watch::Sender<bool>,
}

impl Fuse {
    pub(super) fn new(wire: Arc<watch::Sender<Wire>>) -> Self {
        Self { wire, planned: Mutex::default(), lit: watch::Sender::new(false) }
    }

    pub(super) fn light(&self, bytes: u64, failure: Failure) {
        *self.planned() = Some(Planned { left: bytes, failure });
        self.lit.send_replace(true);
    }

    pub(super) async fn blown(&self) {
        // The sender is in this value, so waiting can't fail.
        let _ = self.lit.subscribe().wait_for(|lit| !lit).await;
    }

    /// How many of `bytes` may still pass, at least one. With the last one the failure comes: these still pass, as if they
    /// had been on the wire already, and what follows them meets it.
    pub(super) fn pass(&self, bytes: usize) -> usize {
        let mut planned = self.planned();
        let Some(plan) = planned.as_mut() else { return bytes };
        let passing = usize::try_from(plan.left).map_or(bytes, |left| bytes.min(left.max(1)));
        plan.left = plan.left.saturating_sub(passing as u64);
        if plan.left == 0 {
            let failure = plan.failure;
            *planned = None;
            self.wire.send_modify(|wire| wire.fail(failure));
            self.lit.send_replace(false);
        }
        passing
    }

    fn planned(&self) -> MutexGuard<'_, Option<Planned>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
