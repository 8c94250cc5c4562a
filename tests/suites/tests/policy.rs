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

use heliograph_model::stanza::{ClientState, Granted, SessionEvent};
use heliograph_model::{
    Address, Error, ErrorCode, NetworkId, NetworkState, PowerState, PushTarget, Timestamp,
};
use heliograph_suites::model::{Effort, Plan, World};
use heliograph_sync::policy::{
    KEEPALIVE_LONGEST, KEEPALIVE_START, REPLACED_MAX, REPLACED_WITHIN, SESSION_STABLE,
};
use heliograph_sync::{Command, ConnectionState, Input, Situation};

const PLAN: Plan = Plan { phones: 2, late: 0, turns: 0, texts: 0, cut: 0, forget: 0, kill: 0, repeat: 0 };
const SEED: u64 = 11;
const HOUR: Duration = Duration::from_hours(1);
const SAVING: PowerState = PowerState { low_power: true, charging: false, idle: false };
const RESTING: PowerState = PowerState { low_power: false, charging: false, idle: true };
const ENOUGH: PowerState = PowerState { low_power: false, charging: false, idle: false };

/// Two phones in a group, at rest; the first one on a network with a name.
fn world(folder: &tempfile::TempDir) -> World {
    let mut world = World::new(folder.path(), SEED, PLAN);
    world.input(0, Input::Network(network("home")));
    world.make_group();
    world
}

fn network(name: &str) -> NetworkState {
    NetworkState::on(NetworkId::new(name))
}

fn enter(world: &mut World, situation: Situation) {
    world.input(0, Input::AppState { foreground: situation == Situation::Foreground });
    match situation {
        Situation::Foreground | Situation::Background => {}
        Situation::PushWake => world.input(0, Input::PushWake { begins: true }),
        Situation::LowPower => world.input(0, Input::Power(SAVING)),
        Situation::Offline => world.input(0, Input::Network(NetworkState::unavailable())),
    }
    assert_eq!(world.phone(0).connection.as_ref().unwrap().situation, situation);
}

fn effort(world: &mut World) -> Effort {
    std::mem::take(&mut world.phone_mut(0).effort)
}

fn next_wake(world: &World) -> Duration {
    world.phone(0).wake_at.expect("something to wake for").since(world.now())
}

/// The link dies without a word, which the session finds out as soon as something is asked.
fn link_found_dead(world: &mut World) {
    assert!(world.phone(0).probing);
    let now = world.now();
    world.phone_mut(0).link_down(now);
}

#[test]
fn an_idle_hour_costs_what_the_table_says() {
    println!("seed {SEED}; an idle hour, after a day in which the network was learned:");
    for (situation, wakes) in [
        (Situation::Foreground, 12),
        (Situation::Background, 2),
        (Situation::PushWake, 0),
        (Situation::LowPower, 0),
        (Situation::Offline, 0),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut world = world(&folder);
        world.input(0, Input::AppState { foreground: false });
        world.pass(HOUR * 24);
        enter(&mut world, situation);
        world.pass(Duration::from_mins(1));
        effort(&mut world);
        world.pass(HOUR);
        let cost = effort(&mut world);
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
    let mut world = world(&folder);
    enter(&mut world, Situation::Background);
    world.settle();
    effort(&mut world);
    world.say(1, "one").unwrap();
    world.say(1, "two").unwrap();
    world.pass(Duration::from_secs(5));
    let cost = effort(&mut world);
    assert_eq!((cost.wakes, cost.stanzas), (1, 1), "one receipt for both, {cost:?}");
    // Like any traffic it put the keepalive off.
    assert!(next_wake(&world) + Duration::from_secs(5) > KEEPALIVE_START);
}

#[test]
fn saving_power_a_receipt_waits_for_company() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    enter(&mut world, Situation::LowPower);
    world.settle();
    effort(&mut world);
    world.say(1, "a question").unwrap();
    world.pass(Duration::from_mins(20));
    assert_eq!(effort(&mut world), Effort::default());
    // A second message turns the radio on: the first one's receipt goes then.
    world.say(1, "are you there?").unwrap();
    world.pass(Duration::from_mins(5));
    let cost = effort(&mut world);
    assert_eq!((cost.wakes, cost.stanzas), (0, 1), "{cost:?}");
    // Somebody looks: what waits goes as it does in front.
    world.say(1, "hello?").unwrap();
    world.pass(Duration::from_secs(1));
    world.input(0, Input::AppState { foreground: true });
    effort(&mut world);
    world.pass(Duration::from_secs(3));
    assert_eq!(effort(&mut world).stanzas, 1);
}

