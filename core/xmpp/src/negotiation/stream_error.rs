//! Stream errors (RFC 6120 §4.9).

use minidom::Element;
use xmpp_parsers::ns as xns;

use crate::error::{Elsewhere, SessionError};

/// The conditions of RFC 6120 §4.9.3, so that an error holds a word of the standard and never one of the server's.
const CONDITIONS: [&str; 24] = [
    "bad-format",
    "bad-namespace-prefix",
    "connection-timeout",
    "improper-addressing",
    "internal-server-error",
    "invalid-from",
    "invalid-namespace",
    "invalid-xml",
    "not-authorized",
    "not-well-formed",
    "policy-violation",
    "remote-connection-failed",
    "reset",
    "resource-constraint",
    "restricted-xml",
    "see-other-host",
    "system-shutdown",
    "undefined-condition",
    "unsupported-encoding",
    "unsupported-feature",
    "unsupported-stanza-type",
    "unsupported-version",
    "conflict",
    "host-unknown",
];

/// What a `<stream:error/>` means.
pub(crate) fn stream_error(element: &Element) -> SessionError {
    let condition =
        element.children().find(|child| child.has_ns(xns::XMPP_STREAMS) && child.name() != "text");
    match condition.map_or("undefined-condition", Element::name) {
        "conflict" => SessionError::Replaced,
        "host-unknown" | "host-gone" => SessionError::NoService,
        "see-other-host" => condition
            .and_then(|condition| Elsewhere::parse(condition.text().trim()))
            .map_or(SessionError::StreamError("see-other-host"), SessionError::Elsewhere),
        name => SessionError::StreamError(
            CONDITIONS.into_iter().find(|known| *known == name).unwrap_or("undefined-condition"),
        ),
    }
}
