//! What comes out of turn: servers that hand a session over, rooms that send a text back, and the order that people see.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_model::stanza::{Outbound, Request};
use heliograph_suites::model::World;
use heliograph_sync::{Command, Input};

/// The session of the author passes from one connection to the next: what he sent first is refused once more and comes last.
#[test]
fn texts_that_a_room_archives_out_of_turn_stand_in_the_order_of_their_author() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.make_group();
    let now = world.now();
    world.phone_mut(2).link_down(now);
    for text in ["first", "second", "third"] {
        world.say(1, text).unwrap();
    }
    world.say(0, "meanwhile").unwrap();
    let sent = &mut world.phone_mut(1).up;
    assert_eq!(sent.len(), 3);
    let first = sent.pop_front().unwrap();
    sent.push_back(first);
    world.settle_without(2);
    for phone in 0..2 {
        let mut shown = world.shown(phone);
        shown.retain(|text| text != "meanwhile");
        assert_eq!(shown, ["first", "second", "third"]);
    }
    let shown = world.shown(0);
    assert_eq!(shown, world.shown(1), "one order for all");
    // Who was away finds it in the archive.
    world.settle();
    assert_eq!(shown, world.shown(2));
}

#[test]
fn what_a_room_that_lost_us_sends_back_is_not_overtaken() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    let room = world.make_group();
    let ben = world.phone(1).address.clone();
    world.say(1, "first").unwrap();
    // The room forgets Ben before this reaches it, so it comes back; he hears of the first of these before that.
    let lost = world.server().forget_occupant(&room, &ben);
    world.deliver(lost);
    while !world.phone(1).down.is_empty() {
        let news = world.phone_mut(1).take_down(1);
        world.input(1, Input::Received(news));
    }
    world.say(1, "second").unwrap();
    world.settle();
    for phone in 0..3 {
        assert_eq!(world.shown(phone), ["first", "second"]);
    }
    let archived = world.server().room_archive(&room).to_vec();
    let mut ids: Vec<_> = archived.iter().map(|message| message.id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), archived.len(), "each once");
}

#[test]
fn what_a_server_hands_over_out_of_turn_is_not_lost_if_the_link_breaks_in_between() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.settle();
    let chat = world.start_chat(0, 1);
    let say = |world: &mut World, text: &str| {
        world.command(0, Command::Send { conversation: chat, text: text.into() }).unwrap();
    };
    say(&mut world, "before");
    world.settle();
    let now = world.now();
    world.phone_mut(1).link_down(now);
    world.phone_mut(1).link_up(now);
    say(&mut world, "first");
    say(&mut world, "second");
    world.settle_without(1);
    // The later one comes; the other is still on its way inside the server when the link breaks, and goes with the session.
    assert_eq!(world.phone(1).down.len(), 2);
    world.phone_mut(1).down.pop_front();
    let news = world.phone_mut(1).take_down(1);
    world.input(1, Input::Received(news));
    world.lose(1);
    world.settle();
    assert_eq!(world.shown_of_chat(1, 0), ["before", "first", "second"], "in the order of their author");
}

#[test]
fn what_a_server_put_aside_while_it_handed_a_session_over_is_read_from_its_archive() {
    for (counts, woken) in [(true, false), (true, true), (false, false)] {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::scripted(folder.path());
        if counts {
            world.server().count_archive_ids();
        }
        world.settle();
        let chat = world.start_chat(0, 1);
        let say = |world: &mut World, text: &str| {
            world.command(0, Command::Send { conversation: chat, text: text.into() }).unwrap();
            world.settle_without(1);
        };
        let asks = |world: &World| {
            let page = |outbound: &Outbound| {
                matches!(
                    outbound,
                    Outbound::Request { request: Request::ArchivePage { archive: None, .. }, .. }
                )
            };
            world.phone(1).up.iter().any(page)
        };
        say(&mut world, "before");
        world.settle();
        say(&mut world, "put aside");
        assert_eq!(world.phone(1).down.len(), 1);
        world.phone_mut(1).down.clear();
        let now = world.now();
        world.phone_mut(1).link_down(now);
        if woken {
            world.input(1, Input::AppState { foreground: false });
            world.input(1, Input::PushWake { begins: true });
        }
        world.phone_mut(1).link_up(now);
        assert_eq!(asks(&world), woken, "at once only if it was woken for a message");
        if let Some(at) = world.phone(1).wake_at.filter(|_| !woken) {
            world.advance_to(at);
            world.phone_mut(1).wake(at);
        }
        assert_eq!(asks(&world), counts, "no other server is asked");
        assert_eq!(world.phone(1).connection.as_ref().unwrap().caught_up, !counts);
        say(&mut world, "after");
        world.settle();
        let expected: &[&str] = if counts { &["before", "put aside", "after"] } else { &["before", "after"] };
        assert_eq!(world.shown_of_chat(1, 0), expected);
    }
}

/// Nothing goes into a chat before the archive is read, so a question that stays unanswered would silence the phone.
#[test]
fn a_question_whose_answer_went_with_the_connection_before_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.server().count_archive_ids();
    world.settle();
    let chat = world.start_chat(0, 1);
    world.settle();
    let (now, ana) = (world.now(), world.phone(0).address.clone());
    world.lose(0);
    world.phone_mut(0).link_up(now);
    let asked: Vec<Outbound> = world.phone_mut(0).up.drain(..).collect();
    assert!(!asked.is_empty());
    for outbound in asked {
        world.server().handle(now, &ana, outbound);
    }
    world.phone_mut(0).link_down(now);
    world.phone_mut(0).link_up(now);
    world.command(0, Command::Send { conversation: chat, text: "anybody there?".into() }).unwrap();
    world.settle();
    assert_eq!(world.shown_of_chat(1, 0), ["anybody there?"]);
    assert!(world.phone(0).connection.as_ref().unwrap().caught_up);
}
