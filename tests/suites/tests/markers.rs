//! Who has seen what, on the model of a server: markers, and the receipts with which they travel.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use std::time::Duration;

use heliograph_model::stanza::{
    Inbound, InboundContent, InboundMessage, MessageKind, Outbound, OutboundContent, OutboundMessage,
};
use heliograph_model::{Address, ConversationId, DeliveryState, StanzaId};
use heliograph_store::conversation;
use heliograph_suites::model::{Effort, Plan, World, group_of, texts};
use heliograph_sync::{Command, Input, Settings};

const PLAN: Plan = Plan { phones: 3, late: 0, turns: 0, texts: 0, cut: 0, forget: 0, kill: 0, repeat: 0 };

const FOREIGN: &str = "old.client@model.test";

fn world(folder: &tempfile::TempDir) -> World {
    let mut world = World::new(folder.path(), 7, PLAN);
    world.make_group();
    world
}

fn read_all(which: usize, world: &World) -> Command {
    let conversation = group_of(world.phone(which)).unwrap().id;
    Command::MarkRead { conversation, row: texts(world.phone(which), conversation).pop().unwrap().row }
}

fn states(world: &World) -> Vec<(DeliveryState, u32)> {
    let id = group_of(world.phone(0)).unwrap().id;
    texts(world.phone(0), id).iter().map(|message| (message.state, message.displayed_by)).collect()
}

fn effort(world: &mut World, which: usize) -> Effort {
    std::mem::take(&mut world.phone_mut(which).effort)
}

fn from_foreign(id: &str, content: InboundContent) -> Inbound {
    Inbound::Message(InboundMessage {
        from: Address::parse(FOREIGN).unwrap(),
        nick: None,
        to: None,
        kind: MessageKind::Chat,
        id: Some(StanzaId::new(id)),
        origin_id: None,
        archive_id: None,
        sent_at: None,
        content,
    })
}

fn plain(text: &str, wants: bool) -> InboundContent {
    InboundContent::Plain { text: text.into(), receipt_requested: wants, markable: wants }
}

/// Receives, lets receipts gather, and gives what goes out, without the server taking it yet.
fn answers(world: &mut World, received: Vec<Inbound>) -> Vec<OutboundMessage> {
    world.phone_mut(0).down.extend(received);
    while !world.phone(0).down.is_empty() {
        let now = world.now();
        let batch = world.phone_mut(0).take_down(10);
        world.phone_mut(0).input(now, Input::Received(batch));
    }
    going_out(world)
}

fn going_out(world: &mut World) -> Vec<OutboundMessage> {
    let later = world.now().plus(Duration::from_secs(2));
    world.advance_to(later);
    world.phone_mut(0).wake(later);
    let messages = |outbound: &Outbound| match outbound {
        Outbound::Message(message) => Some(message.clone()),
        _ => None,
    };
    world.phone(0).up.iter().filter_map(messages).collect()
}

fn receipts(sent: &[OutboundMessage]) -> Vec<(Option<&str>, Option<&str>)> {
    sent.iter()
        .map(|message| match &message.content {
            OutboundContent::Receipt { received, displayed } => {
                (received.as_ref().map(StanzaId::as_str), displayed.as_ref().map(StanzaId::as_str))
            }
            other => panic!("{other:?}"),
        })
        .collect()
}

fn chat_with_foreign(world: &World) -> ConversationId {
    let foreign = Address::parse(FOREIGN).unwrap();
    world.phone(0).readers().read(|db| conversation::by_address(db, &foreign)).unwrap().unwrap().id
}

#[test]
fn one_marker_shows_all_before_it_as_seen_and_all_members_make_it_displayed() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    for text in ["one", "two", "three"] {
        world.say(0, text).unwrap();
        world.settle();
    }
    effort(&mut world, 1);
    let read = read_all(1, &world);
    world.command(1, read.clone()).unwrap();
    world.settle();
    assert_eq!(effort(&mut world, 1).stanzas, 1, "one marker for three messages");
    assert_eq!(states(&world), [(DeliveryState::Delivered, 1); 3]);
    world.command(1, read).unwrap();
    world.settle();
    assert_eq!(effort(&mut world, 1).stanzas, 0, "that was said already");
    let read = read_all(2, &world);
    world.command(2, read).unwrap();
    world.settle();
    assert_eq!(states(&world), [(DeliveryState::Displayed, 2); 3]);
}

#[test]
fn a_marker_for_somebody_elses_message_covers_ours_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.say(0, "from ana").unwrap();
    world.settle();
    world.say(2, "from chloe").unwrap();
    world.settle();
    world.say(0, "after it").unwrap();
    world.settle();
    let id = group_of(world.phone(1)).unwrap().id;
    let row = texts(world.phone(1), id)[1].row;
    world.command(1, Command::MarkRead { conversation: id, row }).unwrap();
    world.settle();
    let displayed: Vec<u32> = states(&world).iter().map(|(_, displayed)| *displayed).collect();
    assert_eq!(displayed, [1, 0, 0], "what stands after it was not seen");
}

