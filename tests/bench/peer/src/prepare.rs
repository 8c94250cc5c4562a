//! Makes the group, lets three epochs pass, and writes down the stanzas that are measured.
//!
//! Texts, senders and sizes come from the seed; keys come from the operating system, because the published provider takes no
//! others. Nothing here is measured.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openmls::prelude::{
    BasicCredential, Ciphersuite, CredentialWithKey, GroupId, KeyPackage, KeyPackageBundle,
    LeafNodeParameters, MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, MlsGroup, MlsGroupCreateConfig,
    MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, ProcessedMessageContent,
    ProtocolMessage, StagedWelcome,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::{OpenMlsRustCrypto, RustCrypto};
use openmls_traits::OpenMlsProvider;
use tls_codec::Deserialize as _;

use crate::Outcome;
use crate::database::{self, Provider, Safety};
use crate::workload::{Archived, CONTENT_BYTES, PAGE, PAST_EPOCHS, TEXTS_PER_PAST_EPOCH, Texts, Workload};

/// The ciphersuite that ours uses.
const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// The group's id.
pub const GROUP: [u8; 16] = [7; 16];

/// Where the stanzas are.
const PAGES_FILE: &str = "pages.json";

/// One who writes.
struct Writer {
    name: String,
    provider: OpenMlsRustCrypto,
    signer: SignatureKeyPair,
    group: Option<MlsGroup>,
}

impl Writer {
    fn new(number: usize) -> Outcome<Self> {
        let signer = SignatureKeyPair::new(CIPHERSUITE.signature_algorithm())?;
        let name = format!("member{number}@bench.test");
        Ok(Self { name, provider: OpenMlsRustCrypto::default(), signer, group: None })
    }

    fn key_package(&self) -> Outcome<KeyPackage> {
        key_package(&self.provider, &self.signer, &self.name)
    }

    fn group(&mut self) -> Outcome<&mut MlsGroup> {
        self.group.as_mut().ok_or_else(|| "a writer is in no group".into())
    }

    fn say(&mut self, text: &str) -> Outcome<Vec<u8>> {
        let mut content = text.as_bytes().to_vec();
        content.resize(content.len().max(CONTENT_BYTES), 0);
        let group = self.group.as_mut().ok_or("a writer is in no group")?;
        Ok(group.create_message(&self.provider, &self.signer, &content)?.to_bytes()?)
    }
}

fn key_package(
    provider: &impl OpenMlsProvider,
    signer: &SignatureKeyPair,
    name: &str,
) -> Outcome<KeyPackage> {
    let bundle: KeyPackageBundle = KeyPackage::builder()
        .build(CIPHERSUITE, provider, signer, credential(signer, name))
        .map_err(|error| error.to_string())?;
    Ok(bundle.key_package().clone())
}

fn credential(signer: &SignatureKeyPair, name: &str) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(name.as_bytes().to_vec()).into(),
        signature_key: signer.public().into(),
    }
}

fn configuration(past_epochs: usize) -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .max_past_epochs(past_epochs)
        .use_ratchet_tree_extension(true)
        .build()
}

fn join(provider: &impl OpenMlsProvider, welcome: &[u8], past_epochs: usize) -> Outcome<MlsGroup> {
    let MlsMessageBodyIn::Welcome(welcome) = MlsMessageIn::tls_deserialize_exact(welcome)?.extract() else {
        return Err("not a Welcome".into());
    };
    let staged = StagedWelcome::new_from_welcome(provider, &configuration(past_epochs), welcome, None)
        .map_err(|error| error.to_string())?;
    staged.into_group(provider).map_err(|error| error.to_string().into())
}

