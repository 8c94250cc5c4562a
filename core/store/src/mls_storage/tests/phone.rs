//! A device with its own database, driving OpenMLS in one transaction for each step.

use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _};
use openmls::prelude::{
    BasicCredential, CredentialWithKey, GroupId as MlsGroupId, KeyPackage, LeafNodeParameters, MlsGroup,
    MlsGroupCreateConfig, MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, OpenMlsProvider,
    ProcessedMessageContent, StagedWelcome,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::RustCrypto;
use rusqlite::Transaction;

use super::{GROUP, NOW, SUITE};
use crate::Store;
use crate::mls_storage::{MlsStorage, snapshot};
use crate::testing::{Home, write};

pub(super) struct Provider<'a> {
    pub(super) crypto: RustCrypto,
    pub(super) storage: MlsStorage<'a>,
}

impl<'a> Provider<'a> {
    pub(super) fn new(storage: MlsStorage<'a>) -> Self {
        Self { crypto: RustCrypto::default(), storage }
    }

    pub(super) fn live(tx: &'a Transaction<'_>) -> Self {
        Self::new(MlsStorage::live(tx))
    }

    pub(super) fn group(&self) -> MlsGroup {
        self.load().expect("the group is stored")
    }

    pub(super) fn load(&self) -> Option<MlsGroup> {
        MlsGroup::load(&self.storage, &MlsGroupId::from_slice(&GROUP.0)).unwrap()
    }
}

impl<'a> OpenMlsProvider for Provider<'a> {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = MlsStorage<'a>;

    fn storage(&self) -> &MlsStorage<'a> {
        &self.storage
    }

    fn crypto(&self) -> &RustCrypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.crypto
    }
}

/// A device with its own database; holds nothing in memory but the public half of its key.
pub(super) struct Phone {
    pub(super) _home: Home,
    pub(super) store: Store,
    pub(super) name: &'static str,
    pub(super) public: Vec<u8>,
}

pub(super) fn bytes(message: &MlsMessageOut) -> Vec<u8> {
    message.tls_serialize_detached().unwrap()
}

pub(super) fn parse(data: &[u8]) -> MlsMessageIn {
    MlsMessageIn::tls_deserialize_exact(data).unwrap()
}

/// The text in `data`, or why there is none. Whatever became of the ratchets is in `provider`'s database.
pub(super) fn decrypt(provider: &Provider<'_>, group: &mut MlsGroup, data: &[u8]) -> Result<String, String> {
    let message = parse(data).try_into_protocol_message().unwrap();
    match group.process_message(provider, message) {
        Ok(processed) => match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(text) => {
                Ok(String::from_utf8(text.into_bytes()).unwrap())
            }
            _ => panic!("not an application message"),
        },
        Err(error) => Err(error.to_string()),
    }
}

impl Phone {
    pub(super) fn new(name: &'static str) -> Self {
        let home = Home::new();
        let mut store = home.open();
        let keys = SignatureKeyPair::new(SUITE.signature_algorithm()).unwrap();
        let public = keys.public().to_vec();
        write(&mut store, |tx| keys.store(&MlsStorage::live(tx)).unwrap());
        Self { _home: home, store, name, public }
    }

    pub(super) fn credential(&self) -> CredentialWithKey {
        let credential = BasicCredential::new(self.name.as_bytes().to_vec()).into();
        CredentialWithKey { credential, signature_key: self.public.as_slice().into() }
    }

    pub(super) fn key_package(&mut self) -> KeyPackage {
        let (credential, public) = (self.credential(), self.public.clone());
        write(&mut self.store, |tx| {
            let provider = Provider::live(tx);
            let bundle = KeyPackage::builder()
                .build(SUITE, &provider, &signer(&provider, &public), credential)
                .unwrap();
            bundle.key_package().clone()
        })
    }

    pub(super) fn create(&mut self) {
        let (credential, public) = (self.credential(), self.public.clone());
        write(&mut self.store, |tx| {
            let provider = Provider::live(tx);
            let config = MlsGroupCreateConfig::builder()
                .ciphersuite(SUITE)
                .use_ratchet_tree_extension(true)
                .max_past_epochs(0)
                .build();
            let id = MlsGroupId::from_slice(&GROUP.0);
            MlsGroup::new_with_group_id(&provider, &signer(&provider, &public), &config, id, credential)
                .unwrap();
        });
    }

