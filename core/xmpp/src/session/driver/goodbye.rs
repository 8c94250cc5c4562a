//! The last words of a session.

use super::Running;
use crate::error::SessionError;

impl Running {
    /// Writes what is left and hears the acknowledgement that was asked for. A socket that is closed on an answer is reset, and
    /// a server that sees this may not read our last count: it would push for what is here already.
    pub(super) async fn hear_out(&mut self) -> Result<(), SessionError> {
        self.wire.flush().await?;
        while self.asked > 0 {
            // What else comes in is not handled; a resumption brings it again.
            let frame = self.wire.transfer(true).await?;
            self.received(&frame)?;
        }
        Ok(())
    }

    /// Sends what is queued and the last count, closes the stream, and waits for the server to do the same.
    pub(super) async fn say_goodbye(&mut self) {
        self.say_handled();
        if self.wire.flush().await.is_err() || self.wire.close().await.is_err() {
            return;
        }
        // What still comes in is not counted as handled: the archives have it.
        while self.wire.transfer(true).await.is_ok() {}
    }
}
