//! The elements of SASL2 (XEP-0388), with what goes inline: Bind 2 (XEP-0386), resumption (XEP-0198 §9), tokens
//! (XEP-0484), upgrades of stored passwords (XEP-0480).
//!
//! Our own types, because those of xmpp-parsers know a fixed list of mechanisms, and require what the standards leave
//! optional.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use heliograph_model::Timestamp;
use jid::Jid;
use minidom::Element;
use xmpp_parsers::date::DateTime;
use xmpp_parsers::ns::{BIND2, CARBONS, FAST, SASL2, SM};
use xso::AsXml;
use xso::text::Base64;

use super::sasl;
use crate::error::SessionError;
use crate::ns::{SASL_UPGRADE, SCRAM_UPGRADE};
use crate::scram::Salted;
use crate::stream_management::{Enable, Enabled, Failed, Resume, Resumed};
use crate::xml::{child_text, children, typed_child};

/// Tasks of one `<continue/>` that are looked at.
const TASKS: usize = 16;

/// `<authenticate/>` (§2.4).
#[derive(AsXml)]
#[xml(namespace = SASL2, name = "authenticate")]
pub(super) struct Authenticate {
    #[xml(attribute)]
    pub(super) mechanism: String,
    #[xml(child)]
    pub(super) initial: InitialResponse,
    #[xml(child)]
    pub(super) user_agent: UserAgent,
    #[xml(child(n = ..))]
    pub(super) upgrades: Vec<Upgrade>,
    #[xml(child)]
    pub(super) resume: Option<Resume>,
    #[xml(child)]
    pub(super) bind: Option<Bind>,
    #[xml(child)]
    pub(super) fast: Option<Fast>,
    #[xml(child)]
    pub(super) request_token: Option<RequestToken>,
}

#[derive(AsXml)]
#[xml(namespace = SASL2, name = "initial-response")]
pub(super) struct InitialResponse {
    #[xml(text(codec = Base64))]
    pub(super) data: Vec<u8>,
}

/// The installation. No `<device/>`: what a phone is called is private.
#[derive(AsXml)]
#[xml(namespace = SASL2, name = "user-agent")]
pub(super) struct UserAgent {
    #[xml(attribute)]
    pub(super) id: String,
    #[xml(child)]
    pub(super) software: Software,
}

#[derive(AsXml)]
#[xml(namespace = SASL2, name = "software")]
pub(super) struct Software {
    #[xml(text)]
    pub(super) name: String,
}

/// `<upgrade/>` (XEP-0480 §2.2).
#[derive(AsXml)]
#[xml(namespace = SASL_UPGRADE, name = "upgrade")]
pub(super) struct Upgrade {
    #[xml(text)]
    pub(super) task: String,
}

/// `<bind/>` (XEP-0386 §3.2).
#[derive(AsXml)]
#[xml(namespace = BIND2, name = "bind")]
pub(super) struct Bind {
    #[xml(child)]
    pub(super) tag: Option<Tag>,
    #[xml(child)]
    pub(super) stream_management: Option<Enable>,
    #[xml(child)]
    pub(super) carbons: Option<EnableCarbons>,
}

#[derive(AsXml)]
#[xml(namespace = BIND2, name = "tag")]
pub(super) struct Tag {
    #[xml(text)]
    pub(super) tag: String,
}

#[derive(AsXml)]
#[xml(namespace = CARBONS, name = "enable")]
pub(super) struct EnableCarbons;

/// `<fast/>` (XEP-0484 §3.4).
#[derive(AsXml)]
#[xml(namespace = FAST, name = "fast")]
pub(super) struct Fast {
    #[xml(attribute)]
    pub(super) count: u32,
}

/// `<request-token/>` (XEP-0484 §3.2).
#[derive(AsXml)]
#[xml(namespace = FAST, name = "request-token")]
pub(super) struct RequestToken {
    #[xml(attribute)]
    pub(super) mechanism: String,
}

/// `<response/>` (§2.6).
#[derive(AsXml)]
#[xml(namespace = SASL2, name = "response")]
pub(super) struct Response {
    #[xml(text(codec = Base64))]
    pub(super) data: Vec<u8>,
}

