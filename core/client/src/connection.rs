//! The truth about the connection.

use std::sync::Arc;

use heliograph_model::Error;
use heliograph_sync::Connection;
use tokio::sync::watch;

use crate::shared::{Shared, closed};

/// What an account cost on the wire since it was opened, TLS included, TCP's own headers not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// How often we had to wait for an answer after sending: round trips.
    pub flights: u64,
    /// Connections opened.
    pub connects: u64,
    /// How many of them took up a session again that the server had kept (XEP-0198 §5).
    pub resumed: u64,
}

/// A subscription to the connection's state.
pub struct ConnectionChanges {
    pub(crate) shared: Arc<Shared>,
    pub(crate) states: watch::Receiver<Connection>,
}

impl ConnectionChanges {
    /// The newest state, once it differs from the last one returned (or from the one at subscription). Intermediate states
    /// may be left out. Ends with [`heliograph_model::ErrorCode::Closed`].
    pub async fn next(&mut self) -> Result<Connection, Error> {
        if self.shared.is_closed() {
            return Err(closed());
        }
        self.states.changed().await.map_err(|_| closed())?;
        Ok(self.states.borrow_and_update().clone())
    }
}
