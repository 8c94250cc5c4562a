//! Reading elements tolerantly, and writing typed payloads.
//!
//! xmpp-parsers' types are used wherever what they require is what every server sends. Where they require more (a status
//! code that they know, an attribute that its XEP makes optional), the element is read directly: one unknown detail must
//! not hide a whole stanza.

use std::str::FromStr;

use heliograph_model::Address;
use jid::Jid;
use minidom::Element;

/// An attribute that is there and not empty.
pub(crate) fn attribute<'a>(element: &'a Element, name: &'static str) -> Option<&'a str> {
    element.attr(name).filter(|value| !value.is_empty())
}

/// An attribute as a JID; `Err(())` if it is there and malformed.
pub(crate) fn jid_attribute(element: &Element, name: &'static str) -> Result<Option<Jid>, ()> {
    attribute(element, name).map(Jid::from_str).transpose().map_err(|_| ())
}

/// The text of a child, trimmed.
pub(crate) fn child_text(element: &Element, name: &str, namespace: &str) -> Option<String> {
    element.get_child(name, namespace).map(|child| child.text().trim().to_owned())
}

/// The children of a name and namespace.
pub(crate) fn children<'a>(
    element: &'a Element,
    name: &'a str,
    namespace: &'a str,
) -> impl Iterator<Item = &'a Element> {
    element.children().filter(move |child| child.is(name, namespace))
}

/// The first child that reads as a `T`.
pub(crate) fn typed_child<T: TryFrom<Element>>(element: &Element, name: &str, namespace: &str) -> Option<T> {
    element
        .children()
        .filter(|child| child.is(name, namespace))
        .find_map(|child| T::try_from(child.clone()).ok())
}

/// The address without the resource.
pub(crate) fn bare(jid: &Jid) -> Address {
    Address::from(jid.to_bare())
}

/// Text that XML 1.0 can carry (§2.2): what it can't carry becomes U+FFFD, so that no message can break the stream.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..='\u{10ffff}' => character,
            _ => char::REPLACEMENT_CHARACTER,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn what_xml_cannot_carry_is_replaced_and_nothing_else() {
        assert_eq!(printable("a\u{0}b\u{b}c\u{ffff}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(printable("tab\tline\nž 🛰"), "tab\tline\nž 🛰");
    }
}
