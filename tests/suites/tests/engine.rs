//! What the engine does when something is wrong, one case at a time, on the model of a server: servers that
//! lack something, groups that went on without us, texts in doubt. Attacks are in `attacks.rs`, lost connections in `retries.rs`,
//! what comes out of turn in `order.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test does not expect is a failure"
)]

use heliograph_model::stanza::{InboundContent, InboundMessage, Outbound};
use heliograph_model::{Address, DeliveryState, Error, ErrorCode, Security};
use heliograph_store::conversation::{self, ConversationState};
use heliograph_store::{Fault, archive, group};
use heliograph_suites::model::{World, group_of, plain_in, texts};
use heliograph_sync::{Command, Input, Reply};

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[test]
fn three_phones_talk_and_every_state_is_reached() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.make_group();
    world.say(0, "one").unwrap();
    world.settle();
    world.say(1, "two").unwrap();
    world.settle();
    for which in 0..3 {
        assert_eq!(world.shown(which), ["one", "two"]);
        let group = group_of(world.phone(which)).unwrap();
        assert_eq!((group.name.as_deref(), group.security), (Some("relief"), Security::Encrypted));
    }
    let group = group_of(world.phone(0)).unwrap();
    let sent = texts(world.phone(0), group.id).remove(0);
    assert_eq!((sent.state, sent.delivered_to), (DeliveryState::Delivered, 2));
}

#[test]
fn somebody_invited_later_reads_what_comes_and_one_removed_reads_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.make_group();
    world.say(0, "before dan").unwrap();
    world.settle();
    let group = group_of(world.phone(1)).unwrap().id;
    let dan = world.phone(3).address.clone();
    world.command(1, Command::Invite { conversation: group, members: vec![dan.clone()] }).unwrap();
    world.settle();
    world.say(3, "hello from dan").unwrap();
    world.settle();
    assert_eq!(world.shown(3), ["hello from dan"]);
    assert_eq!(world.shown(2), ["before dan", "hello from dan"]);
    let refused = world.command(1, Command::Remove { conversation: group, members: vec![dan.clone()] });
    assert_eq!(refused.unwrap_err().code, ErrorCode::Forbidden, "only the owner removes");
    let group = group_of(world.phone(0)).unwrap().id;
    world.command(0, Command::Remove { conversation: group, members: vec![dan] }).unwrap();
    world.settle();
    world.say(0, "without dan").unwrap();
    world.settle();
    assert_eq!(world.shown(2), ["before dan", "hello from dan", "without dan"]);
    assert_eq!(world.shown(3), ["hello from dan"]);
    assert_eq!(group_of(world.phone(3)).unwrap().state, ConversationState::Left);
    assert_eq!(world.say(3, "let me in").unwrap_err().code, ErrorCode::Forbidden);
}

#[test]
fn a_removed_member_can_be_invited_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.make_group();
    let group = group_of(world.phone(0)).unwrap().id;
    let ben = world.phone(1).address.clone();
    world.command(0, Command::Remove { conversation: group, members: vec![ben.clone()] }).unwrap();
    world.settle();
    world.command(0, Command::Invite { conversation: group, members: vec![ben] }).unwrap();
    world.settle();
    world.say(0, "welcome back").unwrap();
    world.settle();
    world.say(1, "thank you").unwrap();
    world.settle();
    assert_eq!(world.shown(1), ["welcome back", "thank you"]);
    assert_eq!(world.shown(2), ["welcome back", "thank you"]);
}

