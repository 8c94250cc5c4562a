//! A conversation as an app shows it in its list.

use heliograph_model::{
    Address, ConversationId, ConversationKind, DeliveryState, ErrorCode, Security, Timestamp, name,
};
use heliograph_store::conversation::ConversationState;
use heliograph_store::inbox::{Listed, Newest};
use heliograph_store::message::Sender;

/// A conversation. A later copy with a higher [`revision`](Self::revision) replaces an earlier one.
#[derive(Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Names it on this device; stable.
    pub id: ConversationId,
    /// What it is.
    pub kind: ConversationKind,
    /// The contact, or the room. At most one conversation for each.
    pub address: Address,
    /// What the group calls itself.
    pub name: Option<String>,
    /// What to call it: its name, or else that of the contact or room as its address has it (see [`heliograph_model::name`]).
    pub title: String,
    /// Whether what is sent now is encrypted.
    pub security: Security,
    /// Whether one can send.
    pub state: ConversationState,
    /// Why something needs attention.
    pub failure: Option<ErrorCode>,
    /// Whether we may invite others into it and remove them: in an encrypted group that we own and are in.
    pub may_change_members: bool,
    /// When it was made on this device.
    pub created_at: Timestamp,
    /// Incoming messages after the read marker.
    pub unread: u64,
    /// Time of the newest message.
    pub last_activity: Option<Timestamp>,
    /// What the user has typed and not sent ([`Client::set_draft`](crate::Client::set_draft)); empty if there is nothing.
    pub draft: String,
    /// The last message of its timeline.
    pub preview: Option<Preview>,
    /// Of the last change to anything here, the newest message's state included.
    pub revision: u64,
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Conversation")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("security", &self.security)
            .field("state", &self.state)
            .field("failure", &self.failure)
            .field("unread", &self.unread)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// The last message of a timeline, for the line of its conversation in the list.
#[derive(Clone, PartialEq, Eq)]
pub struct Preview {
    /// How it begins, in one line: at most 256 characters, with a single space wherever there were spaces, line ends or
    /// control characters.
    pub text: String,
    /// Who wrote it.
    pub sender: Sender,
    /// Whether that is us.
    pub outgoing: bool,
    /// How far it has got.
    pub state: DeliveryState,
    /// When it was sent, as the server noted it.
    pub sent_at: Timestamp,
}

impl std::fmt::Debug for Preview {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Preview({:?}, outgoing: {})", self.state, self.outgoing)
    }
}

impl From<Newest> for Preview {
    fn from(newest: Newest) -> Self {
        Self {
            text: one_line(&newest.text),
            sender: newest.sender,
            outgoing: newest.outgoing,
            state: newest.state,
            sent_at: newest.sent_at,
        }
    }
}

impl From<Listed> for Conversation {
    fn from(listed: Listed) -> Self {
        let stored = listed.conversation;
        Self {
            title: name::title(stored.name.as_deref(), &stored.address),
            id: stored.id,
            kind: stored.kind,
            address: stored.address,
            name: stored.name,
            security: stored.security,
            state: stored.state,
            failure: stored.failure,
            may_change_members: stored.owned
                && matches!(stored.state, ConversationState::Preparing | ConversationState::Active),
            created_at: stored.created_at,
            unread: stored.unread,
            last_activity: stored.last_activity,
            draft: listed.draft,
            preview: listed.newest.map(Into::into),
            revision: stored.revision,
        }
    }
}

fn one_line(text: &str) -> String {
    let separates = |character: char| character.is_whitespace() || character.is_control();
    let words: Vec<&str> = text.split(separates).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::one_line;
    use crate::testing::client;

    #[tokio::test(flavor = "multi_thread")]
    async fn only_a_group_of_ours_lets_us_change_its_members() {
        let folder = TempDir::new().unwrap();
        let client = client(&folder);
        let ben = "ben@example.org".parse().unwrap();
        let chat = client.start_chat(&ben).await.unwrap();
        let group = client.create_group("Ridge", &[ben]).await.unwrap();
        let lobby = client.join_room(&"lobby@muc.example.org".parse().unwrap(), "ana").await.unwrap();
        let may = |id| client.conversation(id).unwrap().may_change_members;
        assert_eq!([chat, group, lobby].map(may), [false, true, false]);
    }

    #[test]
    fn a_preview_is_one_line() {
        assert_eq!(one_line("  the bridge\n\n is\u{1b}open\u{2028}\tagain "), "the bridge is open again");
        assert_eq!(one_line("\n\0"), "");
    }
}
