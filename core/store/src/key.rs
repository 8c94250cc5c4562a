//! The key of the database.

use std::fmt::{self, Write as _};

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Thirty-two random bytes that encrypt one database. Kept by the platform's key store, never beside the database.
///
/// Used as they are: SQLCipher derives nothing from them, which would cost 110 ms at every opening and gain nothing for a
/// random key.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DatabaseKey([u8; 32]);

impl DatabaseKey {
    /// Wraps the bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The statement that gives the key to a fresh connection.
    pub(crate) fn pragma(&self) -> Zeroizing<String> {
        // Room for all of it, so that no half-written copy is left behind by growing.
        let mut sql = Zeroizing::new(String::with_capacity(96));
        sql.push_str("PRAGMA key = \"x'");
        for byte in self.0 {
            // Writing to a string can't fail.
            let _ = write!(*sql, "{byte:02x}");
        }
        sql.push_str("'\"");
        sql
    }
}

impl fmt::Debug for DatabaseKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DatabaseKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::DatabaseKey;

    #[test]
    fn debug_shows_nothing_and_the_statement_fits_its_room() {
        let key = DatabaseKey::new([0xab; 32]);
        assert_eq!(format!("{key:?}"), "DatabaseKey(redacted)");
        let sql = key.pragma();
        assert_eq!(*sql, format!("PRAGMA key = \"x'{}'\"", "ab".repeat(32)));
        assert!(sql.len() <= 96);
    }
}
