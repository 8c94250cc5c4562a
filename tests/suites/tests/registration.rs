//! Push registrations on the model of a server: the app's wish reaches the server, is made again where the server needs that,
//! and is taken back, whatever breaks in between. And what a push wakes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use std::time::Duration;

use heliograph_model::stanza::{Outbound, Request};
use heliograph_model::{Address, DeliveryState, Error, ErrorCode, PowerState, PushState, PushTarget};
use heliograph_store::push;
use heliograph_suites::model::{TWO_AT_REST, World, group_of, texts};
use heliograph_sync::{Command, Input, push_state};

fn world(folder: &tempfile::TempDir) -> World {
    World::new(folder.path(), 11, TWO_AT_REST)
}

fn target(node: &str, secret: &str) -> PushTarget {
    PushTarget {
        service: Address::parse("push.model.test").unwrap(),
        node: node.to_owned(),
        options: vec![("secret".to_owned(), secret.to_owned())],
    }
}

fn enable(world: &mut World, target: &PushTarget) {
    world.command(0, Command::EnablePush(target.clone())).unwrap();
}

fn state(world: &World) -> PushState {
    push_state(&world.phone(0).readers().read(push::list).unwrap()).unwrap()
}

/// What the server has for phone 0.
fn registered(world: &mut World) -> Vec<PushTarget> {
    let ana = world.phone(0).address.clone();
    world.server().registrations(&ana)
}

/// How often phone 0 has asked for push in what it has not sent yet.
fn asking(world: &World) -> usize {
    let asks = |outbound: &&Outbound| {
        matches!(
            outbound,
            Outbound::Request { request: Request::EnablePush(_) | Request::DisablePush { .. }, .. }
        )
    };
    world.phone(0).up.iter().filter(asks).count()
}

#[test]
fn a_wish_made_offline_reaches_the_server_and_is_made_again_in_each_new_session() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let wish = target("node", "hush");
    enable(&mut world, &wish);
    assert_eq!(state(&world), PushState::Pending(wish.clone()));
    // Not even the process needs to live until then.
    let now = world.now();
    world.phone_mut(0).die(now);
    world.settle();
    assert_eq!(registered(&mut world), std::slice::from_ref(&wish));
    assert_eq!(state(&world), PushState::On(wish.clone()));

    // The same wish again is no news, and neither is the same session.
    enable(&mut world, &wish);
    assert_eq!(asking(&world), 0);
    world.phone_mut(0).link_down(now);
    world.settle();
    assert_eq!(world.server().times_enabled(), 1, "a resumed session is still bound to it");
    world.lose(0);
    world.settle();
    assert_eq!(world.server().times_enabled(), 2, "a fresh session is not");
    assert_eq!(state(&world), PushState::On(wish));
}

#[test]
fn a_changed_place_replaces_the_old_one_and_what_is_taken_back_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.settle();
    enable(&mut world, &target("old", "hush"));
    world.settle();
    enable(&mut world, &target("old", "another"));
    world.settle();
    assert_eq!(registered(&mut world), [target("old", "another")], "the last options hold");
    // The token was renewed while there was no network.
    world.input(0, Input::Network(false.into()));
    enable(&mut world, &target("between", "never sent"));
    enable(&mut world, &target("new", "hush"));
    world.input(0, Input::Network(true.into()));
    world.settle();
    assert_eq!(registered(&mut world), [target("new", "hush")]);
    assert_eq!(world.phone(0).readers().read(push::list).unwrap().len(), 1, "nothing is left of the others");

    world.input(0, Input::Network(false.into()));
    world.command(0, Command::DisablePush).unwrap();
    assert_eq!(state(&world), PushState::Stopping, "the server does not know yet");
    let rows = world.phone(0).readers().read(push::list).unwrap();
    assert!(rows.iter().all(|row| row.options.is_empty()), "the secret is gone at once");
    let now = world.now();
    world.phone_mut(0).die(now);
    world.settle();
    assert_eq!((state(&world), registered(&mut world)), (PushState::Off, Vec::new()));
}

