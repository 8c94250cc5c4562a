//! What a person types at the prompt: a text to send, or a command that starts with `/`.

use heliograph_client::{Address, Contact};

use crate::action::{Action, Target};
use crate::delivery::Which;

/// How many messages `/to` and `/history` show.
pub const SCREENFUL: usize = 20;

/// How many hits `/search` shows.
const HITS: usize = 20;

/// The commands, with what they take and do. The prompt's completion and `/help` read this.
pub const COMMANDS: [(&str, &str, &str); 16] = [
    ("/to", "WHO", "talk to a contact, group or room (number, name or address)"),
    ("/list", "", "all conversations"),
    ("/history", "[COUNT]", "what was said here"),
    ("/older", "[COUNT]", "fetch what was said here before, from the server"),
    ("/search", "WORDS", "find messages, in all conversations"),
    ("/why", "", "how far your last message here has got, and why no farther"),
    ("/resend", "", "send your last message here that failed once more"),
    ("/discard", "", "take back your last message here that was not sent"),
    ("/members", "", "who is here"),
    ("/group", "NAME MEMBER...", "create an encrypted group"),
    ("/invite", "MEMBER...", "invite into this group"),
    ("/remove", "MEMBER...", "remove from this group"),
    ("/join", "ROOM [NICK]", "join an ordinary room (not encrypted)"),
    ("/status", "", "account, connection, traffic"),
    ("/help", "", "this list"),
    ("/quit", "", "leave (so does Ctrl-D)"),
];

/// What a typed line means.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// Nothing was typed.
    Nothing,
    /// Something to do; for this conversation where the line names none.
    Do(Action),
    /// Show all conversations.
    List,
    /// Show the commands.
    Help,
    /// It makes no sense; what to do instead.
    Wrong(&'static str),
}

/// Understands a line. `here` is the conversation that the prompt stands in. Two slashes send a text that begins with
/// one.
pub fn understand(line: &str, here: Option<&Target>) -> Typed {
    const NOWHERE: Typed = Typed::Wrong("Choose a conversation first: /to WHO, or /list to see them.");
    let text = line.trim();
    if text.is_empty() {
        return Typed::Nothing;
    }
    let command = match text.strip_prefix('/') {
        Some(command) if !command.starts_with('/') => command,
        escaped => {
            let text = escaped.unwrap_or(text).to_owned();
            return here.map_or(NOWHERE, |here| Typed::Do(Action::Send { to: here.clone(), text }));
        }
    };
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let rest = rest.trim();
    match (name, rest) {
        ("to", "") => Typed::Wrong("Say whom: /to WHO."),
        ("to", who) => {
            Typed::Do(Action::Open { to: Target::Named(unquoted(who).to_owned()), limit: SCREENFUL })
        }
        ("list", _) => Typed::List,
        ("history", count) => {
            let limit = if count.is_empty() { Some(SCREENFUL) } else { count.parse().ok() };
            match (here, limit) {
                (_, None) => Typed::Wrong("Say how many as a number: /history 50."),
                (None, _) => NOWHERE,
                (Some(here), Some(limit)) => Typed::Do(Action::History { of: here.clone(), limit }),
            }
        }
        ("older", count) => {
            let count = if count.is_empty() { Some(SCREENFUL) } else { count.parse().ok() };
            match (here, count) {
                (_, None) => Typed::Wrong("Say how many as a number: /older 50."),
                (None, _) => NOWHERE,
                (Some(here), Some(count)) => Typed::Do(Action::LoadOlder { of: here.clone(), count }),
            }
        }
        ("search", "") => Typed::Wrong("Say what to look for: /search WORDS."),
        ("search", words) => Typed::Do(Action::Search { text: words.to_owned(), within: None, limit: HITS }),
        ("why", _) => here.map_or(NOWHERE, |here| Typed::Do(Action::Why(Which::Last(here.clone())))),
        ("resend", _) => here.map_or(NOWHERE, |here| Typed::Do(Action::SendAgain(Which::Last(here.clone())))),
        ("discard", _) => here.map_or(NOWHERE, |here| Typed::Do(Action::Discard(Which::Last(here.clone())))),
        ("members", _) => here.map_or(NOWHERE, |here| Typed::Do(Action::Members { of: here.clone() })),
        ("group", rest) => create_group(rest),
        ("invite" | "remove", rest) => match (here, addresses(rest)) {
            (_, None) => Typed::Wrong("Say whom by address: name@server."),
            (None, _) => NOWHERE,
            (Some(here), Some(members)) => {
                let group = here.clone();
                Typed::Do(if name == "invite" {
                    Action::Invite { group, members }
                } else {
                    Action::Remove { group, members }
                })
            }
        },
        ("join", rest) => {
            let (room, nick) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let nick = unquoted(nick.trim());
            match Contact::read(room) {
                Ok(Contact { address: room, .. }) => {
                    Typed::Do(Action::Join { room, nick: (!nick.is_empty()).then(|| nick.to_owned()) })
                }
                Err(_) => Typed::Wrong("Say which room by address: /join room@service."),
            }
        }
        ("status", _) => Typed::Do(Action::Status),
        ("help" | "?", _) => Typed::Help,
        ("quit" | "exit", _) => Typed::Do(Action::Quit),
        _ => {
            Typed::Wrong("There is no such command; /help shows all. To send a text with a slash, type two.")
        }
    }
}

