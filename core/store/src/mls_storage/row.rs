//! Rows of the table `mls_value`: one value under a key, or several as a list.

use rusqlite::{OptionalExtension, Params, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{decode, encode, group_key};
use super::label::Label;
use super::{LIVE, MlsStorage};
use crate::error::StoreError;

/// Where a value is kept.
pub(super) struct Address {
    group_key: Vec<u8>,
    namespace: i64,
    label: Label,
    key: Vec<u8>,
}

const WHERE_ONE: &str = "WHERE group_key = ?1 AND namespace = ?2 AND label = ?3 AND key = ?4";
const WHERE_ALL: &str = "WHERE group_key = ?1 AND namespace = ?2 AND label = ?3";

impl MlsStorage<'_> {
    /// A value of which a group has one.
    pub(super) fn of_group<G: Serialize>(&self, group: &G, label: Label) -> Result<Address, StoreError> {
        Ok(Address { group_key: group_key(group)?, namespace: self.namespace, label, key: Vec::new() })
    }

    /// A value of which a group has several.
    pub(super) fn of_group_at<G: Serialize, K: Serialize>(
        &self,
        group: &G,
        label: Label,
        key: &K,
    ) -> Result<Address, StoreError> {
        Ok(Address { key: encode(key)?.to_vec(), ..self.of_group(group, label)? })
    }

    /// A value that belongs to no group; always the present one.
    pub(super) fn of_device<K: Serialize>(label: Label, key: &K) -> Result<Address, StoreError> {
        Ok(Address { group_key: Vec::new(), namespace: LIVE, label, key: encode(key)?.to_vec() })
    }

    pub(super) fn put<V: Serialize + ?Sized>(&self, at: &Address, value: &V) -> Result<(), StoreError> {
        let value = encode(value)?;
        self.connection
            .prepare_cached(
                "INSERT INTO mls_value (group_key, namespace, label, key, value) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (group_key, namespace, label, key) DO UPDATE SET value = excluded.value",
            )?
            .execute(params![at.group_key, at.namespace, at.label.number(), at.key, *value])?;
        Ok(())
    }

    pub(super) fn take<V: DeserializeOwned>(&self, at: &Address) -> Result<Option<V>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT value FROM mls_value {WHERE_ONE}"))?;
        let value = statement
            .query_row(params![at.group_key, at.namespace, at.label.number(), at.key], |row| {
                // Decoded from SQLite's own memory: no further copy of a secret.
                Ok(decode(row.get_ref(0)?.as_blob()?))
            })
            .optional()?;
        value.transpose()
    }

    pub(super) fn remove(&self, at: &Address) -> Result<(), StoreError> {
        let parameters = params![at.group_key, at.namespace, at.label.number(), at.key];
        self.execute(&format!("DELETE FROM mls_value {WHERE_ONE}"), parameters)
    }

    /// Appends to a list. The key is the number of values before it: lists only ever go as a whole.
    pub(super) fn append<V: Serialize>(&self, at: &Address, value: &V) -> Result<(), StoreError> {
        let value = encode(value)?;
        self.connection
            .prepare_cached(&format!(
                "INSERT INTO mls_value (group_key, namespace, label, key, value)
                 SELECT ?1, ?2, ?3, CAST(count(*) AS BLOB), ?4 FROM mls_value {WHERE_ALL}"
            ))?
            .execute(params![at.group_key, at.namespace, at.label.number(), *value])?;
        Ok(())
    }

    /// All values of this label, in the order in which they were first stored.
    pub(super) fn list<V: DeserializeOwned>(&self, at: &Address) -> Result<Vec<V>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT value FROM mls_value {WHERE_ALL} ORDER BY id"))?;
        let mut rows = statement.query(params![at.group_key, at.namespace, at.label.number()])?;
        let mut values = Vec::new();
        while let Some(row) = rows.next()? {
            values.push(decode(row.get_ref(0)?.as_blob().map_err(|_| StoreError::Codec)?)?);
        }
        Ok(values)
    }

    pub(super) fn clear(&self, at: &Address) -> Result<(), StoreError> {
        let parameters = params![at.group_key, at.namespace, at.label.number()];
        self.execute(&format!("DELETE FROM mls_value {WHERE_ALL}"), parameters)
    }

    fn execute(&self, sql: &str, parameters: impl Params) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute(parameters)?;
        Ok(())
    }
}
