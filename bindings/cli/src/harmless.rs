//! Makes received text safe to print.
//!
//! A terminal obeys control characters: a message with an escape sequence in it could move the cursor, forge a line
//! that looks like another sender's, set the clipboard or retitle the window. Direction overrides do the same to the
//! order of what is read (Unicode Technical Report 36 §2.10). So control characters become visible signs, and
//! what turns the reading direction is taken out. Everything else, emoji and all scripts, passes.

use std::fmt::Write;

/// Text on as many lines as it has: line ends stay, every other control character becomes visible.
pub fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|letter| if letter == '\n' { letter } else { sign(letter) })
        .collect()
}

/// Text on one line, for names and addresses: line ends become visible too.
pub fn line(text: &str) -> String {
    text.chars().map(sign).collect()
}

/// JSON with no character that a terminal obeys. `serde_json` escapes the controls below U+0020 only; the rest can
/// occur in strings only, where the escaped form means the same (RFC 8259 §7).
pub fn json(text: &str) -> String {
    if !text.chars().any(is_obeyed) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_obeyed(letter) {
            // All of them lie in the basic plane, so four digits do.
            // Writing to a string can't fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(letter));
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

fn sign(letter: char) -> char {
    match letter {
        '\t' => ' ',
        // The control pictures U+2400 to U+241F show C0 controls in their order.
        '\u{0}'..='\u{1f}' => {
            char::from_u32(0x2400 + u32::from(letter)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        '\u{7f}' => '\u{2421}',
        letter if is_obeyed(letter) => char::REPLACEMENT_CHARACTER,
        letter => letter,
    }
}

/// Controls outside ASCII, and what turns the direction or breaks the line.
fn is_obeyed(letter: char) -> bool {
    matches!(letter,
        '\u{7f}'..='\u{9f}'
        | '\u{200e}' | '\u{200f}' | '\u{61c}'
        | '\u{2028}' | '\u{2029}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{json, line, lines};
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_are_shown_and_not_obeyed() {
        assert_eq!(lines("\u{1b}[2J\u{1b}]0;title\u{7}hi"), "␛[2J␛]0;title␇hi");
        assert_eq!(line("ben\nana: forged"), "ben␊ana: forged");
        assert_eq!(lines("one\r\ntwo\rthree"), "one\ntwo␍three");
        assert_eq!(line("\u{9b}31m\u{202e}gnp.exe"), "\u{fffd}31m\u{fffd}gnp.exe");
    }

    #[test]
    fn people_s_text_passes() {
        let text = "Grüße, привет, שלום, 👩‍🚀 naïve 漢字";
        assert_eq!(lines(text), text);
        assert_eq!(json(text), text);
    }

    proptest! {
        #[test]
        fn no_control_character_survives(text in any::<String>()) {
            prop_assert!(!lines(&text).chars().any(|letter| letter.is_control() && letter != '\n'));
            prop_assert!(!line(&text).chars().any(char::is_control));
        }

        #[test]
        fn json_means_the_same(text in any::<String>()) {
            let plain = serde_json::to_string(&text).unwrap();
            let safe = json(&plain);
            prop_assert!(!safe.chars().any(char::is_control));
            prop_assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
        }
    }
}