fn follow(provider: &impl OpenMlsProvider, group: &mut MlsGroup, data: &[u8]) -> Outcome<()> {
    let message: ProtocolMessage = MlsMessageIn::tls_deserialize_exact(data)?.try_into_protocol_message()?;
    let processed = group.process_message(provider, message).map_err(|error| error.to_string())?;
    if let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() {
        group.merge_staged_commit(provider, *staged).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// See the module.
pub fn run(folder: &Path, workload: &Workload, safety: Safety) -> Outcome<()> {
    let database = database::open(folder, safety)?;
    let crypto = RustCrypto::default();
    let reader = Provider::new(&crypto, &database);
    let reader_signer = SignatureKeyPair::new(CIPHERSUITE.signature_algorithm())?;

    let mut writers = (0..workload.senders).map(Writer::new).collect::<Outcome<Vec<_>>>()?;
    let mut packages = vec![key_package(&reader, &reader_signer, "reader@bench.test")?];
    for writer in &writers[1..] {
        packages.push(writer.key_package()?);
    }
    // The other members never say anything; only their leaves count.
    for number in workload.senders..workload.members.saturating_sub(1) {
        packages.push(Writer::new(number)?.key_package()?);
    }
    let welcome = create(&mut writers[0], &packages)?;
    for writer in &mut writers[1..] {
        writer.group = Some(join(&writer.provider, &welcome, 0)?);
    }
    let mut group = join(&reader, &welcome, PAST_EPOCHS)?;

    let mut texts = Texts::new(workload);
    for epoch in 0..PAST_EPOCHS {
        for _ in 0..TEXTS_PER_PAST_EPOCH {
            for writer in &mut writers {
                follow(&reader, &mut group, &writer.say(&texts.text())?)?;
            }
        }
        let data = renew(&mut writers, epoch % workload.senders)?;
        follow(&reader, &mut group, &data)?;
    }
    fs::write(folder.join(PAGES_FILE), serde_json::to_vec(&stanzas(workload, &mut texts, &mut writers)?)?)?;
    database.close().map_err(|(_, error)| error)?;
    Ok(())
}

fn create(founder: &mut Writer, packages: &[KeyPackage]) -> Outcome<Vec<u8>> {
    let configuration = MlsGroupCreateConfig::builder()
        .ciphersuite(CIPHERSUITE)
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(true)
        .build();
    let mut group = MlsGroup::new_with_group_id(
        &founder.provider,
        &founder.signer,
        &configuration,
        GroupId::from_slice(&GROUP),
        credential(&founder.signer, &founder.name),
    )
    .map_err(|error| error.to_string())?;
    let (_, welcome, _) = group
        .add_members_without_update(&founder.provider, &founder.signer, packages)
        .map_err(|error| error.to_string())?;
    group.merge_pending_commit(&founder.provider).map_err(|error| error.to_string())?;
    founder.group = Some(group);
    Ok(welcome.to_bytes()?)
}

/// One writer renews its keys, which begins an epoch; the other writers follow.
fn renew(writers: &mut [Writer], which: usize) -> Outcome<Vec<u8>> {
    let Writer { provider, signer, group, .. } = &mut writers[which];
    let group = group.as_mut().ok_or("a writer is in no group")?;
    let bundle = group
        .self_update(provider, signer, LeafNodeParameters::default())
        .map_err(|error| error.to_string())?;
    let data = MlsMessageOut::to_bytes(bundle.commit())?;
    group.merge_pending_commit(provider).map_err(|error| error.to_string())?;
    for (number, writer) in writers.iter_mut().enumerate() {
        if number != which {
            let Writer { provider, group, .. } = writer;
            follow(provider, group.as_mut().ok_or("a writer is in no group")?, &data)?;
        }
    }
    Ok(data)
}

fn stanzas(workload: &Workload, texts: &mut Texts, writers: &mut [Writer]) -> Outcome<Vec<Vec<String>>> {
    let mut stanzas = Vec::new();
    for number in 0..workload.messages {
        let (sender, text) = texts.next();
        let writer = &mut writers[sender];
        let data = STANDARD.encode(writer.say(&text)?);
        let epoch = writer.group()?.epoch().as_u64();
        let archived = Archived {
            archive_id: &format!("archive-{number:09}"),
            stanza_id: &format!("stanza-{number:09}"),
            nick: &format!("{sender:016x}"),
            epoch,
            fork_tag: "AAAAAAAA",
            data: &data,
        };
        stanzas.push(archived.to_xml());
    }
    Ok(stanzas.chunks(PAGE).map(<[String]>::to_vec).collect())
}

/// What [`run`] wrote.
pub fn pages(folder: &Path) -> Outcome<Vec<Vec<String>>> {
    Ok(serde_json::from_slice(&fs::read(folder.join(PAGES_FILE))?)?)
}
