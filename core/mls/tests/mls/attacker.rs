//! What an attacker can make with an MLS library of their own: every function here writes the format as the specification
//! says, without the checks of the crate.

use ciborium::Value;
use heliograph_mls::{AccountIdentityKey, policy};
use heliograph_model::GroupId;
use openmls::prelude::{
    BasicCredential, Capabilities, CommitBuilder, CredentialType, CredentialWithKey, Extension,
    ExtensionType, Extensions, Initial, KeyPackage as MlsKeyPackage, LeafNode, Lifetime, MlsGroup,
    MlsGroupCreateConfig, MlsMessageOut, OpenMlsProvider, ProtocolVersion, RequiredCapabilitiesExtension,
    UnknownExtension,
};

use crate::phone::{NOW, Phone};

/// The group that is attacked, and the id that a forged one has.
pub const GROUP: GroupId = GroupId([1; 16]);

/// The extension `mls_binding`, put together as the specification says.
pub fn binding(
    named: &AccountIdentityKey,
    signer: &AccountIdentityKey,
    identity: &[u8],
    key: &[u8],
) -> Extension {
    let certified = [b"MLS-XMPP device v1", identity, key, &7_u64.to_be_bytes()].concat();
    let fields = Value::Array(vec![
        1.into(),
        named.public().0.to_vec().into(),
        7.into(),
        signer.sign(&certified).to_vec().into(),
        (NOW.0 + 1_000_000).into(),
    ]);
    let mut bytes = Vec::new();
    ciborium::into_writer(&fields, &mut bytes).unwrap();
    Extension::Unknown(policy::BINDING_EXTENSION, UnknownExtension(bytes))
}

pub fn credential(phone: &Phone, identity: &[u8]) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(identity.to_vec()).into(),
        signature_key: phone.device.signature_key().0.to_vec().into(),
    }
}

pub fn capabilities() -> Capabilities {
    let extensions = [
        ExtensionType::LastResort,
        ExtensionType::Unknown(policy::BINDING_EXTENSION),
        ExtensionType::Unknown(policy::ROOM_EXTENSION),
    ];
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[policy::CIPHERSUITE]),
        Some(&extensions),
        Some(&[]),
        Some(&[CredentialType::Basic]),
    )
}

pub fn endless() -> Lifetime {
    Lifetime::init(0, policy::LIFETIME_END_SECONDS)
}

/// A key package with any binding and lifetime.
pub fn package(phone: &mut Phone, binding: Option<Extension>, lifetime: Lifetime) -> MlsKeyPackage {
    let credential = credential(phone, &phone.device.identity().to_bytes());
    let extensions: Extensions<LeafNode> = Extensions::from_vec(binding.into_iter().collect()).unwrap();
    let (provider, device) = phone.parts();
    MlsKeyPackage::builder()
        .leaf_node_capabilities(capabilities())
        .leaf_node_extensions(extensions)
        .key_package_lifetime(lifetime)
        .mark_as_last_resort()
        .build(policy::CIPHERSUITE, &provider, device, credential)
        .unwrap()
        .into_key_package()
}

pub fn bytes_of(package: &MlsKeyPackage) -> Vec<u8> {
    MlsMessageOut::from(package.clone()).to_bytes().unwrap()
}

pub fn good_binding(phone: &Phone) -> Extension {
    binding(
        &phone.account,
        &phone.account,
        &phone.device.identity().to_bytes(),
        &phone.device.signature_key().0,
    )
}

pub fn raw_group(phone: &Phone) -> MlsGroup {
    let id = openmls::prelude::GroupId::from_slice(&GROUP.0);
    MlsGroup::load(&phone.storage, &id).unwrap().unwrap()
}

pub type Builder<'a> = CommitBuilder<'a, Initial, &'a mut MlsGroup>;

/// A commit made with OpenMLS directly, leaving the phone's own storage as it was.
pub fn raw_commit(phone: &mut Phone, change: impl FnOnce(Builder<'_>) -> Builder<'_>) -> Vec<u8> {
    raw_commit_with(phone, &[1, b'c'], change)
}

pub fn raw_commit_with(
    phone: &mut Phone,
    aad: &[u8],
    change: impl FnOnce(Builder<'_>) -> Builder<'_>,
) -> Vec<u8> {
    let before = phone.snapshot();
    let mut group = raw_group(phone);
    group.set_aad(aad.to_vec());
    let (provider, device) = phone.parts();
    let bundle = change(group.commit_builder())
        .load_psks(provider.storage())
        .unwrap()
        .build(provider.rand(), provider.crypto(), device, |_| true)
        .unwrap()
        .stage_commit(&provider)
        .unwrap();
    let data = bundle.commit().to_bytes().unwrap();
    phone.storage = before;
    data
}

/// A Welcome to a group of Mallory's making.
pub fn raw_welcome(mallory: &mut Phone, context: Vec<Extension>, members: &[MlsKeyPackage]) -> Vec<u8> {
    let bound = good_binding(mallory);
    let configuration = MlsGroupCreateConfig::builder()
        .ciphersuite(policy::CIPHERSUITE)
        .use_ratchet_tree_extension(true)
        .capabilities(capabilities())
        .lifetime(endless())
        .with_group_context_extensions(Extensions::from_vec(context).unwrap())
        .with_leaf_node_extensions(Extensions::single(bound).unwrap())
        .unwrap()
        .build();
    let credential = credential(mallory, &mallory.device.identity().to_bytes());
    let id = openmls::prelude::GroupId::from_slice(&GROUP.0);
    let (provider, device) = mallory.parts();
    let mut group = MlsGroup::new_with_group_id(&provider, device, &configuration, id, credential).unwrap();
    let (_, welcome, _) = group.add_members(&provider, device, members).unwrap();
    welcome.to_bytes().unwrap()
}

pub fn context(room: &[Value]) -> Vec<Extension> {
    let required = [policy::BINDING_EXTENSION, policy::ROOM_EXTENSION].map(ExtensionType::Unknown);
    let mut bytes = Vec::new();
    ciborium::into_writer(&Value::Array(room.to_vec()), &mut bytes).unwrap();
    vec![
        Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(
            &required,
            &[],
            &[CredentialType::Basic],
        )),
        Extension::Unknown(policy::ROOM_EXTENSION, UnknownExtension(bytes)),
    ]
}
