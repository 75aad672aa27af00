//! An event: a flag that tasks wait for.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::line::{Line, Ticket, until};
use crate::{Deadline, TimeoutError};

/// A flag that starts clear; waiting for it ends once somebody sets it.
///
/// A wait that [`set`](Self::set) has ended stays ended even if [`clear`](Self::clear) follows at
/// once. Tornado's `Event`.
///
/// # Examples
///
/// ```
/// use firewhirl_event::{IoLoop, locks::Event};
///
/// IoLoop::current().run_sync(async {
///     let ready = Event::new();
///     let waiter = IoLoop::current().spawn(ready.wait());
///     ready.set();
///     waiter.await?;
///     ready.wait().await; // does not wait this time
///     # Ok(())
/// })?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[derive(Clone)]
pub struct Event {
    shared: Rc<Shared>,
}

struct Shared {
    set: Cell<bool>,
    line: Line,
}

impl Event {
    /// Makes an event that is clear.
    pub fn new() -> Self {
        Self { shared: Rc::new(Shared { set: Cell::new(false), line: Line::new() }) }
    }

    /// Whether the flag is set.
    pub fn is_set(&self) -> bool {
        self.shared.set.get()
    }

    /// Sets the flag and wakes all that wait, which go on in a later turn of the loop.
    pub fn set(&self) {
        if !self.shared.set.replace(true) {
            self.shared.line.serve_all().for_each(|waker| waker.wake());
        }
    }

    /// Clears the flag: waits that begin from now on last until it is set again.
    pub fn clear(&self) {
        self.shared.set.set(false);
    }

    /// Waits until the flag is set; not at all if it is.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn wait(&self) -> EventWait {
        EventWait { shared: self.shared.clone(), ticket: None }
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("is_set", &self.is_set()).field("waiters", &self.shared.line.len()).finish()
    }
}

/// The wait for an event, from [`Event::wait`].
#[must_use = "a wait does nothing until it is awaited"]
pub struct EventWait {
    shared: Rc<Shared>,
    ticket: Option<Ticket>,
}

impl EventWait {
    /// Waits no longer than until `deadline`.
    ///
    /// # Errors
    ///
    /// [`TimeoutError`] if the event is not set by then.
    ///
    /// # Cancel safety
    ///
    /// As without: nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::{IoLoop, locks::Event};
    ///
    /// IoLoop::current().run_sync(async {
    ///     let ready = Event::new();
    ///     assert!(ready.wait().timeout(Duration::from_millis(1)).await.is_err());
    ///     # Ok(())
    /// })?;
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn timeout(self, deadline: impl Into<Deadline>) -> impl Future<Output = Result<(), TimeoutError>> {
        let deadline = deadline.into();
        async move { until(deadline, self).await.ok_or(TimeoutError::new("the event was not set in time")) }
    }
}

impl Future for EventWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { shared, ticket } = self.get_mut();
        if ticket.is_none() && shared.set.get() {
            return Poll::Ready(());
        }
        shared.line.poll_served(ticket, cx.waker())
    }
}

impl Drop for EventWait {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.shared.line.leave(ticket);
        }
    }
}

impl fmt::Debug for EventWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventWait").finish_non_exhaustive()
    }
}
