//! How things look as text: pure functions from values to lines. Everything that came from the network goes through
//! [`crate::harmless`] here, and nowhere else is text put together for a person.

use std::ops::Range;

use chrono::{DateTime, Local, TimeZone, Utc};
use console::{Color, Style, measure_text_width};
use heliograph_client::{
    Address, CatchUpEnd, CatchUpReport, Connection, ConnectionState, Conversation, ConversationKind,
    ConversationState, DeliveryState, Message, PushState, SeamKind, SearchHit, Security, Sender, Timestamp,
    Unreadable,
};

use crate::action::Status;
use crate::harmless;

/// Marks an end-to-end encrypted line.
const ENCRYPTED: &str = "🔒";
/// Marks a line that the servers in between can read. In words: a missing lock is easily overlooked.
const PLAIN: &str = "(not encrypted)";
/// Starts every further line of a message, so that no line of a text can pass for a message of its own.
const FURTHER: &str = "      ┊ ";
/// Narrower than this, wrapping does more harm than good.
const NARROWEST: usize = 30;
/// Senders are told apart by these; red and yellow are kept for warnings.
const SENDER_COLOURS: [Color; 4] = [Color::Cyan, Color::Green, Color::Magenta, Color::Blue];

/// Which clock on the wall is meant.
#[derive(Debug, Clone, Copy)]
pub enum Zone {
    /// This machine's.
    Local,
    /// Coordinated universal time.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests must not depend on the machine's time zone"))]
    Utc,
}

/// What the output can show.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Whether colours are understood and wanted.
    pub colour: bool,
    /// The width of the screen in columns; `None` if lines may be of any length.
    pub width: Option<usize>,
    /// The time zone of the clock.
    pub zone: Zone,
}

impl Look {
    /// What the standard output can show: colours and wrapping on a terminal only; `NO_COLOR` is respected.
    pub fn of_output() -> Self {
        let terminal = console::Term::stdout();
        let width = terminal.size_checked().map(|(_, columns)| usize::from(columns));
        Self {
            colour: terminal.is_term() && console::colors_enabled(),
            width: if terminal.is_term() { width } else { None },
            zone: Zone::Local,
        }
    }

    /// One message. `label` names its conversation where several are shown together.
    pub fn message(&self, message: &Message, me: &Address, label: Option<&str>, now: Timestamp) -> String {
        let mut text = match message.failure {
            Some(code) if message.text.is_empty() => {
                self.paint(&format!("(can't be shown: {})", code.advice()), Style::new().red())
            }
            _ => harmless::lines(&message.text),
        };
        if message.outgoing {
            let mark = self.delivery(message);
            if !mark.is_empty() {
                text.push_str("  ");
                text.push_str(&mark);
            }
        }
        self.block(&self.head(message, me, label, now), &text, FURTHER)
    }

    /// A message that was searched for: the part of its text around what was found, which stands out.
    pub fn hit(&self, hit: &SearchHit, me: &Address, label: Option<&str>, now: Timestamp) -> String {
        let excerpt = &hit.excerpt.text;
        let piece = |range: Range<usize>| harmless::line(excerpt.get(range).unwrap_or_default());
        let (mut text, mut end) = (String::new(), 0);
        for mark in &hit.excerpt.marks {
            text.push_str(&piece(end..mark.start));
            text.push_str(&self.found(&piece(mark.clone())));
            end = mark.end;
        }
        text.push_str(&piece(end..excerpt.len()));
        self.block(&self.head(&hit.message, me, label, now), &text, FURTHER)
    }

    /// Words that were searched for: in colour, or between stars where there is none.
    fn found(&self, words: &str) -> String {
        if self.colour { self.paint(words, Style::new().bold().underlined()) } else { format!("*{words}*") }
    }

    /// What stands before a text: when, how safe, where, who.
    fn head(&self, message: &Message, me: &Address, label: Option<&str>, now: Timestamp) -> String {
        let mut head = self.dim(&self.time(message.sent_at, now));
        head.push(' ');
        head.push_str(&match message.security {
            Security::Encrypted => ENCRYPTED.to_owned(),
            Security::Plain => self.paint(PLAIN, Style::new().yellow()),
        });
        if let Some(label) = label {
            head.push_str(&self.dim(&format!(" [{}]", harmless::line(label))));
        }
        head.push(' ');
        head.push_str(&self.sender(message, me));
        head.push(':');
        head
    }

    /// The name of a sender: `you`, the part before the @ on the own server, the whole address elsewhere, and a nick,
    /// which anybody may choose, in brackets.
    fn sender(&self, message: &Message, me: &Address) -> String {
        let name = match &message.sender {
            _ if message.outgoing => return self.paint("you", Style::new().bold()),
            Sender::Account(address) => short_address(address, me),
            Sender::Occupant(nick) => format!("<{}>", harmless::line(nick)),
        };
        let sum = name.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let colour = SENDER_COLOURS.get(sum % SENDER_COLOURS.len()).copied().unwrap_or(Color::Cyan);
        self.paint(&name, Style::new().fg(colour).bold())
    }

