//! What it costs a phone to come back: what it asks, in how many flights, and what it says of what it got. On the model of a
//! server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use std::collections::BTreeSet;

use heliograph_model::stanza::{InboundContent, InboundMessage, MlsKind, Outbound, Request};
use heliograph_model::{Address, ConversationKind, DeliveryState, ErrorCode};
use heliograph_store::conversation;
use heliograph_suites::model::{TWO_AT_REST, World, group_of, texts};
use heliograph_sync::Command;

/// The longest ciphertext of the smallest padding, 256 bytes; what MLS adds is below two hundred.
const SMALLEST: usize = 456;

fn world(folder: &tempfile::TempDir) -> World {
    World::new(folder.path(), 7, TWO_AT_REST)
}

/// A phone 1 in this group, away; phone 0 has written so many texts meanwhile.
fn written_while_away(world: &mut World, count: usize) -> Address {
    let room = world.make_group();
    world.lose(1);
    for number in 0..count {
        world.say(0, &format!("text {number}")).unwrap();
    }
    world.settle_without(1);
    room
}

/// How far the texts of phone 0 have got.
fn states(world: &World) -> Vec<DeliveryState> {
    let group = group_of(world.phone(0)).unwrap();
    texts(world.phone(0), group.id).into_iter().map(|message| message.state).collect()
}

fn ciphertext(message: &InboundMessage) -> usize {
    match &message.content {
        InboundContent::Mls(envelope) if envelope.kind == MlsKind::Application => envelope.data.len(),
        _ => 0,
    }
}

#[test]
fn a_phone_that_comes_back_asks_for_everything_in_one_flight_and_nothing_that_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.settle();
    let members = vec![world.phone(1).address.clone()];
    for number in 0..10 {
        let command = Command::CreateGroup { name: format!("group {number}"), members: members.clone() };
        world.command(0, command).unwrap();
    }
    world.settle();
    world.lose(1);
    let now = world.now();
    world.phone_mut(1).link_up(now);
    // The server has answered nothing yet.
    let mut joined = BTreeSet::new();
    let mut read = BTreeSet::new();
    for outbound in &world.phone(1).up {
        match outbound {
            Outbound::JoinRoom { room, .. } => assert!(joined.insert(room.clone())),
            Outbound::Request { request: Request::ArchivePage { archive, .. }, .. } => {
                assert!(read.insert(archive.clone()));
            }
            Outbound::Available | Outbound::Request { request: Request::EnableCarbons, .. } => {}
            other => panic!("something else is asked: {other:?}"),
        }
    }
    let groups: BTreeSet<Address> = world
        .phone(1)
        .readers()
        .read(conversation::list)
        .unwrap()
        .into_iter()
        .filter(|conversation| conversation.kind == ConversationKind::Group)
        .map(|conversation| conversation.address)
        .collect();
    assert_eq!(groups.len(), 10);
    assert_eq!(joined, groups);
    assert_eq!(read, groups.into_iter().map(Some).chain([None]).collect());
}

#[test]
fn fifty_texts_in_a_row_are_acknowledged_by_one_short_message() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let room = written_while_away(&mut world, 50);
    assert!(states(&world).iter().all(|state| *state == DeliveryState::Archived));
    let before = world.server().room_archive(&room).len();
    world.settle();
    assert_eq!(states(&world), vec![DeliveryState::Delivered; 50]);
    let receipts: Vec<usize> = world.server().room_archive(&room)[before..].iter().map(ciphertext).collect();
    assert_eq!(receipts.len(), 1);
    assert!((1..=SMALLEST).contains(&receipts[0]), "{receipts:?}");
}

#[test]
fn a_text_that_was_damaged_on_its_way_is_not_shown_as_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let room = written_while_away(&mut world, 5);
    let archive = world.server().room_archive_mut(&room);
    let third = archive.len() - 3;
    let InboundContent::Mls(envelope) = &mut archive[third].content else { panic!("not encrypted") };
    let end = envelope.data.len() - 10;
    envelope.data[end] ^= 1;
    world.settle();
    let (read, unread) = (DeliveryState::Delivered, DeliveryState::Archived);
    assert_eq!(world.quarantined(1).len(), 1);
    assert_eq!(states(&world), [read, read, unread, read, read]);
}

#[test]
fn a_text_that_the_archive_lost_is_not_shown_as_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let room = written_while_away(&mut world, 5);
    let archive = world.server().room_archive_mut(&room);
    archive.remove(archive.len() - 3);
    world.settle();
    assert_eq!(world.shown(1).len(), 4);
    let states = states(&world);
    assert_eq!(states[2], DeliveryState::Archived);
    // Nobody but the author can know that there was another one; the ends are certain all the same.
    assert_eq!((states[0], states[4]), (DeliveryState::Delivered, DeliveryState::Delivered));
}

#[test]
fn a_group_whose_room_the_server_has_lost_says_so_and_takes_no_text_that_nobody_would_get() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.make_group();
    world.say(0, "before the flood").unwrap();
    world.settle();
    world.server().lose_rooms();
    (0..3).for_each(|phone| world.lose(phone));
    world.settle();
    for phone in 0..3 {
        let group = group_of(world.phone(phone)).unwrap();
        // Gone for the first who comes, whom the server takes for its maker; closed for the others.
        let said = matches!(group.failure, Some(ErrorCode::NotFound | ErrorCode::Forbidden));
        assert!(said && world.say(phone, "who is there?").is_err(), "phone {phone}");
        assert_eq!(world.shown(phone), ["before the flood"]);
    }
}
