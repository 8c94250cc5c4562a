//! The stream that the server may still keep for us (XEP-0198 §5): written in the transactions that its stanzas belong to,
//! so that a process that starts later knows exactly how far both sides had got.

use heliograph_model::StanzaId;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::column;
use crate::error::StoreError;

/// See the module.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamRow {
    /// What names it to the server, in the encoding of the layer above.
    pub identity: Vec<u8>,
    /// Stanzas of the server that are handled here, modulo 2^32.
    pub received: u32,
    /// Stanzas of ours that were committed to be sent in it.
    pub sent: u64,
    /// What the layer above knows as long as the stream lasts, in its encoding.
    pub knowledge: Vec<u8>,
}

/// The stream, if there is one to resume.
pub fn get(connection: &Connection) -> Result<Option<StreamRow>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT identity, received, sent, knowledge FROM stream")?;
    let row = statement
        .query_row([], |row| {
            Ok(StreamRow {
                identity: row.get(0)?,
                received: row.get(1)?,
                sent: column::unsigned(row, 2)?,
                knowledge: row.get(3)?,
            })
        })
        .optional()?;
    Ok(row)
}

/// Another stream takes the place of the last one, of which nothing is kept.
pub fn replace(tx: &Transaction<'_>, stream: &StreamRow) -> Result<(), StoreError> {
    forget(tx)?;
    tx.prepare_cached(
        "INSERT INTO stream (only_row, identity, received, sent, knowledge) VALUES (1, ?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        stream.identity,
        stream.received,
        column::signed(stream.sent),
        stream.knowledge
    ])?;
    Ok(())
}

/// There is no stream to resume any more.
pub fn forget(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM stream")?.execute([])?;
    tx.prepare_cached("DELETE FROM stream_unacknowledged")?.execute([])?;
    Ok(())
}

/// How far both sides have got.
pub fn set_counts(tx: &Transaction<'_>, received: u32, sent: u64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE stream SET received = ?1, sent = ?2")?
        .execute(params![received, column::signed(sent)])?;
    Ok(())
}

/// What is known as long as the stream lasts.
pub fn set_knowledge(tx: &Transaction<'_>, knowledge: &[u8]) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE stream SET knowledge = ?1")?.execute([knowledge])?;
    Ok(())
}

/// A message goes out as our stanza of this number.
pub fn add_unacknowledged(tx: &Transaction<'_>, number: u64, stanza: &StanzaId) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO stream_unacknowledged (number, stanza) VALUES (?1, ?2)")?
        .execute(params![column::signed(number), stanza.as_str()])?;
    Ok(())
}

/// The server has this message, and with it all that were sent before.
pub fn acknowledge(tx: &Transaction<'_>, stanza: &StanzaId) -> Result<(), StoreError> {
    tx.prepare_cached(
        "DELETE FROM stream_unacknowledged
         WHERE number <= (SELECT max(number) FROM stream_unacknowledged WHERE stanza = ?1)",
    )?
    .execute([stanza.as_str()])?;
    Ok(())
}

/// Takes out all unacknowledged messages, in the order of their numbers.
pub fn take_unacknowledged(tx: &Transaction<'_>) -> Result<Vec<(u64, StanzaId)>, StoreError> {
    let rows = tx
        .prepare_cached("SELECT number, stanza FROM stream_unacknowledged ORDER BY number")?
        .query_map([], |row| Ok((column::unsigned(row, 0)?, StanzaId::new(row.get::<_, String>(1)?))))?
        .collect::<Result<_, _>>()?;
    tx.prepare_cached("DELETE FROM stream_unacknowledged")?.execute([])?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Home;

    fn row() -> StreamRow {
        StreamRow { identity: b"identity".to_vec(), received: u32::MAX, sent: 7, knowledge: Vec::new() }
    }

    #[test]
    fn a_stream_is_replaced_as_a_whole() {
        let home = Home::new();
        let mut store = home.open();
        store
            .write(|tx| {
                replace(tx, &row())?;
                add_unacknowledged(tx, 1, &StanzaId::new("a"))?;
                set_counts(tx, 3, 9)?;
                set_knowledge(tx, b"rooms")?;
                let kept = StreamRow { received: 3, sent: 9, knowledge: b"rooms".to_vec(), ..row() };
                assert!(get(tx)?.unwrap() == kept);
                replace(tx, &row())?;
                assert!(take_unacknowledged(tx)?.is_empty(), "of the stream before");
                forget(tx)?;
                assert!(get(tx)?.is_none());
                Ok::<_, StoreError>(())
            })
            .unwrap();
    }

    #[test]
    fn an_acknowledgement_covers_everything_before_it() {
        let home = Home::new();
        let mut store = home.open();
        store
            .write(|tx| {
                for (number, stanza) in [(2, "a"), (5, "b"), (6, "c")] {
                    add_unacknowledged(tx, number, &StanzaId::new(stanza))?;
                }
                acknowledge(tx, &StanzaId::new("unknown"))?;
                acknowledge(tx, &StanzaId::new("b"))?;
                assert_eq!(take_unacknowledged(tx)?, [(6, StanzaId::new("c"))]);
                Ok::<_, StoreError>(())
            })
            .unwrap();
    }
}
