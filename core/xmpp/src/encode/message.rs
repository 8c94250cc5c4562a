//! Messages: plain, MLS, receipts.

use heliograph_model::stanza::{MessageKind, MlsEnvelope, OutboundContent, OutboundMessage};
use jid::Jid;
use minidom::Element;
use xmpp_parsers::displayed_markers::{Displayed, Markable};
use xmpp_parsers::eme::ExplicitMessageEncryption;
use xmpp_parsers::message::{Id, Lang, Message, MessageType};
use xmpp_parsers::receipts;
use xmpp_parsers::stanza_id::OriginId;

use super::{Unwritable, element};
use crate::fallback::Fallback;
use crate::hints::Store;
use crate::mls::Mls;
use crate::ns;
use crate::xml::printable;

/// What clients without MLS show. English, because the server and other clients see it, not our user.
pub const FALLBACK_BODY: &str = "This message is encrypted with MLS; this app cannot show it.";

/// The stanza of a message.
pub(crate) fn message(message: &OutboundMessage) -> Result<Element, Unwritable> {
    let kind = match message.kind {
        MessageKind::Chat => MessageType::Chat,
        MessageKind::Groupchat => MessageType::Groupchat,
    };
    let mut stanza = Message::new_with_type(kind, Some(Jid::from(message.to.as_jid().clone())));
    stanza.id = Some(Id(message.id.as_str().to_owned()));
    let stanza = match &message.content {
        OutboundContent::Plain { text } => {
            let stanza = stanza
                .with_body(Lang::default(), printable(text))
                .with_payload(OriginId { id: message.id.as_str().to_owned() });
            match message.kind {
                // XEP-0184 §5.3: never in rooms, where every occupant would answer.
                MessageKind::Groupchat => stanza,
                MessageKind::Chat => stanza.with_payload(receipts::Request).with_payload(Markable),
            }
        }
        OutboundContent::Mls(envelope) => mls(stanza, envelope)?,
        OutboundContent::Receipt { received, displayed } => {
            let mut stanza = stanza.with_payload(Store);
            if let Some(id) = received {
                stanza = stanza.with_payload(receipts::Received { id: id.as_str().to_owned() });
            }
            if let Some(id) = displayed {
                stanza = stanza.with_payload(Displayed { id: Id(id.as_str().to_owned()) });
            }
            stanza
        }
    };
    element(stanza)
}

/// Two classes: those that may wake a phone look to servers and other clients like a message that they can't read, the
/// others like nothing worth a push. Both are archived.
fn mls(stanza: Message, envelope: &MlsEnvelope) -> Result<Message, Unwritable> {
    let stanza = stanza.with_payloads(vec![element(Mls::from_envelope(envelope))?, element(Store)?]);
    if !envelope.wake {
        return Ok(stanza);
    }
    let mut stanza = stanza.with_body(Lang::default(), FALLBACK_BODY.to_owned());
    stanza.payloads.push(element(ExplicitMessageEncryption { namespace: ns::MLS.to_owned(), name: None })?);
    stanza.payloads.push(element(Fallback { payload: Some(ns::MLS.to_owned()) })?);
    Ok(stanza)
}
