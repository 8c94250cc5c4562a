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
            .and_then(|condition| elsewhere(condition.text().trim()))
            .map_or(SessionError::StreamError("see-other-host"), SessionError::Elsewhere),
        name => SessionError::StreamError(
            CONDITIONS.into_iter().find(|known| *known == name).unwrap_or("undefined-condition"),
        ),
    }
}

/// Host and port of a `<see-other-host/>` (§4.9.3.19): `host`, `host:port`, `[::1]`, `[::1]:port`.
fn elsewhere(text: &str) -> Option<Elsewhere> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(text) => text.split_once(']')?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => Some(port.parse().ok()?),
        None if rest.is_empty() => None,
        None => return None,
    };
    (!host.is_empty()).then(|| Elsewhere { host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_host_is_read_in_all_its_forms() {
        let of = |host: &str, port| Some(Elsewhere { host: host.to_owned(), port });
        for (text, expected) in [
            ("b.example.org", of("b.example.org", None)),
            ("b.example.org:9222", of("b.example.org", Some(9222))),
            ("[2001:db8::9]", of("2001:db8::9", None)),
            ("[2001:db8::9]:9222", of("2001:db8::9", Some(9222))),
            ("192.0.2.1:1", of("192.0.2.1", Some(1))),
            ("", None),
            (":1", None),
            ("host:", None),
            ("host:99999", None),
            ("[::1", None),
            ("[::1]x", None),
        ] {
            assert!(elsewhere(text) == expected, "{text}");
        }
    }
}