#[test]
fn at_the_end_of_a_push_wake_nothing_is_kept_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    enter(&mut world, Situation::PushWake);
    world.settle();
    world.say(1, "wake up").unwrap();
    while world.exchange_once(1) || world.exchange_once(0) {}
    effort(&mut world);
    world.input(0, Input::PushWake { begins: false });
    assert_eq!(effort(&mut world).stanzas, 1, "the receipt");
}

#[test]
fn offline_nothing_is_armed_whatever_comes() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.say(1, "a receipt is due for this").unwrap();
    while world.exchange_once(1) || world.exchange_once(0) {}
    enter(&mut world, Situation::Offline);
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
    let mut world = world(&folder);
    assert_eq!(world.phone(0).client_state, ClientState::Active);
    enter(&mut world, Situation::Background);
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
    let mut world = world(&folder);
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
        let mut world = world(&folder);
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
    let mut world = world(&folder);
    effort(&mut world);
    world.input(0, Input::Network(NetworkState { previous_gone: true, ..network("cell") }));
    assert!(!world.phone(0).linked && world.phone(0).wants_link && !world.phone(0).probing);
    assert_eq!(world.phone(0).connection.as_ref().unwrap().state, ConnectionState::Connecting);
    // Said again, it is no news.
    world.settle();
    world.input(0, Input::Network(NetworkState { previous_gone: true, ..network("cell") }));
    assert!(world.phone(0).linked);
    assert_eq!(effort(&mut world).connects, 1);
}

#[test]
fn what_a_network_may_have_caused_is_tried_again_on_another_one_and_a_wrong_password_is_not() {
    for (code, again) in [(ErrorCode::CertificateRejected, true), (ErrorCode::AuthenticationFailed, false)] {
        let folder = tempfile::tempdir().unwrap();
        let mut world = world(&folder);
        let refused = Error::new(code, "in the portal of a hotel");
        world.input(0, Input::Session(SessionEvent::Closed { error: Some(refused) }));
        world.input(0, Input::Network(network("home")));
        assert!(!world.phone(0).wants_link, "it is the same network");
        assert_eq!(world.phone(0).wake_at, None);
        world.input(0, Input::Network(network("cell")));
        assert_eq!(world.phone(0).wants_link, again, "{code:?}");
    }
}

#[test]
fn what_a_network_stands_is_learned_kept_and_bounded_by_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    enter(&mut world, Situation::Background);
    assert!(next_wake(&world) <= KEEPALIVE_START);
    world.pass(HOUR * 12);
    let now = world.now();
    world.say(1, "hi").unwrap();
    world.settle();
    assert_eq!(next_wake(&world), KEEPALIVE_LONGEST);
    // Elsewhere nothing is known.
    world.input(0, Input::Network(network("cell")));
    world.settle();
    assert_eq!(next_wake(&world), KEEPALIVE_START);
    // A restart forgets nothing, and another network's knowledge is not mixed in.
    world.phone_mut(0).die(now);
    world.input(0, Input::AppState { foreground: false });
    world.input(0, Input::Network(network("home")));
    world.settle();
    assert_eq!(next_wake(&world), KEEPALIVE_LONGEST);
    // The server closes what is silent for ten minutes (XEP-0478).
    world.phone_mut(0).grants = Granted { idle_seconds: Some(600), ..Granted::default() };
    world.lose(0);
    world.settle();
    assert_eq!(next_wake(&world), Duration::from_secs(570));
}

