//! What the account cost is kept without costing anything itself, on the model of a server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use std::time::Duration;

use heliograph_model::Timestamp;
use heliograph_suites::model::{TWO_AT_REST, World, group_of};
use heliograph_sync::policy::{USAGE_DAYS, USAGE_INTERVAL};
use heliograph_sync::{Command, Input, Situation, Spent};

const DAY: Duration = Duration::from_hours(24);

fn spent(bytes: u64) -> Spent {
    Spent { milliseconds: 1000, bytes_up: bytes, bytes_down: 2 * bytes, connects: 1, flights: 3, wakes: 1 }
}

fn bytes(world: &mut World, situation: Situation) -> u64 {
    let now = world.now();
    let usage = world.phone_mut(0).usage(now);
    usage.by_situation.iter().find(|(of, _)| *of == situation).map_or(0, |(_, spent)| spent.bytes_up)
}

/// The user types: something that is written in any case.
fn type_something(world: &mut World, text: &str) {
    let conversation = group_of(world.phone(0)).unwrap().id;
    world.command(0, Command::SetDraft { conversation, text: text.into() }).unwrap();
}

fn die(world: &mut World) {
    let now = world.now();
    world.phone_mut(0).die(now);
}

#[test]
fn usage_goes_to_disk_with_something_else_once_in_a_while_and_is_kept_a_week() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), 7, TWO_AT_REST);
    world.make_group();
    world.settle();
    world.phone_mut(0).spend(Situation::Background, &spent(5));
    assert_eq!(bytes(&mut world, Situation::Background), 5, "known at once");
    // Nothing is written for it alone.
    world.input(0, Input::Wake);
    die(&mut world);
    assert_eq!(bytes(&mut world, Situation::Background), 0);

    world.settle();
    world.phone_mut(0).spend(Situation::Background, &spent(7));
    type_something(&mut world, "a");
    // So soon after it waits for the next time.
    world.phone_mut(0).spend(Situation::LowPower, &spent(11));
    type_something(&mut world, "b");
    assert_eq!(bytes(&mut world, Situation::LowPower), 11);
    die(&mut world);
    assert_eq!((bytes(&mut world, Situation::Background), bytes(&mut world, Situation::LowPower)), (7, 0));

    world.phone_mut(0).spend(Situation::LowPower, &spent(13));
    let later = world.now().plus(USAGE_INTERVAL);
    world.advance_to(later);
    type_something(&mut world, "c");
    die(&mut world);
    assert_eq!(bytes(&mut world, Situation::LowPower), 13);

    let later = world.now().plus(DAY * u32::try_from(USAGE_DAYS).unwrap());
    world.advance_to(later);
    world.phone_mut(0).spend(Situation::Offline, &spent(17));
    type_something(&mut world, "d");
    die(&mut world);
    let now = world.now();
    let usage = world.phone_mut(0).usage(now);
    assert_eq!(bytes(&mut world, Situation::LowPower), 0, "of a week ago");
    assert_eq!(bytes(&mut world, Situation::Offline), 17);
    assert!(usage.since <= now && usage.since > Timestamp(now.0).minus(DAY));
}

#[test]
fn the_costliest_comes_first_and_what_cost_nothing_is_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), 7, TWO_AT_REST);
    let milliseconds = |milliseconds| Spent { milliseconds, wakes: 1, ..Spent::default() };
    for (situation, cost) in [
        (Situation::Foreground, milliseconds(999)),
        (Situation::Background, spent(5)),
        (Situation::PushWake, milliseconds(1000)),
        (Situation::LowPower, spent(11)),
    ] {
        world.phone_mut(0).spend(situation, &cost);
    }
    let now = world.now();
    let usage = world.phone_mut(0).usage(now);
    let listed: Vec<_> = usage.by_situation.iter().map(|(situation, _)| *situation).collect();
    assert_eq!(listed, [Situation::LowPower, Situation::Background, Situation::PushWake]);
}
