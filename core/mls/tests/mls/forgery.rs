//! Commits, key packages and Welcomes that break a rule, made by members with an MLS library and bad intentions.

use std::cell::Cell;

use ciborium::Value;
use heliograph_mls::{
    AccountIdentityKey, BindingError, CommitError, CommitOutcome, Group, InvalidCommit, JoinError,
    KeyPackage, KeyPackageError, RoomInfo, RoomInfoError, RoomKind, policy,
};
use heliograph_model::Address;
use openmls::prelude::tls_codec::Deserialize as _;
use openmls::prelude::{
    CredentialType, Extension, ExtensionType, Extensions, KeyPackage as MlsKeyPackage, LeafNodeIndex,
    LeafNodeParameters, Lifetime, MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY, MlsGroup, MlsGroupJoinConfig,
    MlsMessageBodyIn, MlsMessageIn, OpenMlsProvider, RequiredCapabilitiesExtension, UnknownExtension,
};

use crate::attacker::{
    GROUP, binding, bytes_of, capabilities, context, credential, endless, good_binding, package, raw_commit,
    raw_commit_with, raw_group, raw_welcome,
};
use crate::phone::{NOW, Phone, group_of, group_with, phones, room};

/// A group in which Mallory is a member like others.
struct Scene {
    phones: Vec<Phone>,
    groups: Vec<Group>,
}

const ANA: usize = 0;
const BOB: usize = 1;
const MALLORY: usize = 2;

impl Scene {
    fn new() -> Self {
        let mut phones = phones(&["ana", "bob", "mallory"]);
        let groups = group_of(&mut phones, 1);
        Self { phones, groups }
    }

    fn receive(&mut self, member: usize, data: &[u8]) -> Result<CommitOutcome, CommitError> {
        self.groups[member].receive_commit(&self.phones[member].provider(), data, false)
    }

    /// Ana and Bob come to the same verdict, and the group goes on as if nothing had happened.
    fn everybody_refuses(&mut self, data: &[u8], reason: InvalidCommit) {
        for member in [ANA, BOB] {
            assert_eq!(self.receive(member, data), Err(CommitError::Invalid(reason)), "member {member}");
        }
        let good = raw_commit(&mut self.phones[BOB], |builder| builder.force_self_update(true));
        assert_eq!(self.receive(ANA, &good).map(|outcome| outcome.epoch), Ok(2));
    }
}

#[test]
fn a_device_without_a_binding_can_not_be_added() {
    let mut scene = Scene::new();
    let package = package(&mut Phone::new("eve", 50), None, endless());
    assert_eq!(
        KeyPackage::parse(&bytes_of(&package), NOW).unwrap_err(),
        KeyPackageError::Binding(BindingError::Missing)
    );
    let data = raw_commit(&mut scene.phones[MALLORY], |builder| builder.propose_adds([package]));
    scene.everybody_refuses(&data, InvalidCommit::Binding(BindingError::Missing));
}

#[test]
fn a_device_bound_by_somebody_elses_signature_can_not_be_added() {
    let mut scene = Scene::new();
    // Mallory claims a device of Dora, under Dora's public identity key but signed with her own.
    let dora = Phone::new("dora", 60);
    let mut fake = Phone::new("dora", 61);
    let identity = fake.device.identity().to_bytes();
    let key = fake.device.signature_key().0;
    let swapped = binding(&dora.account, &scene.phones[MALLORY].account, &identity, &key);
    let package = package(&mut fake, Some(swapped), endless());
    assert_eq!(
        KeyPackage::parse(&bytes_of(&package), NOW).unwrap_err(),
        KeyPackageError::Binding(BindingError::Signature)
    );
    let data = raw_commit(&mut scene.phones[MALLORY], |builder| builder.propose_adds([package]));
    scene.everybody_refuses(&data, InvalidCommit::Binding(BindingError::Signature));
}

