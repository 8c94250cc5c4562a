//! When to connect, when to wait, when to give up, and what to make of what the operating system says.
//!
//! Retrying is for what can pass: after a wrong password or a bad certificate nothing is tried until the app says
//! [`Input::Start`](crate::Input::Start) again. Without a network there is no timer at all. How fast and how often depends on
//! the [`Situation`](crate::policy::Situation).

use std::time::Duration;

use heliograph_model::stanza::{ClientState, Granted};
use heliograph_model::{Entropy, Error, ErrorCode, NetworkState, Timestamp};
use heliograph_store::account::ServerFacts;

use crate::input::{Connection, ConnectionState, LinkAction};
use crate::live::{Link, Live, SessionLive};
use crate::policy::{
    HANDOVER, HEARD_LATELY, KEEPALIVE_SHORTEST, REPLACED_MAX, REPLACED_WITHIN, RETRIES_REMEMBERED,
    SESSION_STABLE, Situation,
};
use crate::random::Random;
use crate::timers::{Due, Window};

/// Whether somebody between us and the server may have caused it: a hotel that answers in the server's place until one has
/// agreed to its terms, a filter, an attacker. On another network the reason may be gone.
pub(crate) fn may_be_the_networks(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::CertificateRejected
            | ErrorCode::EncryptionUnavailable
            | ErrorCode::ProtocolViolation
            | ErrorCode::ServerNotAuthenticated
    )
}

impl Live {
    /// Power is short, or the phone rests.
    pub(crate) fn saves_power(&self) -> bool {
        self.power.idle || (self.power.low_power && !self.power.charging)
    }

    /// What the phone is doing. The user's eye counts more than saving; a push wake is time that the system has granted.
    pub(crate) fn situation(&self) -> Situation {
        if !self.network.available {
            Situation::Offline
        } else if self.foreground.unwrap_or(!self.push_wake) {
            Situation::Foreground
        } else if self.push_wake {
            Situation::PushWake
        } else if self.saves_power() {
            Situation::LowPower
        } else {
            Situation::Background
        }
    }

    /// There is a reason to try now, whatever the back-off says. If it fails the waits are short for a while, but do not begin
    /// at nothing: only a change of the network, or a session that was of use, makes a failure the first one again.
    pub(crate) fn connect_now(&mut self) -> Option<LinkAction> {
        self.timers.set(Due::Retry, None);
        if !self.wanted || !self.network.available || self.link != Link::Down {
            return None;
        }
        self.attempt = self.attempt.min(RETRIES_REMEMBERED);
        self.link = Link::Connecting;
        self.error = None;
        Some(LinkAction::Connect)
    }

    /// The moment of the next try may have come.
    pub(crate) fn connect_if_due(&mut self, now: Timestamp) -> Option<LinkAction> {
        if self.link != Link::Down || !self.timers.take(Due::Retry, now) {
            return None;
        }
        self.link = Link::Connecting;
        Some(LinkAction::Connect)
    }

    /// The link is gone. `error` is `None` if we closed it.
    pub(crate) fn link_lost(&mut self, now: Timestamp, entropy: &Entropy, error: Option<Error>) {
        self.timers.clear();
        self.silence.broken_after = None;
        self.link = Link::Down;
        let lasted = self.online_since.take().map(|since| now.since(since));
        // A server that lets us in and drops us at once is not tried any faster than one that does not let us in.
        if std::mem::take(&mut self.useful) || lasted.is_some_and(|lasted| lasted >= SESSION_STABLE) {
            self.attempt = 0;
        }
        let Some(error) = error else { return };
        let may_pass =
            error.is_transient() || error.code == ErrorCode::SessionReplaced && self.may_take_it_back(now);
        self.error = Some(error);
        if !may_pass {
            self.link = Link::Stopped;
            return;
        }
        if self.wanted
            && let Some(rules) = self.situation().rules()
        {
            let ceiling = rules.retry_first.saturating_mul(1 << self.attempt.min(16)).min(rules.retry_max);
            self.retry_at(now.plus(jitter(entropy, ceiling)));
            self.attempt = self.attempt.saturating_add(1);
        }
    }

    /// Whether the session that was just taken over may have been taken by ourselves: see [`REPLACED_MAX`].
    fn may_take_it_back(&mut self, now: Timestamp) -> bool {
        self.replaced.retain(|moment| now.since(*moment) < REPLACED_WITHIN);
        let ours = self.replaced.len() < REPLACED_MAX;
        self.replaced.push(now);
        ours
    }

    fn retry_at(&mut self, moment: Timestamp) {
        self.timers.set(Due::Retry, Some(Window::at(moment)));
    }

