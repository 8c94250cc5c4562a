//! Older messages: what a seam in the history is, how it is filled when somebody scrolls there, and what can't be filled.
//!
//! On the model of a server, whose archive gives at most 50 messages at once, as Prosody's does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_model::stanza::{MessageKind, Outbound, OutboundContent, OutboundMessage};
use heliograph_model::{Address, ConversationId, Error, ErrorCode, StanzaId};
use heliograph_store::{archive, conversation, message};
use heliograph_suites::model::{Plan, World, group_of, texts};
use heliograph_sync::{Command, Input, Loaded, Reply};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

const PLAN: Plan = Plan { phones: 3, late: 1, turns: 0, texts: 0, cut: 0, forget: 0, kill: 0, repeat: 0 };

/// Ana.
const ANA: usize = 0;

fn world(folder: &tempfile::TempDir) -> World {
    World::new(folder.path(), 11, PLAN)
}

fn contact(name: &str) -> Address {
    Address::parse(&format!("{name}@elsewhere.test")).unwrap()
}

/// Somebody with an ordinary client writes to Ana.
fn write(world: &mut World, from: &Address, text: &str) {
    let message = OutboundMessage {
        id: StanzaId::new(format!("id of {text}")),
        to: world.phone(ANA).address.clone(),
        kind: MessageKind::Chat,
        content: OutboundContent::Plain { text: text.to_owned() },
    };
    let now = world.now();
    let deliveries = world.server().handle(now, from, Outbound::Message(message));
    world.deliver(deliveries);
}

/// The history of an account that was used with another client before: so many messages of one contact.
fn history(world: &mut World, from: &Address, count: usize) -> Vec<String> {
    let texts: Vec<String> = (0..count).map(|number| format!("{from} {number}")).collect();
    for text in &texts {
        write(world, from, text);
    }
    texts
}

fn chat_with(world: &World, contact: &Address) -> ConversationId {
    let found = world.phone(ANA).readers().read(|db| conversation::by_address(db, contact)).unwrap();
    found.expect("the conversation").id
}

fn shown(world: &World, id: ConversationId) -> Vec<String> {
    texts(world.phone(ANA), id).into_iter().map(|message| message.text).collect()
}

/// The gaps of our own archive, as seams: whether each can be filled.
fn seams(world: &World) -> Vec<bool> {
    let gaps = world.phone(ANA).readers().read(|db| archive::gaps(db, None)).unwrap();
    gaps.into_iter().map(|gap| gap.before.is_some()).collect()
}

fn begin(world: &mut World, conversation: ConversationId, wanted: usize) -> Result<Reply, Error> {
    world.command(ANA, Command::LoadOlder { conversation, wanted })
}

/// Loads to the end, and gives how many messages came and whether there are more.
fn load(world: &mut World, conversation: ConversationId, wanted: usize) -> Result<(usize, bool), Error> {
    let loaded = match begin(world, conversation, wanted)? {
        Reply::Loaded(loaded) => loaded,
        Reply::Loading(id) => {
            world.settle();
            let ended = world.phone_mut(ANA).loaded.pop().expect("the load has ended");
            assert_eq!(ended.0, id);
            ended.1?
        }
        other => panic!("{other:?}"),
    };
    let Loaded { after_row, below, more } = loaded;
    let came = world
        .phone(ANA)
        .readers()
        .read(|db| message::stored_since(db, conversation, after_row, below, usize::MAX))
        .unwrap();
    Ok((came.len(), more))
}

#[test]
fn a_seam_is_filled_from_its_newer_end_until_nothing_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let zoe = contact("zoe");
    let all = history(&mut world, &zoe, 180);
    world.settle();
    let chat = chat_with(&world, &zoe);
    assert_eq!(shown(&world, chat), all[130..], "a new device begins with the newest page");
    assert_eq!(seams(&world), [true]);

    // Twenty are wanted, twenty come.
    assert_eq!(load(&mut world, chat, 20).unwrap(), (20, true));
    assert_eq!(shown(&world, chat), all[110..]);
    // More than a page: several are asked for, and the last one is not cut to measure.
    assert_eq!(load(&mut world, chat, 60).unwrap(), (70, true));
    assert_eq!(shown(&world, chat), all[40..]);
    // Whatever comes in between stands at the end.
    write(&mut world, &zoe, "meanwhile");
    assert_eq!(load(&mut world, chat, 1000).unwrap(), (40, false));
    assert_eq!(shown(&world, chat), [&all[..], &["meanwhile".to_owned()]].concat());
    assert_eq!(seams(&world), [] as [bool; 0], "nothing is missing any more");
    assert_eq!(load(&mut world, chat, 20).unwrap(), (0, false));
}

