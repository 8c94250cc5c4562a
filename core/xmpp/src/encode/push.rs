//! Push (XEP-0357): where our server is to announce that something came. Nothing of a message is in here.

use heliograph_model::{Address, PushTarget};
use minidom::Element;
use xmpp_parsers::data_forms::{DataForm, DataFormType, Field};
use xmpp_parsers::push::{Disable, Enable};

use super::{Unwritable, iq};
use crate::ns;

/// Announce there from now on (XEP-0357 §5).
pub(crate) fn enable(id: &str, target: &PushTarget) -> Result<Element, Unwritable> {
    let fields: Vec<Field> =
        target.options.iter().map(|(name, value)| Field::text_single(name, value)).collect();
    let form = (!fields.is_empty()).then(|| DataForm::new(DataFormType::Submit, ns::PUBLISH_OPTIONS, fields));
    let enable = Enable { jid: target.service.as_jid().clone(), node: Some(target.node.clone()), form };
    iq::set(id, None, enable)
}

/// Announce nothing there any more (XEP-0357 §6).
pub(crate) fn disable(id: &str, service: &Address, node: &str) -> Result<Element, Unwritable> {
    iq::set(id, None, Disable { jid: service.as_jid().clone(), node: Some(node.to_owned()) })
}
