//! The connection policy in virtual time: what an hour costs in each situation, and what makes a phone ask, wait or try.
//! The table that these tests hold the engine to is in `core/sync/src/policy/situation.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use std::time::Duration;

use heliograph_model::stanza::{ClientState, Granted};
use heliograph_model::{Address, NetworkState, PowerState, PushTarget};
use heliograph_suites::model::{Effort, World, network};
use heliograph_sync::policy::{KEEPALIVE_LONGEST, KEEPALIVE_START};
use heliograph_sync::{Command, ConnectionState, Input, Situation};

const HOUR: Duration = Duration::from_hours(1);
const SAVING: PowerState = PowerState { low_power: true, charging: false, idle: false };
const RESTING: PowerState = PowerState { low_power: false, charging: false, idle: true };
const ENOUGH: PowerState = PowerState { low_power: false, charging: false, idle: false };

/// The link dies without a word, which the session finds out as soon as something is asked.
fn link_found_dead(world: &mut World) {
    assert!(world.phone(0).probing);
    let now = world.now();
    world.phone_mut(0).link_down(now);
}

#[test]
fn an_idle_hour_costs_what_the_table_says() {
    println!("an idle hour, after a day in which the network was learned:");
    for (situation, wakes) in [
        (Situation::Foreground, 12),
        (Situation::Background, 2),
        (Situation::PushWake, 0),
        (Situation::LowPower, 0),
        (Situation::Offline, 0),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::at_rest(folder.path());
        world.input(0, Input::AppState { foreground: false });
        world.pass(HOUR * 24);
        world.enter(situation);
        world.pass(Duration::from_mins(1));
        world.take_effort();
        world.pass(HOUR);
        let cost = world.take_effort();
        println!("  {situation:?}: {cost:?}");
        // An hour may begin and end with the same question.
        assert!((wakes..=wakes + u32::from(wakes > 0)).contains(&cost.wakes), "{situation:?}: {cost:?}");
        assert_eq!(cost.nonzas, cost.wakes, "{situation:?}: one question for each wake");
        assert_eq!((cost.stanzas, cost.connects), (0, 0), "{situation:?}");
        let connection = world.phone(0).connection.clone().unwrap();
        assert_eq!(connection.idle, situation != Situation::Offline);
        if wakes == 0 {
            assert_eq!(world.phone(0).wake_at, None, "{situation:?}: no timer at all");
        }
    }
}

#[test]
fn a_message_in_the_background_costs_one_wake_inside_the_radio_s_tail() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::at_rest(folder.path());
    world.enter(Situation::Background);
    world.settle();
    world.take_effort();
    world.say(1, "one").unwrap();
    world.say(1, "two").unwrap();
    world.pass(Duration::from_secs(5));
    let cost = world.take_effort();
    assert_eq!((cost.wakes, cost.stanzas), (1, 1), "one receipt for both, {cost:?}");
    // Like any traffic it put the keepalive off.
    assert!(world.next_wake() + Duration::from_secs(5) > KEEPALIVE_START);
}

#[test]
fn saving_power_a_receipt_waits_for_company() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::at_rest(folder.path());
    world.enter(Situation::LowPower);
    world.settle();
    world.take_effort();
    world.say(1, "a question").unwrap();
    world.pass(Duration::from_mins(20));
    assert_eq!(world.take_effort(), Effort::default());
    // A second message turns the radio on: the first one's receipt goes then.
    world.say(1, "are you there?").unwrap();
    world.pass(Duration::from_mins(5));
    let cost = world.take_effort();
    assert_eq!((cost.wakes, cost.stanzas), (0, 1), "{cost:?}");
    // Somebody looks: what waits goes as it does in front.
    world.say(1, "hello?").unwrap();
    world.pass(Duration::from_secs(1));
    world.input(0, Input::AppState { foreground: true });
    world.take_effort();
    world.pass(Duration::from_secs(3));
    assert_eq!(world.take_effort().stanzas, 1);
}

#[test]
fn at_the_end_of_a_push_wake_nothing_is_kept_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::at_rest(folder.path());
    world.enter(Situation::PushWake);
    world.settle();
    world.say(1, "wake up").unwrap();
    while world.exchange_once(1) || world.exchange_once(0) {}
    world.take_effort();
    world.input(0, Input::PushWake { begins: false });
    assert_eq!(world.take_effort().stanzas, 1, "the receipt");
}

