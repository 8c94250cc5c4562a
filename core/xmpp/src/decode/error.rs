//! Stanza errors (RFC 6120 §8.3).

use heliograph_model::stanza::{StanzaError, StanzaErrorCondition};
use minidom::Element;
use xmpp_parsers::ns as xns;

/// The error inside a stanza of type `error`. A stanza without one, or with an unknown one, is an error all the same.
pub(super) fn stanza_error(stanza: &Element) -> StanzaError {
    let Some(error) = stanza.get_child("error", xns::JABBER_CLIENT) else {
        return StanzaError { condition: StanzaErrorCondition::Other, wait: false };
    };
    let name = error
        .children()
        .find(|child| child.has_ns(xns::XMPP_STANZAS) && child.name() != "text")
        .map_or("", Element::name);
    let condition = match name {
        "conflict" => StanzaErrorCondition::Conflict,
        "feature-not-implemented" => StanzaErrorCondition::FeatureNotImplemented,
        "forbidden" | "not-authorized" => StanzaErrorCondition::Forbidden,
        "item-not-found" => StanzaErrorCondition::ItemNotFound,
        "not-acceptable" => StanzaErrorCondition::NotAcceptable,
        "not-allowed" => StanzaErrorCondition::NotAllowed,
        "registration-required" => StanzaErrorCondition::RegistrationRequired,
        "remote-server-not-found" | "remote-server-timeout" => StanzaErrorCondition::RemoteServer,
        "policy-violation" | "resource-constraint" => StanzaErrorCondition::PolicyViolation,
        "service-unavailable" => StanzaErrorCondition::ServiceUnavailable,
        _ => StanzaErrorCondition::Other,
    };
    StanzaError { condition, wait: error.attr("type") == Some("wait") }
}