    /// The commit and the Welcome; the commit is merged here.
    pub(super) fn add(&mut self, packages: &[KeyPackage]) -> (Vec<u8>, Vec<u8>) {
        let public = self.public.clone();
        write(&mut self.store, |tx| {
            let provider = Provider::live(tx);
            let mut group = provider.group();
            let (commit, welcome, _) =
                group.add_members(&provider, &signer(&provider, &public), packages).unwrap();
            group.merge_pending_commit(&provider).unwrap();
            (bytes(&commit), bytes(&welcome))
        })
    }

    pub(super) fn join(&mut self, welcome: &[u8]) {
        write(&mut self.store, |tx| {
            let provider = Provider::live(tx);
            let MlsMessageBodyIn::Welcome(welcome) = parse(welcome).extract() else { panic!("no Welcome") };
            let config =
                MlsGroupJoinConfig::builder().use_ratchet_tree_extension(true).max_past_epochs(0).build();
            let staged = StagedWelcome::new_from_welcome(&provider, &config, welcome, None).unwrap();
            staged.into_group(&provider).unwrap();
        });
    }

    pub(super) fn encrypt(&mut self, text: &str) -> Vec<u8> {
        let public = self.public.clone();
        write(&mut self.store, |tx| {
            let provider = Provider::live(tx);
            let signer = signer(&provider, &public);
            bytes(&provider.group().create_message(&provider, &signer, text.as_bytes()).unwrap())
        })
    }

    pub(super) fn decrypt(&mut self, data: &[u8]) -> Result<String, String> {
        write(&mut self.store, |tx| {
            let provider = Provider::live(tx);
            decrypt(&provider, &mut provider.group(), data)
        })
    }

    pub(super) fn decrypt_past(&mut self, epoch: u64, data: &[u8]) -> Option<Result<String, String>> {
        write(&mut self.store, |tx| {
            let provider = Provider::new(MlsStorage::past_epoch(tx, epoch));
            provider.load().map(|mut group| decrypt(&provider, &mut group, data))
        })
    }

    /// Merges a commit of somebody else, keeping the epoch that ends.
    pub(super) fn commit(&mut self, data: &[u8]) {
        write(&mut self.store, |tx| {
            let provider = Provider::live(tx);
            let mut group = provider.group();
            snapshot(tx, &GROUP, group.epoch().as_u64(), NOW).unwrap();
            let message = parse(data).try_into_protocol_message().unwrap();
            let processed = group.process_message(&provider, message).unwrap();
            let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
                panic!("no commit")
            };
            group.merge_staged_commit(&provider, *staged).unwrap();
        });
    }

    /// A commit that changes only our own keys; not merged.
    pub(super) fn self_update(&mut self) -> Vec<u8> {
        let public = self.public.clone();
        write(&mut self.store, |tx| {
            let provider = Provider::live(tx);
            let signer = signer(&provider, &public);
            let bundle =
                provider.group().self_update(&provider, &signer, LeafNodeParameters::default()).unwrap();
            bytes(bundle.commit())
        })
    }

    pub(super) fn merge_own(&mut self) {
        write(&mut self.store, |tx| {
            let provider = Provider::live(tx);
            provider.group().merge_pending_commit(&provider).unwrap();
        });
    }

    pub(super) fn epoch(&mut self) -> u64 {
        write(&mut self.store, |tx| Provider::live(tx).group().epoch().as_u64())
    }
}

pub(super) fn signer(provider: &Provider<'_>, public: &[u8]) -> SignatureKeyPair {
    SignatureKeyPair::read(&provider.storage, public, SUITE.signature_algorithm()).unwrap()
}

/// Ana and Ben in a group in epoch 1.
pub(super) fn pair() -> (Phone, Phone) {
    let (mut ana, mut ben) = (Phone::new("ana"), Phone::new("ben"));
    ana.create();
    let (_, welcome) = ana.add(&[ben.key_package()]);
    ben.join(&welcome);
    (ana, ben)
}