#[test]
fn a_binding_of_another_device_does_not_fit() {
    // The certificate of Ana's phone, copied to a device with another signature key, id or account.
    let ana = Phone::new("ana", 1);
    let mut thief = Phone::new("ana", 70);
    let package = package(&mut thief, Some(good_binding(&ana)), endless());
    assert_eq!(
        KeyPackage::parse(&bytes_of(&package), NOW).unwrap_err(),
        KeyPackageError::Binding(BindingError::Signature)
    );
}

#[test]
fn an_account_can_not_have_two_identity_keys_in_a_group() {
    let mut scene = Scene::new();
    // A "device of Bob" with a perfectly good binding, under an identity key that is Mallory's invention.
    let mut fake = Phone::new("bob", 51);
    let package = package(&mut fake, Some(good_binding(&Phone::new("bob", 51))), endless());
    let data = raw_commit(&mut scene.phones[MALLORY], |builder| builder.propose_adds([package]));
    scene.everybody_refuses(&data, InvalidCommit::IdentityKey);
}

#[test]
fn a_device_is_a_member_at_most_once() {
    let mut scene = Scene::new();
    // Bob's account certifies a second key for the device id that is already there.
    let account = AccountIdentityKey::from_bytes(&scene.phones[BOB].account.to_bytes());
    let mut twin = Phone::with_account("bob", 52, account);
    let identity = scene.phones[BOB].device.identity().to_bytes();
    let key = twin.device.signature_key().0;
    let extensions = Extensions::single(binding(&twin.account, &twin.account, &identity, &key)).unwrap();
    let credential = credential(&twin, &identity);
    let (provider, device) = twin.parts();
    let package = MlsKeyPackage::builder()
        .leaf_node_capabilities(capabilities())
        .leaf_node_extensions(extensions)
        .key_package_lifetime(endless())
        .build(policy::CIPHERSUITE, &provider, device, credential)
        .unwrap()
        .into_key_package();
    let data = raw_commit(&mut scene.phones[BOB], |builder| builder.propose_adds([package]));
    assert_eq!(scene.receive(ANA, &data), Err(CommitError::Invalid(InvalidCommit::DuplicateDevice)));
}

#[test]
fn a_leaf_that_expires_can_not_be_added() {
    let mut scene = Scene::new();
    let mut eve = Phone::new("eve", 50);
    let bound = good_binding(&eve);
    let package = package(&mut eve, Some(bound), Lifetime::init(0, 10_000_000_000));
    assert_eq!(KeyPackage::parse(&bytes_of(&package), NOW).unwrap_err(), KeyPackageError::Lifetime);
    let data = raw_commit(&mut scene.phones[MALLORY], |builder| builder.propose_adds([package]));
    scene.everybody_refuses(&data, InvalidCommit::Lifetime);
}

#[test]
fn only_the_owner_removes_others() {
    let mut scene = Scene::new();
    let bob = LeafNodeIndex::new(1);
    let data = raw_commit(&mut scene.phones[MALLORY], |builder| builder.propose_removals([bob]));
    scene.everybody_refuses(&data, InvalidCommit::RemoveNotAllowed);
}

#[test]
fn everybody_removes_devices_of_their_own() {
    let mut phones = phones(&["ana", "bob"]);
    let account = AccountIdentityKey::from_bytes(&phones[BOB].account.to_bytes());
    phones.push(Phone::with_account("bob", 53, account));
    let mut groups = group_of(&mut phones, 1);
    let tablet = LeafNodeIndex::new(2);
    let data = raw_commit(&mut phones[BOB], |builder| builder.propose_removals([tablet]));
    let outcome = groups[ANA].receive_commit(&phones[ANA].provider(), &data, false).unwrap();
    assert_eq!(outcome.removed.first().map(|member| member.device), Some(phones[2].device.id()));
    assert!(groups[2].receive_commit(&phones[2].provider(), &data, false).unwrap().self_removed);
}