#[test]
fn offline_nothing_is_armed_whatever_comes() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::at_rest(folder.path());
    world.say(1, "a receipt is due for this").unwrap();
    while world.exchange_once(1) || world.exchange_once(0) {}
    world.enter(Situation::Offline);
    for input in [
        Input::AppState { foreground: true },
        Input::PushWake { begins: true },
        Input::Power(RESTING),
        Input::Power(ENOUGH),
        Input::Start,
        Input::Network(NetworkState::unavailable()),
        Input::Wake,
    ] {
        world.input(0, input.clone());
        assert_eq!(world.phone(0).wake_at, None, "{input:?}");
        assert!(!world.phone(0).wants_link, "{input:?}");
    }
}

#[test]
fn the_server_is_told_that_nobody_looks_once_we_are_caught_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::at_rest(folder.path());
    assert_eq!(world.phone(0).client_state, ClientState::Active);
    world.enter(Situation::Background);
    assert_eq!(world.phone(0).client_state, ClientState::Inactive);
    // A session that was resumed begins active as well (XEP-0352 §5.2); nothing is to be caught up.
    let now = world.now();
    world.phone_mut(0).link_down(now);
    world.phone_mut(0).link_up(now);
    assert_eq!(world.phone(0).client_state, ClientState::Inactive);
    // A fresh one reads the archives first: what a server holds back from the inactive is what that waits for.
    world.lose(0);
    world.phone_mut(0).link_up(now);
    assert_eq!(world.phone(0).client_state, ClientState::Active);
    world.settle();
    assert_eq!(world.phone(0).client_state, ClientState::Inactive);
    // From one quiet situation to another there is nothing to tell; the model of the phone checks that.
    world.input(0, Input::Power(SAVING));
    world.input(0, Input::AppState { foreground: true });
    assert_eq!(world.phone(0).client_state, ClientState::Active);
}

#[test]
fn what_changes_while_signing_in_holds_from_the_first_moment() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::at_rest(folder.path());
    let now = world.now();
    world.phone_mut(0).link_down(now);
    world.input(0, Input::AppState { foreground: false });
    world.phone_mut(0).link_up(now);
    assert_eq!(world.phone(0).client_state, ClientState::Inactive);
}

#[test]
fn a_link_is_asked_when_there_is_a_reason() {
    let minutes = |count| Duration::from_mins(count);
    let reasons: [(&str, Duration, Input, bool); 9] = [
        ("the app comes to the front", minutes(1), Input::AppState { foreground: true }, true),
        ("the same, just heard", Duration::from_secs(5), Input::AppState { foreground: true }, false),
        ("the app goes behind", minutes(1), Input::AppState { foreground: false }, false),
        ("another network, the old one may live", minutes(1), Input::Network(network("cell")), true),
        ("the same network again", minutes(1), Input::Network(network("home")), false),
        ("a push, though we are online", minutes(1), Input::PushWake { begins: true }, true),
        ("rest ends after a while", minutes(4), Input::Power(ENOUGH), true),
        ("rest ends after a moment", minutes(1), Input::Power(ENOUGH), false),
        ("rest begins", minutes(4), Input::Power(RESTING), false),
    ];
    for (reason, silence, input, asked) in reasons {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::at_rest(folder.path());
        world.input(0, Input::AppState { foreground: false });
        if reason.starts_with("rest ends") {
            world.input(0, Input::Power(RESTING));
        }
        world.settle();
        world.advance_to(world.now().plus(silence));
        world.input(0, input);
        assert_eq!(world.phone(0).probing, asked, "{reason}");
        // The app is told that what it sees may not be true any more.
        assert_eq!(world.phone(0).connection.as_ref().unwrap().unanswered, asked, "{reason}");
        assert!(!world.phone(0).wants_link, "{reason}");
    }
}

