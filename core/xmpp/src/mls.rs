//! The elements of MLS over XMPP, version 0: `<m/>` in messages, `<devices/>` and `<kp/>` in PEP items.
//!
//! All three carry Base64 (RFC 4648 §4) and nothing that this crate looks into.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use heliograph_model::stanza::{MlsEnvelope, MlsKind, Node};
use heliograph_model::{Address, ArchiveId};
use jid::BareJid;
use xmpp_parsers::message::MessagePayload;
use xmpp_parsers::pubsub::PubSubPayload;
use xso::error::Error;
use xso::text::{Base64, StripWhitespace};
use xso::{AsXml, AsXmlText, FromXml, FromXmlText, TextCodec};

use crate::ns;

/// `<m xmlns='urn:xmpp:mls:0'/>`, see [`MlsEnvelope`] for the meaning of the attributes.
#[derive(FromXml, AsXml, Clone, PartialEq, Eq)]
#[xml(namespace = ns::MLS, name = "m")]
pub struct Mls {
    /// What it is.
    #[xml(attribute)]
    pub k: Kind,
    /// The epoch.
    #[xml(attribute)]
    pub e: u64,
    /// The fork tag.
    #[xml(attribute(default))]
    pub f: Option<ForkTag>,
    /// The room of a Welcome.
    #[xml(attribute(default))]
    pub room: Option<BareJid>,
    /// Where to start reading that room's archive.
    #[xml(attribute(default))]
    pub after: Option<String>,
    /// The `MLSMessage`.
    #[xml(text(codec = Base64.filtered(StripWhitespace)))]
    pub data: Vec<u8>,
}

impl MessagePayload for Mls {}

impl Mls {
    /// The element of an envelope.
    pub fn from_envelope(envelope: &MlsEnvelope) -> Self {
        Self {
            k: Kind(envelope.kind),
            e: envelope.epoch,
            f: envelope.fork_tag.map(ForkTag),
            room: envelope.room.as_ref().map(|room| room.as_jid().clone()),
            after: envelope.after.as_ref().map(|id| id.as_str().to_owned()),
            data: envelope.data.clone(),
        }
    }

    /// The envelope of an element. `wake` is told by the stanza around it.
    pub fn into_envelope(self, wake: bool) -> MlsEnvelope {
        MlsEnvelope {
            kind: self.k.0,
            epoch: self.e,
            fork_tag: self.f.map(|tag| tag.0),
            room: self.room.map(Address::from),
            after: self.after.filter(|id| !id.is_empty()).map(ArchiveId::new),
            wake,
            data: self.data,
        }
    }
}

/// Attribute `k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind(pub MlsKind);

impl FromXmlText for Kind {
    fn from_xml_text(text: String) -> Result<Self, Error> {
        Ok(Self(match text.as_str() {
            "a" => MlsKind::Application,
            "c" => MlsKind::Commit,
            "p" => MlsKind::Proposal,
            "w" => MlsKind::Welcome,
            _ => return Err(Error::Other("unknown kind of MLS message")),
        }))
    }
}

impl AsXmlText for Kind {
    fn as_xml_text(&self) -> Result<Cow<'_, str>, Error> {
        Ok(Cow::Borrowed(match self.0 {
            MlsKind::Application => "a",
            MlsKind::Commit => "c",
            MlsKind::Proposal => "p",
            MlsKind::Welcome => "w",
        }))
    }
}

/// Attribute `f`: six bytes in Base64url without padding, so eight characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForkTag(pub [u8; 6]);

impl FromXmlText for ForkTag {
    fn from_xml_text(text: String) -> Result<Self, Error> {
        let bytes = Engine::decode(&URL_SAFE_NO_PAD, text).map_err(Error::text_parse_error)?;
        bytes.try_into().map(Self).map_err(|_| Error::Other("a fork tag has six bytes"))
    }
}

impl AsXmlText for ForkTag {
    fn as_xml_text(&self) -> Result<Cow<'_, str>, Error> {
        Ok(Cow::Owned(Engine::encode(&URL_SAFE_NO_PAD, self.0)))
    }
}

/// `<devices/>`: the item of [`Node::Devices`].
#[derive(FromXml, AsXml, Clone, PartialEq, Eq)]
#[xml(namespace = ns::MLS, name = "devices")]
pub struct Devices {
    /// The device list.
    #[xml(text(codec = Base64.filtered(StripWhitespace)))]
    pub data: Vec<u8>,
}

impl PubSubPayload for Devices {}

/// `<kp/>`: an item of [`Node::KeyPackages`].
#[derive(FromXml, AsXml, Clone, PartialEq, Eq)]
#[xml(namespace = ns::MLS, name = "kp")]
pub struct KeyPackage {
    /// The TLS-encoded `MLSMessage` with a KeyPackage.
    #[xml(text(codec = Base64.filtered(StripWhitespace)))]
    pub data: Vec<u8>,
}

impl PubSubPayload for KeyPackage {}

/// The name of a node on the wire.
pub fn node_name(node: Node) -> &'static str {
    match node {
        Node::Devices => ns::MLS_DEVICES,
        Node::KeyPackages => ns::MLS_KEY_PACKAGES,
    }
}

#[cfg(test)]
mod tests {
    use minidom::Element;

    use super::*;

    fn parse(attributes: &str, text: &str) -> Result<Mls, ()> {
        let xml = format!("<m xmlns='urn:xmpp:mls:0' {attributes}>{text}</m>");
        Mls::try_from(xml.parse::<Element>().unwrap()).map_err(|_| ())
    }

    #[test]
    fn the_wire_form_is_the_documented_one() {
        let envelope = MlsEnvelope {
            kind: MlsKind::Application,
            epoch: 17,
            fork_tag: Some([0xde, 0xad, 0xbe, 0xef, 0xfb, 0xff]),
            room: None,
            after: None,
            wake: true,
            data: b"\x00\x01\x02".to_vec(),
        };
        let element = Element::from(Mls::from_envelope(&envelope));
        assert_eq!(element.attr("k"), Some("a"));
        assert_eq!(element.attr("e"), Some("17"));
        assert_eq!(element.attr("f"), Some("3q2-7_v_"));
        assert_eq!(element.attr("room"), None);
        assert_eq!(element.text(), "AAEC");
        assert_eq!(Mls::try_from(element).ok().unwrap().into_envelope(true), envelope);
    }

    #[test]
    fn malformed_attributes_are_refused_and_optional_ones_are_optional() {
        assert!(parse("k='c' e='0'", "AAEC").is_ok());
        assert!(parse("k='c' e='0'", " AA\n EC ").is_ok(), "white space in Base64 is harmless");
        for bad in ["k='c'", "e='0'", "k='x' e='0'", "k='c' e='-1'", "k='c' e='18446744073709551616'"] {
            assert!(parse(bad, "AAEC").is_err(), "{bad}");
        }
        assert!(parse("k='c' e='0' f='3q2-7w=='", "AAEC").is_err());
        assert!(parse("k='c' e='0' f='AAAA'", "AAEC").is_err());
        assert!(parse("k='c' e='0' room='@'", "AAEC").is_err());
        assert!(parse("k='c' e='0'", "not base64!").is_err());
    }
}
