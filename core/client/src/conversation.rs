//! A conversation as an app shows it in its list.

use heliograph_model::{
    Address, ConversationId, ConversationKind, DeliveryState, ErrorCode, Security, Timestamp, name, text,
};
use heliograph_store::conversation::ConversationState;
use heliograph_store::inbox::{BEGINNING, Listed, Newest};
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
    /// How far it is set up, and whether we are in it.
    pub state: ConversationState,
    /// Whether something can be written in it now: where we left, or it failed, nothing can.
    pub may_write: bool,
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
    /// How that begins, on one line like [`Preview::text`]; `None` where there is nothing to see in it.
    pub draft_line: Option<String>,
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
    /// How it begins, on one line ([`text::one_line`]): at most 256 characters.
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
            text: text::one_line(&newest.text),
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
        let may_write = matches!(stored.state, ConversationState::Preparing | ConversationState::Active);
        Self {
            title: name::title(stored.name.as_deref(), &stored.address),
            id: stored.id,
            kind: stored.kind,
            address: stored.address,
            name: stored.name,
            security: stored.security,
            state: stored.state,
            failure: stored.failure,
            may_write,
            may_change_members: stored.owned && may_write,
            created_at: stored.created_at,
            unread: stored.unread,
            last_activity: stored.last_activity,
            draft_line: draft_line(&listed.draft),
            draft: listed.draft,
            preview: listed.newest.map(Into::into),
            revision: stored.revision,
        }
    }
}

fn draft_line(draft: &str) -> Option<String> {
    // Of a draft that is as long as it may be, no more is shown than of a message.
    let draft = draft.trim_start();
    let end = draft.char_indices().nth(BEGINNING).map_or(draft.len(), |(end, _)| end);
    let line = text::one_line(draft.get(..end).unwrap_or(draft));
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use heliograph_model::{Contact, ConversationKind};
    use tempfile::TempDir;

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

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_being_written_is_seen_on_one_line_if_there_is_anything_to_see() {
        let folder = TempDir::new().unwrap();
        let client = client(&folder);
        let chat = client.start_chat(&"ben@example.org".parse().unwrap()).await.unwrap();
        for (draft, line) in [
            ("", None),
            (" \n\u{202e}", None),
            ("\n the\n\u{202e}bridge ", Some("the bridge".to_owned())),
            (&"ä".repeat(300), Some("ä".repeat(256))),
        ] {
            client.set_draft(chat, draft).await.unwrap();
            let conversation = client.conversation(chat).unwrap();
            assert_eq!((conversation.draft.as_str(), conversation.draft_line), (draft, line));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_last_message_is_seen_on_one_line_that_turns_nothing_around() {
        let folder = TempDir::new().unwrap();
        let client = client(&folder);
        let chat = client.start_chat(&"ben@example.org".parse().unwrap()).await.unwrap();
        assert!(client.conversation(chat).unwrap().may_write);
        client.send(chat, "the \u{202e}bridge\n\n is open\u{2069}").await.unwrap();
        assert_eq!(client.conversation(chat).unwrap().preview.unwrap().text, "the bridge is open");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_an_address_or_a_link_names_is_opened_as_what_it_is() {
        let folder = TempDir::new().unwrap();
        let client = client(&folder);
        for (text, kind) in [
            ("ben@example.org", ConversationKind::Direct),
            ("xmpp:chloe@example.org?message", ConversationKind::Direct),
            ("xmpp:lobby@muc.example.org?join", ConversationKind::Room),
        ] {
            let id = client.open_contact(&Contact::read(text).unwrap()).await.unwrap();
            assert_eq!(client.conversation(id).unwrap().kind, kind, "{text}");
        }
    }
}
