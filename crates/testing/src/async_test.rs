//! A test on an event loop of its own: Tornado's `AsyncTestCase` and `gen_test`.

use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::time::Duration;

use firewhirl_event::coroutine::yield_now;
use firewhirl_event::{Error, IoLoop, Result};

use crate::failure::{Reason, TestFailure};
use crate::gathering::Gathering;
use crate::log_capture;

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
/// work given to `spawn_callback` fails meanwhile ("exception in callback"), unless an
/// [`expect_log`](crate::expect_log) expects it; and if what was expected in the log did not come. At
/// the end the loop is closed, and with it whatever is left on it: tasks, timers, sockets. Tornado's
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
}

/// How long a test on a paused clock may take on that clock: more than any timeout there is to test. As
/// the clock jumps, a test that waits for nothing that will come is found out at once.
const PAUSED_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

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
    /// So an hour's wait takes no time, and timers fire in their order. It is tokio's clock: the one of
    /// [`sleep`](firewhirl_event::coroutine::sleep), of `PeriodicCallback`, of [`IoLoop::time`] and of
    /// the timeouts of an HTTP server. [`advance`](crate::advance) moves it by hand.
    ///
    /// A `Deadline` goes by the system's clock, which does not stand still: `call_later`, `with_timeout`
    /// and the locks' timeouts are as long as ever when the test begins, but once the paused clock has
    /// jumped ahead, those that begin later seem to be over. And the loop cannot know that bytes are
    /// under way on a socket: use [`Client::in_memory`](crate::Client::in_memory) with such a test.
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
        let gathering = Gathering::begin();
        let result = self.run_on_new_loop(test, &gathering);
        let mut reasons = gathering.take_reasons();
        match result {
            Ok(value) if reasons.is_empty() => return Ok(value),
            Ok(_) => {}
            Err(reason) => {
                // What would have been logged in the rest of the test is not missed.
                reasons.retain(|reason| !matches!(reason, Reason::MissingLog(_)));
                reasons.insert(0, reason);
            }
        }
        Err(TestFailure::new(name, reasons))
    }

    fn run_on_new_loop<T>(&self, test: impl Future<Output = Result<T>>, gathering: &Gathering) -> Result<T, Reason> {
        let io_loop = IoLoop::new().map_err(|error| Reason::Error(error.into()))?;
        let io_loop = ClosedAtEnd(io_loop);
        let ended = io_loop.0.run_sync(async {
            if self.is_clock_paused {
                tokio::time::pause();
            }
            let ended = self.limited(test, gathering).await;
            // What has failed by now is still to be heard of.
            yield_now().await;
            Ok(ended)
        });
        ended.unwrap_or_else(|stopped: Error| Err(Reason::Error(stopped)))
    }

    async fn limited<T>(&self, test: impl Future<Output = Result<T>>, gathering: &Gathering) -> Result<T, Reason> {
        let limit = self.timeout.unwrap_or_else(|| match self.is_clock_paused {
            true => PAUSED_TIMEOUT,
            false => async_test_timeout(),
        });
        if limit.is_zero() {
            return test.await.map_err(Reason::Error);
        }
        // Kept until it has been asked what it waits for.
        let mut test = pin!(test);
        match tokio::time::timeout(limit, test.as_mut()).await {
            Ok(ended) => ended.map_err(Reason::Error),
            Err(_) => Err(Reason::Timeout { limit, waiting: gathering.waiting() }),
        }
    }
}

/// Moves a [paused clock](AsyncTest::paused_clock) on, and lets the timers that are then due fire.
///
/// Timers that lie between fire at the new time, not at theirs; to have them fire one after the other
/// [`sleep`](firewhirl_event::coroutine::sleep) instead. Timers go by whole milliseconds and are never
/// early, so one may want a millisecond more than its time.
///
/// # Panics
///
/// If the clock is not paused.
///
/// # Cancel safety
///
/// If the future is dropped, the clock has moved or it has not.
///
/// # Examples
///
/// ```
/// use std::{cell::Cell, rc::Rc, time::Duration};
/// use firewhirl_event::{IoLoop, coroutine::sleep};
/// use firewhirl_testing::{AsyncTest, advance};
///
/// AsyncTest::new().paused_clock().run(async {
///     let fired = Rc::new(Cell::new(false));
///     let seen = fired.clone();
///     IoLoop::current().spawn_callback(async move {
///         sleep(Duration::from_secs(60)).await;
///         seen.set(true);
///     });
///     advance(Duration::from_secs(59)).await;
///     assert!(!fired.get());
///     advance(Duration::from_secs(2)).await;
///     assert!(fired.get());
///     Ok(())
/// });
/// ```
pub async fn advance(duration: Duration) {
    // What was spawned just now has its timers set first, and what is due then runs before we go on.
    yield_now().await;
    tokio::time::advance(duration).await;
    yield_now().await;
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