    /// How far a message of ours got, in a word.
    pub fn delivery(&self, message: &Message) -> String {
        match message.state {
            DeliveryState::Queued => self.dim("· waiting"),
            DeliveryState::Sending => self.dim("· sending"),
            DeliveryState::Sent | DeliveryState::Archived => self.dim("✓ sent"),
            DeliveryState::Delivered => self.dim("✓ delivered"),
            DeliveryState::Displayed => self.dim("✓ seen"),
            DeliveryState::Failed => {
                let why = message.failure.map_or("", heliograph_client::ErrorCode::advice);
                self.warning(&format!("✗ not sent. {why}"))
            }
            DeliveryState::Discarded => self.dim("taken back"),
        }
    }

    /// One line about a conversation, for lists.
    pub fn conversation(&self, conversation: &Conversation) -> String {
        let mut line = format!("{:>3}  ", conversation.id.0);
        line.push_str(&match conversation.security {
            Security::Encrypted => ENCRYPTED.to_owned(),
            Security::Plain => self.paint(PLAIN, Style::new().yellow()),
        });
        line.push(' ');
        line.push_str(&self.paint(&label(conversation), Style::new().bold()));
        line.push_str(&self.dim(match conversation.kind {
            ConversationKind::Direct => "",
            ConversationKind::Group => "  group",
            ConversationKind::Room => "  room",
        }));
        if let Some(state) = self.conversation_state(conversation) {
            line.push_str("  ");
            line.push_str(&state);
        }
        if conversation.unread > 0 {
            line.push_str(&self.paint(&format!("  {} new", conversation.unread), Style::new().green()));
        }
        line
    }

    /// What is to be known about a conversation; `None` if all is well.
    pub fn conversation_state(&self, conversation: &Conversation) -> Option<String> {
        match conversation.state {
            ConversationState::Active => conversation.failure.map(|code| self.warning(code.advice())),
            ConversationState::Preparing => Some(self.dim("being set up")),
            ConversationState::Left => Some(self.warning("left")),
            ConversationState::Failed => {
                let why = conversation.failure.map_or("", heliograph_client::ErrorCode::advice);
                Some(self.warning(&format!("failed. {why}")))
            }
        }
    }

    /// The connection in a few words, and why it is not there.
    pub fn connection(&self, connection: &Connection, now: Timestamp) -> String {
        let words = self.connection_state(connection, now);
        match &connection.error {
            Some(error) => format!("{words}: {}", error.code.advice()),
            None => words,
        }
    }

    /// The connection in a few words.
    pub fn connection_state(&self, connection: &Connection, now: Timestamp) -> String {
        match connection.state {
            ConnectionState::Offline => "offline".to_owned(),
            ConnectionState::Connecting => "connecting".to_owned(),
            ConnectionState::Online if connection.caught_up => "online".to_owned(),
            ConnectionState::Online => "catching up".to_owned(),
            ConnectionState::Waiting => match connection.retry_at {
                Some(at) => format!("offline, next try at {}", self.time(at, now)),
                None => "offline".to_owned(),
            },
            ConnectionState::Stopped => "stopped".to_owned(),
            ConnectionState::Suspended => "suspended".to_owned(),
        }
    }

    /// How far push is.
    #[expect(clippy::unused_self, reason = "reads as the other lines do")]
    pub fn push(&self, state: &PushState) -> String {
        match state {
            PushState::Off => "push is off".to_owned(),
            PushState::Stopping => "push is off here; the server has not confirmed that yet".to_owned(),
            PushState::Pending(target) => {
                format!("push to {} waits for the server", harmless::line(&target.service.to_string()))
            }
            PushState::On(target) => {
                format!("push to {} is on", harmless::line(&target.service.to_string()))
            }
            PushState::Refused(_, code) => format!("push is refused: {}", code.advice()),
        }
    }

    /// What a catch-up brought.
    #[expect(clippy::unused_self, reason = "reads as the other lines do")]
    pub fn caught_up(&self, report: &CatchUpReport) -> String {
        let news = format!("{} new messages", report.new_messages);
        match report.end {
            CatchUpEnd::Complete => news,
            CatchUpEnd::Deadline => format!("{news}; there was no time for the rest"),
            CatchUpEnd::Offline => format!("{news}; there is no network"),
            CatchUpEnd::Failed(code) => format!("{news}; {}", code.advice()),
            CatchUpEnd::Suspended => format!("{news}; suspended meanwhile"),
        }
    }

