//! A result that is set by hand, and work that is done elsewhere.
//!
//! Most asynchronous code needs none of this: it awaits. [`Future`] is for the seams, where a
//! callback, a signal or another request brings what somebody waits for.

use std::cell::RefCell;
use std::fmt;
use std::future::Future as StdFuture;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::{Error, Executor, ExecutorError, IoLoop, log_targets};

/// A result or an error that somebody sets by hand, once.
///
/// A clone is a handle to the same future: one keeps a handle to set it, and any number of others
/// await theirs and get clones of the value. It is not `Send`, so the compiler keeps it on its
/// loop; a thread sets it through [`IoLoop::keep`]. It has no way to know that nobody will set it:
/// where that can happen, [`coroutine::callback`](crate::coroutine::callback) gives an error instead
/// of waiting for ever. Tornado's `concurrent.Future`.
///
/// # Examples
///
/// ```
/// use firewhirl_event::{IoLoop, concurrent::Future};
///
/// let answer = Future::new();
/// let setter = answer.clone();
/// IoLoop::current().add_callback(move || setter.set_result(42).unwrap());
/// assert_eq!(IoLoop::current().run_sync(async { Ok(answer.await?) })?, 42);
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub struct Future<T> {
    state: Rc<RefCell<State<T>>>,
}

enum State<T> {
    Pending { waiting: Vec<Waker>, callbacks: Vec<DoneCallback<T>> },
    Done(Result<T, FutureError>),
}

type DoneCallback<T> = Box<dyn FnOnce(&Future<T>)>;

/// How a [`Future`] ended that has no value.
///
/// All who wait for the future get it, so it can be cloned; what was set is its `source`.
#[derive(Clone)]
#[non_exhaustive]
pub enum FutureError {
    /// Somebody cancelled it.
    Cancelled,
    /// Somebody set this error.
    Failed(Arc<Error>),
}

/// A future was to be set that is done already, or was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyDone;

impl<T: 'static> Future<T> {
    /// A future that nobody has set yet.
    pub fn new() -> Self {
        Self { state: Rc::new(RefCell::new(State::Pending { waiting: Vec::new(), callbacks: Vec::new() })) }
    }

    /// Sets the result.
    ///
    /// # Errors
    ///
    /// [`AlreadyDone`] if it has a result or an error, or was cancelled; it stays as it is.
    pub fn set_result(&self, value: T) -> Result<(), AlreadyDone> {
        self.finish(Ok(value))
    }

    /// Sets an error: whoever waits gets it.
    ///
    /// # Errors
    ///
    /// [`AlreadyDone`] if it has a result or an error, or was cancelled; it stays as it is.
    pub fn set_exception(&self, error: impl Into<Error>) -> Result<(), AlreadyDone> {
        self.finish(Err(FutureError::Failed(Arc::new(error.into()))))
    }

    /// Sets the result, unless the future was cancelled: then the value is dropped.
    ///
    /// For whoever brings a result and does not care whether it is still wanted. Tornado's
    /// `future_set_result_unless_cancelled`.
    ///
    /// # Errors
    ///
    /// [`AlreadyDone`] if it has a result or an error; it stays as it is.
    pub fn set_result_unless_cancelled(&self, value: T) -> Result<(), AlreadyDone> {
        if self.cancelled() { Ok(()) } else { self.set_result(value) }
    }

    /// Sets an error, unless the future was cancelled: then the application's log has it, as
    /// "exception after future was cancelled".
    ///
    /// Tornado's `future_set_exception_unless_cancelled`.
    ///
    /// # Errors
    ///
    /// [`AlreadyDone`] if it has a result or an error; it stays as it is.
    pub fn set_exception_unless_cancelled(&self, error: impl Into<Error>) -> Result<(), AlreadyDone> {
        let error = error.into();
        if self.cancelled() {
            tracing::error!(target: log_targets::APP, "exception after future was cancelled: {error:?}");
            return Ok(());
        }
        self.set_exception(error)
    }

    /// Cancels the future: whoever waits gets [`FutureError::Cancelled`].
    ///
    /// Returns whether it was still pending.
    pub fn cancel(&self) -> bool {
        self.finish(Err(FutureError::Cancelled)).is_ok()
    }

    /// Whether it has a result or an error, or was cancelled.
    pub fn done(&self) -> bool {
        matches!(*self.state.borrow(), State::Done(_))
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        matches!(*self.state.borrow(), State::Done(Err(FutureError::Cancelled)))
    }

    /// The result, if it is done.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::concurrent::Future;
    ///
    /// let future = Future::new();
    /// assert!(future.result().is_none());
    /// future.set_result("done")?;
    /// assert_eq!(future.result().unwrap()?, "done");
    /// assert!(future.set_result("again").is_err());
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn result(&self) -> Option<Result<T, FutureError>>
    where
        T: Clone,
    {
        match &*self.state.borrow() {
            State::Pending { .. } => None,
            State::Done(result) => Some(result.clone()),
        }
    }

    /// Runs `callback` with the future when it is done: on a later turn of the loop, or at once if
    /// it is done already.
    ///
    /// Callbacks run in the order in which they were added; one that panics later is logged as
    /// "exception in callback". Where a callback must never run inside the call, use
    /// [`IoLoop::add_future`]. Tornado's `future_add_done_callback`.
    pub fn add_done_callback(&self, callback: impl FnOnce(&Self) + 'static) {
        if let State::Pending { callbacks, .. } = &mut *self.state.borrow_mut() {
            callbacks.push(Box::new(callback));
            return;
        }
        callback(self);
    }

    fn finish(&self, result: Result<T, FutureError>) -> Result<(), AlreadyDone> {
        if self.done() {
            // The value is dropped here, outside of any borrow.
            return Err(AlreadyDone);
        }
        let pending = self.state.replace(State::Done(result));
        if let State::Pending { waiting, callbacks } = pending {
            waiting.into_iter().for_each(Waker::wake);
            if !callbacks.is_empty() {
                let io_loop = IoLoop::current();
                for callback in callbacks {
                    let future = self.clone();
                    io_loop.add_callback(move || callback(&future));
                }
            }
        }
        Ok(())
    }
}

