//! What is found, and that nothing a person can type breaks the search.

use proptest::prelude::*;

use super::search;
use crate::testing::{Home, add, chat, incoming, write};
use crate::{Store, message};

fn found(store: &Store, query: &str) -> Vec<String> {
    let messages = store.readers().read(|connection| search(connection, query, None, 10)).unwrap();
    messages.into_iter().map(|hit| hit.message.text).collect()
}

#[test]
fn words_are_found_whatever_their_case_and_accents_and_newest_first() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        for (number, text) in
            ["Crème brûlée at noon", "noon at the harbour", "don't be late", "日本語", "at sea"]
                .iter()
                .enumerate()
        {
            add(tx, &incoming(id, &number.to_string(), text));
        }
    });
    assert_eq!(found(&store, "NOON"), ["noon at the harbour", "Crème brûlée at noon"]);
    assert_eq!(found(&store, "creme noon"), ["Crème brûlée at noon"]);
    assert_eq!(found(&store, "BRÛLÉE"), ["Crème brûlée at noon"]);
    assert_eq!(found(&store, "at noon harb"), ["noon at the harbour"]);
    assert_eq!(found(&store, "harb noon"), Vec::<String>::new(), "only the last word may be unfinished");
    assert_eq!(found(&store, "h"), ["noon at the harbour"]);
    assert_eq!(found(&store, "don't"), ["don't be late"]);
    assert_eq!(found(&store, "日本"), ["日本語"]);
    assert_eq!(found(&store, "noon OR sea"), Vec::<String>::new(), "operators are words");
    assert_eq!(found(&store, "noon \"!!!\" ..."), ["noon at the harbour", "Crème brûlée at noon"]);
    for nothing in ["", "   ", "\0", "\"", "***", "...", "(", "text:"] {
        assert_eq!(found(&store, nothing), Vec::<String>::new(), "{nothing:?}");
    }
}

