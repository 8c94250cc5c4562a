//! Being woken by the server while this device sleeps (XEP-0357).

use std::sync::Arc;

use heliograph_model::{Error, PushState};
use heliograph_store::push;
use heliograph_sync::push_state;
use tokio::sync::watch;

use crate::shared::Shared;

/// How far push has got, by what is stored.
pub(crate) fn state(shared: &Shared) -> Result<PushState, Error> {
    Ok(push_state(&shared.read(push::list)?)?)
}

/// A subscription to how far push has got.
pub struct PushChanges {
    pub(crate) shared: Arc<Shared>,
    pub(crate) ticks: watch::Receiver<u64>,
    pub(crate) last: Option<PushState>,
}

impl PushChanges {
    /// How far it is, once that differs from the last answer; at once the first time.
    pub async fn next(&mut self) -> Result<PushState, Error> {
        loop {
            let stored =
                self.shared.wait_for(&mut self.ticks, |database| push::list(database).map(Some)).await?;
            let state = push_state(&stored)?;
            if self.last.as_ref() != Some(&state) {
                self.last = Some(state.clone());
                return Ok(state);
            }
            self.ticks.changed().await.map_err(|_| crate::shared::closed())?;
        }
    }
}