    /// How things stand, on a few lines.
    pub fn status(&self, status: &Status, now: Timestamp) -> String {
        let traffic = &status.traffic;
        let connection = self.connection(&status.connection, now);
        let mut lines = vec![
            format!("account        {}", harmless::line(&status.address.to_string())),
            format!("connection     {connection}"),
            format!("conversations  {}, {} unread messages", status.conversations, status.unread),
        ];
        for code in &status.connection.lacking {
            lines.push(format!("               {}", code.advice()));
        }
        if traffic.connects > 0 {
            lines.push(format!(
                "traffic        {} up, {} down, {} round trips, {} connections",
                bytes(traffic.bytes_up),
                bytes(traffic.bytes_down),
                traffic.flights,
                traffic.connects
            ));
        }
        lines.join("\n")
    }

    /// Stands where messages may be missing; `how` says how older ones are fetched.
    pub fn seam(&self, kind: SeamKind, how: &str) -> String {
        let advice = kind.advice();
        let text = match kind {
            SeamKind::NotLoaded => format!("{advice} {how}"),
            SeamKind::Forgotten | SeamKind::BeforeJoining => advice.to_owned(),
        };
        self.block(&self.dim("      ┄┄┄"), &self.dim(&text), "          ")
    }

    /// Messages that can't be read.
    pub fn unreadable(&self, unreadable: &Unreadable) -> String {
        let (count, advice) = (unreadable.messages, unreadable.reason.advice());
        let messages = if count == 1 { "message" } else { "messages" };
        self.remark(&format!("{count} {messages} can't be read: {advice}"))
    }

    /// A remark of the shell's own, told apart from messages by its dot and its colour.
    pub fn remark(&self, text: &str) -> String {
        self.block(&self.dim("·"), &self.dim(text), "  ")
    }

    /// A remark that needs attention.
    pub fn alert(&self, text: &str) -> String {
        self.block(&self.warning("!"), &self.warning(text), "  ")
    }

    /// Words that need attention.
    pub fn warning(&self, text: &str) -> String {
        self.paint(text, Style::new().red())
    }

    /// Quiet.
    pub fn dim(&self, text: &str) -> String {
        self.paint(text, Style::new().dim())
    }

    /// The time of day; with the date if it was another day.
    pub fn time(&self, at: Timestamp, now: Timestamp) -> String {
        match self.zone {
            Zone::Local => time_in(&Local, at, now),
            Zone::Utc => time_in(&Utc, at, now),
        }
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.colour { style.force_styling(true).apply_to(text).to_string() } else { text.to_owned() }
    }

    /// A head with a text that may have several lines, wrapped to the screen; every line but the first starts with
    /// `further`.
    fn block(&self, head: &str, text: &str, further: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        for (index, paragraph) in text.split('\n').enumerate() {
            let first = if index == 0 { format!("{head} ") } else { further.to_owned() };
            match self.width.filter(|width| *width >= NARROWEST && *width > measure_text_width(&first) + 8) {
                Some(width) => {
                    let options =
                        textwrap::Options::new(width - 1).initial_indent(&first).subsequent_indent(further);
                    lines.extend(textwrap::wrap(paragraph, options).into_iter().map(String::from));
                }
                None => lines.push(first + paragraph),
            }
        }
        lines.join("\n")
    }
}

/// How a conversation is called: its name, or its address, or its number.
pub fn label(conversation: &Conversation) -> String {
    match (&conversation.name, conversation.kind) {
        (Some(name), _) => harmless::line(name),
        // Its address is random letters. The name comes as the first message of a group.
        (None, ConversationKind::Group) => format!("group {}", conversation.id.0),
        (None, _) => harmless::line(&conversation.address.to_string()),
    }
}

/// An address as it is shown to `me`: without the server if that is the same.
pub fn short_address(address: &Address, me: &Address) -> String {
    match address.local() {
        Some(local) if address.domain() == me.domain() => harmless::line(local),
        _ => harmless::line(&address.to_string()),
    }
}

fn time_in<Z: TimeZone>(zone: &Z, at: Timestamp, now: Timestamp) -> String
where
    Z::Offset: std::fmt::Display,
{
    let moment = |time: Timestamp| DateTime::from_timestamp_millis(time.0).map(|utc| utc.with_timezone(zone));
    match (moment(at), moment(now)) {
        (Some(at), Some(now)) if at.date_naive() == now.date_naive() => at.format("%H:%M").to_string(),
        (Some(at), _) => at.format("%Y-%m-%d %H:%M").to_string(),
        // A time that no calendar has: somebody's clock is broken, the message is not.
        (None, _) => "--:--".to_owned(),
    }
}

