//! What an application message says: an array of items in CBOR, padded.
//!
//! One ciphertext may carry several items (text, receipts, …), because on a phone the number of stanzas costs more than
//! their size. An item starts with a small number that names its kind; a reader skips kinds that it does not know, and
//! fields behind those that it knows. The grammar stands in `core/mls/docs/mls-over-xmpp.md`.
//!
//! The length of a text tells a lot about it, so the encoding is filled with zero bytes up to one of few lengths. OpenMLS
//! could only pad to a multiple of one number; the zero bytes are therefore part of our own format.

use std::fmt;

use ciborium::Value;
use heliograph_model::stanza::limits;
use heliograph_model::{Address, MessageId};

use crate::cbor::{self, Fields, Malformed};

/// Version of the format, the first element of the array.
const VERSION: u64 = 1;

/// Largest encoding in bytes, padding included: a text of [`limits::TEXT_BYTES`] with everything around it, and small
/// enough for a stanza of 256 KiB in Base64.
pub const CONTENT_BYTES: usize = 160 * 1024;
/// Items of one message.
pub const ITEMS: usize = 256;
/// Messages that one receipt covers, those of its runs included: bounds what a few bytes can make a reader look up.
pub const RECEIPT_MESSAGES: usize = 1024;
/// Bytes of a message id. Ours have 22.
pub const MESSAGE_ID_BYTES: usize = 128;
/// Bytes of a group's name.
pub const GROUP_NAME_BYTES: usize = 512;

/// Lengths to which short contents are padded; longer ones follow Padmé (at most 12 % more, Nikitin et al. 2019).
const BUCKETS: [usize; 5] = [256, 512, 1024, 2048, 4096];

/// The content of one application message.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// What it says, in order. Empty if everything in it was unknown.
    pub items: Vec<Item>,
}

/// One thing that a message says.
#[derive(Clone, PartialEq, Eq)]
pub enum Item {
    /// A text for people.
    Text {
        /// Chosen by the sender; a second item with the same id and sender is the same message.
        id: MessageId,
        /// The text.
        text: String,
        /// Greater than that of every text that the device has sent before; `None` from versions that did not count. Servers
        /// may deliver, and even archive, the texts of one device in another order than it sent them.
        sequence: Option<u64>,
    },
    /// Messages arrived at, or were shown on, one of the sender's devices.
    Receipt {
        /// How far they got.
        kind: ReceiptKind,
        /// The messages: who wrote them, and the id that they chose.
        ids: Vec<(Address, MessageId)>,
        /// Messages that follow on each other.
        runs: Vec<Run>,
    },
    /// The group has a new name.
    GroupName {
        /// The name.
        name: String,
    },
}

/// All texts of one author between two of them, both included, in the order of the room's archive.
///
/// Whoever acknowledges and whoever wrote see the same order there. They need not see the same texts: one of them may have
/// been unreadable. The author therefore counts, and believes a run only if the count is right.
#[derive(Clone, PartialEq, Eq)]
pub struct Run {
    /// Who wrote them.
    pub author: Address,
    /// The oldest one.
    pub first: MessageId,
    /// The newest one.
    pub last: MessageId,
    /// How many they are, at least two.
    pub count: u64,
}

/// How far a message got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptKind {
    /// Stored on a device.
    Delivered,
    /// Shown to a person.
    Displayed,
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.items).finish()
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { text, .. } => write!(formatter, "Text({} bytes)", text.len()),
            Self::Receipt { kind, ids, runs } => {
                write!(formatter, "Receipt({kind:?}, {}, {runs:?})", ids.len())
            }
            Self::GroupName { .. } => formatter.write_str("GroupName"),
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Run({})", self.count)
    }
}

/// A content can't be written or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// Over one of the limits of this module or of [`limits`].
    #[error("the message is too large")]
    TooLarge,
    /// Not in the format, or in a version that is not understood.
    #[error("the message's content is malformed")]
    Malformed,
}

impl From<Malformed> for ContentError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

mod kind {
    pub(super) const TEXT: u64 = 1;
    pub(super) const RECEIPT: u64 = 2;
    pub(super) const GROUP_NAME: u64 = 3;
}

impl Content {
    /// Encodes and pads.
    pub fn encode(&self) -> Result<Vec<u8>, ContentError> {
        if self.items.len() > ITEMS {
            return Err(ContentError::TooLarge);
        }
        let mut array = vec![VERSION.into()];
        for item in &self.items {
            item.check_limits()?;
            array.push(item.to_value());
        }
        let mut bytes = cbor::write(&Value::Array(array));
        bytes.resize(padded_length(bytes.len()), 0);
        if bytes.len() > CONTENT_BYTES { Err(ContentError::TooLarge) } else { Ok(bytes) }
    }

