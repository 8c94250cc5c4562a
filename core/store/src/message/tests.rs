//! What a timeline shows, whatever order things arrive in.

use heliograph_model::{
    Address, ArchiveId, ConversationKind, DeliveryState, ErrorCode, MessageId, Security, StanzaId, Timestamp,
};

use super::{
    Inserted, Message, Place, ReceiptKind, Sender, changed_since, count_incoming_since, latest_revision, page,
};
use crate::conversation::{self, ConversationState, NewConversation};
use crate::message;
use crate::testing::{Home, add, address, chat, incoming, outgoing, texts, write};

#[test]
fn a_message_comes_back_as_it_was_stored() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        let new = message::NewMessage {
            stanza: Some(StanzaId::new("s")),
            archive: Some(ArchiveId::new("a")),
            sender: Sender::Occupant("Ben, the other".to_owned()),
            security: Security::Encrypted,
            ..incoming(id, "m", "hello")
        };
        let row = add(tx, &new);
        let expected = Message {
            row,
            conversation: id,
            id: new.id.clone(),
            stanza: new.stanza.clone(),
            archive: new.archive.clone(),
            sender: new.sender.clone(),
            outgoing: false,
            security: Security::Encrypted,
            text: "hello".to_owned(),
            sent_at: Timestamp(1000),
            received_at: Timestamp(2000),
            position: Some(1),
            state: DeliveryState::Delivered,
            failure: None,
            delivered_to: 0,
            displayed_by: 0,
            revision: 2,
        };
        assert_eq!(message::get(tx, row).unwrap(), Some(expected.clone()));
        assert_eq!(message::by_stanza(tx, id, &StanzaId::new("s")).unwrap(), Some(expected.clone()));
        assert_eq!(message::by_id(tx, id, &MessageId::new("m")).unwrap(), vec![expected]);
        assert_eq!(message::get(tx, row + 1).unwrap(), None);
    });
}

#[test]
fn the_same_message_is_stored_once_and_another_senders_beside_it() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let (id, other) = (chat(tx, "ben"), chat(tx, "chloe"));
        let row = add(tx, &incoming(id, "m", "first"));
        let before = latest_revision(tx).unwrap();
        let again = message::insert(tx, &incoming(id, "m", "second")).unwrap();
        assert_eq!(again, Inserted::Duplicate(row));
        assert_eq!(latest_revision(tx).unwrap(), before, "a duplicate changes nothing");
        // Same id: from another account, from an occupant of the same name, in another conversation.
        add(tx, &outgoing(id, "m", "ours"));
        let nick = Sender::Occupant("ben@example.org".to_owned());
        add(tx, &message::NewMessage { sender: nick, ..incoming(id, "m", "nick") });
        add(tx, &incoming(other, "m", "elsewhere"));
        assert_eq!(texts(&page(tx, id, None, 10).unwrap()), ["first", "nick", "ours"]);
        assert_eq!(message::by_id(tx, id, &MessageId::new("m")).unwrap().len(), 3);
        assert_eq!(conversation::get(tx, id).unwrap().unwrap().unread, 2);
    });
}

#[test]
fn what_is_on_its_way_stands_last_and_takes_its_place_when_the_archive_shows_it() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        add(tx, &incoming(id, "1", "one"));
        let ours = add(tx, &outgoing(id, "2", "two"));
        add(tx, &outgoing(id, "3", "three"));
        add(tx, &incoming(id, "4", "four"));
        assert_eq!(texts(&page(tx, id, None, 10).unwrap()), ["one", "four", "two", "three"]);
        message::set_archived(tx, ours, &ArchiveId::new("a"), Place::Next).unwrap();
        add(tx, &incoming(id, "5", "five"));
        assert_eq!(texts(&page(tx, id, None, 10).unwrap()), ["one", "four", "two", "five", "three"]);
        // Seen in the archive once more, it stays where it is.
        message::set_archived(tx, ours, &ArchiveId::new("b"), Place::Next).unwrap();
        assert_eq!(texts(&page(tx, id, None, 10).unwrap()), ["one", "four", "two", "five", "three"]);
        let message = message::get(tx, ours).unwrap().unwrap();
        assert_eq!((message.archive, message.state), (Some(ArchiveId::new("b")), DeliveryState::Archived));
    });
}

