//! Who is in a conversation, as far as the app shows it.
//!
//! For encrypted groups this is a copy of what the MLS state says, kept so that a list of members costs no loading of the
//! group.

use std::collections::BTreeSet;

use heliograph_model::{Address, ConversationId};
use rusqlite::{Connection, Transaction, params};

use crate::column;
use crate::conversation;
use crate::error::StoreError;

/// Replaces the members. The conversation changes only if they do.
pub fn set_members(tx: &Transaction<'_>, id: ConversationId, accounts: &[Address]) -> Result<(), StoreError> {
    let before: BTreeSet<Address> = members(tx, id)?.into_iter().collect();
    let after: BTreeSet<Address> = accounts.iter().cloned().collect();
    if before == after {
        return Ok(());
    }
    let mut remove = tx.prepare_cached("DELETE FROM member WHERE conversation = ?1 AND address = ?2")?;
    for account in before.difference(&after) {
        remove.execute(params![id.0, account.to_string()])?;
    }
    let mut add = tx.prepare_cached("INSERT INTO member (conversation, address) VALUES (?1, ?2)")?;
    for account in after.difference(&before) {
        add.execute(params![id.0, account.to_string()])?;
    }
    conversation::touch(tx, id)
}

/// Whether there are more members than this. Reads no more of them than it takes to know.
pub fn more_than(connection: &Connection, id: ConversationId, limit: usize) -> Result<bool, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM member WHERE conversation = ?1 LIMIT 1 OFFSET ?2")?;
    Ok(statement.exists(params![id.0, column::limit(limit)])?)
}

/// The members, sorted by address.
pub fn members(connection: &Connection, id: ConversationId) -> Result<Vec<Address>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT address FROM member WHERE conversation = ?1 ORDER BY address")?;
    let rows = statement.query_map([id.0], |row| column::address(row, 0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