    /// Reads what somebody sent.
    pub fn decode(bytes: &[u8]) -> Result<Self, ContentError> {
        if bytes.len() > CONTENT_BYTES {
            return Err(ContentError::TooLarge);
        }
        let mut rest = bytes;
        let mut fields = Fields::of(cbor::read(&mut rest)?)?;
        // Bytes other than zero behind the value would be a covert channel, or a format that we don't know.
        if rest.iter().any(|byte| *byte != 0) || fields.unsigned()? != VERSION {
            return Err(ContentError::Malformed);
        }
        if fields.len() > ITEMS {
            return Err(ContentError::TooLarge);
        }
        let mut items = Vec::new();
        while !fields.is_empty() {
            if let Some(item) = Item::from_fields(fields.array()?)? {
                item.check_limits()?;
                items.push(item);
            }
        }
        Ok(Self { items })
    }
}

impl Item {
    fn to_value(&self) -> Value {
        Value::Array(match self {
            Self::Text { id, text, sequence } => {
                let fields = [kind::TEXT.into(), id.as_str().into(), text.as_str().into()];
                fields.into_iter().chain(sequence.map(Value::from)).collect()
            }
            Self::Receipt { kind, ids, runs } => vec![
                kind::RECEIPT.into(),
                match kind {
                    ReceiptKind::Delivered => 1.into(),
                    ReceiptKind::Displayed => 2.into(),
                },
                Value::Array(
                    ids.iter()
                        .map(|(sender, id)| Value::Array(vec![sender.to_string().into(), id.as_str().into()]))
                        .chain(runs.iter().map(Run::to_value))
                        .collect(),
                ),
            ],
            Self::GroupName { name } => vec![kind::GROUP_NAME.into(), name.as_str().into()],
        })
    }

    /// `None` for a kind that this version does not know.
    fn from_fields(mut fields: Fields) -> Result<Option<Self>, Malformed> {
        Ok(Some(match fields.unsigned()? {
            kind::TEXT => Self::Text {
                id: MessageId::new(fields.text()?),
                text: fields.text()?,
                sequence: if fields.is_empty() { None } else { Some(fields.unsigned()?) },
            },
            kind::RECEIPT => {
                let kind = match fields.unsigned()? {
                    1 => ReceiptKind::Delivered,
                    2 => ReceiptKind::Displayed,
                    // A stage that a later version added: as unknown as a new kind.
                    _ => return Ok(None),
                };
                let mut list = fields.array()?;
                let (mut ids, mut runs) = (Vec::new(), Vec::new());
                while !list.is_empty() {
                    let mut message = list.array()?;
                    let author = Address::parse(&message.text()?).map_err(|_| Malformed)?;
                    let id = MessageId::new(message.text()?);
                    if message.is_empty() {
                        ids.push((author, id));
                    } else {
                        let (first, count) = (MessageId::new(message.text()?), message.unsigned()?);
                        runs.push(Run { author, first, last: id, count });
                    }
                }
                Self::Receipt { kind, ids, runs }
            }
            kind::GROUP_NAME => Self::GroupName { name: fields.text()? },
            _ => return Ok(None),
        }))
    }

    fn check_limits(&self) -> Result<(), ContentError> {
        let id_fits = |id: &MessageId| id.as_str().len() <= MESSAGE_ID_BYTES;
        let fits = match self {
            Self::Text { id, text, .. } => id_fits(id) && text.len() <= limits::TEXT_BYTES,
            Self::Receipt { ids, runs, .. } => {
                let covered = runs.iter().fold(ids.len() as u64, |sum, run| sum.saturating_add(run.count));
                covered <= RECEIPT_MESSAGES as u64
                    && ids.iter().all(|(_, id)| id_fits(id))
                    && runs.iter().all(|run| run.count >= 2 && id_fits(&run.first) && id_fits(&run.last))
            }
            Self::GroupName { name } => name.len() <= GROUP_NAME_BYTES,
        };
        if fits { Ok(()) } else { Err(ContentError::TooLarge) }
    }
}

impl Run {
    /// Begins like a single message, which is what somebody who does not know runs takes it for.
    fn to_value(&self) -> Value {
        Value::Array(vec![
            self.author.to_string().into(),
            self.last.as_str().into(),
            self.first.as_str().into(),
            self.count.into(),
        ])
    }
}

