//! What can be asked of a running client, whoever asks: a typed line, a JSON line or the command line.

use std::time::Duration;

use heliograph_client::{
    Address, CatchUpReport, Client, Connection, ConversationId, Delivery, DeliveryState, Member,
    NetworkState, Older, PowerState, PushState, PushTarget, SearchHit, TimelinePage, Traffic, Unreadable,
};

use crate::delivery::{self, Which};
use crate::failure::Failure;
use crate::reference::{Referent, resolve};

/// At most this many messages per page or search: a screen or a script that wants more asks again.
const LARGEST_PAGE: usize = 10_000;

/// Whom an action is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A conversation that is known by its row.
    Known(ConversationId),
    /// A number, address or name that still has to be looked up.
    Named(String),
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send a text; an address without a conversation gets one.
    Send { to: Target, text: String },
    /// Open a conversation for talking: look it up, start a chat with an address if need be, show what is newest.
    Open { to: Target, limit: usize },
    /// Create an encrypted group.
    CreateGroup { name: String, members: Vec<Address> },
    /// Invite accounts into a group.
    Invite { group: Target, members: Vec<Address> },
    /// Remove accounts from a group.
    Remove { group: Target, members: Vec<Address> },
    /// Join an ordinary room; without a nick the account's own name is taken.
    Join { room: Address, nick: Option<String> },
    /// The newest messages of a conversation.
    History { of: Target, limit: usize },
    /// Messages from before the newest seam of a conversation, from the server.
    LoadOlder { of: Target, count: usize },
    /// Messages with these words.
    Search { text: String, within: Option<Target>, limit: usize },
    /// Who is in a conversation.
    Members { of: Target },
    /// Remember that everything up to this message was seen.
    MarkRead { of: Target, row: i64 },
    /// Why a message of ours has got no farther.
    Why(Which),
    /// Send a message that failed once more.
    SendAgain(Which),
    /// Take a message back that failed or was never sent.
    Discard(Which),
    /// How things stand.
    Status,
    /// Stop all work, as a phone does in the background.
    Suspend,
    /// Go on after [`Action::Suspend`], and connect.
    Resume,
    /// Fetch what was missed, within a deadline.
    CatchUp { deadline: Duration },
    /// Have messages announced there while this device sleeps.
    EnablePush(PushTarget),
    /// Have messages announced nowhere.
    DisablePush,
    /// How far push is.
    PushStatus,
    /// What the operating system knows about the network.
    Network(NetworkState),
    /// What it knows about the power.
    Power(PowerState),
    /// The app came to the front or went behind.
    AppState { foreground: bool },
    /// End the session.
    Quit,
}

/// What came of an [`Action`].
pub enum Outcome {
    /// The message is safe on this device, under this row.
    Sent { conversation: ConversationId, row: i64 },
    /// The conversation is there (it may still be preparing).
    Conversation(ConversationId),
    /// A part of a conversation's past.
    History {
        /// Which.
        conversation: ConversationId,
        /// Its newest messages.
        page: TimelinePage,
        /// What of it can't be read.
        unreadable: Vec<Unreadable>,
        /// It is to be talked in from now on.
        opened: bool,
    },
    /// Messages from before a seam.
    Older { conversation: ConversationId, older: Older },
    /// Messages found, newest first.
    Found(Vec<SearchHit>),
    /// Who is in a conversation.
    Members { conversation: ConversationId, members: Vec<Member> },
    /// Why a message has got no farther.
    Delivery(Box<Delivery>),
    /// How things stand.
    Status(Status),
    /// How far push is.
    Push(PushState),
    /// What a catch-up brought.
    CaughtUp(CatchUpReport),
    /// Done; there is nothing more to say.
    Done,
}

/// How an account stands.
pub struct Status {
    /// The account.
    pub address: Address,
    /// The connection now.
    pub connection: Connection,
    /// Bytes and round trips since the client was opened.
    pub traffic: Traffic,
    /// How many conversations there are.
    pub conversations: usize,
    /// How many received messages were not seen yet.
    pub unread: u64,
}

/// Reads how things stand. Needs no network.
pub fn status(client: &Client) -> Result<Status, Failure> {
    let conversations = client.conversations().snapshot()?;
    Ok(Status {
        address: client.address().clone(),
        connection: client.connection(),
        traffic: client.traffic(),
        conversations: conversations.len(),
        unread: conversations.iter().map(|conversation| conversation.unread).sum(),
    })
}

