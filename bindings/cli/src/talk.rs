//! The session as a person sees it: messages as lines, commands with a slash, remarks in between.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use heliograph_client::{
    Address, Connection, ConnectionState, Conversation, ConversationId, ConversationKind, ConversationState,
    DeliveryState, ErrorCode, Member, Message, Older, PushState, SeamKind, SearchHit, Security, Timestamp,
};

use crate::action::{Action, Outcome, Status, Target};
use crate::delivery;
use crate::failure::Failure;
use crate::harmless;
use crate::render::{Look, label, short_address};
use crate::screen::Screen;
use crate::session::{Face, News, Tag, Understood};
use crate::timeline::{Entry, with_seams};
use crate::typed::{COMMANDS, Typed, understand};

/// How many characters of a text are enough to recognise it.
const EXCERPT: usize = 30;

/// What the prompt and its completion show; shared with the thread that edits the line.
#[derive(Debug, Default)]
pub struct Standing {
    /// The open conversation, with its lock sign; empty if none is open.
    pub place: String,
    /// The connection, in a word or two.
    pub connection: String,
    /// Names, numbers and addresses that can be completed.
    pub words: Vec<String>,
}

/// The standing, as both threads hold it.
pub type SharedStanding = Arc<Mutex<Standing>>;

/// Which messages are printed in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those of the open conversation; others are mentioned.
    Here,
    /// All, each with the name of its conversation where that is not clear.
    Everywhere,
}

/// Talks to a person.
pub struct Talk {
    me: Address,
    look: Look,
    screen: Screen,
    scope: Scope,
    /// Whether messages typed here are printed: on a terminal they stand there already.
    echo: bool,
    here: Option<ConversationId>,
    known: BTreeMap<ConversationId, Conversation>,
    settled: bool,
    state: Option<ConnectionState>,
    /// The reason for being away that was said already.
    trouble: Option<ErrorCode>,
    /// Whether it was said that messages are kept until there is a connection.
    keeping: bool,
    caught_up: bool,
    fetched: u64,
    newest_own: HashMap<ConversationId, i64>,
    unreadable: HashSet<i64>,
    standing: SharedStanding,
    now: fn() -> Timestamp,
}

impl Talk {
    /// A talk on this screen. `now` is the wall clock.
    pub fn new(me: Address, look: Look, screen: Screen, scope: Scope, now: fn() -> Timestamp) -> Self {
        let echo = !screen.is_prompt();
        Self {
            me,
            look,
            screen,
            scope,
            echo,
            here: None,
            known: BTreeMap::new(),
            settled: false,
            state: None,
            trouble: None,
            keeping: false,
            caught_up: false,
            fetched: 0,
            newest_own: HashMap::new(),
            unreadable: HashSet::new(),
            standing: SharedStanding::default(),
            now,
        }
    }

    /// What the prompt shows, kept up to date from here.
    pub fn standing(&self) -> SharedStanding {
        Arc::clone(&self.standing)
    }

    fn label_of(&self, id: ConversationId) -> String {
        self.known.get(&id).map_or_else(|| format!("#{}", id.0), label)
    }

    fn print_message(&mut self, message: &Message) -> io::Result<()> {
        let label = self.needed_label(message);
        let line = self.look.message(message, &self.me, label.as_deref(), (self.now)());
        self.screen.print(&line)
    }

    fn print_hit(&mut self, hit: &SearchHit) -> io::Result<()> {
        let label = self.needed_label(&hit.message);
        let line = self.look.hit(hit, &self.me, label.as_deref(), (self.now)());
        self.screen.print(&line)
    }

    /// What the conversation is called, where that is not plain.
    fn needed_label(&self, message: &Message) -> Option<String> {
        // In the open conversation, and in a contact's own messages to us, the place is clear.
        let direct = self
            .known
            .get(&message.conversation)
            .is_some_and(|conversation| conversation.kind == ConversationKind::Direct);
        let clear = self.here == Some(message.conversation) || (direct && !message.outgoing);
        (!clear).then(|| self.label_of(message.conversation))
    }

    fn remark(&mut self, text: &str) -> io::Result<()> {
        let line = self.look.remark(text);
        self.screen.remark(&line)
    }

