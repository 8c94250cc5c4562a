//! Addresses as they stand on paper, in links and in QR codes: `ana@example.org`, `xmpp:ana@example.org?message`.
//!
//! The form of the links is RFC 5122; what stands behind the question mark is XEP-0147. Of its actions only two change what
//! the address is: `join` and `invite` name a room. Everything else is left to the person who follows the link: a text that
//! a stranger's link proposes is not taken over.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::address::{Address, InvalidAddress};

/// Longer texts are refused unread. A QR code holds 2,953 bytes at most, and an address has up to 2,047.
const TEXT_BYTES: usize = 8 * 1024;

/// A name that a link proposes is used up to this length in bytes, the same as a group's; a longer one is ignored.
const NAME_BYTES: usize = 256;

/// RFC 5122 §2.2: what may stand for itself in the part before the `@`.
const LOCAL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// The same for the part behind it: a host name, or an IP address, with its brackets if it is of version 6.
const DOMAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'[')
    .remove(b']')
    .remove(b':');

/// Somebody, or a room, to write to.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// The address; always with a part before the `@`.
    pub address: Address,
    /// What it is the address of, as far as the text says.
    pub kind: ContactKind,
    /// A name that the text proposes for it: one line, never empty.
    pub name: Option<String>,
}

/// What an address is the address of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactKind {
    /// A person's account, if nothing else is said.
    Account,
    /// A room to enter (XEP-0045).
    Room,
}

impl Contact {
    /// Reads an address or a link. A resource behind the address is ignored: a person has all of their devices.
    pub fn read(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim();
        if text.len() > TEXT_BYTES {
            return Err(InvalidAddress);
        }
        match after_scheme(text) {
            Some(link) => Self::of_link(link),
            None => Self::of(Address::parse(text)?, ContactKind::Account, None),
        }
    }

    fn of(address: Address, kind: ContactKind, name: Option<String>) -> Result<Self, InvalidAddress> {
        if address.local().is_none() {
            return Err(InvalidAddress);
        }
        Ok(Self { address, kind, name })
    }

