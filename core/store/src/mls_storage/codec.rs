//! Values as CBOR (RFC 8949): OpenMLS needs a format that describes itself.

use ciborium::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::compact::Compact;
use crate::error::StoreError;

/// What the variant `Operational` of OpenMLS' group state looks like: the state of a group in which no commit is pending.
/// A test decodes it with the pinned version of OpenMLS.
const OPERATIONAL: &str = "Operational";

pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let mut bytes = Zeroizing::new(Vec::new());
    ciborium::into_writer(&Compact(value), &mut *bytes).map_err(|_| StoreError::Codec)?;
    Ok(bytes)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    ciborium::from_reader(bytes).map_err(|_| StoreError::Codec)
}

/// The bytes of a group id, whatever wrapping its type serialises with, so that rows can be found by our own id as well.
pub(super) fn group_key<T: Serialize>(id: &T) -> Result<Vec<u8>, StoreError> {
    let mut value = Value::serialized(&Compact(id)).map_err(|_| StoreError::Codec)?;
    loop {
        value = match value {
            Value::Bytes(bytes) => return Ok(bytes),
            Value::Array(items) if items.iter().all(|item| byte_of(item).is_some()) => {
                return Ok(items.iter().filter_map(byte_of).collect());
            }
            Value::Map(mut entries) if entries.len() == 1 => {
                entries.pop().map_or(Value::Null, |(_, value)| value)
            }
            Value::Array(mut items) if items.len() == 1 => items.pop().unwrap_or(Value::Null),
            _ => return Err(StoreError::Codec),
        }
    }
}

/// OpenMLS writes some byte strings as a list of numbers.
fn byte_of(value: &Value) -> Option<u8> {
    value.as_integer().and_then(|number| u8::try_from(number).ok())
}

/// The same value with zeros for every byte string, which all secrets are: it still decodes, and holds none.
pub(super) fn blanked(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut value: Value = decode(bytes)?;
    blank(&mut value);
    Ok(encode(&value)?.to_vec())
}

fn blank(value: &mut Value) {
    match value {
        Value::Bytes(bytes) => bytes.fill(0),
        Value::Array(items) => items.iter_mut().for_each(blank),
        Value::Map(entries) => entries.iter_mut().for_each(|(_, value)| blank(value)),
        Value::Tag(_, inner) => blank(inner),
        _ => {}
    }
}

/// The state of a group in which no commit is pending. Stored in snapshots instead of the real one, which may hold the
/// secrets of the next epoch.
pub(super) fn operational_state() -> Result<Vec<u8>, StoreError> {
    Ok(encode(OPERATIONAL)?.to_vec())
}
