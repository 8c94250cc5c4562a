//! Byte strings where OpenMLS says "list of numbers".
//!
//! OpenMLS serialises keys, secrets and signatures as lists of `u8`. In CBOR (RFC 8949 §3.1) a list of numbers takes up to two
//! bytes for each, and its length depends on the values; a byte string takes one, and is written and read as a whole. The
//! constant length matters most: SQLite overwrites a value of unchanged length in place and leaves pages that did not
//! change alone.
//!
//! [`Compact`] wraps a value for serialising: every non-empty list or tuple whose elements are all `u8` becomes a byte
//! string. Reading needs no counterpart: ciborium reads a byte string where a list is asked for.

use serde::ser::{
    Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use zeroize::Zeroizing;

/// See the module.
pub(super) struct Compact<'a, T: ?Sized>(pub &'a T);

impl<T: Serialize + ?Sized> Serialize for Compact<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Wrapped(serializer))
    }
}

/// A serializer that passes everything on, but wraps what is inside of it and watches lists.
struct Wrapped<S>(S);

/// Passes a plain value on as it is.
macro_rules! pass {
    ($($function:ident: $value:ty),+ $(,)?) => {
        $(fn $function(self, value: $value) -> Result<S::Ok, S::Error> {
            self.0.$function(value)
        })+
    };
}

impl<S: Serializer> Serializer for Wrapped<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = List<S>;
    type SerializeTuple = List<S>;
    type SerializeTupleStruct = Wrapped<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Wrapped<S::SerializeTupleVariant>;
    type SerializeMap = Wrapped<S::SerializeMap>;
    type SerializeStruct = Wrapped<S::SerializeStruct>;
    type SerializeStructVariant = Wrapped<S::SerializeStructVariant>;

    pass!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_f32: f32,
        serialize_f64: f64, serialize_char: char, serialize_str: &str, serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    );

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.0.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_some(&Compact(value))
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.0.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_struct(name, &Compact(value))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_variant(name, index, variant, &Compact(value))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<List<S>, S::Error> {
        Ok(List::new(self.0, length))
    }

    fn serialize_tuple(self, length: usize) -> Result<List<S>, S::Error> {
        Ok(List::new(self.0, Some(length)))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.0.serialize_tuple_struct(name, length).map(Wrapped)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.0.serialize_tuple_variant(name, index, variant, length).map(Wrapped)
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.0.serialize_map(length).map(Wrapped)
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Self::SerializeStruct, S::Error> {
        self.0.serialize_struct(name, length).map(Wrapped)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.0.serialize_struct_variant(name, index, variant, length).map(Wrapped)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

impl<S: SerializeTupleStruct> SerializeTupleStruct for Wrapped<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.0.serialize_field(&Compact(value))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.0.end()
    }
}

impl<S: SerializeTupleVariant> SerializeTupleVariant for Wrapped<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.0.serialize_field(&Compact(value))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.0.end()
    }
}

impl<S: SerializeMap> SerializeMap for Wrapped<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        self.0.serialize_key(&Compact(key))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.0.serialize_value(&Compact(value))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.0.end()
    }
}

impl<S: SerializeStruct> SerializeStruct for Wrapped<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), S::Error> {
        self.0.serialize_field(key, &Compact(value))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.0.end()
    }
}

impl<S: SerializeStructVariant> SerializeStructVariant for Wrapped<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), S::Error> {
        self.0.serialize_field(key, &Compact(value))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.0.end()
    }
}

/// A list or tuple under way.
enum List<S: Serializer> {
    /// So far only `u8`.
    Bytes { serializer: Option<S>, length: Option<usize>, bytes: Zeroizing<Vec<u8>> },
    /// Something else was in it: a list after all.
    Items(S::SerializeSeq),
}

impl<S: Serializer> List<S> {
    fn new(serializer: S, length: Option<usize>) -> Self {
        // Whole length at once, so that no half-written copy of a secret is left behind by growing. Only as long as it
        // can be bytes: a list of other things needs no room here.
        Self::Bytes { serializer: Some(serializer), length, bytes: Zeroizing::new(Vec::new()) }
    }

    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        if let Self::Bytes { serializer, length, bytes } = self {
            if let Ok(byte) = value.serialize(ByteProbe) {
                if bytes.is_empty() {
                    bytes.reserve_exact(length.unwrap_or_default());
                }
                bytes.push(byte);
                return Ok(());
            }
            let serializer =
                serializer.take().ok_or_else(|| serde::ser::Error::custom("a list was ended twice"))?;
            let mut items = serializer.serialize_seq(*length)?;
            bytes.iter().try_for_each(|byte| items.serialize_element(byte))?;
            *self = Self::Items(items);
        }
        match self {
            Self::Items(items) => items.serialize_element(&Compact(value)),
            Self::Bytes { .. } => Ok(()), // became a list just above
        }
    }

    fn finish(self) -> Result<S::Ok, S::Error> {
        match self {
            Self::Items(items) => items.end(),
            Self::Bytes { serializer: Some(serializer), length, bytes } if bytes.is_empty() => {
                serializer.serialize_seq(length)?.end()
            }
            Self::Bytes { serializer: Some(serializer), bytes, .. } => serializer.serialize_bytes(&bytes),
            Self::Bytes { serializer: None, .. } => Err(serde::ser::Error::custom("a list was ended twice")),
        }
    }
}

