//! Ending a wait from outside.
//!
//! Kotlin and Python give up a call by dropping its future. Swift's generated code has no way to do that: a task that is
//! cancelled there would go on waiting, and with it everything that the wait holds. So the wait can be handed a
//! [`Cancellation`], which the task's cancellation handler pulls.

use std::future::Future;
use std::sync::Arc;

use heliograph_client::Error;
use tokio::sync::Notify;

/// Ends one call that waits. Belongs to that call: a second one needs a cancellation of its own.
#[derive(uniffi::Object, Default)]
pub struct Cancellation(Notify);

#[uniffi::export]
impl Cancellation {
    /// For one call.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The call that was given this returns now, with `Closed`; if it has not begun yet, as soon as it begins. A call that
    /// has its answer already returns that.
    pub fn cancel(&self) {
        self.0.notify_one();
    }
}

/// Runs `work` until it is done or cancelled.
pub(crate) async fn until_cancelled<T>(
    cancellation: Option<Arc<Cancellation>>,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(cancellation) = cancellation else { return work.await };
    tokio::select! {
        // An answer that is there is not thrown away.
        biased;
        result = work => result,
        () = cancellation.0.notified() => Err(crate::error::cancelled()),
    }
}

#[cfg(test)]
mod tests {
    use heliograph_client::ErrorCode;

    use super::*;

    #[tokio::test]
    async fn a_wait_ends_when_it_is_cancelled_before_or_meanwhile() {
        let early = Cancellation::new();
        early.cancel();
        let ended = until_cancelled(Some(early), std::future::pending::<Result<(), Error>>()).await;
        assert_eq!(ended.unwrap_err().code, ErrorCode::Closed);

        let late = Cancellation::new();
        let wait = until_cancelled(Some(Arc::clone(&late)), std::future::pending::<Result<(), Error>>());
        let (ended, ()) = tokio::join!(wait, async move { late.cancel() });
        assert_eq!(ended.unwrap_err().code, ErrorCode::Closed);
    }

    #[tokio::test]
    async fn an_answer_goes_before_a_cancellation() {
        let cancellation = Cancellation::new();
        cancellation.cancel();
        assert_eq!(until_cancelled(Some(cancellation), async { Ok(7) }).await.unwrap(), 7);
    }
}
