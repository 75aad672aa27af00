//! A test on an event loop of its own: Tornado's `AsyncTestCase` and `gen_test`.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::task::Poll;
use std::time::{Duration, Instant};

use firewhirl_event::coroutine::yield_now;
use firewhirl_event::{Error, IoLoop, Result};
use tokio::sync::Notify;
use tracing::Level;

use crate::LogEntry;
use crate::failure::{ON_A_PAUSED_CLOCK, Reason, TestFailure, Waiting};
use crate::gathering::Gathering;
use crate::hearing::Hearing;
use crate::log_capture::{self, Listener, is_within};
use crate::observing::Observing;
use crate::seeds::Drawing;
use crate::waiting_place::WaitingPlace;

/// Runs an asynchronous test on a loop of its own, with the defaults of [`AsyncTest`].
///
/// Tornado's `gen_test`.
///
/// # Panics
///
/// If the test fails, as [`AsyncTest::run`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::coroutine::sleep;
/// use firewhirl_testing::run_test;
///
/// // Below #[test]:
/// fn a_port_is_a_number() {
///     run_test(async {
///         sleep(Duration::from_millis(1)).await;
///         let port: u16 = "8888".parse()?;
///         assert_eq!(port, 8888);
///         Ok(())
///     });
/// }
/// # a_port_is_a_number();
/// ```
#[track_caller]
pub fn run_test<T>(test: impl Future<Output = Result<T>>) -> T {
    AsyncTest::new().run(test)
}

/// How long a test may take where it does not say so itself: 5 seconds, or as many as the environment's
/// `ASYNC_TEST_TIMEOUT` says; 0 means without end, for a debugger.
///
/// Tornado's `get_async_test_timeout`.
pub fn async_test_timeout() -> Duration {
    const DEFAULT: Duration = Duration::from_secs(5);
    let seconds = std::env::var("ASYNC_TEST_TIMEOUT").ok().and_then(|text| text.trim().parse().ok());
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(DEFAULT)
}

/// How an asynchronous test is run: on a loop of its own, for a limited time.
///
/// The test fails if its future ends with an error, panics, or does not end in time; if a callback or
/// work given to `spawn_callback` fails meanwhile ("exception in callback"), on this loop or on that of a
/// worker, unless an [`expect_log`](crate::expect_log) expects it; and if what was expected in the log did
/// not come. A failure tells all its reasons, what was waited for and at which line, the tasks that were
/// left behind, and the [seed](crate::seed).
///
/// At the end the loop is closed, and with it whatever is left on it: tasks, timers, sockets. Tornado's
/// `AsyncTestCase`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::coroutine::sleep;
/// use firewhirl_testing::AsyncTest;
///
/// AsyncTest::new().timeout(Duration::from_secs(20)).run(async {
///     sleep(Duration::from_millis(1)).await;
///     Ok(())
/// });
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "no test runs until `run` is called"]
pub struct AsyncTest {
    timeout: Option<Duration>,
    is_clock_paused: bool,
    leaves_nothing: bool,
}

/// How long a test on a paused clock may take on that clock: more than any timeout there is to test. As
/// the clock jumps, a test that waits for nothing that will come is found out at once.
const PAUSED_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// How many times [`async_test_timeout`] a test on a paused clock may take in real time.
const REAL_TIMEOUTS: u32 = 12;

impl AsyncTest {
    /// A test with the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long the test may take; zero means without end. Default: [`async_test_timeout`]; on a paused
    /// clock, a day.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Runs the test on a clock that stands still, and jumps to the next timer whenever everything waits.
    ///
    /// So an hour's wait takes no time, and timers fire in their order. It is tokio's clock, by which all
    /// that waits on a loop goes: [`sleep`](firewhirl_event::coroutine::sleep), `call_later`,
    /// `with_timeout`, the locks' timeouts, `PeriodicCallback`, [`IoLoop::time`], the timeouts of a server
    /// and its `request_time`. The wall clock (`SystemTime`, and with it dates and expiries) goes on.
    /// [`advance`](crate::advance) moves the clock by hand.
    ///
    /// It does not jump while a call to an executor runs; other real work asks for
    /// [`hold_clock`](crate::hold_clock). Of sockets the loop cannot know that bytes are under way, so the
    /// clock would run past them: use a network in memory,
    /// [`HttpTest::in_memory`](crate::HttpTest::in_memory). A [`TestServer`](crate::TestServer) is refused on
    /// a paused clock, and any other socket of our TCP layer is warned of.
    ///
    /// A test whose clock does not come to its timeout within a minute of real time fails too (12 times
    /// [`async_test_timeout`]).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use firewhirl_event::{IoLoop, coroutine::sleep};
    /// use firewhirl_testing::AsyncTest;
    ///
    /// let begun = Instant::now();
    /// AsyncTest::new().paused_clock().run(async {
    ///     let before = IoLoop::current().time();
    ///     sleep(Duration::from_secs(3600)).await;
    ///     assert!(IoLoop::current().time() - before >= Duration::from_secs(3600));
    ///     Ok(())
    /// });
    /// assert!(begun.elapsed() < Duration::from_secs(60));
    /// ```
    pub fn paused_clock(mut self) -> Self {
        self.is_clock_paused = true;
        self
    }

