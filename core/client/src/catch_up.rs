//! Waking up for a moment: after a push, or in the background.
//!
//! Nothing here outlives its deadline: neither connecting, nor reading, nor going back to sleep. It holds no timer but that
//! one, and ends sooner where waiting is of no use.

use std::time::Duration;

use heliograph_model::{Error, ErrorCode};
use heliograph_store::message;
use heliograph_sync::{Connection, ConnectionState, Input};
use tokio::time::{Instant, timeout_at};

use crate::client::Client;

/// What of the time is kept back for saying goodbye and closing the database: a round trip on a slow link, and the last
/// pages of the write-ahead log. An iOS app that holds its file when the system stops it is killed.
const SLEEP_RESERVE: Duration = Duration::from_secs(1);

/// Of a short deadline at most this part is kept back.
const SLEEP_SHARE: u32 = 4;

/// What [`Client::catch_up`] brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatchUpReport {
    /// Messages of others that are new. Not counted, and so 0, where the app suspended the client meanwhile.
    pub new_messages: u64,
    /// What ended it.
    pub end: CatchUpEnd,
}

/// What ended a [`Client::catch_up`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUpEnd {
    /// Everything that waited is here.
    Complete,
    /// The deadline came first. What was read until then is here, and the next time goes on from there.
    Deadline,
    /// There is no network.
    Offline,
    /// No connection, and none to be had before the deadline; for this reason.
    Failed(ErrorCode),
    /// The app suspended the client meanwhile.
    Suspended,
}

impl CatchUpReport {
    /// Everything that waited is here.
    pub fn is_complete(&self) -> bool {
        self.end == CatchUpEnd::Complete
    }
}

/// Who wants the client awake.
#[derive(Default)]
pub(crate) struct Wakefulness {
    /// The app has opened or started it and not suspended it since.
    pub app: bool,
    /// Catch-ups under way.
    pub catch_ups: u32,
}

/// One catch-up under way. Dropping it in the middle takes it off the count; the client is then left as it is.
struct Awake<'a>(&'a Client);

impl Drop for Awake<'_> {
    fn drop(&mut self) {
        self.0.wakefulness().catch_ups -= 1;
    }
}

pub(crate) async fn run(client: &Client, allowed: Duration) -> Result<CatchUpReport, Error> {
    let start = Instant::now();
    // A deadline beyond what a clock can say is none.
    let deadline = start.checked_add(allowed).unwrap_or(start + Duration::from_hours(24));
    let until = deadline - SLEEP_RESERVE.min(allowed / SLEEP_SHARE);
    client.wakefulness().catch_ups += 1;
    let awake = Awake(client);
    let report = work(client, until).await;
    drop(awake);
    client.sleep_unless_wanted(deadline).await?;
    report
}

async fn work(client: &Client, until: Instant) -> Result<CatchUpReport, Error> {
    client.wake_up().await?;
    let before = client.shared.read(message::latest_revision)?;
    let end = timeout_at(until, fetch(client, until)).await.unwrap_or(CatchUpEnd::Deadline);
    match client.shared.read(|database| message::count_incoming_since(database, before)) {
        Ok(new_messages) => Ok(CatchUpReport { new_messages, end }),
        Err(error) if error.code == ErrorCode::Closed => {
            Ok(CatchUpReport { new_messages: 0, end: CatchUpEnd::Suspended })
        }
        Err(error) => Err(error),
    }
}

/// Until everything is here, or it is clear that it won't be.
async fn fetch(client: &Client, until: Instant) -> CatchUpEnd {
    let mut states = client.shared.connection.subscribe();
    // What the states say before that is about an earlier time.
    if !client.tell_and_wait(Input::PushWake { begins: true }).await {
        return CatchUpEnd::Suspended;
    }
    loop {
        if let Some(end) = verdict(&states.borrow_and_update(), until) {
            return end;
        }
        if states.changed().await.is_err() {
            return CatchUpEnd::Suspended;
        }
    }
}

/// `None` as long as waiting is of use.
fn verdict(connection: &Connection, until: Instant) -> Option<CatchUpEnd> {
    let reason = || connection.error.as_ref().map_or(ErrorCode::NetworkUnavailable, |error| error.code);
    match connection.state {
        ConnectionState::Online => connection.caught_up.then_some(CatchUpEnd::Complete),
        ConnectionState::Connecting => None,
        ConnectionState::Offline => Some(CatchUpEnd::Offline),
        ConnectionState::Suspended => Some(CatchUpEnd::Suspended),
        ConnectionState::Stopped => Some(CatchUpEnd::Failed(reason())),
        ConnectionState::Waiting => {
            let wait = connection.retry_at.map(|at| at.since(crate::shared::now()));
            let in_time = wait.is_some_and(|wait| Instant::now() + wait < until);
            (!in_time).then(|| CatchUpEnd::Failed(reason()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use heliograph_model::{Error, ErrorCode};
    use heliograph_sync::{Connection, ConnectionState, Situation};
    use tokio::time::Instant;

    use super::{CatchUpEnd, verdict};

    fn connection(state: ConnectionState, retry_in: Option<u64>) -> Connection {
        Connection {
            state,
            situation: Situation::PushWake,
            error: Some(Error::new(ErrorCode::HostUnknown, "")),
            retry_at: retry_in.map(|seconds| crate::shared::now().plus(Duration::from_secs(seconds))),
            caught_up: false,
            unanswered: false,
            idle: false,
            lacking: Vec::new(),
        }
    }

    #[test]
    fn waiting_ends_when_it_is_of_no_use() {
        let until = Instant::now() + Duration::from_secs(20);
        let failed = Some(CatchUpEnd::Failed(ErrorCode::HostUnknown));
        for (state, retry_in, end) in [
            (ConnectionState::Connecting, None, None),
            (ConnectionState::Online, None, None),
            (ConnectionState::Waiting, Some(2), None),
            (ConnectionState::Waiting, Some(60), failed),
            (ConnectionState::Waiting, None, failed),
            (ConnectionState::Stopped, None, failed),
            (ConnectionState::Offline, None, Some(CatchUpEnd::Offline)),
            (ConnectionState::Suspended, None, Some(CatchUpEnd::Suspended)),
        ] {
            assert_eq!(verdict(&connection(state, retry_in), until), end, "{state:?}, {retry_in:?}");
        }
        let complete = Connection { caught_up: true, ..connection(ConnectionState::Online, None) };
        assert_eq!(verdict(&complete, until), Some(CatchUpEnd::Complete));
    }
}