/// Copies the result of `from` to `to` when it is there, error and cancellation included, unless
/// `to` is done by then.
///
/// Tornado's `chain_future`.
///
/// # Examples
///
/// ```
/// use firewhirl_event::IoLoop;
/// use firewhirl_event::concurrent::{Future, chain_future};
///
/// let (from, to) = (Future::new(), Future::new());
/// chain_future(&from, &to);
/// from.set_result(42)?;
/// assert_eq!(IoLoop::current().run_sync(async { Ok(to.await?) })?, 42);
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub fn chain_future<T: Clone + 'static>(from: &Future<T>, to: &Future<T>) {
    let to = to.clone();
    from.add_done_callback(move |from| {
        if let Some(result) = from.result() {
            // Whoever was faster has set it.
            let _ = to.finish(result);
        }
    });
}

/// Runs a blocking `function` on `executor` and gives its result.
///
/// For a type with an executor of its own; others use [`IoLoop::run_in_executor`]. Tornado's
/// decorator `run_on_executor`.
///
/// # Errors
///
/// As [`Executor::submit`].
///
/// # Cancel safety
///
/// As [`Executor::submit`].
///
/// # Examples
///
/// ```
/// use firewhirl_event::concurrent::run_on_executor;
/// use firewhirl_event::{Executor, ExecutorError, IoLoop};
///
/// struct Thumbnails {
///     executor: Executor,
/// }
///
/// impl Thumbnails {
///     async fn shrink(&self, width: u32) -> Result<u32, ExecutorError> {
///         run_on_executor(&self.executor, move || width / 2).await
///     }
/// }
///
/// let thumbnails = Thumbnails { executor: Executor::new(1) };
/// assert_eq!(IoLoop::current().run_sync(async { Ok(thumbnails.shrink(84).await?) })?, 42);
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub fn run_on_executor<T, Function>(
    executor: &Executor,
    function: Function,
) -> impl StdFuture<Output = Result<T, ExecutorError>> + use<T, Function>
where
    Function: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    executor.submit(function)
}

impl IoLoop {
    /// Runs `callback` with the output of `future` when that is there: on a later turn of the loop,
    /// never inside this call, even if it is there already.
    ///
    /// A panic of either is logged as "exception in callback". Tornado's `IOLoop.add_future`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::IoLoop;
    ///
    /// let io_loop = IoLoop::current();
    /// let length = io_loop.run_in_executor(|| "Firewhirl".len());
    /// io_loop.add_future(length, |length| {
    ///     assert_eq!(length, Ok(9));
    ///     IoLoop::current().stop();
    /// });
    /// io_loop.start()?;
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn add_future<Waited>(&self, future: Waited, callback: impl FnOnce(Waited::Output) + 'static)
    where
        Waited: StdFuture + 'static,
    {
        self.spawn_callback(async move { callback(future.await) });
    }
}

impl<T: 'static> Default for Future<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone() }
    }
}

/// # Cancel safety
///
/// Dropping a handle changes nothing for the others.
impl<T: Clone> StdFuture for Future<T> {
    type Output = Result<T, FutureError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self.state.borrow_mut() {
            State::Done(result) => Poll::Ready(result.clone()),
            State::Pending { waiting, .. } => {
                if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    waiting.push(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }
}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &*self.state.borrow() {
            State::Pending { .. } => "pending",
            State::Done(Ok(_)) => "done",
            State::Done(Err(FutureError::Failed(_))) => "failed",
            State::Done(Err(FutureError::Cancelled)) => "cancelled",
        };
        f.debug_tuple("Future").field(&format_args!("{state}")).finish()
    }
}

impl fmt::Display for FutureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the future was cancelled"),
            Self::Failed(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl fmt::Debug for FutureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("Cancelled"),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
        }
    }
}

impl std::error::Error for FutureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Cancelled => None,
            Self::Failed(error) => Some(error.as_std()),
        }
    }
}

impl fmt::Display for AlreadyDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the future is done already")
    }
}

impl std::error::Error for AlreadyDone {}