#[test]
fn what_was_read_stays_read_and_nobody_is_told_that_old_messages_arrived() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let zoe = contact("zoe");
    history(&mut world, &zoe, 120);
    world.settle();
    let chat = chat_with(&world, &zoe);
    let newest = texts(world.phone(ANA), chat).pop().unwrap();
    world.command(ANA, Command::MarkRead { conversation: chat, row: newest.row }).unwrap();
    let ana = world.phone(ANA).address.clone();
    let archived = world.server().account_archive(&ana).len();
    load(&mut world, chat, 1000).unwrap();
    let unread = world.phone(ANA).readers().read(|db| conversation::get(db, chat)).unwrap().unwrap().unread;
    assert_eq!(unread, 0);
    assert_eq!(world.server().account_archive(&ana).len(), archived, "receipts were sent for history");
}

#[test]
fn a_page_of_our_archive_fills_every_chat_that_it_has_messages_of() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let (zoe, yves) = (contact("zoe"), contact("yves"));
    let of_zoe = history(&mut world, &zoe, 30);
    let of_yves = history(&mut world, &yves, 100);
    write(&mut world, &zoe, "the newest of zoe");
    world.settle();
    let (with_zoe, with_yves) = (chat_with(&world, &zoe), chat_with(&world, &yves));
    assert_eq!(shown(&world, with_zoe), ["the newest of zoe"]);
    // Those of Zoe lie behind those of Yves: they are read on the way.
    let (came, _) = load(&mut world, with_zoe, 10).unwrap();
    assert!(came >= 10, "{came}");
    assert_eq!(shown(&world, with_yves), of_yves);
    load(&mut world, with_zoe, 100).unwrap();
    assert_eq!(shown(&world, with_zoe), [&of_zoe[..], &["the newest of zoe".to_owned()]].concat());
}

#[test]
fn an_ordinary_rooms_past_is_loaded_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    world.settle();
    let room = Address::parse("lobby@rooms.model.test").unwrap();
    let nick = "ana".to_owned();
    let Reply::Conversation(id) =
        world.command(ANA, Command::JoinRoom { room: room.clone(), nick: nick.clone() }).unwrap()
    else {
        panic!("no room")
    };
    world.settle();
    let all: Vec<String> = (0..90).map(|number| format!("text {number}")).collect();
    for text in &all {
        world.command(ANA, Command::Send { conversation: id, text: text.clone() }).unwrap();
        world.settle();
    }
    // The same account on a new device: only the newest page.
    let mut elsewhere = world.on_a_new_device(ANA);
    let Reply::Conversation(id) = elsewhere.command(ANA, Command::JoinRoom { room, nick }).unwrap() else {
        panic!("no room")
    };
    elsewhere.settle();
    assert_eq!(shown(&elsewhere, id), all[40..]);
    assert_eq!(load(&mut elsewhere, id, 1000).unwrap(), (40, false));
    assert_eq!(shown(&elsewhere, id), all);
}

#[test]
fn what_the_archive_forgot_can_not_be_loaded_and_the_seam_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let zoe = contact("zoe");
    let all = history(&mut world, &zoe, 120);
    world.settle();
    let chat = chat_with(&world, &zoe);
    let ana = world.phone(ANA).address.clone();
    world.server().expire_account(&ana, 10);
    assert_eq!(load(&mut world, chat, 50).unwrap(), (0, false));
    assert_eq!(shown(&world, chat), all[70..]);
    assert_eq!(seams(&world), [false], "the seam stays, and says that nothing more is to be had");
}

