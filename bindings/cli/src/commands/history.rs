//! `history` and `search`: the past, from the store of this machine alone.

use heliograph_client::{Client, Message, SeamKind, SearchHit};

use crate::action::{Target, existing, page};
use crate::commands::{Setting, now};
use crate::failure::Failure;
use crate::json_event::{ConversationFields, Event, MessageFields, UnreadableFields, line, seam_word};
use crate::one_shot::{self, OneShot};
use crate::render::label;
use crate::timeline::{Entry, with_seams};

/// Shows one conversation's newest messages, or the list of conversations.
pub async fn history(setting: &Setting, conversation: Option<String>, limit: usize) -> Result<(), Failure> {
    offline(setting, |client| match conversation {
        Some(word) => messages(setting, client, word, limit),
        None => conversations(setting, client),
    })
    .await
}

/// Fetches messages from before the newest seam of a conversation and shows them.
pub async fn older(setting: &Setting, conversation: String, count: usize) -> Result<(), Failure> {
    let shot = OneShot::open(&setting.folder, setting.deadline, setting.json)?;
    shot.run(async |shot| {
        let client = shot.client();
        let id = existing(client, Target::Named(conversation))?;
        let loaded = async {
            shot.caught_up().await?;
            Ok(client.load_older(id, count).await?)
        };
        let older = shot.connected_until("fetching older messages", false, loaded).await?;
        if older.more {
            seam(setting, SeamKind::NotLoaded)?;
        }
        older.messages.iter().try_for_each(|message| show(setting, client, message))
    })
    .await
}

/// Shows the messages with these words, newest first.
pub async fn search(
    setting: &Setting,
    text: String,
    within: Option<String>,
    limit: usize,
) -> Result<(), Failure> {
    offline(setting, |client| {
        let within = within.map(|word| existing(client, Target::Named(word))).transpose()?;
        for hit in client.search(&text, within, limit)? {
            found(setting, client, &hit)?;
        }
        Ok(())
    })
    .await
}

/// Does something with the account without connecting.
async fn offline(
    setting: &Setting,
    work: impl FnOnce(&Client) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let client = Client::open(setting.folder.account()?)?;
    let result = work(&client);
    one_shot::close(client).await;
    match result {
        Err(failure) if failure.is_reader_gone() => Ok(()),
        other => other,
    }
}

fn conversations(setting: &Setting, client: &Client) -> Result<(), Failure> {
    for conversation in client.conversations().snapshot()? {
        if setting.json {
            let members = client.members(conversation.id)?;
            let event = Event::Conversation(ConversationFields::new(&conversation, &members));
            setting.print(&line(&event)?)?;
        } else {
            setting.print(&setting.look.conversation(&conversation))?;
        }
    }
    Ok(())
}

fn messages(setting: &Setting, client: &Client, word: String, limit: usize) -> Result<(), Failure> {
    let id = existing(client, Target::Named(word))?;
    let page = page(client, id, limit)?;
    for entry in with_seams(&page) {
        match entry {
            Entry::Message(message) => show(setting, client, message)?,
            Entry::Seam(kind) => seam(setting, kind)?,
        }
    }
    for unreadable in client.unreadable(id)? {
        if setting.json {
            setting.print(&line(&Event::Unreadable(UnreadableFields::from(&unreadable)))?)?;
        } else {
            setting.print(&setting.look.unreadable(&unreadable))?;
        }
    }
    Ok(())
}

fn seam(setting: &Setting, kind: SeamKind) -> Result<(), Failure> {
    if setting.json {
        return setting.print(&line(&Event::Seam { kind: seam_word(kind) })?);
    }
    setting.print(&setting.look.seam(kind, "`heliograph history CONVERSATION --older` fetches some."))
}

fn found(setting: &Setting, client: &Client, hit: &SearchHit) -> Result<(), Failure> {
    if setting.json {
        return setting.print(&line(&Event::Message(MessageFields::found(hit)))?);
    }
    let name = label(&client.conversation(hit.message.conversation)?);
    setting.print(&setting.look.hit(hit, client.address(), Some(&name), now()))
}

fn show(setting: &Setting, client: &Client, message: &Message) -> Result<(), Failure> {
    if setting.json {
        return setting.print(&line(&Event::Message(MessageFields::new(message, false)))?);
    }
    setting.print(&setting.look.message(message, client.address(), None, now()))
}
