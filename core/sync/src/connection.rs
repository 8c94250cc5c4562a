//! When to connect, when to wait, when to give up.
//!
//! Retrying is for what can pass: after a wrong password or a bad certificate nothing is tried until the app says
//! [`Input::Start`](crate::Input::Start) again. Without a network there is no timer at all.

use heliograph_model::{Entropy, Error, ErrorCode, Timestamp};
use heliograph_store::account::ServerFacts;

use crate::input::{Connection, ConnectionState, LinkAction};
use crate::live::{Link, Live, Purpose, SessionLive};
use crate::policy::{BACKOFF_FIRST, BACKOFF_MAX};
use crate::random::Random;

impl Live {
    /// The app wants a connection, or the reason why there was none may be gone: forget the back-off and try now.
    pub(crate) fn connect_now(&mut self) -> Option<LinkAction> {
        self.attempt = 0;
        self.retry_at = None;
        if !self.wanted || self.no_network || matches!(self.link, Link::Connecting | Link::Online) {
            return None;
        }
        self.link = Link::Connecting;
        self.error = None;
        Some(LinkAction::Connect)
    }

    /// The moment of the next try has come.
    pub(crate) fn connect_if_due(&mut self, now: Timestamp) -> Option<LinkAction> {
        if self.link != Link::Down || self.retry_at.is_none_or(|at| at > now) {
            return None;
        }
        self.retry_at = None;
        self.link = Link::Connecting;
        Some(LinkAction::Connect)
    }

    /// The link is gone. `error` is `None` if we closed it.
    pub(crate) fn link_lost(&mut self, now: Timestamp, entropy: &Entropy, error: Option<Error>) {
        self.receipts_at = None;
        self.retry_at = None;
        self.link = Link::Down;
        let Some(error) = error else { return };
        let may_pass = error.is_transient();
        self.error = Some(error);
        if !may_pass {
            self.link = Link::Stopped;
            return;
        }
        if self.wanted && !self.no_network {
            self.retry_at = Some(now.plus(self.backoff(entropy)));
            self.attempt = self.attempt.saturating_add(1);
        }
    }

    /// Full jitter: anywhere between nothing and the doubled delay, so that phones that lost the same cell or the same
    /// server do not come back in step. Never below an eighth of it, so that a try is never free.
    fn backoff(&self, entropy: &Entropy) -> std::time::Duration {
        let ceiling = BACKOFF_FIRST.saturating_mul(1 << self.attempt.min(16)).min(BACKOFF_MAX);
        let share = f64::from(Random::new(entropy, "backoff").number(1000)) / 1000.0;
        ceiling.mul_f64(0.125 + 0.875 * share)
    }

    /// The network came or went.
    pub(crate) fn network(&mut self, available: bool) -> Option<LinkAction> {
        let had_network = !self.no_network;
        self.no_network = !available;
        if !available {
            self.retry_at = None;
            self.receipts_at = None;
            let was_up = matches!(self.link, Link::Connecting | Link::Online);
            self.link = if self.link == Link::Stopped { Link::Stopped } else { Link::Down };
            return was_up.then_some(LinkAction::Abandon);
        }
        if self.link == Link::Stopped || (had_network && self.link == Link::Online) {
            return None;
        }
        self.connect_now()
    }

    /// A fresh session: nothing of the last one holds any more.
    pub(crate) fn session_began(&mut self, resumed: bool) {
        self.link = Link::Online;
        self.attempt = 0;
        self.retry_at = None;
        self.error = None;
        if !resumed {
            self.session = SessionLive::default();
        }
        self.session.draining = resumed;
    }

    /// The next moment at which the engine has something to do by itself.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        [self.retry_at, self.receipts_at].into_iter().flatten().min()
    }

    /// For the app.
    pub(crate) fn connection(&self, facts: &ServerFacts) -> Connection {
        let state = match self.link {
            Link::Stopped => ConnectionState::Stopped,
            Link::Online => ConnectionState::Online,
            _ if !self.wanted => ConnectionState::Suspended,
            _ if self.no_network => ConnectionState::Offline,
            Link::Connecting => ConnectionState::Connecting,
            Link::Down => ConnectionState::Waiting,
        };
        let mut lacking = Vec::new();
        if facts.known {
            if facts.room_service.is_none() {
                lacking.push(ErrorCode::RoomsUnavailable);
            }
            if !facts.archive {
                lacking.push(ErrorCode::ArchiveUnavailable);
            }
            if !facts.pep {
                lacking.push(ErrorCode::KeyPublishingUnavailable);
            }
        }
        if facts.push == Some(false) {
            lacking.push(ErrorCode::PushUnavailable);
        }
        let caught_up = self.link == Link::Online
            && !self.session.draining
            && self.session.account.done
            && self.session.rooms.values().all(|room| room.catchup.done)
            && !self.session.requests.values().any(Purpose::holds_up);
        Connection { state, error: self.error.clone(), retry_at: self.retry_at, caught_up, lacking }
    }
}
