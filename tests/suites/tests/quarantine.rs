//! Messages that can't be read: kept within bounds whoever sends them, tried again when something can cure them, counted for
//! the user.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_model::stanza::{
    Inbound, InboundContent, InboundMessage, MessageKind, MlsEnvelope, MlsKind, Outbound, OutboundContent,
    OutboundMessage,
};
use heliograph_model::{Address, ConversationId, StanzaId};
use heliograph_store::conversation::{self, ConversationState};
use heliograph_store::quarantine;
use heliograph_suites::model::{Plan, World, group_of, texts};
use heliograph_sync::{Command, Input, Reply, policy};

const PLAN: Plan = Plan { phones: 3, late: 1, turns: 0, texts: 0, cut: 0, forget: 0, kill: 0, repeat: 0 };

/// Messages of a flood: many times what is kept.
const FLOOD: usize = 3000;

const ANA: usize = 0;
const BEN: usize = 1;

fn world(folder: &tempfile::TempDir) -> World {
    World::new(folder.path(), 23, PLAN)
}

fn envelope(kind: MlsKind, epoch: u64, data: Vec<u8>) -> MlsEnvelope {
    MlsEnvelope { kind, epoch, fork_tag: Some([0; 6]), room: None, after: None, wake: true, data }
}

/// Something that somebody who got into the room writes there.
fn in_room(room: &Address, number: usize, envelope: MlsEnvelope) -> InboundMessage {
    InboundMessage {
        from: room.clone(),
        nick: Some("mallory".into()),
        to: None,
        kind: MessageKind::Groupchat,
        id: Some(StanzaId::new(format!("garbage {number}"))),
        origin_id: None,
        archive_id: None,
        sent_at: None,
        content: InboundContent::Mls(envelope),
    }
}

/// A PrivateMessage (RFC 9420 §6) of this group and epoch, with rubbish inside.
fn private_message(group: [u8; 16], epoch: u64) -> Vec<u8> {
    let mut bytes = vec![0, 1, 0, 2, 16];
    bytes.extend(group);
    bytes.extend(epoch.to_be_bytes());
    bytes.push(1);
    bytes.extend([2, 1, b'a']); // authenticated data: version 1, an application message
    bytes.extend([32; 33]); // encrypted sender data
    bytes.extend([32; 33]); // ciphertext
    bytes
}

fn kept(world: &World, which: usize) -> u64 {
    world.quarantined(which).len() as u64
}

fn summary(world: &World, which: usize, id: ConversationId) -> Vec<(String, u64)> {
    world.phone(which).readers().read(|db| quarantine::summary(db, id)).unwrap()
}

#[test]
fn a_flood_of_garbage_in_a_group_is_bounded_counted_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let room = world.make_group();
    world.say(BEN, "before the flood").unwrap();
    world.settle();
    let bytes = |world: &World| std::fs::metadata(world.phone(ANA).folder().join("ana.db")).unwrap().len();
    let before = bytes(&world);
    for number in 0..FLOOD {
        let mut data = vec![7; 16 * 1024];
        data[..8].copy_from_slice(&number.to_be_bytes());
        let garbage = in_room(&room, number, envelope(MlsKind::Application, 1, data));
        let now = world.now();
        // Straight to Ana: what matters is her store, and the others' take the test's time only.
        let mut garbage = garbage;
        garbage.archive_id = Some(heliograph_model::ArchiveId::new(format!("flood {number}")));
        world.phone_mut(ANA).input(now, Input::Received(vec![Inbound::Message(garbage)].into()));
    }
    let id = group_of(world.phone(ANA)).unwrap().id;
    assert_eq!(summary(&world, ANA, id), [("malformed".to_owned(), FLOOD as u64)], "all are counted");
    let bound = policy::QUARANTINE_CONVERSATION;
    assert!(kept(&world, ANA) <= bound.messages);
    world.phone_mut(ANA).die(heliograph_model::Timestamp(1_800_000_100_000));
    let grown = bytes(&world) - before;
    assert!(grown < 3 * bound.bytes, "{grown} bytes more for {FLOOD} messages of 16 KiB");
    world.lose(ANA);
    world.say(BEN, "after the flood").unwrap();
    world.settle();
    assert_eq!(world.shown(ANA), ["before the flood", "after the flood"]);
}

