//! Fallback indication (XEP-0428).

use xmpp_parsers::message::MessagePayload;
use xso::{AsXml, FromXml};

use crate::ns;

/// `<fallback/>`: the body stands in for a payload of the namespace in `for`. A client that knows the payload ignores the
/// whole body.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq, Eq)]
#[xml(namespace = ns::FALLBACK, name = "fallback")]
pub struct Fallback {
    /// Namespace of the payload.
    #[xml(attribute(name = "for", default))]
    pub payload: Option<String>,
}

impl MessagePayload for Fallback {}
