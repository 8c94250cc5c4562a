//! Attacks on a group that we stand against, by somebody who can write into its room, or who runs the server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_model::DeliveryState;
use heliograph_model::stanza::{InboundContent, InboundMessage, MlsEnvelope, MlsKind};
use heliograph_suites::model::{World, group_of, plain_in, texts};

#[test]
fn plaintext_slipped_into_an_encrypted_group_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    let room = world.make_group();
    let deliveries = world.server().inject(&room, plain_in(&room, "meet me at the pier"));
    world.deliver(deliveries);
    world.settle();
    for which in 0..3 {
        assert!(world.shown(which).is_empty());
        assert_eq!(world.quarantined(which), ["not-encrypted"]);
    }
}

#[test]
fn a_replayed_ciphertext_is_shown_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    let room = world.make_group();
    world.say(0, "only once").unwrap();
    world.settle();
    let archived = world.server().room_archive(&room).to_vec();
    for message in archived {
        let deliveries = world.server().inject(&room, message);
        world.deliver(deliveries);
    }
    world.settle();
    for which in 0..3 {
        assert_eq!(world.shown(which), ["only once"]);
    }
}

#[test]
fn a_stanza_id_of_ours_on_other_bytes_proves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    let room = world.make_group();
    world.lose(0);
    world.say(0, "not there yet").unwrap();
    let group = group_of(world.phone(0)).unwrap();
    let text = || texts(world.phone(0), group.id).remove(0);
    assert_eq!(text().state, DeliveryState::Queued);
    // The server guesses the id and sends rubbish under it.
    let forged = InboundMessage {
        content: InboundContent::Mls(MlsEnvelope {
            kind: MlsKind::Application,
            epoch: 1,
            fork_tag: None,
            room: None,
            after: None,
            wake: true,
            data: vec![1, 2, 3],
        }),
        ..plain_in(&room, "")
    };
    let deliveries = world.server().inject(&room, forged);
    world.deliver(deliveries);
    world.settle();
    assert_eq!(world.shown(1), ["not there yet"]);
    assert!(world.quarantined(1).contains(&"malformed".to_owned()));
}

#[test]
fn damaged_messages_and_commits_are_kept_aside_and_the_group_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    let room = world.make_group();
    world.say(0, "before").unwrap();
    world.settle();
    let original = world.server().room_archive(&room).last().unwrap().clone();
    let InboundContent::Mls(envelope) = &original.content else { panic!("not encrypted") };
    for (kind, flip) in [(MlsKind::Application, 40), (MlsKind::Commit, 10), (MlsKind::Proposal, 5)] {
        let mut envelope = MlsEnvelope { kind, ..envelope.clone() };
        envelope.data[flip] ^= 1;
        let damaged = InboundMessage { content: InboundContent::Mls(envelope), ..original.clone() };
        let deliveries = world.server().inject(&room, damaged);
        world.deliver(deliveries);
    }
    world.settle();
    world.say(1, "after").unwrap();
    world.settle();
    for which in 0..3 {
        assert_eq!(world.shown(which), ["before", "after"]);
        assert_eq!(world.quarantined(which).len(), 3, "{:?}", world.quarantined(which));
    }
}
