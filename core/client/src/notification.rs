//! What an app shows when it is not looked at.

use heliograph_model::{Error, Timestamp};
use heliograph_store::message::Message;
use heliograph_store::{account, inbox};

use crate::conversation::Conversation;
use crate::shared::Shared;

/// Messages of one conversation that are shown at once at most: no system shows more of them (Android keeps 25).
const MESSAGES_MAX: usize = 25;

/// A conversation with unread messages, as a notification in the style of a conversation shows it.
#[derive(Debug, Clone)]
pub struct Notification {
    /// The conversation; its [`unread`](Conversation::unread) counts all, also those that are not here.
    pub conversation: Conversation,
    /// The newest of its unread messages of others, oldest first; never empty.
    pub messages: Vec<Message>,
}

/// By how much the server's dates may lie behind this device's, in milliseconds: its clock is its own, and Prosody's archive
/// writes whole seconds. What is announced wrongly within a minute is worth less than what would be missed.
const CLOCKS_APART: i64 = 60_000;

/// See [`Client::notifications`](crate::Client::notifications).
pub(crate) fn all(shared: &Shared, per_conversation: usize) -> Result<Vec<Notification>, Error> {
    let limit = per_conversation.clamp(1, MESSAGES_MAX);
    shared.read(|database| {
        // What was said before this device had the account is history here, and nobody's news.
        let since = account::load(database)?.map_or(Timestamp(i64::MIN), |account| {
            Timestamp(account.created_at.0.saturating_sub(CLOCKS_APART))
        });
        let mut notifications = Vec::new();
        for listed in inbox::list(database)? {
            if listed.conversation.unread == 0 {
                continue;
            }
            let messages = inbox::unread(database, listed.conversation.id, since, limit)?;
            if !messages.is_empty() {
                notifications.push(Notification { conversation: listed.into(), messages });
            }
        }
        Ok(notifications)
    })
}
