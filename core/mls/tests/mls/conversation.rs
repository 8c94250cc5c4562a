//! Groups as people use them.

use std::collections::BTreeSet;

use heliograph_mls::{
    Change, Device, Group, GroupError, InvalidCommit, JoinError, KeyPackage, KeyPackageError, ReceiveError,
    Received, RoomInfo, RoomKind, key_package, stanza_id,
};
use heliograph_model::{GroupId, Timestamp};

use crate::phone::{NOW, Phone, group_of, group_with, heard, phones, room, says};

#[test]
fn three_people_talk_one_is_added_and_one_removed() {
    let mut phones = phones(&["ana", "bob", "cem", "dora"]);
    let mut dora = phones.pop().unwrap();
    let mut groups = group_of(&mut phones, 1);
    let members: BTreeSet<_> = groups[2].members().into_iter().map(|member| member.account).collect();
    assert_eq!(members, phones.iter().map(|phone| phone.address.clone()).collect());
    assert_eq!(groups[0].fork_tag(), groups[1].fork_tag());

    // Everybody hears everybody.
    for sender in 0..3 {
        let sealed = phones[sender].send(&mut groups[sender], "hello");
        for receiver in 0..3 {
            let received = groups[receiver].receive(&phones[receiver].provider(), &sealed.data).unwrap();
            if receiver == sender {
                assert_eq!(received, Received::Own);
            } else {
                assert_eq!(heard(&received), Some((&phones[sender].address, "hello")));
            }
        }
    }

    // Bob adds Dora; the commit takes effect when it comes back.
    let package = dora.key_package();
    let (provider, device) = phones[1].parts();
    let pending = groups[1].commit(&provider, device, Change::Add(vec![package])).unwrap();
    assert_eq!((groups[1].epoch(), pending.epoch), (1, 1));
    for (position, (group, phone)) in groups.iter_mut().zip(&mut phones).enumerate() {
        let outcome = group.receive_commit(&phone.provider(), &pending.data, position == 1).unwrap();
        assert_eq!((outcome.epoch, outcome.own, outcome.self_removed), (2, position == 1, false));
        assert_eq!(outcome.added.iter().map(|member| &member.account).collect::<Vec<_>>(), [&dora.address]);
    }
    let (accounts, welcome) = pending.welcome.unwrap();
    assert_eq!(accounts, [dora.address.clone()]);
    let joined = Group::join(&dora.provider(), &welcome).unwrap();
    assert_eq!(joined.inviter.account, phones[1].address);
    assert_eq!(joined.group.info(), &room(&phones[0].address));
    phones.push(dora);
    groups.push(joined.group);

    let sealed = phones[3].send(&mut groups[3], "hi all");
    assert_eq!((sealed.epoch, sealed.fork_tag), (2, groups[0].fork_tag()));
    for member in 0..3 {
        let received = groups[member].receive(&phones[member].provider(), &sealed.data).unwrap();
        assert_eq!(heard(&received), Some((&phones[3].address, "hi all")));
    }

    // Ana, who owns the group, removes Bob.
    let bob = phones[1].address.clone();
    let (provider, device) = phones[0].parts();
    let pending = groups[0].commit(&provider, device, Change::Remove(vec![bob.clone()])).unwrap();
    assert_eq!(pending.welcome, None);
    for (position, (group, phone)) in groups.iter_mut().zip(&mut phones).enumerate() {
        let outcome = group.receive_commit(&phone.provider(), &pending.data, position == 0).unwrap();
        assert_eq!(outcome.self_removed, position == 1);
        assert_eq!(outcome.removed.iter().map(|member| &member.account).collect::<Vec<_>>(), [&bob]);
    }
    let sealed = phones[2].send(&mut groups[2], "without bob");
    assert_eq!(groups[1].receive(&phones[1].provider(), &sealed.data), Err(ReceiveError::NotAMember));
    let (provider, device) = phones[1].parts();
    assert_eq!(groups[1].encrypt(&provider, device, &says("still here")), Err(GroupError::NotAMember));
    let received = groups[3].receive(&phones[3].provider(), &sealed.data).unwrap();
    assert_eq!(heard(&received), Some((&phones[2].address, "without bob")));
}

