//! A running conversation with the user or a script: lines come in, what happens goes out.
//!
//! The session knows nothing of how things look: a [`Face`] turns lines into actions and announces what happened, as
//! JSON ([`crate::json_face`]) or as text ([`crate::talk`]). Actions run one after the other in the order they were
//! asked for, so that two messages never change places; only what waits for the network (a catch-up, older messages) runs
//! beside them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use heliograph_client::{
    Client, Connection, ConnectionState, Conversation, ConversationId, DeliveryState, Member, Message,
    PushState, Timestamp,
};
use serde_json::Value;
use tokio::sync::mpsc::Receiver;

use crate::action::{Action, Outcome, perform};
use crate::commands::now;
use crate::failure::{Failure, output_failure};
use crate::input::{Input, interrupted};

/// How many messages are taken from the feed at once: enough to be quick in a catch-up, few enough that typed lines
/// are answered in between.
const BATCH: usize = 64;

/// What a reply is matched to its command by: the script's tag. Typed lines have none.
pub type Tag = Value;

/// What a line turned out to be.
pub enum Understood {
    /// Something to do.
    Do(Tag, Action),
    /// The face dealt with it.
    Answered,
}

/// What is said about a message besides the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// Not announced before, and not from before this session.
    pub new: bool,
    /// Sent in this session, so the user has seen it already.
    pub from_here: bool,
}

/// How a session looks to the other side.
pub trait Face {
    /// Makes sense of one line of input.
    fn understand(&mut self, line: &str) -> io::Result<Understood>;
    /// A line that could not even be read as text.
    fn reject(&mut self, failure: &Failure) -> io::Result<()>;
    /// The connection as it is now.
    fn connection(&mut self, connection: &Connection) -> io::Result<()>;
    /// Push got farther, or not.
    fn push(&mut self, state: &PushState) -> io::Result<()>;
    /// A conversation that is new or changed, with who is in it.
    fn conversation(&mut self, conversation: &Conversation, members: &[Member]) -> io::Result<()>;
    /// A message that is new or changed. Answers whether a person saw it.
    fn message(&mut self, message: &Message, news: News) -> io::Result<bool>;
    /// What came of an action.
    fn reply(&mut self, tag: Tag, action: &Action, result: Result<Outcome, Failure>) -> io::Result<()>;
}

/// How a session begins and ends.
pub struct Plan {
    /// Done before anything that is typed.
    pub first: Option<Action>,
    /// After the end of the input: how long to wait until what was said here has reached the server. Zero: not at all.
    pub linger: Duration,
}

/// How many lines wait for their turn at most; further ones wait in the channel.
const LINES_WAITING: usize = 64;

/// What waits for its turn. A line is made sense of only then: what it means may depend on what comes before it.
enum Todo {
    Act(Tag, Action),
    Line(String),
}

/// The next thing in turn.
enum Next {
    Act(Tag, Action),
    Answered,
    Nothing,
}

type Running<'a> = LocalBoxFuture<'a, (Tag, Action, Result<Outcome, Failure>)>;

struct Session<'a> {
    client: &'a Client,
    face: &'a mut dyn Face,
    started: Timestamp,
    known: HashMap<ConversationId, Conversation>,
    announced: HashSet<i64>,
    /// Rows that were sent from here and that the server does not have yet.
    unsent: HashSet<i64>,
    from_here: HashSet<i64>,
    /// Messages of ours that were announced while a send was still under way: is it that one?
    held_back: Vec<Message>,
    waiting: VecDeque<Todo>,
    sending: bool,
    /// How many loads of older messages are under way, and what they brought: shown as their answer, and no news.
    loading: usize,
    older: HashSet<i64>,
    /// The last position that was announced in each conversation, or that was there at the start.
    newest: HashMap<ConversationId, i64>,
}

