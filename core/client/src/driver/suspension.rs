//! Going to sleep: the last words to the server, and the end of the database.

use std::time::Duration;

use heliograph_model::time::SystemClock;
use heliograph_model::{Clock, Error};
use heliograph_sync::Input;
use tokio::time::{Instant, timeout_at};

use super::{Driver, next_output};

/// How long the server gets to answer what we asked, for which half of it is spent at most, and our goodbye. A phone that goes
/// to sleep must not wait for a dead link.
const GOODBYE: Duration = Duration::from_secs(2);

/// What of a deadline is kept for closing the database: moving the log into it and letting go of its files.
const CLOSING: Duration = Duration::from_millis(200);

impl Driver {
    /// Says goodbye and closes the database, by `deadline` if there is one.
    ///
    /// What was asked is heard out before that: a server that has to tell it to a sleeping phone wakes it, for nothing that the
    /// user would want to know.
    pub(super) async fn stop(mut self, deadline: Option<Instant>) -> Result<(), Error> {
        // Asked before the engine forgets why it has no connection.
        let next_catch_up = self.engine.next_catch_up(SystemClock.now());
        self.shared.set_next_catch_up(next_catch_up.unwrap_or_default());
        // Wait for the goodbye, so that the server does not keep a ghost, but not for long.
        let now = Instant::now();
        let goodbye = deadline
            .map_or(now + GOODBYE, |deadline| deadline.checked_sub(CLOSING).unwrap_or(deadline))
            .min(now + GOODBYE);
        let answers = now + goodbye.saturating_duration_since(now) / 2;
        let _ = timeout_at(answers, async {
            while self.engine.awaits_answers() {
                let output = next_output(&mut self.session).await;
                self.session_says(output);
            }
        })
        .await;
        if self.handle(Input::Suspend).is_err() {
            self.leave(true); // not even a full disk keeps the socket open
        }
        let _ = timeout_at(goodbye, async {
            while self.session.is_some() {
                let output = next_output(&mut self.session).await;
                self.session_says(output);
            }
        })
        .await;
        if let Some(session) = self.session.take() {
            session.handle.abandon();
        }
        self.shared.set_readers(None);
        let now = SystemClock.now();
        self.read_meter(now);
        Ok(self.engine.close(now)?)
    }
}
