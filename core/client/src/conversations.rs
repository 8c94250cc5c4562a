//! The list of conversations.

use std::sync::Arc;

use heliograph_model::Error;
use heliograph_store::conversation::{self, Conversation};
use tokio::sync::watch;

use crate::shared::Shared;

/// A subscription to the list of conversations.
pub struct Conversations {
    pub(crate) shared: Arc<Shared>,
    pub(crate) ticks: watch::Receiver<u64>,
    pub(crate) revision: u64,
}

impl Conversations {
    /// All of them, the one with the newest activity first. [`Self::next`] goes on from here.
    pub fn snapshot(&mut self) -> Result<Vec<Conversation>, Error> {
        let all = self.shared.read(conversation::list)?;
        self.seen(&all);
        Ok(all)
    }

    /// Those that are new or changed since the last call; waits until there are any.
    pub async fn next(&mut self) -> Result<Vec<Conversation>, Error> {
        let since = self.revision;
        let changed = self
            .shared
            .wait_for(&mut self.ticks, |database| {
                let mut all = conversation::list(database)?;
                all.retain(|conversation| conversation.revision > since);
                Ok((!all.is_empty()).then_some(all))
            })
            .await?;
        self.seen(&changed);
        Ok(changed)
    }

    fn seen(&mut self, conversations: &[Conversation]) {
        let newest = conversations.iter().map(|conversation| conversation.revision).max();
        self.revision = self.revision.max(newest.unwrap_or_default());
    }
}