/// Runs until the input ends, `quit` is asked for, or the process is asked to end.
pub async fn run(
    client: &Client,
    face: &mut dyn Face,
    mut input: Receiver<Input>,
    plan: Plan,
) -> Result<(), Failure> {
    let mut connection_changes = client.connection_changes();
    let mut conversation_changes = client.conversations();
    let mut feed = client.all_messages();
    let mut push_changes = client.push_changes();
    let mut push = PushState::Off;
    let mut session = Session {
        client,
        face,
        started: now(),
        known: HashMap::new(),
        announced: HashSet::new(),
        unsent: HashSet::new(),
        from_here: HashSet::new(),
        held_back: Vec::new(),
        waiting: plan.first.into_iter().map(|action| Todo::Act(Value::Null, action)).collect(),
        sending: false,
        loading: 0,
        older: HashSet::new(),
        newest: HashMap::new(),
    };
    let conversations = conversation_changes.snapshot()?;
    for conversation in &conversations {
        let last = client.timeline(conversation.id).snapshot(1)?.messages.pop();
        if let Some(position) = last.and_then(|message| message.position) {
            session.newest.insert(conversation.id, position);
        }
    }
    session.conversations(conversations)?;
    session.connection(&client.connection())?;
    client.start();

    let mut running: Option<Running<'_>> = None;
    let mut beside: FuturesUnordered<Running<'_>> = FuturesUnordered::new();
    let mut input_open = true;
    let mut linger = std::pin::pin!(tokio::time::sleep(plan.linger));
    let mut lingering = false;
    let mut signal = std::pin::pin!(interrupted());
    loop {
        while running.is_none() {
            match session.next()? {
                Next::Nothing => break,
                Next::Answered => {}
                Next::Act(tag, Action::Quit) => {
                    return session.face.reply(tag, &Action::Quit, Ok(Outcome::Done)).map_err(output_failure);
                }
                Next::Act(tag, action @ (Action::CatchUp { .. } | Action::LoadOlder { .. })) => {
                    session.loading += usize::from(matches!(action, Action::LoadOlder { .. }));
                    beside.push(Box::pin(carry_out(client, tag, action)));
                }
                Next::Act(tag, action) => {
                    session.sending = matches!(action, Action::Send { .. });
                    running = Some(Box::pin(carry_out(client, tag, action)));
                }
            }
        }
        if !input_open && running.is_none() && beside.is_empty() {
            let stopped = client.connection().state == ConnectionState::Stopped;
            if session.unsent.is_empty() || stopped || plan.linger.is_zero() {
                return Ok(());
            }
            if !lingering {
                linger.as_mut().reset(tokio::time::Instant::now() + plan.linger);
                lingering = true;
            }
        }
        tokio::select! {
            line = input.recv(), if input_open && session.waiting.len() < LINES_WAITING => match line {
                Some(Input::Line(line)) => session.waiting.push_back(Todo::Line(line)),
                Some(Input::Unreadable(failure)) => {
                    session.face.reject(&failure).map_err(output_failure)?;
                }
                Some(Input::Interrupted) => return Ok(()),
                None => input_open = false,
            },
            change = connection_changes.next() => session.connection(&change?)?,
            state = push_changes.next() => {
                let state = state?;
                if state != push {
                    session.face.push(&state).map_err(output_failure)?;
                    push = state;
                }
            }
            changed = conversation_changes.next() => session.conversations(changed?)?,
            messages = feed.next(BATCH) => session.messages(messages?).await?,
            (tag, action, result) = finished(&mut running) => {
                running = None;
                session.finished(tag, &action, result)?;
            }
            Some((tag, action, result)) = beside.next() => {
                session.loaded(&action, &result);
                session.face.reply(tag, &action, result).map_err(output_failure)?;
            }
            () = &mut signal => return Ok(()),
            () = &mut linger, if lingering => {
                return Err(Failure::TimedOut {
                    waiting_for: "the server has not got every message yet",
                    seconds: plan.linger.as_secs(),
                    kept: true,
                });
            }
        }
    }
}