/// The length to which `length` bytes are padded.
fn padded_length(length: usize) -> usize {
    if let Some(bucket) = BUCKETS.iter().find(|bucket| length <= **bucket) {
        return *bucket;
    }
    // Padmé: keep as many leading bits of the length as the length's exponent has bits, and round up.
    let exponent = length.ilog2();
    let kept = exponent.ilog2() + 1;
    let unit = 1_usize << exponent.saturating_sub(kept);
    length.next_multiple_of(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Item {
        Item::Text { id: MessageId::new("m1"), text: text.to_owned(), sequence: None }
    }

    fn ana() -> Address {
        Address::parse("ana@example.org").unwrap()
    }

    fn run(count: u64) -> Run {
        Run { author: ana(), first: MessageId::new("first"), last: MessageId::new("last"), count }
    }

    fn receipt(runs: Vec<Run>) -> Content {
        Content { items: vec![Item::Receipt { kind: ReceiptKind::Delivered, ids: vec![], runs }] }
    }

    #[test]
    fn everything_that_is_said_is_understood() {
        let content = Content {
            items: vec![
                text("hello, wörld"),
                Item::Text { id: MessageId::new("m2"), text: "again".to_owned(), sequence: Some(u64::MAX) },
                Item::Receipt {
                    kind: ReceiptKind::Displayed,
                    ids: vec![(ana(), MessageId::new("x"))],
                    runs: vec![run(50)],
                },
                Item::GroupName { name: "walkers".into() },
            ],
        };
        assert_eq!(Content::decode(&content.encode().unwrap()), Ok(content));
        assert_eq!(Content::decode(&Content::default().encode().unwrap()), Ok(Content::default()));
    }

    #[test]
    fn unknown_items_and_fields_are_skipped() {
        let array = Value::Array(vec![
            1.into(),
            Value::Array(vec![99.into(), Value::Map(vec![])]),
            Value::Array(vec![1.into(), "m1".into(), "hello".into(), 7.into(), "a later field".into()]),
            Value::Array(vec![2.into(), 77.into(), Value::Null]),
        ]);
        let known = Item::Text { id: MessageId::new("m1"), text: "hello".to_owned(), sequence: Some(7) };
        assert_eq!(Content::decode(&cbor::write(&array)), Ok(Content { items: vec![known] }));
    }

    #[test]
    fn texts_of_similar_length_look_alike_and_padding_stays_small() {
        let length = |bytes: usize| Content { items: vec![text(&"x".repeat(bytes))] }.encode().unwrap().len();
        assert_eq!(length(0), 256);
        assert_eq!(length(200), 256);
        assert_eq!(length(300), 512);
        assert_eq!(length(4000), 4096);
        for bytes in [5_000, 10_000, 33_000, limits::TEXT_BYTES] {
            assert!(length(bytes) * 100 <= (bytes + 100) * 112, "{bytes}");
        }
        let lengths: std::collections::BTreeSet<_> = (0..20_000).step_by(50).map(length).collect();
        assert!(lengths.len() < 50, "{} lengths", lengths.len());
    }

    #[test]
    fn limits_hold_on_both_sides() {
        let long = Content { items: vec![text(&"x".repeat(limits::TEXT_BYTES + 1))] };
        assert_eq!(long.encode(), Err(ContentError::TooLarge));
        let sent = cbor::write(&Value::Array(vec![1.into(), long.items[0].to_value()]));
        assert_eq!(Content::decode(&sent), Err(ContentError::TooLarge));
        let many = Content { items: vec![text(""); ITEMS + 1] };
        assert_eq!(many.encode(), Err(ContentError::TooLarge));
        assert_eq!(Content::decode(&vec![0; CONTENT_BYTES + 1]), Err(ContentError::TooLarge));
    }

    #[test]
    fn a_receipt_covers_no_more_than_a_reader_can_look_up() {
        assert!(receipt(vec![run(500), run(524)]).encode().is_ok());
        for runs in [vec![run(500), run(525)], vec![run(u64::MAX), run(2)], vec![run(1)]] {
            assert_eq!(receipt(runs.clone()).encode(), Err(ContentError::TooLarge));
            let sent = cbor::write(&Value::Array(vec![1.into(), receipt(runs).items[0].to_value()]));
            assert_eq!(Content::decode(&sent), Err(ContentError::TooLarge));
        }
    }

    #[test]
    fn five_hundred_receipts_in_a_row_fit_into_the_smallest_padding() {
        assert_eq!(receipt(vec![run(500)]).encode().unwrap().len(), 256);
    }

    #[test]
    fn what_stands_behind_the_content_must_be_padding() {
        let mut bytes = Content { items: vec![text("hello")] }.encode().unwrap();
        *bytes.last_mut().unwrap() = 1;
        assert_eq!(Content::decode(&bytes), Err(ContentError::Malformed));
    }

    #[test]
    fn debug_shows_nothing() {
        let shown = format!(
            "{:?}",
            Content { items: vec![text("secret"), Item::GroupName { name: "secret".into() }] }
        );
        assert!(!shown.contains("secret"));
    }
}
