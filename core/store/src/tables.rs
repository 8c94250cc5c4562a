//! The tables that hold no logic: what is put in comes out, in order, and goes when it should.

use heliograph_model::{
    ArchiveId, ConversationId, ConversationKind, DeviceId, ErrorCode, GroupId, Security, StanzaId, Timestamp,
};
use zeroize::Zeroizing;

use crate::account::{self, Account, ServerFacts};
use crate::archive::{self, Gap};
use crate::conversation::{self, ConversationState, NewConversation};
use crate::group::{self, GroupRow, GroupState, PendingCommit};
use crate::intent;
use crate::key_package::{self, KeyPackageSlot};
use crate::member;
use crate::outbox::{self, OutboxState};
use crate::peer::{self, Peer, Pin};
use crate::push;
use crate::quarantine::{self, Bound, NewQuarantined};
use crate::setting;
use crate::testing::{Home, add, address, chat, incoming, outgoing, write};
use crate::{StoreError, message};

#[test]
fn the_account_is_kept_and_there_is_one() {
    let home = Home::new();
    let mut store = home.open();
    let made = Account {
        address: address("ana@example.org"),
        device: DeviceId([1; 8]),
        identity_public: [2; 32],
        identity_secret: Zeroizing::new(vec![3; 32]),
        signature_public: vec![4; 32],
        created_at: Timestamp(5),
        serial: 6,
        devices_published: false,
    };
    write(&mut store, |tx| {
        assert!(!account::devices_published(tx).unwrap());
        account::create(tx, &made).unwrap();
        assert_eq!(account::load(tx).unwrap(), Some(made.clone()));
        assert!(account::create(tx, &made).is_err(), "a second account is refused");
        account::set_devices_published(tx, true).unwrap();
        assert!(account::devices_published(tx).unwrap());
        let facts = ServerFacts {
            room_service: Some(address("rooms.example.org")),
            archive: true,
            known: true,
            ..ServerFacts::default()
        };
        assert_eq!(account::facts(tx).unwrap(), ServerFacts::default());
        account::set_facts(tx, &facts).unwrap();
        account::set_facts(tx, &ServerFacts { pep: true, ..facts.clone() }).unwrap();
        assert_eq!(account::facts(tx).unwrap(), ServerFacts { pep: true, ..facts });
    });
    assert!(!format!("{made:?}").contains('3'), "no secret in Debug");
}

#[test]
fn a_setting_is_kept_under_its_name() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        assert_eq!(setting::get(tx, "a").unwrap(), None);
        setting::put(tx, "a", b"1").unwrap();
        setting::put(tx, "b", b"2").unwrap();
        setting::put(tx, "a", b"3").unwrap();
        assert_eq!(setting::get(tx, "a").unwrap().as_deref(), Some(b"3".as_slice()));
        assert_eq!(setting::get(tx, "b").unwrap().as_deref(), Some(b"2".as_slice()));
    });
}

#[test]
fn members_are_replaced_as_a_whole() {
    let home = Home::new();
    let mut store = home.open();
    let (ana, ben, chloe) =
        (address("ana@example.org"), address("ben@example.org"), address("chloe@example.org"));
    write(&mut store, |tx| {
        let id = chat(tx, "x");
        member::set_members(tx, id, &[chloe.clone(), ana.clone(), ana.clone()]).unwrap();
        assert_eq!(member::members(tx, id).unwrap(), [ana.clone(), chloe.clone()]);
        member::set_members(tx, id, &[ben.clone(), ana.clone()]).unwrap();
        assert_eq!(member::members(tx, id).unwrap(), [ana, ben]);
        member::set_members(tx, id, &[]).unwrap();
        assert!(member::members(tx, id).unwrap().is_empty());
    });
}

