//! The input half of the line protocol: one JSON object per line, with the command under `"do"`.
//!
//! Whatever a line holds, the answer is a command or a typed reply, never an end of the session.

use std::collections::BTreeMap;
use std::time::Duration;

use heliograph_client::{Address, ConversationId, NetworkId, NetworkState, PowerState, PushTarget};
use serde::Deserialize;
use serde_json::Value;

use crate::action::{Action, Target};
use crate::delivery::Which;
use crate::failure::Failure;

/// How many messages `history` and `search` answer with if the command does not say.
const DEFAULT_LIMIT: usize = 50;

/// How long `catch-up` may take if the command does not say, in milliseconds: what iOS grants a background refresh.
const DEFAULT_CATCH_UP_MS: u64 = 25_000;

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Command {
    Send {
        to: Word,
        text: String,
    },
    GroupCreate {
        name: String,
        members: Vec<Address>,
    },
    GroupInvite {
        group: Word,
        members: Vec<Address>,
    },
    GroupRemove {
        group: Word,
        members: Vec<Address>,
    },
    Join {
        room: Address,
        nick: Option<String>,
    },
    History {
        of: Word,
        #[serde(default = "default_limit")]
        limit: usize,
    },
    LoadOlder {
        of: Word,
        #[serde(default = "default_limit")]
        count: usize,
    },
    Search {
        text: String,
        within: Option<Word>,
        #[serde(default = "default_limit")]
        limit: usize,
    },
    Members {
        of: Word,
    },
    MarkRead {
        of: Word,
        row: i64,
    },
    Why {
        row: i64,
    },
    Resend {
        row: i64,
    },
    Discard {
        row: i64,
    },
    Status,
    Suspend,
    Resume,
    CatchUp {
        #[serde(default = "default_catch_up")]
        deadline_ms: u64,
    },
    PushEnable {
        service: Address,
        node: String,
        #[serde(default)]
        options: BTreeMap<String, String>,
    },
    PushDisable,
    PushStatus,
    Network {
        available: bool,
        id: Option<String>,
        #[serde(default)]
        previous_gone: bool,
    },
    Power {
        #[serde(default)]
        low_power: bool,
        #[serde(default)]
        charging: bool,
        #[serde(default)]
        idle: bool,
    },
    AppState {
        foreground: bool,
    },
    Quit,
}

/// A conversation as a script names it: its number, or its number, address or name as text.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a conversation's number, address or name")]
enum Word {
    Number(i64),
    Text(String),
}

impl From<Word> for Target {
    fn from(word: Word) -> Self {
        match word {
            Word::Number(number) => Self::Known(ConversationId(number)),
            Word::Text(text) => Self::Named(text),
        }
    }
}

/// Reads one line. The tag is whatever stood under `"tag"`, so that the reply can carry it even if the rest of the
/// command made no sense; `null` if there was none.
pub fn parse(line: &str) -> (Value, Result<Action, Failure>) {
    let mut value: Value = match serde_json::from_str(line) {
        Ok(value) => value,
        Err(error) => return (Value::Null, Err(Failure::Input(format!("This is not JSON: {error}.")))),
    };
    let Some(object) = value.as_object_mut() else {
        return (Value::Null, Err(Failure::Input("A command is a JSON object with the key \"do\".".into())));
    };
    let tag = object.remove("tag").unwrap_or(Value::Null);
    let action = Command::deserialize(value)
        .map(Action::from)
        .map_err(|error| Failure::Input(format!("This command makes no sense: {error}.")));
    (tag, action)
}

impl From<Command> for Action {
    fn from(command: Command) -> Self {
        match command {
            Command::Send { to, text } => Self::Send { to: to.into(), text },
            Command::GroupCreate { name, members } => Self::CreateGroup { name, members },
            Command::GroupInvite { group, members } => Self::Invite { group: group.into(), members },
            Command::GroupRemove { group, members } => Self::Remove { group: group.into(), members },
            Command::Join { room, nick } => Self::Join { room, nick },
            Command::History { of, limit } => Self::History { of: of.into(), limit },
            Command::LoadOlder { of, count } => Self::LoadOlder { of: of.into(), count },
            Command::Search { text, within, limit } => {
                Self::Search { text, within: within.map(Target::from), limit }
            }
            Command::Members { of } => Self::Members { of: of.into() },
            Command::MarkRead { of, row } => Self::MarkRead { of: of.into(), row },
            Command::Why { row } => Self::Why(Which::Row(row)),
            Command::Resend { row } => Self::SendAgain(Which::Row(row)),
            Command::Discard { row } => Self::Discard(Which::Row(row)),
            Command::Status => Self::Status,
            Command::Suspend => Self::Suspend,
            Command::Resume => Self::Resume,
            Command::CatchUp { deadline_ms } => {
                Self::CatchUp { deadline: Duration::from_millis(deadline_ms) }
            }
            Command::PushEnable { service, node, options } => {
                Self::EnablePush(PushTarget { service, node, options: options.into_iter().collect() })
            }
            Command::PushDisable => Self::DisablePush,
            Command::PushStatus => Self::PushStatus,
            Command::Network { available, id, previous_gone } => Self::Network(NetworkState {
                id: id.map(NetworkId::new),
                previous_gone,
                ..NetworkState::from(available)
            }),
            Command::Power { low_power, charging, idle } => {
                Self::Power(PowerState { low_power, charging, idle })
            }
            Command::AppState { foreground } => Self::AppState { foreground },
            Command::Quit => Self::Quit,
        }
    }
}

