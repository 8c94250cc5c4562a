//! Reading CBOR (RFC 8949) that somebody else wrote: bounded, exact, and without panics.
//!
//! Every structure of this crate is an array. A reader takes the fields that it knows from the front and leaves the rest,
//! so a later version may append fields.

use std::collections::VecDeque;

use ciborium::Value;

/// How deep arrays may nest. Ours nest four deep; each level costs stack.
const DEPTH: usize = 16;

/// The bytes are not the CBOR that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed CBOR")]
pub(crate) struct Malformed;

/// Reads one value from the front; the rest of `bytes` stays.
pub(crate) fn read(bytes: &mut &[u8]) -> Result<Value, Malformed> {
    ciborium::de::from_reader_with_recursion_limit(bytes, DEPTH).map_err(|_| Malformed)
}

/// Reads one array that fills `bytes` exactly.
pub(crate) fn read_array(mut bytes: &[u8]) -> Result<Fields, Malformed> {
    let fields = Fields::of(read(&mut bytes)?)?;
    if bytes.is_empty() { Ok(fields) } else { Err(Malformed) }
}

/// Writes a value. Memory is the only thing that could fail, and that does not come back as an error.
pub(crate) fn write(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    match ciborium::into_writer(value, &mut bytes) {
        Ok(()) | Err(_) => bytes,
    }
}

/// The fields of an array, taken from the front.
pub(crate) struct Fields(VecDeque<Value>);

impl Fields {
    pub(crate) fn of(value: Value) -> Result<Self, Malformed> {
        value.into_array().map(|values| Self(values.into())).map_err(|_| Malformed)
    }

    pub(crate) fn value(&mut self) -> Result<Value, Malformed> {
        self.0.pop_front().ok_or(Malformed)
    }

    pub(crate) fn array(&mut self) -> Result<Self, Malformed> {
        Self::of(self.value()?)
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, Malformed> {
        self.value()?.as_integer().and_then(|integer| u64::try_from(integer).ok()).ok_or(Malformed)
    }

    pub(crate) fn text(&mut self) -> Result<String, Malformed> {
        self.value()?.into_text().map_err(|_| Malformed)
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, Malformed> {
        self.value()?.into_bytes().map_err(|_| Malformed)
    }

    pub(crate) fn byte_array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.bytes()?.try_into().map_err(|_| Malformed)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
