//! Full-text search over messages.
//!
//! The index is kept up to date in the same transaction as the messages: [`add`] for new ones, triggers for the rest. Case
//! and diacritics do not matter; words match whole, the last one also as the beginning of a word, so that results come
//! while somebody types. Scripts without spaces between words are searched by runs of characters only.

use heliograph_model::ConversationId;
use rusqlite::{Connection, Transaction, params};

use crate::column;
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

/// Messages that hold all words of the query, those that arrived last first. Any text is a valid query; one without words
/// finds nothing.
pub fn search(
    connection: &Connection,
    query: &str,
    within: Option<ConversationId>,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let expression = expression(query);
    if expression.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM message_search JOIN message ON message.row = message_search.rowid
         WHERE message_search MATCH ?1 AND (?2 IS NULL OR message.conversation = ?2)
         ORDER BY message_search.rowid DESC LIMIT ?3",
        message::columns()
    ))?;
    let rows = statement
        .query_map(params![expression, within.map(|id| id.0), column::limit(limit)], message::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
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
