//! Where messages stand that arrive out of turn.

use heliograph_model::{ArchiveId, DeviceId, ErrorCode, Timestamp};

use crate::conversation;
use crate::message::{self, Inserted, Place, Sender, changed_since, latest_revision, page};
use crate::testing::{Home, add, address, chat, incoming, outgoing, texts, write};

#[test]
fn what_comes_out_of_turn_stands_where_its_archive_has_it() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        let say = |number: &str| {
            let archive = Some(ArchiveId::new(format!("179{number}0000000000000")));
            add(tx, &message::NewMessage { archive, ..incoming(id, number, number) })
        };
        for number in ["1", "2"] {
            say(number);
        }
        conversation::mark_read(tx, id, 1).unwrap();
        let opaque = Some(ArchiveId::new("0f1e2d3c4b5a69780f1e"));
        say("5");
        add(tx, &message::NewMessage { archive: opaque, ..incoming(id, "x", "x") });
        say("6");
        let before = latest_revision(tx).unwrap();
        let late = say("4");
        let shown = page(tx, id, None, 9).unwrap();
        assert_eq!(texts(&shown), ["1", "2", "4", "5", "x", "6"]);
        assert_eq!(
            shown.iter().filter_map(|message| message.position).collect::<Vec<_>>(),
            [1, 2, 3, 4, 5, 6]
        );
        let mut changed = changed_since(tx, Some(id), before, 9).unwrap();
        changed.sort_by_key(|message| message.position);
        assert_eq!(texts(&changed), ["4", "5", "x", "6"], "an app hears of each that moved");
        assert_eq!(message::get(tx, late).unwrap().unwrap().position, Some(3));
    });
}

#[test]
fn what_is_in_the_archive_twice_stands_where_it_was_first() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        let archive = |number: &str| ArchiveId::new(format!("179{number}0000000000000"));
        let hear = |text: &str, number: &str| {
            let archive = Some(archive(number));
            add(tx, &message::NewMessage { archive, ..incoming(id, text, text) })
        };
        let shown = || texts(&page(tx, id, None, 9).unwrap()).join(" ");
        hear("a", "1");
        hear("c", "4");
        // Its second copy comes first, then the first one, then the second once more.
        let twice = hear("b", "5");
        let last = hear("d", "6");
        assert_eq!(shown(), "a c b d");
        conversation::mark_read(tx, id, last).unwrap();
        for number in ["3", "5"] {
            message::note_copy(tx, twice, &archive(number)).unwrap();
            assert_eq!(shown(), "a b c d");
            assert_eq!(message::get(tx, twice).unwrap().unwrap().archive, Some(archive("3")));
        }
        assert_eq!(conversation::get(tx, id).unwrap().unwrap().unread, 0, "all of it was read");
        let before = latest_revision(tx).unwrap();
        message::note_copy(tx, twice, &archive("3")).unwrap();
        assert_eq!(latest_revision(tx).unwrap(), before, "no news");
        // In plain the text itself comes again, and our own come back.
        let again = message::NewMessage { archive: Some(archive("0")), ..incoming(id, "d", "d") };
        assert_eq!(message::insert(tx, &again).unwrap(), Inserted::Duplicate(last));
        let ours = add(tx, &outgoing(id, "e", "e"));
        for number in ["8", "2", "7"] {
            message::set_archived(tx, ours, &archive(number), Place::Next).unwrap();
        }
        assert_eq!(shown(), "d a e b c");
    });
}

#[test]
fn what_comes_out_of_turn_before_the_read_marker_is_not_taken_for_read() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        let archive = |number: &str| ArchiveId::new(format!("179{number}0000000000000"));
        let hear = |number: &str| {
            let archive = Some(archive(number));
            add(tx, &message::NewMessage { archive, ..incoming(id, number, number) })
        };
        let say = |number: &str| add(tx, &outgoing(id, number, number));
        let comes_back = |row, number: &str| {
            message::set_archived(tx, row, &archive(number), Place::Next).unwrap();
        };
        let shown = || texts(&page(tx, id, None, 9).unwrap()).join(" ");
        let unread = || conversation::get(tx, id).unwrap().unwrap().unread;
        let (five, six) = (say("5"), say("6"));
        hear("3");
        comes_back(six, "6");
        conversation::mark_read(tx, id, six).unwrap();
        hear("8");
        // One of ours moves what was read and what was not, and changes neither.
        comes_back(five, "5");
        assert_eq!((shown().as_str(), unread()), ("3 5 6 8", 1));
        // Somebody else's is unread wherever it stands, and so is what follows it.
        hear("4");
        assert_eq!((shown().as_str(), unread()), ("3 4 5 6 8", 2));
        conversation::mark_read(tx, id, six).unwrap();
        assert_eq!(unread(), 1);
        // An id that is no count says nothing about the order.
        add(tx, &message::NewMessage { archive: Some(ArchiveId::new("00")), ..incoming(id, "x", "x") });
        assert_eq!((shown().as_str(), unread()), ("3 4 5 6 8 x", 2));
    });
}