#[test]
fn a_text_overtaken_by_a_commit_is_still_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    let room = world.make_group();
    // Ben seals a text and loses his link before it is out; meanwhile the group goes on to the next epoch; the server then
    // delivers the old bytes.
    world.say(1, "sealed in the old epoch").unwrap();
    let sealed = world.phone(1).up.iter().find_map(|outbound| match outbound {
        Outbound::Message(message) => Some(message.clone()),
        _ => None,
    });
    let sealed = sealed.expect("the text was handed over");
    world.lose(1);
    let group = group_of(world.phone(0)).unwrap().id;
    let dan = world.phone(3).address.clone();
    world.command(0, Command::Invite { conversation: group, members: vec![dan] }).unwrap();
    for _ in 0..3 {
        // Ben stays away.
        world.settle_without(1);
    }
    let heliograph_model::stanza::OutboundContent::Mls(envelope) = sealed.content else {
        panic!("not encrypted")
    };
    let late =
        InboundMessage { id: Some(sealed.id), content: InboundContent::Mls(envelope), ..plain_in(&room, "") };
    let deliveries = world.server().inject(&room, late);
    world.deliver(deliveries);
    world.settle_without(1);
    assert_eq!(world.shown(2), ["sealed in the old epoch"], "{:?}", world.quarantined(2));
    // Ben comes back, finds it in the archive and does not send it again.
    world.settle();
    assert_eq!(world.shown(2), ["sealed in the old epoch"]);
    let archived = world.server().room_archive(&room).to_vec();
    let copies = archived.iter().filter(|message| message.nick.as_deref() == Some("ben")).count();
    assert_eq!(copies, 1);
}

#[test]
fn a_group_whose_archive_forgot_a_commit_says_that_this_phone_must_rejoin() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    let room = world.make_group();
    world.say(0, "so that there is a place to be forgotten").unwrap();
    world.settle();
    world.lose(2);
    let group = group_of(world.phone(0)).unwrap().id;
    let dan = world.phone(3).address.clone();
    world.command(0, Command::Invite { conversation: group, members: vec![dan] }).unwrap();
    world.settle_without(2);
    world.say(0, "chloe can't read this").unwrap();
    world.settle_without(2);
    world.server().expire(&room, 1);
    world.settle();
    let conversation = group_of(world.phone(2)).unwrap();
    assert_eq!(conversation.failure, Some(ErrorCode::GroupNeedsRejoin));
    let gaps = world.phone(2).readers().read(|db| archive::gaps(db, Some(&room))).unwrap();
    assert_eq!(gaps.len(), 1, "the timeline shows a seam");
    assert_eq!(world.say(2, "anybody?").unwrap_err().code, ErrorCode::GroupNeedsRejoin);
}

#[test]
fn a_server_without_rooms_is_told_apart_and_chats_still_work() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.server().without_rooms();
    world.settle();
    let members = vec![world.phone(1).address.clone()];
    let refused = world.command(0, Command::CreateGroup { name: "no".into(), members });
    assert_eq!(refused.unwrap_err().code, ErrorCode::RoomsUnavailable);
    let id = world.start_chat(0, 1);
    world.command(0, Command::Send { conversation: id, text: "directly then".into() }).unwrap();
    world.settle();
    let ana = world.phone(0).address.clone();
    let theirs = world.phone(1).readers().read(|db| conversation::by_address(db, &ana)).unwrap().unwrap();
    assert_eq!(theirs.security, Security::Encrypted);
    assert_eq!(texts(world.phone(1), theirs.id).remove(0).text, "directly then");
}

#[test]
fn a_contact_without_keys_is_reached_in_plain_and_marked() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.settle();
    let contact = address("old.client@model.test");
    let Ok(Reply::Conversation(id)) = world.command(0, Command::StartChat { contact }) else {
        panic!("no chat")
    };
    world.command(0, Command::Send { conversation: id, text: "hello".into() }).unwrap();
    world.settle();
    let sent = texts(world.phone(0), id).remove(0);
    assert_eq!((sent.security, sent.state), (Security::Plain, DeliveryState::Sent));
    let members = vec![address("old.client@model.test")];
    let Ok(Reply::Conversation(id)) = world.command(0, Command::CreateGroup { name: "n".into(), members })
    else {
        panic!("refused at once")
    };
    world.settle();
    let group = world.phone(0).readers().read(|db| conversation::get(db, id)).unwrap().unwrap();
    assert_eq!((group.state, group.failure), (ConversationState::Failed, Some(ErrorCode::NoKeysForContact)));
}