#[test]
fn the_outbox_keeps_order_and_what_was_sealed() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let (ben, chloe) = (chat(tx, "ben"), chat(tx, "chloe"));
        let text = add(tx, &outgoing(ben, "1", "one"));
        let first = outbox::append(tx, ben, Some(text), b"item", Timestamp(5)).unwrap();
        let second = outbox::append(tx, ben, None, b"other", Timestamp(6)).unwrap();
        let elsewhere = outbox::append(tx, chloe, None, b"x", Timestamp(7)).unwrap();
        let ids = |id, state| {
            outbox::pending(tx, id, state, usize::MAX).unwrap().iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(ben, OutboxState::Queued), [first, second]);
        assert_eq!(outbox::pending(tx, ben, OutboxState::Queued, 1).unwrap()[0].item, b"item");
        assert_eq!(outbox::conversations(tx).unwrap(), [ben, chloe]);
        assert!(!outbox::has_in_doubt_direct(tx).unwrap());

        let stanza = StanzaId::new("s");
        outbox::set_sealed(tx, first, &stanza, b"ciphertext", Some(3)).unwrap();
        let row = outbox::by_stanza(tx, &stanza).unwrap().unwrap();
        assert_eq!((row.id, row.message, row.attempts, row.epoch), (first, Some(text), 1, Some(3)));
        assert_eq!(
            (row.state, row.sealed.as_deref()),
            (OutboxState::Sending, Some(b"ciphertext".as_slice()))
        );
        assert_eq!(
            (ids(ben, OutboxState::Queued), ids(ben, OutboxState::Sending)),
            (vec![second], vec![first])
        );
        assert!(outbox::has_in_doubt_direct(tx).unwrap());

        outbox::reset(tx, first).unwrap();
        assert!(outbox::by_stanza(tx, &stanza).unwrap().is_none());
        let row = outbox::pending(tx, ben, OutboxState::Queued, 1).unwrap().remove(0);
        assert_eq!((row.stanza, row.sealed, row.epoch, row.attempts), (None, None, None, 1));

        outbox::set_state(tx, first, OutboxState::Sent).unwrap();
        outbox::set_state(tx, elsewhere, OutboxState::Sending).unwrap();
        assert_eq!(outbox::remove_sent_direct(tx).unwrap(), 1);
        assert_eq!(outbox::conversations(tx).unwrap(), [ben, chloe]);
        for id in [second, elsewhere] {
            outbox::remove(tx, id).unwrap();
        }
        assert!(outbox::conversations(tx).unwrap().is_empty());
        let next = outbox::append(tx, ben, None, b"new", Timestamp(8)).unwrap();
        assert!(next > elsewhere, "an id is never used twice");
    });
}

#[test]
fn only_direct_conversations_are_in_doubt() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let room = NewConversation {
            kind: ConversationKind::Group,
            address: address("x@rooms.example.org"),
            name: None,
            security: Security::Encrypted,
            state: ConversationState::Active,
            created_at: Timestamp(1),
        };
        let id = conversation::insert(tx, &room).unwrap();
        let row = outbox::append(tx, id, None, b"x", Timestamp(1)).unwrap();
        outbox::set_state(tx, row, OutboxState::Sending).unwrap();
        assert!(!outbox::has_in_doubt_direct(tx).unwrap());
        outbox::set_state(tx, row, OutboxState::Sent).unwrap();
        assert_eq!(outbox::remove_sent_direct(tx).unwrap(), 0);
    });
}

#[test]
fn each_archive_has_its_own_cursor_and_gaps_leave_room() {
    let home = Home::new();
    let mut store = home.open();
    let room = address("x@rooms.example.org");
    write(&mut store, |tx| {
        assert_eq!(archive::cursor(tx, None).unwrap(), None);
        archive::set_cursor(tx, None, &ArchiveId::new("1")).unwrap();
        archive::set_cursor(tx, Some(&room), &ArchiveId::new("2")).unwrap();
        archive::set_cursor(tx, None, &ArchiveId::new("3")).unwrap();
        assert_eq!(archive::cursor(tx, None).unwrap(), Some(ArchiveId::new("3")));
        assert_eq!(archive::cursor(tx, Some(&room)).unwrap(), Some(ArchiveId::new("2")));

        let id = chat(tx, "ben");
        let before = message::get(tx, add(tx, &incoming(id, "1", "x"))).unwrap().unwrap();
        let gap = archive::add_gap(tx, None, Some(&ArchiveId::new("3")), Some(&ArchiveId::new("9"))).unwrap();
        archive::add_gap(tx, Some(&room), None, None).unwrap();
        let after = message::get(tx, add(tx, &incoming(id, "2", "x"))).unwrap().unwrap();
        let found = archive::gaps(tx, None).unwrap();
        let position = found[0].position;
        let expected = Gap {
            id: gap,
            after: Some(ArchiveId::new("3")),
            before: Some(ArchiveId::new("9")),
            position,
            ceiling: position + (1 << 20),
        };
        assert_eq!(found, [expected]);
        assert!(before.position.unwrap() < position);
        assert!(after.position.unwrap() > position + 100_000, "what fills the gap sorts between");
        archive::remove_gap(tx, gap).unwrap();
        assert!(archive::gaps(tx, None).unwrap().is_empty());
        assert_eq!(archive::gaps(tx, Some(&room)).unwrap().len(), 1);
    });
}