    fn warn(&mut self, text: &str) -> io::Result<()> {
        let line = self.look.alert(text);
        self.screen.remark(&line)
    }

    fn new_message(&mut self, message: &Message, news: News) -> io::Result<bool> {
        if message.outgoing {
            self.newest_own.insert(message.conversation, message.row);
            if !self.echo && news.from_here {
                return Ok(false);
            }
        } else {
            self.fetched += 1;
            if message.failure.is_some() {
                self.unreadable.insert(message.row);
            }
        }
        if self.scope == Scope::Everywhere || self.here == Some(message.conversation) {
            self.print_message(message)?;
            return Ok(true);
        }
        if !message.outgoing {
            let label = self.label_of(message.conversation);
            self.remark(&format!("new message in {label} (/to {})", message.conversation.0))?;
        }
        Ok(false)
    }

    fn changed_message(&mut self, message: &Message) -> io::Result<bool> {
        if message.outgoing {
            let mark = self.look.delivery(message);
            match message.state {
                DeliveryState::Failed => {
                    let text = excerpt(&message.text);
                    self.warn(&format!(
                        "✗ “{text}” was not sent to {}.",
                        self.label_of(message.conversation)
                    ))?;
                    self.remark(message.failure.map_or("", ErrorCode::advice))?;
                }
                // Once, for the last thing said: more would be noise.
                DeliveryState::Delivered | DeliveryState::Displayed
                    if self.newest_own.get(&message.conversation) == Some(&message.row)
                        && (self.scope == Scope::Everywhere || self.here == Some(message.conversation)) =>
                {
                    self.newest_own.remove(&message.conversation);
                    let line = format!("      {mark}  {}", self.look.dim(&excerpt(&message.text)));
                    self.screen.remark(&line)?;
                }
                _ => {}
            }
            return Ok(false);
        }
        if message.failure.is_none() && self.unreadable.remove(&message.row) {
            self.print_message(message)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn note_change(&mut self, old: Option<&Conversation>, new: &Conversation) -> io::Result<()> {
        let name = label(new);
        let Some(old) = old else {
            // What is still being set up was asked for here: no news to whoever asked.
            if self.here == Some(new.id) || new.state == ConversationState::Preparing {
                return Ok(());
            }
            let lock = if new.security == Security::Encrypted { "encrypted" } else { "not encrypted" };
            return self.remark(&format!("new conversation {}: {name}, {lock} (/to {})", new.id.0, new.id.0));
        };
        let made = old.state == ConversationState::Preparing && new.state == ConversationState::Active;
        if made {
            if new.security == Security::Encrypted {
                self.remark(&format!("{name} is ready, end-to-end encrypted"))?;
            } else {
                self.warn(&format!("{name} is ready, but NOT encrypted"))?;
            }
        } else if old.security != new.security {
            if new.security == Security::Encrypted {
                self.remark(&format!("{name} is end-to-end encrypted from here on"))?;
            } else {
                self.warn(&format!("{name} is NOT encrypted from here on"))?;
            }
        }
        if old.name != new.name {
            self.remark(&format!("{} is now called {name}", label(old)))?;
        }
        if old.failure != new.failure
            && new.state == ConversationState::Active
            && let Some(code) = new.failure
        {
            self.warn(&format!("{name}: {}", code.advice()))?;
        }
        if old.state != new.state && !made {
            match new.state {
                ConversationState::Active => self.remark(&format!("{name} is open again"))?,
                ConversationState::Preparing => {}
                ConversationState::Left => self.warn(&format!("You are no longer in {name}."))?,
                ConversationState::Failed => {
                    self.warn(&format!("{name} failed."))?;
                    self.remark(new.failure.map_or("", ErrorCode::advice))?;
                }
            }
        }
        Ok(())
    }

    fn greet(&mut self) -> io::Result<()> {
        let me = harmless::line(&self.me.to_string());
        self.remark(&format!("{me}, /help shows what can be done here"))?;
        if self.scope == Scope::Everywhere { self.list() } else { Ok(()) }
    }

    fn list(&mut self) -> io::Result<()> {
        if self.known.is_empty() {
            return self
                .remark("no conversations yet: /to name@server starts one, /group NAME MEMBER... a group");
        }
        let lines: Vec<String> = self.known.values().map(|one| self.look.conversation(one)).collect();
        lines.iter().try_for_each(|line| self.screen.print(line))
    }

    fn help(&mut self) -> io::Result<()> {
        for (name, takes, does) in COMMANDS {
            let usage = format!("{name} {takes}");
            self.screen.print(&format!("{usage:<24}{}", self.look.dim(does)))?;
        }
        self.remark("anything else that you type is sent to the conversation in the prompt")
    }

    fn show_past(
        &mut self,
        conversation: ConversationId,
        page: &heliograph_client::TimelinePage,
    ) -> io::Result<()> {
        if page.messages.is_empty() && page.seams.is_empty() {
            return self.remark("nothing was said here yet");
        }
        if page.older {
            self.remark("there is more: /history 100")?;
        }
        for entry in with_seams(page) {
            match entry {
                Entry::Message(message) => self.print_message(message)?,
                Entry::Seam(kind) => self.print_seam(kind)?,
            }
        }
        if let Some(own) = page.messages.iter().rev().find(|message| message.outgoing) {
            self.newest_own.insert(conversation, own.row);
        }
        Ok(())
    }

    fn print_seam(&mut self, kind: SeamKind) -> io::Result<()> {
        let line = self.look.seam(kind, "/older fetches some.");
        self.screen.print(&line)
    }

    fn show_older(&mut self, older: &Older) -> io::Result<()> {
        if older.more {
            self.print_seam(SeamKind::NotLoaded)?;
        }
        match older.messages.len() {
            0 if older.more => {
                self.remark("nothing of this conversation was among them; /older looks further")
            }
            0 => self.remark("the server has nothing older"),
            count => {
                older.messages.iter().try_for_each(|message| self.print_message(message))?;
                self.remark(&format!("these {count} older messages were fetched"))
            }
        }
    }

    fn open(&mut self, conversation: ConversationId) -> io::Result<()> {
        self.here = Some(conversation);
        self.update_standing();
        let state = self.known.get(&conversation).and_then(|one| self.look.conversation_state(one));
        match state {
            Some(state) => {
                let text = format!("{}: {state}", self.label_of(conversation));
                self.remark(&text)
            }
            None => Ok(()),
        }
    }

    fn update_standing(&mut self) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.place = match self.here.and_then(|id| self.known.get(&id)) {
            Some(one) if one.state == ConversationState::Preparing => {
                format!("{} (being set up)", label(one))
            }
            Some(one) if one.security == Security::Encrypted => format!("🔒 {}", label(one)),
            Some(one) => format!("{} (not encrypted)", label(one)),
            None => String::new(),
        };
        standing.words = self.known.values().flat_map(completions).collect();
        standing.words.sort();
        standing.words.dedup();
        drop(standing);
        self.screen.refresh();
    }

    fn show_status(&mut self, status: &Status) -> io::Result<()> {
        let text = self.look.status(status, (self.now)());
        self.screen.print(&text)
    }
}

impl Face for Talk {
    fn understand(&mut self, line: &str) -> io::Result<Understood> {
        match understand(line, self.here.map(Target::Known).as_ref()) {
            Typed::Nothing => {}
            Typed::Do(action) => return Ok(Understood::Do(Tag::Null, action)),
            Typed::List => self.list()?,
            Typed::Help => self.help()?,
            Typed::Wrong(advice) => self.warn(advice)?,
        }
        Ok(Understood::Answered)
    }