#[test]
fn a_chat_that_began_in_plain_is_encrypted_once_there_are_keys() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    // Ben has the app since a moment, and his keys are not out yet.
    world.settle_without(1);
    let contact = world.phone(1).address.clone();
    let start = Command::StartChat { contact };
    let Ok(Reply::Conversation(chat)) = world.command(0, start.clone()) else { panic!("no chat") };
    world.command(0, Command::Send { conversation: chat, text: "one".into() }).unwrap();
    world.settle_without(1);
    world.settle();
    for text in ["two", "three"] {
        world.command(0, Command::Send { conversation: chat, text: text.into() }).unwrap();
        world.settle();
    }
    let ana = world.phone(0).address.clone();
    let theirs = world.phone(1).readers().read(|db| conversation::by_address(db, &ana)).unwrap().unwrap();
    for (phone, id) in [(0, chat), (1, theirs.id)] {
        let shown = texts(world.phone(phone), id);
        let how: Vec<_> = shown.iter().map(|message| (message.text.as_str(), message.security)).collect();
        let plain = Security::Plain;
        assert_eq!(how, [("one", plain), ("two", plain), ("three", Security::Encrypted)]);
    }
}

#[test]
fn an_ordinary_room_that_nobody_had_is_made_by_entering_it_and_lets_others_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::at_rest(folder.path());
    let room = address("ferry@rooms.model.test");
    for (phone, nick) in ["ana", "ben"].into_iter().enumerate() {
        let join = Command::JoinRoom { room: room.clone(), nick: nick.to_owned() };
        let Reply::Conversation(id) = world.command(phone, join).unwrap() else { panic!("no room") };
        world.command(phone, Command::Send { conversation: id, text: format!("{nick} is here") }).unwrap();
        world.settle();
    }
    for phone in 0..2 {
        let id =
            world.phone(phone).readers().read(|db| conversation::by_address(db, &room)).unwrap().unwrap().id;
        let said: Vec<String> = texts(world.phone(phone), id).into_iter().map(|text| text.text).collect();
        assert_eq!(said, ["ana is here", "ben is here"], "phone {phone}");
    }
}

#[test]
fn malformed_commands_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.make_group();
    let group = group_of(world.phone(0)).unwrap().id;
    let own = world.phone(0).address.clone();
    let nowhere = heliograph_model::ConversationId(99);
    let cases = [
        (Command::Send { conversation: group, text: String::new() }, ErrorCode::InvalidArgument),
        (Command::Send { conversation: group, text: "x".repeat(65_537) }, ErrorCode::InvalidArgument),
        (Command::Send { conversation: group, text: "form feed \u{c}".into() }, ErrorCode::InvalidArgument),
        (Command::Send { conversation: nowhere, text: "x".into() }, ErrorCode::NotFound),
        (Command::StartChat { contact: own.clone() }, ErrorCode::InvalidArgument),
        (Command::StartChat { contact: address("model.test") }, ErrorCode::InvalidArgument),
        (Command::CreateGroup { name: "x".into(), members: vec![own] }, ErrorCode::InvalidArgument),
        (
            Command::CreateGroup { name: " ".into(), members: vec![address("a@b")] },
            ErrorCode::InvalidArgument,
        ),
        (Command::Invite { conversation: nowhere, members: vec![address("a@b")] }, ErrorCode::NotFound),
        (
            Command::JoinRoom { room: address("rooms.model.test"), nick: "a".into() },
            ErrorCode::InvalidArgument,
        ),
    ];
    for (command, code) in cases {
        assert_eq!(world.command(0, command.clone()).unwrap_err().code, code, "{command:?}");
    }
}