#[test]
fn the_first_identity_key_is_pinned_and_stays() {
    let home = Home::new();
    let mut store = home.open();
    let ben = address("ben@example.org");
    write(&mut store, |tx| {
        assert!(peer::get(tx, &ben).unwrap().is_none());
        let fetched = Peer {
            address: ben.clone(),
            identity: None,
            devices: Some(vec![1, 2]),
            serial: 3,
            fetched_at: Some(Timestamp(4)),
            encrypts: true,
        };
        peer::put(tx, &fetched).unwrap();
        assert_eq!(peer::pin_identity(tx, &ben, &[1; 32]).unwrap(), Pin::New);
        assert_eq!(peer::pin_identity(tx, &ben, &[1; 32]).unwrap(), Pin::Same);
        assert_eq!(peer::pin_identity(tx, &ben, &[2; 32]).unwrap(), Pin::Changed);
        assert_eq!(peer::get(tx, &ben).unwrap(), Some(Peer { identity: Some([1; 32]), ..fetched }));
        let chloe = address("chloe@example.org");
        assert_eq!(peer::pin_identity(tx, &chloe, &[3; 32]).unwrap(), Pin::New);
        assert_eq!(peer::get(tx, &chloe).unwrap().unwrap().identity, Some([3; 32]));
    });
}

#[test]
fn groups_are_found_by_id_room_and_conversation() {
    let home = Home::new();
    let mut store = home.open();
    let room = address("x@rooms.example.org");
    write(&mut store, |tx| {
        let id = chat(tx, "ben");
        let row = |byte, room| GroupRow {
            id: GroupId([byte; 16]),
            conversation: id,
            room,
            epoch: 5,
            joined_epoch: 2,
            state: GroupState::Active,
            pending: None,
        };
        let first = row(1, Some(room.clone()));
        group::insert(tx, &first).unwrap();
        assert_eq!(group::get(tx, &first.id).unwrap(), Some(first.clone()));
        let pending =
            PendingCommit { stanza: StanzaId::new("s"), data: vec![1], welcomes: vec![2], sent: true };
        group::set_pending(tx, &first.id, Some(&pending)).unwrap();
        group::set_epoch(tx, &first.id, 6).unwrap();
        let expected = GroupRow { epoch: 6, pending: Some(pending), ..first.clone() };
        assert_eq!(group::by_room(tx, &room).unwrap(), Some(expected));
        group::set_pending(tx, &first.id, None).unwrap();

        let second = row(2, Some(room.clone()));
        group::insert(tx, &second).unwrap();
        group::set_state(tx, &second.id, GroupState::Broken).unwrap();
        assert_eq!(group::by_room(tx, &room).unwrap().unwrap().id, first.id, "the one that can be used");
        group::set_state(tx, &first.id, GroupState::Left).unwrap();
        assert_eq!(group::by_room(tx, &room).unwrap().unwrap().id, second.id, "else the newest");
        group::insert(tx, &row(3, None)).unwrap();
        let ids = |rows: Vec<GroupRow>| rows.iter().map(|row| row.id.0[0]).collect::<Vec<_>>();
        assert_eq!(ids(group::of_conversation(tx, id).unwrap()), [1, 2, 3]);
        assert_eq!(ids(group::list_active(tx).unwrap()), [3]);
        // Invited again after having left.
        group::insert(tx, &first).unwrap();
        assert_eq!(group::get(tx, &first.id).unwrap(), Some(first));
    });
}

