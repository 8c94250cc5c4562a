//! Full-text search over messages.
//!
//! The index is kept up to date in the same transaction as the messages: [`add`] for new ones, triggers for the rest. Case
//! and diacritics do not matter; words match whole, the last one also as the beginning of a word, so that results come
//! while somebody types. Scripts without spaces between words are searched by runs of characters only.

use std::ops::{Range, RangeInclusive};

use heliograph_model::ConversationId;
use rusqlite::{Connection, Transaction, params};

use crate::column::{self, redacted_debug};
use crate::error::StoreError;
use crate::message::{self, Message};

/// Words of a query that are looked at. Nobody types more, and SQLite limits the depth of an expression.
const WORDS_MAX: usize = 32;

/// Characters of a query that are looked at, for the same reasons.
const CHARACTERS_MAX: usize = 1024;

/// Makes a new message findable.
///
/// No trigger does this: a statement with one runs in a savepoint, at which FTS5 writes out what it has gathered (see
/// [`counter::take`](crate::counter::take)).
pub(crate) fn add(tx: &Transaction<'_>, row: i64, text: &str) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO message_search (rowid, text) VALUES (?1, ?2)")?
        .execute(params![row, text])?;
    Ok(())
}

/// A message that was found, and where.
#[derive(Clone, PartialEq, Eq)]
pub struct Hit {
    /// The message.
    pub message: Message,
    /// Where in its text the words of the query stand: in bytes of its UTF-8, in order, apart from each other, never empty. A
    /// word of which only the beginning was asked for is marked whole, accents that are characters of their own included.
    pub marks: Vec<Range<usize>>,
}

redacted_debug!(Hit { message });

/// Unicode's noncharacters (Unicode 16, §23.7): what FTS5 may write around a mark, as hardly a text holds them.
const NONCHARACTERS: RangeInclusive<char> = '\u{fdd0}'..='\u{fdef}';

/// Two characters that this text does not hold, to stand around a mark.
fn signs(text: &str) -> Option<(char, char)> {
    let mut free = NONCHARACTERS.filter(|sign| !text.contains(*sign));
    Some((free.next()?, free.next()?))
}

/// The ranges that stand between these signs, counted without them.
fn between(signs: (char, char), marked: &str) -> Vec<Range<usize>> {
    let mut marks = Vec::new();
    let (mut at, mut start) = (0, 0);
    for character in marked.chars() {
        if character == signs.0 {
            start = at;
        } else if character == signs.1 {
            marks.push(start..at);
        } else {
            at += character.len_utf8();
        }
    }
    marks
}

/// Messages that hold all words of the query, those that arrived last first. Any text is a valid query; one without words
/// finds nothing.
pub fn search(
    connection: &Connection,
    query: &str,
    within: Option<ConversationId>,
    limit: usize,
) -> Result<Vec<Hit>, StoreError> {
    let expression = expression(query);
    let Some(usual) = signs("").filter(|_| !expression.is_empty()) else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {}, highlight(message_search, 0, ?4, ?5) AS marked
         FROM message_search JOIN message ON message.row = message_search.rowid
         WHERE message_search MATCH ?1 AND (?2 IS NULL OR message.conversation = ?2)
         ORDER BY message_search.rowid DESC LIMIT ?3",
        message::columns()
    ))?;
    let (open, close) = (usual.0.to_string(), usual.1.to_string());
    let rows = statement
        .query_map(params![expression, within.map(|id| id.0), column::limit(limit), open, close], |row| {
            Ok((message::read(row)?, row.get::<_, String>("marked")?))
        })?;
    let mut hits = Vec::new();
    for row in rows {
        let (message, marked) = row?;
        let marks = match signs(&message.text) {
            Some(signs) if signs == usual => between(usual, &marked),
            Some(signs) => between(signs, &marked_with(connection, &expression, message.row, signs)?),
            // It holds all of them: whoever writes that gets no marks.
            None => Vec::new(),
        };
        hits.push(Hit { message, marks });
    }
    Ok(hits)
}

/// The text of one message with these signs around what was found.
fn marked_with(
    connection: &Connection,
    expression: &str,
    row: i64,
    signs: (char, char),
) -> Result<String, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT highlight(message_search, 0, ?3, ?4) FROM message_search
         WHERE message_search MATCH ?1 AND message_search.rowid = ?2",
    )?;
    let (open, close) = (signs.0.to_string(), signs.1.to_string());
    Ok(statement.query_row(params![expression, row, open, close], |row| row.get(0))?)
}

/// The query in FTS5's language (https://sqlite.org/fts5.html §3): every word a quoted string, all of them required, the
/// last one a prefix. Inside quotes nothing has a meaning but the quote itself, which is doubled.
fn expression(query: &str) -> String {
    let query: String = query
        .chars()
        .take(CHARACTERS_MAX)
        // SQLite reads the expression up to the first zero.
        .map(|character| if character == '\0' { ' ' } else { character })
        .collect();
    let words: Vec<String> = query
        .split_whitespace()
        .take(WORDS_MAX)
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    if words.is_empty() { String::new() } else { words.join(" ") + "*" }
}

#[cfg(test)]
mod tests;