#[test]
fn a_group_survives_in_the_storage() {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let key = phones[1].device.signature_key();
    phones[1].device = Device::load(&phones[1].storage, &key).unwrap().unwrap();
    let mut again = Group::load(&phones[1].storage, GroupId([1; 16])).unwrap().unwrap();
    assert_eq!((again.epoch(), again.info()), (1, groups[0].info()));
    let sealed = phones[1].send(&mut again, "back");
    let received = groups[0].receive(&phones[0].provider(), &sealed.data).unwrap();
    assert_eq!(heard(&received), Some((&phones[1].address, "back")));

    again.delete(&phones[1].storage).unwrap();
    assert!(Group::load(&phones[1].storage, GroupId([1; 16])).unwrap().is_none());
}

#[test]
fn messages_that_overtake_each_other_arrive_and_repetitions_do_not() {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let sealed: Vec<_> = (0..40).map(|number| phones[0].send(&mut groups[0], &number.to_string())).collect();
    let mut bob = |message: usize| {
        let received = groups[1].receive(&phones[1].provider(), &sealed[message].data)?;
        Ok::<_, ReceiveError>(heard(&received).map(|(_, text)| text.to_owned()))
    };
    assert_eq!(bob(30), Ok(Some("30".into())));
    assert_eq!(bob(5), Ok(Some("5".into())));
    assert_eq!(bob(5), Err(ReceiveError::SecretReuse));
    assert_eq!(bob(39), Ok(Some("39".into())));
    assert_eq!(bob(10), Ok(Some("10".into())));
    // 32 generations may be overtaken, not more.
    assert_eq!(bob(2), Err(ReceiveError::Overtaken));
}

#[test]
fn a_direct_chat_has_two_accounts_and_allows_more_disorder() {
    let mut phones = phones(&["ana", "bob", "cem"]);
    let mut cem = phones.pop().unwrap();
    let info = RoomInfo::new(None, RoomKind::Direct, phones[0].address.clone());
    let mut groups = group_with(&mut phones, 1, info);
    let sealed: Vec<_> = (0..60).map(|number| phones[0].send(&mut groups[0], &number.to_string())).collect();
    for message in [59, 0] {
        groups[1].receive(&phones[1].provider(), &sealed[message].data).unwrap();
    }

    let package = cem.key_package();
    let (provider, device) = phones[0].parts();
    assert_eq!(
        groups[0].commit(&provider, device, Change::Add(vec![package])),
        Err(GroupError::NotAllowed(InvalidCommit::DirectGroup))
    );
    // A further device of Bob is no further account.
    let account = heliograph_mls::AccountIdentityKey::from_bytes(&phones[1].account.to_bytes());
    let mut tablet = Phone::with_account("bob", 9, account);
    let package = tablet.key_package();
    let (provider, device) = phones[1].parts();
    groups[1].commit(&provider, device, Change::Add(vec![package])).unwrap();
}

#[test]
fn a_welcome_opens_once_and_only_for_those_invited() {
    let mut phones = phones(&["ana", "bob", "cem"]);
    let package = phones[1].new_key_package();
    let parsed = KeyPackage::parse(&package.data, NOW).unwrap();
    let info = room(&phones[0].address);
    let (provider, device) = phones[0].parts();
    let (to, welcome) =
        Group::create(&provider, device, GroupId([1; 16]), info, &[parsed]).unwrap().welcome.unwrap();
    assert_eq!(to, [phones[1].address.clone()]);

    let joined = Group::join(&phones[1].provider(), &welcome).unwrap();
    assert_eq!(joined.key_package_reference, package.reference);
    let again = Group::join(&phones[1].provider(), &welcome);
    assert_eq!(again.unwrap_err(), JoinError::AlreadyMember);
    let stranger = Group::join(&phones[2].provider(), &welcome);
    assert_eq!(stranger.unwrap_err(), JoinError::NoMatchingKeyPackage);

    // The key package is last-resort: it opens another Welcome until its owner deletes it.
    joined.group.delete(&phones[1].storage).unwrap();
    let joined = Group::join(&phones[1].provider(), &welcome).unwrap();
    joined.group.delete(&phones[1].storage).unwrap();
    key_package::delete(&phones[1].provider(), &package.reference).unwrap();
    key_package::delete(&phones[1].provider(), &package.reference).unwrap();
    let deleted = Group::join(&phones[1].provider(), &welcome);
    assert_eq!(deleted.unwrap_err(), JoinError::NoMatchingKeyPackage);
}

