//! What the tasks of one loop wait on one another with: Tornado's `locks`.
//!
//! [`Condition`], [`Event`], [`Semaphore`], [`BoundedSemaphore`] and [`Lock`] belong to one loop and
//! one thread (none is `Send`), so none of them has an atomic inside. All of them are handles: a
//! clone is the same lock, which is how two tasks come to share one.
//!
//! The rules that hold for all of them:
//!
//! - Waiters are served in the order in which they came. A future joins the line when it is first
//!   polled, and what it is given then is its own: nobody who comes later can take it away.
//! - Whoever is served goes on in a later turn of the loop, never inside the call that served it.
//! - A future that is dropped leaves the line at once. What it had been given already and never
//!   saw (a permit, a notification) goes to the next in line.
//! - Every wait has `.timeout(..)`, which takes a `Duration` from now or an `Instant`. A deadline
//!   that is already past asks once and gives up at once.
//!
//! # Examples
//!
//! Three workers, two at a time:
//!
//! ```
//! use std::{cell::RefCell, rc::Rc, time::Duration};
//! use firewhirl_event::{IoLoop, coroutine::sleep, locks::Semaphore};
//!
//! IoLoop::current().run_sync(async {
//!     let semaphore = Semaphore::new(2);
//!     let history = Rc::new(RefCell::new(Vec::new()));
//!     let workers: Vec<_> = (0..3).map(|worker| {
//!         let (semaphore, history) = (semaphore.clone(), history.clone());
//!         IoLoop::current().spawn(async move {
//!             let _guard = semaphore.acquire().await;
//!             history.borrow_mut().push(format!("{worker} works"));
//!             sleep(Duration::from_millis(1)).await;
//!             history.borrow_mut().push(format!("{worker} is done"));
//!         })
//!     }).collect();
//!     for worker in workers {
//!         worker.await?;
//!     }
//!     assert_eq!(history.borrow()[..2], ["0 works", "1 works"]);
//!     assert_eq!(history.borrow()[2..4], ["0 is done", "1 is done"]);
//!     # Ok(())
//! })?;
//! # Ok::<(), firewhirl_event::Error>(())
//! ```

mod condition;
mod event;
mod line;
mod lock;
mod semaphore;

pub use condition::{Condition, ConditionWait};
pub use event::{Event, EventWait};
pub(crate) use line::{Line, Ticket, until};
pub use lock::Lock;
pub use semaphore::{Acquire, BoundedSemaphore, Guard, ReleaseError, Semaphore};
