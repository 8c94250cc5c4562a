//! Who is who: accounts, their identity keys, their devices, and how a leaf of an MLS tree names them.
//!
//! An account has one Ed25519 *identity key*; people compare it to know that nobody sits in between. Each device has a
//! signature key of its own, certified by the account's key (see [`crate::binding`]). Whether a given identity key is the
//! *right* one for an account is not decided here: the engine remembers keys and asks people.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use heliograph_model::{Address, DeviceId, Timestamp};
use openmls::prelude::{BasicCredential, Credential, CredentialType};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::randomness::Randomness;

/// Length of an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = ed25519_dalek::SIGNATURE_LENGTH;

/// The public half of an account's identity key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IdentityKey(pub [u8; 32]);

impl IdentityKey {
    /// Whether the holder of this key signed `message`. Strict (no malleable signatures, no small-order keys), so that all
    /// implementations agree.
    pub fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> Result<(), BadSignature> {
        VerifyingKey::from_bytes(&self.0)
            .and_then(|key| key.verify_strict(message, &Signature::from_bytes(signature)))
            .map_err(|_| BadSignature)
    }
}

/// Hexadecimal, for the screen.
impl fmt::Display for IdentityKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdentityKey(redacted)")
    }
}

/// The signature was not made by the key over the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not belong to the key and the message")]
pub struct BadSignature;

/// The secret half of an account's identity key. Wiped from memory on drop.
pub struct AccountIdentityKey(SigningKey);

impl AccountIdentityKey {
    /// A new key.
    pub fn generate(randomness: &Randomness) -> Self {
        Self(SigningKey::from_bytes(&Zeroizing::new(randomness.bytes())))
    }

    /// The key whose 32 secret bytes were stored.
    pub fn from_bytes(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// The 32 secret bytes, for the encrypted store.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    pub fn public(&self) -> IdentityKey {
        IdentityKey(self.0.verifying_key().to_bytes())
    }

    /// Signs (Ed25519, deterministic).
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for AccountIdentityKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccountIdentityKey(redacted)")
    }
}

/// One device of one account, as the credential of its leaf names it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceIdentity {
    /// The account.
    pub account: Address,
    /// The device.
    pub device: DeviceId,
}

impl DeviceIdentity {
    /// The identity of the Basic credential (RFC 9420 §5.3): the bare JID, a zero byte, eight bytes of device id.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.account.to_string().into_bytes();
        bytes.push(0);
        bytes.extend_from_slice(&self.device.0);
        bytes
    }

    /// The inverse of [`Self::to_bytes`]; `None` for anything that it would not have written, a JID that is not in normal
    /// form included, so that one device has one name.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (jid, device) = bytes.split_last_chunk::<8>()?;
        let (0, jid) = jid.split_last()? else { return None };
        let jid = std::str::from_utf8(jid).ok()?;
        let account = Address::parse(jid).ok()?;
        (account.to_string() == jid).then_some(Self { account, device: DeviceId(*device) })
    }

    pub(crate) fn credential(&self) -> Credential {
        BasicCredential::new(self.to_bytes()).into()
    }

    pub(crate) fn of_credential(credential: &Credential) -> Option<Self> {
        if credential.credential_type() != CredentialType::Basic {
            return None;
        }
        Self::from_bytes(BasicCredential::try_from(credential.clone()).ok()?.identity())
    }
}

impl fmt::Debug for DeviceIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DeviceIdentity(redacted)")
    }
}

/// A member of a group (or the subject of a key package) whose binding was verified.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MemberIdentity {
    /// The account.
    pub account: Address,
    /// The device.
    pub device: DeviceId,
    /// The account's identity key, as this device's binding names it.
    pub identity_key: IdentityKey,
    /// Until when others may add the device with this leaf; meaningless once it is a member.
    pub fresh_until: Timestamp,
}

impl MemberIdentity {
    /// Account and device without the key.
    pub fn device_identity(&self) -> DeviceIdentity {
        DeviceIdentity { account: self.account.clone(), device: self.device }
    }
}

impl fmt::Debug for MemberIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MemberIdentity(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_exactly_one_name() {
        let identity =
            DeviceIdentity { account: Address::parse("ana@example.org").unwrap(), device: DeviceId([0; 8]) };
        let bytes = identity.to_bytes();
        assert_eq!(bytes, b"ana@example.org\0\0\0\0\0\0\0\0\0");
        assert_eq!(DeviceIdentity::from_bytes(&bytes), Some(identity));
        assert_eq!(DeviceIdentity::from_bytes(b"Ana@example.org\0\0\0\0\0\0\0\0\0"), None);
        assert_eq!(DeviceIdentity::from_bytes(b"ana@example.org/phone\0\0\0\0\0\0\0\0\0"), None);
        assert_eq!(DeviceIdentity::from_bytes(b"ana@example.org\x01\0\0\0\0\0\0\0\0"), None);
        assert_eq!(DeviceIdentity::from_bytes(b"\0\0\0\0\0\0\0\0"), None);
        assert_eq!(DeviceIdentity::from_bytes(b""), None);
    }

    #[test]
    fn signatures_verify_only_for_their_key_and_message() {
        let randomness = Randomness::new(&heliograph_model::Entropy([1; 32]));
        let (ana, bob) =
            (AccountIdentityKey::generate(&randomness), AccountIdentityKey::generate(&randomness));
        let signature = ana.sign(b"message");
        assert_eq!(ana.public().verify(b"message", &signature), Ok(()));
        assert_eq!(ana.public().verify(b"massage", &signature), Err(BadSignature));
        assert_eq!(bob.public().verify(b"message", &signature), Err(BadSignature));
        assert_eq!(AccountIdentityKey::from_bytes(&ana.to_bytes()).public(), ana.public());
    }

    #[test]
    fn debug_shows_nothing() {
        let key = AccountIdentityKey::generate(&Randomness::new(&heliograph_model::Entropy([1; 32])));
        let member = MemberIdentity {
            account: Address::parse("ana@example.org").unwrap(),
            device: DeviceId([7; 8]),
            identity_key: key.public(),
            fresh_until: Timestamp(1),
        };
        let shown = format!("{member:?} {:?} {key:?} {:?}", member.device_identity(), key.public());
        assert!(!shown.contains("ana") && !shown.contains(&key.public().to_string()));
    }
}