#[test]
fn who_is_woken_by_the_server_asks_nothing_in_the_background() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    enter(&mut world, Situation::Background);
    world.settle();
    assert!(next_wake(&world) <= KEEPALIVE_LONGEST);
    let target = PushTarget {
        service: Address::parse("push.model.test").unwrap(),
        node: "a device".into(),
        options: Vec::new(),
    };
    world.command(0, Command::EnablePush(target)).unwrap();
    assert!(world.phone(0).wake_at.is_some(), "asked for is not confirmed");
    world.settle();
    assert_eq!(world.phone(0).wake_at, None, "no timer at all");
    effort(&mut world);
    world.pass(HOUR * 24);
    assert_eq!(effort(&mut world), Effort::default(), "a day without a message");
    // Somebody looks, and would notice a dead link sooner than any push.
    world.input(0, Input::AppState { foreground: true });
    assert!(next_wake(&world) <= Duration::from_mins(5));
    world.input(0, Input::AppState { foreground: false });
    assert_eq!(world.phone(0).wake_at, None);
    // A server that forgot the session and no longer announces wakes nobody.
    world.server().offer_push(false);
    world.phone_mut(0).grants = Granted { idle_seconds: Some(600), ..Granted::default() };
    world.lose(0);
    world.settle();
    assert!(next_wake(&world) <= KEEPALIVE_LONGEST);
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
    let mut world = world(&folder);
    enter(&mut world, Situation::Background);
    world.settle();
    let first = next_wake(&world);
    let at = world.phone(0).wake_at.unwrap();
    world.advance_to(at);
    world.phone_mut(0).wake(at);
    link_found_dead(&mut world);
    world.settle();
    let second = next_wake(&world);
    assert!(second < first, "{second:?} after {first:?}");
    // A link that dies after a short silence did not die of it.
    world.advance_to(world.now().plus(Duration::from_secs(30)));
    world.input(0, Input::AppState { foreground: true });
    link_found_dead(&mut world);
    world.input(0, Input::AppState { foreground: false });
    world.settle();
    assert_eq!(next_wake(&world), second);
}

/// How often a phone signs in within an hour at a server that lets it in and drops it at once.
fn sign_ins(world: &mut World) -> u32 {
    effort(world);
    let end = world.now().plus(HOUR);
    let now = world.now();
    world.phone_mut(0).link_down(now);
    while let Some(at) = world.phone(0).wake_at.filter(|at| *at <= end) {
        world.advance_to(at);
        world.phone_mut(0).wake(at);
        assert!(world.phone(0).wants_link, "a wake for nothing");
        world.phone_mut(0).link_up(at);
        world.phone_mut(0).link_down(at);
    }
    world.advance_to(end);
    effort(world).connects
}

#[test]
fn a_server_that_drops_us_at_once_is_left_in_peace() {
    println!("seed {SEED}; sign-ins in an hour at a server that drops us at once:");
    for (situation, at_most) in [
        (Situation::Foreground, 40),
        (Situation::Background, 16),
        (Situation::PushWake, 240),
        (Situation::LowPower, 10),
        (Situation::Offline, 0),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut world = world(&folder);
        enter(&mut world, situation);
        if situation == Situation::Offline {
            assert_eq!(world.phone(0).wake_at, None);
            continue;
        }
        world.settle();
        let count = sign_ins(&mut world);
        println!("  {situation:?}: {count}");
        assert!(count > 0 && count <= at_most, "{situation:?}: {count}");
    }
}

