//! The session as a script sees it: the line protocol. See [`crate::json_command`] and [`crate::json_event`].

use std::io::{self, Write};

use heliograph_client::{Connection, Conversation, Member, Message, PushState};
use serde_json::Value;

use crate::action::{Action, Outcome};
use crate::failure::Failure;
use crate::json_command::parse;
use crate::json_event::{
    ConnectionFields, ConversationFields, ErrorFields, Event, MessageFields, PushFields, TrafficFields, line,
    outcome,
};
use crate::session::{Face, News, Tag, Understood};

/// Writes one JSON object per line, each flushed at once.
pub struct JsonFace<W> {
    output: W,
    said: Option<ConnectionFields>,
    caught_up: bool,
}

impl<W: Write> JsonFace<W> {
    /// A face that writes to `output`.
    pub fn new(output: W) -> Self {
        Self { output, said: None, caught_up: false }
    }

    fn say(&mut self, event: &Event<'_>) -> io::Result<()> {
        let text = line(event).map_err(io::Error::other)?;
        writeln!(self.output, "{text}")?;
        self.output.flush()
    }
}

impl<W: Write> Face for JsonFace<W> {
    fn understand(&mut self, line: &str) -> io::Result<Understood> {
        match parse(line) {
            (tag, Ok(action)) => Ok(Understood::Do(tag, action)),
            (tag, Err(failure)) => {
                let error = Some(ErrorFields::from(&failure));
                self.say(&Event::Reply { tag, ok: None, error })?;
                Ok(Understood::Answered)
            }
        }
    }

    fn reject(&mut self, failure: &Failure) -> io::Result<()> {
        let error = Some(ErrorFields::from(failure));
        self.say(&Event::Reply { tag: Value::Null, ok: None, error })
    }

    fn connection(&mut self, connection: &Connection) -> io::Result<()> {
        // Being busy or idle comes with every message and is for those who ask for the status.
        let fields = ConnectionFields::from(connection);
        if self.said.as_ref() != Some(&fields) {
            self.say(&Event::Connection(&fields))?;
            self.said = Some(fields);
        }
        if connection.caught_up && !self.caught_up {
            self.say(&Event::CaughtUp)?;
        }
        self.caught_up = connection.caught_up;
        Ok(())
    }

    fn push(&mut self, state: &PushState) -> io::Result<()> {
        self.say(&Event::Push(PushFields::from(state)))
    }

    fn conversation(&mut self, conversation: &Conversation, members: &[Member]) -> io::Result<()> {
        self.say(&Event::Conversation(ConversationFields::new(conversation, members)))
    }

    fn message(&mut self, message: &Message, news: News) -> io::Result<bool> {
        self.say(&Event::Message(MessageFields::new(message, news.new)))?;
        // A script is no person: it says itself what was read.
        Ok(false)
    }

    fn reply(&mut self, tag: Tag, _action: &Action, result: Result<Outcome, Failure>) -> io::Result<()> {
        if let Ok(Outcome::Status(status)) = &result {
            self.say(&Event::Traffic(TrafficFields::from(&status.traffic)))?;
        }
        let (ok, error) = match &result {
            Ok(done) => (Some(outcome(done)), None),
            Err(failure) => (None, Some(ErrorFields::from(failure))),
        };
        self.say(&Event::Reply { tag, ok, error })
    }
}

#[cfg(test)]
mod tests {
    use super::JsonFace;
    use crate::sample;
    use crate::session::{Face, Understood};
    use heliograph_client::ConnectionState;
    use serde_json::{Value, json};

    fn said(output: &[u8]) -> Vec<Value> {
        std::str::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_malformed_line_gets_a_typed_reply_and_the_session_goes_on() {
        let mut face = JsonFace::new(Vec::new());
        for line in ["nonsense", r#"{"do":"fly","tag":"a"}"#] {
            assert!(matches!(face.understand(line).unwrap(), Understood::Answered));
        }
        assert!(matches!(face.understand(r#"{"do":"status"}"#).unwrap(), Understood::Do(..)));
        let replies = said(&face.output);
        assert_eq!(replies.len(), 2);
        assert_eq!(replies[1]["tag"], json!("a"));
        assert!(replies.iter().all(|reply| reply["error"]["code"] == "invalid-argument"));
    }

    #[test]
    fn caught_up_is_said_once_per_catch_up() {
        let mut face = JsonFace::new(Vec::new());
        let mut connection = sample::connection(ConnectionState::Online);
        for caught_up in [false, true, true, false, true] {
            connection.caught_up = caught_up;
            face.connection(&connection).unwrap();
        }
        let count = said(&face.output).iter().filter(|event| event["event"] == "caught-up").count();
        assert_eq!(count, 2);
    }

    #[test]
    fn being_busy_is_no_news() {
        let mut face = JsonFace::new(Vec::new());
        let mut connection = sample::connection(ConnectionState::Online);
        for idle in [false, true, false, true] {
            connection.idle = idle;
            face.connection(&connection).unwrap();
        }
        assert_eq!(said(&face.output).len(), 1);
    }
}