    fn reject(&mut self, failure: &Failure) -> io::Result<()> {
        self.warn(&failure.to_string())
    }

    fn connection(&mut self, connection: &Connection) -> io::Result<()> {
        if !std::mem::replace(&mut self.settled, true) && self.screen.is_prompt() {
            self.greet()?;
        }
        let code = connection.error.as_ref().map(|error| error.code);
        self.state = Some(connection.state);
        let words = self.look.connection(connection, (self.now)());
        let short = self.look.connection_state(connection, (self.now)());
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).connection = short;
        self.screen.refresh();

        match connection.state {
            // The same reason again and again is one piece of news.
            ConnectionState::Waiting | ConnectionState::Stopped | ConnectionState::Offline
                if code.is_some() && code != self.trouble =>
            {
                self.trouble = code;
                self.warn(&words)?;
            }
            ConnectionState::Online => {
                self.keeping = false;
                if self.trouble.take().is_some() {
                    self.remark("connected again")?;
                }
            }
            _ => {}
        }
        if connection.caught_up && !self.caught_up {
            match self.fetched {
                0 if self.screen.is_prompt() => {}
                0 => self.remark("up to date")?,
                count => self.remark(&format!("up to date, {count} new"))?,
            }
        }
        if !connection.caught_up {
            self.fetched = 0;
        }
        self.caught_up = connection.caught_up;
        Ok(())
    }

