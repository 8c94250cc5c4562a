//! Namespaces that xmpp-parsers has no constant for.

/// The element `<m/>` and the payloads of our PEP nodes.
pub const MLS: &str = "urn:xmpp:mls:0";
/// PEP node of device lists.
pub const MLS_DEVICES: &str = "urn:xmpp:mls:0:devices";
/// PEP node of key packages.
pub const MLS_KEY_PACKAGES: &str = "urn:xmpp:mls:0:kp";
/// XEP-0334.
pub const HINTS: &str = "urn:xmpp:hints";
/// XEP-0428.
pub const FALLBACK: &str = "urn:xmpp:fallback:0";
/// XEP-0045 §8 and §9.
pub const MUC_ADMIN: &str = "http://jabber.org/protocol/muc#admin";
/// XEP-0045 §10.
pub const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";
/// XEP-0045 §16.5.1.
pub const MUC_ROOM_CONFIG: &str = "http://jabber.org/protocol/muc#roomconfig";
/// XEP-0060 §16.4.4.
pub const PUBLISH_OPTIONS: &str = "http://jabber.org/protocol/pubsub#publish-options";
/// XEP-0480 §2.
pub const SASL_UPGRADE: &str = "urn:xmpp:sasl:upgrade:0";
/// XEP-0480 §3.
pub const SCRAM_UPGRADE: &str = "urn:xmpp:scram-upgrade:0";
