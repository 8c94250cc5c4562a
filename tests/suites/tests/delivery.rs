//! "Why was this not delivered?", and what can be done about it, on the model of a server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_model::stanza::{
    Inbound, InboundContent, InboundMessage, MessageKind, StanzaError, StanzaErrorCondition,
};
use heliograph_model::{Address, ConversationId, DeliveryState, ErrorCode, StanzaId};
use heliograph_store::{inbox, message, search};
use heliograph_suites::model::{TWO_AT_REST, World, group_of, texts};
use heliograph_sync::{Command, Delivery, Input, Reply, Waiting};

/// Whom no key can be had for.
const FOREIGN: &str = "old.client@model.test";

fn world(folder: &tempfile::TempDir) -> (World, ConversationId) {
    let mut world = World::new(folder.path(), 7, TWO_AT_REST);
    world.make_group();
    let id = group_of(world.phone(0)).unwrap().id;
    (world, id)
}

fn say(world: &mut World, conversation: ConversationId, text: &str) -> i64 {
    match world.command(0, Command::Send { conversation, text: text.into() }).unwrap() {
        Reply::Message(row) => row,
        other => panic!("{other:?}"),
    }
}

fn why(world: &mut World, row: i64) -> Delivery {
    match world.command(0, Command::Explain { row }).unwrap() {
        Reply::Delivery(delivery) => *delivery,
        other => panic!("{other:?}"),
    }
}

fn chat(world: &mut World, contact: &str) -> ConversationId {
    let contact = Address::parse(contact).unwrap();
    match world.command(0, Command::StartChat { contact }).unwrap() {
        Reply::Conversation(id) => id,
        other => panic!("{other:?}"),
    }
}

/// The server sends a message of ours back.
fn bounce(world: &mut World, stanza: StanzaId) {
    let error = StanzaError { condition: StanzaErrorCondition::ItemNotFound, wait: false };
    let returned = InboundMessage {
        from: Address::parse(FOREIGN).unwrap(),
        nick: None,
        to: None,
        kind: MessageKind::Chat,
        id: Some(stanza),
        origin_id: None,
        archive_id: None,
        sent_at: None,
        content: InboundContent::Error(error),
    };
    world.phone_mut(0).down.push_back(Inbound::Message(returned));
    world.settle();
}

#[test]
fn each_step_of_a_message_to_a_group_says_what_it_waits_for() {
    let folder = tempfile::tempdir().unwrap();
    let (mut world, group) = world(&folder);
    world.input(0, Input::Network(false.into()));
    let row = say(&mut world, group, "the bridge is open");
    let first = why(&mut world, row);
    assert_eq!((first.waiting_for, first.attempts), (Some(Waiting::Network), 0));
    assert_eq!(first.queued_at, world.now());
    world.input(0, Input::Network(true.into()));
    assert_eq!(why(&mut world, row).waiting_for, Some(Waiting::Connection));
    let now = world.now();
    world.phone_mut(0).resumable = false;
    world.phone_mut(0).link_up(now);
    assert_eq!(why(&mut world, row).waiting_for, Some(Waiting::Conversation), "its history is being read");
    while why(&mut world, row).message.state == DeliveryState::Queued {
        assert!(world.exchange_once(0));
    }
    let under_way = why(&mut world, row);
    assert_eq!((under_way.waiting_for, under_way.attempts), (Some(Waiting::Server), 1));
    world.settle_without(1);
    let archived = why(&mut world, row);
    assert_eq!((archived.message.state, archived.attempts), (DeliveryState::Archived, 0));
    assert_eq!(archived.waiting_for, Some(Waiting::Recipients));
    assert_eq!(archived.recipients.len(), 1);
    assert_eq!(
        (&archived.recipients[0].address, archived.recipients[0].delivered_at),
        (&world.phone(1).address, None)
    );
    world.settle();
    let there = why(&mut world, row);
    assert_eq!((there.message.state, there.waiting_for), (DeliveryState::Delivered, None));
    assert!(there.recipients[0].delivered_at.is_some());
    for row in [-1, 0, i64::MAX] {
        assert_eq!(world.command(0, Command::Explain { row }).unwrap_err().code, ErrorCode::NotFound);
    }
}

