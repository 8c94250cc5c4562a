//! Addresses as they stand on paper, in links and in QR codes.

use heliograph_client::ContactKind;

use crate::argument;
use crate::error::HeliographError;

/// What an address is the address of.
#[uniffi::remote(Enum)]
pub enum ContactKind {
    /// A person's account, if nothing else is said.
    Account,
    /// A room to enter.
    Room,
}

/// Somebody, or a room, to write to.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Contact {
    /// The address, `name@server`.
    pub address: String,
    /// What it is the address of, as far as the text says.
    pub kind: ContactKind,
    /// What to call it, as its address has it. One line, never empty.
    pub title: String,
    /// A name that the text proposes for it: one line, never empty. Nobody has checked it.
    pub name: Option<String>,
}

impl From<heliograph_client::Contact> for Contact {
    fn from(contact: heliograph_client::Contact) -> Self {
        Self {
            title: contact.address.name(),
            address: contact.address.into(),
            kind: contact.kind,
            name: contact.name,
        }
    }
}

/// Reads an address (`ana@example.org`) or a link to one (RFC 5122: `xmpp:ana@example.org?message`,
/// `xmpp:crew@muc.example.org?join`), as typed, followed or scanned. A text that a link proposes to send is left out.
///
/// Errors: `InvalidArgument`.
#[uniffi::export]
pub fn read_address(text: &str) -> Result<Contact, HeliographError> {
    Ok(argument::contact(text)?.into())
}
