//! Asynchronous work on the loop: spawned, not awaited in place.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::task::JoinHandle;

use super::panics::{log_exception, panic_message};
use super::{Driver, IoLoop};
use crate::Result;
use crate::watchdog::{self, Label, Steps};

impl IoLoop {
    /// Runs `future` on the loop by itself: nobody waits for it, and nothing of it is lost.
    ///
    /// An error or a panic goes to the application's log as "exception in callback". The loop
    /// keeps the work until it ends, whether or not the returned handle is kept; aborting it is
    /// not logged. The future starts on a later turn of the loop, never inside this call. Tornado's
    /// `IOLoop.spawn_callback`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::{IoLoop, coroutine::sleep};
    ///
    /// IoLoop::current().spawn_callback(async {
    ///     sleep(Duration::from_millis(1)).await;
    ///     let _port: u16 = "8888".parse()?;        // an error here would be logged
    ///     IoLoop::current().stop();
    ///     Ok(())
    /// });
    /// IoLoop::current().start()?;
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn_callback<Work>(&self, future: Work) -> Spawned<()>
    where
        Work: Future + 'static,
        Work::Output: Outcome,
    {
        let label = watchdog::task_label(&future);
        let spawned = Spawned(self.spawn_unguarded(run_callback(future), label));
        self.observe(&spawned, Location::caller());
        spawned
    }

    /// Runs `future` on the loop at the same time as what the caller does next.
    ///
    /// The handle is a future for the result. If it is dropped the work goes on, but then its
    /// result, and an error with it, is lost: use [`spawn_callback`](IoLoop::spawn_callback) where
    /// nobody waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::IoLoop;
    ///
    /// # IoLoop::current().run_sync(async {
    /// let both = IoLoop::current().spawn(async { 6 * 7 });
    /// assert_eq!(both.await?, 42);
    /// # Ok(()) }).unwrap();
    /// ```
    #[must_use = "a result that nobody waits for is lost; `spawn_callback` logs its errors"]
    #[track_caller]
    pub fn spawn<Work>(&self, future: Work) -> Spawned<Work::Output>
    where
        Work: Future + 'static,
        Work::Output: 'static,
    {
        let label = watchdog::task_label(&future);
        let spawned = Spawned(self.spawn_unguarded(future, label));
        self.observe(&spawned, Location::caller());
        spawned
    }

    /// Gives the future to the runtime, or drops it if the loop is closed. Whom it works for, the label
    /// tells the watchdog.
    pub(super) fn spawn_unguarded<Work>(
        &self,
        future: Work,
        label: &'static Label<'static>,
    ) -> Option<JoinHandle<Work::Output>>
    where
        Work: Future + 'static,
        Work::Output: 'static,
    {
        let future = Steps::new(future, label);
        match &*self.state.driver.borrow() {
            Driver::Own(runtime) => return Some(runtime.spawn_local(future)),
            Driver::Foreign => return Some(tokio::task::spawn_local(future)),
            Driver::Closed => {}
        }
        // Outside the borrow, for its drop may be anything.
        drop(future);
        None
    }
}

/// How a callback may end: with nothing, with a [`Result`], or never.
///
/// So `spawn_callback(async { .. })` takes a block with or without `?`; one with `?` ends with
/// `Ok(())`.
#[diagnostic::on_unimplemented(
    message = "a callback cannot end with `{Self}`",
    label = "this is neither `()` nor `Result<(), firewhirl_event::Error>`",
    note = "await a future of another kind inside `async {{ .. }}`: `async {{ work().await?; Ok(()) }}`"
)]
pub trait Outcome: 'static {
    /// The outcome as a result.
    ///
    /// # Errors
    ///
    /// The error with which the callback ended, to be logged.
    fn into_result(self) -> Result;
}

impl Outcome for () {
    fn into_result(self) -> Result {
        Ok(())
    }
}

impl Outcome for Result {
    fn into_result(self) -> Result {
        self
    }
}

impl Outcome for Infallible {
    fn into_result(self) -> Result {
        match self {}
    }
}

/// How `async { loop { .. } }` ends: the type `!`, which has no name on stable Rust but this.
type Never = <fn() -> ! as Returns>::Output;

/// What a function returns.
pub trait Returns {
    /// Its type.
    type Output;
}

impl<Output> Returns for fn() -> Output {
    type Output = Output;
}

impl Outcome for Never {
    fn into_result(self) -> Result {
        self
    }
}

/// A handle to work that was spawned on a loop: a future for its result.
///
/// Dropping the handle leaves the work running.
///
/// # Cancel safety
///
/// Dropping the handle, or awaiting `&mut` of it and stopping, loses nothing while the work runs.
pub struct Spawned<T>(pub(super) Option<JoinHandle<T>>);

impl<T> Spawned<T> {
    /// Ends the work at its next await; what it holds is dropped.
    pub fn abort(&self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }

    /// Whether the work has ended, in whichever way.
    pub fn is_finished(&self) -> bool {
        self.0.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl<T> Future for Spawned<T> {
    type Output = Result<T, SpawnError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(task) = &mut self.get_mut().0 else { return Poll::Ready(Err(SpawnError::Aborted)) };
        Pin::new(task).poll(cx).map_err(|error| match error.try_into_panic() {
            Ok(payload) => SpawnError::Panicked(panic_message(&*payload).into()),
            Err(_) => SpawnError::Aborted,
        })
    }
}

impl<T> fmt::Debug for Spawned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawned").field("finished", &self.is_finished()).finish()
    }
}

/// Why spawned work has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpawnError {
    /// It panicked, with these words.
    Panicked(String),
    /// It was aborted, or its loop was closed.
    Aborted,
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(message) => write!(f, "the spawned work panicked: {message}"),
            Self::Aborted => f.write_str("the spawned work was aborted, or its loop was closed"),
        }
    }
}

impl std::error::Error for SpawnError {}

/// Runs a callback to its end; an error or a panic is logged.
pub(crate) async fn run_callback<Work>(future: Work)
where
    Work: Future,
    Work::Output: Outcome,
{
    match catch_panic(future).await {
        Ok(outcome) => {
            if let Err(error) = outcome.into_result() {
                log_exception(&format_args!("{error:?}"));
            }
        }
        Err(message) => log_exception(&format_args!("panicked: {message}")),
    }
}

/// The future's output, or the words of its panic.
async fn catch_panic<Work: Future>(future: Work) -> Result<Work::Output, String> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(payload) => Poll::Ready(Err(panic_message(&*payload).to_owned())),
    })
    .await
}
