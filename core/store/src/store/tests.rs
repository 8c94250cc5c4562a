//! Opening, closing, crashing, and everything that a file can be instead of a healthy database.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;

use heliograph_model::ErrorCode;
use rusqlite::StatementStatus;

use super::{Fault, Store};
use crate::testing::{Home, add, all_bytes, chat, contains, incoming, key, write};
use crate::{DatabaseKey, StoreError, account, conversation, message};

const SECRET: &str = "meet at the old lighthouse";

/// A database with one conversation and enough messages to fill some pages.
fn filled(home: &Home) {
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        for number in 0..200 {
            add(tx, &incoming(id, &format!("m{number}"), &format!("{SECRET} {number}")));
        }
    });
    store.close().unwrap();
}

fn count(store: &Store) -> Result<usize, StoreError> {
    store.readers().read(|connection| {
        let id = conversation::list(connection)?.first().map(|found| found.id);
        id.map_or(Ok(0), |id| Ok(message::page(connection, id, None, usize::MAX)?.len()))
    })
}

#[test]
fn what_was_written_is_there_after_reopening_with_and_without_close() {
    let home = Home::new();
    filled(&home);
    let mut store = home.open();
    assert_eq!(count(&store).unwrap(), 200);
    write(&mut store, |tx| {
        let id = conversation::list(tx).unwrap()[0].id;
        add(tx, &incoming(id, "one more", "x"));
    });
    drop(store);
    assert_eq!(count(&home.open()).unwrap(), 201);
}

#[test]
fn a_failed_write_changes_nothing() {
    let home = Home::new();
    let mut store = home.open();
    let result: Result<(), StoreError> = store.write(|tx| {
        chat(tx, "ben");
        Err(StoreError::Codec)
    });
    assert!(matches!(result, Err(StoreError::Codec)));
    assert!(store.readers().read(conversation::list).unwrap().is_empty());
}

#[test]
fn a_panic_while_writing_changes_nothing_and_the_store_goes_on() {
    let home = Home::new();
    let mut store = home.open();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _: Result<(), StoreError> = store.write(|tx| {
            chat(tx, "ben");
            panic!("on purpose");
        });
    }));
    assert!(panicked.is_err());
    write(&mut store, |tx| chat(tx, "chloe"));
    assert_eq!(store.readers().read(conversation::list).unwrap().len(), 1);
}

