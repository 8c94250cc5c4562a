//! Those who write to the reader: members of the group with their state in memory. Nothing here is measured.

use anyhow::Context;
use heliograph_mls::{
    AccountIdentityKey, Change, Content, Device, Group, Item, KeyPackage, Provider, Randomness, RoomInfo,
    RoomKind, Sealed, key_package,
};
use heliograph_model::{Address, DeviceId, Entropy, GroupId, MessageId};
use openmls_memory_storage::MemoryStorage;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;

use crate::reader::NOW;
use crate::workload::ROOM;

/// The group's id.
const GROUP: GroupId = GroupId([7; 16]);

/// One member.
pub struct Writer {
    /// Its account.
    pub address: Address,
    device: Device,
    storage: MemoryStorage,
    random: ChaCha20Rng,
    group: Option<Group>,
    /// Of its last text.
    sequence: u64,
}

impl Writer {
    /// Member number `number` of the workload with this seed.
    pub fn new(seed: u64, number: usize) -> anyhow::Result<Self> {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        random.set_stream(number as u64 + 1);
        let address = Address::parse(&format!("member{number}@bench.test"))?;
        let storage = MemoryStorage::default();
        let identity = AccountIdentityKey::generate(&Randomness::new(&entropy(&mut random)));
        let device = {
            let provider = Provider::new(&entropy(&mut random), &storage);
            let id = DeviceId((number as u64).to_be_bytes());
            Device::create(&provider, &address, id, &identity, 1, NOW)?
        };
        Ok(Self { address, device, storage, random, group: None, sequence: NOW.0 as u64 })
    }

    /// The name in the room: the device, as ours have it.
    pub fn nick(&self) -> String {
        self.device.id().to_string()
    }

    /// A key package to be invited with.
    pub fn key_package(&mut self) -> anyhow::Result<KeyPackage> {
        let provider = Provider::new(&entropy(&mut self.random), &self.storage);
        let package = key_package::create(&provider, &self.device, NOW)?;
        Ok(KeyPackage::parse(&package.data, NOW)?)
    }

    /// Makes the group with everybody; the Welcome.
    pub fn create_group(&mut self, packages: &[KeyPackage]) -> anyhow::Result<Vec<u8>> {
        let info = RoomInfo::new(Some(Address::parse(ROOM)?), RoomKind::Group, self.address.clone());
        let provider = Provider::new(&entropy(&mut self.random), &self.storage);
        let created = Group::create(&provider, &self.device, GROUP, info, packages)?;
        self.group = Some(created.group);
        let (_, welcome) = created.welcome.context("a group of one")?;
        Ok(welcome)
    }

    /// Joins the group.
    pub fn join(&mut self, welcome: &[u8]) -> anyhow::Result<()> {
        let provider = Provider::new(&entropy(&mut self.random), &self.storage);
        self.group = Some(Group::join(&provider, welcome)?.group);
        Ok(())
    }

    /// Says something.
    pub fn say(&mut self, text: String) -> anyhow::Result<Sealed> {
        // As the engine makes them: 128 random bits, 22 characters.
        let id = MessageId::new(format!("{:022x}", self.random.next_u64()));
        self.sequence += 1;
        let content = Content { items: vec![Item::Text { id, text, sequence: Some(self.sequence) }] };
        let provider = Provider::new(&entropy(&mut self.random), &self.storage);
        let group = self.group.as_mut().context("a writer is in no group")?;
        Ok(group.encrypt(&provider, &self.device, &content)?)
    }

    /// Renews its keys; the commit and what names its epoch.
    pub fn renew(&mut self) -> anyhow::Result<Sealed> {
        let provider = Provider::new(&entropy(&mut self.random), &self.storage);
        let group = self.group.as_mut().context("a writer is in no group")?;
        let pending = group.commit(&provider, &self.device, Change::SelfUpdate)?;
        Ok(Sealed {
            data: pending.data,
            stanza: pending.stanza,
            epoch: pending.epoch,
            fork_tag: pending.fork_tag,
        })
    }

    /// A commit, its own or another's, comes back from the room.
    pub fn follow(&mut self, commit: &[u8], own: bool) -> anyhow::Result<()> {
        let provider = Provider::new(&entropy(&mut self.random), &self.storage);
        let group = self.group.as_mut().context("a writer is in no group")?;
        group.receive_commit(&provider, commit, own)?;
        Ok(())
    }
}

fn entropy(random: &mut ChaCha20Rng) -> Entropy {
    let mut bytes = [0; 32];
    random.fill_bytes(&mut bytes);
    Entropy(bytes)
}
