//! Messages that can't be read, as far as a person wants to know of them.

use heliograph_model::{ConversationId, Error};
use heliograph_store::quarantine;

use crate::client::Client;

/// Messages of one conversation that can't be read for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable {
    /// Why.
    pub reason: UnreadableReason,
    /// How many.
    pub messages: u64,
}

/// Why messages can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnreadableReason {
    /// Their keys are not here yet; they are tried again by themselves when something changes.
    WaitingForKeys,
    /// Their keys are gone, or never were on this device.
    KeysGone,
    /// Damaged, too large, or made by a program that follows other rules.
    Damaged,
    /// Nothing proves who wrote them, or it is proven that it was somebody else than they say.
    NotTrusted,
}

impl UnreadableReason {
    /// One sentence for a person.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::WaitingForKeys => "their keys have not arrived yet; they are tried again by themselves.",
            Self::KeysGone => "their keys are gone, or were never on this device.",
            Self::Damaged => "they are damaged, too large, or made by an app that follows other rules.",
            Self::NotTrusted => "nothing proves who wrote them.",
        }
    }

    /// Of the store's code. What is not known here is not trusted.
    fn of(code: &str) -> Self {
        match code {
            "no-such-group" | "future-epoch" => Self::WaitingForKeys,
            "past-epoch"
            | "overtaken"
            | "decrypted-before"
            | "before-joining"
            | "own-commit-lost"
            | "no-matching-key-package" => Self::KeysGone,
            "malformed"
            | "too-large"
            | "undecryptable"
            | "bad-content"
            | "invalid-commit"
            | "not-a-commit"
            | "invalid-welcome"
            | "not-our-kind-of-group"
            | "against-the-rules" => Self::Damaged,
            _ => Self::NotTrusted,
        }
    }
}

pub(crate) fn of(client: &Client, conversation: ConversationId) -> Result<Vec<Unreadable>, Error> {
    let codes = client.shared.read(|database| quarantine::summary(database, conversation))?;
    let mut found: Vec<Unreadable> = Vec::new();
    for (code, messages) in codes {
        let reason = UnreadableReason::of(&code);
        match found.iter_mut().find(|one| one.reason == reason) {
            Some(one) => one.messages += messages,
            None => found.push(Unreadable { reason, messages }),
        }
    }
    found.sort_by_key(|one| one.reason);
    Ok(found)
}
