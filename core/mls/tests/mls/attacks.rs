//! Application messages that somebody changed, repeated, misplaced or forged.

use heliograph_mls::{Content, ContentError, Group, ReceiveError};
use heliograph_model::GroupId;
use openmls::prelude::{MlsGroup, OpenMlsProvider};

use crate::phone::{Phone, group_of, heard, phones};

const GROUP: GroupId = GroupId([1; 16]);

/// An application message made with OpenMLS directly: by the device of `signer` in the group state of `phone`.
fn raw_message(phone: &mut Phone, signer: &Phone, aad: &[u8], payload: &[u8]) -> Vec<u8> {
    let provider = phone.provider();
    let id = openmls::prelude::GroupId::from_slice(&GROUP.0);
    let mut group = MlsGroup::load(provider.storage(), &id).unwrap().unwrap();
    group.set_aad(aad.to_vec());
    group.create_message(&provider, &signer.device, payload).unwrap().to_bytes().unwrap()
}

#[test]
fn a_replayed_message_is_refused() {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let sealed = phones[0].send(&mut groups[0], "pay 10");
    assert!(groups[1].receive(&phones[1].provider(), &sealed.data).is_ok());
    for _ in 0..3 {
        let again = groups[1].receive(&phones[1].provider(), &sealed.data);
        assert_eq!(again, Err(ReceiveError::SecretReuse));
    }
}

#[test]
fn a_message_in_another_members_name_is_refused_and_burns_nothing() {
    let mut phones = phones(&["ana", "bob", "mallory"]);
    let mut groups = group_of(&mut phones, 1);
    // Mallory knows every secret of the group but Bob's signature key. At worst she has Bob's whole state.
    let mallory = phones.pop().unwrap();
    let mut bobs_state = Phone::new("bob", 2);
    bobs_state.storage = phones[1].snapshot();
    let payload = crate::phone::says("from bob?").encode().unwrap();
    let forged = raw_message(&mut bobs_state, &mallory, &[1, b'a'], &payload);
    let received = groups[0].receive(&phones[0].provider(), &forged);
    assert_eq!(received, Err(ReceiveError::BadSignature));
    // Bob's own message of the same generation still arrives.
    let sealed = phones[1].send(&mut groups[1], "from bob");
    let received = groups[0].receive(&phones[0].provider(), &sealed.data).unwrap();
    assert_eq!(heard(&received), Some((&phones[1].address, "from bob")));
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let sealed = phones[0].send(&mut groups[0], "exactly this");
    for position in 0..sealed.data.len() {
        let mut changed = sealed.data.clone();
        changed[position] ^= 0x10;
        let received = groups[1].receive(&phones[1].provider(), &changed);
        assert!(received.is_err(), "byte {position}: {received:?}");
    }
    assert!(groups[1].receive(&phones[1].provider(), &sealed.data).is_ok());
}

#[test]
fn a_message_does_not_fit_into_another_group() {
    let mut phones = phones(&["ana", "bob"]);
    let mut one = group_of(&mut phones, 1);
    let mut two = group_of(&mut phones, 2);
    let sealed = phones[0].send(&mut one[0], "for the first group");
    let received = two[1].receive(&phones[1].provider(), &sealed.data);
    assert_eq!(received, Err(ReceiveError::WrongGroup));
    // Nor does it when it is readdressed: the group id is authenticated.
    let position = sealed.data.windows(16).position(|window| window == [1; 16]).unwrap();
    let mut readdressed = sealed.data.clone();
    readdressed[position..position + 16].fill(2);
    let received = two[1].receive(&phones[1].provider(), &readdressed);
    assert_eq!(received, Err(ReceiveError::Undecryptable));
    // Nor into a group with the same id that belongs to another room or owner: the description is in the key schedule.
    let mut elsewhere = vec![Phone::new("ana", 1), Phone::new("bob", 2)];
    let mut info = crate::phone::room(&elsewhere[0].address);
    info.room = None;
    let mut same_id = crate::phone::group_with(&mut elsewhere, 1, info);
    let received = same_id[1].receive(&elsewhere[1].provider(), &sealed.data);
    assert_eq!(received, Err(ReceiveError::Undecryptable));
}

#[test]
fn one_class_does_not_pass_for_another() {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let signer = Phone::new("ana", 1);
    let payload = crate::phone::says("x").encode().unwrap();
    for aad in [&[1, b'c'][..], &[2, b'a'], &[1], &[]] {
        let data = raw_message(&mut phones[0], &signer, aad, &payload);
        let received = groups[1].receive(&phones[1].provider(), &data);
        assert_eq!(received, Err(ReceiveError::Malformed), "{aad:?}");
    }
}

#[test]
fn a_member_who_writes_nonsense_is_named_and_does_no_harm() {
    let mut phones = phones(&["ana", "bob"]);
    let mut groups = group_of(&mut phones, 1);
    let signer = Phone::new("ana", 1);
    let endless_array = vec![0x9f; 200_000];
    let huge_length = [0x81, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    for payload in [&b""[..], b"hello", &endless_array, &huge_length] {
        let data = raw_message(&mut phones[0], &signer, &[1, b'a'], payload);
        let received = groups[1].receive(&phones[1].provider(), &data);
        assert!(matches!(received, Err(ReceiveError::BadContent(_))), "{received:?}");
    }
    // Deep nesting is refused before it costs stack.
    assert_eq!(Content::decode(&vec![0x81; 100_000]), Err(ContentError::Malformed));
    groups[0] = Group::load(&phones[0].storage, GROUP).unwrap().unwrap();
    let sealed = phones[0].send(&mut groups[0], "sorry");
    assert!(groups[1].receive(&phones[1].provider(), &sealed.data).is_ok());
}
