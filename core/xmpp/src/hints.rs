//! Message processing hints (XEP-0334).

use xmpp_parsers::message::MessagePayload;
use xso::{AsXml, FromXml};

use crate::ns;

/// `<store/>`: keep this in archives although it has no body (XEP-0334 §4.4).
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::HINTS, name = "store")]
pub struct Store;

impl MessagePayload for Store {}