fn bytes(count: u64) -> String {
    indicatif::BinaryBytes(count).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Look, Zone};
    use crate::sample::{NOON, conversation, message};
    use heliograph_client::{
        Address, Conversation, ConversationKind, DeliveryState, ErrorCode, Excerpt, SearchHit, Sender,
        Timestamp,
    };

    const LOOK: Look = Look { colour: false, width: None, zone: Zone::Utc };

    fn me() -> Address {
        Address::parse("ana@example.org").unwrap()
    }

    fn crew() -> Conversation {
        conversation(1, ConversationKind::Group, "g1@muc.example.org", Some("crew"))
    }

    #[test]
    fn encrypted_and_plain_messages_can_t_be_confused() {
        let encrypted = message(1, &crew(), "ben@example.org", "hello");
        assert_eq!(LOOK.message(&encrypted, &me(), None, NOON), "12:03 🔒 ben: hello");
        assert_eq!(LOOK.message(&encrypted, &me(), Some("crew"), NOON), "12:03 🔒 [crew] ben: hello");
        let chat = conversation(2, ConversationKind::Direct, "zoe@other.org", None);
        let plain = message(2, &chat, "zoe@other.org", "hi");
        assert_eq!(LOOK.message(&plain, &me(), None, NOON), "12:03 (not encrypted) zoe@other.org: hi");
    }

    #[test]
    fn a_text_can_t_forge_a_line_or_reach_the_terminal() {
        let mut forged = message(1, &crew(), "ben@example.org", "hi\n12:04 🔒 zoe: forged\u{1b}[2K");
        assert_eq!(
            LOOK.message(&forged, &me(), None, NOON),
            "12:03 🔒 ben: hi\n      ┊ 12:04 🔒 zoe: forged␛[2K"
        );
        forged.sender = Sender::Occupant("you\n\u{202e}".into());
        forged.text = "x".into();
        assert_eq!(LOOK.message(&forged, &me(), None, NOON), "12:03 🔒 <you␊\u{fffd}>: x");
    }

    #[test]
    fn long_messages_wrap_below_their_text() {
        let look = Look { width: Some(40), ..LOOK };
        let long = message(1, &crew(), "ben@example.org", "one two three four five six seven eight nine ten");
        let shown = look.message(&long, &me(), None, NOON);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.len() > 1);
        assert!(lines[1..].iter().all(|line| line.starts_with("      ┊ ")));
        assert!(lines.iter().all(|line| console::measure_text_width(line) < 40));
    }

    #[test]
    fn what_was_searched_for_stands_out_in_the_part_around_it() {
        let message =
            message(1, &crew(), "ben@example.org", "long before\nthe bridge\u{200f} and long after");
        let excerpt =
            Excerpt { text: "…the bridge\u{200f} and a ridge…".to_owned(), marks: vec![7..16, 23..28] };
        let hit = SearchHit { message, marks: Vec::new(), excerpt };
        let shown = |look: Look| look.hit(&hit, &me(), Some("crew"), NOON);
        assert_eq!(shown(LOOK), "12:03 🔒 [crew] ben: …the *bridge\u{fffd}* and a *ridge*…");
        let coloured = shown(Look { colour: true, ..LOOK });
        assert!(coloured.contains("\u{1b}[1m\u{1b}[4mbridge\u{fffd}\u{1b}[0m"), "{coloured:?}");
    }

    #[test]
    fn own_messages_say_how_far_they_got() {
        let mut own = message(1, &crew(), "ana@example.org", "hello");
        own.outgoing = true;
        own.state = DeliveryState::Queued;
        assert_eq!(LOOK.message(&own, &me(), None, NOON), "12:03 🔒 you: hello  · waiting");
        own.state = DeliveryState::Failed;
        own.failure = Some(ErrorCode::TooLarge);
        assert!(LOOK.message(&own, &me(), None, NOON).contains("not sent. That is too large"));
    }

    #[test]
    fn another_day_shows_its_date_and_a_broken_clock_does_no_harm() {
        let mut old = message(1, &crew(), "ben@example.org", "hello");
        old.sent_at = Timestamp(NOON.0 - 86_400_000);
        assert_eq!(LOOK.message(&old, &me(), None, NOON), "2026-11-22 12:03 🔒 ben: hello");
        old.sent_at = Timestamp(i64::MAX);
        assert_eq!(LOOK.message(&old, &me(), None, NOON), "--:-- 🔒 ben: hello");
    }

    #[test]
    fn lists_show_number_lock_name_and_what_is_new() {
        let mut crew = crew();
        crew.unread = 2;
        assert_eq!(LOOK.conversation(&crew), "  1  🔒 crew  group  2 new");
        let room = conversation(12, ConversationKind::Room, "lobby@muc.example.org", None);
        assert_eq!(LOOK.conversation(&room), " 12  (not encrypted) lobby@muc.example.org  room");
    }
}
