//! Waiting for a time, or for a turn of the loop.

use std::time::Duration;

/// Waits for `duration` without blocking the loop.
///
/// Does nothing unless awaited. Timers go by milliseconds and are never early. Tornado's
/// `gen.sleep`.
///
/// # Cancel safety
///
/// Dropping the future calls the timer off.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use firewhirl_event::{IoLoop, coroutine::sleep};
///
/// let start = Instant::now();
/// IoLoop::current().run_sync(async { Ok(sleep(Duration::from_millis(10)).await) })?;
/// assert!(start.elapsed() >= Duration::from_millis(10));
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Lets everything else that is ready on the loop run once.
///
/// For long computations that cannot go to an executor. Tornado's `gen.moment`.
///
/// # Cancel safety
///
/// Dropping the future loses nothing.
///
/// # Examples
///
/// ```
/// use firewhirl_event::{IoLoop, coroutine::yield_now};
///
/// # IoLoop::current().run_sync(async {
/// for chunk in [1u64, 2, 3] {
///     let _heavy: u64 = (0..chunk * 1000).sum();
///     yield_now().await;
/// }
/// # Ok(()) }).unwrap();
/// ```
pub async fn yield_now() {
    tokio::task::yield_now().await;
}
