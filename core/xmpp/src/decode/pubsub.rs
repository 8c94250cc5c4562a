//! PEP: answers to publishing and fetching, and notifications (XEP-0060, XEP-0163).

use heliograph_model::stanza::limits::{MESSAGE_BYTES, NODE_ITEMS};
use heliograph_model::stanza::{Inbound, Node, Response, StanzaErrorCondition};
use jid::Jid;
use minidom::Element;
use xmpp_parsers::ns as xns;

use super::iq::{Answer, Next, unreadable};
use super::{Decoded, Decoder};
use crate::encode;
use crate::encode::pubsub::has_many_items;
use crate::mls::{Devices, KeyPackage, node_name};
use crate::ns;
use crate::request::{Expects, Publication, PublishStage};
use crate::xml::{attribute, bare, children};

impl Decoder {
    /// The server answered one step of a publication: done, or the next step.
    pub(super) fn published(&mut self, id: &str, publication: Publication, answer: &Answer<'_>) -> Next {
        let stage = match answer {
            Answer::Result(_) if publication.stage != PublishStage::Configure => {
                return Next::Finish(Response::Done);
            }
            Answer::Result(_) => PublishStage::Bare,
            Answer::Error(error) => {
                match after_refusal(publication.stage, publication.node, error.condition) {
                    Some(stage) => stage,
                    None => return Next::Finish(Response::Error(error.clone())),
                }
            }
        };
        if stage == PublishStage::Fixed {
            self.state.max_items_refused = true;
        }
        let publication = Publication { stage, ..publication };
        // Every step has an id of its own, so that an answer that comes twice is not taken for that of the next step.
        let id = format!("{id}+");
        let stanza = encode::pubsub::publish(&id, &publication);
        Next::Continue(Expects::Publish(publication), id, stanza)
    }

    /// A notification (XEP-0060 §7.1.2.1), if the message is one. The account's server sends it in the account's name.
    pub(super) fn pubsub_event(&self, stanza: &Element, from: Option<&Jid>) -> Option<Decoded> {
        let event = stanza.get_child("event", xns::PUBSUB_EVENT)?;
        let account = match from {
            None => self.account.clone(),
            // An occupant or a resource has no nodes.
            Some(from) if from.resource().is_some() => return Some(Decoded::nothing()),
            Some(from) => bare(from),
        };
        let devices = children(event, "items", xns::PUBSUB_EVENT)
            .any(|items| items.attr("node") == Some(ns::MLS_DEVICES));
        Some(if devices { Decoded::one(Inbound::DevicesChanged { account }) } else { Decoded::nothing() })
    }
}

/// What to try after a refusal; `None` if there is nothing left, or if another way would end the same.
fn after_refusal(stage: PublishStage, node: Node, condition: StanzaErrorCondition) -> Option<PublishStage> {
    let hopeless = matches!(
        condition,
        StanzaErrorCondition::Forbidden
            | StanzaErrorCondition::ServiceUnavailable
            | StanzaErrorCondition::ItemNotFound
    );
    match stage {
        _ if hopeless => None,
        // XEP-0060 §7.1.5: the node exists, and its configuration is not what we ask for.
        PublishStage::Max | PublishStage::Fixed if condition == StanzaErrorCondition::Conflict => {
            Some(PublishStage::Configure)
        }
        PublishStage::Max if has_many_items(node) => Some(PublishStage::Fixed),
        PublishStage::Max | PublishStage::Fixed | PublishStage::Configure | PublishStage::Bare => None,
    }
}

/// Items of a node; those that are not what the node should hold are left out.
pub(super) fn items(node: Node, payload: Option<&Element>) -> Response {
    let Some(items) = payload
        .filter(|payload| payload.is("pubsub", xns::PUBSUB))
        .and_then(|pubsub| pubsub.get_child("items", xns::PUBSUB))
    else {
        return Response::Error(unreadable());
    };
    if items.attr("node").is_some_and(|name| name != node_name(node)) {
        return Response::Error(unreadable());
    }
    let read = |item: &Element| {
        let payload = item.children().next()?.clone();
        let data = match node {
            Node::Devices => Devices::try_from(payload).ok()?.data,
            Node::KeyPackages => KeyPackage::try_from(payload).ok()?.data,
        };
        let id = attribute(item, "id")?.to_owned();
        (data.len() <= MESSAGE_BYTES).then_some((id, data))
    };
    let items = children(items, "item", xns::PUBSUB).take(NODE_ITEMS).filter_map(read).collect();
    Response::NodeItems(items)
}
