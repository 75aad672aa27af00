//! The event loop: one a thread, over one tokio `LocalRuntime`.
//!
//! As Tornado's `IOLoop` wraps asyncio, [`IoLoop`] wraps tokio. It is thin and never hides what is
//! beneath: whatever runs on tokio runs here, and tasks need not be `Send`. A handle belongs to its
//! thread; what other threads may do goes through a [`RemoteIoLoop`].
//!
//! This file holds the loop's life: which loop is current, start, stop, close. What one gives a
//! loop to do is in the files beside it, one a concept.

mod callbacks;
mod current;
mod error;
mod handlers;
mod locals;
mod observer;
mod panics;
mod pulse;
mod remote;
mod signals;
mod spawn;
mod statistics;
mod timeouts;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, EnterGuard, Handle, LocalRuntime};

use crate::watchdog::{self, Watch};
use crate::{Deadline, Error, Executor, Result, TimeoutError};

pub use error::LoopError;
pub use observer::{Elsewhere, Observer};
pub use pulse::{LoopLoad, loop_loads, pulses_are_taken, take_pulses};
pub use remote::{LoopBound, RemoteIoLoop};
pub use signals::{Signal, SignalHandler};
pub use spawn::{Outcome, SpawnError, Spawned};
pub use statistics::Statistics;
pub use timeouts::Timeout;

pub(crate) use panics::panic_message;
pub(crate) use spawn::run_callback;

/// A handle to an event loop of this thread.
///
/// Cloning it is cheap and gives another handle to the same loop. Each thread has at most one loop
/// of its own, which [`IoLoop::current`] makes when it is first asked for and which is closed when
/// the thread ends; further ones, for tests say, come from [`IoLoop::new`].
///
/// What is given to a loop that does not run yet waits until it does. Tornado's `IOLoop`.
///
/// # Examples
///
/// Running one piece of asynchronous work to its end:
///
/// ```
/// use firewhirl_event::IoLoop;
///
/// let sum = IoLoop::current().run_sync(async { Ok(1 + 1) })?;
/// assert_eq!(sum, 2);
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
///
/// Running until something says stop, which is what a server does:
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::IoLoop;
///
/// let io_loop = IoLoop::current();
/// io_loop.call_later(Duration::from_millis(1), || IoLoop::current().stop());
/// io_loop.start()?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[derive(Clone)]
pub struct IoLoop {
    state: Rc<State>,
}

/// What all handles to one loop share.
struct State {
    driver: RefCell<Driver>,
    handle: Handle,
    stop: StopRequest,
    callbacks: Rc<callbacks::CallbackQueue>,
    remote: RemoteIoLoop,
    pulse: Arc<pulse::Pulse>,
    kept: remote::KeptValues,
    locals: locals::Locals,
    handlers: handlers::HandlerTable,
    timers: Rc<Cell<usize>>,
    load: statistics::Load,
    executor: RefCell<Option<Executor>>,
    observer: RefCell<Option<Rc<dyn Observer>>>,
    watch: Arc<Watch>,
}

/// What drives the loop's tasks.
enum Driver {
    /// A runtime of the loop's own.
    Own(Rc<LocalRuntime>),
    /// Somebody else's `LocalRuntime` or `LocalSet`, inside which the loop was asked for.
    Foreign,
    /// Nothing any more.
    Closed,
}

impl IoLoop {
    /// Makes a loop that is not the thread's own.
    ///
    /// It is [current](IoLoop::current) only while it runs. Close it when it is done with: tasks
    /// that hold a handle to their own loop keep it alive otherwise. Tornado's
    /// `IOLoop(make_current=False)`.
    ///
    /// # Errors
    ///
    /// The system's error where it gives no selector, usually for want of file descriptors.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::IoLoop;
    ///
    /// let io_loop = IoLoop::new()?;
    /// let inside = io_loop.run_sync(async { Ok(IoLoop::current()) })?;
    /// assert_eq!(inside, io_loop);
    /// assert_eq!(IoLoop::try_current(), None);
    /// io_loop.close()?;
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn new() -> io::Result<Self> {
        let mut builder = Builder::new_current_thread();
        // The watchdog is to know a loop that waits from one that works.
        builder.enable_all().on_thread_park(watchdog::rest).on_thread_unpark(watchdog::work);
        let runtime = builder.build_local(Default::default())?;
        let handle = runtime.handle().clone();
        Ok(Self::over(Driver::Own(Rc::new(runtime)), handle))
    }

