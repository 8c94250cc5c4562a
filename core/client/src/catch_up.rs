//! Waking up for a moment: after a push, or in the background.

use std::time::Duration;

use heliograph_model::Error;
use heliograph_store::message;
use heliograph_sync::ConnectionState;

use crate::client::Client;

/// What [`Client::catch_up`] brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatchUpReport {
    /// Messages of others that are new.
    pub new_messages: u64,
    /// Everything that waited in the archives is here; otherwise the deadline came first or the connection failed.
    pub complete: bool,
}

pub(crate) async fn run(client: &Client, deadline: Duration) -> Result<CatchUpReport, Error> {
    let was_suspended = client.is_suspended();
    client.resume().await?;
    let before = client.shared.read(message::latest_revision)?;
    let mut states = client.shared.connection.subscribe();
    client.start();
    let done = async {
        loop {
            {
                let state = states.borrow_and_update();
                if state.caught_up {
                    return true;
                }
                if state.state == ConnectionState::Stopped {
                    return false;
                }
            }
            if states.changed().await.is_err() {
                return false;
            }
        }
    };
    let complete = tokio::time::timeout(deadline, done).await.unwrap_or(false);
    let new_messages = client.shared.read(|database| message::count_incoming_since(database, before))?;
    if was_suspended {
        client.suspend().await?;
    }
    Ok(CatchUpReport { new_messages, complete })
}
