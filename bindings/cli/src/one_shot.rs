//! Commands that do one thing over the network and wait until it is done.

use std::future::Future;
use std::time::Duration;

use heliograph_client::{
    Client, Connection, ConnectionState, Conversation, ConversationId, ConversationKind, ConversationState,
    DeliveryState, Error, ErrorCode, Member, Message,
};

use crate::data_folder::DataFolder;
use crate::failure::Failure;
use crate::input::interrupted;
use crate::progress::Progress;

/// How long saying goodbye to the server may take before the process ends anyway. Everything is in the store by then.
const GOODBYE: Duration = Duration::from_secs(5);

/// Silence on the wire for this long means that every answer is here: several round trips of a slow mobile link.
const QUIET: Duration = Duration::from_millis(1500);

/// How many messages are taken from the feed at once.
const BATCH: usize = 64;

/// A client for the time of one command.
pub struct OneShot {
    client: Client,
    progress: Progress,
    deadline: Duration,
}

impl OneShot {
    /// Opens the account without connecting.
    pub fn open(folder: &DataFolder, deadline: Duration, json: bool) -> Result<Self, Failure> {
        Ok(Self { client: Client::open(folder.account()?)?, progress: Progress::new(json), deadline })
    }

    /// The client.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Says what is going on.
    pub fn say(&self, what: &'static str) {
        self.progress.say(what);
    }

    /// Runs the command's work, then closes the account, whatever came of the work.
    pub async fn run<T>(self, work: impl AsyncFnOnce(&Self) -> Result<T, Failure>) -> Result<T, Failure> {
        let result = tokio::select! {
            result = work(&self) => result,
            () = interrupted() => Err(Failure::Interrupted),
        };
        drop(self.progress);
        close(self.client).await;
        result
    }

    /// Connects, and waits for `done` within the deadline. A connection that stopped for good ends the waiting at once
    /// with its reason. `kept` says whether the work goes on by itself later.
    pub async fn connected_until<T>(
        &self,
        waiting_for: &'static str,
        kept: bool,
        done: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let mut last_error: Option<Error> = None;
        let watched = async {
            let mut changes = self.client.connection_changes();
            self.client.start();
            let mut done = std::pin::pin!(done);
            loop {
                tokio::select! {
                    biased;
                    result = &mut done => return result,
                    change = changes.next() => {
                        let connection = change?;
                        if connection.state == ConnectionState::Stopped {
                            return Err(stopped(connection));
                        }
                        self.say(doing(&connection, waiting_for));
                        if connection.error.is_some() {
                            last_error = connection.error;
                        }
                    }
                }
            }
        };
        let outcome = tokio::time::timeout(self.deadline, watched).await;
        outcome.unwrap_or_else(|_| {
            let online = self.client.connection().state == ConnectionState::Online;
            // Without a connection the reason for that says more than the deadline.
            Err(match last_error {
                Some(error) if !online => Failure::Core(error),
                _ => Failure::TimedOut { waiting_for, seconds: self.deadline.as_secs(), kept },
            })
        })
    }

    /// Waits until the account is online and has read what it missed.
    pub async fn caught_up(&self) -> Result<(), Failure> {
        let mut changes = self.client.connection_changes();
        while !self.client.connection().caught_up {
            changes.next().await?;
        }
        Ok(())
    }

    /// Waits until a conversation is as `ready` wants it. One that fails, or a reason that is not the `old` one, ends the
    /// waiting with that reason.
    pub async fn conversation(
        &self,
        id: ConversationId,
        old: Option<ErrorCode>,
        ready: impl Fn(&Conversation, &[Member]) -> bool,
    ) -> Result<Conversation, Failure> {
        let mut changes = self.client.conversations();
        loop {
            let conversation = self.client.conversation(id)?;
            if ready(&conversation, &self.client.members(id)?) {
                return Ok(conversation);
            }
            let code = match conversation.failure {
                None if conversation.state == ConversationState::Failed => Some(ErrorCode::Internal),
                failure => failure.filter(|code| Some(*code) != old),
            };
            if let Some(code) = code {
                return Err(Error::new(code, "this can't be done in this conversation").into());
            }
            changes.next().await?;
        }
    }

    /// Waits until nothing travels any more: what follows from a change in a group (invitations, its name) leaves this
    /// device after the change itself, and nothing announces that it is gone.
    pub async fn quiet(&self) {
        let mut before = self.client.traffic();
        loop {
            tokio::time::sleep(QUIET).await;
            let now = self.client.traffic();
            if (now.bytes_up, now.bytes_down) == (before.bytes_up, before.bytes_down) {
                return;
            }
            before = now;
        }
    }

    /// Sends, and waits until the message is safe with the server: it came back from a room's archive, or was
    /// acknowledged in a chat.
    pub async fn send(&self, id: ConversationId, text: &str) -> Result<Message, Failure> {
        let mut feed = self.client.all_messages();
        let row = self.client.send(id, text).await?;
        loop {
            for message in feed.next(BATCH).await? {
                if message.row != row {
                    continue;
                }
                if message.state == DeliveryState::Failed {
                    let code = message.failure.unwrap_or(ErrorCode::Internal);
                    return Err(Error::new(code, "the message failed").into());
                }
                let conversation = self.client.conversation(id)?;
                if message.state >= enough(&conversation) {
                    return Ok(message);
                }
            }
        }
    }
}

/// Says goodbye within a bounded time.
pub async fn close(client: Client) {
    // What could go wrong here (the server is gone, the goodbye takes too long) changes nothing for the user.
    let _ = tokio::time::timeout(GOODBYE, client.shutdown()).await;
}

/// The state that a message must reach before the shell calls it sent. A room sends everything back from its archive;
/// what our own archive holds of a chat shows only at the next catch-up, so there the server's word has to do.
const fn enough(conversation: &Conversation) -> DeliveryState {
    match conversation.kind {
        ConversationKind::Direct => DeliveryState::Sent,
        ConversationKind::Group | ConversationKind::Room => DeliveryState::Archived,
    }
}

fn stopped(connection: Connection) -> Failure {
    let unexplained = || Error::new(ErrorCode::SessionEnded, "the connection stopped");
    Failure::Core(connection.error.unwrap_or_else(unexplained))
}

fn doing(connection: &Connection, waiting_for: &'static str) -> &'static str {
    match connection.state {
        ConnectionState::Connecting => "connecting",
        ConnectionState::Online if connection.caught_up => waiting_for,
        ConnectionState::Online => "catching up",
        _ => "offline, waiting for a connection",
    }
}
