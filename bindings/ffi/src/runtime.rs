//! The threads of one client, and how they end.
//!
//! UniFFI's own answer (a runtime for the whole process that nobody can stop) does not do here: its threads would outlive
//! `shutdown()`, and a thread that wakes a foreign future calls into the foreign runtime. If that is a Python interpreter on
//! its way out, the process aborts. So every client has its own threads, and [`OwnRuntime::join`] returns when they are gone.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use heliograph_client::{Error, ErrorCode};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};

use crate::error::closed;

/// Threads per client: one works on the database while another reads for the screen. More would wait for each other.
const THREADS: usize = 2;

/// Name of every thread of a client, for debuggers and crash reports. At most 15 bytes: Linux cuts off the rest.
const THREAD_NAME: &str = "heliograph";

/// How long [`OwnRuntime::join`] waits for a thread that is busy, at most. All tasks have ended by then; what may remain is
/// a name lookup inside the operating system, which can't be stopped and never calls back.
const JOIN_LIMIT: Duration = Duration::from_secs(3);

/// The runtime of one client.
pub(crate) struct OwnRuntime {
    threads: Mutex<Option<Threads>>,
    worker: Worker,
}

/// Never blocks when it is dropped: that may happen on a garbage collector's thread.
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl OwnRuntime {
    pub fn start() -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name(THREAD_NAME)
            .enable_all()
            .build()
            .map_err(|_| Error::new(ErrorCode::Internal, "the operating system gave no threads"))?;
        let worker = Worker(runtime.handle().clone());
        Ok(Self { threads: Mutex::new(Some(Threads(Some(runtime)))), worker })
    }

    pub fn worker(&self) -> &Worker {
        &self.worker
    }

    /// Tasks that live: those that run or wait, and those that were given up a moment ago and whose threads have yet to see to
    /// it.
    pub fn tasks(&self) -> usize {
        self.worker.0.metrics().num_alive_tasks()
    }

    /// Ends all tasks and waits until the threads are gone. Everything that waits for one of them gets
    /// [`ErrorCode::Closed`]. Idempotent.
    ///
    /// Joins on the calling thread, so that no thread is left that has yet to wake somebody; on a thread of tokio (this
    /// client's own, where the foreign side goes on in the thread that woke it) a thread of its own has to do that.
    pub async fn join(&self) {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut threads) = threads else { return };
        let mut join = move || {
            if let Some(runtime) = threads.0.take() {
                runtime.shutdown_timeout(JOIN_LIMIT);
            }
        };
        if Handle::try_current().is_err() {
            join();
            return;
        }
        let (joined, done) = oneshot::channel();
        let spawned = std::thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || {
            join();
            // Nobody waits any more if the caller was cancelled.
            let _ = joined.send(());
        });
        if spawned.is_ok() {
            // An error says that the thread ended without a word, and with it the runtime.
            let _ = done.await;
        }
    }
}

/// Runs work on a client's threads.
#[derive(Clone)]
pub(crate) struct Worker(Handle);

impl Worker {
    /// Runs work on the runtime of a test.
    #[cfg(test)]
    pub fn here() -> Self {
        Self(Handle::current())
    }

    /// Runs `work` to its end, even if the caller stops waiting: what was asked for is done.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.spawn(work).await.unwrap_or_else(|error| Err(ended(&error)))
    }

    /// Runs `work` as long as the caller waits: for what is pointless without somebody to tell.
    pub async fn run_while_awaited<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        AbortOnDrop(self.0.spawn(work)).await.unwrap_or_else(|error| Err(ended(&error)))
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn ended(error: &JoinError) -> Error {
    if error.is_cancelled() { closed() } else { Error::new(ErrorCode::Internal, "a task panicked") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Far more than anything here takes: turns a wait that would never end into a failure.
    const DEADLINE: Duration = Duration::from_secs(20);

    /// Runs a future the way a foreign language does: on a thread that knows nothing of tokio.
    fn wait<T>(future: impl Future<Output = T>) -> T {
        let here = std::thread::current();
        let waker = Arc::new(Unpark(here)).into();
        let mut context = Context::from_waker(&waker);
        let mut future = std::pin::pin!(future);
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(output) => return output,
                Poll::Pending => std::thread::park(),
            }
        }
    }

    struct Unpark(std::thread::Thread);

    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    #[test]
    fn join_ends_what_waits_and_what_comes_later() {
        let runtime = Arc::new(OwnRuntime::start().unwrap());
        let worker = runtime.worker().clone();
        let (started, has_started) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn({
            let worker = worker.clone();
            move || {
                wait(worker.run(async move {
                    started.send(()).unwrap();
                    std::future::pending::<Result<(), Error>>().await
                }))
            }
        });
        has_started.recv_timeout(DEADLINE).unwrap();
        wait(runtime.join());
        assert_eq!(waiting.join().unwrap().unwrap_err().code, ErrorCode::Closed);
        let late = wait(worker.run(async { Ok(()) }));
        assert_eq!(late.unwrap_err().code, ErrorCode::Closed);
        wait(runtime.join());
    }

    #[test]
    fn join_works_on_a_thread_of_the_runtime_itself() {
        let runtime = Arc::new(OwnRuntime::start().unwrap());
        let task = runtime.worker().0.spawn({
            let runtime = Arc::clone(&runtime);
            async move { runtime.join().await }
        });
        // The join ends the very task that asked for it; anything else would be a panic.
        assert!(wait(task).unwrap_err().is_cancelled());
    }

    struct ReportOnDrop(std::sync::mpsc::Sender<()>);

    impl Drop for ReportOnDrop {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }

    #[test]
    fn a_panic_below_is_an_error_here() {
        let runtime = OwnRuntime::start().unwrap();
        let result = wait(runtime.worker().run::<()>(async { panic!("on purpose") }));
        assert_eq!(result.unwrap_err().code, ErrorCode::Internal);
        wait(runtime.join());
    }

    #[test]
    fn work_goes_on_without_its_caller_or_stops_with_it() {
        let runtime = OwnRuntime::start().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let mut context = Context::from_waker(std::task::Waker::noop());

        let report = ReportOnDrop(sender.clone());
        let (go, gone) = oneshot::channel::<()>();
        let mut kept = Box::pin(runtime.worker().run(async move {
            gone.await.unwrap();
            drop(report);
            Ok(())
        }));
        assert!(kept.as_mut().poll(&mut context).is_pending());
        drop(kept);
        go.send(()).unwrap();
        receiver.recv_timeout(DEADLINE).unwrap();

        let report = ReportOnDrop(sender);
        let mut stopped = Box::pin(runtime.worker().run_while_awaited(async move {
            let _report = report;
            std::future::pending::<Result<(), Error>>().await
        }));
        assert!(stopped.as_mut().poll(&mut context).is_pending());
        drop(stopped);
        receiver.recv_timeout(DEADLINE).unwrap();

        let (go, gone) = oneshot::channel::<()>();
        let mut counted = Box::pin(runtime.worker().run(async move { gone.await.map_err(|_| closed()) }));
        assert!(counted.as_mut().poll(&mut context).is_pending());
        assert!(runtime.tasks() >= 1, "what waits is counted");
        go.send(()).unwrap();
        wait(counted).unwrap();
        wait(runtime.join());
        assert_eq!(runtime.tasks(), 0);
    }
}
