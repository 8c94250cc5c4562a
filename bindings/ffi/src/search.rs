//! What was found, and where.

use std::ops::Range;

use crate::message::Message;

/// A message that was found.
#[derive(Clone, uniffi::Record)]
pub struct SearchHit {
    /// The message.
    pub message: Message,
    /// Where in its text the words of the query stand, in order and apart from each other. A word of which only the beginning
    /// was asked for is marked whole.
    pub marks: Vec<TextRange>,
    /// The part of the text around the first mark, on one line; an ellipsis stands where something was left out.
    pub excerpt: String,
    /// Those of the marks that are in the excerpt.
    pub excerpt_marks: Vec<TextRange>,
}

/// A part of a text, in bytes of its UTF-8. The packages for Kotlin and Swift have it in the units of their strings.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct TextRange {
    /// Where it begins.
    pub start: u32,
    /// Just behind its end.
    pub end: u32,
}

fn ranges(marks: Vec<Range<usize>>) -> Vec<TextRange> {
    // A text has at most 64 KiB.
    let offset = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    marks.into_iter().map(|mark| TextRange { start: offset(mark.start), end: offset(mark.end) }).collect()
}

impl From<heliograph_client::SearchHit> for SearchHit {
    fn from(hit: heliograph_client::SearchHit) -> Self {
        Self {
            message: hit.message.into(),
            marks: ranges(hit.marks),
            excerpt: hit.excerpt.text,
            excerpt_marks: ranges(hit.excerpt.marks),
        }
    }
}