    fn of_link(link: &str) -> Result<Self, InvalidAddress> {
        let link = link.split_once('#').map_or(link, |(link, _fragment)| link);
        let (path, query) = link.split_once('?').unwrap_or((link, ""));
        let address = address_in(path)?;
        let mut parts = query.split(';');
        let kind = match parts.next() {
            Some("join" | "invite") => ContactKind::Room,
            _ => ContactKind::Account,
        };
        let name = parts.filter_map(|part| part.strip_prefix("name=")).find_map(name_in);
        Self::of(address, kind, name)
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Contact").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Address {
    /// The link to this address (RFC 5122), as for a QR code: `xmpp:ana@example.org`.
    pub fn to_uri(&self) -> String {
        let domain = utf8_percent_encode(self.domain(), DOMAIN);
        match self.local() {
            Some(local) => format!("xmpp:{}@{domain}", utf8_percent_encode(local, LOCAL)),
            None => format!("xmpp:{domain}"),
        }
    }
}

/// What follows `xmpp:`, in any case of letters (RFC 3986 §3.1).
fn after_scheme(text: &str) -> Option<&str> {
    const SCHEME: &str = "xmpp:";
    let (scheme, rest) = text.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

/// The bare address in a link without its query. `//account` before it says who should follow the link, which is the user's
/// own affair (RFC 5122 §2.3); where nothing comes behind, the writer of the link meant the contact.
fn address_in(path: &str) -> Result<Address, InvalidAddress> {
    let path = match path.strip_prefix("//") {
        Some(rest) => match rest.split_once('/') {
            Some((_account, path)) if !path.is_empty() => path,
            Some((account, _)) => account,
            None => rest,
        },
        None => path,
    };
    // A resource begins at the first slash: one in the address itself is written as %2F, and would be malformed.
    let bare = path.split_once('/').map_or(path, |(bare, _resource)| bare);
    let decoded = percent_decode_str(bare).decode_utf8().map_err(|_| InvalidAddress)?;
    Address::parse(&decoded)
}

fn name_in(encoded: &str) -> Option<String> {
    let name = percent_decode_str(encoded).decode_utf8().ok()?;
    let name = name.trim();
    let usable = !name.is_empty() && name.len() <= NAME_BYTES && !name.contains(char::is_control);
    usable.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<(String, ContactKind, Option<String>)> {
        let contact = Contact::read(text).ok()?;
        Some((contact.address.to_string(), contact.kind, contact.name))
    }

    #[test]
    fn what_stands_on_paper_and_in_links_is_understood() {
        use ContactKind::{Account, Room};
        let ana = "ana@example.org";
        for (text, address, kind, name) in [
            ("ana@example.org", ana, Account, None),
            ("  Ana@Example.org\n", ana, Account, None),
            ("xmpp:ana@example.org", ana, Account, None),
            ("XMPP:ANA@EXAMPLE.ORG", ana, Account, None),
            ("xmpp:ana@example.org?message", ana, Account, None),
            ("xmpp:ana@example.org?message;subject=Hi;body=the%20bridge", ana, Account, None),
            ("xmpp:ana@example.org?roster;name=Ana%20Ruiz;group=Crew", ana, Account, Some("Ana Ruiz")),
            ("xmpp:ana@example.org?subscribe", ana, Account, None),
            ("xmpp:ana@example.org/phone?message", ana, Account, None),
            ("xmpp:ana@example.org?;type=get", ana, Account, None),
            ("xmpp:crew@muc.example.org?join", "crew@muc.example.org", Room, None),
            ("xmpp:crew@muc.example.org?join;password=cauldron", "crew@muc.example.org", Room, None),
            (
                "xmpp:crew@muc.example.org?join;name=Night+watch",
                "crew@muc.example.org",
                Room,
                Some("Night+watch"),
            ),
            ("xmpp:crew@muc.example.org?invite;jid=ben@example.org", "crew@muc.example.org", Room, None),
            // RFC 5122, the examples of §2.3, §2.5, §2.7 and §2.8.
            ("xmpp://guest@example.com/support@example.com?message", "support@example.com", Account, None),
            ("xmpp://ana@example.org", ana, Account, None),
            ("xmpp://ana@example.org/", ana, Account, None),
            (
                "xmpp:nasty!%23$%25()*+,-.;=%3F%5B%5C%5D%5E_%60%7B%7C%7D~node@example.com",
                "nasty!#$%()*+,-.;=?[\\]^_`{|}~node@example.com",
                Account,
                None,
            ),
            ("xmpp:node@example.com/repulsive%20!%23%22$%25&'()*", "node@example.com", Account, None),
            ("xmpp:ji%C5%99i@%C4%8Dechy.example/v%20Praze", "jiři@čechy.example", Account, None),
            ("xmpp:ana@example.org#fragment", ana, Account, None),
            ("xmpp:ana@[2001:db8::9]?message", "ana@[2001:db8::9]", Account, None),
            ("xmpp:ana@example.org?roster;name=%0A%1B%5B2J", ana, Account, None),
            ("xmpp:ana@example.org?roster;name=%FF", ana, Account, None),
        ] {
            let expected = Some((address.to_owned(), kind, name.map(str::to_owned)));
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_names_nobody_is_refused() {
        for text in [
            "",
            " ",
            "xmpp:",
            "xmpp://",
            "xmpp:?join",
            "@example.org",
            "ana@",
            "xmpp:@",
            "example.org",
            "xmpp:example.org",
            "ana@example.org/phone",
            "ana example.org",
            "xmpp:ana@example.org%2Fphone",
            "xmpp:%FF@example.org",
            "mailto:ana@example.org",
            "https://example.org/#ana@example.org",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let long = format!("xmpp:ana@example.org?roster;name={}", "a".repeat(TEXT_BYTES));
        assert_eq!(read(&long), None);
        assert_eq!(read(&format!("xmpp:a@b?roster;name={}", "a".repeat(NAME_BYTES + 1))).unwrap().2, None);
    }

    #[test]
    fn our_own_link_is_short_and_plain() {
        assert_eq!(Address::parse("ana@example.org").unwrap().to_uri(), "xmpp:ana@example.org");
        assert_eq!(Address::parse("example.org").unwrap().to_uri(), "xmpp:example.org");
        assert_eq!(Address::parse("a?b#c%d@[::1]").unwrap().to_uri(), "xmpp:a%3Fb%23c%25d@[::1]");
    }

    #[test]
    fn debug_shows_nobody() {
        let shown = format!("{:?}", Contact::read("xmpp:ana@example.org?roster;name=Ruiz").unwrap());
        assert!(!shown.contains("ana") && !shown.contains("Ruiz"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = Contact::read(&text);
            let _ = Contact::read(&format!("xmpp:{text}"));
        }

        #[test]
        fn any_link_is_read_or_refused(text in "(?i:xmpp:)?(//[a-z@/]{0,9})?[a-z%@.0-9]{0,20}[?;=#/]?[a-z%;=]{0,20}") {
            let _ = Contact::read(&text);
        }

        #[test]
        fn every_address_comes_back_from_its_link(local in "[^\\s\"&'/:<>@\\p{C}]{1,20}", domain in "[a-zé]{1,9}\\.[a-z]{2,5}") {
            if let Ok(address) = Address::parse(&format!("{local}@{domain}")) {
                let uri = address.to_uri();
                prop_assert!(uri.is_ascii(), "{uri}");
                prop_assert_eq!(Contact::read(&uri).map(|contact| contact.address), Ok(address.clone()));
                let written = Contact::read(&address.to_string()).map(|contact| contact.address);
                prop_assert_eq!(written, Ok(address));
            }
        }
    }
}