#[test]
fn a_marker_is_kept_over_a_crash_without_a_network_and_asks_for_no_wake_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.say(0, "read this").unwrap();
    world.settle();
    world.input(1, Input::Network(false.into()));
    let (now, read) = (world.now(), read_all(1, &world));
    world.phone_mut(1).input_then_die(now, Input::Command(read));
    world.settle();
    assert_eq!(states(&world), [(DeliveryState::Delivered, 1)]);
    // Behind: a text that comes in turns the radio on, and its receipt and a marker go in one stanza, on one wake.
    world.input(1, Input::AppState { foreground: false });
    world.settle();
    effort(&mut world, 1);
    world.say(0, "and this").unwrap();
    world.settle_without(1);
    while world.exchange_once(1) {}
    let read = read_all(1, &world);
    world.command(1, read).unwrap();
    world.pass(Duration::from_secs(5));
    let cost = effort(&mut world, 1);
    assert_eq!((cost.wakes, cost.stanzas), (1, 1), "{cost:?}");
    assert_eq!(states(&world)[1], (DeliveryState::Delivered, 1));
}

#[test]
fn nobody_learns_it_if_the_user_does_not_want_that() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.say(0, "one").unwrap();
    world.settle();
    let read = read_all(1, &world);
    world.command(1, read).unwrap();
    // Owed already, and not sent yet.
    world.command(1, Command::ChangeSettings(Settings { read_receipts: false })).unwrap();
    let now = world.now();
    world.phone_mut(1).die(now);
    world.settle();
    world.say(0, "two").unwrap();
    world.settle();
    let read = read_all(1, &world);
    world.command(1, read).unwrap();
    world.settle();
    assert_eq!(states(&world), [(DeliveryState::Delivered, 0); 2]);
    let kept = world.phone(1).readers().read(heliograph_sync::settings).unwrap().unwrap();
    assert!(!kept.read_receipts);
}

#[test]
fn plain_receipts_wait_for_company_survive_a_lost_link_and_answer_only_who_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.settle();
    let asked = vec![
        from_foreign("a", plain("one", true)),
        from_foreign("b", plain("two", true)),
        from_foreign("c", plain("three", false)),
    ];
    let sent = answers(&mut world, asked);
    assert_eq!(receipts(&sent), [(Some("a"), None), (Some("b"), None)]);
    // The link breaks, and the server forgot the session: the same stanzas again, under the same ids.
    world.lose(0);
    world.phone_mut(0).resumable = false;
    let now = world.now();
    world.phone_mut(0).link_up(now);
    while world.phone(0).up.len() < 2
        || !world.phone(0).up.iter().any(|one| matches!(one, Outbound::Message(_)))
    {
        assert!(world.exchange_once(0));
    }
    let repeated = going_out(&mut world);
    assert_eq!(receipts(&repeated), receipts(&sent));
    assert!(repeated.iter().zip(&sent).all(|(again, first)| again.id == first.id));
    world.settle();

    let id = chat_with_foreign(&world);
    let rows: Vec<i64> = texts(world.phone(0), id).iter().map(|message| message.row).collect();
    world.command(0, Command::MarkRead { conversation: id, row: rows[2] }).unwrap();
    assert_eq!(
        receipts(&going_out(&mut world)),
        [(None, Some("b"))],
        "the newest whose author wants to know"
    );
    world.settle();
    let sent = answers(&mut world, vec![from_foreign("d", plain("four", true))]);
    assert_eq!(receipts(&sent), [(Some("d"), None)]);
    world.settle();
}

#[test]
fn a_plain_contacts_marker_and_one_of_another_device_of_ours_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.settle();
    let sent = answers(&mut world, vec![from_foreign("a", plain("one", true))]);
    assert_eq!(sent.len(), 1);
    world.settle();
    let id = chat_with_foreign(&world);
    for text in ["first", "second"] {
        world.command(0, Command::Send { conversation: id, text: text.into() }).unwrap();
        world.settle();
    }
    let last = texts(world.phone(0), id).pop().unwrap();
    let displayed = InboundContent::Receipt { received: None, displayed: last.stanza };
    answers(&mut world, vec![from_foreign("e", displayed)]);
    let ours: Vec<_> = texts(world.phone(0), id).into_iter().filter(|message| message.outgoing).collect();
    assert!(ours.iter().all(|message| (message.state, message.displayed_by, message.delivered_to)
        == (DeliveryState::Displayed, 1, 1)));

    let elsewhere = InboundContent::Receipt { received: None, displayed: Some(StanzaId::new("a")) };
    let Inbound::Message(theirs) = from_foreign("f", elsewhere) else { unreachable!() };
    let to = Some(theirs.from.clone());
    let carbon = Inbound::Message(InboundMessage { from: world.phone(0).address.clone(), to, ..theirs });
    let unread = |world: &World| {
        world.phone(0).readers().read(|db| conversation::get(db, id)).unwrap().unwrap().unread
    };
    assert_eq!(unread(&world), 1);
    let sent = answers(&mut world, vec![carbon]);
    assert_eq!((unread(&world), sent.len()), (0, 0), "read there, and its author knows");
}
