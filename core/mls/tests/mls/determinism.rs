//! The same entropy and the same inputs give the same bytes.

use heliograph_mls::{Change, Group};
use heliograph_model::GroupId;

use crate::phone::{Phone, group_of, room};

const MEMBERS: usize = 40;

/// Everything that is sent in a run: key packages, a Welcome, commits with and without path, messages.
fn run(seed: u8) -> Vec<Vec<u8>> {
    let mut sent = Vec::new();
    let mut phones: Vec<_> = (0..MEMBERS)
        .map(|number| Phone::new(&format!("m{number}"), seed.wrapping_add(number as u8)))
        .collect();
    let mut packages = Vec::new();
    for phone in &mut phones[1..] {
        let package = phone.new_key_package();
        packages.push(heliograph_mls::KeyPackage::parse(&package.data, crate::phone::NOW).unwrap());
        sent.extend([package.data, package.reference]);
    }
    let late = packages.pop().unwrap();
    let info = room(&phones[0].address);
    let (provider, device) = phones[0].parts();
    let created = Group::create(&provider, device, GroupId([1; 16]), info, &packages).unwrap();
    let mut ana = created.group;
    let (_, welcome) = created.welcome.unwrap();
    let mut bob = phones[1].join(&welcome);
    sent.push(welcome);

    let removed = |numbers: [usize; 3], phones: &[Phone]| {
        Change::Remove(numbers.map(|number| phones[number].address.clone()).into())
    };
    let mut changes =
        vec![Change::SelfUpdate, Change::Add(vec![late]), removed([9, 3, 27], &phones), Change::SelfUpdate];
    for change in changes.drain(..) {
        let (provider, device) = phones[0].parts();
        let pending = ana.commit(&provider, device, change).unwrap();
        ana.receive_commit(&phones[0].provider(), &pending.data, true).unwrap();
        bob.receive_commit(&phones[1].provider(), &pending.data, false).unwrap();
        sent.push(pending.data);
        sent.extend(pending.welcome.map(|(_, data)| data));
        // Bob's path is encrypted to subtrees of all sizes.
        let (provider, device) = phones[1].parts();
        let pending = bob.commit(&provider, device, Change::SelfUpdate).unwrap();
        bob.receive_commit(&phones[1].provider(), &pending.data, true).unwrap();
        ana.receive_commit(&phones[0].provider(), &pending.data, false).unwrap();
        sent.push(pending.data);
        sent.push(phones[0].send(&mut ana, "text").data);
    }
    sent
}

#[test]
fn two_runs_send_the_same_bytes() {
    let (first, second) = (run(1), run(1));
    assert_eq!(first.len(), second.len());
    for (position, (first, second)) in first.iter().zip(&second).enumerate() {
        assert!(first == second, "message {position} differs");
    }
}

#[test]
fn other_entropy_gives_other_bytes() {
    let mut first = crate::phone::phones(&["ana", "bob"]);
    let groups = group_of(&mut first, 1);
    let mut second = vec![Phone::new("ana", 101), Phone::new("bob", 102)];
    let others = group_of(&mut second, 1);
    assert_ne!(groups[0].fork_tag(), others[0].fork_tag());
}

#[test]
fn the_second_input_does_not_repeat_the_first() {
    let mut ana = Phone::new("ana", 1);
    assert_ne!(ana.new_key_package().reference, ana.new_key_package().reference);
}

#[test]
fn removals_are_listed_in_one_order() {
    let mut phones: Vec<_> = (0..8).map(|number| Phone::new(&format!("m{number}"), 1 + number)).collect();
    group_of(&mut phones, 1);
    let removed: Vec<_> = [6, 2, 4].map(|number: usize| phones[number].address.clone()).into();
    let commits: std::collections::BTreeSet<_> = (0..8)
        .map(|_| {
            let mut again = Phone::new("m0", 1);
            again.storage = phones[0].snapshot();
            let mut ana = Group::load(&again.storage, GroupId([1; 16])).unwrap().unwrap();
            let (provider, device) = again.parts();
            ana.commit(&provider, device, Change::Remove(removed.clone())).unwrap().data
        })
        .collect();
    assert_eq!(commits.len(), 1);
}