#[test]
fn own_commit_is_merged_only_when_the_room_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.make_group();
    let conversation = group_of(world.phone(0)).unwrap();
    let id = conversation.group.unwrap();
    let epoch =
        |world: &World| world.phone(0).readers().read(|db| group::get(db, &id)).unwrap().unwrap().epoch;
    let before = epoch(&world);
    let dan = world.phone(3).address.clone();
    world.command(0, Command::Invite { conversation: conversation.id, members: vec![dan] }).unwrap();
    let mut seen = false;
    for _ in 0..50 {
        world.exchange_once(0);
        let pending = world.phone(0).readers().read(|db| group::get(db, &id)).unwrap().unwrap().pending;
        if pending.is_some() {
            seen = true;
            assert_eq!(epoch(&world), before);
        }
    }
    assert!(seen, "the commit was pending for a while");
    world.settle();
    assert_eq!(epoch(&world), before + 1);
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.make_group();
    world.say(1, "first").unwrap();
    world.settle();
    world.say(1, "arrives while the disk is full").unwrap();
    world.settle_without(0);
    let now = world.now();
    let batch: Vec<_> = world.phone(0).down.iter().cloned().collect();
    assert!(!batch.is_empty());
    world.phone_mut(0).set_fault(Some(Fault::FailCommit));
    let error = Error::from(world.phone_mut(0).try_input(now, Input::Received(batch.into())).unwrap_err());
    assert_eq!(error.code, ErrorCode::DiskFull, "{error}");
    for fault in [Fault::FailCommit, Fault::DiskFull { pages: 0 }] {
        world.phone_mut(0).set_fault(Some(fault));
        let group = group_of(world.phone(0)).unwrap();
        // Long enough not to fit into what is free inside the file.
        let send = Command::Send { conversation: group.id, text: "can't be stored".repeat(4000) };
        let error = Error::from(world.phone_mut(0).try_input(now, Input::Command(send)).unwrap_err());
        assert_eq!(error.code, ErrorCode::DiskFull);
        assert_eq!(world.shown(0), ["first"]);
        world.phone_mut(0).set_fault(None);
    }
    // The driver dropped the connection without acknowledging; the archive brings it again.
    world.phone_mut(0).fault(now, Error::new(ErrorCode::DiskFull, "full"));
    world.lose(0);
    assert!(world.phone(0).wake_at.is_some(), "it is tried again by itself");
    world.settle();
    for which in 0..3 {
        assert_eq!(world.shown(which), ["first", "arrives while the disk is full"]);
    }
}

#[test]
fn what_was_decrypted_in_vain_is_decrypted_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.make_group();
    world.say(1, "first").unwrap();
    world.settle();
    world.say(1, "second").unwrap();
    world.settle_without(0);
    let now = world.now();
    let batch: Vec<_> = world.phone(0).down.iter().cloned().collect();
    world.phone_mut(0).set_fault(Some(Fault::FailCommit));
    let error = Error::from(world.phone_mut(0).try_input(now, Input::Received(batch.into())).unwrap_err());
    world.phone_mut(0).set_fault(None);
    // The group that was in memory had moved on; the one in the database had not, and only that one counts.
    world.phone_mut(0).fault(now, error);
    world.lose(0);
    world.settle();
    for which in 0..3 {
        assert_eq!(world.shown(which), ["first", "second"]);
        assert!(world.quarantined(which).is_empty());
    }
}

#[test]
fn a_direct_text_in_doubt_is_looked_for_before_it_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::scripted(folder.path());
    world.settle();
    // A contact whose client would show a repeated stanza twice.
    let contact = address("old.client@model.test");
    let Ok(Reply::Conversation(id)) = world.command(0, Command::StartChat { contact }) else {
        panic!("no chat")
    };
    world.settle();
    world.command(0, Command::Send { conversation: id, text: "once is enough".into() }).unwrap();
    while world.exchange_once(0) {}
    // The server has it, but its acknowledgement never comes; meanwhile something else arrives after it.
    let ana = world.phone(0).address.clone();
    let Ok(Reply::Conversation(back)) = world.command(1, Command::StartChat { contact: ana.clone() }) else {
        panic!("no chat")
    };
    world.command(1, Command::Send { conversation: back, text: "later".into() }).unwrap();
    world.settle_without(0);
    while world.exchange_once(0) {}
    world.lose(0);
    world.settle();
    let archive = world.server().account_archive(&ana);
    let is_it = |message: &&InboundMessage| matches!(&message.content, InboundContent::Plain { text, .. } if text == "once is enough");
    assert_eq!(archive.iter().filter(is_it).count(), 1, "it was sent again although the archive had it");
    assert_eq!(texts(world.phone(0), id).remove(0).state, DeliveryState::Archived);
}
