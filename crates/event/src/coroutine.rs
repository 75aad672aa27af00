//! Tools for coroutines: waiting for a time, for several things at once, for a callback.
//!
//! What Tornado has in its `gen` module, which is a keyword in Rust.

use std::time::Duration;

/// Waits for `duration` without blocking the loop.
///
/// Does nothing unless awaited. Tornado's `gen.sleep`.
///
/// # Cancel safety
///
/// Dropping the future calls the timer off.
pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Lets everything else that is ready on the loop run once.
///
/// Tornado's `gen.moment`.
///
/// # Cancel safety
///
/// Dropping the future loses nothing.
pub async fn yield_now() {
    tokio::task::yield_now().await;
}
