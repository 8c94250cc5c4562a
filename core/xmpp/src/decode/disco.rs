//! What others are, can do, and have (XEP-0030).

use heliograph_model::Address;
use heliograph_model::stanza::{Features, Response};
use minidom::Element;
use xmpp_parsers::ns as xns;

use super::iq::unreadable;
use crate::xml::{attribute, children};

/// Entries of a list that are looked at. Servers have a few dozen features and services; a list without end must cost
/// nothing.
const ENTRIES: usize = 1024;

pub(super) fn features(payload: Option<&Element>) -> Response {
    let Some(query) = payload.filter(|payload| payload.is("query", xns::DISCO_INFO)) else {
        return Response::Error(unreadable());
    };
    let identities = children(query, "identity", xns::DISCO_INFO)
        .take(ENTRIES)
        .filter_map(|identity| {
            Some(format!("{}/{}", attribute(identity, "category")?, attribute(identity, "type")?))
        })
        .collect();
    let features = children(query, "feature", xns::DISCO_INFO)
        .take(ENTRIES)
        .filter_map(|feature| attribute(feature, "var").map(str::to_owned))
        .collect();
    Response::Features(Features { identities, features })
}

pub(super) fn services(payload: Option<&Element>) -> Response {
    let Some(query) = payload.filter(|payload| payload.is("query", xns::DISCO_ITEMS)) else {
        return Response::Error(unreadable());
    };
    let items = children(query, "item", xns::DISCO_ITEMS)
        .take(ENTRIES)
        .filter_map(|item| Address::parse(attribute(item, "jid")?).ok())
        .collect();
    Response::Items(items)
}
