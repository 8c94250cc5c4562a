//! What the foreign side passes in, checked. The rules of the field (how long a name may be, who may be a member) are the
//! engine's; here stands only what a string or a byte array must be to get that far.

use std::path::PathBuf;

use heliograph_client::{
    Address, Contact, ContactKind, ConversationId, DatabaseKey, Error, ErrorCode, Pin, StoreLocation,
};
use zeroize::Zeroizing;

/// Length of a database key in bytes (SQLCipher's raw key: AES-256).
pub(crate) const KEY_BYTES: usize = 32;

fn invalid(detail: &'static str) -> Error {
    Error::new(ErrorCode::InvalidArgument, detail)
}

/// The database of an account. The bytes of the key are wiped here; the caller's copy is the caller's.
pub(crate) fn store_location(path: &str, key: Vec<u8>) -> Result<StoreLocation, Error> {
    let key = Zeroizing::new(key);
    if path.is_empty() || path.contains('\0') {
        return Err(invalid("the path of the database is empty or holds a zero byte"));
    }
    let bytes: Zeroizing<[u8; KEY_BYTES]> = Zeroizing::new(
        key.as_slice().try_into().map_err(|_| invalid("the database key must have 32 bytes"))?,
    );
    Ok(StoreLocation { path: PathBuf::from(path), key: DatabaseKey::new(*bytes) })
}

/// `name@server`.
pub(crate) fn address(text: &str) -> Result<Address, Error> {
    Address::parse(text).map_err(|_| invalid("not an XMPP address (expected name@server)"))
}

/// An account as a person names it: by its address, or by a link to it.
pub(crate) fn account(text: &str) -> Result<Address, Error> {
    let contact = contact(text)?;
    if contact.kind == ContactKind::Room {
        return Err(invalid("the address of a room, where an account is wanted"));
    }
    Ok(contact.address)
}

/// An account or a room as a person names it.
pub(crate) fn contact(text: &str) -> Result<Contact, Error> {
    Contact::read(text).map_err(|_| invalid("neither an XMPP address nor a link to one"))
}

/// Several [`account`]s; one malformed one refuses them all.
pub(crate) fn accounts(texts: &[String]) -> Result<Vec<Address>, Error> {
    texts.iter().map(|text| account(text)).collect()
}

/// A text, a name or a nick: whatever may end up as character data in XML.
///
/// XML 1.0 §2.2 has no way to write most control characters, escaped or not, so a stanza with one can't be sent.
pub(crate) fn xml_text(text: String) -> Result<String, Error> {
    let unwritable = |character| match character {
        '\t' | '\n' | '\r' => false,
        '\u{fffe}' | '\u{ffff}' => true,
        other => other < ' ',
    };
    if text.contains(unwritable) {
        return Err(invalid("the text holds a control character that XML can't carry"));
    }
    Ok(text)
}

/// The name of a host, as far as it can be told from its form.
pub(crate) fn host(text: String) -> Result<String, Error> {
    if text.is_empty() || text.contains(|character: char| character.is_whitespace() || character.is_control())
    {
        return Err(invalid("the server's host is empty or holds spaces"));
    }
    Ok(text)
}

/// The key of a server.
pub(crate) fn pin(text: &str) -> Result<Pin, Error> {
    text.parse().map_err(|_| invalid("a pin is the SHA-256 of a public key in Base64"))
}

/// A TCP port.
pub(crate) fn port(number: u16) -> Result<u16, Error> {
    if number == 0 { Err(invalid("the server's port is 0")) } else { Ok(number) }
}

/// The id of a conversation; whether it exists is known below.
pub(crate) fn conversation(id: i64) -> ConversationId {
    ConversationId(id)
}

/// A number of things wanted.
pub(crate) fn count(number: u32) -> Result<usize, Error> {
    match usize::try_from(number) {
        Ok(0) => Err(invalid("at least one must be asked for")),
        Ok(number) => Ok(number),
        Err(_) => Err(invalid("more asked for than this machine can address")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T>(result: Result<T, Error>) -> bool {
        result.is_err_and(|error| error.code == ErrorCode::InvalidArgument)
    }

    #[test]
    fn a_key_has_32_bytes() {
        assert!(store_location("a.db", vec![7; KEY_BYTES]).is_ok());
        for length in [0, KEY_BYTES - 1, KEY_BYTES + 1] {
            assert!(refused(store_location("a.db", vec![7; length])), "{length} bytes were accepted");
        }
    }

    #[test]
    fn a_path_is_a_path() {
        assert!(refused(store_location("", vec![7; KEY_BYTES])));
        assert!(refused(store_location("a\0b", vec![7; KEY_BYTES])));
    }

    #[test]
    fn one_malformed_address_refuses_all() {
        assert!(accounts(&["ana@example.org".to_owned(), "ben@example.org".to_owned()]).is_ok());
        assert!(refused(accounts(&["ana@example.org".to_owned(), "@".to_owned()])));
        assert!(refused(account("ana@example.org/phone")) && refused(account("example.org")));
    }

    #[test]
    fn an_account_is_named_by_an_address_or_a_link_and_a_room_is_none() {
        for text in [" Ana@Example.org\n", "xmpp:ana@example.org?message"] {
            assert_eq!(account(text).unwrap().to_string(), "ana@example.org");
        }
        assert!(refused(account("xmpp:crew@muc.example.org?join")));
    }

    #[test]
    fn text_that_xml_cannot_carry_is_refused() {
        assert!(xml_text("two\nlines\tand \u{1f6a9}".to_owned()).is_ok());
        for text in ["\0", "a\u{1b}[2J", "\u{fffe}", "\u{ffff}"] {
            assert!(refused(xml_text(text.to_owned())), "{text:?} was accepted");
        }
    }

    #[test]
    fn an_error_names_no_argument() {
        let error = address("secret name").unwrap_err();
        assert!(!error.detail.contains("secret"));
    }

    #[test]
    fn hosts_ports_and_counts() {
        assert!(
            host("127.0.0.1".to_owned()).is_ok()
                && refused(host("a b".to_owned()))
                && refused(host(String::new()))
        );
        assert!(port(5222).is_ok() && refused(port(0)));
        assert!(refused(pin("d6qz")));
        assert!(count(1).is_ok() && refused(count(0)));
    }
}