#[test]
fn nobody_makes_themselves_the_owner() {
    let mut scene = Scene::new();
    let required = [policy::BINDING_EXTENSION, policy::ROOM_EXTENSION].map(ExtensionType::Unknown);
    let extensions = Extensions::from_vec(vec![
        Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(
            &required,
            &[],
            &[CredentialType::Basic],
        )),
        Extension::Unknown(policy::ROOM_EXTENSION, UnknownExtension(b"mallory owns it".to_vec())),
    ])
    .unwrap();
    let data = raw_commit(&mut scene.phones[MALLORY], |builder| {
        builder.propose_group_context_extensions(extensions).unwrap()
    });
    scene.everybody_refuses(&data, InvalidCommit::Proposal);
}

#[test]
fn a_member_can_not_become_somebody_else() {
    let mut scene = Scene::new();
    // A flawless identity, certified by its identity key, but not the one that was let in.
    let eve = Address::parse("eve@example.org").unwrap();
    let mallory = &mut scene.phones[MALLORY];
    let identity = [eve.to_string().as_bytes(), &[0], &mallory.device.id().0].concat();
    let key = mallory.device.signature_key().0;
    let parameters = LeafNodeParameters::builder()
        .with_credential_with_key(credential(mallory, &identity))
        .with_extensions(
            Extensions::single(binding(&mallory.account, &mallory.account, &identity, &key)).unwrap(),
        )
        .build();
    let data = raw_commit(mallory, |builder| builder.leaf_node_parameters(parameters));
    scene.everybody_refuses(&data, InvalidCommit::IdentityChanged);
}

#[test]
fn a_member_can_not_drop_its_binding() {
    let mut scene = Scene::new();
    let parameters = LeafNodeParameters::builder().with_extensions(Extensions::empty()).build();
    let data = raw_commit(&mut scene.phones[MALLORY], |builder| builder.leaf_node_parameters(parameters));
    scene.everybody_refuses(&data, InvalidCommit::Binding(BindingError::Missing));
}

#[test]
fn nobody_joins_from_outside() {
    let mut scene = Scene::new();
    let ana = &mut scene.phones[ANA];
    let group = raw_group(ana);
    let (provider, device) = ana.parts();
    let info = group.export_group_info(provider.crypto(), device, true).unwrap().to_bytes().unwrap();
    let Ok(MlsMessageBodyIn::GroupInfo(info)) =
        MlsMessageIn::tls_deserialize_exact(info).map(MlsMessageIn::extract)
    else {
        panic!("not a GroupInfo")
    };
    let mut eve = Phone::new("eve", 50);
    let credential = credential(&eve, &eve.device.identity().to_bytes());
    let parameters = LeafNodeParameters::builder()
        .with_capabilities(capabilities())
        .with_extensions(Extensions::single(good_binding(&eve)).unwrap())
        .build();
    let (provider, device) = eve.parts();
    let (_, bundle) = MlsGroup::external_commit_builder()
        .with_aad(vec![1, b'c'])
        .build_group(&provider, info, credential)
        .unwrap()
        .leaf_node_parameters(parameters)
        .load_psks(provider.storage())
        .unwrap()
        .build(provider.rand(), provider.crypto(), device, |_| true)
        .unwrap()
        .finalize(&provider)
        .unwrap();
    let data = bundle.commit().to_bytes().unwrap();
    scene.everybody_refuses(&data, InvalidCommit::NotFromAMember);
}

#[test]
fn a_commit_is_framed_as_one() {
    let mut scene = Scene::new();
    let data =
        raw_commit_with(&mut scene.phones[MALLORY], &[1, b'a'], |builder| builder.force_self_update(true));
    scene.everybody_refuses(&data, InvalidCommit::Framing);
}

#[test]
fn an_encrypted_commit_is_refused() {
    let mut scene = Scene::new();
    let mallory = &scene.phones[MALLORY];
    let configuration =
        MlsGroupJoinConfig::builder().wire_format_policy(MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY).build();
    raw_group(mallory).set_configuration(&mallory.storage, &configuration).unwrap();
    let data = raw_commit(&mut scene.phones[MALLORY], |builder| builder.force_self_update(true));
    scene.everybody_refuses(&data, InvalidCommit::Framing);
}

