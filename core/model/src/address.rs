//! XMPP addresses without a resource (RFC 7622): an account, a room or a server.

use std::fmt;
use std::str::FromStr;

use jid::BareJid;
use serde::{Deserialize, Serialize};

/// A bare JID: `local@domain`, or `domain` alone for a server.
///
/// Parsing normalises (RFC 7622 §3), so two equal addresses compare equal. `Debug` is redacted; `Display` is not, and is
/// meant for the wire, the database and the screen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(BareJid);

/// The text is no valid bare JID. The text itself is not repeated: it may be private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an XMPP address (expected name@server)")]
pub struct InvalidAddress;

impl Address {
    /// Parses `local@domain` or `domain`; a resource is refused.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        BareJid::from_str(text).map(Self).map_err(|_| InvalidAddress)
    }

    /// The part before the `@`, `None` for a server.
    pub fn local(&self) -> Option<&str> {
        self.0.node().map(jid::NodeRef::as_str)
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.domain().as_str()
    }

    /// The server that this address belongs to.
    #[must_use]
    pub fn server(&self) -> Self {
        Self(BareJid::from_parts(None, self.0.domain()))
    }

    /// The address as the `jid` crate's type, for the wire layer.
    pub fn as_jid(&self) -> &BareJid {
        &self.0
    }
}

impl From<BareJid> for Address {
    fn from(jid: BareJid) -> Self {
        Self(jid)
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Address {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Address(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn parsing_normalises_and_refuses_a_resource() {
        assert_eq!(Address::parse("Ana@Example.ORG").unwrap(), Address::parse("ana@example.org").unwrap());
        assert!(Address::parse("ana@example.org/phone").is_err());
        assert!(Address::parse("").is_err());
        assert!(Address::parse("@example.org").is_err());
    }

    #[test]
    fn debug_shows_nothing() {
        let shown = format!("{:?}", Address::parse("ana@example.org").unwrap());
        assert!(!shown.contains("ana") && !shown.contains("example"));
    }
}
