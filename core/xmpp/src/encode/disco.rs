//! What we are and can do (XEP-0030, XEP-0115), and asking others.

use heliograph_model::Address;
use jid::Jid;
use minidom::Element;
use xmpp_parsers::caps::{Caps, compute_disco, hash_caps};
use xmpp_parsers::disco::{DiscoInfoQuery, DiscoInfoResult, DiscoItemsQuery, Identity};
use xmpp_parsers::hashes::Algo;
use xmpp_parsers::presence::Presence;
use xmpp_parsers::{ns as xns, version};

use super::{Unwritable, element, iq};
use crate::ns;

/// Names this program in entity capabilities; a name, not an address.
const CAPS_NODE: &str = "urn:heliograph";

/// The program's name, the one thing that strangers may know about it besides its version.
const PROGRAM: &str = "Heliograph";

/// What we announce. `+notify` makes the server tell us about new device lists (XEP-0163 §4.1).
const FEATURES: [&str; 9] = [
    xns::CAPS,
    xns::DISCO_INFO,
    xns::MUC,
    xns::PING,
    xns::RECEIPTS,
    xns::VERSION,
    ns::MLS,
    ns::MLS_DEVICES,
    "urn:xmpp:mls:0:devices+notify",
];

/// The answer to a disco#info question of somebody.
pub(crate) fn own_info(node: Option<String>) -> DiscoInfoResult {
    DiscoInfoResult {
        node,
        identities: vec![Identity {
            category: "client".to_owned(),
            type_: "phone".to_owned(),
            lang: None,
            name: Some(PROGRAM.to_owned()),
        }],
        features: FEATURES.iter().map(|&feature| feature.to_owned()).collect(),
        extensions: Vec::new(),
    }
}

fn own_caps() -> Option<Caps> {
    let hash = hash_caps(&compute_disco(&own_info(None)), Algo::Sha_1).ok()?;
    Some(Caps::new(CAPS_NODE, hash))
}

/// Whether a disco#info question with this node asks for what [`own_info`] says.
pub(crate) fn is_own_node(node: &str) -> bool {
    own_caps().is_some_and(|caps| xmpp_parsers::caps::query_caps(caps).node.as_deref() == Some(node))
}

/// Available, with our capabilities.
pub(crate) fn available() -> Result<Element, Unwritable> {
    let presence = Presence::available();
    element(match own_caps() {
        Some(caps) => presence.with_payload(caps),
        None => presence,
    })
}

/// Our version: nothing about the system that we run on.
pub(crate) fn own_version() -> version::VersionResult {
    version::VersionResult {
        name: PROGRAM.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        os: None,
    }
}

/// What can you do?
pub(crate) fn info(id: &str, of: &Address) -> Result<Element, Unwritable> {
    iq::get(id, Some(Jid::from(of.as_jid().clone())), DiscoInfoQuery { node: None })
}

/// What do you have?
pub(crate) fn items(id: &str, of: &Address) -> Result<Element, Unwritable> {
    iq::get(id, Some(Jid::from(of.as_jid().clone())), DiscoItemsQuery { node: None, rsm: None })
}
