//! Arbitrary bytes, and valid messages with arbitrary changes, into everything that reads bytes. Bounded here; with
//! `cargo bolero test` the same targets run for as long as wanted. A failure prints its seed (`BOLERO_RANDOM_SEED`).

use std::sync::{Mutex, MutexGuard, PoisonError};

use heliograph_mls::{
    AccountIdentityKey, Change, Content, DeviceList, Group, KeyPackage, ListedDevice, Randomness,
};
use heliograph_model::{DeviceId, Entropy, GroupId};

use crate::phone::{NOW, Phone, group_of, heard, phones, says};

/// Runs of each target: a second or two.
const RUNS: usize = 2_000;

/// Changes to valid bytes: (where, what to xor), then a length to cut to or to extend to.
type Mutation = (Vec<(u16, u8)>, Option<u16>);

fn mutated(valid: &[u8], (changes, length): &Mutation) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    for (position, change) in changes {
        let length = bytes.len();
        bytes[usize::from(*position) % length] ^= change;
    }
    if let Some(length) = length {
        bytes.resize(usize::from(*length) % (valid.len() * 2), 0);
    }
    bytes
}

/// Each run of a target starts from the same state, also the runs after one that panicked.
fn locked<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn arbitrary_bytes_are_refused_everywhere() {
    let mut phones = phones(&["ana", "bob"]);
    let group = group_of(&mut phones, 1).remove(1);
    let state = Mutex::new((group, phones.remove(1)));
    bolero::check!().with_iterations(RUNS).with_max_len(2_000).for_each(move |bytes: &[u8]| {
        let (group, phone) = &mut *locked(&state);
        let address = phone.address.clone();
        assert!(KeyPackage::parse(bytes, NOW).is_err());
        assert!(Group::join(&phone.provider(), bytes).is_err());
        assert!(group.receive(&phone.provider(), bytes).is_err());
        assert!(group.receive_commit(&phone.provider(), bytes, false).is_err());
        assert!(DeviceList::decode(bytes, &address).is_err());
        // What happens to be a content can be written again and says the same.
        if let Ok(content) = Content::decode(bytes) {
            assert_eq!(Content::decode(&content.encode().unwrap()), Ok(content));
        }
    });
}

/// A message that Ana made for Bob, and Bob before he saw it.
fn with_valid(make: impl FnOnce(&mut Vec<Phone>, &mut Vec<Group>) -> Vec<u8>) -> (Vec<u8>, Phone) {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let valid = make(&mut phones, &mut groups);
    (valid, phones.remove(1))
}

#[test]
fn a_changed_message_is_never_accepted() {
    let (valid, bob) = with_valid(|phones, groups| phones[0].send(&mut groups[0], "as it was").data);
    let bob = Mutex::new(bob);
    bolero::check!().with_iterations(RUNS).with_type::<Mutation>().for_each(move |mutation| {
        let bytes = mutated(&valid, mutation);
        let mut bob = locked(&bob);
        let storage = bob.snapshot();
        let mut group = Group::load(&storage, GroupId([1; 16])).unwrap().unwrap();
        let received = group.receive(&bob.provider(), &bytes);
        assert_eq!(received.is_ok(), bytes == valid);
        if let Ok(received) = received {
            assert_eq!(heard(&received).map(|(_, text)| text), Some("as it was"));
        }
        bob.storage = storage;
    });
}

#[test]
fn a_changed_commit_is_never_merged() {
    let (valid, bob) = with_valid(|phones, groups| {
        let (provider, device) = phones[0].parts();
        groups[0].commit(&provider, device, Change::SelfUpdate).unwrap().data
    });
    let bob = Mutex::new(bob);
    bolero::check!().with_iterations(RUNS).with_type::<Mutation>().for_each(move |mutation| {
        let bytes = mutated(&valid, mutation);
        let mut bob = locked(&bob);
        let storage = bob.snapshot();
        let mut group = Group::load(&storage, GroupId([1; 16])).unwrap().unwrap();
        let received = group.receive_commit(&bob.provider(), &bytes, false);
        assert_eq!(received.is_ok(), bytes == valid);
        assert_eq!(group.epoch(), if bytes == valid { 2 } else { 1 });
        bob.storage = storage;
    });
}

#[test]
fn a_changed_welcome_does_no_harm() {
    let (mut ana, mut bob) = (Phone::new("ana", 1), Phone::new("bob", 2));
    let package = bob.key_package();
    let info = crate::phone::room(&ana.address);
    let (provider, device) = ana.parts();
    let created = Group::create(&provider, device, GroupId([1; 16]), info, &[package]).unwrap();
    let (_, valid) = created.welcome.unwrap();
    let fork_tag = created.group.fork_tag();
    let bob = Mutex::new(bob);
    bolero::check!().with_iterations(RUNS).with_type::<Mutation>().for_each(move |mutation| {
        let bytes = mutated(&valid, mutation);
        let mut bob = locked(&bob);
        let storage = bob.snapshot();
        match Group::join(&bob.provider(), &bytes) {
            // What is not authenticated is not used: the group is the one that Ana made.
            Ok(joined) => assert_eq!(joined.group.fork_tag(), fork_tag),
            Err(_) => assert_ne!(bytes, valid),
        }
        bob.storage = storage;
    });
}

#[test]
fn a_changed_key_package_or_device_list_is_never_accepted() {
    let mut ana = Phone::new("ana", 1);
    let package = ana.new_key_package().data;
    let key = AccountIdentityKey::generate(&Randomness::new(&Entropy([9; 32])));
    let listed = ListedDevice {
        id: DeviceId([1; 8]),
        signature_key: ana.device.signature_key(),
        slots: vec![0, 1, 2],
    };
    let list = DeviceList { identity_key: key.public(), serial: 1, devices: vec![listed], revoked: vec![] };
    let list = list.encode(&ana.address, &key).unwrap();
    let address = ana.address.clone();
    bolero::check!().with_iterations(RUNS).with_type::<Mutation>().for_each(move |mutation| {
        let bytes = mutated(&package, mutation);
        assert_eq!(KeyPackage::parse(&bytes, NOW).is_ok(), bytes == package);
        let bytes = mutated(&list, mutation);
        assert_eq!(DeviceList::decode(&bytes, &address).is_ok(), bytes == list);
    });
}

#[test]
fn a_changed_content_never_panics() {
    let valid = says("a text").encode().unwrap();
    bolero::check!().with_iterations(RUNS).with_type::<Mutation>().for_each(move |mutation| {
        if let Ok(content) = Content::decode(&mutated(&valid, mutation)) {
            assert_eq!(Content::decode(&content.encode().unwrap()), Ok(content));
        }
    });
}
