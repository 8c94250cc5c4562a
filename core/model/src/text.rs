//! What people wrote, as it may be shown: the one rule for the texts of messages, beside that for names ([`crate::name`]).
//!
//! A text comes from somebody who may mean harm. Shown as it is, it could turn the writing of what stands around it, or hide
//! a part of itself. What it says is left alone: all scripts, emoji, and the marks that Arabic and Hebrew need, pass.

use std::borrow::Cow;

/// A text on as many lines as it has, without what draws nothing or reaches into the text behind it: control characters but
/// for tabs and line ends, and what [turns the writing](turns_writing). However a line ends, it ends with `\n` here.
pub fn readable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' => shown.push('\n'),
            harmful if is_harmful(harmful) => {}
            other => shown.push(other),
        }
    }
    Cow::Owned(shown)
}

/// A text on one line: its [`words`] with a single space between them. Empty if there are none.
pub fn one_line(text: &str) -> String {
    words(text).collect::<Vec<_>>().join(" ")
}

/// What stands between spaces, line ends and control characters, without what [turns the writing](turns_writing). None is
/// empty.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(separates)
        .map(|word| word.chars().filter(|character| !turns_writing(*character)).collect::<String>())
        .filter(|word| !word.is_empty())
}

/// Whether a word ends here, where a text is put on one line.
pub fn separates(character: char) -> bool {
    character.is_whitespace() || character.is_control()
}

/// The embeddings, overrides and isolates of UAX #9, by which a text could reach into what stands behind it. The marks, which
/// have no reach, stay: texts in Arabic and Hebrew need them.
pub const fn turns_writing(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_harmful(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t')) || turns_writing(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_keeps_its_lines_and_loses_what_could_turn_or_hide_what_stands_around_it() {
        for (text, shown) in [
            ("the bridge\n\tis open", "the bridge\n\tis open"),
            ("one\r\ntwo\rthree\r", "one\ntwo\nthree\n"),
            ("be\u{202e}n\u{2066}!\u{2069}", "ben!"),
            ("\u{0}a\u{1b}[31mb\u{9b}c\u{7f}", "a[31mbc"),
            ("فريق \u{200f}الجسر", "فريق \u{200f}الجسر"),
            ("👩\u{200d}🚒 e\u{301}", "👩\u{200d}🚒 e\u{301}"),
            ("\u{202e}", ""),
        ] {
            assert_eq!(readable(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_text_on_one_line_is_its_words() {
        for (text, shown) in [
            ("  the bridge\n\n is\u{1b}open\u{2028}\tagain ", "the bridge is open again"),
            ("the \u{202e} bridge\u{2069}", "the bridge"),
            ("\n\u{0}\u{202e}", ""),
        ] {
            assert_eq!(one_line(text), shown, "{text:?}");
        }
    }

    /// Texts with more of what matters here than chance would bring.
    fn texts() -> impl Strategy<Value = String> {
        let character = prop_oneof![
            3 => any::<char>(),
            2 => prop::sample::select("ab \t\n\r\u{0}\u{1b}\u{7f}\u{9b}\u{200f}\u{2028}".chars().collect::<Vec<_>>()),
            1 => prop::sample::select("\u{202a}\u{202e}\u{2066}\u{2069}".chars().collect::<Vec<_>>()),
        ];
        prop::collection::vec(character, 0..40).prop_map(|characters| characters.into_iter().collect())
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left_and_nothing_else_is_lost(text in texts()) {
            let shown = readable(&text);
            prop_assert!(!shown.contains(is_harmful), "{shown:?}");
            let others = |text: &str| {
                let other = |character: &char| !is_harmful(*character) && *character != '\n';
                text.chars().filter(other).collect::<String>()
            };
            prop_assert_eq!(others(&shown), others(&text));
            prop_assert_eq!(shown.lines().count(), text.replace("\r\n", "\n").replace('\r', "\n")
                .replace(is_harmful, "").lines().count());
            prop_assert_eq!(&readable(&shown), &shown);
        }

        #[test]
        fn a_line_has_single_spaces_and_only_between_words(text in texts()) {
            let line = one_line(&text);
            let spaces = line.chars().filter(|character| separates(*character)).collect::<String>();
            prop_assert_eq!(spaces.trim_matches(' '), "");
            prop_assert!(!line.contains("  ") && line.trim() == line && !line.contains(turns_writing));
            prop_assert_eq!(&one_line(&line), &line);
        }
    }
}
