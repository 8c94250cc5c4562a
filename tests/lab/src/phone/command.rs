//! What can be asked of a phone: the input half of the terminal shell's line protocol.

use std::collections::BTreeMap;

use serde::Serialize;

/// A command. Conversations are named by number, address, or a group's name.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Command {
    /// Sends a text to a conversation or an address.
    Send {
        /// Where to.
        to: String,
        /// What.
        text: String,
    },
    /// Creates an encrypted group.
    GroupCreate {
        /// Its name.
        name: String,
        /// Addresses of who is to be in it, besides the phone's own.
        members: Vec<String>,
    },
    /// Adds accounts to a group.
    GroupInvite {
        /// The group.
        group: String,
        /// Their addresses.
        members: Vec<String>,
    },
    /// Removes accounts from a group.
    GroupRemove {
        /// The group.
        group: String,
        /// Their addresses.
        members: Vec<String>,
    },
    /// Enters an ordinary room.
    Join {
        /// Its address.
        room: String,
        /// The name to show there.
        nick: String,
    },
    /// Asks for a conversation's timeline; see [`super::Phone::history`].
    History {
        /// The conversation.
        of: String,
        /// At most so many messages, the newest.
        limit: usize,
    },
    /// Fetches messages from before a conversation's newest seam.
    LoadOlder {
        /// The conversation.
        of: String,
        /// At least so many, if there are.
        count: usize,
    },
    /// Searches all messages on the phone.
    Search {
        /// What for.
        text: String,
    },
    /// Tells that the user has read a conversation up to a message.
    MarkRead {
        /// The conversation.
        of: String,
        /// The message's row.
        row: i64,
    },
    /// Asks how things stand; a traffic event comes with the reply.
    Status,
    /// The app goes to sleep.
    Suspend,
    /// The app is used again.
    Resume,
    /// A push or a background refresh: connect, fetch, end.
    CatchUp {
        /// In milliseconds.
        deadline_ms: u64,
    },
    /// Have messages announced at an app server (XEP-0357).
    PushEnable {
        /// Its address.
        service: String,
        /// The node there.
        node: String,
        /// What the server has to show there.
        options: BTreeMap<String, String>,
    },
    /// Have messages announced nowhere.
    PushDisable,
    /// What the operating system says about the network.
    Network {
        /// Whether there is one.
        available: bool,
    },
    /// Ends the session.
    Quit,
}

impl Command {
    /// A text for a conversation or an address.
    pub fn message(to: &str, text: &str) -> Self {
        Self::Send { to: to.to_owned(), text: text.to_owned() }
    }

    /// A new group.
    pub fn group(name: &str, members: &[String]) -> Self {
        Self::GroupCreate { name: name.to_owned(), members: members.to_vec() }
    }

    /// A conversation's timeline.
    pub fn history(of: &str, limit: usize) -> Self {
        Self::History { of: of.to_owned(), limit }
    }

    /// The command's name in the protocol's documentation, for error messages.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Send { .. } => "send",
            Self::GroupCreate { .. } => "group-create",
            Self::GroupInvite { .. } => "group-invite",
            Self::GroupRemove { .. } => "group-remove",
            Self::Join { .. } => "join",
            Self::History { .. } => "history",
            Self::LoadOlder { .. } => "load-older",
            Self::Search { .. } => "search",
            Self::MarkRead { .. } => "mark-read",
            Self::Status => "status",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::CatchUp { .. } => "catch-up",
            Self::PushEnable { .. } => "push-enable",
            Self::PushDisable => "push-disable",
            Self::Network { .. } => "network",
            Self::Quit => "quit",
        }
    }

    /// The line that asks for it, with its end.
    pub(super) fn line(&self, tag: &str) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Tagged<'a> {
            #[serde(flatten)]
            command: &'a Command,
            tag: &'a str,
        }
        serde_json::to_string(&Tagged { command: self, tag }).map(|line| line + "\n")
    }
}