const fn default_limit() -> usize {
    DEFAULT_LIMIT
}

const fn default_catch_up() -> u64 {
    DEFAULT_CATCH_UP_MS
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::action::{Action, Target};
    use heliograph_client::{Address, ConversationId, NetworkId, NetworkState, PowerState, PushTarget};
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::time::Duration;

    fn action(line: &str) -> Action {
        parse(line).1.unwrap()
    }

    #[test]
    fn the_commands_of_the_protocol_are_understood() {
        let named = |name: &str| Target::Named(name.to_owned());
        let members = vec![Address::parse("ben@x.org").unwrap()];
        let pairs = [
            (
                r#"{"do":"send","to":"crew","text":"hi","tag":"x"}"#,
                Action::Send { to: named("crew"), text: "hi".into() },
            ),
            (
                r#"{"do":"send","to":3,"text":"hi"}"#,
                Action::Send { to: Target::Known(ConversationId(3)), text: "hi".into() },
            ),
            (
                r#"{"do":"group-create","name":"crew","members":["ben@x.org"],"tag":"x"}"#,
                Action::CreateGroup { name: "crew".into(), members: members.clone() },
            ),
            (
                r#"{"do":"group-invite","group":"crew","members":["ben@x.org"]}"#,
                Action::Invite { group: named("crew"), members: members.clone() },
            ),
            (
                r#"{"do":"group-remove","group":"crew","members":["ben@x.org"]}"#,
                Action::Remove { group: named("crew"), members },
            ),
            (
                r#"{"do":"join","room":"r@muc.x","nick":"n"}"#,
                Action::Join { room: Address::parse("r@muc.x").unwrap(), nick: Some("n".into()) },
            ),
            (r#"{"do":"history","of":"crew","limit":7}"#, Action::History { of: named("crew"), limit: 7 }),
            (r#"{"do":"history","of":"crew"}"#, Action::History { of: named("crew"), limit: 50 }),
            (r#"{"do":"load-older","of":"crew"}"#, Action::LoadOlder { of: named("crew"), count: 50 }),
            (r#"{"do":"search","text":"a"}"#, Action::Search { text: "a".into(), within: None, limit: 50 }),
            (r#"{"do":"status"}"#, Action::Status),
            (r#"{"do":"suspend"}"#, Action::Suspend),
            (r#"{"do":"resume"}"#, Action::Resume),
            (r#"{"do":"catch-up","deadline_ms":5000}"#, Action::CatchUp { deadline: Duration::from_secs(5) }),
            (
                r#"{"do":"push-enable","service":"push.x.org","node":"n","options":{"secret":"s"}}"#,
                Action::EnablePush(PushTarget {
                    service: Address::parse("push.x.org").unwrap(),
                    node: "n".into(),
                    options: vec![("secret".into(), "s".into())],
                }),
            ),
            (r#"{"do":"push-disable"}"#, Action::DisablePush),
            (r#"{"do":"push-status"}"#, Action::PushStatus),
            (r#"{"do":"network","available":false}"#, Action::Network(NetworkState::unavailable())),
            (
                r#"{"do":"network","available":true,"id":"camp","previous_gone":true}"#,
                Action::Network(NetworkState {
                    previous_gone: true,
                    ..NetworkState::on(NetworkId::new("camp"))
                }),
            ),
            (
                r#"{"do":"power","low_power":true}"#,
                Action::Power(PowerState { low_power: true, charging: false, idle: false }),
            ),
            (r#"{"do":"app-state","foreground":false}"#, Action::AppState { foreground: false }),
            (r#"{"do":"quit"}"#, Action::Quit),
        ];
        for (line, expected) in pairs {
            assert_eq!(action(line), expected, "{line}");
        }
    }

    #[test]
    fn nonsense_is_answered_with_a_code_and_keeps_the_tag() {
        let bad = [
            ("", Value::Null),
            ("{", Value::Null),
            ("[1]", Value::Null),
            ("\"send\"", Value::Null),
            (r#"{"tag":"t"}"#, json!("t")),
            (r#"{"do":"fly","tag":7}"#, json!(7)),
            (r#"{"do":5,"tag":"t"}"#, json!("t")),
            (r#"{"do":"send","to":"x","text":5,"tag":"t"}"#, json!("t")),
            (r#"{"do":"send","to":["x"],"text":"a","tag":"t"}"#, json!("t")),
            (r#"{"do":"send","text":"a","tag":"t"}"#, json!("t")),
            (r#"{"do":"group-create","name":"x","members":"a@b","tag":"t"}"#, json!("t")),
            (r#"{"do":"group-create","name":"x","members":["@"],"tag":"t"}"#, json!("t")),
            (r#"{"do":"history","of":"x","limit":-1,"tag":"t"}"#, json!("t")),
        ];
        for (line, expected) in bad {
            let (tag, action) = parse(line);
            assert_eq!(tag, expected, "{line}");
            assert_eq!(action.unwrap_err().code(), "invalid-argument", "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_a_crash(line in any::<String>()) {
            let _ = parse(&line);
        }
    }
}