    /// A loop over whatever drives its tasks.
    fn over(driver: Driver, handle: Handle) -> Self {
        let remote = RemoteIoLoop::new();
        let is_foreign = matches!(driver, Driver::Foreign);
        let watch = Watch::new(remote.clone());
        let pulse = pulse::Pulse::of_new_loop(remote.clone(), watch.clone(), &handle, is_foreign);
        let io_loop = Self {
            state: Rc::new(State {
                driver: RefCell::new(driver),
                handle,
                stop: StopRequest::default(),
                callbacks: Rc::default(),
                remote,
                pulse,
                kept: remote::KeptValues::default(),
                locals: locals::Locals::default(),
                handlers: handlers::HandlerTable::default(),
                timers: Rc::default(),
                load: statistics::Load::default(),
                executor: RefCell::default(),
                observer: RefCell::default(),
                watch,
            }),
        };
        current::register(&io_loop);
        io_loop.start_callback_dispatcher();
        io_loop.begin_to_beat();
        io_loop
    }

    /// Runs the loop until [`stop`](IoLoop::stop) is called.
    ///
    /// If `stop` was called before, it returns at once. Tornado's `IOLoop.start`.
    ///
    /// # Errors
    ///
    /// What [`stop_with`](IoLoop::stop_with) was given; [`LoopError::AlreadyRunning`] inside this or
    /// any other running loop of the thread; [`LoopError::Closed`] after `close`.
    pub fn start(&self) -> Result<()> {
        let runtime = self.runtime()?;
        let _running = current::Running::enter(self)?;
        runtime.block_on(poll_fn(|cx| self.state.stop.poll(cx.waker()))).map_or(Ok(()), Err)
    }

    /// Ends [`start`](IoLoop::start) after the turn of the loop that is under way.
    ///
    /// What was queued before may still run in that turn; the rest stays queued for the next
    /// `start`. Called while the loop does not run, it makes the next `start` return at once. Other
    /// threads use [`RemoteIoLoop::stop`]. Tornado's `IOLoop.stop`.
    pub fn stop(&self) {
        self.state.stop.request(None);
    }

    /// Stops the loop and makes [`start`](IoLoop::start) return `error`.
    ///
    /// For what finds out on the loop that the program cannot go on, such as a server that fails
    /// to start. Of several errors the first counts.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{Error, IoLoop};
    ///
    /// let io_loop = IoLoop::current();
    /// io_loop.add_callback(|| IoLoop::current().stop_with(Error::message("no database")));
    /// assert_eq!(io_loop.start().unwrap_err().to_string(), "no database");
    /// ```
    pub fn stop_with(&self, error: impl Into<Error>) {
        self.state.stop.request(Some(error.into()));
    }