#[test]
fn a_sleeping_phone_is_called_by_the_clock_as_often_as_nobody_else_calls() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.make_group();
    let minutes = |count| Some(Duration::from_mins(count));
    let asleep = |world: &World| world.phone(0).may_sleep(world.now());
    let saving = PowerState { low_power: true, ..PowerState::default() };
    let enough = PowerState::default();

    assert_eq!(asleep(&world), minutes(30), "nobody calls");
    world.input(0, Input::Power(saving));
    assert_eq!(asleep(&world), minutes(120), "and power is short");
    world.input(0, Input::Power(enough));

    world.input(0, Input::Network(false.into()));
    enable(&mut world, &target("node", "hush"));
    assert_eq!(asleep(&world), minutes(30), "the server does not know of it yet");
    world.input(0, Input::Network(true.into()));
    world.settle();
    assert_eq!(asleep(&world), minutes(24 * 60), "the server calls");

    world.input(0, Input::Network(false.into()));
    world.say(0, "the bridge is open again").unwrap();
    assert_eq!(asleep(&world), minutes(15), "somebody waits for it");
    world.input(0, Input::Power(saving));
    assert_eq!(asleep(&world), minutes(30));
    world.input(0, Input::Network(true.into()));
    world.settle();
    assert_eq!(asleep(&world), minutes(24 * 60), "it has arrived");

    let stopped = |world: &mut World, code| {
        let now = world.now();
        world.phone_mut(0).fault(now, Error::new(code, "refused"));
        asleep(world)
    };
    assert_eq!(
        stopped(&mut world, ErrorCode::CertificateRejected),
        minutes(24 * 60),
        "another network may cure it"
    );
    assert_eq!(stopped(&mut world, ErrorCode::AuthenticationFailed), None, "only a person can");
}

#[test]
fn the_last_word_counts_however_late_the_answers_come() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.settle();
    enable(&mut world, &target("node", "one"));
    world.command(0, Command::DisablePush).unwrap();
    enable(&mut world, &target("node", "two"));
    world.command(0, Command::DisablePush).unwrap();
    world.settle();
    assert_eq!((state(&world), registered(&mut world)), (PushState::Off, Vec::new()));
    world.command(0, Command::DisablePush).unwrap();
    enable(&mut world, &target("node", "three"));
    world.settle();
    let wish = target("node", "three");
    assert_eq!((state(&world), registered(&mut world)), (PushState::On(wish.clone()), vec![wish]));
}

#[test]
fn a_server_without_push_is_told_apart_and_asked_again_when_a_session_begins() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.server().offer_push(false);
    world.settle();
    let lacking = |world: &World| world.phone(0).connection.clone().unwrap().lacking;
    assert_eq!(lacking(&world), [ErrorCode::PushUnavailable]);
    let wish = target("node", "hush");
    enable(&mut world, &wish);
    world.settle();
    assert_eq!(state(&world), PushState::Refused(wish.clone(), ErrorCode::PushUnavailable));
    assert_eq!(world.server().times_enabled(), 0, "it was not even asked");
    // A resumed session has nothing new to say.
    let now = world.now();
    world.phone_mut(0).link_down(now);
    world.settle();
    assert_eq!(state(&world), PushState::Refused(wish.clone(), ErrorCode::PushUnavailable));

    world.server().offer_push(true);
    world.lose(0);
    world.settle();
    assert_eq!((state(&world), registered(&mut world)), (PushState::On(wish.clone()), vec![wish]));
    assert_eq!(lacking(&world), []);
}

#[test]
fn what_is_no_target_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    for bad in [target("", "x"), target("n", "control \u{1}"), target(&"n".repeat(1024), "x")] {
        let refused = world.command(0, Command::EnablePush(bad));
        assert_eq!(refused.unwrap_err().code, ErrorCode::InvalidArgument);
    }
    assert_eq!(state(&world), PushState::Off);
}

#[test]
fn a_push_lets_a_link_prove_that_it_stands_before_everything_counts_as_here() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.make_group();
    let caught_up = |world: &World| world.phone(0).connection.clone().unwrap().caught_up;
    assert!(caught_up(&world));
    world.input(0, Input::PushWake { begins: true });
    assert!(!caught_up(&world), "a push means that something did not reach us");
    world.settle();
    assert!(caught_up(&world));
    // The same while there is no link: the try that was put off is made at once.
    world.lose(0);
    world.advance_to(world.now().plus(Duration::from_millis(1)));
    assert!(!world.phone(0).wants_link);
    world.input(0, Input::PushWake { begins: true });
    assert!(world.phone(0).wants_link);
    world.settle();
    assert!(caught_up(&world));
}

#[test]
fn receipts_go_out_before_the_phone_sleeps_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.make_group();
    world.input(0, Input::AppState { foreground: false });
    world.say(1, "wake up").unwrap();
    // Not settled: that would run the clock until the receipt is due by itself.
    while world.exchange_once(1) | world.exchange_once(0) {}
    let delivered = |world: &World| {
        let group = group_of(world.phone(1)).unwrap();
        texts(world.phone(1), group.id).last().unwrap().state >= DeliveryState::Delivered
    };
    assert!(!delivered(&world), "a receipt is not worth waking the radio");
    world.input(0, Input::PushWake { begins: false });
    while world.exchange_once(0) | world.exchange_once(1) {}
    assert!(delivered(&world), "but it goes along while the radio is on");
}
