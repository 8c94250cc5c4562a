//! What the phone is doing, and what that allows: the one table of the connection policy.
//!
//! | | foreground | background | push wake | low power | offline |
//! |---|---|---|---|---|---|
//! | when | the app is in front | behind | a push or a background refresh woke it | behind, and the phone saves power or rests | no network |
//! | client state (XEP-0352) | active | inactive once caught up | inactive once caught up | inactive once caught up | |
//! | receipts and markers | after 2 s | after 3 s, while the radio is still on | after 2 s; at the end at once | with the next burst after a minute, 30 min at most | wait |
//! | keys to publish | with the session's first burst, or with the message that used one | same | same | same | wait |
//! | acknowledgement asked (XEP-0198 §4) | once for each burst of stanzas | same | same | same | |
//! | keepalive, longest silence | 5 min | 28 min, or what the network was found to stand; none where push is confirmed | none | none | none |
//! | first retry after a loss, at most | 1 s | 10 s | 1 s | 1 min | never |
//! | later retries, at most | 5 min | 15 min | 30 s | 30 min | never |
//! | the network came back | at once | within 10 s | at once | within 30 s | |
//!
//! Retries double from the first ceiling to the last, with full jitter. Acknowledgements are asked for by the session, in
//! the packet that carries the stanzas; the answer comes while the radio is on. Suspended there is nothing at all.

use std::time::Duration;

use heliograph_model::stanza::ClientState;

/// What the phone is doing. See the module for what each of them allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Situation {
    /// Somebody looks at the app.
    Foreground,
    /// The app runs, and nobody looks.
    Background,
    /// The system woke the app for a moment ([`Input::PushWake`](crate::Input::PushWake)).
    PushWake,
    /// Nobody looks, and power is short or the phone rests.
    LowPower,
    /// There is no network.
    Offline,
}

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// What the server is told of us, once we are caught up. Until then we are active: what a server holds back from an
    /// inactive client (a room's presence, for one) is what catching up waits for.
    pub client_state: ClientState,
    /// How long receipts wait for company before they may go.
    pub receipts_gather: Duration,
    /// When they must go, company or not.
    pub receipts_latest: Duration,
    /// The longest silence before the link is asked whether it lives; `None`: it is not asked without a reason.
    pub keepalive: Option<Duration>,
    /// Ceiling of the first retry.
    pub retry_first: Duration,
    /// Ceiling of all retries.
    pub retry_max: Duration,
    /// Time over which phones spread that get their network back at the same moment.
    pub return_spread: Duration,
}

impl Situation {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Foreground, Self::Background, Self::PushWake, Self::LowPower, Self::Offline];

    /// The number under which the database keeps it; never reassigned.
    pub(crate) const fn to_stored(self) -> i64 {
        match self {
            Self::Foreground => 0,
            Self::Background => 1,
            Self::PushWake => 2,
            Self::LowPower => 3,
            Self::Offline => 4,
        }
    }

    /// Its column; `None` offline, where nothing is done.
    pub const fn rules(self) -> Option<Rules> {
        match self {
            Self::Foreground => Some(FOREGROUND),
            Self::Background => Some(BACKGROUND),
            Self::PushWake => Some(PUSH_WAKE),
            Self::LowPower => Some(LOW_POWER),
            Self::Offline => None,
        }
    }
}

/// Somebody waits for what comes. Two seconds gather a burst of receipts and still look live. The screen costs more than a
/// question every five minutes, which finds a link that died while somebody stares at it. One second: a flapping cell is
/// back by then, and a restarted server is not hit by everybody at once because of the jitter. Twelve tries an hour at most
/// cost little, and a network that came back unannounced is not slept through.
const FOREGROUND: Rules = Rules {
    client_state: ClientState::Active,
    receipts_gather: Duration::from_secs(2),
    receipts_latest: Duration::from_secs(2),
    keepalive: Some(Duration::from_mins(5)),
    retry_first: Duration::from_secs(1),
    retry_max: Duration::from_mins(5),
    return_spread: Duration::ZERO,
};

/// Three seconds: the message that is acknowledged has just turned the radio on, and the shortest tail measured on LTE is
/// 5 s; a receipt inside it makes the tail 3 s longer, one of its own later would cost a whole one (10 to 12 s). 28 minutes:
/// below the 30 minutes of many carriers' NAT, two wakes an hour. Retries are rarer, as nobody waits.
const BACKGROUND: Rules = Rules {
    client_state: ClientState::Inactive,
    receipts_gather: Duration::from_secs(3),
    receipts_latest: Duration::from_secs(3),
    keepalive: Some(super::KEEPALIVE_LONGEST),
    retry_first: Duration::from_secs(10),
    retry_max: Duration::from_mins(15),
    return_spread: Duration::from_secs(10),
};

/// The system gives some 30 s: nothing may wait longer, and the end comes before any keepalive.
const PUSH_WAKE: Rules = Rules {
    client_state: ClientState::Inactive,
    receipts_gather: Duration::from_secs(2),
    receipts_latest: Duration::from_secs(2),
    keepalive: None,
    retry_first: Duration::from_secs(1),
    retry_max: Duration::from_secs(30),
    return_spread: Duration::ZERO,
};

/// Nothing turns the radio on that a message does not: receipts ride along, for a lively room at most once a minute, no
/// keepalive, few retries. A link that dies meanwhile is found when the phone is used again, or something is sent.
const LOW_POWER: Rules = Rules {
    client_state: ClientState::Inactive,
    receipts_gather: Duration::from_mins(1),
    receipts_latest: Duration::from_mins(30),
    keepalive: None,
    retry_first: Duration::from_mins(1),
    retry_max: Duration::from_mins(30),
    return_spread: Duration::from_secs(30),
};
