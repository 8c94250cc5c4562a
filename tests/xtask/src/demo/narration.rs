//! Telling what happens while it happens, one line each, in the order in which it happened.
//!
//! Phones report through [`Narrator::follow`] before anybody who waits for them goes on, and everything goes through one
//! queue: so nothing that the script does next is told before what it waited for.

use std::collections::BTreeSet;
use std::time::Instant;

use console::{Color, Style, style};
use heliograph_lab::Phone;
use heliograph_lab::phone::{ConnectionState, ConversationState, Event, Message};
use heliograph_model::{DeliveryState, Security};
use tokio::sync::{mpsc, oneshot};

/// The phones' colours, in the order of the cast.
const COLOURS: [Color; 3] = [Color::Cyan, Color::Magenta, Color::Yellow];

/// Tells. Dropping it ends the telling.
pub struct Narrator {
    news: mpsc::UnboundedSender<News>,
}

enum News {
    Act(String),
    Told(String),
    From(&'static str, Event),
    /// Everything before this is printed when the sender is gone.
    Finish(oneshot::Sender<()>),
}

impl Narrator {
    /// Starts to tell of these phones.
    pub fn start(names: &[&'static str]) -> Self {
        let (news, mut queue) = mpsc::unbounded_channel();
        let mut teller = Teller::new(names);
        tokio::spawn(async move {
            while let Some(news) = queue.recv().await {
                match news {
                    News::Act(title) => println!("\n{}", style(title).bold().underlined()),
                    News::Told(text) => teller.print("", &text),
                    News::From(name, event) => {
                        if let Some(text) = teller.tell(name, &event) {
                            teller.print(name, &text);
                        }
                    }
                    News::Finish(done) => drop(done),
                }
            }
        });
        Self { news }
    }

    /// A new act.
    pub fn act(&self, title: &str) {
        self.put(News::Act(title.to_owned()));
    }

    /// Something that no phone says.
    pub fn tell(&self, text: &str) {
        self.put(News::Told(text.to_owned()));
    }

    /// Tells from now on what a phone shows to its user.
    pub fn follow(&self, name: &'static str, phone: &Phone) {
        let news = self.news.clone();
        phone.on_event(move |event| drop(news.send(News::From(name, event.clone()))));
    }

    /// Waits until everything that was told is printed.
    pub async fn finish(&self) {
        let (done, printed) = oneshot::channel();
        self.put(News::Finish(done));
        // It is only ever dropped, never used.
        let _ = printed.await;
    }

    fn put(&self, news: News) {
        // Without a listener there is nobody to tell.
        let _ = self.news.send(news);
    }
}

/// Turns events into sentences, and remembers what it has told already.
struct Teller {
    start: Instant,
    styles: Vec<(&'static str, Style)>,
    /// Per phone: message ids whose delivery was told, and what else is worth telling once.
    told: BTreeSet<(&'static str, String)>,
}

impl Teller {
    fn new(names: &[&'static str]) -> Self {
        let styles =
            names.iter().zip(COLOURS).map(|(name, colour)| (*name, Style::new().fg(colour).bold())).collect();
        Self { start: Instant::now(), styles, told: BTreeSet::new() }
    }

    fn print(&self, name: &str, text: &str) {
        let styled = self.styles.iter().find(|(known, _)| *known == name).map(|(_, style)| style);
        let padded = format!("{name:<6}");
        let name = styled.map_or_else(|| padded.clone(), |style| style.apply_to(&padded).to_string());
        let time = format!("{:6.1} s", self.start.elapsed().as_secs_f64());
        println!("{}  {name} {text}", style(time).dim());
    }

    /// What there is to tell of an event, if anything.
    fn tell(&mut self, name: &'static str, event: &Event) -> Option<String> {
        match event {
            Event::Connection { state: ConnectionState::Online, .. } => {
                self.first(name, "online").then(|| "is connected".to_owned())
            }
            Event::Connection { state: ConnectionState::Offline, .. } => {
                // A phone that was never connected has lost nothing.
                let was_online = self.told.remove(&(name, "online".into()));
                was_online.then(|| style("has lost the network").red().to_string())
            }
            Event::Connection { state: ConnectionState::Stopped, error } => {
                let reason = error.as_deref().unwrap_or("for no reason");
                Some(style(format!("has stopped: {reason}")).red().to_string())
            }
            Event::Conversation(conversation) => {
                // A group whose name is still sealed has nothing yet that its user would recognise.
                let group = conversation.name.as_deref()?;
                let lock = match conversation.security {
                    Security::Encrypted => "encrypted",
                    Security::Plain => "NOT encrypted",
                };
                match conversation.state {
                    ConversationState::Active => self
                        .first(name, &format!("in {}", conversation.id))
                        .then(|| format!("is in \"{group}\" ({lock})")),
                    ConversationState::Failed => {
                        let reason = conversation.error.as_deref().unwrap_or("for no reason");
                        Some(style(format!("could not enter \"{group}\": {reason}")).red().to_string())
                    }
                    ConversationState::Preparing | ConversationState::Left => None,
                }
            }
            Event::Message(message) => self.tell_message(name, message),
            Event::Connection { state: ConnectionState::Connecting, .. }
            | Event::Reply { .. }
            | Event::CaughtUp
            | Event::Push { .. }
            | Event::Traffic(_) => None,
        }
    }

    fn tell_message(&mut self, name: &'static str, message: &Message) -> Option<String> {
        let text = &message.text;
        if !message.outgoing {
            let sender = message.sender.split('@').next().unwrap_or_default();
            return message.new.then(|| format!("  {} {sender}: {text}", style("◂").green()));
        }
        let dim = |words: &str| style(format!("  {words} \"{}\"", beginning(text))).dim().to_string();
        if message.new {
            let offline = !self.told.contains(&(name, "online".into()));
            let waits =
                if offline { style(" (waits on the phone)").dim().to_string() } else { String::new() };
            return Some(format!("{} {}{waits}", style("▸").bold(), style(text).bold()));
        }
        match message.state {
            DeliveryState::Delivered | DeliveryState::Displayed => self
                .first(name, &format!("delivered {}", message.id))
                .then(|| dim("✓✓ delivered to everybody:")),
            DeliveryState::Failed => {
                let reason = message.error.as_deref().unwrap_or("for no reason");
                Some(style(format!("  ✗ failed ({reason}): {text}")).red().to_string())
            }
            DeliveryState::Archived => self
                .first(name, &format!("archived {}", message.id))
                .then(|| dim("✓ safe in the room's archive:")),
            DeliveryState::Queued
            | DeliveryState::Sending
            | DeliveryState::Sent
            | DeliveryState::Discarded => None,
        }
    }

    /// Whether this is told for the first time.
    fn first(&mut self, name: &'static str, what: &str) -> bool {
        self.told.insert((name, what.to_owned()))
    }
}

/// As much of a text as it takes to recognise it.
fn beginning(text: &str) -> String {
    console::truncate_str(text, 32, "…").into_owned()
}

#[cfg(test)]
mod tests {
    use heliograph_lab::phone::{ConnectionState, Event, Message};
    use heliograph_model::{DeliveryState, Security};

    use super::Teller;

    fn message(outgoing: bool, state: DeliveryState, new: bool) -> Event {
        Event::Message(Message {
            row: 1,
            conversation: 1,
            id: "m".into(),
            sender: "ben@lab.test".into(),
            outgoing,
            text: "Land ahoy".into(),
            security: Security::Encrypted,
            state,
            error: None,
            sent_at: 0,
            new,
        })
    }

    fn connection(state: ConnectionState) -> Event {
        Event::Connection { state, error: None }
    }

    #[test]
    fn each_thing_is_told_once() {
        console::set_colors_enabled(false);
        let mut teller = Teller::new(&["ana"]);
        let mut tell = |event| teller.tell("ana", &event).unwrap_or_default();
        assert_eq!(tell(connection(ConnectionState::Offline)), "", "it had no connection to lose");
        assert_eq!(tell(connection(ConnectionState::Online)), "is connected");
        assert_eq!(tell(connection(ConnectionState::Online)), "");
        assert_eq!(tell(message(false, DeliveryState::Archived, true)), "  ◂ ben: Land ahoy");
        assert_eq!(tell(message(false, DeliveryState::Archived, false)), "");
        assert_eq!(tell(message(true, DeliveryState::Queued, true)), "▸ Land ahoy");
        assert_eq!(tell(message(true, DeliveryState::Sending, false)), "");
        assert_eq!(
            tell(message(true, DeliveryState::Delivered, false)),
            "  ✓✓ delivered to everybody: \"Land ahoy\""
        );
        assert_eq!(tell(message(true, DeliveryState::Displayed, false)), "");
        assert_eq!(tell(connection(ConnectionState::Offline)), "has lost the network");
        assert_eq!(tell(connection(ConnectionState::Offline)), "");
        assert_eq!(tell(message(true, DeliveryState::Queued, true)), "▸ Land ahoy (waits on the phone)");
    }
}