#[test]
fn a_network_that_is_gone_is_left_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::at_rest(folder.path());
    world.take_effort();
    world.input(0, Input::Network(NetworkState { previous_gone: true, ..network("cell") }));
    assert!(!world.phone(0).linked && world.phone(0).wants_link && !world.phone(0).probing);
    assert_eq!(world.phone(0).connection.as_ref().unwrap().state, ConnectionState::Connecting);
    // Said again, it is no news.
    world.settle();
    world.input(0, Input::Network(NetworkState { previous_gone: true, ..network("cell") }));
    assert!(world.phone(0).linked);
    assert_eq!(world.take_effort().connects, 1);
}

#[test]
fn what_a_network_stands_is_learned_kept_and_bounded_by_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::at_rest(folder.path());
    world.enter(Situation::Background);
    assert!(world.next_wake() <= KEEPALIVE_START);
    world.pass(HOUR * 12);
    let now = world.now();
    world.say(1, "hi").unwrap();
    world.settle();
    assert_eq!(world.next_wake(), KEEPALIVE_LONGEST);
    // Elsewhere nothing is known.
    world.input(0, Input::Network(network("cell")));
    world.settle();
    assert_eq!(world.next_wake(), KEEPALIVE_START);
    // A restart forgets nothing, and another network's knowledge is not mixed in.
    world.phone_mut(0).die(now);
    world.input(0, Input::AppState { foreground: false });
    world.input(0, Input::Network(network("home")));
    world.settle();
    assert_eq!(world.next_wake(), KEEPALIVE_LONGEST);
    // The server closes what is silent for ten minutes (XEP-0478).
    world.phone_mut(0).grants = Granted { idle_seconds: Some(600), ..Granted::default() };
    world.lose(0);
    world.settle();
    assert_eq!(world.next_wake(), Duration::from_secs(570));
}

#[test]
fn who_is_woken_by_the_server_asks_nothing_in_the_background() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::at_rest(folder.path());
    world.enter(Situation::Background);
    world.settle();
    assert!(world.next_wake() <= KEEPALIVE_LONGEST);
    let target = PushTarget {
        service: Address::parse("push.model.test").unwrap(),
        node: "a device".into(),
        options: Vec::new(),
    };
    world.command(0, Command::EnablePush(target)).unwrap();
    assert!(world.phone(0).wake_at.is_some(), "asked for is not confirmed");
    world.settle();
    assert_eq!(world.phone(0).wake_at, None, "no timer at all");
    world.take_effort();
    world.pass(HOUR * 24);
    assert_eq!(world.take_effort(), Effort::default(), "a day without a message");
    // Somebody looks, and would notice a dead link sooner than any push.
    world.input(0, Input::AppState { foreground: true });
    assert!(world.next_wake() <= Duration::from_mins(5));
    world.input(0, Input::AppState { foreground: false });
    assert_eq!(world.phone(0).wake_at, None);
    // A server that forgot the session and no longer announces wakes nobody.
    world.server().offer_push(false);
    world.phone_mut(0).grants = Granted { idle_seconds: Some(600), ..Granted::default() };
    world.lose(0);
    world.settle();
    assert!(world.next_wake() <= KEEPALIVE_LONGEST);
    // A resumed session is the one in which it was confirmed, also for the process after this one.
    world.server().offer_push(true);
    world.lose(0);
    world.settle();
    assert_eq!(world.phone(0).wake_at, None);
    let now = world.now();
    world.phone_mut(0).die(now);
    world.input(0, Input::AppState { foreground: false });
    world.settle();
    assert_eq!(world.phone(0).wake_at, None);
    world.command(0, Command::DisablePush).unwrap();
    assert!(world.phone(0).wake_at.is_some(), "nobody is to wake us any more");
}

#[test]
fn a_link_that_died_in_silence_makes_the_next_silence_shorter() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::at_rest(folder.path());
    world.enter(Situation::Background);
    world.settle();
    let first = world.next_wake();
    let at = world.phone(0).wake_at.unwrap();
    world.advance_to(at);
    world.phone_mut(0).wake(at);
    link_found_dead(&mut world);
    world.settle();
    let second = world.next_wake();
    assert!(second < first, "{second:?} after {first:?}");
    // A link that dies after a short silence did not die of it.
    world.advance_to(world.now().plus(Duration::from_secs(30)));
    world.input(0, Input::AppState { foreground: true });
    link_found_dead(&mut world);
    world.input(0, Input::AppState { foreground: false });
    world.settle();
    assert_eq!(world.next_wake(), second);
}