/// Does one thing. Returns as soon as it is safe on this device; what the network makes of it is announced by the
/// client's subscriptions.
pub async fn perform(client: &Client, action: Action) -> Result<Outcome, Failure> {
    match action {
        Action::Send { to, text } => {
            let conversation = open(client, to).await?;
            Ok(Outcome::Sent { conversation, row: client.send(conversation, &text).await? })
        }
        Action::Open { to, limit } => {
            let conversation = open(client, to).await?;
            past(client, conversation, limit, true)
        }
        Action::CreateGroup { name, members } => {
            Ok(Outcome::Conversation(client.create_group(&name, &members).await?))
        }
        Action::Invite { group, members } => {
            client.invite(existing(client, group)?, &members).await?;
            Ok(Outcome::Done)
        }
        Action::Remove { group, members } => {
            client.remove(existing(client, group)?, &members).await?;
            Ok(Outcome::Done)
        }
        Action::Join { room, nick } => {
            let own = client.address();
            let nick = nick.unwrap_or_else(|| own.local().unwrap_or(own.domain()).to_owned());
            Ok(Outcome::Conversation(client.join_room(&room, &nick).await?))
        }
        Action::History { of, limit } => {
            let conversation = existing(client, of)?;
            past(client, conversation, limit, false)
        }
        Action::LoadOlder { of, count } => {
            let conversation = existing(client, of)?;
            Ok(Outcome::Older { conversation, older: client.load_older(conversation, count).await? })
        }
        Action::Search { text, within, limit } => {
            let within = within.map(|target| existing(client, target)).transpose()?;
            Ok(Outcome::Found(client.search(&text, within, limit.min(LARGEST_PAGE))?))
        }
        Action::Members { of } => {
            let conversation = existing(client, of)?;
            Ok(Outcome::Members { conversation, members: client.members(conversation)? })
        }
        Action::MarkRead { of, row } => {
            client.mark_read(existing(client, of)?, row).await?;
            Ok(Outcome::Done)
        }
        Action::Why(which) => {
            let row = delivery::row(client, which, &[])?;
            Ok(Outcome::Delivery(Box::new(client.delivery(row).await?)))
        }
        Action::SendAgain(which) => {
            client.send_again(delivery::row(client, which, &[DeliveryState::Failed])?).await?;
            Ok(Outcome::Done)
        }
        Action::Discard(which) => {
            let states = [DeliveryState::Failed, DeliveryState::Queued];
            client.discard(delivery::row(client, which, &states)?).await?;
            Ok(Outcome::Done)
        }
        Action::Status => Ok(Outcome::Status(status(client)?)),
        Action::Suspend => Ok(client.suspend().await.map(|()| Outcome::Done)?),
        Action::Resume => {
            client.resume().await?;
            client.start();
            Ok(Outcome::Done)
        }
        Action::CatchUp { deadline } => Ok(Outcome::CaughtUp(client.catch_up(deadline).await?)),
        Action::EnablePush(target) => {
            client.enable_push(target).await?;
            Ok(Outcome::Push(client.push()?))
        }
        Action::DisablePush => {
            client.disable_push().await?;
            Ok(Outcome::Push(client.push()?))
        }
        Action::PushStatus => Ok(Outcome::Push(client.push()?)),
        Action::Network(network) => {
            client.network_changed(network);
            Ok(Outcome::Done)
        }
        Action::Power(power) => {
            client.power_changed(power);
            Ok(Outcome::Done)
        }
        Action::AppState { foreground } => {
            client.app_state_changed(foreground);
            Ok(Outcome::Done)
        }
        Action::Quit => Ok(Outcome::Done),
    }
}

/// A conversation that is there already.
pub fn existing(client: &Client, target: Target) -> Result<ConversationId, Failure> {
    match target {
        Target::Known(id) => Ok(id),
        Target::Named(word) => match resolve(&word, &client.conversations().snapshot()?)? {
            Referent::Conversation(id) => Ok(id),
            Referent::Address(_) => Err(Failure::NoSuchConversation),
        },
    }
}

/// The conversation that is meant; a chat is started with an address that has none.
pub async fn open(client: &Client, target: Target) -> Result<ConversationId, Failure> {
    match target {
        Target::Known(id) => Ok(id),
        Target::Named(word) => match resolve(&word, &client.conversations().snapshot()?)? {
            Referent::Conversation(id) => Ok(id),
            Referent::Address(contact) => Ok(client.start_chat(&contact).await?),
        },
    }
}

fn past(
    client: &Client,
    conversation: ConversationId,
    limit: usize,
    opened: bool,
) -> Result<Outcome, Failure> {
    let page = page(client, conversation, limit)?;
    Ok(Outcome::History { conversation, page, unreadable: client.unreadable(conversation)?, opened })
}

/// The newest messages of a conversation, oldest first.
pub fn page(client: &Client, conversation: ConversationId, limit: usize) -> Result<TimelinePage, Failure> {
    Ok(client.timeline(conversation).snapshot(limit.min(LARGEST_PAGE))?)
}
