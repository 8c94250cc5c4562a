//! The checked-in schema is the one that a fresh database gets, and the one that every older database is brought to.

use heliograph_model::ConversationId;
use rusqlite::Connection;

use super::{PRESENT, migrate, migrate_to};
use crate::search::search;
use crate::testing::{add, incoming};

/// Set to write `schema.sql` anew after a migration was added.
const WRITE_SCHEMA: &str = "HELIOGRAPH_WRITE_SCHEMA";

const CHECKED_IN: &str = include_str!("../../schema.sql");

/// All statements of the schema, without the tables that SQLite and FTS5 keep for themselves.
fn schema(connection: &Connection) -> String {
    let mut statement = connection
        .prepare(
            "SELECT sql FROM sqlite_schema
             WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT GLOB 'message_search_[a-z]*'
                OR type = 'trigger'
             ORDER BY tbl_name, type = 'table' DESC, name",
        )
        .unwrap();
    let statements: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    format!(
        "-- The schema of version {PRESENT}, as the migrations make it. Written by a test; change it by a migration.\n\n{};\n",
        statements.join(";\n\n")
    )
}

fn fresh() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection).unwrap();
    connection
}

#[test]
fn a_fresh_database_has_the_checked_in_schema() {
    let made = schema(&fresh());
    if std::env::var_os(WRITE_SCHEMA).is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.sql"), &made).unwrap();
        return;
    }
    assert_eq!(made, CHECKED_IN, "after adding a migration run this test with {WRITE_SCHEMA}=1");
}

#[test]
fn every_older_version_is_brought_to_the_same_schema() {
    for version in 0..=PRESENT {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate_to(&mut connection, version).unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(schema(&connection), schema(&fresh()), "from version {version}");
        let now: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(now, PRESENT as i64);
        let violations: i64 = connection
            .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(violations, 0);
    }
}

#[test]
fn what_version_1_stored_is_found_and_so_is_what_comes_after_it() {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate_to(&mut connection, 1).unwrap();
    connection
        .execute_batch(
            "INSERT INTO conversation (id, kind, address, security, state, created_at, revision)
                 VALUES (1, 0, 'ben@example.org', 0, 1, 1, 1);
             INSERT INTO message (conversation, id, sender_kind, sender, outgoing, security, text, sent_at, received_at,
                     place, state, receipt_due, revision)
                 VALUES (1, 'old', 0, 'ben@example.org', 0, 0, 'the old bridge', 1, 1, 1, 4, 0, 1);",
        )
        .unwrap();
    migrate(&mut connection).unwrap();
    let tx = connection.transaction().unwrap();
    add(&tx, &incoming(ConversationId(1), "new", "the new bridge"));
    let found = |query| search(&tx, query, None, 10).unwrap().len();
    assert_eq!((found("bridge"), found("old"), found("new")), (2, 1, 1));
    tx.execute("INSERT INTO message_search (message_search, rank) VALUES ('integrity-check', 1)", [])
        .unwrap();
}

/// Every line of a table that defines a column explains it.
#[test]
fn every_table_and_column_is_explained() {
    let migrations: String = super::MIGRATIONS.concat();
    let mut previous = "";
    let mut in_table = false;
    for line in migrations.lines() {
        if line.starts_with("CREATE TABLE") {
            assert!(previous.starts_with("--"), "no explanation before: {line}");
            in_table = true;
        } else if line.starts_with(')') {
            in_table = false;
        } else if in_table && !line.trim_start().starts_with("PRIMARY KEY") {
            assert!(line.contains("-- "), "no explanation in: {line}");
        }
        previous = line;
    }
}

#[test]
fn a_migration_that_fails_leaves_the_version_before_it() {
    let mut connection = Connection::open_in_memory().unwrap();
    // In the way of the first migration.
    connection.execute_batch("CREATE TABLE mls_snapshot (x)").unwrap();
    assert!(migrate(&mut connection).is_err());
    let (version, tables): (i64, i64) = connection
        .query_row(
            "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!((version, tables), (0, 1));
}
