//! The document in the PEP node `urn:xmpp:mls:0:devices`: which devices an account has, signed by its identity key.
//!
//! Whoever wants to add an account to a group reads this, then fetches one key package for each device. The serial only
//! grows; that a server answers with an old list can be seen only by whoever remembers a newer serial, which is the engine.

use std::fmt;

use ciborium::Value;
use heliograph_model::{Address, DeviceId};

use crate::cbor::{self, Fields, Malformed};
use crate::device::DeviceKey;
use crate::identity::{AccountIdentityKey, IdentityKey};

/// Version of the CBOR structure.
const VERSION: u64 = 1;

/// Largest document that is looked at, in bytes. A full list has about 5 kB.
pub const DEVICE_LIST_BYTES: usize = 16 * 1024;

/// Devices of one account: more than anybody carries, few enough that 8 key packages each fit a PEP node of 256 items.
pub const DEVICES: usize = 20;

/// Key packages per device, so that two who add the device at the same time seldom take the same one.
pub const SLOTS: u8 = 8;

/// Removed devices that are remembered; the oldest are dropped by the writer.
pub const REVOKED: usize = 256;

/// One device in the list.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedDevice {
    /// Its id.
    pub id: DeviceId,
    /// Its signature key: a key package with another one is not this device's.
    pub signature_key: DeviceKey,
    /// The slots (0 to 7) in which it has published key packages.
    pub slots: Vec<u8>,
}

impl fmt::Debug for ListedDevice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ListedDevice({} slots)", self.slots.len())
    }
}

/// The devices of an account.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceList {
    /// The account's identity key, which signed the list.
    pub identity_key: IdentityKey,
    /// Grows with every change.
    pub serial: u64,
    /// The devices.
    pub devices: Vec<ListedDevice>,
    /// Devices that were removed and must not be added again.
    pub revoked: Vec<DeviceId>,
}

impl fmt::Debug for DeviceList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DeviceList(serial {}, {} devices)", self.serial, self.devices.len())
    }
}

/// A document is not a valid device list of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceListError {
    /// It does not parse, or was written in a version that is not understood.
    #[error("the device list is malformed")]
    Malformed,
    /// More bytes, devices, slots or revoked devices than allowed.
    #[error("the device list is too large")]
    TooLarge,
    /// It is not signed by the identity key that it names, or it is the list of another account.
    #[error("the device list is not signed by the identity key that it names")]
    Signature,
    /// The key that was to sign it is not the one that it names.
    #[error("the device list names another identity key")]
    WrongKey,
}