#[test]
fn what_was_said_before_we_joined_a_group_is_said_to_be_unreadable() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let room = world.make_group();
    world.say(0, "before dan").unwrap();
    world.settle();
    let group = group_of(world.phone(1)).unwrap().id;
    let dan = world.phone(3).address.clone();
    world.command(1, Command::Invite { conversation: group, members: vec![dan] }).unwrap();
    world.settle();
    world.say(0, "hello dan").unwrap();
    world.settle();
    let gaps = |world: &World, which: usize| {
        world.phone(which).readers().read(|db| archive::gaps(db, Some(&room))).unwrap()
    };
    assert!(gaps(&world, 0).is_empty() && gaps(&world, 1).is_empty(), "those who were there miss nothing");
    let [gap] = &gaps(&world, 3)[..] else { panic!("one seam") };
    let of_dan = group_of(world.phone(3)).unwrap().id;
    let first = texts(world.phone(3), of_dan).remove(0);
    assert!(gap.position < first.position.unwrap());
    let answer = world.command(3, Command::LoadOlder { conversation: of_dan, wanted: 20 }).unwrap();
    assert!(matches!(answer, Reply::Loaded(Loaded { more: false, .. })), "{answer:?}");
}

#[test]
fn without_a_connection_loading_is_refused_and_a_lost_one_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let zoe = contact("zoe");
    let all = history(&mut world, &zoe, 120);
    world.settle();
    let chat = chat_with(&world, &zoe);
    assert!(matches!(begin(&mut world, chat, 50).unwrap(), Reply::Loading(_)));
    world.lose(ANA);
    let (_, ended) = world.phone_mut(ANA).loaded.pop().expect("whoever waits is told");
    assert_eq!(ended.unwrap_err().code, ErrorCode::NetworkUnavailable);
    assert_eq!(begin(&mut world, chat, 50).unwrap_err().code, ErrorCode::NetworkUnavailable);
    assert_eq!(begin(&mut world, chat, 0).unwrap_err().code, ErrorCode::InvalidArgument);
    assert_eq!(begin(&mut world, ConversationId(99), 5).unwrap_err().code, ErrorCode::NotFound);
    world.settle();
    assert_eq!(load(&mut world, chat, 1000).unwrap(), (70, false));
    assert_eq!(shown(&world, chat), all);
}

#[test]
fn two_who_load_the_same_seam_at_once_get_everything_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder);
    let zoe = contact("zoe");
    let all = history(&mut world, &zoe, 180);
    world.settle();
    let chat = chat_with(&world, &zoe);
    begin(&mut world, chat, 60).unwrap();
    begin(&mut world, chat, 60).unwrap();
    world.settle();
    assert_eq!(world.phone(ANA).loaded.len(), 2, "both have ended");
    let have = shown(&world, chat);
    assert!(all.ends_with(&have), "in order and without a hole");
    load(&mut world, chat, 1000).unwrap();
    assert_eq!(shown(&world, chat), all);
}

#[test]
fn a_phone_killed_while_loading_has_everything_once_in_the_end() {
    for seed in 0..25 {
        println!("seed {seed}");
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let folder = tempfile::tempdir().unwrap();
        let mut world = world(&folder);
        let zoe = contact("zoe");
        let mut all = history(&mut world, &zoe, 200);
        world.settle();
        let chat = chat_with(&world, &zoe);
        for round in 0..8 {
            begin(&mut world, chat, random.random_range(1..100)).unwrap();
            for _ in 0..random.random_range(0..6) {
                world.exchange_once(ANA);
            }
            match random.random_range(0..4) {
                0 => {
                    let text = format!("live {round}");
                    write(&mut world, &zoe, &text);
                    all.push(text);
                }
                1 => world.lose(ANA),
                _ => {
                    let now = world.now();
                    let batch: Vec<_> = world.phone_mut(ANA).down.drain(..).collect();
                    world.phone_mut(ANA).input_then_die(now, Input::Received(batch.into()));
                    world.lose(ANA);
                }
            }
            world.settle();
            // What is there is the archive's order, and only what the seam stands for is missing.
            let have = shown(&world, chat);
            assert!(all.ends_with(&have), "seed {seed}, round {round}: {have:?}");
        }
        load(&mut world, chat, 1000).unwrap();
        assert_eq!(shown(&world, chat), all, "seed {seed}");
        assert_eq!(seams(&world), [] as [bool; 0]);
    }
}
