//! What outlives a socket: enough to take the session up again (XEP-0198 §5).

use heliograph_model::{Address, StanzaId};
use jid::FullJid;
use minidom::Element;
use serde::{Deserialize, Serialize};

use crate::decode::{Decoder, DecoderState};
use crate::stream_management::{Enabled, StreamManagement, Unacknowledged};

/// A session that the server may still keep. Plain data, so that it can be stored; holds addresses and messages, so that it
/// must be stored encrypted. `Debug` shows none of it.
///
/// It stands where [`handled`](super::SessionHandle::handled) last reached the session: outputs that were handled later than
/// that come again after the resumption, so their owner must know messages by their ids.
#[derive(Clone, Serialize, Deserialize)]
pub struct ResumeState {
    id: String,
    location: Option<String>,
    bound: FullJid,
    /// Stanzas of the server that are safe here, modulo 2^32.
    handled: u32,
    /// Stanzas of ours that the server has, modulo 2^32.
    acknowledged: u32,
    /// What the server may not have, oldest first.
    unacknowledged: Vec<Unsure>,
    decoder: DecoderState,
}

/// A stanza of ours whose fate is unknown.
#[derive(Clone, Serialize, Deserialize)]
struct Unsure {
    message: Option<StanzaId>,
    xml: String,
}

impl std::fmt::Debug for ResumeState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ResumeState")
            .field("handled", &self.handled)
            .field("acknowledged", &self.acknowledged)
            .field("unacknowledged", &self.unacknowledged.len())
            .finish_non_exhaustive()
    }
}

impl ResumeState {
    /// The state of a session, if its server allows resumption.
    pub(super) fn of(stream: &StreamManagement, decoder: &Decoder) -> Option<Self> {
        let resume = stream.resume()?;
        let unacknowledged = stream
            .unacknowledged()
            .map(|stanza| {
                let mut xml = Vec::new();
                stanza.stanza.write_to(&mut xml).ok()?;
                Some(Unsure { message: stanza.message.clone(), xml: String::from_utf8(xml).ok()? })
            })
            // A stanza that can't be kept would shift every later one: rather no resumption.
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            id: resume.previd,
            location: stream.granted.location.clone(),
            bound: decoder.own().clone(),
            handled: resume.h,
            acknowledged: stream.acknowledged_count(),
            unacknowledged,
            decoder: decoder.state(),
        })
    }

    /// The account whose session this is.
    pub(super) fn account(&self) -> Address {
        Address::from(self.bound.to_bare())
    }

    /// Messages whose fate is unknown.
    pub fn unacknowledged(&self) -> impl Iterator<Item = &StanzaId> {
        self.unacknowledged.iter().filter_map(|stanza| stanza.message.as_ref())
    }

    /// Back to a running state; `None` if a stored stanza does not parse.
    pub(super) fn restore(&self) -> Option<(StreamManagement, Decoder)> {
        let granted = Enabled { id: Some(self.id.clone()), resume: true, location: self.location.clone() };
        let queue = self
            .unacknowledged
            .iter()
            .map(|stanza| {
                let stanza_xml = stanza.xml.parse::<Element>().ok()?;
                Some(Unacknowledged { message: stanza.message.clone(), stanza: stanza_xml })
            })
            .collect::<Option<Vec<_>>>()?;
        let stream = StreamManagement::restored(granted, self.handled, self.acknowledged, queue);
        Some((stream, Decoder::restored(self.bound.clone(), self.decoder.clone())))
    }
}
