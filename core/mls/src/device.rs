//! This device as a member of groups: its signature key, and the certificate of its account for it.
//!
//! The secret key lives in the storage provider's table of signature keys, together with what is needed to write leaves:
//! [`Device::load`] needs nothing but the public key.

use std::fmt;

use ed25519_dalek::Signer as _;
use ed25519_dalek::SigningKey;
use heliograph_model::{Address, DeviceId, Timestamp};
use openmls::prelude::{
    Capabilities, CredentialType, CredentialWithKey, ExtensionType, Extensions, LeafNode, ProtocolVersion,
};
use openmls_traits::OpenMlsProvider;
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::storage::{Entity, Key, StorageProvider, traits};
use openmls_traits::types::SignatureScheme;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::binding::{self, Binding};
use crate::identity::{AccountIdentityKey, DeviceIdentity, IdentityKey, SIGNATURE_BYTES};
use crate::policy;
use crate::randomness::{Provider, STORAGE_VERSION};
use crate::storage::StorageFailure;

/// The public half of a device's signature key; the same in all groups, so that people see one fingerprint per device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceKey(pub [u8; 32]);

impl fmt::Debug for DeviceKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DeviceKey(redacted)")
    }
}

/// A device could not be created or loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The storage holds something else under this key, or half of it.
    #[error("the stored device does not parse")]
    Malformed,
    /// See there.
    #[error(transparent)]
    Storage(#[from] StorageFailure),
}

/// What the storage keeps under the public key.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct StoredDevice {
    #[serde(with = "serde_bytes")]
    secret: [u8; 32],
    #[zeroize(skip)]
    account: Address,
    #[zeroize(skip)]
    device: DeviceId,
    #[zeroize(skip)]
    identity_key: IdentityKey,
    #[zeroize(skip)]
    serial: u64,
    #[zeroize(skip)]
    #[serde(with = "serde_bytes")]
    certificate: [u8; SIGNATURE_BYTES],
}

impl Entity<STORAGE_VERSION> for StoredDevice {}
impl traits::SignatureKeyPair<STORAGE_VERSION> for StoredDevice {}

/// The key under which a device is stored.
#[derive(Serialize, Deserialize)]
struct StoredDeviceKey(#[serde(with = "serde_bytes")] [u8; 32]);

impl Key<STORAGE_VERSION> for StoredDeviceKey {}
impl traits::SignaturePublicKey<STORAGE_VERSION> for StoredDeviceKey {}

/// One device of ours. Signs leaves and messages.
pub struct Device {
    signing_key: SigningKey,
    identity: DeviceIdentity,
    identity_key: IdentityKey,
    serial: u64,
    certificate: [u8; SIGNATURE_BYTES],
}

impl Device {
    /// Makes a signature key, has it certified by the account's identity key, and stores both.
    ///
    /// `serial` is the serial of the device list in which the device appears first. `_now` is reserved for certificates
    /// that end; today's do not (a device is removed by removing it from groups and from the device list).
    pub fn create<S: StorageProvider<STORAGE_VERSION>>(
        provider: &Provider<'_, S>,
        account: &Address,
        device: DeviceId,
        identity_key: &AccountIdentityKey,
        serial: u64,
        _now: Timestamp,
    ) -> Result<Self, DeviceError> {
        let signing_key = SigningKey::from_bytes(&provider.randomness().bytes());
        let identity = DeviceIdentity { account: account.clone(), device };
        let certificate =
            binding::certify(identity_key, &identity, signing_key.verifying_key().as_bytes(), serial);
        let created =
            Self { signing_key, identity, identity_key: identity_key.public(), serial, certificate };
        let stored = StoredDevice {
            secret: created.signing_key.to_bytes(),
            account: created.identity.account.clone(),
            device,
            identity_key: created.identity_key,
            serial,
            certificate,
        };
        provider
            .storage()
            .write_signature_key_pair(&StoredDeviceKey(created.signature_key().0), &stored)
            .map_err(StorageFailure::new)?;
        Ok(created)
    }

    /// The device with this signature key; `None` if it was never stored.
    pub fn load<S: StorageProvider<STORAGE_VERSION>>(
        storage: &S,
        signature_key: &DeviceKey,
    ) -> Result<Option<Self>, DeviceError> {
        let Some(stored) = storage
            .signature_key_pair::<_, StoredDevice>(&StoredDeviceKey(signature_key.0))
            .map_err(StorageFailure::new)?
        else {
            return Ok(None);
        };
        let signing_key = SigningKey::from_bytes(&stored.secret);
        if signing_key.verifying_key().as_bytes() != &signature_key.0 {
            return Err(DeviceError::Malformed);
        }
        Ok(Some(Self {
            signing_key,
            identity: DeviceIdentity { account: stored.account.clone(), device: stored.device },
            identity_key: stored.identity_key,
            serial: stored.serial,
            certificate: stored.certificate,
        }))
    }

    /// Account and device.
    pub fn identity(&self) -> &DeviceIdentity {
        &self.identity
    }

    /// The account.
    pub fn account(&self) -> &Address {
        &self.identity.account
    }

    /// The device's id.
    pub fn id(&self) -> DeviceId {
        self.identity.device
    }

    /// The public signature key: the argument of [`Self::load`] and the fingerprint in the device list.
    pub fn signature_key(&self) -> DeviceKey {
        DeviceKey(self.signing_key.verifying_key().to_bytes())
    }

    /// The account's identity key that certified this device.
    pub fn identity_key(&self) -> IdentityKey {
        self.identity_key
    }

    pub(crate) fn credential(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: self.identity.credential(),
            signature_key: self.signature_key().0.to_vec().into(),
        }
    }

    /// The extensions of a leaf: of a key package that others may use from `now` for 90 days, or of the leaf of a group's
    /// creator, whom nobody adds.
    pub(crate) fn leaf_extensions(
        &self,
        now: Option<Timestamp>,
    ) -> Result<Extensions<LeafNode>, StorageFailure> {
        let binding = Binding {
            identity_key: self.identity_key,
            serial: self.serial,
            signature: self.certificate,
            fresh_until: now.map_or(Timestamp(0), |now| now.plus(policy::KEY_PACKAGE_FRESH)),
        };
        Extensions::single(binding.to_extension()).map_err(|_| StorageFailure::library())
    }
}

/// The capabilities of our leaves (RFC 9420 §7.2). Last resort (0x000A, RFC 9420 §17.3 as extended by the MLS extensions
/// draft) stands in every key package of ours, and extensions of key packages have to be declared.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[policy::CIPHERSUITE]),
        Some(&[
            ExtensionType::LastResort,
            ExtensionType::Unknown(policy::BINDING_EXTENSION),
            ExtensionType::Unknown(policy::ROOM_EXTENSION),
            ExtensionType::Unknown(policy::PARTICIPANTS_EXTENSION),
        ]),
        Some(&[]),
        Some(&[CredentialType::Basic]),
    )
}

impl Signer for Device {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.signing_key.sign(payload).to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Device(redacted)")
    }
}