#[test]
fn a_wrong_key_is_locked_and_leaves_the_file_alone() {
    let home = Home::new();
    filled(&home);
    let before = std::fs::read(home.path()).unwrap();
    let error = Store::open(&home.path(), &DatabaseKey::new([8; 32])).err().unwrap();
    assert!(matches!(error, StoreError::Locked), "{error:?}");
    assert_eq!(error.code(), ErrorCode::StoreLocked);
    assert_eq!(std::fs::read(home.path()).unwrap(), before);
    assert_eq!(count(&home.open()).unwrap(), 200);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let plain = {
        let home = Home::new();
        let connection = rusqlite::Connection::open(home.path()).unwrap();
        connection.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
        drop(connection);
        std::fs::read(home.path()).unwrap()
    };
    let noise: Vec<u8> =
        (0..20_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for content in [&noise[..8192], &noise[..5000], &noise[..1], b"a letter to somebody", &plain] {
        let home = Home::new();
        std::fs::write(home.path(), content).unwrap();
        let Err(error) = Store::open(&home.path(), &key()) else { panic!("opened {} bytes", content.len()) };
        assert!(matches!(error, StoreError::Locked | StoreError::Corrupt), "{error:?}");
        assert_eq!(std::fs::read(home.path()).unwrap(), content);
    }
}

#[test]
fn a_truncated_file_is_corrupt() {
    let home = Home::new();
    filled(&home);
    let whole = std::fs::read(home.path()).unwrap();
    assert!(whole.len() > 5 * 4096);
    for length in [100, 4000, 4096, 3 * 4096, 3 * 4096 + 17, whole.len() - 4096, whole.len() - 1000] {
        let home = Home::new();
        std::fs::write(home.path(), &whole[..length]).unwrap();
        let error = Store::open(&home.path(), &key()).err().unwrap();
        assert!(matches!(error, StoreError::Corrupt), "{length}: {error:?}");
        assert_eq!(std::fs::read(home.path()).unwrap(), &whole[..length]);
    }
}

/// Whatever byte of whatever page is damaged, what comes out is the stored data or an error, never something else.
#[test]
fn a_damaged_page_is_noticed() {
    let home = Home::new();
    filled(&home);
    let whole = std::fs::read(home.path()).unwrap();
    let mut noticed = 0;
    for page in 1..whole.len() / 4096 {
        let home = Home::new();
        let mut damaged = whole.clone();
        damaged[page * 4096 + 1000] ^= 1;
        std::fs::write(home.path(), damaged).unwrap();
        match Store::open(&home.path(), &key()).and_then(|store| count(&store)) {
            Ok(read) => assert_eq!(read, 200),
            Err(error) => {
                assert_eq!(error.code(), ErrorCode::StoreCorrupt, "page {page}: {error:?}");
                noticed += 1;
            }
        }
    }
    assert!(noticed > 0);
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| tx.execute_batch("PRAGMA user_version = 1000").unwrap());
    store.close().unwrap();
    let before = std::fs::read(home.path()).unwrap();
    let error = Store::open(&home.path(), &key()).err().unwrap();
    assert!(matches!(error, StoreError::TooNew), "{error:?}");
    assert_eq!(std::fs::read(home.path()).unwrap(), before);
}

#[test]
fn a_missing_folder_is_a_typed_error() {
    let home = Home::new();
    let error = Store::open(&home.path().join("nowhere").join("x.db"), &key()).err().unwrap();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}

#[test]
fn a_full_disk_fails_the_write_and_loses_nothing() {
    let home = Home::new();
    filled(&home);
    let mut store = home.open();
    store.set_fault(Some(Fault::DiskFull { pages: 8 })).unwrap();
    let mut rounds = 0;
    let error = loop {
        let result = store.write(|tx| {
            let id = conversation::list(tx)?[0].id;
            for number in 0..50 {
                let _ =
                    message::insert(tx, &incoming(id, &format!("r{rounds}n{number}"), &"y ".repeat(200)))?;
            }
            Ok::<_, StoreError>(())
        });
        match result {
            Ok(()) => rounds += 1,
            Err(error) => break error,
        }
        assert!(rounds < 1000, "the disk never got full");
    };
    assert!(matches!(error, StoreError::DiskFull), "{error:?}");
    assert_eq!(count(&store).unwrap(), 200 + 50 * rounds);
    store.set_fault(None).unwrap();
    write(&mut store, |tx| chat(tx, "chloe"));
    store.close().unwrap();
    assert_eq!(count(&home.open()).unwrap(), 200 + 50 * rounds);
}

#[test]
fn a_commit_that_fails_changes_nothing() {
    let home = Home::new();
    let mut store = home.open();
    store.set_fault(Some(Fault::FailCommit)).unwrap();
    let result = store.write(|tx| Ok::<_, StoreError>(chat(tx, "ben")));
    assert!(matches!(result, Err(StoreError::DiskFull)));
    store.set_fault(None).unwrap();
    assert!(store.readers().read(conversation::list).unwrap().is_empty());
}

#[test]
fn the_second_to_open_is_told_busy_until_the_first_closes() {
    let home = Home::new();
    let store = home.open();
    assert!(matches!(Store::open(&home.path(), &key()), Err(StoreError::Busy)));
    store.close().unwrap();
    home.open().close().unwrap();
}

