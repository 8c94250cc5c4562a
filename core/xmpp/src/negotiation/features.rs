//! Stream features (RFC 6120 §4.3.2), read tolerantly: what we do not know does not concern us.

use std::num::NonZeroU32;

use minidom::Element;
use serde::{Deserialize, Serialize};
use xmpp_parsers::ns as xns;

use crate::mechanism::{Offer, Protocol};
use crate::ns;
use crate::xml::{child_text, children};

/// Names in one list that are looked at: no server offers more, and a list without end must cost nothing.
const NAMES: usize = 64;

/// Longest name that is kept. SASL's own limit is 20 (RFC 4422 §3.1); other lists hold namespaces.
const NAME_BYTES: usize = 128;

/// What a server offers at one point of the negotiation. All lists are sorted: Prosody's order changes from time to time.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Features {
    pub(crate) start_tls: bool,
    /// SASL mechanisms (RFC 6120 §6).
    pub(crate) sasl: Vec<String>,
    pub(crate) sasl2: Option<Sasl2>,
    /// Types of channel binding (XEP-0440); `None` if the server does not say.
    pub(crate) bindings: Option<Vec<String>>,
    /// Stream management (XEP-0198).
    pub(crate) stream_management: bool,
    /// Client state indication (XEP-0352).
    pub(crate) client_state: bool,
    /// XEP-0478.
    pub(crate) stanza_bytes: Option<u32>,
    /// XEP-0478.
    pub(crate) idle_seconds: Option<u32>,
}

/// `<authentication/>` (XEP-0388 §2.1), and what it takes inline.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sasl2 {
    pub(crate) mechanisms: Vec<String>,
    /// A resumption (XEP-0198 §9.2).
    pub(crate) resume: bool,
    pub(crate) bind: Option<Bind2>,
    /// Mechanisms for tokens (XEP-0484).
    pub(crate) fast: Vec<String>,
    /// Tasks that upgrade stored passwords (XEP-0480).
    pub(crate) upgrades: Vec<String>,
}

/// `<bind/>` (XEP-0386), and what it takes inline.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Bind2 {
    pub(crate) stream_management: bool,
    pub(crate) carbons: bool,
}

impl Features {
    /// `None` if this is no `<stream:features/>`.
    pub(crate) fn read(element: &Element) -> Option<Self> {
        if !element.is("features", xns::STREAM) {
            return None;
        }
        let sasl = element
            .get_child("mechanisms", xns::SASL)
            .map(|list| texts(list, "mechanism", xns::SASL))
            .unwrap_or_default();
        let bindings = element.get_child("sasl-channel-binding", xns::SASL_CB).map(|list| {
            let types = children(list, "channel-binding", xns::SASL_CB);
            sorted(types.filter_map(|binding| binding.attr("type").map(str::to_owned)))
        });
        let limit = |name| {
            let limits = element.get_child("limits", xns::STREAM_LIMITS)?;
            let limit = child_text(limits, name, xns::STREAM_LIMITS)?.parse::<NonZeroU32>().ok()?;
            Some(limit.get())
        };
        Some(Self {
            start_tls: element.has_child("starttls", xns::TLS),
            sasl,
            sasl2: element.get_child("authentication", xns::SASL2).map(Sasl2::read),
            bindings,
            stream_management: element.has_child("sm", xns::SM),
            client_state: element.has_child("csi", xns::CSI),
            stanza_bytes: limit("max-bytes"),
            idle_seconds: limit("idle-seconds"),
        })
    }

    /// What there is to sign in with by SASL.
    pub(crate) fn sasl_offer(&self) -> Offer<'_> {
        Offer { protocol: Protocol::Sasl, mechanisms: &self.sasl, bindings: self.bindings.as_deref() }
    }

    /// What there is to sign in with by SASL2.
    pub(crate) fn sasl2_offer(&self) -> Option<Offer<'_>> {
        let mechanisms = &self.sasl2.as_ref()?.mechanisms;
        Some(Offer { protocol: Protocol::Sasl2, mechanisms, bindings: self.bindings.as_deref() })
    }
}

impl Sasl2 {
    fn read(element: &Element) -> Self {
        let inline = element.get_child("inline", xns::SASL2);
        let inline_child = |name, namespace| inline.and_then(|inline| inline.get_child(name, namespace));
        Self {
            mechanisms: texts(element, "mechanism", xns::SASL2),
            resume: inline_child("sm", xns::SM).is_some(),
            bind: inline_child("bind", xns::BIND2).map(Bind2::read),
            fast: inline_child("fast", xns::FAST)
                .map(|fast| texts(fast, "mechanism", xns::FAST))
                .unwrap_or_default(),
            upgrades: texts(element, "upgrade", ns::SASL_UPGRADE),
        }
    }
}

impl Bind2 {
    fn read(element: &Element) -> Self {
        let inline = element.get_child("inline", xns::BIND2);
        let has = |feature: &str| {
            inline.is_some_and(|inline| {
                children(inline, "feature", xns::BIND2).any(|child| child.attr("var") == Some(feature))
            })
        };
        Self { stream_management: has(xns::SM), carbons: has(xns::CARBONS) }
    }
}

fn texts(list: &Element, name: &str, namespace: &str) -> Vec<String> {
    sorted(children(list, name, namespace).map(|child| child.text().trim().to_owned()))
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.take(NAMES).filter(|name| name.len() <= NAME_BYTES).collect();
    names.sort_unstable();
    names
}
