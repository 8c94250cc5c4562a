//! Key packages (RFC 9420 §10): what a device publishes so that others can add it while it is away.
//!
//! A server can't hand each package out only once (XEP-0060 has no such operation), so every package is marked *last
//! resort*: its private key survives the first use, until the owner deletes it. Lifetimes do not end (see
//! [`crate::policy::LIFETIME_END_SECONDS`]); how long a package may be used stands in its binding and is checked by whoever
//! adds, once, and never by those who follow.

use std::fmt;

use heliograph_model::Timestamp;
use openmls::prelude::{
    KeyPackage as MlsKeyPackage, KeyPackageRef, LeafNode, Lifetime, MlsMessageBodyIn, MlsMessageIn,
    MlsMessageOut, ProtocolVersion,
};
use openmls_traits::OpenMlsProvider;
use openmls_traits::storage::StorageProvider;
use tls_codec::Deserialize as _;

use crate::binding::{BindingError, verify_binding};
use crate::crypto::verifier;
use crate::device::{Device, DeviceKey, capabilities};
use crate::identity::MemberIdentity;
use crate::policy;
use crate::randomness::{Provider, STORAGE_VERSION};
use crate::storage::StorageFailure;

/// A key package of ours, stored with its private keys and ready to be published.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKeyPackage {
    /// Names it (RFC 9420 §5.2); 32 bytes. What [`delete`] takes and a join reports.
    pub reference: Vec<u8>,
    /// The MLSMessage to publish.
    pub data: Vec<u8>,
}

impl fmt::Debug for NewKeyPackage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NewKeyPackage({} bytes)", self.data.len())
    }
}

/// A key package can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyPackageError {
    /// Over [`policy::KEY_PACKAGE_BYTES`].
    #[error("the key package is too large")]
    TooLarge,
    /// Not an MLSMessage with a key package.
    #[error("the key package is malformed")]
    Malformed,
    /// It parses but breaks a rule of RFC 9420 §10.1, or a signature in it is wrong.
    #[error("the key package is not valid")]
    Invalid,
    /// Not our ciphersuite.
    #[error("the key package is for another ciphersuite")]
    Ciphersuite,
    /// Its lifetime ends, so it can't be added without making the group depend on clocks.
    #[error("the key package has a lifetime that ends")]
    Lifetime,
    /// It does not support what our groups require.
    #[error("the key package lacks a capability that groups require")]
    Capabilities,
    /// See there.
    #[error(transparent)]
    Binding(#[from] BindingError),
    /// Its owner should have replaced it by now: the device may be gone.
    #[error("the key package is stale")]
    Stale,
}

/// A key package of somebody that was checked and can be added.
#[derive(Clone)]
pub struct KeyPackage {
    package: MlsKeyPackage,
    identity: MemberIdentity,
}

impl fmt::Debug for KeyPackage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyPackage(redacted)")
    }
}

impl KeyPackage {
    /// Reads and checks a key package: well-formed, signed, bound to an account, still fresh at `now`.
    ///
    /// Whether the account, device and signature key are the expected ones is the caller's to compare, with
    /// [`Self::identity`], [`Self::signature_key`] and the device list.
    pub fn parse(bytes: &[u8], now: Timestamp) -> Result<Self, KeyPackageError> {
        if bytes.len() > policy::KEY_PACKAGE_BYTES {
            return Err(KeyPackageError::TooLarge);
        }
        let message = MlsMessageIn::tls_deserialize_exact(bytes).map_err(|_| KeyPackageError::Malformed)?;
        let MlsMessageBodyIn::KeyPackage(package) = message.extract() else {
            return Err(KeyPackageError::Malformed);
        };
        let package =
            package.validate(verifier(), ProtocolVersion::Mls10).map_err(|_| KeyPackageError::Invalid)?;
        if package.ciphersuite() != policy::CIPHERSUITE {
            return Err(KeyPackageError::Ciphersuite);
        }
        if *package.life_time() != policy::leaf_lifetime() {
            return Err(KeyPackageError::Lifetime);
        }
        if !supports_our_groups(package.leaf_node()) {
            return Err(KeyPackageError::Capabilities);
        }
        let identity = verify_binding(package.leaf_node())?;
        if identity.fresh_until <= now {
            return Err(KeyPackageError::Stale);
        }
        Ok(Self { package, identity })
    }

    /// Whose it is.
    pub fn identity(&self) -> &MemberIdentity {
        &self.identity
    }

    /// The signature key that the package, and the device in the group, signs with; `None` can't be (checked on parsing)
    /// but costs nothing to allow for.
    pub fn signature_key(&self) -> Option<DeviceKey> {
        self.package.leaf_node().signature_key().as_slice().try_into().ok().map(DeviceKey)
    }

    pub(crate) fn as_mls(&self) -> &MlsKeyPackage {
        &self.package
    }
}

/// Whether the leaf declares the extensions that every group context of ours requires.
fn supports_our_groups(leaf: &LeafNode) -> bool {
    use openmls::prelude::ExtensionType::Unknown;
    [policy::BINDING_EXTENSION, policy::ROOM_EXTENSION]
        .iter()
        .all(|number| leaf.capabilities().extensions().contains(&Unknown(*number)))
}

/// Whether the lifetime is the one without an end; part of the validity of an added leaf.
pub(crate) fn lifetime_is_endless(lifetime: &Lifetime) -> bool {
    *lifetime == policy::leaf_lifetime()
}

/// Makes and stores a key package that others may use until 90 days after `now`.
pub fn create<S: StorageProvider<STORAGE_VERSION>>(
    provider: &Provider<'_, S>,
    device: &Device,
    now: Timestamp,
) -> Result<NewKeyPackage, StorageFailure> {
    let bundle = MlsKeyPackage::builder()
        .leaf_node_capabilities(capabilities())
        .leaf_node_extensions(device.leaf_extensions(Some(now))?)
        .key_package_lifetime(policy::leaf_lifetime())
        .mark_as_last_resort()
        .build(policy::CIPHERSUITE, provider, device, device.credential())
        .map_err(StorageFailure::new)?;
    let package = bundle.into_key_package();
    let reference = package.hash_ref(provider.crypto()).map_err(StorageFailure::new)?;
    let data = MlsMessageOut::from(package).to_bytes().map_err(StorageFailure::new)?;
    Ok(NewKeyPackage { reference: reference.as_slice().to_vec(), data })
}

/// Deletes the private keys of a key package of ours: Welcomes for it can no longer be opened. A reference that is not
/// stored (any more) is no error.
pub fn delete<S: StorageProvider<STORAGE_VERSION>>(
    provider: &Provider<'_, S>,
    reference: &[u8],
) -> Result<(), StorageFailure> {
    // A reference is a SHA-256, so its vector in MLS encoding (RFC 9420 §2.1.2) has a one-byte length.
    let Ok(length @ ..=63) = u8::try_from(reference.len()) else { return Ok(()) };
    let encoded = [&[length], reference].concat();
    let Ok(reference) = KeyPackageRef::tls_deserialize_exact(encoded) else { return Ok(()) };
    provider.storage().delete_key_package(&reference).map_err(StorageFailure::new)
}
