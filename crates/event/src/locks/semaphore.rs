//! Semaphores: a number of permits that tasks take and give back.

use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::line::{Line, Ticket, until};
use crate::{Deadline, TimeoutError, log_targets};

/// A number of permits: who acquires one takes it, or waits until one is released.
///
/// There is no upper bound: [`release`](Self::release) may add permits that nobody has acquired
/// ([`BoundedSemaphore`] refuses that). A released permit goes straight to whoever has waited
/// longest. Tornado's `Semaphore`.
///
/// # Examples
///
/// ```
/// use firewhirl_event::{IoLoop, locks::Semaphore};
///
/// IoLoop::current().run_sync(async {
///     let connections = Semaphore::new(2);
///     let one = connections.acquire().await;
///     let two = connections.acquire().await;
///     drop(one); // released
///     let three = connections.acquire().await;
///     # Ok(())
/// })?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[derive(Clone)]
pub struct Semaphore {
    permits: Rc<Permits>,
}

impl Semaphore {
    /// Makes a semaphore of `value` permits. Default (as in Tornado): 1.
    pub fn new(value: usize) -> Self {
        Self { permits: Permits::new(value, None) }
    }

    /// Takes a permit, waiting for one if there is none; dropping the guard gives it back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up its place; a permit that it had been handed goes to the next
    /// in line.
    pub fn acquire(&self) -> Acquire {
        Permits::acquire(&self.permits)
    }

    /// Adds a permit, and hands it to whoever has waited longest.
    ///
    /// For permits that nobody's [`Guard`] gives back: such as were added, or [forgotten](Guard::forget).
    pub fn release(&self) {
        self.permits.give_back();
    }
}

impl Default for Semaphore {
    fn default() -> Self {
        Self::new(1)
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.permits.describe("Semaphore", f)
    }
}

/// A [`Semaphore`] that refuses to have more permits than it began with.
///
/// It mostly guards something of limited capacity, where a release too many is a mistake.
/// Tornado's `BoundedSemaphore`.
///
/// # Examples
///
/// ```
/// use firewhirl_event::{IoLoop, locks::{BoundedSemaphore, ReleaseError}};
///
/// IoLoop::current().run_sync(async {
///     let semaphore = BoundedSemaphore::new(1);
///     semaphore.acquire().await.forget();
///     assert_eq!(semaphore.release(), Ok(()));
///     assert_eq!(semaphore.release(), Err(ReleaseError::TooManyTimes));
///     # Ok(())
/// })?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[derive(Clone)]
pub struct BoundedSemaphore {
    permits: Rc<Permits>,
}

impl BoundedSemaphore {
    /// Makes a semaphore of `value` permits, which is also its bound. Default (as in Tornado): 1.
    pub fn new(value: usize) -> Self {
        Self { permits: Permits::new(value, Some((value, ReleaseError::TooManyTimes))) }
    }

    /// Takes a permit, waiting for one if there is none; dropping the guard gives it back.
    ///
    /// # Cancel safety
    ///
    /// As of [`Semaphore::acquire`].
    pub fn acquire(&self) -> Acquire {
        Permits::acquire(&self.permits)
    }

    /// Gives a permit back that its [`Guard`] has [forgotten](Guard::forget), and hands it to
    /// whoever has waited longest.
    ///
    /// # Errors
    ///
    /// [`ReleaseError::TooManyTimes`] if all permits are there.
    pub fn release(&self) -> Result<(), ReleaseError> {
        self.permits.release()
    }
}

impl Default for BoundedSemaphore {
    fn default() -> Self {
        Self::new(1)
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.permits.describe("BoundedSemaphore", f)
    }
}

/// What both semaphores and the lock are made of.
pub(super) struct Permits {
    /// While somebody waits this is 0: a permit given back is handed on, not put here.
    value: Cell<usize>,
    /// The most permits there may be, and the error of who releases more.
    bound: Option<(usize, ReleaseError)>,
    line: Line,
}

