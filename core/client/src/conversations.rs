//! The list of conversations.

use std::sync::Arc;

use heliograph_model::Error;
use heliograph_store::inbox;
use tokio::sync::watch;

use crate::conversation::Conversation;
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
        let all: Vec<_> = self.shared.read(inbox::list)?.into_iter().map(Conversation::from).collect();
        self.seen(&all);
        Ok(all)
    }

    /// Those that are new or changed since the last call, also in what they show of their newest message; waits until there
    /// are any.
    pub async fn next(&mut self) -> Result<Vec<Conversation>, Error> {
        let since = self.revision;
        let changed = self
            .shared
            .wait_for(&mut self.ticks, |database| {
                let changed = inbox::changed_since(database, since)?;
                Ok((!changed.is_empty()).then_some(changed))
            })
            .await?;
        let changed: Vec<_> = changed.into_iter().map(Conversation::from).collect();
        self.seen(&changed);
        Ok(changed)
    }

    fn seen(&mut self, conversations: &[Conversation]) {
        let newest = conversations.iter().map(|conversation| conversation.revision).max();
        self.revision = self.revision.max(newest.unwrap_or_default());
    }
}