/// Each text is a letter for the device that wrote it and its number there.
#[test]
fn texts_of_one_device_stand_in_the_order_in_which_it_sent_them() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        let new = |text: &str, at: i64| {
            let (device, number) = text.split_at(1);
            let device = DeviceId([device.as_bytes()[0]; 8]);
            let sequence = Some(message::Sequence { device, number: number.parse().unwrap() });
            message::NewMessage { sequence, sent_at: Timestamp(at), ..incoming(id, text, text) }
        };
        let hear = |text: &str| add(tx, &new(text, 0));
        let shown = || texts(&page(tx, id, None, 20).unwrap()).join(" ");
        for text in ["a1", "b9", "a4", "b8", "a2", "a3", "c1"] {
            hear(text);
        }
        assert_eq!(shown(), "a1 b8 b9 a2 a3 a4 c1");

        // Another account may call its device what it likes.
        let chloe = Sender::Account(address("chloe@example.org"));
        add(tx, &message::NewMessage { sender: chloe, ..new("c0", 0) });
        // What comes too late stays where the archive has it.
        add(tx, &new("b7", 600_001));
        add(tx, &new("b6", 600_000));
        assert_eq!(shown(), "a1 b6 b8 b9 a2 a3 a4 c1 c0 b7");

        // Ours get their places when the room's archive shows them; what was taken back has none.
        let ours = |text: &str| {
            let ours = outgoing(id, text, text);
            add(tx, &message::NewMessage { sequence: new(text, 0).sequence, ..ours })
        };
        let (first, never, second) = (ours("z1"), ours("z2"), ours("z3"));
        message::discard(tx, never).unwrap();
        for (row, archive) in [(second, "0f"), (first, "0e")] {
            message::set_archived(tx, row, &ArchiveId::new(archive), Place::Next).unwrap();
        }
        assert_eq!(shown(), "a1 b6 b8 b9 a2 a3 a4 c1 c0 b7 z1 z3");
        assert_eq!(message::sequence(tx, first).unwrap(), Some(1));
        assert_eq!(message::sequence(tx, hear("d1") + 1).unwrap(), None);
    });
}

/// As ejabberd had it: the archive's ids tell an order, and it is the wrong one.
#[test]
fn what_the_device_says_of_its_texts_counts_before_what_the_archive_says() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        let archive = |number: u64| ArchiveId::new(format!("17959427885{number}00000"));
        let hear = |number: u64, at: u64| {
            let sequence = Some(message::Sequence { device: DeviceId([1; 8]), number });
            let text = number.to_string();
            let archive = Some(archive(at));
            add(tx, &message::NewMessage { archive, sequence, ..incoming(id, &text, &text) })
        };
        let shown = || texts(&page(tx, id, None, 20).unwrap()).join(" ");
        hear(50, 10);
        let second = hear(52, 30);
        hear(51, 50);
        hear(53, 40);
        assert_eq!(shown(), "50 51 52 53");
        message::note_copy(tx, second, &archive(20)).unwrap();
        assert_eq!(shown(), "50 51 52 53");
        // Somebody else's, between them in the archive.
        let chloe = Sender::Account(address("chloe@example.org"));
        let between = Some(archive(45));
        add(tx, &message::NewMessage { sender: chloe, archive: between, ..incoming(id, "x", "x") });
        assert_eq!(shown(), "50 x 51 52 53");
    });
}

#[test]
fn a_text_that_is_sent_again_comes_after_what_was_written_meanwhile() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        let device = DeviceId([1; 8]);
        let say = |text: &str, now: i64| {
            let sequence = Some(message::next_sequence(tx, device, Timestamp(now)).unwrap());
            add(tx, &message::NewMessage { sequence, ..outgoing(id, text, text) })
        };
        let number = |row| message::sequence(tx, row).unwrap();
        let failed = say("failed", 1000);
        // The clock went back, and the numbers do not.
        let next = say("next", 10);
        assert_eq!((number(failed), number(next)), (Some(1000), Some(1001)));
        message::fail(tx, failed, ErrorCode::Forbidden).unwrap();
        message::send_again(tx, failed, Place::Unknown, Timestamp(2000)).unwrap();
        assert_eq!(number(failed), Some(2000));
        // From before texts were numbered.
        let old = add(tx, &outgoing(id, "old", "old"));
        message::fail(tx, old, ErrorCode::Forbidden).unwrap();
        message::send_again(tx, old, Place::Unknown, Timestamp(3000)).unwrap();
        assert_eq!(number(old), None);
    });
}
