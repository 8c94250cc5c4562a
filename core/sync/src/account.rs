//! A new account on this device: identity, device keys, key packages.

use heliograph_mls::{AccountIdentityKey, Device, DeviceKey, Provider, Randomness, key_package};
use heliograph_model::{Address, DeviceId, Entropy, Timestamp};
use heliograph_store::Store;
use heliograph_store::account::{self, Account};
use heliograph_store::key_package::{self as slots, KeyPackageSlot};
use heliograph_store::mls_storage::MlsStorage;

use zeroize::Zeroizing;

use crate::error::EngineError;
use crate::policy::KEY_PACKAGE_SLOTS;
use crate::random::Random;

/// Makes the account's keys and stores them. Nothing is published: that happens in the first session.
///
/// Fails if the database holds an account already.
pub fn create_account(
    store: &mut Store,
    now: Timestamp,
    entropy: &Entropy,
    address: &Address,
) -> Result<(), EngineError> {
    store.write(|tx| {
        let mut random = Random::new(entropy, "account");
        let storage = MlsStorage::live(tx);
        let identity = AccountIdentityKey::generate(&Randomness::new(&random.entropy()));
        let device = DeviceId(random.bytes());
        let serial = 1;
        let device_entropy = random.entropy();
        let created = Device::create(
            &Provider::new(&device_entropy, &storage),
            address,
            device,
            &identity,
            serial,
            now,
        )
        .map_err(EngineError::mls)?;
        account::create(
            tx,
            &Account {
                address: address.clone(),
                device,
                identity_public: identity.public().0,
                identity_secret: Zeroizing::new(identity.to_bytes().to_vec()),
                signature_public: created.signature_key().0.to_vec(),
                created_at: now,
                serial,
                devices_published: false,
            },
        )?;
        for slot in 0..KEY_PACKAGE_SLOTS {
            let entropy = random.entropy();
            let package = key_package::create(&Provider::new(&entropy, &storage), &created, now)
                .map_err(EngineError::mls)?;
            slots::put(
                tx,
                &KeyPackageSlot {
                    slot,
                    reference: package.reference,
                    data: package.data,
                    created_at: now,
                    published: false,
                    used_at: None,
                },
            )?;
        }
        Ok(())
    })
}

/// Our device as it was made by [`create_account`].
pub(crate) fn load_device(account: &Account, storage: &MlsStorage<'_>) -> Result<Device, EngineError> {
    let key =
        account.signature_public.as_slice().try_into().map(DeviceKey).map_err(|_| EngineError::Codec)?;
    Device::load(storage, &key).map_err(EngineError::mls)?.ok_or(EngineError::NoAccount)
}

/// The key that certifies our devices.
pub(crate) fn identity_key(account: &Account) -> Result<AccountIdentityKey, EngineError> {
    let secret = account.identity_secret.as_slice().try_into().map_err(|_| EngineError::Codec)?;
    Ok(AccountIdentityKey::from_bytes(secret))
}
