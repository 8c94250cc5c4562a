//! Commits in the order of an archive.

use heliograph_mls::{Change, CommitError, Group, GroupError, ReceiveError};
use heliograph_model::GroupId;

use crate::phone::{Phone, group_of, heard, phones};

#[test]
fn of_two_commits_the_first_in_order_wins_and_the_loser_tries_again() {
    let mut phones = phones(&["ana", "bob", "cem", "dora", "eli"]);
    let (mut eli, mut dora) = (phones.pop().unwrap(), phones.pop().unwrap());
    let mut groups = group_of(&mut phones, 1);

    let (for_dora, for_eli) = (dora.key_package(), eli.key_package());
    let (provider, device) = phones[0].parts();
    let first = groups[0].commit(&provider, device, Change::Add(vec![for_dora])).unwrap();
    let (provider, device) = phones[1].parts();
    let second = groups[1].commit(&provider, device, Change::Add(vec![for_eli.clone()])).unwrap();
    assert_ne!(first.stanza, second.stanza);

    // The archive has Ana's commit first, then Bob's. Everybody comes to the same end.
    for (position, (group, phone)) in groups.iter_mut().zip(&mut phones).enumerate() {
        let outcome = group.receive_commit(&phone.provider(), &first.data, position == 0).unwrap();
        assert_eq!(outcome.own, position == 0);
        assert!(!group.has_pending_commit(), "a void commit is no longer pending");
        let lost = group.receive_commit(&phone.provider(), &second.data, position == 1);
        assert_eq!(lost, Err(CommitError::PastEpoch));
    }
    assert_eq!(groups[0].fork_tag(), groups[1].fork_tag());
    groups.push(dora.join(&first.welcome.unwrap().1));
    phones.push(dora);

    // Bob's wish is still open; his second attempt is for the new epoch.
    let (provider, device) = phones[1].parts();
    let again = groups[1].commit(&provider, device, Change::Add(vec![for_eli])).unwrap();
    for (position, (group, phone)) in groups.iter_mut().zip(&mut phones).enumerate() {
        group.receive_commit(&phone.provider(), &again.data, position == 1).unwrap();
    }
    groups.push(eli.join(&again.welcome.unwrap().1));
    phones.push(eli);
    let sealed = phones[4].send(&mut groups[4], "we are five");
    for member in 0..4 {
        let received = groups[member].receive(&phones[member].provider(), &sealed.data).unwrap();
        assert_eq!(heard(&received), Some((&phones[4].address, "we are five")));
    }
    // The Welcome of the commit that lost leads nowhere.
    assert!(Group::join(&phones[4].provider(), &second.welcome.unwrap().1).is_err());
}

#[test]
fn an_own_commit_takes_effect_only_when_it_comes_back_even_after_a_restart() {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let (provider, device) = phones[0].parts();
    let pending = groups[0].commit(&provider, device, Change::SelfUpdate).unwrap();
    assert_eq!((groups[0].epoch(), groups[0].has_pending_commit()), (1, true));
    let (provider, device) = phones[0].parts();
    assert_eq!(groups[0].commit(&provider, device, Change::SelfUpdate), Err(GroupError::CommitPending));

    // Messages go on in the old epoch meanwhile, in both directions.
    let sealed = phones[0].send(&mut groups[0], "while waiting");
    assert!(groups[1].receive(&phones[1].provider(), &sealed.data).is_ok());

    groups[0] = Group::load(&phones[0].storage, GroupId([1; 16])).unwrap().unwrap();
    assert!(groups[0].has_pending_commit());
    let outcome = groups[0].receive_commit(&phones[0].provider(), &pending.data, true).unwrap();
    assert_eq!((outcome.epoch, outcome.own), (2, true));
    groups[1].receive_commit(&phones[1].provider(), &pending.data, false).unwrap();
    assert_eq!(groups[0].fork_tag(), groups[1].fork_tag());
    // Repetitions are harmless.
    let again = groups[0].receive_commit(&phones[0].provider(), &pending.data, true);
    assert_eq!(again, Err(CommitError::PastEpoch));
}

#[test]
fn a_discarded_commit_that_takes_effect_is_told_apart_from_an_invalid_one() {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let (provider, device) = phones[0].parts();
    let pending = groups[0].commit(&provider, device, Change::SelfUpdate).unwrap();
    groups[0].discard_pending(&phones[0].provider()).unwrap();
    groups[0].discard_pending(&phones[0].provider()).unwrap();
    assert!(!groups[0].has_pending_commit());
    let lost = groups[0].receive_commit(&phones[0].provider(), &pending.data, false);
    assert_eq!(lost, Err(CommitError::OwnCommitLost));
    // Discarded before it was sent, it is as if it had never been.
    let (provider, device) = phones[0].parts();
    let other = groups[0].commit(&provider, device, Change::SelfUpdate).unwrap();
    for (position, (group, phone)) in groups.iter_mut().zip(&mut phones).enumerate() {
        group.receive_commit(&phone.provider(), &other.data, position == 0).unwrap();
    }
    assert_eq!(groups[0].fork_tag(), groups[1].fork_tag());
}

