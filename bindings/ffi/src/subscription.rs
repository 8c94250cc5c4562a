//! What all subscriptions share: waiting that can be given up at any moment without losing anything.
//!
//! When a foreign caller stops waiting (a timeout in Python, a cancelled coroutine in Kotlin), the answer may be on its way
//! already: computed here, not yet picked up there, and then dropped. So waiting and fetching are two steps. [`Feed::ready`]
//! moves a batch from the core into the feed and only reports that; [`Feed::take`] hands it over in a call that can't be
//! interrupted.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heliograph_client::Error;

use crate::runtime::Worker;

/// Something of the core that can be waited for.
pub(crate) trait Source: Send + 'static {
    /// What it brings, already converted.
    type Item: Send + 'static;

    /// The next batch; waits until there is one. Cancel-safe. An empty one says that something else has changed, at which
    /// whoever waits should look.
    fn next(&mut self) -> impl Future<Output = Result<Vec<Self::Item>, Error>> + Send;
}

/// See the module.
pub(crate) struct Feed<S: Source> {
    worker: Worker,
    state: Arc<State<S>>,
}

struct State<S: Source> {
    /// Held while somebody waits; others wait for it.
    source: tokio::sync::Mutex<S>,
    /// Fetched from the core and not yet taken: one batch at most.
    fetched: Mutex<VecDeque<S::Item>>,
    /// Something changed that is no item, and nobody was told yet: kept here, so that it outlives a wait that was given up.
    changed: AtomicBool,
}

impl<S: Source> State<S> {
    fn has_news(&self) -> bool {
        self.changed.load(Ordering::Relaxed) || !self.fetched().is_empty()
    }

    fn fetched(&self) -> MutexGuard<'_, VecDeque<S::Item>> {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Source> Feed<S> {
    pub fn new(worker: Worker, source: S) -> Self {
        let state = State {
            source: tokio::sync::Mutex::new(source),
            fetched: Mutex::default(),
            changed: AtomicBool::new(false),
        };
        Self { worker, state: Arc::new(state) }
    }

    /// Waits until there is something to [`Self::take`], or something else has changed since the last time.
    pub async fn ready(&self) -> Result<(), Error> {
        if self.state.has_news() {
            return Ok(());
        }
        let state = Arc::clone(&self.state);
        self.worker
            .run_while_awaited(async move {
                let mut source = state.source.lock().await;
                while !state.has_news() {
                    let batch = source.next().await?;
                    state.changed.fetch_or(batch.is_empty(), Ordering::Relaxed);
                    state.fetched().extend(batch);
                }
                Ok(())
            })
            .await
    }

    /// At most `max` of what is there; nothing if there is nothing. Does not wait.
    pub fn take(&self, max: usize) -> Vec<S::Item> {
        self.state.changed.store(false, Ordering::Relaxed);
        let mut fetched = self.state.fetched();
        let count = max.min(fetched.len());
        fetched.drain(..count).collect()
    }

    /// [`Self::ready`] and [`Self::take`]; never returns nothing.
    pub async fn next(&self, max: usize) -> Result<Vec<S::Item>, Error> {
        loop {
            self.ready().await?;
            let taken = self.take(max);
            // Another caller may have been faster.
            if !taken.is_empty() {
                return Ok(taken);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use heliograph_client::ErrorCode;
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
    use tokio::task::yield_now;

    use super::*;
    use crate::runtime::OwnRuntime;

    struct Numbers(UnboundedReceiver<Vec<u32>>);

    impl Source for Numbers {
        type Item = u32;

        async fn next(&mut self) -> Result<Vec<u32>, Error> {
            self.0.recv().await.ok_or_else(crate::error::closed)
        }
    }

    fn numbers() -> (OwnRuntime, UnboundedSender<Vec<u32>>, Feed<Numbers>) {
        let runtime = OwnRuntime::start().unwrap();
        let (sender, receiver) = unbounded_channel();
        let feed = Feed::new(runtime.worker().clone(), Numbers(receiver));
        (runtime, sender, feed)
    }

    #[tokio::test]
    async fn batches_are_cut_to_what_is_asked_for() {
        let (runtime, sender, feed) = numbers();
        sender.send(vec![1, 2, 3]).unwrap();
        assert_eq!(feed.next(2).await.unwrap(), [1, 2]);
        assert_eq!(feed.take(2), [3]);
        assert_eq!(feed.take(2), [0_u32; 0]);
        runtime.join().await;
    }

    #[tokio::test]
    async fn what_changed_beside_the_items_wakes_once_and_outlives_a_wait_that_was_given_up() {
        let (sender, receiver) = unbounded_channel();
        let feed = Feed::new(Worker::here(), Numbers(receiver));
        for round in 0..ROUNDS {
            sender.send(Vec::new()).unwrap();
            tokio::select! {
                biased;
                result = feed.ready() => result.unwrap(),
                () = async { for _ in 0..round % 8 { yield_now().await } } => {}
            }
            feed.ready().await.unwrap();
            assert_eq!(feed.take(7), [0_u32; 0]);
        }
        sender.send(vec![1]).unwrap();
        assert_eq!(feed.next(7).await.unwrap(), [1], "who wants items gets items");
    }

    /// More than there are places to give up at, several times over.
    const ROUNDS: u32 = 200;

    #[tokio::test]
    async fn a_wait_that_is_given_up_loses_nothing() {
        // All on one thread, so that every step is taken in the same order each time.
        let (sender, receiver) = unbounded_channel();
        let feed = Feed::new(Worker::here(), Numbers(receiver));
        for round in 0..ROUNDS {
            sender.send(vec![round]).unwrap();
            // Give up after a varying number of steps, so that the batch is at a different place each time.
            tokio::select! {
                biased;
                result = feed.ready() => result.unwrap(),
                () = async { for _ in 0..round % 8 { yield_now().await } } => {}
            }
        }
        // The last one can't get lost: what is missing before it is.
        sender.send(vec![ROUNDS]).unwrap();
        let mut seen = Vec::new();
        while seen.last() != Some(&ROUNDS) {
            seen.extend(feed.next(7).await.unwrap());
        }
        assert_eq!(seen, (0..=ROUNDS).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn two_who_wait_share_and_neither_gets_nothing() {
        let (runtime, sender, feed) = numbers();
        let both = async { tokio::join!(feed.next(1), feed.next(1)) };
        sender.send(vec![1]).unwrap();
        sender.send(vec![2]).unwrap();
        let (first, second) = both.await;
        let mut all = [first.unwrap(), second.unwrap()].concat();
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
        runtime.join().await;
    }

    #[tokio::test]
    async fn the_end_reaches_who_waits() {
        let (runtime, _sender, feed) = numbers();
        let (waited, ()) = tokio::join!(feed.next(1), runtime.join());
        assert_eq!(waited.unwrap_err().code, ErrorCode::Closed);
        assert_eq!(feed.next(1).await.unwrap_err().code, ErrorCode::Closed);
    }
}
