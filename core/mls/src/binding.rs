//! The leaf extension `mls_binding`: an account's identity key certifies one device's signature key.
//!
//! It lets anybody who sees a leaf check, without a server, which account the leaf belongs to and under which identity key.
//! The identity key signs account, device, signature key and serial. `fresh_until` is not among them: the device renews it
//! with each key package by itself, and the leaf's own signature (RFC 9420 §7.2) covers it.

use heliograph_model::{Address, DeviceId, Timestamp};
use openmls::prelude::{Extension, ExtensionType, LeafNode, UnknownExtension};

use crate::cbor;
use crate::identity::{AccountIdentityKey, DeviceIdentity, IdentityKey, MemberIdentity, SIGNATURE_BYTES};
use crate::policy;

/// Version of the CBOR structure.
const VERSION: u64 = 1;

/// Why a leaf can't be attributed to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// The credential is not a Basic credential that names a device of an account.
    #[error("the credential does not name a device")]
    Credential,
    /// There is no binding.
    #[error("the leaf has no binding")]
    Missing,
    /// The binding does not parse.
    #[error("the binding is malformed")]
    Malformed,
    /// The identity key did not sign this device.
    #[error("the binding is not signed by the identity key that it names")]
    Signature,
}

/// The content of the extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) identity_key: IdentityKey,
    pub(crate) serial: u64,
    pub(crate) signature: [u8; SIGNATURE_BYTES],
    pub(crate) fresh_until: Timestamp,
}

/// What the identity key signs. The zero byte ends the JID (which can't contain one); all that follows has a fixed length.
fn signed_bytes(account: &Address, device: DeviceId, signature_key: &[u8], serial: u64) -> Vec<u8> {
    let mut bytes = b"MLS-XMPP device v1".to_vec();
    bytes.extend_from_slice(account.to_string().as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(&device.0);
    bytes.extend_from_slice(signature_key);
    bytes.extend_from_slice(&serial.to_be_bytes());
    bytes
}

/// Certifies a device.
pub(crate) fn certify(
    key: &AccountIdentityKey,
    device: &DeviceIdentity,
    signature_key: &[u8],
    serial: u64,
) -> [u8; SIGNATURE_BYTES] {
    key.sign(&signed_bytes(&device.account, device.device, signature_key, serial))
}

impl Binding {
    pub(crate) fn to_extension(&self) -> Extension {
        let value = cbor::write(&ciborium::Value::Array(vec![
            VERSION.into(),
            self.identity_key.0.to_vec().into(),
            self.serial.into(),
            self.signature.to_vec().into(),
            u64::try_from(self.fresh_until.0).unwrap_or(0).into(),
        ]));
        Extension::Unknown(policy::BINDING_EXTENSION, UnknownExtension(value))
    }

    fn parse(bytes: &[u8]) -> Result<Self, cbor::Malformed> {
        let mut fields = cbor::read_array(bytes)?;
        if fields.unsigned()? != VERSION {
            return Err(cbor::Malformed);
        }
        Ok(Self {
            identity_key: IdentityKey(fields.byte_array()?),
            serial: fields.unsigned()?,
            signature: fields.byte_array()?,
            fresh_until: Timestamp(i64::try_from(fields.unsigned()?).map_err(|_| cbor::Malformed)?),
        })
    }

    fn of(leaf: &LeafNode) -> Result<Self, BindingError> {
        let UnknownExtension(bytes) =
            leaf.extensions().unknown(policy::BINDING_EXTENSION).ok_or(BindingError::Missing)?;
        Self::parse(bytes).map_err(|_| BindingError::Malformed)
    }
}

/// The identity of a leaf whose binding was verified before: every leaf of a group's tree, because leaves get in only
/// through [`verify_binding`]. Saves a signature check for each message.
pub(crate) fn read_binding(leaf: &LeafNode) -> Result<MemberIdentity, BindingError> {
    let DeviceIdentity { account, device } =
        DeviceIdentity::of_credential(leaf.credential()).ok_or(BindingError::Credential)?;
    let binding = Binding::of(leaf)?;
    Ok(MemberIdentity {
        account,
        device,
        identity_key: binding.identity_key,
        fresh_until: binding.fresh_until,
    })
}

/// Checks that the identity key named in the leaf certified the leaf's signature key for the account and device that the
/// credential names. Pure: no clock (`fresh_until` is only returned), no memory of keys.
pub fn verify_binding(leaf: &LeafNode) -> Result<MemberIdentity, BindingError> {
    let member = read_binding(leaf)?;
    let binding = Binding::of(leaf)?;
    let signed =
        signed_bytes(&member.account, member.device, leaf.signature_key().as_slice(), binding.serial);
    binding.identity_key.verify(&signed, &binding.signature).map_err(|_| BindingError::Signature)?;
    // A leaf that does not declare the extension would not pass OpenMLS either; checked so that the rule is ours.
    if !leaf.capabilities().extensions().contains(&ExtensionType::Unknown(policy::BINDING_EXTENSION)) {
        return Err(BindingError::Missing);
    }
    Ok(member)
}
