//! The task behind a client that is awake, and what becomes of it if it fails.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use heliograph_model::{Address, Error, ErrorCode};
use heliograph_store::Store;
use heliograph_sync::{Connection, ConnectionState, Engine};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::account::{self, StoreLocation};
use crate::driver::{Driver, Order};
use crate::server_memory;
use crate::shared::Shared;

/// See the module.
pub(crate) struct Running {
    pub orders: mpsc::UnboundedSender<Order>,
    /// Ends when the driver has ended, and with it everything that it held.
    pub task: JoinHandle<()>,
}

/// Opens the database and sets a driver to work on it.
pub(crate) fn begin(
    location: &StoreLocation,
    shared: &Arc<Shared>,
    runtime: &Handle,
) -> Result<(Running, Address), Error> {
    let mut store = Store::open(&location.path, &location.key)?;
    let account = account::load(&mut store)?;
    let memory = server_memory::load(&mut store)?;
    let engine = Engine::open(store)?;
    let address = engine.address().clone();
    shared.set_readers(Some(engine.readers()));
    let (orders, inbox) = mpsc::unbounded_channel();
    let driver = Driver::new(engine, account, memory, Arc::clone(shared));
    let task = runtime.spawn(supervise(driver.run(inbox), Arc::clone(shared)));
    Ok((Running { orders, task }, address))
}

/// Waits for the end of a driver. One that panicked was in the middle of something: what it had not committed is undone, the
/// app is told, and [`Client::resume`] begins with a new one.
async fn supervise(driver: impl Future<Output = ()>, shared: Arc<Shared>) {
    // Nothing of the driver is looked at after its panic.
    if AssertUnwindSafe(driver).catch_unwind().await.is_err() {
        tracing::error!("the client's task panicked");
        shared.set_readers(None);
        shared.connection.send_modify(|connection| {
            *connection = Connection {
                state: ConnectionState::Stopped,
                error: Some(failed_inside()),
                retry_at: None,
                caught_up: false,
                ..connection.clone()
            };
        });
    }
}

/// A defect of ours ended the client's task.
pub(crate) fn failed_inside() -> Error {
    Error::new(ErrorCode::Internal, "the client failed inside; suspend and resume it to go on")
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::testing::client;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_defect_in_the_middle_is_told_and_survived() {
        let folder = TempDir::new().unwrap();
        let client = client(&folder);
        let chat = client.start_chat(&"ben@example.org".parse().unwrap()).await.unwrap();
        let mut changes = client.connection_changes();
        client.running().as_ref().unwrap().orders.send(Order::Panic).unwrap();
        let told = loop {
            let connection = changes.next().await.unwrap();
            if connection.state == ConnectionState::Stopped {
                break connection;
            }
        };
        assert_eq!(told.error.unwrap().code, ErrorCode::Internal);
        let refused = client.send(chat, "is anybody there?").await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Internal, "the app did not close it");
        client.resume().await.unwrap();
        client.send(chat, "is anybody there?").await.unwrap();
        client.suspend().await.unwrap();
        assert_eq!(client.send(chat, "and now?").await.unwrap_err().code, ErrorCode::Closed);
        client.shutdown().await.unwrap();
    }
}
