//! A lock that one task at a time holds.

use std::fmt;
use std::rc::Rc;

use super::semaphore::{Acquire, Permits, ReleaseError};

/// A lock that one task at a time holds, across as many awaits as it likes.
///
/// It starts unlocked and is fair: whoever has waited longest is next. It is not re-entrant: a task
/// that acquires what it holds waits for ever. Code without an `await` inside needs no lock, since
/// nothing else runs on the loop meanwhile. Tornado's `Lock`; its `async with` is the guard.
///
/// # Examples
///
/// ```
/// use firewhirl_event::{IoLoop, locks::Lock};
///
/// IoLoop::current().run_sync(async {
///     let lock = Lock::new();
///     {
///         let _guard = lock.acquire().await;
///         assert!(lock.is_locked());
///     }
///     assert!(!lock.is_locked());
///     # Ok(())
/// })?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[derive(Clone)]
pub struct Lock {
    permits: Rc<Permits>,
}

impl Lock {
    /// Makes an unlocked lock.
    pub fn new() -> Self {
        Self { permits: Permits::new(1, Some((1, ReleaseError::Unlocked))) }
    }

    /// Locks, waiting for its turn; dropping the guard unlocks.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up its place; if the lock had been handed to it already, the
    /// next in line gets it.
    pub fn acquire(&self) -> Acquire {
        Permits::acquire(&self.permits)
    }

    /// Unlocks what a guard has [forgotten](super::Guard::forget); whoever has waited longest has the lock then.
    ///
    /// # Errors
    ///
    /// [`ReleaseError::Unlocked`] if nobody holds it.
    pub fn release(&self) -> Result<(), ReleaseError> {
        self.permits.release()
    }

    /// Whether somebody holds it.
    pub fn is_locked(&self) -> bool {
        self.permits.value() == 0
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("is_locked", &self.is_locked()).field("waiters", &self.permits.waiters()).finish()
    }
}
