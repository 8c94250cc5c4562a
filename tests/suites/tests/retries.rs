//! When a phone that lost its connection tries again, and when it does not, in virtual time. The rules are in
//! `core/sync/src/connection.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use std::time::Duration;

use heliograph_model::stanza::SessionEvent;
use heliograph_model::{Error, ErrorCode, PowerState, Timestamp};
use heliograph_suites::model::{TWO_AT_REST, World, network};
use heliograph_sync::policy::{REPLACED_MAX, REPLACED_WITHIN, SESSION_STABLE};
use heliograph_sync::{ConnectionState, Input, Situation};

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn offline_means_no_timer_at_all_and_a_wrong_password_means_no_second_try() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::at_rest(folder.path());
    world.say(1, "a receipt is due for this").unwrap();
    world.settle();
    world.input(0, Input::Network(false.into()));
    assert_eq!(world.phone(0).wake_at, None);
    assert!(!world.phone(0).wants_link);
    world.say(0, "written without a network").unwrap();
    assert_eq!(world.phone(0).wake_at, None);
    world.input(0, Input::Network(true.into()));
    assert!(world.phone(0).wants_link, "the network's return is the signal to connect");
    let refused = Error::new(ErrorCode::AuthenticationFailed, "not-authorized");
    world.input(0, Input::Session(SessionEvent::Closed { error: Some(refused) }));
    assert_eq!(world.phone(0).wake_at, None);
    let state = world.phone(0).connection.clone().unwrap();
    assert_eq!(state.state, ConnectionState::Stopped);
    assert_eq!(state.error.unwrap().code, ErrorCode::AuthenticationFailed);
}

#[test]
fn tries_get_rarer_and_a_network_change_tries_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::at_rest(folder.path());
    world.settle();
    world.lose(0);
    let mut longest = Duration::ZERO;
    for _ in 0..20 {
        let at = world.phone(0).wake_at.expect("another try");
        longest = longest.max(at.since(world.now()));
        world.advance_to(at);
        world.input(0, Input::Wake);
        assert!(world.phone(0).wants_link);
        let error = Error::new(ErrorCode::NetworkUnavailable, "no route");
        world.input(0, Input::Session(SessionEvent::Closed { error: Some(error) }));
    }
    assert!(longest > Duration::from_mins(1) && longest <= Duration::from_mins(5), "{longest:?}");
    world.input(0, Input::Network(false.into()));
    world.input(0, Input::Network(true.into()));
    assert!(world.phone(0).wants_link);
}

#[test]
fn what_a_network_may_have_caused_is_tried_again_on_another_one_and_a_wrong_password_is_not() {
    for (code, again) in [(ErrorCode::CertificateRejected, true), (ErrorCode::AuthenticationFailed, false)] {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::at_rest(folder.path());
        let refused = Error::new(code, "in the portal of a hotel");
        world.input(0, Input::Session(SessionEvent::Closed { error: Some(refused) }));
        world.input(0, Input::Network(network("home")));
        assert!(!world.phone(0).wants_link, "it is the same network");
        assert_eq!(world.phone(0).wake_at, None);
        world.input(0, Input::Network(network("cell")));
        assert_eq!(world.phone(0).wants_link, again, "{code:?}");
    }
}

/// How often a phone signs in within an hour at a server that lets it in and drops it at once.
fn sign_ins(world: &mut World) -> u32 {
    world.take_effort();
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
    world.take_effort().connects
}

#[test]
fn a_server_that_drops_us_at_once_is_left_in_peace() {
    println!("sign-ins in an hour at a server that drops us at once:");
    for (situation, at_most) in [
        (Situation::Foreground, 40),
        (Situation::Background, 16),
        (Situation::PushWake, 240),
        (Situation::LowPower, 10),
        (Situation::Offline, 0),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::at_rest(folder.path());
        world.enter(situation);
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
    let mut world = World::at_rest(folder.path());
    let soon = Duration::from_secs(1);
    sign_ins(&mut world);
    let now = world.now();
    let down = |world: &mut World, now: Timestamp| {
        world.phone_mut(0).link_down(now);
        world.next_wake()
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
    let mut world = World::at_rest(folder.path());
    let taken_over = |world: &mut World| {
        let now = world.now();
        world.phone_mut(0).link_up(now);
        world.phone_mut(0).link_ends(now, ErrorCode::SessionReplaced);
        world.phone(0).connection.as_ref().unwrap().state
    };
    for _ in 0..REPLACED_MAX {
        assert_eq!(taken_over(&mut world), ConnectionState::Waiting);
        let wait = world.next_wake();
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
    let mut world = World::at_rest(folder.path());
    world.enter(Situation::LowPower);
    sign_ins(&mut world);
    let now = world.now();
    assert!(world.next_wake() > Duration::from_mins(3));
    world.input(0, Input::Power(PowerState::default()));
    assert!(world.next_wake() <= Duration::from_mins(15), "the background's longest wait");
    world.input(0, Input::AppState { foreground: true });
    assert!(world.phone(0).wants_link);
    let error = Error::new(ErrorCode::NetworkUnavailable, "no route");
    world.phone_mut(0).wants_link = false;
    world.input(0, Input::Session(SessionEvent::Closed { error: Some(error) }));
    let wait = world.next_wake();
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
        let mut world = World::new(folder.path(), seed, TWO_AT_REST);
        world.settle();
        world.enter(Situation::Background);
        world.input(0, Input::Network(false.into()));
        world.input(0, Input::Network(network("cell")));
        let wait = world.next_wake();
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
    let mut world = World::at_rest(folder.path());
    let now = world.now();
    world.phone_mut(0).link_down(now);
    let wait = world.next_wake();
    let yesterday = Timestamp(now.0 - 24 * 3_600_000);
    world.phone_mut(0).input(yesterday, Input::Power(PowerState::default()));
    assert_eq!(world.phone(0).wake_at, Some(yesterday.plus(wait)));
}