#[test]
fn a_flood_from_strangers_is_bounded_too_and_does_not_push_out_what_belongs_to_a_chat() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let room = world.make_group();
    let mine = in_room(&room, 0, envelope(MlsKind::Application, 1, vec![1, 2, 3]));
    let deliveries = world.server().inject(&room, mine);
    world.deliver(deliveries);
    world.settle();
    let now = world.now();
    for number in 0..2000 {
        let from = Address::parse(&format!("stranger{}@evil.test", number % 50)).unwrap();
        let message = InboundMessage {
            nick: None,
            kind: MessageKind::Chat,
            archive_id: Some(heliograph_model::ArchiveId::new(format!("flood {number}"))),
            ..in_room(&from, number, envelope(MlsKind::Application, 1, vec![9; 100]))
        };
        world.phone_mut(ANA).input(now, Input::Received(vec![Inbound::Message(message)].into()));
    }
    assert!(kept(&world, ANA) <= policy::QUARANTINE_CONVERSATION.messages + 1);
    assert!(
        world.quarantined(ANA).contains(&"malformed".to_owned()),
        "what belongs to the group is still there"
    );
}

#[test]
fn nobody_can_stop_a_group_by_inventing_a_future() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let room = world.make_group();
    let group = group_of(world.phone(ANA)).unwrap();
    let bytes = private_message(group.group.unwrap().0, 900);
    for (number, kind) in [MlsKind::Application, MlsKind::Commit].into_iter().enumerate() {
        let invented = in_room(&room, number, envelope(kind, 900, bytes.clone()));
        let deliveries = world.server().inject(&room, invented);
        world.deliver(deliveries);
    }
    world.settle();
    for which in 0..3 {
        assert!(world.quarantined(which).contains(&"future-epoch".to_owned()));
        assert_eq!(group_of(world.phone(which)).unwrap().state, ConversationState::Active);
    }
    world.say(BEN, "we go on").unwrap();
    world.settle();
    // A real commit still counts, and ends the doubt.
    let dan = world.phone(3).address.clone();
    world.command(ANA, Command::Invite { conversation: group.id, members: vec![dan] }).unwrap();
    world.settle();
    world.say(3, "so do I").unwrap();
    world.settle();
    for which in 0..3 {
        assert_eq!(world.shown(which), ["we go on", "so do I"]);
        assert_eq!(group_of(world.phone(which)).unwrap().failure, None);
    }
}

/// Ben starts an encrypted chat with Ana, and says something; gives the Welcome and the messages, as her server has them.
fn chat_begins(world: &mut World, said: &[&str]) -> (Vec<Inbound>, Vec<Inbound>) {
    world.settle();
    let ana = world.phone(ANA).address.clone();
    world.lose(ANA);
    let Reply::Conversation(id) = world.command(BEN, Command::StartChat { contact: ana.clone() }).unwrap()
    else {
        panic!("no chat")
    };
    world.settle_without(ANA);
    for text in said {
        world.command(BEN, Command::Send { conversation: id, text: (*text).to_owned() }).unwrap();
        world.settle_without(ANA);
    }
    let archive = world.server().account_archive(&ana).to_vec();
    let is_welcome = |message: &InboundMessage| matches!(&message.content, InboundContent::Mls(envelope) if envelope.kind == MlsKind::Welcome);
    let (welcomes, messages): (Vec<_>, Vec<_>) = archive.into_iter().partition(is_welcome);
    let inbound = |messages: Vec<InboundMessage>| messages.into_iter().map(Inbound::Message).collect();
    (inbound(welcomes), inbound(messages))
}

/// Ana gets these as her archive's page would bring them, without any connection.
fn receive(world: &mut World, which: usize, inbound: &[Inbound]) {
    let now = world.now();
    for one in inbound {
        let Inbound::Message(message) = one else { continue };
        // As on a server without archive, where nothing but the order of arrival counts.
        let message = InboundMessage { archive_id: None, ..message.clone() };
        world.phone_mut(which).input(now, Input::Received(vec![Inbound::Message(message)].into()));
    }
}

fn with_ben(world: &World) -> Option<ConversationId> {
    let ben = world.phone(BEN).address.clone();
    let found = world.phone(ANA).readers().read(|db| conversation::by_address(db, &ben)).unwrap();
    found.map(|conversation| conversation.id)
}

fn shown_of_ben(world: &World) -> Vec<String> {
    with_ben(world).map_or_else(Vec::new, |id| {
        texts(world.phone(ANA), id).into_iter().map(|message| message.text).collect()
    })
}

