//! Questions and answers (RFC 6120 §8.2.3).

use std::collections::BTreeMap;

use jid::Jid;
use minidom::Element;
use xmpp_parsers::bind::BindResponse;
use xmpp_parsers::iq::{Iq, IqGetPayload, IqResultPayload, IqSetPayload};
use xmpp_parsers::ns::JABBER_CLIENT;
use xmpp_parsers::ping::Ping;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use super::{Unwritable, element};

/// A question that changes nothing.
pub(crate) fn get(id: &str, to: Option<Jid>, payload: impl IqGetPayload) -> Result<Element, Unwritable> {
    element(addressed(Iq::from_get(id, payload), to))
}

/// A question that changes something.
pub(crate) fn set(id: &str, to: Option<Jid>, payload: impl IqSetPayload) -> Result<Element, Unwritable> {
    element(addressed(Iq::from_set(id, payload), to))
}

/// A ping (XEP-0199).
pub(crate) fn ping(id: &str, to: Option<Jid>) -> Result<Element, Unwritable> {
    get(id, to, Ping)
}

/// The answer to somebody's question.
pub(crate) fn result(
    id: &str,
    to: Option<Jid>,
    payload: Option<impl IqResultPayload>,
) -> Result<Element, Unwritable> {
    element(addressed(Iq::from_result(id, payload), to))
}

/// The refusal of somebody's question: we do not serve this, or do not want to.
pub(crate) fn refusal(id: &str, to: Option<Jid>, condition: DefinedCondition) -> Result<Element, Unwritable> {
    let error = StanzaError {
        type_: ErrorType::Cancel,
        by: None,
        defined_condition: condition,
        texts: BTreeMap::new(),
        other: None,
    };
    element(addressed(Iq::from_error(id, error), to))
}

/// A stanza that nobody asked for and nobody answers (RFC 6120 §8.2.3), in the place of one that can't be written.
pub(crate) fn nothing() -> Element {
    element(Iq::from_result("heliograph-nothing", None::<BindResponse>))
        .unwrap_or_else(|Unwritable| Element::bare("iq", JABBER_CLIENT))
}

fn addressed(iq: Iq, to: Option<Jid>) -> Iq {
    match to {
        Some(to) => iq.with_to(to),
        None => iq,
    }
}