#[test]
fn pages_go_back_without_a_hole_and_without_repeating() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let (id, other) = (chat(tx, "ben"), chat(tx, "chloe"));
        let mut expected = Vec::new();
        for number in 0..23 {
            add(tx, &incoming(id, &number.to_string(), &number.to_string()));
            add(tx, &incoming(other, &number.to_string(), "other"));
            expected.push(number.to_string());
        }
        add(tx, &outgoing(id, "waiting", "waiting"));
        expected.push("waiting".to_owned());
        let mut seen: Vec<String> = Vec::new();
        let mut before = None;
        loop {
            let found = page(tx, id, before, 5).unwrap();
            let Some(oldest) = found.first() else { break };
            before = Some(oldest.cursor());
            seen.splice(0..0, found.into_iter().map(|message| message.text));
        }
        assert_eq!(seen, expected);
    });
}

#[test]
fn changes_come_in_order_and_each_message_once_with_its_last_state() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let (id, other) = (chat(tx, "ben"), chat(tx, "chloe"));
        let first = add(tx, &outgoing(id, "1", "one"));
        add(tx, &incoming(id, "2", "two"));
        add(tx, &incoming(other, "3", "three"));
        let since = latest_revision(tx).unwrap();
        assert!(changed_since(tx, Some(id), since, 10).unwrap().is_empty());
        message::raise_state(tx, first, DeliveryState::Sending).unwrap();
        add(tx, &incoming(id, "4", "four"));
        message::raise_state(tx, first, DeliveryState::Sent).unwrap();
        assert_eq!(texts(&changed_since(tx, Some(id), since, 10).unwrap()), ["four", "one"]);
        assert_eq!((count_incoming_since(tx, since).unwrap(), count_incoming_since(tx, 0).unwrap()), (1, 3));
        assert_eq!(texts(&changed_since(tx, Some(id), 0, 2).unwrap()), ["two", "four"]);
        assert_eq!(texts(&changed_since(tx, None, 0, 10).unwrap()), ["two", "three", "four", "one"]);
    });
}

#[test]
fn a_state_never_goes_back() {
    use DeliveryState::{Archived, Delivered, Displayed, Failed, Queued, Sending, Sent};
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        let states = [Queued, Sending, Sent, Archived, Delivered, Displayed, Failed];
        for (number, &from) in states.iter().enumerate() {
            for (other, &to) in states.iter().enumerate() {
                let new =
                    message::NewMessage { state: from, ..outgoing(id, &format!("{number} {other}"), "x") };
                let row = add(tx, &new);
                let before = latest_revision(tx).unwrap();
                message::raise_state(tx, row, to).unwrap();
                let reached = message::get(tx, row).unwrap().unwrap().state;
                let expected = match (from, to) {
                    // What was seen to arrive did arrive.
                    (Failed, Archived | Delivered | Displayed) | (Queued | Sending, Failed) => to,
                    (Failed, _) | (_, Failed) => from,
                    _ => from.max(to),
                };
                assert_eq!(reached, expected, "{from:?} to {to:?}");
                assert_eq!(latest_revision(tx).unwrap() > before, from != expected, "{from:?} to {to:?}");
            }
        }
    });
}

#[test]
fn a_bounced_message_fails_with_its_reason_unless_it_arrived() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        let (lost, safe) = (add(tx, &outgoing(id, "1", "one")), add(tx, &outgoing(id, "2", "two")));
        message::raise_state(tx, lost, DeliveryState::Sent).unwrap();
        message::raise_state(tx, safe, DeliveryState::Archived).unwrap();
        for row in [lost, safe] {
            message::fail(tx, row, ErrorCode::Forbidden).unwrap();
        }
        let state =
            |row| message::get(tx, row).unwrap().map(|message| (message.state, message.failure)).unwrap();
        assert_eq!(state(lost), (DeliveryState::Failed, Some(ErrorCode::Forbidden)));
        assert_eq!(state(safe), (DeliveryState::Archived, None));
        message::set_archived(tx, lost, &ArchiveId::new("a"), Place::Next).unwrap();
        assert_eq!(state(lost), (DeliveryState::Archived, None));
    });
}