#[test]
fn messages_that_overtook_their_welcome_are_read_when_it_comes_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let (welcome, messages) = chat_begins(&mut world, &["one", "two", "three"]);
    receive(&mut world, ANA, &messages);
    assert_eq!(world.quarantined(ANA), ["no-such-group"; 3]);
    assert_eq!(shown_of_ben(&world), [] as [&str; 0]);
    // Something that can be read comes after them.
    let ben = world.phone(BEN).address.clone();
    let plain = InboundMessage {
        nick: None,
        kind: MessageKind::Chat,
        content: InboundContent::Plain { text: "four".into(), receipt_requested: false, markable: false },
        ..in_room(&ben, 4, envelope(MlsKind::Application, 1, Vec::new()))
    };
    receive(&mut world, ANA, &[Inbound::Message(plain)]);
    assert_eq!(shown_of_ben(&world), ["four"]);
    receive(&mut world, ANA, &welcome);
    assert_eq!(shown_of_ben(&world), ["one", "two", "three", "four"], "each stands where it came");
    assert_eq!(kept(&world, ANA), 0);
    // Again, from the archive.
    receive(&mut world, ANA, &messages);
    world.settle();
    assert_eq!(shown_of_ben(&world), ["one", "two", "three", "four"]);
    assert_eq!(summary(&world, ANA, with_ben(&world).unwrap()), []);
}

#[test]
fn a_phone_killed_while_messages_are_cured_shows_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let (welcome, messages) = chat_begins(&mut world, &["one", "two"]);
    receive(&mut world, ANA, &messages);
    let now = world.now();
    world.phone_mut(ANA).input_then_die(now, Input::Received(welcome.clone().into()));
    world.lose(ANA);
    receive(&mut world, ANA, &welcome);
    world.settle();
    assert_eq!(shown_of_ben(&world), ["one", "two"]);
    assert_eq!(kept(&world, ANA), 0);
}

#[test]
fn what_nothing_cures_is_tried_a_bounded_number_of_times() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let (welcome, _) = chat_begins(&mut world, &["hello"]);
    // Somebody writes in Ben's name, into a group that does not exist.
    let ben = world.phone(BEN).address.clone();
    let forged = InboundMessage {
        nick: None,
        kind: MessageKind::Chat,
        ..in_room(&ben, 0, envelope(MlsKind::Application, 1, private_message([9; 16], 1)))
    };
    receive(&mut world, ANA, &[Inbound::Message(forged)]);
    let tries = |world: &World| {
        let all = world.phone(ANA).readers().read(quarantine::list).unwrap();
        all.iter().map(|one| one.attempts).collect::<Vec<_>>()
    };
    assert_eq!(tries(&world), [1]);
    receive(&mut world, ANA, &welcome);
    assert_eq!(tries(&world), [2]);
    // Nothing changes, so nothing is tried.
    world.settle();
    assert_eq!(tries(&world), [2]);
    // Another version of the app knows more, perhaps: once.
    let now = world.now();
    world.phone_mut(ANA).update_app(now);
    assert_eq!(tries(&world), [3]);
    world.phone_mut(ANA).die(now);
    assert_eq!(tries(&world), [3]);
}

#[test]
fn encrypted_messages_from_before_our_keys_are_counted_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let zoe = Address::parse("zoe@elsewhere.test").unwrap();
    let ana = world.phone(ANA).address.clone();
    let now = world.now();
    for number in 0..120_u32 {
        let content = if number < 60 {
            OutboundContent::Mls(envelope(MlsKind::Application, 1, number.to_be_bytes().to_vec()))
        } else {
            OutboundContent::Plain { text: format!("text {number}") }
        };
        let id = StanzaId::new(format!("id {number}"));
        let message = OutboundMessage { id, to: ana.clone(), kind: MessageKind::Chat, content };
        world.server().handle(now, &zoe, Outbound::Message(message));
    }
    world.settle();
    let chat = world.phone(ANA).readers().read(|db| conversation::by_address(db, &zoe)).unwrap().unwrap().id;
    world.command(ANA, Command::LoadOlder { conversation: chat, wanted: 1000 }).unwrap();
    world.settle();
    assert_eq!(texts(world.phone(ANA), chat).len(), 60);
    assert_eq!(kept(&world, ANA), 0);
    assert_eq!(summary(&world, ANA, chat).iter().map(|(_, messages)| messages).sum::<u64>(), 60);
}