#[test]
fn wishes_are_kept_in_order_and_count_their_tries() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let (ben, chloe) = (chat(tx, "ben"), chat(tx, "chloe"));
        let first = intent::append(tx, ben, b"a", Timestamp(1)).unwrap();
        intent::append(tx, chloe, b"b", Timestamp(2)).unwrap();
        let third = intent::append(tx, ben, b"c", Timestamp(3)).unwrap();
        intent::bump(tx, first).unwrap();
        let found = intent::list(tx, ben).unwrap();
        assert_eq!(
            found.iter().map(|wish| (wish.id, wish.attempts)).collect::<Vec<_>>(),
            [(first, 1), (third, 0)]
        );
        assert_eq!(intent::all(tx).unwrap().len(), 3);
        intent::remove(tx, first).unwrap();
        assert_eq!(intent::list(tx, ben).unwrap().len(), 1);
    });
}

#[test]
fn a_used_key_package_leaves_its_slot_and_its_private_half_goes_later() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let package = |slot, name: &[u8], at| KeyPackageSlot {
            slot,
            reference: name.to_vec(),
            data: vec![9],
            created_at: Timestamp(at),
            published: false,
            used_at: None,
        };
        key_package::put(tx, &package(0, b"a", 1)).unwrap();
        key_package::put(tx, &package(1, b"b", 1)).unwrap();
        key_package::set_published(tx, 0).unwrap();
        let slots = || key_package::list(tx).unwrap();
        assert_eq!(slots().iter().map(|slot| slot.published).collect::<Vec<_>>(), [true, false]);

        assert_eq!(key_package::mark_used(tx, b"a", Timestamp(50)).unwrap(), Some(0));
        assert_eq!(slots()[0].used_at, Some(Timestamp(50)));
        key_package::retire(tx, 0, Timestamp(100)).unwrap();
        key_package::put(tx, &package(0, b"c", 50)).unwrap();
        assert_eq!(slots().iter().map(|slot| slot.reference.clone()).collect::<Vec<_>>(), [b"c", b"b"]);
        // A second Welcome for the retired one must not retire its successor.
        assert_eq!(key_package::mark_used(tx, b"a", Timestamp(60)).unwrap(), None);
        assert_eq!(key_package::mark_used(tx, b"unknown", Timestamp(60)).unwrap(), None);

        assert!(key_package::due_for_deletion(tx, Timestamp(99)).unwrap().is_empty());
        assert_eq!(key_package::due_for_deletion(tx, Timestamp(100)).unwrap(), [b"a"]);
        key_package::forget(tx, b"a").unwrap();
        assert!(key_package::due_for_deletion(tx, Timestamp(1000)).unwrap().is_empty());
        // Replaced without having been retired: its private half is not forgotten.
        key_package::put(tx, &package(1, b"d", 200)).unwrap();
        assert_eq!(key_package::due_for_deletion(tx, Timestamp(200)).unwrap(), [b"b"]);
    });
}

#[test]
fn the_same_message_is_in_quarantine_once() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let room = address("x@rooms.example.org");
        let new = NewQuarantined {
            conversation: Some(chat(tx, "ben")),
            archive: Some(room.clone()),
            archive_id: Some(ArchiveId::new("1")),
            stanza: Some(StanzaId::new("s")),
            reason: "future-epoch".to_owned(),
            data: vec![1, 2, 3],
            arrived: None,
            sender: None,
            place: message::Place::Unknown,
            received_at: Timestamp(5),
        };
        let row = quarantine::put(tx, &new).unwrap();
        assert_eq!(
            quarantine::put(tx, &NewQuarantined { reason: "malformed".to_owned(), ..new.clone() }).unwrap(),
            row
        );
        let own = NewQuarantined { conversation: None, archive: None, ..new.clone() };
        quarantine::put(tx, &own).unwrap();
        // Without an archive's id nothing says that two are the same.
        let live = NewQuarantined { archive_id: None, ..new };
        for _ in 0..2 {
            quarantine::put(tx, &live).unwrap();
        }
        let found = quarantine::list(tx).unwrap();
        assert_eq!(found.len(), 4);
        assert_eq!(
            (found[0].attempts, found[0].reason.as_str(), found[0].archive.clone()),
            (2, "malformed", Some(room))
        );
        assert_eq!(found[1].archive, None);
        quarantine::remove(tx, row).unwrap();
        assert_eq!(quarantine::list(tx).unwrap().len(), 3);
    });
}