#[test]
fn receipts_count_accounts_and_not_repeats() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        let row = add(tx, &outgoing(id, "1", "one"));
        let (ben, chloe) = (address("ben@example.org"), address("chloe@example.org"));
        let tell = |who: &Address, kind| message::receipt(tx, row, who, kind, Timestamp(1)).unwrap();
        let counts =
            || message::get(tx, row).unwrap().map(|found| (found.delivered_to, found.displayed_by)).unwrap();
        assert!(tell(&ben, ReceiptKind::Delivered));
        assert!(!tell(&ben, ReceiptKind::Delivered));
        assert_eq!(counts(), (1, 0));
        assert!(tell(&ben, ReceiptKind::Displayed));
        assert!(!tell(&ben, ReceiptKind::Displayed));
        assert_eq!(counts(), (1, 1));
        // Who has shown it has it.
        assert!(tell(&chloe, ReceiptKind::Displayed));
        assert!(!tell(&chloe, ReceiptKind::Delivered));
        assert_eq!(counts(), (2, 2));
    });
}

#[test]
fn receipts_that_we_owe_are_listed_until_sent() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let (id, other) = (chat(tx, "ben"), chat(tx, "chloe"));
        let due = |id, name: &str| message::NewMessage { receipt_due: true, ..incoming(id, name, "x") };
        let first = add(tx, &due(id, "1"));
        let second = add(tx, &due(id, "2"));
        add(tx, &incoming(id, "3", "no receipt asked"));
        add(tx, &message::NewMessage { sender: Sender::Occupant("ben".to_owned()), ..due(other, "4") });
        assert_eq!(message::conversations_with_due_receipts(tx).unwrap(), [id]);
        let listed = message::due_receipts(tx, id, Security::Plain, 10).unwrap();
        assert_eq!(listed.iter().map(|due| due.row).collect::<Vec<_>>(), [first, second]);
        assert_eq!((listed[0].author.clone(), listed[0].id.as_str()), (address("ben@example.org"), "1"));
        assert_eq!(message::due_receipts(tx, id, Security::Plain, 1).unwrap().len(), 1);
        message::set_receipt_sent(tx, &[first, second]).unwrap();
        assert!(message::due_receipts(tx, id, Security::Plain, 10).unwrap().is_empty());
        assert!(message::conversations_with_due_receipts(tx).unwrap().is_empty());
    });
}

#[test]
fn an_accounts_texts_between_two_are_those_that_an_archive_has_shown() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let (id, other) = (chat(tx, "ben"), chat(tx, "chloe"));
        for name in ["1", "2"] {
            add(tx, &incoming(id, name, name));
        }
        add(tx, &incoming(other, "x", "elsewhere"));
        let by_another = Sender::Account(address("chloe@example.org"));
        add(tx, &message::NewMessage { sender: by_another, ..incoming(id, "y", "by another") });
        add(tx, &incoming(id, "3", "3"));
        let unplaced = message::NewMessage { place: Place::Unknown, ..incoming(id, "4", "4") };
        add(tx, &unplaced);
        let ben = address("ben@example.org");
        let between = |first: &str, last: &str, limit| {
            let (first, last) = (MessageId::new(first), MessageId::new(last));
            let found = message::between(tx, id, &ben, &first, &last, limit).unwrap();
            texts(&found).join(" ")
        };
        assert_eq!(between("1", "3", 10), "1 2 3");
        assert_eq!(between("2", "3", 10), "2 3");
        assert_eq!(between("1", "3", 2), "1 2");
        assert_eq!(between("3", "1", 10), "");
        assert_eq!(between("1", "4", 10), "", "nobody knows what stands before it");
        assert_eq!(between("1", "y", 10), "", "not this account's");
    });
}

#[test]
fn unread_counts_what_came_in_after_the_read_marker() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        let unread = || conversation::get(tx, id).unwrap().unwrap().unread;
        let rows: Vec<i64> = (0..5).map(|number| add(tx, &incoming(id, &number.to_string(), "x"))).collect();
        let ours = add(tx, &outgoing(id, "ours", "x"));
        assert_eq!(unread(), 5);
        conversation::mark_read(tx, id, rows[2]).unwrap();
        assert_eq!(unread(), 2);
        conversation::mark_read(tx, id, rows[0]).unwrap();
        assert_eq!(unread(), 2, "the marker does not go back");
        // Ours stands at the end, so all that came before it was seen, but not what comes after.
        conversation::mark_read(tx, id, ours).unwrap();
        assert_eq!(unread(), 0);
        add(tx, &incoming(id, "new", "x"));
        assert_eq!(unread(), 1);
        message::set_archived(tx, ours, &ArchiveId::new("a"), Place::Next).unwrap();
        assert_eq!(unread(), 1);
        let elsewhere = add(tx, &incoming(chat(tx, "chloe"), "1", "x"));
        conversation::mark_read(tx, id, elsewhere).unwrap();
        assert_eq!(unread(), 1, "a message of another conversation marks nothing");
    });
}

