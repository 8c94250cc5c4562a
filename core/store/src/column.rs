//! Columns to values of the model and back.
//!
//! A stored value that does not parse becomes a conversion error, which [`StoreError`](crate::StoreError) shows as
//! `Codec`: nothing here guesses.

use heliograph_model::{
    Address, ConversationKind, DeliveryState, DeviceId, ErrorCode, GroupId, Security, Timestamp,
};
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Error, Result, Row};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};

fn malformed(column: usize, kind: Type) -> Error {
    Error::FromSqlConversionFailure(column, kind, Box::new(FromSqlError::InvalidType))
}

pub(crate) fn address(row: &Row<'_>, column: usize) -> Result<Address> {
    let text = row.get_ref(column)?.as_str()?;
    Address::parse(text).map_err(|_| malformed(column, Type::Text))
}

pub(crate) fn optional_address(row: &Row<'_>, column: usize) -> Result<Option<Address>> {
    match row.get_ref(column)?.as_str_or_null()? {
        Some(text) => Address::parse(text).map(Some).map_err(|_| malformed(column, Type::Text)),
        None => Ok(None),
    }
}

pub(crate) fn timestamp(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    Ok(Timestamp(row.get(column)?))
}

pub(crate) fn optional_timestamp(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

/// A count, a revision or an epoch; see [`signed`].
pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| malformed(column, Type::Integer))
}

/// SQLite's integers are signed. Nothing that we count gets anywhere near 2^63; what claims to is capped.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How many rows at most, for `LIMIT`.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

pub(crate) fn device(row: &Row<'_>, column: usize) -> Result<DeviceId> {
    row.get(column).map(DeviceId)
}

pub(crate) fn group(row: &Row<'_>, column: usize) -> Result<GroupId> {
    row.get(column).map(GroupId)
}

pub(crate) fn optional_group(row: &Row<'_>, column: usize) -> Result<Option<GroupId>> {
    Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(GroupId))
}

/// The inverse of [`ErrorCode::as_str`]. A code that a newer version stored is shown as an internal fault.
pub(crate) fn optional_failure(row: &Row<'_>, column: usize) -> Result<Option<ErrorCode>> {
    Ok(row.get_ref(column)?.as_str_or_null()?.map(|text| {
        let text: StrDeserializer<'_, ValueError> = text.into_deserializer();
        ErrorCode::deserialize(text).unwrap_or(ErrorCode::Internal)
    }))
}

/// A value kept under a fixed number.
pub(crate) fn stored<T>(row: &Row<'_>, column: usize, from_stored: impl Fn(i64) -> Option<T>) -> Result<T> {
    from_stored(row.get(column)?).ok_or_else(|| malformed(column, Type::Integer))
}

pub(crate) fn kind(row: &Row<'_>, column: usize) -> Result<ConversationKind> {
    stored(row, column, ConversationKind::from_stored)
}

pub(crate) fn security(row: &Row<'_>, column: usize) -> Result<Security> {
    stored(row, column, Security::from_stored)
}

pub(crate) fn delivery(row: &Row<'_>, column: usize) -> Result<DeliveryState> {
    stored(row, column, DeliveryState::from_stored)
}

/// Gives a type the two functions by which the database keeps it under a fixed number.
macro_rules! stored_as {
    ($name:ident { $($variant:ident = $number:literal),+ $(,)? }) => {
        impl $name {
            /// The number under which the database keeps this value; never reassigned.
            pub const fn to_stored(self) -> i64 {
                match self { $(Self::$variant => $number),+ }
            }

            /// The inverse of [`Self::to_stored`]; `None` for a number that this version doesn't know.
            pub const fn from_stored(number: i64) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use stored_as;

/// `Debug` that names the type and the given fields and keeps the rest, which is private, to itself.
macro_rules! redacted_debug {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.debug_struct(stringify!($name))$(.field(stringify!($field), &self.$field))*.finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use redacted_debug;

#[cfg(test)]
mod tests {
    use heliograph_model::ErrorCode;
    use rusqlite::Connection;

    use super::optional_failure;

    #[test]
    fn error_codes_come_back_and_unknown_ones_are_a_fault() {
        let connection = Connection::open_in_memory().unwrap();
        let read = |text: Option<&str>| {
            connection.query_row("SELECT ?1", [text], |row| optional_failure(row, 0)).unwrap()
        };
        for code in [
            ErrorCode::AuthenticationFailed,
            ErrorCode::GroupNeedsRejoin,
            ErrorCode::NoKeysForContact,
            ErrorCode::DiskFull,
            ErrorCode::StoreTooNew,
        ] {
            assert_eq!(read(Some(code.as_str())), Some(code));
        }
        assert_eq!(read(Some("from-the-future")), Some(ErrorCode::Internal));
        assert_eq!(read(None), None);
    }
}
