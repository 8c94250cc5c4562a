//! Answers to our questions, and questions to us (RFC 6120 §8.2.3).

use heliograph_model::stanza::{Response, StanzaError, StanzaErrorCondition};
use jid::Jid;
use minidom::Element;
use xmpp_parsers::ns as xns;
use xmpp_parsers::stanza_error::DefinedCondition;

use super::{Answered, Decoded, Decoder, disco, error, pubsub};
use crate::encode::{self, Unwritable};
use crate::request::{Expects, Pending};
use crate::xml::{attribute, jid_attribute};

/// An answer to a question of ours.
pub(super) enum Answer<'a> {
    /// `type='result'`, with what is inside.
    Result(Option<&'a Element>),
    /// `type='error'`.
    Error(StanzaError),
}

/// What an answer leads to.
pub(super) enum Next {
    /// The question is answered.
    Finish(Response),
    /// Another question has to follow.
    Continue(Expects, String, Result<Element, Unwritable>),
}

impl Decoder {
    pub(super) fn iq(&mut self, stanza: &Element) -> Decoded {
        let (Some(id), Ok(from)) = (attribute(stanza, "id"), jid_attribute(stanza, "from")) else {
            return Decoded::nothing();
        };
        let payload = stanza.children().find(|child| !child.has_ns(xns::JABBER_CLIENT));
        match stanza.attr("type") {
            Some("result") => self.answered(id, from.as_ref(), Answer::Result(payload)),
            Some("error") => self.answered(id, from.as_ref(), Answer::Error(error::stanza_error(stanza))),
            Some("get") => Decoded::reply(answer_get(id, from, payload)),
            Some("set") => {
                Decoded::reply(encode::iq::refusal(id, from, DefinedCondition::ServiceUnavailable))
            }
            _ => Decoded::nothing(),
        }
    }

    /// Too large to be looked at: the question that it answers must not wait for ever.
    pub(super) fn oversized_iq(&mut self, head: &Element) -> Decoded {
        let (Some(id), Ok(from)) = (attribute(head, "id"), jid_attribute(head, "from")) else {
            return Decoded::nothing();
        };
        match head.attr("type") {
            Some("result" | "error") => {
                let error = StanzaError { condition: StanzaErrorCondition::PolicyViolation, wait: false };
                self.answered(id, from.as_ref(), Answer::Error(error))
            }
            _ => Decoded::reply(encode::iq::refusal(id, from, DefinedCondition::PolicyViolation)),
        }
    }

    fn answered(&mut self, id: &str, from: Option<&Jid>, answer: Answer<'_>) -> Decoded {
        let known = self.state.pending.get(id);
        if !known.is_some_and(|pending| pending.asked.may_answer(from, &self.own)) {
            return Decoded::nothing();
        }
        let Some(pending) = self.state.pending.remove(id) else {
            return Decoded::nothing();
        };
        let Pending { request, asked, expects } = pending.clone();
        self.answered.push_back(Answered { stanza: self.decoded, id: id.to_owned(), pending });
        let next = match expects {
            Expects::Publish(publication) => self.published(id, publication, &answer),
            Expects::RoomForm(room) => Self::room_form(id, &room, &answer),
            expects => Next::Finish(match answer {
                Answer::Error(error) => Response::Error(error),
                Answer::Result(payload) => finish(expects, payload),
            }),
        };
        match next {
            Next::Finish(response) => Decoded::answer(request, response),
            Next::Continue(expects, id, Ok(stanza)) => {
                self.await_answer(id, Pending { request, asked, expects });
                Decoded { inbound: Vec::new(), replies: vec![stanza] }
            }
            Next::Continue(_, _, Err(_)) => Decoded::answer(request, Response::Error(unreadable())),
        }
    }
}

fn finish(expects: Expects, payload: Option<&Element>) -> Response {
    match expects {
        Expects::Done | Expects::Publish(_) | Expects::RoomForm(_) => Response::Done,
        Expects::Features => disco::features(payload),
        Expects::Services => disco::services(payload),
        Expects::Archive(collector) => super::archive::finish(collector, payload),
        Expects::Items(node) => pubsub::items(node, payload),
    }
}

/// Says that a server's answer makes no sense.
pub(super) fn unreadable() -> StanzaError {
    StanzaError { condition: StanzaErrorCondition::Other, wait: false }
}

/// Questions to us. Everybody gets the same answers, and they say nothing about the user.
fn answer_get(id: &str, from: Option<Jid>, payload: Option<&Element>) -> Result<Element, Unwritable> {
    let Some(payload) = payload else {
        return encode::iq::refusal(id, from, DefinedCondition::BadRequest);
    };
    if payload.is("ping", xns::PING) {
        return encode::iq::result(id, from, None::<xmpp_parsers::version::VersionResult>);
    }
    if payload.is("query", xns::VERSION) {
        return encode::iq::result(id, from, Some(encode::disco::own_version()));
    }
    if payload.is("query", xns::DISCO_INFO) {
        return match attribute(payload, "node") {
            Some(node) if !encode::disco::is_own_node(node) => {
                encode::iq::refusal(id, from, DefinedCondition::ItemNotFound)
            }
            node => {
                let info = encode::disco::own_info(node.map(str::to_owned));
                encode::iq::result(id, from, Some(info))
            }
        };
    }
    encode::iq::refusal(id, from, DefinedCondition::ServiceUnavailable)
}