#[test]
fn a_session_that_was_of_use_makes_the_next_loss_a_first_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let soon = Duration::from_secs(1);
    sign_ins(&mut world);
    let now = world.now();
    let down = |world: &mut World, now: Timestamp| {
        world.phone_mut(0).link_down(now);
        next_wake(world)
    };
    world.phone_mut(0).link_up(now);
    assert!(down(&mut world, now) > soon, "of no use and short");
    world.phone_mut(0).link_up(now);
    let later = now.plus(SESSION_STABLE);
    world.advance_to(later);
    assert!(down(&mut world, later) <= soon, "long");
    sign_ins(&mut world);
    world.settle();
    world.say(0, "it got through").unwrap();
    world.settle();
    let now = world.now();
    assert!(down(&mut world, now) <= soon, "short and of use");
}

#[test]
fn a_session_that_is_taken_over_is_taken_back_twice_and_then_left_to_the_other_device() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let taken_over = |world: &mut World| {
        let now = world.now();
        world.phone_mut(0).link_up(now);
        world.phone_mut(0).link_ends(now, ErrorCode::SessionReplaced);
        world.phone(0).connection.as_ref().unwrap().state
    };
    for _ in 0..REPLACED_MAX {
        assert_eq!(taken_over(&mut world), ConnectionState::Waiting);
        let wait = next_wake(&world);
        world.advance_to(world.now().plus(wait));
        let now = world.now();
        world.phone_mut(0).wake(now);
        assert!(world.phone(0).wants_link);
    }
    assert_eq!(taken_over(&mut world), ConnectionState::Stopped);
    assert_eq!(world.phone(0).wake_at, None);
    // Later it is news again.
    world.advance_to(world.now().plus(REPLACED_WITHIN));
    world.input(0, Input::Start);
    assert!(world.phone(0).wants_link);
    assert_eq!(taken_over(&mut world), ConnectionState::Waiting);
}

#[test]
fn who_looks_waits_seconds_and_not_the_minutes_of_the_night() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    enter(&mut world, Situation::LowPower);
    sign_ins(&mut world);
    let now = world.now();
    assert!(next_wake(&world) > Duration::from_mins(3));
    world.input(0, Input::Power(ENOUGH));
    assert!(next_wake(&world) <= Duration::from_mins(15), "the background's longest wait");
    world.input(0, Input::AppState { foreground: true });
    assert!(world.phone(0).wants_link);
    let error = Error::new(ErrorCode::NetworkUnavailable, "no route");
    world.phone_mut(0).wants_link = false;
    world.input(0, Input::Session(SessionEvent::Closed { error: Some(error) }));
    let wait = next_wake(&world);
    assert!(wait <= Duration::from_secs(8), "{wait:?}");
    // Coming and going does not make it any faster than that.
    for _ in 0..5 {
        world.input(0, Input::AppState { foreground: false });
        assert_eq!(world.phone(0).wake_at, Some(now.plus(wait)));
    }
}

#[test]
fn phones_that_get_their_network_back_together_do_not_come_back_in_step() {
    let mut waits = Vec::new();
    for seed in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::new(folder.path(), seed, PLAN);
        world.settle();
        enter(&mut world, Situation::Background);
        world.input(0, Input::Network(NetworkState::unavailable()));
        world.input(0, Input::Network(network("cell")));
        let wait = next_wake(&world);
        assert!(!world.phone(0).wants_link && wait <= Duration::from_secs(10));
        waits.push(wait);
    }
    waits.sort();
    waits.dedup();
    assert!(waits.len() > 4, "{waits:?}");
}

#[test]
fn a_clock_that_is_set_back_delays_no_retry() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let now = world.now();
    world.phone_mut(0).link_down(now);
    let wait = next_wake(&world);
    let yesterday = Timestamp(now.0 - 24 * 3_600_000);
    world.phone_mut(0).input(yesterday, Input::Power(ENOUGH));
    assert_eq!(world.phone(0).wake_at, Some(yesterday.plus(wait)));
}
