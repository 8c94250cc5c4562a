//! A phone in a test: an account, a device, a storage, and randomness from a seed.

use heliograph_mls::{
    AccountIdentityKey, Content, Device, Group, Item, KeyPackage, NewKeyPackage, Provider, Randomness,
    Received, RoomInfo, RoomKind, Sealed, key_package,
};
use heliograph_model::{Address, DeviceId, Entropy, GroupId, MessageId, Timestamp};
use openmls_memory_storage::MemoryStorage;

/// The time at which tests happen, in milliseconds since 1970.
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);

pub struct Phone {
    pub address: Address,
    pub account: AccountIdentityKey,
    pub device: Device,
    pub storage: MemoryStorage,
    seed: u8,
    inputs: u64,
}

impl Phone {
    /// The phone of `name`@example.org. Phones with equal seeds draw equal random bytes, so each has its own.
    pub fn new(name: &str, seed: u8) -> Self {
        let account = AccountIdentityKey::generate(&Randomness::new(&entropy(seed, u64::MAX)));
        Self::with_account(name, seed, account)
    }

    /// The same with a given identity key: a further device of an account.
    pub fn with_account(name: &str, seed: u8, account: AccountIdentityKey) -> Self {
        let address = Address::parse(&format!("{name}@example.org")).unwrap();
        let storage = MemoryStorage::default();
        let provider = Provider::new(&entropy(seed, 0), &storage);
        let id = DeviceId([seed; 8]);
        let device = Device::create(&provider, &address, id, &account, 1, NOW).unwrap();
        Self { address, account, device, storage, seed, inputs: 0 }
    }

    /// A provider for the next input.
    pub fn provider(&mut self) -> Provider<'_, MemoryStorage> {
        self.inputs += 1;
        Provider::new(&entropy(self.seed, self.inputs), &self.storage)
    }

    /// Both at once, for calls that need the device as well.
    pub fn parts(&mut self) -> (Provider<'_, MemoryStorage>, &Device) {
        self.inputs += 1;
        (Provider::new(&entropy(self.seed, self.inputs), &self.storage), &self.device)
    }

    pub fn new_key_package(&mut self) -> NewKeyPackage {
        let (provider, device) = self.parts();
        key_package::create(&provider, device, NOW).unwrap()
    }

    pub fn key_package(&mut self) -> KeyPackage {
        KeyPackage::parse(&self.new_key_package().data, NOW).unwrap()
    }

    pub fn send(&mut self, group: &mut Group, text: &str) -> Sealed {
        let (provider, device) = self.parts();
        group.encrypt(&provider, device, &says(text)).unwrap()
    }

    pub fn join(&mut self, welcome: &[u8]) -> Group {
        Group::join(&self.provider(), welcome).unwrap().group
    }

    /// The bytes of the storage as they are now, for going back to them.
    pub fn snapshot(&self) -> MemoryStorage {
        let copy = MemoryStorage::default();
        copy.values.write().unwrap().clone_from(&self.storage.values.read().unwrap());
        copy
    }
}

pub fn entropy(seed: u8, input: u64) -> Entropy {
    let mut bytes = [seed; 32];
    bytes[..8].copy_from_slice(&input.to_be_bytes());
    Entropy(bytes)
}

pub fn says(text: &str) -> Content {
    let id = MessageId::new(format!("id of {text}"));
    Content { items: vec![Item::Text { id, text: text.to_owned(), sequence: None }] }
}

/// What an application message says, if it says one text.
pub fn heard(received: &Received) -> Option<(&Address, &str)> {
    match received {
        Received::Application { sender, content } => match content.items.as_slice() {
            [Item::Text { text, .. }] => Some((&sender.account, text)),
            _ => None,
        },
        Received::Own => None,
    }
}

pub fn room(owner: &Address) -> RoomInfo {
    RoomInfo::new(Some(Address::parse("x@rooms.example.org").unwrap()), RoomKind::Group, owner.clone())
}

/// A group of all phones, created by the first. One group state for each phone, in the same order.
pub fn group_of(phones: &mut [Phone], id: u8) -> Vec<Group> {
    let info = room(&phones[0].address);
    group_with(phones, id, info)
}

pub fn group_with(phones: &mut [Phone], id: u8, info: RoomInfo) -> Vec<Group> {
    let packages: Vec<_> = phones[1..].iter_mut().map(Phone::key_package).collect();
    let (provider, device) = phones[0].parts();
    let created = Group::create(&provider, device, GroupId([id; 16]), info, &packages).unwrap();
    let mut groups = vec![created.group];
    if let Some((_, welcome)) = created.welcome {
        groups.extend(phones[1..].iter_mut().map(|phone| phone.join(&welcome)));
    }
    groups
}

/// Phones with these names; the first has seed 1.
pub fn phones(names: &[&str]) -> Vec<Phone> {
    names.iter().zip(1..).map(|(name, seed)| Phone::new(name, seed)).collect()
}