/// `<next/>` (§2.7.3).
#[derive(AsXml)]
#[xml(namespace = SASL2, name = "next")]
pub(super) struct Next {
    #[xml(attribute)]
    pub(super) task: String,
}

/// `<task-data/>` with a salted password (XEP-0480 §3).
#[derive(AsXml)]
#[xml(namespace = SASL2, name = "task-data")]
pub(super) struct TaskData {
    #[xml(child)]
    pub(super) hash: SaltedHash,
}

#[derive(AsXml)]
#[xml(namespace = SCRAM_UPGRADE, name = "hash")]
pub(super) struct SaltedHash {
    #[xml(text(codec = Base64))]
    pub(super) data: Vec<u8>,
}

/// What a server says during a sign-in.
pub(super) enum Answer {
    Challenge(Vec<u8>),
    Success(Box<Success>),
    /// The mechanism is through, and something else is to be done: one of these tasks.
    Continue {
        data: Vec<u8>,
        tasks: Vec<String>,
    },
    /// What a SCRAM upgrade needs (XEP-0480 §3).
    Salt(Salted),
    Failure(SessionError),
}

/// `<success/>` (§2.7.1).
pub(super) struct Success {
    pub(super) data: Vec<u8>,
    /// With a resource if one was bound.
    pub(super) jid: Jid,
    pub(super) resumed: Option<Resumed>,
    /// The resumption failed.
    pub(super) failed: Option<Failed>,
    pub(super) bound: Option<Bound>,
    /// A token and when it expires.
    pub(super) token: Option<(String, Timestamp)>,
}

/// The answer to [`Bind`].
pub(super) enum Bound {
    Done {
        /// `None`: no stream management, or it was refused.
        stream_management: Option<Enabled>,
    },
    Refused,
}

impl Answer {
    pub(super) fn read(element: &Element) -> Result<Self, SessionError> {
        const NO_ANSWER: SessionError = SessionError::Protocol("no answer to the login");
        if !element.has_ns(SASL2) {
            return Err(NO_ANSWER);
        }
        match element.name() {
            "challenge" => Ok(Self::Challenge(sasl::data(&element.text())?)),
            "success" => Ok(Self::Success(Box::new(Success::read(element)?))),
            "continue" => {
                let tasks = element.get_child("tasks", SASL2).into_iter();
                let tasks = tasks.flat_map(|tasks| children(tasks, "task", SASL2)).take(TASKS);
                let tasks = tasks.map(|task| task.text().trim().to_owned()).collect();
                Ok(Self::Continue { data: additional_data(element)?, tasks })
            }
            "task-data" => {
                let salt = element
                    .get_child("salt", SCRAM_UPGRADE)
                    .ok_or(SessionError::Protocol("a task without data"))?;
                let bytes = STANDARD.decode(salt.text().trim()).unwrap_or_default();
                Ok(Self::Salt(Salted::new(bytes, salt.attr("iterations").unwrap_or_default())?))
            }
            "failure" => Ok(Self::Failure(sasl::failure(element))),
            _ => Err(NO_ANSWER),
        }
    }
}

impl Success {
    fn read(element: &Element) -> Result<Self, SessionError> {
        let jid = child_text(element, "authorization-identifier", SASL2)
            .and_then(|jid| jid.parse().ok())
            .ok_or(SessionError::Protocol("a sign-in to no account"))?;
        let bound = element
            .get_child("bound", BIND2)
            .map(|bound| Bound::Done { stream_management: typed_child(bound, "enabled", SM) });
        let refused = element.has_child("failed", BIND2).then_some(Bound::Refused);
        Ok(Self {
            data: additional_data(element)?,
            jid,
            resumed: typed_child(element, "resumed", SM),
            failed: typed_child(element, "failed", SM),
            bound: bound.or(refused),
            token: element.get_child("token", FAST).and_then(token),
        })
    }
}

fn additional_data(element: &Element) -> Result<Vec<u8>, SessionError> {
    child_text(element, "additional-data", SASL2).map_or(Ok(Vec::new()), |text| sasl::data(&text))
}

/// A token that can't be read is as good as none.
fn token(element: &Element) -> Option<(String, Timestamp)> {
    let expiry: DateTime = element.attr("expiry")?.parse().ok()?;
    Some((element.attr("token")?.to_owned(), Timestamp(expiry.0.timestamp_millis())))
}
