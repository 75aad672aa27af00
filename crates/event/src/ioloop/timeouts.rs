//! Timeouts: functions that the loop runs once, at a time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::panics::run_logged;
use super::{IoLoop, Spawned};
use crate::{Deadline, watchdog};

/// A handle to a function that waits for its time, by which it can be called off.
///
/// Dropping it changes nothing: the function runs. Give it to [`IoLoop::remove_timeout`] to call
/// the function off.
#[derive(Debug)]
pub struct Timeout(Spawned<()>);

impl IoLoop {
    /// Runs `callback` once `delay` has passed; at least a turn of the loop later.
    ///
    /// Timers go by milliseconds and are never early. A panic is logged as "exception in callback".
    /// Tornado's `IOLoop.call_later`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::IoLoop;
    ///
    /// let io_loop = IoLoop::current();
    /// let never = io_loop.call_later(Duration::from_millis(1), || panic!("it was called off"));
    /// io_loop.call_later(Duration::from_millis(5), || IoLoop::current().stop());
    /// io_loop.remove_timeout(never);
    /// io_loop.start()?;
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn call_later(&self, delay: Duration, callback: impl FnOnce() + 'static) -> Timeout {
        self.add_timeout(delay, callback)
    }

    /// Runs `callback` at `when`, or on a later turn of the loop if that has passed.
    ///
    /// Tornado's `IOLoop.call_at`.
    pub fn call_at(&self, when: Instant, callback: impl FnOnce() + 'static) -> Timeout {
        self.add_timeout(when, callback)
    }

    /// Runs `callback` at `deadline`: a point on the clock or a time from now.
    ///
    /// Tornado's `IOLoop.add_timeout`.
    pub fn add_timeout(&self, deadline: impl Into<Deadline>, callback: impl FnOnce() + 'static) -> Timeout {
        let deadline = deadline.into().instant();
        let pending = Pending::among(&self.state.timers);
        let label = watchdog::timeout_label(&callback);
        let waiting = async move {
            tokio::time::sleep_until(deadline.into()).await;
            drop(pending);
            run_logged(callback);
        };
        Timeout(Spawned(self.spawn_unguarded(waiting, label)))
    }

    /// Calls a timeout off. If it has already run, nothing happens.
    ///
    /// Tornado's `IOLoop.remove_timeout`.
    pub fn remove_timeout(&self, timeout: Timeout) {
        timeout.0.abort();
    }
}

/// That a timeout waits: one more in the count as long as it lives.
struct Pending(Rc<Cell<usize>>);

impl Pending {
    fn among(timers: &Rc<Cell<usize>>) -> Self {
        timers.set(timers.get() + 1);
        Self(timers.clone())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