    /// Runs the loop until `future` is done and returns its result.
    ///
    /// Whatever else is on the loop runs meanwhile, and stays on it afterwards. A panic of `future`
    /// goes on to the caller. Tornado's `IOLoop.run_sync`.
    ///
    /// # Errors
    ///
    /// The error of `future`; what [`stop_with`](IoLoop::stop_with) was given, or
    /// [`LoopError::Stopped`], if somebody stops the loop first; as [`start`](IoLoop::start)
    /// otherwise.
    ///
    /// # Examples
    ///
    /// Any standard error enters by `?`:
    ///
    /// ```
    /// use firewhirl_event::IoLoop;
    ///
    /// let port = IoLoop::current().run_sync(async {
    ///     let port: u16 = "8888".parse()?;
    ///     Ok(port)
    /// })?;
    /// assert_eq!(port, 8888);
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn run_sync<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        let label = watchdog::task_label(&future);
        let runtime = self.runtime()?;
        let _running = current::Running::enter(self)?;
        let mut future = pin!(future);
        let mut polled = |cx: &mut Context<'_>| {
            // The future first: if both are there, its result counts.
            if let Poll::Ready(result) = future.as_mut().poll(cx) {
                return Poll::Ready(result);
            }
            self.state.stop.poll(cx.waker()).map(|error| Err(error.unwrap_or_else(|| LoopError::Stopped.into())))
        };
        runtime.block_on(poll_fn(|cx| watchdog::step(label, || polled(cx))))
    }

    /// As [`run_sync`](IoLoop::run_sync), for at most `timeout`.
    ///
    /// The future is dropped when time runs out. Tornado's `IOLoop.run_sync(timeout=)`.
    ///
    /// # Errors
    ///
    /// [`TimeoutError`], "operation timed out after N seconds"; otherwise as `run_sync`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::{IoLoop, Result, TimeoutError};
    ///
    /// let never = async { std::future::pending::<Result>().await };
    /// let error = IoLoop::current().run_sync_timeout(Duration::from_millis(10), never).unwrap_err();
    /// assert_eq!(error.to_string(), "operation timed out after 0.01 seconds");
    /// assert!(error.is::<TimeoutError>());
    /// ```
    pub fn run_sync_timeout<T>(
        &self,
        timeout: impl Into<Deadline>,
        future: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let started = self.time();
        let deadline = timeout.into().instant();
        self.run_sync(async {
            tokio::time::timeout_at(deadline.into(), future).await.unwrap_or_else(|_| {
                // In whole milliseconds, so that the text shows what was asked for.
                let milliseconds =
                    (deadline.saturating_duration_since(started) + Duration::from_micros(500)).as_millis();
                let seconds = milliseconds as f64 / 1000.0;
                Err(TimeoutError::new(format!("operation timed out after {seconds} seconds")).into())
            })
        })
    }

    /// Closes the loop: drops its tasks, callbacks, timers and handlers.
    ///
    /// What they own is closed with them, sockets above all; a file descriptor that a handler
    /// merely borrowed stays open. Whatever is given to a closed loop is dropped without a word.
    /// Closing twice does nothing. If it was the thread's own loop, the next
    /// [`IoLoop::current`] makes a new one. Tornado's `IOLoop.close`.
    ///
    /// # Errors
    ///
    /// [`LoopError::AlreadyRunning`] while the loop runs.
    pub fn close(&self) -> Result<(), LoopError> {
        if current::is_running(self) {
            return Err(LoopError::AlreadyRunning);
        }
        self.state.close();
        Ok(())
    }

    /// Whether the loop was closed.
    pub fn is_closed(&self) -> bool {
        matches!(*self.state.driver.borrow(), Driver::Closed)
    }

    /// Makes the loop's reactor known to tokio for as long as the guard lives.
    ///
    /// Needed to make tokio's sockets and timers before the loop runs; on the running loop it is
    /// so anyway.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::IoLoop;
    ///
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// listener.set_nonblocking(true)?;
    /// let io_loop = IoLoop::current();
    /// let _entered = io_loop.enter();
    /// let listener = tokio::net::TcpListener::from_std(listener)?;
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        self.state.handle.enter()
    }

    /// Tokio's own handle to the runtime beneath.
    pub fn handle(&self) -> &Handle {
        &self.state.handle
    }

    /// The time on the clock by which the loop's timers go: the monotonic one.
    ///
    /// Tornado's `IOLoop.time`, which is the wall clock; ours does not jump.
    pub fn time(&self) -> Instant {
        let _entered = self.enter();
        tokio::time::Instant::now().into_std()
    }

    /// Sets what blocking calls are given to.
    pub(crate) fn replace_executor(&self, executor: Executor) {
        self.state.executor.replace(Some(executor));
    }

    /// What blocking calls are given to, if somebody has set it.
    pub(crate) fn executor(&self) -> Option<Executor> {
        self.state.executor.borrow().clone()
    }

    /// What the watchdog knows of the loop.
    pub(crate) fn watch(&self) -> &Watch {
        &self.state.watch
    }

    /// Whether somebody else's runtime drives its tasks.
    pub(crate) fn is_foreign(&self) -> bool {
        matches!(*self.state.driver.borrow(), Driver::Foreign)
    }

    /// The loop's own runtime.
    fn runtime(&self) -> Result<Rc<LocalRuntime>, LoopError> {
        match &*self.state.driver.borrow() {
            Driver::Own(runtime) => Ok(runtime.clone()),
            Driver::Foreign => Err(LoopError::AlreadyRunning),
            Driver::Closed => Err(LoopError::Closed),
        }
    }
}

impl State {
    fn close(&self) {
        let driver = self.driver.replace(Driver::Closed);
        let closing = self.remote.close();
        self.callbacks.clear();
        self.handlers.clear();
        if let Driver::Own(runtime) = driver {
            // Nobody runs it, so this is the only reference. Without waiting for blocking calls:
            // a name server that does not answer must not hold up the end of a thread.
            if let Ok(runtime) = Rc::try_unwrap(runtime) {
                runtime.shutdown_background();
            }
        }
        self.kept.clear();
        self.locals.clear();
        drop(closing);
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.close();
    }
}

/// Two handles are equal if they are handles to the same loop.
impl PartialEq for IoLoop {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.state, &other.state)
    }
}

impl Eq for IoLoop {}

impl fmt::Debug for IoLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoLoop").field("id", &self.state.handle.id()).field("closed", &self.is_closed()).finish()
    }
}

/// Whether the loop is to stop, and with which error.
#[derive(Default)]
struct StopRequest {
    requested: Cell<bool>,
    error: RefCell<Option<Error>>,
    waker: RefCell<Option<Waker>>,
}

impl StopRequest {
    fn request(&self, error: Option<Error>) {
        self.requested.set(true);
        if let Some(error) = error {
            self.error.borrow_mut().get_or_insert(error);
        }
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Ready, and fulfilled by that, once there was a request.
    fn poll(&self, waker: &Waker) -> Poll<Option<Error>> {
        if self.requested.replace(false) {
            self.waker.take();
            return Poll::Ready(self.error.take());
        }
        self.waker.replace(Some(waker.clone()));
        Poll::Pending
    }
}