async fn carry_out(client: &Client, tag: Tag, action: Action) -> (Tag, Action, Result<Outcome, Failure>) {
    let result = perform(client, action.clone()).await;
    (tag, action, result)
}

/// The end of what is running; never, if nothing is.
async fn finished(running: &mut Option<Running<'_>>) -> (Tag, Action, Result<Outcome, Failure>) {
    match running {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

impl Session<'_> {
    fn next(&mut self) -> Result<Next, Failure> {
        let line = match self.waiting.pop_front() {
            None => return Ok(Next::Nothing),
            Some(Todo::Act(tag, action)) => return Ok(Next::Act(tag, action)),
            Some(Todo::Line(line)) => line,
        };
        Ok(match self.face.understand(&line).map_err(output_failure)? {
            Understood::Do(tag, action) => Next::Act(tag, action),
            Understood::Answered => Next::Answered,
        })
    }

    fn connection(&mut self, connection: &Connection) -> Result<(), Failure> {
        self.face.connection(connection).map_err(output_failure)
    }

    fn conversations(&mut self, changed: Vec<Conversation>) -> Result<(), Failure> {
        for conversation in changed {
            // Without its members a conversation is still worth showing.
            let members = self.client.members(conversation.id).unwrap_or_default();
            self.face.conversation(&conversation, &members).map_err(output_failure)?;
            self.known.insert(conversation.id, conversation);
        }
        Ok(())
    }

    async fn messages(&mut self, changed: Vec<Message>) -> Result<(), Failure> {
        let mut seen: HashMap<ConversationId, i64> = HashMap::new();
        for message in changed {
            // The feeds are independent: a message may come before its conversation, and a reader wants that first.
            if !self.known.contains_key(&message.conversation) {
                let conversation = self.client.conversation(message.conversation)?;
                self.conversations(vec![conversation])?;
            }
            if self.sending && message.outgoing && !self.announced.contains(&message.row) {
                self.held_back.push(message);
            } else if self.announce(&message)? && !message.outgoing {
                seen.insert(message.conversation, message.row);
            }
        }
        for (conversation, row) in seen {
            // A read mark that can't be kept now is made good by the next one.
            let _ = self.client.mark_read(conversation, row).await;
        }
        Ok(())
    }

    fn announce(&mut self, message: &Message) -> Result<bool, Failure> {
        let first = self.announced.insert(message.row);
        let history = self.is_history(message);
        let news = News {
            new: first && message.received_at >= self.started && !history,
            from_here: self.from_here.contains(&message.row),
        };
        if !matches!(message.state, DeliveryState::Queued | DeliveryState::Sending) {
            self.unsent.remove(&message.row);
        }
        self.face.message(message, news).map_err(output_failure)
    }

    /// Whether a message is one of those that a load of older messages brings.
    fn is_history(&mut self, message: &Message) -> bool {
        let Some(position) = message.position else { return false };
        let newest = self.newest.entry(message.conversation).or_insert(position);
        let before = position < *newest;
        *newest = position.max(*newest);
        self.older.contains(&message.row) || (self.loading > 0 && before)
    }

    /// A load of older messages has ended.
    fn loaded(&mut self, action: &Action, result: &Result<Outcome, Failure>) {
        if matches!(action, Action::LoadOlder { .. }) {
            self.loading = self.loading.saturating_sub(1);
        }
        if let Ok(Outcome::Older { older, .. }) = result {
            self.older.extend(older.messages.iter().map(|message| message.row));
        }
    }

    fn finished(
        &mut self,
        tag: Tag,
        action: &Action,
        result: Result<Outcome, Failure>,
    ) -> Result<(), Failure> {
        self.sending = false;
        if let Ok(Outcome::Sent { row, .. }) = &result {
            self.from_here.insert(*row);
            self.unsent.insert(*row);
        }
        self.face.reply(tag, action, result).map_err(output_failure)?;
        for message in std::mem::take(&mut self.held_back) {
            self.announce(&message)?;
        }
        Ok(())
    }
}
