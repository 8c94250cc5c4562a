//! What a person meets outside of a timeline: what was being written, on the model of a server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_model::{ConversationId, ErrorCode};
use heliograph_store::inbox::{self, Listed};
use heliograph_suites::model::{TWO_AT_REST, World, group_of, texts};
use heliograph_sync::policy::DRAFT_BYTES;
use heliograph_sync::{Command, Input};

fn listed(world: &World, id: ConversationId) -> Listed {
    world.phone(0).readers().read(|db| inbox::get(db, id)).unwrap().unwrap()
}

fn draft(id: ConversationId, text: impl Into<String>) -> Command {
    Command::SetDraft { conversation: id, text: text.into() }
}

#[test]
fn a_draft_outlives_the_process_and_goes_with_the_text_that_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), 7, TWO_AT_REST);
    world.make_group();
    let id = group_of(world.phone(0)).unwrap().id;
    let now = world.now();
    world.phone_mut(0).input_then_die(now, Input::Command(draft(id, "the bridge is")));
    assert_eq!(listed(&world, id).draft, "the bridge is");
    world.command(0, draft(id, "\u{0}odd \u{1b}, but typed")).unwrap();
    assert_eq!(listed(&world, id).draft, "\u{0}odd \u{1b}, but typed");
    // What can't be sent stays where it is.
    let too_long = Command::Send { conversation: id, text: "x".repeat(70_000) };
    world.command(0, too_long).unwrap_err();
    assert!(!listed(&world, id).draft.is_empty());
    let send = Command::Send { conversation: id, text: "the bridge is open".into() };
    world.phone_mut(0).input_then_die(now, Input::Command(send));
    let after = listed(&world, id);
    assert_eq!((after.draft.as_str(), after.newest.unwrap().text.as_str()), ("", "the bridge is open"));
}

#[test]
fn an_answer_to_a_notification_reads_what_it_answers_and_leaves_the_draft() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), 7, TWO_AT_REST);
    world.make_group();
    let id = group_of(world.phone(0)).unwrap().id;
    for text in ["are you there?", "hello?"] {
        world.say(1, text).unwrap();
        world.settle();
    }
    world.command(0, draft(id, "half a sen")).unwrap();
    let first = texts(world.phone(0), id)[0].row;
    let answer = |row, text: &str| Command::Answer { conversation: id, row, text: text.into() };
    world.command(0, answer(first, "")).unwrap_err();
    assert_eq!(listed(&world, id).conversation.unread, 2, "nothing was answered");
    world.command(0, answer(first, "I am")).unwrap();
    let after = listed(&world, id);
    assert_eq!((after.draft.as_str(), after.conversation.unread), ("half a sen", 1));
    world.settle();
    assert_eq!(world.shown(1), ["are you there?", "hello?", "I am"]);
}

#[test]
fn a_draft_has_a_bound_and_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), 7, TWO_AT_REST);
    world.make_group();
    let id = group_of(world.phone(0)).unwrap().id;
    world.command(0, draft(id, "x".repeat(DRAFT_BYTES))).unwrap();
    for (command, code) in [
        (draft(id, "x".repeat(DRAFT_BYTES + 1)), ErrorCode::TooLarge),
        (draft(ConversationId(-1), "x"), ErrorCode::NotFound),
    ] {
        assert_eq!(world.command(0, command).unwrap_err().code, code);
    }
    assert_eq!(listed(&world, id).draft.len(), DRAFT_BYTES, "what was refused changed nothing");
}

#[test]
fn a_group_is_its_makers_also_for_a_version_that_noted_it_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), 7, TWO_AT_REST);
    world.make_group();
    let owned = |world: &World| [0, 1].map(|phone| group_of(world.phone(phone)).unwrap().owned);
    assert_eq!(owned(&world), [true, false]);
    let now = world.now();
    for phone in 0..2 {
        world.phone_mut(phone).update_app(now);
    }
    assert_eq!(owned(&world), [true, false], "looked up in the groups themselves");
}
