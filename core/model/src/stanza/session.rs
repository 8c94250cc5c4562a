//! What happens to a session as a whole: it begins, is resumed, acknowledges, ends.

use serde::{Deserialize, Serialize};

use crate::{Error, StanzaId};

/// What happens to the session itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionEvent {
    /// Logged in, and bound or resumed.
    Online(Granted),
    /// After a resumption: everything that the server had kept for us is here.
    Drained,
    /// The server acknowledged these messages (XEP-0198 §4), in this order.
    Acknowledged {
        /// Ids of messages sent.
        messages: Vec<StanzaId>,
    },
    /// The server gave a sign of life after it was asked for one.
    Alive,
    /// The session is over. If the session can still be resumed, the next [`SessionEvent::Online`] says whether it was.
    Closed {
        /// Why; `None` if we asked for it.
        error: Option<Error>,
    },
}

/// What the server granted to a session when it began, or said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Granted {
    /// The stream was resumed (XEP-0198 §5): nothing in flight was lost, rooms are still joined, and outstanding requests
    /// will still be answered.
    pub resumed: bool,
    /// Where a later process can resume this session; only for fresh sessions whose server allows it.
    pub stream: Option<StreamIdentity>,
    /// How many stanzas of a stream that an earlier process left the server had handled (XEP-0198 §5), modulo 2^32; told
    /// whether it was resumed or not. `None` for a stream of this process: what was handled is then told by
    /// [`SessionEvent::Acknowledged`], and the rest is sent again by the session itself.
    pub handled: Option<u32>,
    /// Carbons were switched on with the login (XEP-0386): no need to ask for them.
    pub carbons: bool,
    /// The server takes client state indications (XEP-0352).
    pub client_state: bool,
    /// The greatest stanza that it accepts, in bytes (XEP-0478).
    pub stanza_bytes: Option<u32>,
    /// It closes a stream that was silent for so many seconds (XEP-0478).
    pub idle_seconds: Option<u32>,
    /// How the sign-in went.
    #[serde(default)]
    pub login: LoginPath,
    /// It went out together with the first stream header under TLS, and was taken.
    #[serde(default)]
    pub pipelined: bool,
}

/// By what a session was signed in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginPath {
    /// The password, by SASL (RFC 6120 §6).
    #[default]
    Sasl,
    /// The password, by SASL2 (XEP-0388).
    Sasl2,
    /// A token (XEP-0484).
    Fast,
}

impl Granted {
    /// A fresh session of which nothing else is known.
    pub fn fresh() -> Self {
        Self::default()
    }

    /// A resumed session of which nothing else is known.
    pub fn resumed() -> Self {
        Self { resumed: true, ..Self::default() }
    }
}

/// What names a stream to its server, so that another process can resume it (XEP-0198 §5). `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamIdentity {
    /// The server's name for it (`id` of `<enabled/>`).
    pub id: String,
    /// Where the server would like to be resumed, as `host:port`.
    pub location: Option<String>,
    /// Our resource in it.
    pub resource: String,
}

/// Whether somebody is looking (XEP-0352). A session begins active, a resumed one too (§5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ClientState {
    /// Somebody is.
    #[default]
    Active,
    /// Nobody is: the server may hold back what can wait.
    Inactive,
}
