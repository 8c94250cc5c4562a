//! Archive queries (XEP-0313 §4, paged by XEP-0059).

use heliograph_model::Address;
use heliograph_model::stanza::PageStart;
use jid::Jid;
use minidom::Element;
use xmpp_parsers::mam::{Query, QueryId};
use xmpp_parsers::rsm::SetQuery;

use super::{Unwritable, iq};

/// One page. The `queryid` is the IQ's id: results that carry another one are not ours.
pub(crate) fn page(
    id: &str,
    archive: Option<&Address>,
    start: &PageStart,
    max: u16,
) -> Result<Element, Unwritable> {
    let (after, before) = match start {
        PageStart::Beginning => (None, None),
        PageStart::After(id) => (Some(id.as_str().to_owned()), None),
        // XEP-0059 §2.5: an empty `<before/>` asks for the last page.
        PageStart::Newest => (None, Some(String::new())),
        PageStart::Before(id) => (None, Some(id.as_str().to_owned())),
    };
    let set = SetQuery { max: Some(usize::from(max)), after, before, index: None };
    let query = Query {
        queryid: Some(QueryId(id.to_owned())),
        node: None,
        form: None,
        set: Some(set),
        flip_page: false,
    };
    iq::set(id, archive.map(|room| Jid::from(room.as_jid().clone())), query)
}
