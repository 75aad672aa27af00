//! From when on a loop counts as blocked, for each loop or for all.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::report::BlockedLoop;
use super::thread;
use super::watch::registry;
use crate::{IoLoop, log_targets};

impl IoLoop {
    /// Logs what blocks the loop for `threshold` or longer, while it blocks it.
    ///
    /// A step of the loop, that is one poll of a task, is to take microseconds. One that takes as long as
    /// this is logged as a warning, with the stack of the loop's thread, the line of the program's own that
    /// blocks, on whose behalf it does (handler, route and request), whether it computes or sleeps in a
    /// system call, and what to do in its place. Each spot is told of once, and then counted; a line at its
    /// end tells the whole duration. `None` or zero, which is the default, switches it off.
    ///
    /// Time in which the thread was ready and the system did not run it does not count, nor does time in
    /// which the process or the machine was stopped. A step is found to block between one and one and a
    /// half thresholds. Stacks are captured on Linux by the signal SIGURG, of which
    /// [`watchdog`](crate::watchdog) tells more. A loop over somebody else's tokio runtime cannot be
    /// watched; asking for it logs a warning. Tornado's `IOLoop.set_blocking_log_threshold`, which was
    /// there until its version 5.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::IoLoop;
    ///
    /// let io_loop = IoLoop::current();
    /// io_loop.set_blocking_log_threshold(Duration::from_millis(50));
    /// # io_loop.set_blocking_log_threshold(None);
    /// ```
    pub fn set_blocking_log_threshold(&self, threshold: impl Into<Option<Duration>>) {
        self.warn_if_it_cannot_be_watched();
        let threshold = threshold.into().filter(|threshold| !threshold.is_zero());
        self.watch().set_log_threshold(threshold);
        thread::wake_up(threshold.is_some());
    }

    /// Calls `action` with what blocks the loop for `threshold` or longer, while it blocks it, every time.
    ///
    /// Independent of the log: both may be set. The action runs on a thread of the watchdog's, which
    /// tells of nothing else meanwhile; one that panics is logged. `None` or zero switches it off, whatever the
    /// action. Otherwise as [`set_blocking_log_threshold`](Self::set_blocking_log_threshold). Tornado's
    /// `IOLoop.set_blocking_signal_threshold`, with a closure in place of a signal handler.
    ///
    /// # Examples
    ///
    /// Giving up on a loop that is blocked for a minute, so that the supervisor starts the program anew:
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::IoLoop;
    /// use firewhirl_event::watchdog::{BlockedLoop, log_stack};
    ///
    /// let io_loop = IoLoop::current();
    /// io_loop.set_blocking_signal_threshold(Duration::from_secs(60), |blocked: &BlockedLoop| {
    ///     log_stack(blocked);
    ///     std::process::abort();
    /// });
    /// # io_loop.set_blocking_signal_threshold(None, log_stack);
    /// ```
    pub fn set_blocking_signal_threshold(
        &self,
        threshold: impl Into<Option<Duration>>,
        action: impl FnMut(&BlockedLoop) + Send + 'static,
    ) {
        self.warn_if_it_cannot_be_watched();
        let threshold = threshold.into().filter(|threshold| !threshold.is_zero());
        self.watch().set_action(threshold.map(|threshold| (threshold, Arc::new(Mutex::new(action)) as _)));
        thread::wake_up(threshold.is_some());
    }

    fn warn_if_it_cannot_be_watched(&self) {
        if self.is_foreign() {
            tracing::warn!(
                target: log_targets::GEN,
                "this loop cannot be watched: it runs inside a tokio runtime that is not its own, which shows no steps"
            );
        }
    }
}

/// Logs what blocks any loop of the process for `threshold` or longer, as if each had been told by
/// [`IoLoop::set_blocking_log_threshold`].
///
/// Holds for all threads and for loops that are made later, the loops of a server's workers among them. A
/// loop that was given a threshold of its own, or `None`, keeps it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::watchdog;
///
/// watchdog::set_blocking_log_threshold_for_all_loops(Duration::from_millis(50));
/// # watchdog::set_blocking_log_threshold_for_all_loops(None);
/// ```
pub fn set_blocking_log_threshold_for_all_loops(threshold: impl Into<Option<Duration>>) {
    let threshold = threshold.into().filter(|threshold| !threshold.is_zero());
    registry().log_for_all = threshold;
    thread::wake_up(threshold.is_some());
}
