//! A condition: tasks wait until another one notifies them.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::line::{Line, Ticket, until};
use crate::Deadline;

/// Lets tasks wait until they are notified.
///
/// Unlike a condition of threads it has no lock: between two awaits nothing else runs on the loop.
/// A notification that finds nobody waiting is not kept. Tornado's `Condition`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::{IoLoop, coroutine::sleep, locks::Condition};
///
/// IoLoop::current().run_sync(async {
///     let condition = Condition::new();
///     let waiter = IoLoop::current().spawn(condition.wait());
///     sleep(Duration::from_millis(1)).await; // let it begin to wait
///     condition.notify(1);
///     waiter.await?;
///     # Ok(())
/// })?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[derive(Clone)]
pub struct Condition {
    shared: Rc<Shared>,
}

struct Shared {
    line: Line,
    /// Tickets below this one have been part of a `notify_all`.
    all_notified_below: Cell<Ticket>,
}

impl Condition {
    /// Makes a condition that nobody waits for.
    pub fn new() -> Self {
        let line = Line::new();
        let all_notified_below = Cell::new(line.next_ticket());
        Self { shared: Rc::new(Shared { line, all_notified_below }) }
    }

    /// Waits until notified. With [`timeout`](ConditionWait::timeout) the answer is whether it was.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up its place; a notification that it had been sent and not yet
    /// seen goes to the next in line.
    pub fn wait(&self) -> ConditionWait {
        ConditionWait { shared: self.shared.clone(), ticket: None }
    }

    /// Wakes the `count` tasks that have waited longest, or as many as there are.
    ///
    /// Waits that have timed out or been dropped do not count. They resume in a later turn of the loop.
    pub fn notify(&self, count: usize) {
        self.shared.notify(count);
    }

    /// Wakes all that wait now.
    pub fn notify_all(&self) {
        self.shared.all_notified_below.set(self.shared.line.next_ticket());
        self.shared.line.serve_all().for_each(|waker| waker.wake());
    }
}

impl Default for Condition {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").field("waiters", &self.shared.line.len()).finish()
    }
}

impl Shared {
    fn notify(&self, count: usize) {
        for _ in 0..count {
            let Some((_, waker, ())) = self.line.serve() else { break };
            waker.wake();
        }
    }
}

/// The wait for a notification, from [`Condition::wait`].
#[must_use = "a wait does nothing until it is awaited"]
pub struct ConditionWait {
    shared: Rc<Shared>,
    ticket: Option<Ticket>,
}

impl ConditionWait {
    /// Waits no longer than until `deadline`: `true` if notified, `false` if time ran out first.
    ///
    /// # Cancel safety
    ///
    /// As without: nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::{IoLoop, locks::Condition};
    ///
    /// IoLoop::current().run_sync(async {
    ///     let condition = Condition::new();
    ///     assert!(!condition.wait().timeout(Duration::from_millis(1)).await);
    ///     # Ok(())
    /// })?;
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn timeout(self, deadline: impl Into<Deadline>) -> impl Future<Output = bool> {
        let deadline = deadline.into();
        async move { until(deadline, self).await.is_some() }
    }
}

impl Future for ConditionWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { shared, ticket } = self.get_mut();
        shared.line.poll_served(ticket, cx.waker())
    }
}

impl Drop for ConditionWait {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let unseen = self.shared.line.leave(ticket).is_none();
        // Whoever waited when all were notified has been woken; who came later was not meant.
        if unseen && ticket >= self.shared.all_notified_below.get() {
            self.shared.notify(1);
        }
    }
}

impl fmt::Debug for ConditionWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConditionWait").finish_non_exhaustive()
    }
}