#[test]
fn search_can_be_kept_to_one_conversation_and_to_a_number() {
    let home = Home::new();
    let mut store = home.open();
    let (ben, chloe) = write(&mut store, |tx| {
        let (ben, chloe) = (chat(tx, "ben"), chat(tx, "chloe"));
        for number in 0..20 {
            add(tx, &incoming(if number % 2 == 0 { ben } else { chloe }, &number.to_string(), "tide"));
        }
        (ben, chloe)
    });
    store
        .readers()
        .read(|connection| {
            assert_eq!(search(connection, "tide", None, 7)?.len(), 7);
            for id in [ben, chloe] {
                let found = search(connection, "tide", Some(id), 100)?;
                assert_eq!(found.len(), 10);
                assert!(found.iter().all(|hit| hit.message.conversation == id));
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_deleted_or_changed_text_is_not_found_any_more() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        let changed = add(tx, &incoming(id, "1", "alpha"));
        let deleted = add(tx, &incoming(id, "2", "beta"));
        tx.execute("UPDATE message SET text = 'gamma' WHERE row = ?1", [changed]).unwrap();
        tx.execute("DELETE FROM message WHERE row = ?1", [deleted]).unwrap();
        let rows = |query| search(tx, query, None, 10).unwrap().len();
        assert_eq!((rows("alpha"), rows("beta"), rows("gamma")), (0, 0, 1));
        // SQLite's own comparison of index and texts.
        tx.execute("INSERT INTO message_search (message_search, rank) VALUES ('integrity-check', 1)", [])
            .unwrap();
    });
}

#[test]
fn a_page_of_an_archive_is_one_segment_of_the_index() {
    let home = Home::new();
    let mut store = home.open();
    let id = write(&mut store, |tx| chat(tx, "ben"));
    for page in 1..=3 {
        write(&mut store, |tx| {
            for number in 0..50 {
                add(tx, &incoming(id, &format!("{page}-{number}"), &format!("word{number} of page{page}")));
            }
        });
        // Merging them is FTS5's business, and begins with the fourth.
        let segments: i64 = write(&mut store, |tx| {
            let count = "SELECT count(DISTINCT segid) FROM message_search_idx";
            tx.query_row(count, [], |row| row.get(0)).unwrap()
        });
        assert_eq!(segments, page);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text is a valid query. (A failing case prints the query and the seed.)
    #[test]
    fn any_text_is_a_valid_query(query in prop_oneof![
        ".{0,80}",
        "[\"*^:(){}+ \\-ANDORNEAT\0a]{0,60}",
        prop::collection::vec("\\PC{1,6}", 0..200).prop_map(|words| words.join(" ")),
        "(a[^a-z ]){600,700}",
    ]) {
        thread_local! {
            static STORE: (Home, Store) = {
                let home = Home::new();
                let mut store = home.open();
                write(&mut store, |tx| { let id = chat(tx, "ben"); add(tx, &incoming(id, "1", "some text")); });
                (home, store)
            };
        }
        STORE.with(|(_, store)| {
            let result = store.readers().read(|connection| search(connection, &query, None, 10));
            prop_assert!(result.is_ok(), "{:?}", result);
            Ok(())
        })?;
    }

    /// Every word of a stored text finds it, by itself and by its beginning.
    #[test]
    fn every_word_finds_its_message(words in prop::collection::vec("[a-zäöüéñ0-9]{1,12}", 1..6)) {
        let home = Home::new();
        let mut store = home.open();
        write(&mut store, |tx| {
            let id = chat(tx, "ben");
            let row = add(tx, &incoming(id, "1", &words.join(" ")));
            for word in &words {
                for query in [word.clone(), word.to_uppercase(), word.chars().take(2).collect()] {
                    let rows: Vec<i64> = search(tx, &query, None, 10).unwrap().iter().map(|found| found.message.row).collect();
                    assert_eq!(rows, [row], "{query:?}");
                }
            }
            assert!(message::get(tx, row).unwrap().is_some());
        });
    }
}

/// The only text that is found, with what is marked in it in brackets.
fn marked(store: &Store, query: &str) -> String {
    let mut hits = store.readers().read(|connection| search(connection, query, None, 10)).unwrap();
    let hit = hits.pop().unwrap_or_else(|| panic!("{query:?} finds nothing"));
    assert!(hits.is_empty(), "{query:?}");
    let mut text = hit.message.text;
    for mark in hit.marks.iter().rev() {
        text.insert(mark.end, ']');
        text.insert(mark.start, '[');
    }
    text
}

#[test]
fn what_was_found_is_marked_in_bytes_of_the_text_as_it_is() {
    let home = Home::new();
    let mut store = home.open();
    let texts = [
        "🏔🏔 the Bridge, the bridge! 👩\u{200d}🚒",
        "cre\u{301}me bru\u{302}le\u{301}e, cr\u{e8}me",
        "افتتح الجسر من جديد",
        "אל הגשר, \u{fdd0} מחר",
        "tide-table tide table",
        "sea\tand\nsea",
    ];
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        for (number, text) in texts.iter().enumerate() {
            add(tx, &incoming(id, &number.to_string(), text));
        }
    });
    for (query, shown) in [
        ("brid", "🏔🏔 the [Bridge], the [bridge]! 👩\u{200d}🚒"),
        ("the bridge", "🏔🏔 [the] [Bridge], [the] [bridge]! 👩\u{200d}🚒"),
        ("CREME", "[cre\u{301}me] bru\u{302}le\u{301}e, [cr\u{e8}me]"),
        ("brul", "cre\u{301}me [bru\u{302}le\u{301}e], cr\u{e8}me"),
        ("الجس", "افتتح [الجسر] من جديد"),
        ("הגש", "אל [הגשר], \u{fdd0} מחר"),
        ("tide-table", "[tide-table] [tide table]"),
        ("sea", "[sea]\tand\n[sea]"),
    ] {
        assert_eq!(marked(&store, query), shown, "{query:?}");
    }
}

#[test]
fn a_text_that_holds_every_sign_is_found_and_has_no_marks() {
    let home = Home::new();
    let mut store = home.open();
    let signs: String = super::NONCHARACTERS.collect();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        add(tx, &incoming(id, "1", &format!("tide {signs}")));
    });
    let hits = store.readers().read(|connection| search(connection, "tide", None, 10)).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.marks.len()).collect::<Vec<_>>(), [0]);
}