#[test]
fn readers_see_one_moment_and_never_a_write_under_way() {
    let home = Home::new();
    let mut store = home.open();
    let readers = store.readers();
    let (to_reader, from_writer) = mpsc::channel::<()>();
    let (to_writer, from_reader) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            readers.read(|connection| {
                let before = conversation::list(connection)?.len();
                to_writer.send(()).unwrap();
                from_writer.recv().unwrap();
                Ok((before, conversation::list(connection)?.len()))
            })
        });
        from_reader.recv().unwrap();
        write(&mut store, |tx| chat(tx, "ben"));
        to_reader.send(()).unwrap();
        assert_eq!(reading.join().unwrap().unwrap(), (0, 0));
    });
    assert_eq!(store.readers().read(conversation::list).unwrap().len(), 1);
}

#[test]
fn readers_can_not_write() {
    let home = Home::new();
    let store = home.open();
    let error =
        store.readers().read(|connection| Ok(connection.execute("DELETE FROM message", [])?)).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(std::io::ErrorKind::ReadOnlyFilesystem)), "{error:?}");
}

#[test]
fn closing_waits_for_a_read_and_later_reads_are_refused() {
    let home = Home::new();
    filled(&home);
    let store = home.open();
    let readers = store.readers();
    let (started, start) = mpsc::channel::<()>();
    let (release, released) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let lent = readers.clone();
        let reading = scope.spawn(move || {
            lent.read(|connection| {
                started.send(()).unwrap();
                released.recv().unwrap();
                Ok(conversation::list(connection)?.len())
            })
        });
        start.recv().unwrap();
        let closing = scope.spawn(move || store.close());
        assert!(!closing.is_finished());
        release.send(()).unwrap();
        assert_eq!(reading.join().unwrap().unwrap(), 1);
        closing.join().unwrap().unwrap();
    });
    assert!(matches!(readers.read(conversation::list), Err(StoreError::Closed)));
}

#[cfg(target_os = "linux")]
#[test]
fn after_closing_no_file_of_the_database_is_open() {
    fn open_files(database: &Path) -> Vec<PathBuf> {
        let folder = database.parent().unwrap();
        std::fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
            .filter(|target| target.starts_with(folder))
            .collect()
    }
    let home = Home::new();
    filled(&home);
    let mut store = home.open();
    let readers = store.readers();
    readers.read(conversation::list).unwrap();
    write(&mut store, |tx| chat(tx, "chloe"));
    assert!(open_files(&home.path()).len() > 2);
    store.close().unwrap();
    assert_eq!(open_files(&home.path()), Vec::<PathBuf>::new());
    // And everything was moved from the log into the database.
    let log = home.path().with_extension("db-wal");
    assert!(!log.exists() || std::fs::metadata(log).unwrap().len() == 0);
    // A store that is only dropped leaves nothing open either, even while somebody still holds its readers.
    let store = home.open();
    let readers = store.readers();
    readers.read(conversation::list).unwrap();
    drop(store);
    assert_eq!(open_files(&home.path()), Vec::<PathBuf>::new());
}

#[test]
fn nothing_readable_is_in_the_files() {
    // The search itself finds what an unencrypted database holds.
    let plain = Home::new();
    let connection = rusqlite::Connection::open(plain.path()).unwrap();
    connection.execute_batch(&format!("CREATE TABLE t (x); INSERT INTO t VALUES ('{SECRET}')")).unwrap();
    assert!(contains(&all_bytes(&plain.path()), SECRET));

    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        for number in 0..200 {
            add(tx, &incoming(id, &format!("m{number}"), &format!("{SECRET} {number}")));
        }
    });
    for closed in [false, true] {
        let bytes = all_bytes(&home.path());
        assert!(bytes.len() > 100_000);
        for text in [SECRET, "lighthouse", "ben@example.org", "CREATE TABLE", "SQLite format 3"] {
            assert!(!contains(&bytes, text), "{text} found, closed: {closed}");
        }
        if !closed {
            std::mem::replace(&mut store, Home::new().open()).close().unwrap();
        }
    }
}