#[test]
fn a_changed_commit_is_not_authentic() {
    let mut scene = Scene::new();
    let good = raw_commit(&mut scene.phones[MALLORY], |builder| builder.force_self_update(true));
    for position in (0..good.len()).step_by(7) {
        let mut changed = good.clone();
        changed[position] ^= 0x20;
        let received = scene.receive(ANA, &changed);
        assert!(received.is_err(), "byte {position}");
        assert!(!matches!(received, Err(CommitError::Storage(_))), "byte {position}: {received:?}");
    }
    // The last bytes are the membership tag.
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    scene.everybody_refuses(&changed, InvalidCommit::NotAuthentic);
}

#[test]
fn a_commit_for_another_group_is_refused() {
    let mut scene = Scene::new();
    let mut others = group_of(&mut scene.phones, 2);
    let data = raw_commit(&mut scene.phones[MALLORY], |builder| builder.force_self_update(true));
    let received = others[BOB].receive_commit(&scene.phones[BOB].provider(), &data, false);
    assert_eq!(received, Err(CommitError::Invalid(InvalidCommit::WrongGroup)));
}

#[test]
fn a_proposal_is_no_commit_and_none_is_taken_by_reference() {
    let mut scene = Scene::new();
    let mallory = &mut scene.phones[MALLORY];
    let mut group = raw_group(mallory);
    let before = mallory.snapshot();
    let (provider, device) = mallory.parts();
    group.set_aad(vec![1, b'p']);
    let (proposal, _) = group.propose_remove_member(&provider, device, LeafNodeIndex::new(1)).unwrap();
    let proposal = proposal.to_bytes().unwrap();
    // Mallory's group state has the proposal in store; her commit refers to it.
    group.set_aad(vec![1, b'c']);
    let (commit, ..) = group.commit_to_pending_proposals(&provider, device).unwrap();
    let commit = commit.to_bytes().unwrap();
    mallory.storage = before;
    assert_eq!(scene.receive(ANA, &proposal), Err(CommitError::NotCommit));
    scene.everybody_refuses(&commit, InvalidCommit::Protocol);
}

#[test]
fn no_account_fills_a_group_with_devices() {
    let mut scene = Scene::new();
    let packages: Vec<_> = (0..10)
        .map(|number| {
            let account = AccountIdentityKey::from_bytes(&scene.phones[MALLORY].account.to_bytes());
            let mut device = Phone::with_account("mallory", 80 + number, account);
            let bound = good_binding(&device);
            package(&mut device, Some(bound), endless())
        })
        .collect();
    let data = raw_commit(&mut scene.phones[MALLORY], |builder| builder.propose_adds(packages));
    scene.everybody_refuses(&data, InvalidCommit::TooManyDevices);
}

#[test]
fn no_third_account_gets_into_a_direct_chat() {
    let mut phones = phones(&["ana", "bob"]);
    let info = RoomInfo::new(None, RoomKind::Direct, phones[ANA].address.clone());
    let mut groups = group_with(&mut phones, 1, info);
    let mut eve = Phone::new("eve", 50);
    let bound = good_binding(&eve);
    let package = package(&mut eve, Some(bound), endless());
    let data = raw_commit(&mut phones[BOB], |builder| builder.propose_adds([package]));
    let received = groups[ANA].receive_commit(&phones[ANA].provider(), &data, false);
    assert_eq!(received, Err(CommitError::Invalid(InvalidCommit::DirectGroup)));
}

#[test]
fn the_other_half_of_a_direct_chat_can_not_be_exchanged() {
    let mut phones = phones(&["ana", "bob"]);
    let info = RoomInfo::new(None, RoomKind::Direct, phones[ANA].address.clone());
    let mut groups = group_with(&mut phones, 1, info);
    let mut eve = Phone::new("eve", 50);
    let bound = good_binding(&eve);
    let package = package(&mut eve, Some(bound), endless());
    // Ana owns the group and may remove Bob, but nobody takes his place.
    let data = raw_commit(&mut phones[ANA], |builder| {
        builder.propose_removals([LeafNodeIndex::new(1)]).propose_adds([package])
    });
    let received = groups[BOB].receive_commit(&phones[BOB].provider(), &data, false);
    assert_eq!(received, Err(CommitError::Invalid(InvalidCommit::DirectGroup)));
}

