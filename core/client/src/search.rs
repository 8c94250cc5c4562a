//! What was found, as a list of results shows it.

use std::ops::Range;

use heliograph_model::text::{separates, turns_writing};
use heliograph_store::message::Message;
use heliograph_store::search::Hit;

/// Characters before the first mark that an excerpt begins with at most, so that it is seen in its sentence.
const LEAD: usize = 40;

/// Characters of an excerpt: three lines on a phone.
const LENGTH: usize = 160;

/// What stands where text was left out.
const ELLIPSIS: char = '…';

/// A message that was found.
#[derive(Clone, PartialEq, Eq)]
pub struct SearchHit {
    /// The message.
    pub message: Message,
    /// Where in its text the words of the query stand: ranges of UTF-8 bytes, in order and apart from each other. A word of
    /// which only the beginning was asked for is marked whole.
    pub marks: Vec<Range<usize>>,
    /// The part of the text around the first mark.
    pub excerpt: Excerpt,
}

impl std::fmt::Debug for SearchHit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SearchHit({:?})", self.message)
    }
}

/// A part of a text on one line, from shortly before its first mark, without what could turn the writing around it.
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The text; an ellipsis stands where something was left out.
    pub text: String,
    /// Those of the marks that are in it: ranges of UTF-8 bytes of [`Self::text`].
    pub marks: Vec<Range<usize>>,
}

impl std::fmt::Debug for Excerpt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Excerpt({} marks)", self.marks.len())
    }
}

impl From<Hit> for SearchHit {
    fn from(hit: Hit) -> Self {
        let excerpt = excerpt(&hit.message.text, &hit.marks);
        Self { message: hit.message, marks: hit.marks, excerpt }
    }
}

/// Where an excerpt begins: with the text, or with a word a little before the first mark, or with the mark itself.
fn beginning(text: &str, marks: &[Range<usize>]) -> usize {
    let Some(before) = marks.first().and_then(|first| text.get(..first.start)) else { return 0 };
    let Some((from, _)) = before.char_indices().rev().nth(LEAD) else { return 0 };
    let lead = before.get(from..).unwrap_or_default();
    lead.find(separates).map_or(before.len(), |space| from + space)
}

fn excerpt(text: &str, marks: &[Range<usize>]) -> Excerpt {
    let from = beginning(text, marks);
    let mut short = String::new();
    if from > 0 {
        short.push(ELLIPSIS);
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut marks = marks.iter().skip_while(|mark| mark.end <= from).peekable();
    // In the mark that is being written.
    let mut within = false;
    let (mut written, mut space) = (0, false);
    for (at, character) in text.char_indices().skip_while(|(at, _)| *at < from) {
        while marks.next_if(|mark| mark.end <= at).is_some() {
            within = false;
        }
        if separates(character) {
            space = written > 0;
            continue;
        }
        if turns_writing(character) {
            continue;
        }
        // Between words if there are any, so that no character is cut from what belongs to it.
        if written >= LENGTH && space || written >= LENGTH * 2 {
            short.push(ELLIPSIS);
            break;
        }
        if std::mem::take(&mut space) {
            short.push(' ');
            written += 1;
        }
        let begin = short.len();
        short.push(character);
        written += 1;
        if marks.peek().is_some_and(|mark| mark.contains(&at)) {
            match found.last_mut().filter(|_| within) {
                Some(mark) => mark.end = short.len(),
                None => found.push(begin..short.len()),
            }
            within = true;
        }
    }
    Excerpt { text: short, marks: found }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The excerpt of a text in which the marks are written as brackets, in the same notation.
    fn cut(marked: &str) -> String {
        let (mut text, mut marks, mut start) = (String::new(), Vec::new(), 0);
        for character in marked.chars() {
            match character {
                '[' => start = text.len(),
                ']' => marks.push(start..text.len()),
                _ => text.push(character),
            }
        }
        let Excerpt { text, marks } = excerpt(&text, &marks);
        let mut shown = text.clone();
        for mark in marks.iter().rev() {
            shown.insert(mark.end, ']');
            shown.insert(mark.start, '[');
        }
        shown
    }

    #[test]
    fn a_short_text_is_its_own_excerpt_on_one_line() {
        for (marked, shown) in [
            ("the [bridge] is open", "the [bridge] is open"),
            ("  the\n\n[bridge]\u{0} is\topen ", "the [bridge] is open"),
            ("[the bridge]", "[the bridge]"),
            ("[the\n bridge]", "[the bridge]"),
            ("[a] [b]", "[a] [b]"),
            ("ab[c]\u{202e}[d]", "ab[c][d]"),
            ("🏔 [cre\u{301}me] 👩\u{200d}🚒", "🏔 [cre\u{301}me] 👩\u{200d}🚒"),
            ("في [الجسر] الآن", "في [الجسر] الآن"),
            ("nothing", "nothing"),
            ("", ""),
        ] {
            assert_eq!(cut(marked), shown, "{marked:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_at_words_around_the_first_mark() {
        let words = |count: usize| "word ".repeat(count);
        let shown = cut(&format!("{}[mark] {}[later]", words(100), words(100)));
        assert!(shown.starts_with("…word word"), "{shown}");
        assert!(shown.contains(" [mark] word") && shown.ends_with("word…"), "{shown}");
        assert!(shown.chars().count() < LENGTH + 10, "{shown}");
        let endless = cut(&format!("{}[字]{}", "語".repeat(500), "語".repeat(500)));
        assert!(endless.starts_with("…[字]語") && endless.ends_with("語…"), "{endless}");
        let combined = "e\u{301}".repeat(500);
        assert_eq!(cut(&format!("[{combined}]")).chars().count(), LENGTH * 2 + 3);
    }
}
