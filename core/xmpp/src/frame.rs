//! One element of the stream, bounded.
//!
//! The parser below us bounds single tokens, not whole stanzas, and a tree of a million nested elements would overflow the
//! stack when it is dropped. A stanza over a bound is therefore not built: what comes out is its first element alone, so
//! that it is still counted (XEP-0198 §4) and can still be answered.
//!
//! What this does not bound is the parser's own work: it looks namespaces up through all open elements, so that a stanza of
//! nothing but nested elements costs the square of their number, about a second at 256 KiB, which is where servers stop.

use minidom::Element;
use xso::error::{Error, FromEventsError};
use xso::exports::rxml::{AttrMap, Event, QName};
use xso::{Context, FromEventsBuilder, FromXml};

use heliograph_model::stanza::limits::MESSAGE_BYTES;

/// Bytes of names, attributes and text in one stanza: a payload of [`MESSAGE_BYTES`] in Base64, and the envelope.
pub(crate) const STANZA_BYTES: usize = MESSAGE_BYTES / 3 * 4 + 64 * 1024;

/// Elements in one stanza: a disco#items answer of a big server has a few thousand; each costs some 200 bytes of memory.
const STANZA_ELEMENTS: usize = 16 * 1024;

/// Depth of nesting in one stanza. A form in a forwarded message in an archive result is ten deep.
const STANZA_DEPTH: usize = 32;

/// What a tag costs beside its texts: a namespace, two pointers, a map.
const ELEMENT_COST: usize = 16;

/// An element that was read from the stream.
#[derive(Debug)]
pub(crate) enum Frame {
    /// Within all bounds.
    Whole(Element),
    /// Over a bound: the first element without its children.
    Oversized(Element),
}

/// Builds a [`Frame`] from the parser's events.
pub(crate) struct FrameBuilder {
    inner: Option<<Element as FromXml>::Builder>,
    /// Where the whole does not fit.
    head: Element,
    depth: usize,
    elements: usize,
    bytes: usize,
}

impl FrameBuilder {
    fn within_bounds(&self) -> bool {
        self.depth <= STANZA_DEPTH && self.elements <= STANZA_ELEMENTS && self.bytes <= STANZA_BYTES
    }

    fn weigh(&mut self, event: &Event) {
        match event {
            Event::StartElement(_, (_, name), attributes) => {
                self.depth += 1;
                self.elements += 1;
                self.bytes += ELEMENT_COST + name.len();
                self.bytes +=
                    attributes.iter().map(|((_, name), value)| name.len() + value.len()).sum::<usize>();
            }
            Event::Text(_, text) => self.bytes += text.len(),
            Event::EndElement(_) => self.depth = self.depth.saturating_sub(1),
            Event::XmlDeclaration(..) => {}
        }
    }
}

impl FromXml for Frame {
    type Builder = FrameBuilder;

    fn from_events(
        name: QName,
        attributes: AttrMap,
        context: &Context<'_>,
    ) -> Result<Self::Builder, FromEventsError> {
        let mut head = Element::bare(name.1.as_str(), name.0.as_str());
        *head.attrs_mut() = attributes.clone();
        let inner = Element::from_events(name, attributes, context)?;
        Ok(FrameBuilder { inner: Some(inner), head, depth: 1, elements: 1, bytes: 0 })
    }
}

impl FromEventsBuilder for FrameBuilder {
    type Output = Frame;

    fn feed(&mut self, event: Event, context: &Context<'_>) -> Result<Option<Frame>, Error> {
        self.weigh(&event);
        if !self.within_bounds() {
            self.inner = None;
        }
        match &mut self.inner {
            Some(inner) => Ok(inner.feed(event, context)?.map(Frame::Whole)),
            None if self.depth == 0 => {
                let head = std::mem::replace(&mut self.head, Element::bare("gone", ""));
                Ok(Some(Frame::Oversized(head)))
            }
            None => Ok(None),
        }
    }
}