#[test]
fn settings_that_safety_rests_on_are_in_force() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let number =
            |name: &str| tx.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(number("synchronous"), 2, "FULL");
        assert_eq!(number("foreign_keys"), 1);
        assert_eq!(number("secure_delete"), 1);
        assert_eq!(number("temp_store"), 2, "MEMORY");
        let text =
            |name: &str| tx.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(text("cipher_page_size"), "4096");
        assert_eq!(text("journal_mode"), "wal");
    });
}

#[test]
fn a_statement_is_compiled_once_and_not_for_each_value() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        // Sorted, and a condition on each of two columns: SQLite would like to know the values before it chooses a plan.
        let sql = "SELECT row FROM message WHERE conversation = ?1 AND stanza = ?2 ORDER BY row LIMIT 1";
        for (conversation, stanza) in [(1, "a"), (7, "b"), (1, "c")] {
            let mut statement = tx.prepare_cached(sql).unwrap();
            assert!(!statement.exists(rusqlite::params![conversation, stanza]).unwrap());
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    });
}

// --- other processes ------------------------------------------------------------------------------------------------

/// Names the database to the child process below.
const CHILD_DATABASE: &str = "HELIOGRAPH_STORE_TEST_DATABASE";

/// Not a test by itself: the other process of the tests below. Opens the database, writes, says so, and waits to be
/// told to end or to be killed.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD_DATABASE) else { return };
    match Store::open(Path::new(&path), &key()) {
        Ok(mut store) => {
            write(&mut store, |tx| chat(tx, "written-by-the-child"));
            println!("child: written");
            std::io::stdin().lock().read_line(&mut String::new()).unwrap();
        }
        Err(error) => println!("child: {}", error.code()),
    }
}

struct Started {
    process: Child,
    /// Kept open: the child still writes to it when it ends.
    _output: BufReader<ChildStdout>,
    said: String,
}

fn start_child(database: &Path) -> Started {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["store::tests::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD_DATABASE, database)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut said = None;
    let mut line = String::new();
    while said.is_none() && output.read_line(&mut line).unwrap() > 0 {
        said = line.trim_end().split_once("child: ").map(|(_, said)| said.to_owned());
        line.clear();
    }
    Started { process, _output: output, said: said.unwrap_or_default() }
}

#[test]
fn another_process_keeps_us_out_until_it_is_killed_and_what_it_committed_stays() {
    let home = Home::new();
    let mut child = start_child(&home.path());
    assert_eq!(child.said, "written");
    assert!(matches!(Store::open(&home.path(), &key()), Err(StoreError::Busy)));
    child.process.kill().unwrap(); // SIGKILL: nothing is closed, no log is moved
    child.process.wait().unwrap();
    let store = home.open();
    let found = store.readers().read(conversation::list).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].address.local(), Some("written-by-the-child"));
}

#[test]
fn another_process_is_kept_out_by_us_and_nothing_is_said_on_stderr() {
    let home = Home::new();
    let store = home.open();
    let mut child = start_child(&home.path());
    assert_eq!(child.said, "store-busy");
    assert!(child.process.wait().unwrap().success());
    store.close().unwrap();
    // With a file that the key does not open, SQLCipher has something to complain about.
    std::fs::write(home.path(), [1; 8192]).unwrap();
    let mut child = start_child(&home.path());
    assert_eq!(child.said, "store-locked");
    let mut complaints = String::new();
    child.process.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
    assert_eq!(complaints, "");
    assert!(child.process.wait().unwrap().success());
    // A child that is told to end does.
    std::fs::remove_file(home.path()).unwrap();
    let mut child = start_child(&home.path());
    assert_eq!(child.said, "written");
    child.process.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(child.process.wait().unwrap().success());
    assert_eq!(home.open().readers().read(conversation::list).unwrap().len(), 1);
}

#[test]
fn a_fresh_database_holds_no_account() {
    let home = Home::new();
    let store = home.open();
    assert!(store.readers().read(account::load).unwrap().is_none());
}