impl From<Malformed> for DeviceListError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// What the identity key signs: the account, so that one account's list does not pass for another's, and the list.
fn signed_bytes(account: &Address, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"MLS-XMPP devices v1".to_vec();
    bytes.extend_from_slice(account.to_string().as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(body);
    bytes
}

impl DeviceList {
    /// Signs and encodes the list of `account`.
    pub fn encode(&self, account: &Address, key: &AccountIdentityKey) -> Result<Vec<u8>, DeviceListError> {
        if key.public() != self.identity_key {
            return Err(DeviceListError::WrongKey);
        }
        self.check_limits()?;
        let devices = self.devices.iter().map(|device| {
            Value::Array(vec![
                device.id.0.to_vec().into(),
                device.signature_key.0.to_vec().into(),
                Value::Array(device.slots.iter().map(|slot| (*slot).into()).collect()),
            ])
        });
        let body = cbor::write(&Value::Array(vec![
            VERSION.into(),
            self.identity_key.0.to_vec().into(),
            self.serial.into(),
            Value::Array(devices.collect()),
            Value::Array(self.revoked.iter().map(|id| id.0.to_vec().into()).collect()),
        ]));
        let signature = key.sign(&signed_bytes(account, &body));
        Ok(cbor::write(&Value::Array(vec![body.into(), signature.to_vec().into()])))
    }

    /// Reads and verifies the list that `account` published. The signature only shows that the list belongs to the identity
    /// key that it names; whether that key is the account's is the caller's to know.
    pub fn decode(bytes: &[u8], account: &Address) -> Result<Self, DeviceListError> {
        if bytes.len() > DEVICE_LIST_BYTES {
            return Err(DeviceListError::TooLarge);
        }
        let mut fields = cbor::read_array(bytes)?;
        let (body, signature) = (fields.bytes()?, fields.byte_array()?);
        let mut fields = cbor::read_array(&body)?;
        if fields.unsigned()? != VERSION {
            return Err(DeviceListError::Malformed);
        }
        let identity_key = IdentityKey(fields.byte_array()?);
        identity_key
            .verify(&signed_bytes(account, &body), &signature)
            .map_err(|_| DeviceListError::Signature)?;
        let list = Self {
            identity_key,
            serial: fields.unsigned()?,
            devices: each(fields.array()?, |fields| listed_device(fields.array()?))?,
            revoked: each(fields.array()?, |fields| Ok(DeviceId(fields.byte_array()?)))?,
        };
        list.check_limits()?;
        Ok(list)
    }

    fn check_limits(&self) -> Result<(), DeviceListError> {
        let slots_fit = self.devices.iter().all(|device| {
            device.slots.len() <= usize::from(SLOTS) && device.slots.iter().all(|slot| *slot < SLOTS)
        });
        if self.devices.len() > DEVICES || self.revoked.len() > REVOKED || !slots_fit {
            return Err(DeviceListError::TooLarge);
        }
        Ok(())
    }
}

fn each<T>(
    mut fields: Fields,
    mut read: impl FnMut(&mut Fields) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let mut items = Vec::with_capacity(fields.len());
    while !fields.is_empty() {
        items.push(read(&mut fields)?);
    }
    Ok(items)
}

fn listed_device(mut fields: Fields) -> Result<ListedDevice, Malformed> {
    Ok(ListedDevice {
        id: DeviceId(fields.byte_array()?),
        signature_key: DeviceKey(fields.byte_array()?),
        slots: each(fields.array()?, |fields| u8::try_from(fields.unsigned()?).map_err(|_| Malformed))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::randomness::Randomness;
    use heliograph_model::Entropy;

    fn list(key: &AccountIdentityKey, devices: usize) -> DeviceList {
        let device = |number: usize| ListedDevice {
            id: DeviceId([number as u8; 8]),
            signature_key: DeviceKey([number as u8; 32]),
            slots: (0..SLOTS).collect(),
        };
        DeviceList {
            identity_key: key.public(),
            serial: 7,
            devices: (0..devices).map(device).collect(),
            revoked: vec![DeviceId([9; 8])],
        }
    }

    #[test]
    fn a_list_comes_back_as_it_was_signed() {
        let key = AccountIdentityKey::generate(&Randomness::new(&Entropy([3; 32])));
        let ana = Address::parse("ana@example.org").unwrap();
        let full = list(&key, DEVICES);
        let bytes = full.encode(&ana, &key).unwrap();
        assert!(bytes.len() < DEVICE_LIST_BYTES);
        assert_eq!(DeviceList::decode(&bytes, &ana), Ok(full));
    }

    #[test]
    fn another_accounts_list_a_changed_byte_and_a_foreign_key_are_refused() {
        let randomness = Randomness::new(&Entropy([3; 32]));
        let (key, other) =
            (AccountIdentityKey::generate(&randomness), AccountIdentityKey::generate(&randomness));
        let ana = Address::parse("ana@example.org").unwrap();
        let bob = Address::parse("bob@example.org").unwrap();
        let bytes = list(&key, 2).encode(&ana, &key).unwrap();
        assert_eq!(DeviceList::decode(&bytes, &bob), Err(DeviceListError::Signature));
        assert_eq!(list(&key, 1).encode(&ana, &other), Err(DeviceListError::WrongKey));
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            assert!(DeviceList::decode(&changed, &ana).is_err(), "byte {position}");
        }
    }

    #[test]
    fn limits_hold_on_both_sides() {
        let key = AccountIdentityKey::generate(&Randomness::new(&Entropy([3; 32])));
        let ana = Address::parse("ana@example.org").unwrap();
        assert_eq!(list(&key, DEVICES + 1).encode(&ana, &key), Err(DeviceListError::TooLarge));
        let mut slot = list(&key, 1);
        slot.devices[0].slots = vec![SLOTS];
        assert_eq!(slot.encode(&ana, &key), Err(DeviceListError::TooLarge));
        assert_eq!(DeviceList::decode(&vec![0; DEVICE_LIST_BYTES + 1], &ana), Err(DeviceListError::TooLarge));
    }
}
