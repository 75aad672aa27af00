//! The clock of a test that jumps: moved by hand, and held still while something real goes on.

use std::convert::Infallible;
use std::fmt;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use firewhirl_event::coroutine::yield_now;
use tokio::runtime::Handle;

/// Moves a [paused clock](crate::AsyncTest::paused_clock) on, and lets the timers that are then due fire.
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

/// Holds a [paused clock](crate::AsyncTest::paused_clock) still, although everything waits, until the guard
/// is dropped, which any thread may do.
///
/// For real work that a test's loop cannot know of: a thread that the test has started itself, a program, a
/// socket. Calls to executors hold the clock by themselves, as does all that goes through tokio's
/// `spawn_blocking`, such as its files. On a clock that is not paused it does nothing.
///
/// # Panics
///
/// Outside a test, where there is no loop.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::{IoLoop, coroutine::with_timeout};
/// use firewhirl_testing::{AsyncTest, hold_clock};
///
/// AsyncTest::new().paused_clock().run(async {
///     let (answer, answered) = tokio::sync::oneshot::channel();
///     let held = hold_clock();
///     std::thread::spawn(move || {
///         std::thread::sleep(Duration::from_millis(20));
///         let _ = answer.send(42);
///         drop(held);
///     });
///     // A millisecond of the test's time, which does not begin to pass before there is an answer.
///     assert_eq!(with_timeout(Duration::from_millis(1), answered).await??, 42);
///     Ok(())
/// });
/// ```
pub fn hold_clock() -> ClockHold {
    ClockHold::over(&Handle::current())
}

/// That the clock of a test stands still; made by [`hold_clock`].
#[must_use = "the clock goes on once this is dropped"]
pub struct ClockHold {
    /// Nothing is ever sent: what counts is that it is dropped.
    _release: Sender<Infallible>,
}

impl ClockHold {
    /// Tokio's clock does not jump while a call of its own blocking pool runs; so here is one that waits.
    pub(crate) fn over(runtime: &Handle) -> Self {
        let (release, released) = channel();
        runtime.spawn_blocking(move || {
            let _ = released.recv();
        });
        Self { _release: release }
    }
}

impl fmt::Debug for ClockHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClockHold")
    }
}