/// `NAME MEMBER...`, the name in quotation marks if it has blanks.
fn create_group(rest: &str) -> Typed {
    const USAGE: Typed =
        Typed::Wrong("Like this: /group NAME ben@server zoe@server (\"NAME\" if it has blanks).");
    let split = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"'),
        None => rest.split_once(char::is_whitespace),
    };
    match split.map(|(name, members)| (name.trim(), addresses(members))) {
        Some((name, Some(members))) if !name.is_empty() => {
            Typed::Do(Action::CreateGroup { name: name.to_owned(), members })
        }
        _ => USAGE,
    }
}

/// At least one address, all of them well-formed.
fn addresses(text: &str) -> Option<Vec<Address>> {
    let parsed: Result<Vec<Address>, _> = text.split_whitespace().map(Address::parse).collect();
    parsed.ok().filter(|all| !all.is_empty() && all.iter().all(|address| address.local().is_some()))
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::{Typed, understand};
    use crate::action::{Action, Target};
    use crate::delivery::Which;
    use heliograph_client::{Address, ConversationId};
    use proptest::prelude::*;

    const HERE: Target = Target::Known(ConversationId(1));

    #[test]
    fn a_text_goes_to_the_conversation_that_is_open() {
        let sent = |text: &str| Typed::Do(Action::Send { to: HERE, text: text.to_owned() });
        assert_eq!(understand("hello there", Some(&HERE)), sent("hello there"));
        assert_eq!(understand("//etc/hosts", Some(&HERE)), sent("/etc/hosts"));
        assert!(matches!(understand("hello", None), Typed::Wrong(_)));
        assert_eq!(understand("  ", Some(&HERE)), Typed::Nothing);
    }

    #[test]
    fn commands_name_people_groups_and_rooms() {
        let ben = Address::parse("ben@x.org").unwrap();
        let create =
            |name: &str| Typed::Do(Action::CreateGroup { name: name.to_owned(), members: vec![ben.clone()] });
        assert_eq!(understand("/group crew ben@x.org", None), create("crew"));
        assert_eq!(understand("/group \"night watch\" ben@x.org", None), create("night watch"));
        assert!(matches!(understand("/group crew", None), Typed::Wrong(_)));
        assert!(matches!(understand("/group \"night ben@x.org", None), Typed::Wrong(_)));
        assert_eq!(
            understand("/to \"night watch\"", None),
            Typed::Do(Action::Open { to: Target::Named("night watch".into()), limit: 20 })
        );
        assert_eq!(
            understand("/invite ben@x.org", Some(&HERE)),
            Typed::Do(Action::Invite { group: HERE, members: vec![ben] })
        );
        assert!(matches!(understand("/invite nobody", Some(&HERE)), Typed::Wrong(_)));
        assert_eq!(
            understand("/join r@muc.x.org", None),
            Typed::Do(Action::Join { room: Address::parse("r@muc.x.org").unwrap(), nick: None })
        );
        assert_eq!(
            understand("/join xmpp:r@muc.x.org?join rosa", None),
            Typed::Do(Action::Join {
                room: Address::parse("r@muc.x.org").unwrap(),
                nick: Some("rosa".into())
            })
        );
        assert_eq!(understand("/discard", Some(&HERE)), Typed::Do(Action::Discard(Which::Last(HERE))));
        assert!(matches!(understand("/why", None), Typed::Wrong(_)));
        assert!(matches!(understand("/fly", Some(&HERE)), Typed::Wrong(_)));
    }

    proptest! {
        #[test]
        fn no_line_is_a_crash(line in "/?[a-z]{0,8} ?\\PC{0,40}") {
            let _ = understand(&line, Some(&HERE));
        }
    }
}
