//! A test on a loop, and how it lets the loop's other tasks have their turn.

use std::time::Duration;

use firewhirl_event::{IoLoop, Result};
use tokio::task::{spawn_local, yield_now};
use tokio::time::sleep;

/// Longer than what is ready to run takes.
pub(crate) const SHORT: Duration = Duration::from_millis(10);
/// Longer than any test takes.
pub(crate) const LONG: Duration = Duration::from_secs(5);

pub(crate) fn run(test: impl AsyncFnOnce() -> Result) {
    IoLoop::current().run_sync(test()).unwrap();
}

/// Lets everything run that is ready to.
pub(crate) async fn loop_briefly() {
    for _ in 0..3 {
        yield_now().await;
    }
}

/// Does something after a while, in a task of its own.
pub(crate) fn later(delay: Duration, action: impl FnOnce() + 'static) {
    spawn_local(async move {
        sleep(delay).await;
        action();
    });
}
