//! Publishing and reading PEP items (XEP-0060, XEP-0163).

use heliograph_model::Address;
use heliograph_model::stanza::Node;
use jid::Jid;
use minidom::Element;
use xmpp_parsers::data_forms::{DataForm, DataFormType, Field};
use xmpp_parsers::ns as xns;
use xmpp_parsers::pubsub::{ItemId, NodeName, PubSub, owner, pubsub};

use super::{Unwritable, element, iq};
use crate::mls::{Devices, KeyPackage, node_name};
use crate::ns;
use crate::request::{Publication, PublishStage};

/// Items of the key package node where the server wants a number: 20 devices with 8 key packages each are 160, and
/// Prosody allows up to 256.
const MAX_ITEMS: &str = "256";

/// The next step of a publication.
pub(crate) fn publish(id: &str, publication: &Publication) -> Result<Element, Unwritable> {
    let Publication { node, item, data, stage } = publication;
    if *stage == PublishStage::Configure {
        let form = DataForm::new(DataFormType::Submit, xns::PUBSUB_CONFIGURE, options(*node, MAX_ITEMS));
        let payload = owner::Payload::Configure { node: Some(name(*node)), form: Some(form) };
        return iq::set(id, None, owner::Owner { payload });
    }
    let payload = match node {
        Node::Devices => element(Devices { data: data.clone() })?,
        Node::KeyPackages => element(KeyPackage { data: data.clone() })?,
    };
    let item = pubsub::Item { id: Some(ItemId(item.clone())), publisher: None, payload: Some(payload) };
    let form = match stage {
        PublishStage::Max => Some(options(*node, "max")),
        PublishStage::Fixed => Some(options(*node, MAX_ITEMS)),
        PublishStage::Configure | PublishStage::Bare => None,
    };
    let publish_options = form.map(|fields| pubsub::PublishOptions {
        form: Some(DataForm::new(DataFormType::Submit, ns::PUBLISH_OPTIONS, fields)),
    });
    let publish = pubsub::Publish { node: name(*node), items: vec![item] };
    iq::set(id, None, PubSub::Publish { publish, publish_options })
}

/// Whether asking for "max" makes a difference for this node.
pub(crate) fn has_many_items(node: Node) -> bool {
    node == Node::KeyPackages
}

fn options(node: Node, max_items: &str) -> Vec<Field> {
    let mut fields = vec![
        Field::text_single("pubsub#access_model", "open"),
        Field::text_single("pubsub#persist_items", "true"),
    ];
    if has_many_items(node) {
        fields.push(Field::text_single("pubsub#max_items", max_items));
        // Nobody is told about a new key package: it is fetched when it is needed.
        fields.push(Field::text_single("pubsub#send_last_published_item", "never"));
    }
    fields
}

/// Reads items: all, or those named (XEP-0060 §6.5.8).
pub(crate) fn fetch(
    id: &str,
    account: &Address,
    node: Node,
    items: &[String],
) -> Result<Element, Unwritable> {
    let named = items
        .iter()
        .map(|item| pubsub::Item { id: Some(ItemId(item.clone())), publisher: None, payload: None })
        .collect();
    let items = pubsub::Items { max_items: None, node: name(node), subid: None, items: named };
    iq::get(id, Some(Jid::from(account.as_jid().clone())), PubSub::Items(items))
}

fn name(node: Node) -> NodeName {
    NodeName(node_name(node).to_owned())
}