impl<S: Serializer> SerializeSeq for List<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.add(value)
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.finish()
    }
}

impl<S: Serializer> SerializeTuple for List<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.add(value)
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.finish()
    }
}

/// Takes a plain `u8` and refuses everything else at once.
struct ByteProbe;

/// It is no plain `u8`.
#[derive(Debug, thiserror::Error)]
#[error("not a byte")]
struct NotAByte;

impl serde::ser::Error for NotAByte {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

macro_rules! refuse {
    ($($function:ident($($argument:ty),*) -> $ok:ty;)+) => {
        $(fn $function(self, $(_: $argument),*) -> Result<$ok, NotAByte> {
            Err(NotAByte)
        })+
    };
}

impl Serializer for ByteProbe {
    type Ok = u8;
    type Error = NotAByte;
    type SerializeSeq = Impossible<u8, NotAByte>;
    type SerializeTuple = Impossible<u8, NotAByte>;
    type SerializeTupleStruct = Impossible<u8, NotAByte>;
    type SerializeTupleVariant = Impossible<u8, NotAByte>;
    type SerializeMap = Impossible<u8, NotAByte>;
    type SerializeStruct = Impossible<u8, NotAByte>;
    type SerializeStructVariant = Impossible<u8, NotAByte>;

    fn serialize_u8(self, value: u8) -> Result<u8, NotAByte> {
        Ok(value)
    }

    refuse! {
        serialize_bool(bool) -> u8;
        serialize_i8(i8) -> u8;
        serialize_i16(i16) -> u8;
        serialize_i32(i32) -> u8;
        serialize_i64(i64) -> u8;
        serialize_u16(u16) -> u8;
        serialize_u32(u32) -> u8;
        serialize_u64(u64) -> u8;
        serialize_f32(f32) -> u8;
        serialize_f64(f64) -> u8;
        serialize_char(char) -> u8;
        serialize_str(&str) -> u8;
        serialize_bytes(&[u8]) -> u8;
        serialize_none() -> u8;
        serialize_unit() -> u8;
        serialize_unit_struct(&'static str) -> u8;
        serialize_unit_variant(&'static str, u32, &'static str) -> u8;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct(&'static str, usize) -> Self::SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<u8, NotAByte> {
        Err(NotAByte)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<u8, NotAByte> {
        Err(NotAByte)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<u8, NotAByte> {
        Err(NotAByte)
    }
}

#[cfg(test)]
mod tests {
    use ciborium::Value;
    use serde::{Deserialize, Serialize};

    use super::Compact;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Unit,
        One(Vec<u8>),
        Two(u8, [u8; 3]),
        Named { bytes: Vec<u8>, number: u16 },
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Newtype([u8; 4]);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Everything {
        bytes: Vec<u8>,
        empty: Vec<u8>,
        wide: Vec<u16>,
        optional: Vec<Option<u8>>,
        nested: Vec<Vec<u8>>,
        mixed: (u8, u8, String),
        pair: (u8, u8),
        newtype: Newtype,
        shapes: Vec<Shape>,
        map: std::collections::BTreeMap<String, Option<Vec<u8>>>,
    }

    #[test]
    fn everything_comes_back_and_bytes_are_byte_strings() {
        let value = Everything {
            bytes: vec![0, 23, 24, 255],
            empty: Vec::new(),
            wide: vec![1, 2, 3],
            optional: vec![Some(1), None, Some(200)],
            nested: vec![vec![1], Vec::new(), vec![255; 300]],
            mixed: (1, 2, "three".to_owned()),
            pair: (7, 250),
            newtype: Newtype([1, 2, 3, 4]),
            shapes: vec![
                Shape::Unit,
                Shape::One(vec![9; 40]),
                Shape::Two(1, [2, 3, 4]),
                Shape::Named { bytes: vec![5], number: 6 },
            ],
            map: [("a".to_owned(), Some(vec![1, 2])), ("b".to_owned(), None)].into(),
        };
        let mut encoded = Vec::new();
        ciborium::into_writer(&Compact(&value), &mut encoded).unwrap();
        assert_eq!(ciborium::from_reader::<Everything, _>(encoded.as_slice()).unwrap(), value);

        let Value::Map(fields) = ciborium::from_reader::<Value, _>(encoded.as_slice()).unwrap() else {
            panic!()
        };
        let field =
            |name: &str| fields.iter().find(|(key, _)| key.as_text() == Some(name)).unwrap().1.clone();
        assert_eq!(field("bytes"), Value::Bytes(vec![0, 23, 24, 255]));
        assert_eq!(field("pair"), Value::Bytes(vec![7, 250]));
        assert_eq!(field("newtype"), Value::Bytes(vec![1, 2, 3, 4]));
        for list in ["empty", "wide", "optional", "mixed"] {
            assert!(field(list).is_array(), "{list}");
        }
    }

    #[test]
    fn the_length_does_not_depend_on_the_values() {
        let length = |bytes: [u8; 32]| {
            let mut encoded = Vec::new();
            ciborium::into_writer(&Compact(&bytes), &mut encoded).unwrap();
            encoded.len()
        };
        assert_eq!((length([0; 32]), length([255; 32])), (34, 34));
    }
}
