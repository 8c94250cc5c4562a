//! Rooms (XEP-0045): entering, leaving, configuring, places.

use heliograph_model::Address;
use heliograph_model::stanza::Affiliation;
use jid::{BareJid, Jid};
use minidom::Element;
use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType};
use xmpp_parsers::iq::{IqGetPayload, IqSetPayload};
use xmpp_parsers::muc::muc::{History, Muc};
use xmpp_parsers::ns as xns;
use xmpp_parsers::presence::Presence;
use xso::{AsXml, FromXml};

use super::{Unwritable, element, iq};
use crate::ns;
use crate::xml::children;

/// The configuration of a room that orders an MLS group (XEP-0045 §10.1.3): field, value, and what for.
///
/// Only those that the server's form offers are filled in. Prosody and ejabberd name a few differently.
const GROUP_ROOM: [(&str, &str); 12] = [
    // Outlives its occupants.
    ("muc#roomconfig_persistentroom", "1"),
    // Only members enter, and only admins make members.
    ("muc#roomconfig_membersonly", "1"),
    ("muc#roomconfig_allowinvites", "0"),
    ("{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites", "0"),
    // Everybody sees who is who: MLS shows the same to the members.
    ("muc#roomconfig_whois", "anyone"),
    // Not listed.
    ("muc#roomconfig_publicroom", "0"),
    ("public_list", "0"),
    // The archive is what orders the group.
    ("muc#roomconfig_enablearchiving", "1"),
    ("mam", "1"),
    ("muc#roomconfig_mam", "1"),
    // Old messages are read from the archive, once.
    ("muc#roomconfig_historylength", "0"),
    ("muc#maxhistoryfetch", "0"),
];

/// Whose presence is announced: of moderators only, or a room of 1000 sends 1000 presences to everybody who enters.
const PRESENCE_BROADCAST: &str = "muc#roomconfig_presencebroadcast";
const MODERATOR: &str = "moderator";

/// `<query/>` of muc#owner.
#[derive(FromXml, AsXml)]
#[xml(namespace = ns::MUC_OWNER, name = "query")]
struct OwnerQuery {
    #[xml(child(n = ..))]
    form: Vec<DataForm>,
}

impl IqGetPayload for OwnerQuery {}
impl IqSetPayload for OwnerQuery {}

/// `<query/>` of muc#admin with one item.
#[derive(FromXml, AsXml)]
#[xml(namespace = ns::MUC_ADMIN, name = "query")]
struct AdminQuery {
    #[xml(child)]
    item: AdminItem,
}

impl IqSetPayload for AdminQuery {}

#[derive(FromXml, AsXml)]
#[xml(namespace = ns::MUC_ADMIN, name = "item")]
struct AdminItem {
    #[xml(attribute)]
    affiliation: String,
    #[xml(attribute)]
    jid: BareJid,
}

/// Our place in a room: `room/nick`.
pub(crate) fn occupant(room: &Address, nick: &str) -> Result<Jid, Unwritable> {
    room.as_jid().with_resource_str(nick).map(Jid::from).map_err(|_| Unwritable)
}

/// Enters, without the room's own history (XEP-0045 §7.2.14): the archive has it in order.
pub(crate) fn join(room: &Address, nick: &str) -> Result<Element, Unwritable> {
    let muc = Muc { password: None, history: Some(History::new().with_maxstanzas(0)) };
    element(Presence::available().with_to(occupant(room, nick)?).with_payload(muc))
}

/// Leaves (XEP-0045 §7.14).
pub(crate) fn leave(room: &Address, nick: &str) -> Result<Element, Unwritable> {
    element(Presence::unavailable().with_to(occupant(room, nick)?))
}

/// Asks for the configuration form (XEP-0045 §10.2).
pub(crate) fn request_form(id: &str, room: &Address) -> Result<Element, Unwritable> {
    iq::get(id, Some(Jid::from(room.as_jid().clone())), OwnerQuery { form: Vec::new() })
}

/// Fills in the form that the room sent, and submits it. `None` if there is no form in the answer.
pub(crate) fn submit_form(id: &str, room: &Address, answer: &Element) -> Option<Result<Element, Unwritable>> {
    let form = answer.get_child("x", xns::DATA_FORMS)?;
    let offered: Vec<(&str, &Element)> = children(form, "field", xns::DATA_FORMS)
        .filter_map(|field| Some((field.attr("var")?, field)))
        .collect();
    let find = |name: &str| offered.iter().find(|(var, _)| *var == name).map(|(_, field)| *field);
    let mut fields: Vec<Field> = GROUP_ROOM
        .iter()
        .filter(|(name, _)| find(name).is_some())
        .map(|(name, value)| Field::text_single(name, value))
        .collect();
    if find(PRESENCE_BROADCAST).is_some_and(|field| has_option(field, MODERATOR)) {
        fields.push(Field::new(PRESENCE_BROADCAST, FieldType::ListMulti).with_value(MODERATOR));
    }
    Some(submit(id, room, DataForm::new(DataFormType::Submit, ns::MUC_ROOM_CONFIG, fields)))
}

/// Opens a new room as it is, with a form that says nothing (XEP-0045 §10.1.2).
pub(crate) fn accept_defaults(id: &str, room: &Address) -> Result<Element, Unwritable> {
    let nothing =
        DataForm { type_: DataFormType::Submit, title: None, instructions: None, fields: Vec::new() };
    submit(id, room, nothing)
}

fn submit(id: &str, room: &Address, form: DataForm) -> Result<Element, Unwritable> {
    iq::set(id, Some(Jid::from(room.as_jid().clone())), OwnerQuery { form: vec![form] })
}

fn has_option(field: &Element, value: &str) -> bool {
    children(field, "option", xns::DATA_FORMS)
        .filter_map(|option| option.get_child("value", xns::DATA_FORMS))
        .any(|offered| offered.text() == value)
}

/// Gives or takes a place (XEP-0045 §9).
pub(crate) fn set_affiliation(
    id: &str,
    room: &Address,
    account: &Address,
    affiliation: Affiliation,
) -> Result<Element, Unwritable> {
    let affiliation = match affiliation {
        Affiliation::Owner => "owner",
        Affiliation::Admin => "admin",
        Affiliation::Member => "member",
        Affiliation::None => "none",
    };
    let item = AdminItem { affiliation: affiliation.to_owned(), jid: account.as_jid().clone() };
    iq::set(id, Some(Jid::from(room.as_jid().clone())), AdminQuery { item })
}