impl Permits {
    pub(super) fn new(value: usize, bound: Option<(usize, ReleaseError)>) -> Rc<Self> {
        Rc::new(Self { value: Cell::new(value), bound, line: Line::new() })
    }

    pub(super) fn acquire(permits: &Rc<Self>) -> Acquire {
        Acquire { permits: permits.clone(), ticket: None }
    }

    pub(super) fn release(&self) -> Result<(), ReleaseError> {
        if let Some((most, error)) = self.bound
            && self.value.get() >= most
        {
            return Err(error);
        }
        self.give_back();
        Ok(())
    }

    pub(super) fn value(&self) -> usize {
        self.value.get()
    }

    pub(super) fn waiters(&self) -> usize {
        self.line.len()
    }

    fn take(&self) -> bool {
        let value = self.value.get();
        self.value.set(value.saturating_sub(1));
        value > 0
    }

    fn give_back(&self) {
        match self.line.serve() {
            Some((_, waker, ())) => waker.wake(),
            None => self.value.set(self.value.get().saturating_add(1)),
        }
    }

    fn describe(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name).field("value", &self.value()).field("waiters", &self.waiters()).finish()
    }
}

/// The wait for a permit, from `acquire` of a [`Semaphore`], a [`BoundedSemaphore`] or a [`Lock`](super::Lock).
#[must_use = "nothing is acquired until this is awaited"]
pub struct Acquire {
    permits: Rc<Permits>,
    ticket: Option<Ticket>,
}

impl Acquire {
    /// Waits no longer than until `deadline`.
    ///
    /// # Errors
    ///
    /// [`TimeoutError`] if nothing was released in time. Nothing is held then.
    ///
    /// # Cancel safety
    ///
    /// As without: a permit that was handed over goes to the next in line.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::{IoLoop, locks::Semaphore};
    ///
    /// IoLoop::current().run_sync(async {
    ///     let semaphore = Semaphore::new(0);
    ///     assert!(semaphore.acquire().timeout(Duration::from_millis(1)).await.is_err());
    ///     semaphore.release();
    ///     let _guard = semaphore.acquire().timeout(Duration::ZERO).await?;
    ///     # Ok(())
    /// })?;
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn timeout(self, deadline: impl Into<Deadline>) -> impl Future<Output = Result<Guard, TimeoutError>> {
        let deadline = deadline.into();
        async move { until(deadline, self).await.ok_or(TimeoutError::new("nothing was released in time")) }
    }
}

impl Future for Acquire {
    type Output = Guard;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Guard> {
        let Self { permits, ticket } = self.get_mut();
        if ticket.is_some() || !permits.take() {
            ready!(permits.line.poll_served(ticket, cx.waker()));
        }
        Poll::Ready(Guard { permits: Some(permits.clone()) })
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket
            && self.permits.line.leave(ticket).is_none()
        {
            self.permits.give_back();
        }
    }
}

impl fmt::Debug for Acquire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").finish_non_exhaustive()
    }
}

/// Holds what was acquired, and releases it when dropped.
///
/// It borrows nothing, so it can be kept in a structure or moved into another task of the loop.
#[must_use = "what is acquired is released at once if the guard is not kept"]
pub struct Guard {
    permits: Option<Rc<Permits>>,
}

impl Guard {
    /// Keeps what was acquired beyond the guard's life: somebody calls `release` later.
    ///
    /// For those who acquire in one callback and release in another, as Tornado's
    /// `await semaphore.acquire()` without `with`.
    pub fn forget(mut self) {
        self.permits = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(permits) = &self.permits
            && let Err(error) = permits.release()
        {
            // The mistake is that of an earlier `release` by hand; it can only be told here.
            tracing::error!(target: log_targets::APP, "{error}: a guard was still alive that would have done so");
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

/// A release of what nobody held: the caller's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReleaseError {
    /// A bounded semaphore has all its permits already.
    TooManyTimes,
    /// The lock is not locked.
    Unlocked,
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyTimes => "semaphore released too many times",
            Self::Unlocked => "release of an unlocked lock",
        })
    }
}

impl StdError for ReleaseError {}