#[test]
fn nothing_can_belong_to_a_conversation_that_is_not_there() {
    let home = Home::new();
    let mut store = home.open();
    let nowhere = heliograph_model::ConversationId(99);
    let result = store.write(|tx| {
        outbox::append(tx, nowhere, None, b"x", Timestamp(1))?;
        Ok::<_, StoreError>(())
    });
    let error = result.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Internal, "{error:?}");
    let result = store.write(|tx| message::insert(tx, &incoming(nowhere, "1", "x")));
    assert!(matches!(result, Err(StoreError::Sql(_))));
}

#[test]
fn one_place_of_announcement_is_wanted_and_others_wait_to_be_taken_back() {
    let home = Home::new();
    let mut store = home.open();
    let service = address("push.example.org");
    write(&mut store, |tx| {
        push::put(tx, &service, "old", b"hush", true, false).unwrap();
        let old = push::wanted(tx).unwrap().unwrap();
        assert!(!old.told && !old.confirmed && old.failure.is_none());
        push::set_told(tx, old.id).unwrap();
        push::set_confirmed(tx, old.id).unwrap();
        push::put(tx, &service, "old", b"", false, true).unwrap();
        push::put(tx, &service, "new", b"hush", true, false).unwrap();
        let rows = push::list(tx).unwrap();
        assert_eq!(
            rows.iter().map(|row| (row.node.as_str(), row.wanted)).collect::<Vec<_>>(),
            [("old", false), ("new", true)]
        );
        assert!(rows.iter().all(|row| row.id > old.id), "a late answer can't be taken for a newer one's");
        assert!(!format!("{rows:?}").contains("example"), "nothing private in Debug");

        push::set_failure(tx, rows[1].id, ErrorCode::PushUnavailable).unwrap();
        assert_eq!(push::wanted(tx).unwrap().unwrap().failure, Some(ErrorCode::PushUnavailable));
        push::forget_answers(tx).unwrap();
        assert_eq!(push::wanted(tx).unwrap().unwrap().failure, None);
        push::remove(tx, rows[0].id).unwrap();
        assert_eq!(push::list(tx).unwrap().len(), 1);
        assert!(push::put(tx, &service, "third", b"", true, false).is_err(), "only one is wanted");
    });
}

#[test]
fn quarantine_keeps_its_bounds_and_counts_what_it_lets_go() {
    let home = Home::new();
    let mut store = home.open();
    write(&mut store, |tx| {
        let (ben, chloe) = (chat(tx, "ben"), chat(tx, "chloe"));
        let (each, all) = (Bound { messages: 3, bytes: 100 }, Bound { messages: 5, bytes: 1000 });
        let put = |conversation: Option<ConversationId>, reason: &str, bytes: usize| {
            let new = NewQuarantined {
                conversation,
                archive: None,
                archive_id: None,
                stanza: None,
                reason: reason.to_owned(),
                data: vec![0; bytes],
                arrived: None,
                sender: None,
                place: message::Place::Unknown,
                received_at: Timestamp(5),
            };
            quarantine::put(tx, &new).unwrap();
            quarantine::make_room(tx, conversation, each, all).unwrap();
        };
        for _ in 0..10 {
            put(Some(ben), "malformed", 10);
        }
        put(Some(ben), "forged", 90);
        put(Some(chloe), "too-large", 500);
        for _ in 0..4 {
            put(None, "no-such-group", 1);
        }
        let reasons: Vec<String> =
            quarantine::list(tx).unwrap().into_iter().map(|message| message.reason).collect();
        assert_eq!(reasons, ["malformed", "forged", "no-such-group", "no-such-group", "no-such-group"]);
        let summary = |id| quarantine::summary(tx, id).unwrap();
        assert_eq!(summary(ben), [("forged".to_owned(), 1), ("malformed".to_owned(), 10)]);
        assert_eq!(summary(chloe), [("too-large".to_owned(), 1)], "too large to be kept, and still counted");
    });
}
