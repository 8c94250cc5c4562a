//! Where a server announces that something came for a sleeping phone (XEP-0357).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Address, Error, ErrorCode};

/// A registration at an app server, as that app server handed it out. Everything in it is opaque to us and passed on as it
/// is: whoever knows it can wake the phone, so `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushTarget {
    /// The push service: the app server as an entity of XMPP.
    pub service: Address,
    /// The node there that stands for this installation of the app.
    pub node: String,
    /// What the server has to show with each announcement, such as `secret`: names and values in the order of the form
    /// (XEP-0357 §5, XEP-0060 §7.1.5).
    pub options: Vec<(String, String)>,
}

/// Sizes of a [`PushTarget`], so that nothing that an app server hands out can grow a stanza or the database.
pub mod limits {
    /// Bytes of a node. Services may use node names as resources of an address, and those end here (RFC 7622 §3.4).
    pub const NODE_BYTES: usize = 1023;
    /// Options of one target. App servers use one to three.
    pub const OPTIONS: usize = 16;
    /// Bytes of an option's name.
    pub const NAME_BYTES: usize = 256;
    /// Bytes of an option's value. A token of APNs or FCM has a few hundred, a UnifiedPush address up to a thousand.
    pub const VALUE_BYTES: usize = 4096;
}

/// The field that says what a form is for (XEP-0068 §3.1): ours to set.
const FORM_TYPE: &str = "FORM_TYPE";

impl PushTarget {
    /// Refuses what could not travel as XML, would not mean what it says, or is over [`limits`].
    pub fn check(&self) -> Result<(), Error> {
        let invalid = |detail| Err(Error::new(ErrorCode::InvalidArgument, detail));
        if self.node.is_empty() || self.node.len() > limits::NODE_BYTES || !is_plain(&self.node) {
            return invalid("a push node has 1 to 1023 bytes and no control characters");
        }
        if self.options.len() > limits::OPTIONS {
            return invalid("at most 16 options go with a push node");
        }
        for (index, (name, value)) in self.options.iter().enumerate() {
            if name.is_empty() || name.len() > limits::NAME_BYTES || !is_plain(name) || name == FORM_TYPE {
                return invalid("the name of a push option has 1 to 256 bytes and no control characters");
            }
            if value.len() > limits::VALUE_BYTES || !is_plain(value) {
                return invalid("the value of a push option has up to 4096 bytes and no control characters");
            }
            if self.options.iter().skip(index + 1).any(|(other, _)| other == name) {
                return invalid("a push option is given twice");
            }
        }
        Ok(())
    }
}

impl fmt::Debug for PushTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PushTarget({} options)", self.options.len())
    }
}

/// How far push has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushState {
    /// The app does not want it, and no server believes otherwise.
    Off,
    /// The app no longer wants it, and the server has not confirmed that yet.
    Stopping,
    /// The server has not confirmed it yet.
    Pending(PushTarget),
    /// The server announces messages while this device sleeps.
    On(PushTarget),
    /// The server can't or won't; asked again with the next fresh session.
    Refused(PushTarget, ErrorCode),
}

/// Whether XML carries the text unchanged, also in an attribute (XML 1.0 §2.2, §3.3.3).
fn is_plain(text: &str) -> bool {
    !text.chars().any(|character| character.is_control() || matches!(character, '\u{FFFE}' | '\u{FFFF}'))
}

#[cfg(test)]
mod tests {
    use super::{PushTarget, limits};
    use crate::{Address, ErrorCode};

    fn target(node: &str, options: &[(&str, &str)]) -> PushTarget {
        PushTarget {
            service: Address::parse("push.example.org").unwrap(),
            node: node.to_owned(),
            options: options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    #[test]
    fn what_app_servers_hand_out_is_taken_as_it_is() {
        target("yxs32uqsflafdk3iuqo", &[("secret", "eruio234vzxc2kla-91")]).check().unwrap();
        target("<&'\"> ü", &[("pushModule", ""), ("token", &"t".repeat(limits::VALUE_BYTES))])
            .check()
            .unwrap();
        target(&"n".repeat(limits::NODE_BYTES), &[]).check().unwrap();
    }

    #[test]
    fn what_can_not_travel_or_is_too_large_is_refused() {
        let long = |bytes: usize| "x".repeat(bytes + 1);
        let many: Vec<String> = (0..=limits::OPTIONS).map(|number| format!("o{number}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "v")).collect();
        for bad in [
            target("", &[]),
            target(&long(limits::NODE_BYTES), &[]),
            target("two\nlines", &[]),
            target("n", &[("", "v")]),
            target("n", &[(&long(limits::NAME_BYTES), "v")]),
            target("n", &[("FORM_TYPE", "v")]),
            target("n", &[("a", "1"), ("a", "2")]),
            target("n", &[("a", "bell \u{7}")]),
            target("n", &[("a", "\u{FFFE}")]),
            target("n", &[("a", &long(limits::VALUE_BYTES))]),
            target("n", &many),
        ] {
            assert_eq!(bad.check().unwrap_err().code, ErrorCode::InvalidArgument);
        }
    }

    #[test]
    fn debug_shows_nothing() {
        let shown = format!("{:?}", target("node-of-ana", &[("secret", "hush")]));
        assert!(!shown.contains("ana") && !shown.contains("hush") && !shown.contains("example"), "{shown}");
    }
}