    /// Has the test fail if tasks are left on the loop at its end that it has spawned itself, whether
    /// directly or by what it calls; those of the framework do not count. Default: they are cancelled, and
    /// told only if the test fails of something else.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::IoLoop;
    /// use firewhirl_testing::AsyncTest;
    ///
    /// let failure = AsyncTest::new().leave_nothing().try_run(async {
    ///     IoLoop::current().spawn_callback(std::future::pending::<()>());
    ///     Ok(())
    /// });
    /// assert!(failure.unwrap_err().to_string().contains("it left behind a task that "));
    /// ```
    pub fn leave_nothing(mut self) -> Self {
        self.leaves_nothing = true;
        self
    }

    /// Runs the test and gives its value.
    ///
    /// # Panics
    ///
    /// If the test fails, with every reason.
    #[track_caller]
    pub fn run<T>(self, test: impl Future<Output = Result<T>>) -> T {
        match self.try_run(test) {
            Ok(value) => value,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// As [`run`](Self::run), for a harness that reports failures in its own way.
    ///
    /// # Errors
    ///
    /// [`TestFailure`], with every reason. Panics of the test go on to the caller.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::Result;
    /// use firewhirl_testing::{AsyncTest, Reason};
    ///
    /// let test = AsyncTest::new().timeout(Duration::from_millis(10));
    /// let failure = test.try_run(std::future::pending::<Result>()).unwrap_err();
    /// assert!(matches!(failure.reasons(), [Reason::Timeout { .. }]));
    /// assert!(failure.to_string().contains("timed out after 0.01 seconds"));
    /// ```
    #[track_caller]
    pub fn try_run<T>(self, test: impl Future<Output = Result<T>>) -> Result<T, TestFailure> {
        let name = test_name(Location::caller());
        log_capture::capture();
        let _drawing = Drawing::begin(None);
        let gathering = Gathering::begin(self.is_clock_paused);
        let (result, forgotten) = self.run_on_new_loop(test, &gathering);
        let mut reasons = gathering.take_reasons();
        if self.leaves_nothing && !forgotten.is_empty() {
            reasons.push(Reason::Forgotten(forgotten.clone()));
        }
        match result {
            Ok(value) if reasons.is_empty() => return Ok(value),
            Ok(_) => {}
            Err(reason) => {
                // What would have been logged in the rest of the test is not missed.
                reasons.retain(|reason| !matches!(reason, Reason::MissingLog(_)));
                reasons.insert(0, reason);
            }
        }
        Err(TestFailure { test: name, seed: Drawing::tell(), reasons, forgotten, socket: gathering.socket() })
    }

    /// The test's result, and the tasks that it has left.
    fn run_on_new_loop<T>(
        &self,
        test: impl Future<Output = Result<T>>,
        gathering: &Gathering,
    ) -> (Result<T, Reason>, Vec<String>) {
        let io_loop = match IoLoop::new() {
            Ok(io_loop) => ClosedAtEnd(io_loop),
            Err(error) => return (Err(Reason::Error(error.into())), Vec::new()),
        };
        let paused = self.is_clock_paused.then(|| io_loop.0.handle().clone());
        io_loop.0.set_observer(Observing { hearing: gathering.hearing.clone(), paused });
        let _sockets = self.is_clock_paused.then(|| log_capture::listen(Arc::new(SocketsOnPausedClock)));
        let ended = io_loop.0.run_sync(async {
            if self.is_clock_paused {
                tokio::time::pause();
            }
            let ended = self.limited(pin!(test), gathering).await;
            // What has failed by now is still to be heard of.
            yield_now().await;
            Ok(ended)
        });
        (ended.unwrap_or_else(|stopped: Error| Err(Reason::Error(stopped))), gathering.forgotten())
    }

    async fn limited<T, Test>(&self, mut test: Pin<&mut Test>, gathering: &Gathering) -> Result<T, Reason>
    where
        Test: Future<Output = Result<T>>,
    {
        let limit = self.timeout.unwrap_or_else(|| match self.is_clock_paused {
            true => PAUSED_TIMEOUT,
            false => async_test_timeout(),
        });
        let real_limit = async_test_timeout().saturating_mul(REAL_TIMEOUTS);
        let real_time = RealTime::limited(self.is_clock_paused.then_some(real_limit));
        let timed_out = async {
            match limit.is_zero() {
                true => std::future::pending().await,
                false => tokio::time::sleep(limit).await,
            }
        };
        let (mut timed_out, mut is_over) = (pin!(timed_out), pin!(real_time.is_over()));
        let ended = poll_fn(|cx| {
            if let Poll::Ready(ended) = test.as_mut().poll(cx) {
                return Poll::Ready(Some(ended));
            }
            let is_late = timed_out.as_mut().poll(cx).is_ready() || is_over.as_mut().poll(cx).is_ready();
            if is_late { Poll::Ready(None) } else { Poll::Pending }
        })
        .await;
        if let Some(ended) = ended {
            return ended.map_err(Reason::Error);
        }
        // The test is still there to be asked what it waits for.
        let waiting = Waiting { requests: gathering.waiting(), place: WaitingPlace::of(test) };
        Err(match real_time.has_passed() {
            true => Reason::Stuck { limit: real_limit, waiting },
            false => Reason::Timeout { limit, waiting },
        })
    }
}

/// What to call the test that `place` runs: the harness names its threads after its tests.
fn test_name(place: &Location<'_>) -> String {
    match std::thread::current().name() {
        Some(name) if name != "main" => format!("`{name}`"),
        _ => format!("at {place}"),
    }
}

/// A loop that is closed in whichever way the test ends: tasks that hold a handle to it would keep it.
struct ClosedAtEnd(IoLoop);

impl Drop for ClosedAtEnd {
    fn drop(&mut self) {
        // It does not run any more, so it can be closed.
        let _ = self.0.close();
    }
}

/// The real time of a test whose own clock jumps: a thread waits for it, since nothing on the loop can.
struct RealTime {
    begun: Instant,
    limit: Option<Duration>,
    over: Arc<Notify>,
    /// Dropped, it ends the thread.
    _ended: Option<Sender<()>>,
}

impl RealTime {
    /// Begins to wait; without a limit, or with one of zero, for nothing.
    fn limited(limit: Option<Duration>) -> Self {
        let limit = limit.filter(|limit| !limit.is_zero());
        let over = Arc::new(Notify::new());
        let ended = limit.map(|limit| {
            let (ended, has_ended) = channel::<()>();
            let told = over.clone();
            std::thread::spawn(move || {
                if has_ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                    told.notify_one();
                }
            });
            ended
        });
        Self { begun: Instant::now(), limit, over, _ended: ended }
    }

    async fn is_over(&self) {
        self.over.notified().await;
    }

    fn has_passed(&self) -> bool {
        self.limit.is_some_and(|limit| self.begun.elapsed() >= limit)
    }
}

/// Where the TCP layer traces what it does with sockets.
const SOCKETS: &str = "firewhirl_tcp";

/// Hears of sockets where the clock jumps: the TCP layer traces each that it connects or listens on.
struct SocketsOnPausedClock;

impl Listener for SocketsOnPausedClock {
    fn wants(&self, target: &str, _: Level) -> bool {
        is_within(target, SOCKETS)
    }

    fn take(&self, entry: &LogEntry) -> bool {
        let is_socket = entry.message().starts_with("connecting to ") || entry.message().starts_with("listening on ");
        if !is_socket || !is_within(entry.target(), SOCKETS) || entry.level() != Level::TRACE {
            return false;
        }
        let told = Hearing::current()
            .and_then(|hearing| hearing.with_test(|test| test.socket.replace(entry.message().to_owned()).is_some()));
        if told == Some(false) {
            eprintln!("WARN {ON_A_PAUSED_CLOCK}: {}", entry.message());
        }
        true
    }
}
