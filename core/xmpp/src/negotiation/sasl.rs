//! The elements of SASL (RFC 6120 §6).
//!
//! Our own types, because those of xmpp-parsers know a fixed list of mechanisms without SCRAM-SHA-512.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minidom::Element;
use xmpp_parsers::ns::SASL;
use xso::AsXml;
use xso::text::Base64;

use crate::error::SessionError;

/// `<auth/>`.
#[derive(AsXml)]
#[xml(namespace = SASL, name = "auth")]
pub(super) struct Auth {
    #[xml(attribute)]
    pub(super) mechanism: String,
    #[xml(text(codec = Base64))]
    pub(super) data: Vec<u8>,
}

/// `<response/>`.
#[derive(AsXml)]
#[xml(namespace = SASL, name = "response")]
pub(super) struct Response {
    #[xml(text(codec = Base64))]
    pub(super) data: Vec<u8>,
}

/// What a server says during a login.
#[derive(Debug)]
pub(super) enum Answer {
    Challenge(Vec<u8>),
    Success(Vec<u8>),
    Failure(SessionError),
}

impl Answer {
    pub(super) fn read(element: &Element) -> Result<Self, SessionError> {
        if !element.has_ns(SASL) {
            return Err(SessionError::Protocol("no answer to the login"));
        }
        match element.name() {
            "challenge" => Ok(Self::Challenge(data(&element.text())?)),
            "success" => Ok(Self::Success(data(&element.text())?)),
            "failure" => Ok(Self::Failure(failure(element))),
            _ => Err(SessionError::Protocol("no answer to the login")),
        }
    }
}

/// The data in an element's text.
pub(super) fn data(text: &str) -> Result<Vec<u8>, SessionError> {
    match text.trim() {
        // RFC 6120 §6.4.2: "=" is how an empty value is written.
        "" | "=" => Ok(Vec::new()),
        text => STANDARD.decode(text).map_err(|_| SessionError::Protocol("SASL data that is not Base64")),
    }
}

/// The reason in a `<failure/>` (RFC 6120 §6.5, also in XEP-0388 §2.7.2).
pub(super) fn failure(element: &Element) -> SessionError {
    let condition = element.children().find(|child| child.has_ns(SASL) && child.name() != "text");
    match condition.map(Element::name) {
        Some("temporary-auth-failure" | "aborted") => SessionError::TemporaryRefusal,
        Some("mechanism-too-weak" | "invalid-mechanism" | "encryption-required") => SessionError::NoMechanism,
        Some("account-disabled") => SessionError::Refused("account-disabled"),
        Some("credentials-expired") => SessionError::Refused("credentials-expired"),
        Some("malformed-request" | "incorrect-encoding") => SessionError::Refused("malformed-request"),
        _ => SessionError::Refused("not-authorized"),
    }
}
