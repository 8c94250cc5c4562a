//! Being woken by the server while this device sleeps (XEP-0357): FCM, UnifiedPush and APNs alike. Which of them it is is
//! between the app and its app server.

use std::sync::Arc;

use heliograph_client::Error;
use tokio::sync::Mutex;

use crate::argument;
use crate::cancellation::{Cancellation, until_cancelled};
use crate::error::{Failure, HeliographError};
use crate::runtime::Worker;

/// A registration at an app server, as that handed it out. Its values are opaque here and passed on as they are.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct PushTarget {
    /// The push service: the app server's address in XMPP, as in `push.example.org`.
    pub service: String,
    /// The node there that stands for this installation of the app, 1 to 1023 bytes.
    pub node: String,
    /// What the server has to show with each announcement, such as `secret`; at most 16.
    #[uniffi(default = [])]
    pub options: Vec<PushOption>,
}

/// One field of what goes with a node (XEP-0357 §5).
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct PushOption {
    /// Its name, 1 to 256 bytes.
    pub name: String,
    /// Its value, up to 4096 bytes.
    pub value: String,
}

/// See [`Push`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PushState {
    /// The app does not want it, and no server believes otherwise.
    Off,
    /// The app no longer wants it, and the server has not confirmed that yet.
    Stopping,
    /// The server has not confirmed it yet.
    Pending,
    /// The server announces messages while this device sleeps.
    On,
    /// The server can't or won't: see the failure. Asked again with the next new session.
    Refused,
}

/// How far push has got.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Push {
    /// How far.
    pub state: PushState,
    /// Where to, if the app wants it.
    pub target: Option<PushTarget>,
    /// Why the server refused.
    pub failure: Option<Failure>,
}

impl TryFrom<PushTarget> for heliograph_client::PushTarget {
    type Error = Error;

    fn try_from(target: PushTarget) -> Result<Self, Error> {
        let options = target.options.into_iter().map(|PushOption { name, value }| (name, value));
        Ok(Self {
            service: argument::address(&target.service)?,
            node: target.node,
            options: options.collect(),
        })
    }
}

impl From<heliograph_client::PushTarget> for PushTarget {
    fn from(target: heliograph_client::PushTarget) -> Self {
        let options = target.options.into_iter().map(|(name, value)| PushOption { name, value });
        Self { service: target.service.into(), node: target.node, options: options.collect() }
    }
}

impl From<heliograph_client::PushState> for Push {
    fn from(state: heliograph_client::PushState) -> Self {
        use heliograph_client::PushState as State;
        let (state, target, failure) = match state {
            State::Off => (PushState::Off, None, None),
            State::Stopping => (PushState::Stopping, None, None),
            State::Pending(target) => (PushState::Pending, Some(target.into()), None),
            State::On(target) => (PushState::On, Some(target.into()), None),
            State::Refused(target, code) => (PushState::Refused, Some(target.into()), Some(code.into())),
        };
        Self { state, target, failure }
    }
}

/// A subscription to how far push has got.
#[derive(uniffi::Object)]
pub struct PushChanges {
    worker: Worker,
    changes: Arc<Mutex<heliograph_client::PushChanges>>,
}

impl PushChanges {
    pub(crate) fn new(changes: heliograph_client::PushChanges, worker: Worker) -> Self {
        Self { worker, changes: Arc::new(Mutex::new(changes)) }
    }
}

#[uniffi::export]
impl PushChanges {
    /// How far it is, once that differs from the last answer; at once the first time. After giving up waiting, ask the
    /// client: a state may have been missed.
    #[uniffi::method(default(cancellation = None))]
    pub async fn next(&self, cancellation: Option<Arc<Cancellation>>) -> Result<Push, HeliographError> {
        let changes = Arc::clone(&self.changes);
        let next = self.worker.run_while_awaited(async move { changes.lock().await.next().await });
        Ok(until_cancelled(cancellation, next).await?.into())
    }
}