#[test]
fn a_chat_waits_for_keys_and_then_for_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let (mut world, _) = world(&folder);
    let ben = world.phone(1).address.to_string();
    let id = chat(&mut world, &ben);
    let row = say(&mut world, id, "hello");
    assert_eq!(why(&mut world, row).waiting_for, Some(Waiting::Keys));
    world.settle_without(1);
    assert_eq!(why(&mut world, row).waiting_for, Some(Waiting::Recipients));
    // A link that breaks before the answer: the same bytes again.
    let second = say(&mut world, id, "anybody?");
    world.lose(0);
    world.settle_without(1);
    world.settle();
    assert_eq!(why(&mut world, second).message.state, DeliveryState::Delivered);
}

#[test]
fn what_was_not_sent_can_be_taken_back_and_what_was_sent_can_not() {
    let folder = tempfile::tempdir().unwrap();
    let (mut world, group) = world(&folder);
    world.input(0, Input::Network(false.into()));
    say(&mut world, group, "kept");
    let row = say(&mut world, group, "regretted");
    let offered = why(&mut world, row);
    assert_eq!((offered.may_discard, offered.may_send_again), (true, false));
    let before = world.phone(0).readers().read(message::latest_revision).unwrap();
    let now = world.now();
    world.phone_mut(0).input_then_die(now, Input::Command(Command::Discard { row }));
    assert_eq!(world.shown(0), ["kept"]);
    let (told, found, newest) = world
        .phone(0)
        .readers()
        .read(|db| {
            let told = message::changed_since(db, None, before, 10)?;
            let newest = inbox::get(db, group)?.unwrap().newest.unwrap().text;
            Ok((told, search::search(db, "regretted", None, 10)?, newest))
        })
        .unwrap();
    assert_eq!((told.len(), found.len(), newest.as_str()), (1, 0, "kept"));
    assert_eq!((told[0].row, told[0].text.as_str(), told[0].state), (row, "", DeliveryState::Discarded));
    world.command(0, Command::Discard { row }).unwrap();
    let unread = world.phone(1).readers().read(inbox::list).unwrap()[0].conversation.unread;
    world.settle();
    assert_eq!(world.shown(1), ["kept"]);
    assert_eq!(world.phone(1).readers().read(inbox::list).unwrap()[0].conversation.unread, unread + 1);
    let sent = say(&mut world, group, "too late");
    for row in [sent, texts(world.phone(0), group)[0].row] {
        assert!(!why(&mut world, row).may_discard, "it may have reached somebody");
        assert_eq!(world.command(0, Command::Discard { row }).unwrap_err().code, ErrorCode::InvalidArgument);
    }
    world.settle();
    let theirs = texts(world.phone(1), group_of(world.phone(1)).unwrap().id)[0].row;
    assert_eq!(
        world.phone_mut(1).command(now, Command::Discard { row: theirs }).unwrap_err().code,
        ErrorCode::NotFound
    );
}

#[test]
fn what_came_back_can_be_sent_again_under_its_own_id() {
    let folder = tempfile::tempdir().unwrap();
    let (mut world, _) = world(&folder);
    let id = chat(&mut world, FOREIGN);
    world.settle();
    let row = say(&mut world, id, "is this your address?");
    let second = say(&mut world, id, "hello?");
    world.settle();
    assert_eq!(
        world.command(0, Command::SendAgain { row }).unwrap_err().code,
        ErrorCode::InvalidArgument,
        "it did not fail"
    );
    let before = why(&mut world, row).message;
    bounce(&mut world, before.stanza.clone().unwrap());
    let failed = why(&mut world, row);
    assert_eq!((failed.message.failure, failed.waiting_for), (Some(ErrorCode::NotFound), None));
    assert!(failed.may_send_again && failed.may_discard);
    world.command(0, Command::SendAgain { row }).unwrap();
    assert_eq!(why(&mut world, row).waiting_for, Some(Waiting::Server));
    world.settle();
    let after = why(&mut world, row).message;
    assert_eq!((after.state, after.failure, &after.id), (DeliveryState::Sent, None, &before.id));
    let order: Vec<i64> = texts(world.phone(0), id).iter().map(|message| message.row).collect();
    assert_eq!(order, [second, row], "it stands where it was sent");
    bounce(&mut world, after.stanza.unwrap());
    world.command(0, Command::Discard { row }).unwrap();
    assert_eq!(texts(world.phone(0), id).len(), 1);
}
