//! What to call somebody, and a conversation: the one rule that all shells show.
//!
//! Names are chosen by strangers. One is shown on one line, and without characters that could change how the line around it
//! reads; where nothing is left of it, it is no name.

use crate::address::Address;
use crate::text::words;

/// What stands for a name of which nothing can be shown.
const NAMELESS: &str = "?";

impl Address {
    /// What to show for this address where nobody gave a name for it: the part before the `@`, or the whole of it where there
    /// is none. Two accounts may share it, so it proves nothing.
    pub fn name(&self) -> String {
        self.local().and_then(presentable).unwrap_or_else(|| self.to_string())
    }
}

/// What to call the account, or the room, at this address, which gives itself this name.
pub fn title(given: Option<&str>, address: &Address) -> String {
    given.and_then(presentable).unwrap_or_else(|| address.name())
}

/// What to call somebody in an ordinary room, who is known by a nick only.
pub fn nick(chosen: &str) -> String {
    presentable(chosen).unwrap_or_else(|| NAMELESS.to_owned())
}

/// A name as it may stand in a line of ours: its words with a single space between them. `None` if none are left.
fn presentable(name: &str) -> Option<String> {
    let seen = |word: &String| word.chars().any(|character| !is_invisible(character));
    let words: Vec<String> = words(name).filter(seen).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Characters that draw nothing by themselves: of them alone no name is made. They stay within one, where they join emoji and
/// letters.
const fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2065}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn a_person_is_called_by_the_name_in_the_address_and_a_server_by_the_address() {
        assert_eq!(address("ana@example.org").name(), "ana");
        assert_eq!(address("jiři@čechy.example").name(), "jiři");
        assert_eq!(address("example.org").name(), "example.org");
    }

    #[test]
    fn a_given_name_goes_before_the_address_if_there_is_anything_to_see_in_it() {
        let room = address("x7f3@rooms.example.org");
        for (given, shown) in [
            (Some("Bridge team"), "Bridge team"),
            (Some("  Bridge\n\tteam "), "Bridge team"),
            (Some("Bridge\u{202e} maet\u{2069}"), "Bridge maet"),
            (Some("فريق \u{200f}الجسر"), "فريق \u{200f}الجسر"),
            (Some("👩\u{200d}🚒 crew"), "👩\u{200d}🚒 crew"),
            (Some("\u{0}\u{1b}[31m"), "[31m"),
            (Some(""), "x7f3"),
            (Some(" \u{202e}\u{200b}\n"), "x7f3"),
            (None, "x7f3"),
        ] {
            assert_eq!(title(given, &room), shown, "{given:?}");
        }
    }

    #[test]
    fn who_has_no_nick_to_show_is_nameless() {
        assert_eq!(nick("be\u{202e}n"), "ben");
        assert_eq!(nick("\u{2066}\u{200b}"), "?");
    }
}