#[test]
fn messages_and_commits_of_other_epochs_are_named_as_such() {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let early = phones[0].send(&mut groups[0], "epoch 1");
    let (provider, device) = phones[0].parts();
    let first = groups[0].commit(&provider, device, Change::SelfUpdate).unwrap();
    groups[0].receive_commit(&phones[0].provider(), &first.data, true).unwrap();
    let late = phones[0].send(&mut groups[0], "epoch 2");
    let (provider, device) = phones[0].parts();
    let second = groups[0].commit(&provider, device, Change::SelfUpdate).unwrap();

    let bob = &mut groups[1];
    assert_eq!(bob.receive(&phones[1].provider(), &late.data), Err(ReceiveError::FutureEpoch(2)));
    assert_eq!(bob.receive_commit(&phones[1].provider(), &second.data, false), Err(CommitError::FutureEpoch));
    bob.receive_commit(&phones[1].provider(), &first.data, false).unwrap();
    assert_eq!(bob.receive(&phones[1].provider(), &early.data), Err(ReceiveError::PastEpoch(1)));
    assert!(bob.receive(&phones[1].provider(), &late.data).is_ok());
    assert_eq!(bob.receive_commit(&phones[1].provider(), &late.data, false), Err(CommitError::NotCommit));
    assert_eq!(bob.receive(&phones[1].provider(), &second.data), Err(ReceiveError::Malformed));
}

#[test]
fn a_transaction_that_is_rolled_back_leaves_the_message_decryptable() {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let sealed = phones[0].send(&mut groups[0], "once");
    let before = phones[1].snapshot();
    groups[1].receive(&phones[1].provider(), &sealed.data).unwrap();
    phones[1].storage = before;
    let mut again = Group::load(&phones[1].storage, GroupId([1; 16])).unwrap().unwrap();
    let received = again.receive(&phones[1].provider(), &sealed.data).unwrap();
    assert_eq!(heard(&received), Some((&phones[0].address, "once")));
    assert_eq!(again.receive(&phones[1].provider(), &sealed.data), Err(ReceiveError::SecretReuse));
}

#[test]
fn a_hundred_members_add_and_remove() {
    let names: Vec<_> = (0..100).map(|number| format!("member{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut phones = phones(&names);
    let mut newcomers: Vec<_> = ["dora", "eli"].iter().zip(200..).map(|(n, s)| Phone::new(n, s)).collect();
    let info = crate::phone::room(&phones[0].address);
    let packages: Vec<_> = phones[1..].iter_mut().map(Phone::key_package).collect();
    let (provider, device) = phones[0].parts();
    let created = Group::create(&provider, device, GroupId([1; 16]), info, &packages).unwrap();
    let (to, welcome) = created.welcome.unwrap();
    assert_eq!(to.len(), 99);
    let mut ana = created.group;
    // Three of the others stand for all.
    let mut others: Vec<_> = [7, 50, 99].map(|position| (position, phones[position].join(&welcome))).into();

    let packages: Vec<_> = newcomers.iter_mut().map(Phone::key_package).collect();
    let (provider, device) = phones[0].parts();
    let add = ana.commit(&provider, device, Change::Add(packages)).unwrap();
    assert!(add.data.len() < 2_000, "no path among so many: {} bytes", add.data.len());
    assert_eq!(ana.receive_commit(&phones[0].provider(), &add.data, true).unwrap().added.len(), 2);
    for (position, group) in &mut others {
        let outcome = group.receive_commit(&phones[*position].provider(), &add.data, false).unwrap();
        assert_eq!(outcome.added.len(), 2);
    }
    let mut eli = newcomers[1].join(&add.welcome.unwrap().1);
    assert_eq!(eli.members().len(), 102);

    let removed: Vec<_> = [20, 7, 30].map(|position: usize| phones[position].address.clone()).into();
    let (provider, device) = phones[0].parts();
    let remove = ana.commit(&provider, device, Change::Remove(removed)).unwrap();
    assert_eq!(ana.receive_commit(&phones[0].provider(), &remove.data, true).unwrap().removed.len(), 3);
    for (position, group) in &mut others {
        let outcome = group.receive_commit(&phones[*position].provider(), &remove.data, false).unwrap();
        assert_eq!(outcome.self_removed, *position == 7);
    }
    eli.receive_commit(&newcomers[1].provider(), &remove.data, false).unwrap();
    let sealed = newcomers[1].send(&mut eli, "ninety-nine");
    for (position, group) in &mut others {
        let received = group.receive(&phones[*position].provider(), &sealed.data);
        if *position == 7 {
            assert_eq!(received, Err(ReceiveError::NotAMember));
        } else {
            assert_eq!(
                heard(&received.unwrap()).map(|(_, text)| text.to_owned()),
                Some("ninety-nine".into())
            );
        }
    }
}
