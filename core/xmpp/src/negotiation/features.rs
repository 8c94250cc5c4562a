//! Stream features (RFC 6120 §4.3.2) and stream errors (§4.9), read tolerantly: what we do not know does not concern us.

use minidom::Element;
use xmpp_parsers::ns as xns;

use crate::error::SessionError;
use crate::scram::Offer;
use crate::xml::children;

/// Mechanisms that are looked at: no server offers more, and a list without end must cost nothing.
const MECHANISMS: usize = 64;

/// What a server offers at one point of the negotiation.
pub(super) struct Features {
    pub(super) start_tls: bool,
    pub(super) login: Offer,
    pub(super) stream_management: bool,
}

impl Features {
    /// `None` if this is no `<stream:features/>`.
    pub(super) fn read(element: &Element) -> Option<Self> {
        if !element.is("features", xns::STREAM) {
            return None;
        }
        let mechanisms = element
            .get_child("mechanisms", xns::SASL)
            .into_iter()
            .flat_map(|list| children(list, "mechanism", xns::SASL))
            .take(MECHANISMS)
            .map(|mechanism| mechanism.text().trim().to_owned())
            .collect();
        let bindings = element.get_child("sasl-channel-binding", xns::SASL_CB).map(|list| {
            children(list, "channel-binding", xns::SASL_CB)
                .take(MECHANISMS)
                .filter_map(|binding| binding.attr("type").map(str::to_owned))
                .collect()
        });
        Some(Self {
            start_tls: element.has_child("starttls", xns::TLS),
            login: Offer { mechanisms, bindings },
            stream_management: element.has_child("sm", xns::SM),
        })
    }
}

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
    let name = element
        .children()
        .find(|child| child.has_ns(xns::XMPP_STREAMS) && child.name() != "text")
        .map_or("undefined-condition", Element::name);
    match name {
        "conflict" => SessionError::Replaced,
        "host-unknown" | "host-gone" => SessionError::NoService,
        name => SessionError::StreamError(
            CONDITIONS.into_iter().find(|known| *known == name).unwrap_or("undefined-condition"),
        ),
    }
}
