//! Rooms: our own presence in them, and their configuration form (XEP-0045).
//!
//! Other occupants' presence is not looked at: who is in a group is MLS's business.

use heliograph_model::Address;
use heliograph_model::stanza::{Inbound, Response};
use jid::ResourceRef;
use minidom::Element;
use xmpp_parsers::ns as xns;

use super::iq::{Answer, Next, unreadable};
use super::{Decoded, Decoder, Moved, error};
use crate::encode;
use crate::request::Expects;
use crate::xml::{attribute, bare, children, jid_attribute};

/// XEP-0045 §15.6: this presence is our own.
const SELF_PRESENCE: &str = "110";
/// The room was made by our entering.
const CREATED: &str = "201";
/// An occupant changes the nick; another presence with the new one follows.
const NEW_NICK: &str = "303";
/// Somebody put us out: a ban, a kick, a lost place, a room that became members-only.
const REMOVED: [&str; 4] = ["301", "307", "321", "322"];

/// A room that we asked to enter.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Room {
    nick: String,
    joined: bool,
}

impl Room {
    pub(super) fn joining(nick: String) -> Self {
        Self { nick, joined: false }
    }

    pub(super) fn joined(nick: String) -> Self {
        Self { nick, joined: true }
    }
}

impl Decoder {
    pub(super) fn presence(&mut self, stanza: &Element) -> Decoded {
        let Ok(Some(from)) = jid_attribute(stanza, "from") else {
            return Decoded::nothing();
        };
        let address = bare(&from);
        // Presence of contacts, of strangers, and of rooms that we never asked for.
        let Some(before) = self.state.rooms.get(&address).cloned() else {
            return Decoded::nothing();
        };
        let nick = from.resource().map(ResourceRef::as_str);
        let decoded = self.occupant_presence(stanza, address.clone(), nick);
        if self.state.rooms.get(&address) != Some(&before) {
            self.moved.push_back(Moved { stanza: self.decoded, room: address, before });
        }
        decoded
    }

    fn occupant_presence(&mut self, stanza: &Element, address: Address, nick: Option<&str>) -> Decoded {
        let Some(room) = self.state.rooms.get_mut(&address) else {
            return Decoded::nothing();
        };
        match stanza.attr("type") {
            None => {
                let user = stanza.get_child("x", xns::MUC_USER);
                let (Some(nick), true) = (nick, has_status(user, SELF_PRESENCE)) else {
                    return Decoded::nothing();
                };
                nick.clone_into(&mut room.nick);
                if std::mem::replace(&mut room.joined, true) {
                    return Decoded::nothing();
                }
                let created = has_status(user, CREATED);
                Decoded::one(Inbound::RoomJoined { room: address, nick: nick.to_owned(), created })
            }
            Some("unavailable") => {
                let user = stanza.get_child("x", xns::MUC_USER);
                let destroyed = user.is_some_and(|user| user.has_child("destroy", xns::MUC_USER));
                // A destroyed room may also speak for itself.
                let concerns_us = has_status(user, SELF_PRESENCE)
                    || nick == Some(room.nick.as_str())
                    || (destroyed && nick.is_none());
                if !concerns_us {
                    return Decoded::nothing();
                }
                if has_status(user, NEW_NICK) {
                    return Decoded::nothing();
                }
                // Nobody put us out. What left is an earlier session of ours under the same nick, whose end the server noticed
                // only now (ejabberd tells it to the later one), or the room lost us.
                if !destroyed && !REMOVED.iter().any(|code| has_status(user, code)) {
                    room.joined = false;
                    return Decoded::one(Inbound::RoomLost { room: address });
                }
                self.state.rooms.remove(&address);
                Decoded::one(Inbound::RoomLeft { room: address, destroyed })
            }
            Some("error") => {
                let joined = room.joined;
                self.state.rooms.remove(&address);
                if joined {
                    // The room, or the way to it, is gone (XEP-0045 §7.14 has no other word for it).
                    return Decoded::one(Inbound::RoomLeft { room: address, destroyed: false });
                }
                Decoded::one(Inbound::RoomRefused { room: address, error: error::stanza_error(stanza) })
            }
            Some(_) => Decoded::nothing(),
        }
    }

    pub(super) fn in_room(&self, address: &Address) -> bool {
        self.state.rooms.contains_key(address)
    }

    /// The configuration form came: fill it in, submit it.
    pub(super) fn room_form(id: &str, room: &Address, answer: &Answer<'_>) -> Next {
        match answer {
            Answer::Error(error) => Next::Finish(Response::Error(error.clone())),
            Answer::Result(payload) => {
                let id = format!("{id}+");
                match payload.and_then(|form| encode::room::submit_form(&id, room, form)) {
                    Some(stanza) => Next::Continue(Expects::Done, id, stanza),
                    None => Next::Finish(Response::Error(unreadable())),
                }
            }
        }
    }
}

fn has_status(user: Option<&Element>, code: &str) -> bool {
    user.is_some_and(|user| {
        children(user, "status", xns::MUC_USER).any(|status| attribute(status, "code") == Some(code))
    })
}