#[test]
fn somebody_who_was_removed_can_be_added_again() {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let (provider, device) = phones[0].parts();
    let remove = Change::Remove(vec![device.account().clone()]);
    assert_eq!(groups[0].commit(&provider, device, remove), Err(GroupError::CannotRemoveSelf));
    let remove = Change::Remove(vec![phones[1].address.clone()]);
    let (provider, device) = phones[0].parts();
    let pending = groups[0].commit(&provider, device, remove.clone()).unwrap();
    for (position, (group, phone)) in groups.iter_mut().zip(&mut phones).enumerate() {
        group.receive_commit(&phone.provider(), &pending.data, position == 0).unwrap();
    }
    let (provider, device) = phones[0].parts();
    assert_eq!(groups[0].commit(&provider, device, remove), Err(GroupError::NothingToDo));

    let package = phones[1].key_package();
    let (provider, device) = phones[0].parts();
    let pending = groups[0].commit(&provider, device, Change::Add(vec![package])).unwrap();
    groups[0].receive_commit(&phones[0].provider(), &pending.data, true).unwrap();
    let (_, welcome) = pending.welcome.unwrap();
    groups[1] = phones[1].join(&welcome);
    let sealed = phones[1].send(&mut groups[1], "again");
    let received = groups[0].receive(&phones[0].provider(), &sealed.data).unwrap();
    assert_eq!(heard(&received), Some((&phones[1].address, "again")));
}

#[test]
fn key_packages_fade_and_belong_to_their_device() {
    let mut ana = Phone::new("ana", 1);
    let package = ana.new_key_package();
    let day = 24 * 60 * 60 * 1000;
    let parsed = KeyPackage::parse(&package.data, Timestamp(NOW.0 + 89 * day)).unwrap();
    assert_eq!(parsed.identity().account, ana.address);
    assert_eq!(parsed.identity().identity_key, ana.account.public());
    assert_eq!(parsed.signature_key(), Some(ana.device.signature_key()));
    let stale = KeyPackage::parse(&package.data, Timestamp(NOW.0 + 90 * day));
    assert_eq!(stale.unwrap_err(), KeyPackageError::Stale);
    assert!(package.data.len() < 600, "{} bytes", package.data.len());
}

#[test]
fn stanza_ids_name_bytes() {
    // SHA-256 of nothing starts with e3b0c442 98fc1c14 9afbf4c8.
    assert_eq!(stanza_id(b"").as_str(), "47DEQpj8HBSa-_TI");
    assert_ne!(stanza_id(b"a"), stanza_id(b"b"));
}

#[test]
fn short_texts_have_one_size_on_the_wire() {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let sizes: BTreeSet<_> =
        ["a", "a somewhat longer text"].map(|text| phones[0].send(&mut groups[0], text).data.len()).into();
    assert_eq!(sizes.len(), 1);
}

#[test]
fn another_device_can_not_write_with_this_group() {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let mut other = Phone::new("ana", 7);
    let (_, device) = other.parts();
    let provider = phones[0].provider();
    assert_eq!(groups[0].encrypt(&provider, device, &says("x")), Err(GroupError::WrongDevice));
}

#[test]
fn a_group_that_breaks_its_rules_from_the_start_is_not_created() {
    let mut phones = phones(&["ana", "bob", "cem"]);
    let packages: Vec<_> = phones[1..].iter_mut().map(Phone::key_package).collect();
    let info = RoomInfo::new(None, RoomKind::Direct, phones[0].address.clone());
    let (provider, device) = phones[0].parts();
    let created = Group::create(&provider, device, GroupId([1; 16]), info, &packages);
    assert_eq!(created.unwrap_err(), GroupError::NotAllowed(InvalidCommit::DirectGroup));
    assert!(Group::load(&phones[0].storage, GroupId([1; 16])).unwrap().is_none());
}
