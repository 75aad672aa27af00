//! The waits of a queue: for an item, for room, for the end of all work.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::order::QueueOrder;
use super::queue::Shared;
use crate::locks::{EventWait, Ticket, until};
use crate::{Deadline, TimeoutError};

/// The wait for an item, from [`OrderedQueue::get`](super::OrderedQueue::get).
#[must_use = "nothing is taken until this is awaited"]
pub struct Get<Order: QueueOrder> {
    pub(super) shared: Rc<Shared<Order>>,
    pub(super) ticket: Option<Ticket>,
}

impl<Order: QueueOrder> Get<Order> {
    /// Waits no longer than until `deadline`.
    ///
    /// # Errors
    ///
    /// [`TimeoutError`] if there is no item by then.
    ///
    /// # Cancel safety
    ///
    /// As without: no item is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::{IoLoop, queues::Queue};
    ///
    /// IoLoop::current().run_sync(async {
    ///     let queue = Queue::<u32>::new();
    ///     assert!(queue.get().timeout(Duration::from_millis(1)).await.is_err());
    ///     # Ok(())
    /// })?;
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn timeout(self, deadline: impl Into<Deadline>) -> impl Future<Output = Result<Order::Item, TimeoutError>> {
        let deadline = deadline.into();
        async move { until(deadline, self).await.ok_or(TimeoutError::new("no item was put in time")) }
    }
}

impl<Order: QueueOrder> Future for Get<Order> {
    type Output = Order::Item;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Order::Item> {
        if let Some(ticket) = self.ticket {
            if self.shared.getters.still_waits(ticket, cx.waker()) {
                return Poll::Pending;
            }
            self.ticket = None;
            if let Some(item) = self.shared.take_handed(ticket) {
                return Poll::Ready(item);
            }
        }
        if let Some(item) = self.shared.get() {
            return Poll::Ready(item);
        }
        self.ticket = Some(self.shared.getters.join(cx.waker(), ()));
        Poll::Pending
    }
}

impl<Order: QueueOrder> Drop for Get<Order> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        self.shared.getters.leave(ticket);
        if let Some(item) = self.shared.take_handed(ticket) {
            self.shared.take_back(item);
        }
    }
}

impl<Order: QueueOrder> fmt::Debug for Get<Order> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get").finish_non_exhaustive()
    }
}

/// The wait for room, from [`OrderedQueue::put`](super::OrderedQueue::put).
#[must_use = "nothing is put until this is awaited"]
pub struct Put<Order: QueueOrder> {
    pub(super) shared: Rc<Shared<Order>>,
    pub(super) item: Option<Order::Item>,
    pub(super) ticket: Option<Ticket>,
}

// The item is only ever moved, never polled where it stands.
impl<Order: QueueOrder> Unpin for Put<Order> {}

impl<Order: QueueOrder> Put<Order> {
    /// Waits no longer than until `deadline`.
    ///
    /// # Errors
    ///
    /// [`TimeoutError`] if there is no room by then. The item has not been put and is dropped;
    /// [`put_nowait`](super::OrderedQueue::put_nowait) gives it back.
    ///
    /// # Cancel safety
    ///
    /// As without: the item is either put or dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::{IoLoop, queues::Queue};
    ///
    /// IoLoop::current().run_sync(async {
    ///     let queue = Queue::with_maxsize(1);
    ///     queue.put("first").await;
    ///     assert!(queue.put("second").timeout(Duration::from_millis(1)).await.is_err());
    ///     # Ok(())
    /// })?;
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn timeout(self, deadline: impl Into<Deadline>) -> impl Future<Output = Result<(), TimeoutError>> {
        let deadline = deadline.into();
        async move { until(deadline, self).await.ok_or(TimeoutError::new("the queue had no room in time")) }
    }
}

impl<Order: QueueOrder> Future for Put<Order> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(ticket) = self.ticket {
            if self.shared.putters.still_waits(ticket, cx.waker()) {
                return Poll::Pending;
            }
            self.ticket = None;
        }
        // Without an item it has been let in.
        let Some(item) = self.item.take() else { return Poll::Ready(()) };
        match self.shared.put(item) {
            Ok(()) => Poll::Ready(()),
            Err(item) => {
                self.ticket = Some(self.shared.putters.join(cx.waker(), item));
                Poll::Pending
            }
        }
    }
}

impl<Order: QueueOrder> Drop for Put<Order> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.shared.putters.leave(ticket);
        }
    }
}

impl<Order: QueueOrder> fmt::Debug for Put<Order> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Put").finish_non_exhaustive()
    }
}

/// The wait until all items are done, from [`OrderedQueue::join`](super::OrderedQueue::join).
#[derive(Debug)]
#[must_use = "a wait does nothing until it is awaited"]
pub struct Join(pub(super) EventWait);

impl Join {
    /// Waits no longer than until `deadline`.
    ///
    /// # Errors
    ///
    /// [`TimeoutError`] if something is unfinished by then.
    ///
    /// # Cancel safety
    ///
    /// As without: nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::{IoLoop, queues::Queue};
    ///
    /// IoLoop::current().run_sync(async {
    ///     let queue = Queue::new();
    ///     queue.put("work").await;
    ///     assert!(queue.join().timeout(Duration::from_millis(1)).await.is_err());
    ///     # Ok(())
    /// })?;
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn timeout(self, deadline: impl Into<Deadline>) -> impl Future<Output = Result<(), TimeoutError>> {
        let deadline = deadline.into();
        async move { until(deadline, self).await.ok_or(TimeoutError::new("not all items were done in time")) }
    }
}

impl Future for Join {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}