// --- Welcomes ---

/// A group context as it should be.
fn good_context() -> Vec<Extension> {
    context(&[1.into(), Value::Null, 1.into(), "mallory@example.org".into(), 1.into()])
}

fn bobs_answer(
    bob: &mut Phone,
    context: Vec<Extension>,
    others: Vec<MlsKeyPackage>,
) -> Result<(), JoinError> {
    let bound = good_binding(bob);
    let mut members = vec![package(bob, Some(bound), endless())];
    members.extend(others);
    let welcome = raw_welcome(&mut Phone::new("mallory", 3), context, &members);
    let answer = Group::join(&bob.provider(), &welcome).map(|_| ());
    // Nothing of a refused group stays.
    let kept = Group::load(&bob.storage, GROUP).unwrap().is_some();
    assert_eq!(kept, answer.is_ok());
    answer
}

#[test]
fn a_welcome_to_a_group_that_is_not_as_it_should_be_is_refused() {
    let eve = Cell::new(50);
    let stranger = |bound: &dyn Fn(&Phone) -> Option<Extension>, lifetime: Lifetime| {
        eve.set(eve.get() + 1);
        let mut phone = Phone::new("eve", eve.get());
        let bound = bound(&phone);
        package(&mut phone, bound, lifetime)
    };
    let answer = |context, others| bobs_answer(&mut Phone::new("bob", 2), context, others);
    let good = |phone: &Phone| Some(good_binding(phone));
    assert_eq!(answer(good_context(), vec![stranger(&good, endless())]), Ok(()));

    // A member without, or with somebody else's, binding.
    let unbound = stranger(&|_| None, endless());
    assert_eq!(
        answer(good_context(), vec![unbound]),
        Err(JoinError::UnverifiedMember(BindingError::Missing))
    );
    let stolen = stranger(&|_| Some(good_binding(&Phone::new("eve", 99))), endless());
    assert_eq!(
        answer(good_context(), vec![stolen]),
        Err(JoinError::UnverifiedMember(BindingError::Signature))
    );
    // One account with two identity keys; a leaf that expires.
    let two = vec![stranger(&good, endless()), stranger(&good, endless())];
    assert_eq!(answer(good_context(), two), Err(JoinError::Rules(InvalidCommit::IdentityKey)));
    let mortal = stranger(&good, Lifetime::init(0, 10_000_000_000));
    assert_eq!(answer(good_context(), vec![mortal]), Err(JoinError::Rules(InvalidCommit::Lifetime)));
    // A direct chat of three; rules from the future; no description at all.
    let direct = context(&[1.into(), Value::Null, 0.into(), "mallory@example.org".into(), 1.into()]);
    let third = stranger(&good, endless());
    assert_eq!(answer(direct, vec![third]), Err(JoinError::Rules(InvalidCommit::DirectGroup)));
    let future = context(&[1.into(), Value::Null, 1.into(), "mallory@example.org".into(), 2.into()]);
    assert_eq!(answer(future, vec![]), Err(JoinError::Room(RoomInfoError::UnknownPolicy(2))));
    assert_eq!(answer(vec![], vec![]), Err(JoinError::Room(RoomInfoError::Missing)));
    assert_eq!(answer(context(&[7.into()]), vec![]), Err(JoinError::Room(RoomInfoError::Malformed)));
}

#[test]
fn a_room_can_be_told_by_everybody_in_it() {
    let scene = Scene::new();
    for group in &scene.groups {
        assert_eq!(group.info(), &room(&scene.phones[ANA].address));
        assert_eq!(group.id(), Some(GROUP));
    }
}
