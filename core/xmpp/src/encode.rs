//! From [`Outbound`](heliograph_model::stanza::Outbound) values to stanzas. One file per noun; each function gives one element.
//!
//! Read first: [`crate::decode::Decoder::encode`], which chooses among these and notes what answer is awaited.

pub(crate) mod archive;
pub(crate) mod disco;
pub(crate) mod iq;
pub(crate) mod message;
pub(crate) mod pubsub;
pub(crate) mod push;
pub(crate) mod room;

use minidom::Element;

/// A value holds what XML can't carry. The stanza was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stanza can't be written as XML")]
pub struct Unwritable;

/// Any typed payload as an element.
pub(crate) fn element<T>(value: T) -> Result<Element, Unwritable>
where
    Element: TryFrom<T>,
{
    Element::try_from(value).map_err(|_| Unwritable)
}