    fn push(&mut self, state: &PushState) -> io::Result<()> {
        match state {
            PushState::Refused(..) => self.warn(&self.look.push(state)),
            _ => Ok(()),
        }
    }

    fn conversation(&mut self, conversation: &Conversation, _members: &[Member]) -> io::Result<()> {
        let old = self.known.insert(conversation.id, conversation.clone());
        if self.settled {
            self.note_change(old.as_ref(), conversation)?;
        }
        self.update_standing();
        Ok(())
    }

    fn message(&mut self, message: &Message, news: News) -> io::Result<bool> {
        if news.new { self.new_message(message, news) } else { self.changed_message(message) }
    }

    fn reply(&mut self, _tag: Tag, action: &Action, result: Result<Outcome, Failure>) -> io::Result<()> {
        match result {
            Err(failure) => self.warn(&failure.to_string()),
            Ok(Outcome::Sent { .. }) => {
                if self.state == Some(ConnectionState::Online) || std::mem::replace(&mut self.keeping, true) {
                    return Ok(());
                }
                self.remark("no connection yet: what you say is kept and goes out by itself")
            }
            Ok(Outcome::Conversation(id)) => self.open(id),
            Ok(Outcome::History { conversation, page, unreadable, opened }) => {
                if opened {
                    self.open(conversation)?;
                }
                self.show_past(conversation, &page)?;
                let lines: Vec<String> = unreadable.iter().map(|one| self.look.unreadable(one)).collect();
                lines.iter().try_for_each(|line| self.screen.print(line))
            }
            Ok(Outcome::Older { older, .. }) => self.show_older(&older),
            Ok(Outcome::Found(hits)) => {
                if hits.is_empty() {
                    return self.remark("nothing found");
                }
                let here = self.here.take();
                let shown = hits.iter().rev().try_for_each(|hit| self.print_hit(hit));
                self.here = here;
                shown
            }
            Ok(Outcome::Members { members, .. }) => {
                let names: Vec<String> =
                    members.iter().map(|member| short_address(&member.address, &self.me)).collect();
                self.remark(&format!("{} here: {}", names.len(), names.join(", ")))
            }
            Ok(Outcome::Delivery(delivery)) => {
                let lines = delivery::lines(&self.look, &delivery, &self.me, (self.now)());
                lines.iter().try_for_each(|line| self.remark(line))
            }
            Ok(Outcome::Status(status)) => self.show_status(&status),
            Ok(Outcome::CaughtUp(report)) => self.remark(&self.look.caught_up(&report)),
            Ok(Outcome::Push(state)) => self.remark(&self.look.push(&state)),
            Ok(Outcome::Done) => match action {
                Action::Invite { .. } => self.remark("invited: they get in when their keys were fetched"),
                Action::Remove { .. } => self.remark("removed, as soon as the group has it"),
                Action::Discard(_) => self.remark("taken back"),
                _ => Ok(()),
            },
        }
    }
}

/// What can be typed for a conversation; quoted if it has blanks.
fn completions(conversation: &Conversation) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(name) = &conversation.name {
        let name = harmless::line(name);
        words.push(if name.contains(' ') { format!("\"{name}\"") } else { name });
    } else {
        words.push(harmless::line(&conversation.address.to_string()));
    }
    words
}

fn excerpt(text: &str) -> String {
    let text = harmless::line(text);
    if text.chars().count() <= EXCERPT {
        return text;
    }
    text.chars().take(EXCERPT).chain(['…']).collect()
}

#[cfg(test)]
#[path = "talk_tests.rs"]
mod tests;