#[test]
fn the_list_shows_newest_activity_first_and_a_fast_clock_gains_nothing() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let (ben, chloe) = (chat(tx, "ben"), chat(tx, "chloe"));
        let at = |sent, received| message::NewMessage {
            sent_at: Timestamp(sent),
            received_at: Timestamp(received),
            ..incoming(ben, &format!("{sent}"), "x")
        };
        add(tx, &at(9_000_000, 5000));
        add(tx, &message::NewMessage { conversation: chloe, ..at(6000, 6000) });
        let order = || conversation::list(tx).unwrap().into_iter().map(|found| found.id).collect::<Vec<_>>();
        assert_eq!(order(), [chloe, ben]);
        // Old history that is filled in later does not make a conversation look older.
        add(tx, &message::NewMessage { conversation: chloe, ..at(10, 7000) });
        assert_eq!(conversation::get(tx, chloe).unwrap().unwrap().last_activity, Some(Timestamp(6000)));
        add(tx, &at(8000, 8000));
        assert_eq!(order(), [ben, chloe]);
    });
}

#[test]
fn every_change_to_a_conversation_gives_it_a_new_revision() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let new = NewConversation {
            kind: ConversationKind::Group,
            address: address("x@rooms.example.org"),
            name: Some("boats".to_owned()),
            security: Security::Encrypted,
            state: ConversationState::Preparing,
            created_at: Timestamp(1),
        };
        let id = conversation::insert(tx, &new).unwrap();
        let group = heliograph_model::GroupId([1; 16]);
        let mut last = 0;
        let mut changed = |what: &str| {
            let now = conversation::get(tx, id).unwrap().unwrap();
            assert!(now.revision > last, "{what}");
            assert_eq!(now.revision, latest_revision(tx).unwrap());
            last = now.revision;
            now
        };
        changed("insert");
        conversation::set_state(tx, id, ConversationState::Failed, Some(ErrorCode::RoomsUnavailable))
            .unwrap();
        let found = changed("state");
        assert_eq!(
            (found.state, found.failure),
            (ConversationState::Failed, Some(ErrorCode::RoomsUnavailable))
        );
        conversation::set_state(tx, id, ConversationState::Active, None).unwrap();
        let found = changed("state");
        assert_eq!((found.state, found.failure), (ConversationState::Active, None));
        conversation::set_name(tx, id, Some("ships")).unwrap();
        assert_eq!(changed("name").name.as_deref(), Some("ships"));
        conversation::set_security(tx, id, Security::Plain).unwrap();
        assert_eq!(changed("security").security, Security::Plain);
        conversation::set_group(tx, id, Some(group)).unwrap();
        assert_eq!(changed("group").group, Some(group));
        assert_eq!(conversation::by_group(tx, &group).unwrap().unwrap().id, id);
        conversation::set_address(tx, id, &address("y@rooms.example.org")).unwrap();
        changed("address");
        assert!(conversation::by_address(tx, &new.address).unwrap().is_none());
        assert_eq!(conversation::by_address(tx, &address("y@rooms.example.org")).unwrap().unwrap().id, id);
        let row = add(tx, &incoming(id, "1", "x"));
        assert_eq!(changed("message").unread, 1);
        conversation::mark_read(tx, id, row).unwrap();
        assert_eq!(changed("read").unread, 0);
        crate::member::set_members(tx, id, &[address("ben@example.org")]).unwrap();
        changed("members");
        let before = latest_revision(tx).unwrap();
        crate::member::set_members(tx, id, &[address("ben@example.org")]).unwrap();
        conversation::mark_read(tx, id, row).unwrap();
        assert_eq!(latest_revision(tx).unwrap(), before, "nothing changed");
    });
}

#[test]
fn debug_shows_nothing_private() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        conversation::set_name(tx, id, Some("the name")).unwrap();
        let new = message::NewMessage {
            sender: Sender::Occupant("the nick".to_owned()),
            ..incoming(id, "1", "the text")
        };
        let row = add(tx, &new);
        let shown = format!(
            "{:?} {:?} {:?} {:?}",
            new,
            new.sender,
            message::get(tx, row).unwrap(),
            conversation::list(tx).unwrap()
        );
        for private in ["the text", "the nick", "the name", "ben@"] {
            assert!(!shown.contains(private), "{private} in {shown}");
        }
    });
}