    /// The network came, went, or is another one.
    pub(crate) fn network(
        &mut self,
        now: Timestamp,
        entropy: &Entropy,
        network: NetworkState,
    ) -> Option<LinkAction> {
        let before = std::mem::replace(&mut self.network, network);
        let up = matches!(self.link, Link::Connecting | Link::Online);
        let rules = self.situation().rules();
        let Some(rules) = rules else {
            self.timers.clear();
            self.silence.broken_after = None;
            self.online_since = None;
            if up {
                self.link = Link::Down;
            }
            return up.then_some(LinkAction::Abandon);
        };
        let moved = before.id != self.network.id;
        if up {
            let dead = self.network.previous_gone && (moved || self.network.id.is_none());
            if dead {
                self.timers.clear();
                self.online_since = None;
                self.attempt = 0;
                self.link = Link::Connecting;
            }
            return dead.then_some(LinkAction::Reconnect);
        }
        if before == self.network {
            return None;
        }
        if self.link == Link::Stopped {
            if !self.error.as_ref().is_some_and(|error| may_be_the_networks(error.code)) {
                return None;
            }
            self.link = Link::Down;
        }
        self.attempt = 0;
        if rules.return_spread.is_zero() {
            return self.connect_now();
        }
        if self.wanted {
            self.retry_at(now.plus(jitter(entropy, rules.return_spread)));
        }
        None
    }

    /// Whoever waits under a stricter rule waits no longer than the present one says.
    pub(crate) fn situation_changed(&mut self, now: Timestamp) {
        let Some(rules) = self.situation().rules() else { return };
        if let Some(retry) = self.timers.get(Due::Retry) {
            self.retry_at(retry.latest.min(now.plus(rules.retry_max)));
        }
        if self.timers.get(Due::Receipts).is_some() {
            let window = Window::after(now, rules.receipts_gather, rules.receipts_latest);
            self.timers.set_soonest(Due::Receipts, window);
        }
    }

    /// The link stands, as far as is known. Has it proved so lately? If not, the app's coming to the front is a reason to ask.
    pub(crate) fn may_be_half_open(&self, now: Timestamp) -> bool {
        let doubtful = self.silence.broken_after.is_some() || now.since(self.silence.heard_at) > HEARD_LATELY;
        self.link == Link::Online && doubtful
    }

    /// The same, for less good reasons.
    pub(crate) fn was_silent(&self, now: Timestamp) -> bool {
        self.link == Link::Online && now.since(self.silence.since) >= KEEPALIVE_SHORTEST
    }

    /// A fresh session: nothing of the last one holds any more.
    pub(crate) fn session_began(&mut self, now: Timestamp, granted: &Granted) {
        self.link = Link::Online;
        self.timers.set(Due::Retry, None);
        self.online_since = Some(now);
        self.useful = false;
        self.error = None;
        self.client_state = ClientState::Active;
        let idle_limit = granted.idle_seconds.map(|limit| Duration::from_secs(limit.into()));
        self.silence.begin(now, idle_limit);
        if !granted.resumed {
            self.session = SessionLive::default();
        }
        self.session.draining = granted.resumed;
        self.session.resumed = granted.resumed;
    }

    /// The session was resumed a moment ago.
    pub(crate) fn was_handed_over(&self, now: Timestamp) -> bool {
        self.session.resumed && self.online_since.is_some_and(|since| now.since(since) < HANDOVER)
    }

    /// What the server is to be told of us, if that is news (XEP-0352 §5.2).
    pub(crate) fn client_state_news(&mut self) -> Option<ClientState> {
        let rules = self.situation().rules().filter(|_| self.link == Link::Online)?;
        let too_early = rules.client_state == ClientState::Inactive && !self.caught_up();
        if too_early || rules.client_state == self.client_state {
            return None;
        }
        self.client_state = rules.client_state;
        Some(rules.client_state)
    }

    /// Notices when the clock was set back: nothing waits longer for that.
    pub(crate) fn look_at_clock(&mut self, now: Timestamp) {
        let back = self.clock.since(now);
        if !back.is_zero() {
            self.timers.set_back(back);
            self.silence.set_back(back);
            self.online_since = self.online_since.map(|since| since.minus(back));
            self.replaced.iter_mut().for_each(|moment| *moment = moment.minus(back));
        }
        self.clock = now;
    }

    /// Everything that waited in the archives is here, and others find our keys.
    fn caught_up(&self) -> bool {
        self.link == Link::Online
            && !self.session.draining
            && self.session.account.done
            && self.session.rooms.values().all(|room| room.catchup.done)
            && !self.session.requests.values().any(|asked| asked.purpose.holds_up())
    }

    /// For the app.
    pub(crate) fn connection(&self, facts: &ServerFacts) -> Connection {
        let state = match self.link {
            Link::Stopped => ConnectionState::Stopped,
            Link::Online => ConnectionState::Online,
            _ if !self.wanted => ConnectionState::Suspended,
            _ if !self.network.available => ConnectionState::Offline,
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
        let caught_up = self.caught_up();
        let unanswered = self.silence.broken_after.is_some();
        let idle = caught_up
            && !unanswered
            && self.session.requests.is_empty()
            && self.session.in_flight.is_empty()
            && self.timers.get(Due::Receipts).is_none();
        Connection {
            state,
            situation: self.situation(),
            error: self.error.clone(),
            retry_at: self.timers.get(Due::Retry).map(|window| window.latest),
            caught_up,
            unanswered,
            idle,
            lacking,
        }
    }
}

/// Full jitter: anywhere between nothing and the ceiling, so that phones that lost the same cell or the same server do not
/// come back in step. Never below an eighth of it, so that a try is never free.
fn jitter(entropy: &Entropy, ceiling: Duration) -> Duration {
    let share = f64::from(Random::new(entropy, "backoff").number(1000)) / 1000.0;
    ceiling.mul_f64(0.125 + 0.875 * share)
}
