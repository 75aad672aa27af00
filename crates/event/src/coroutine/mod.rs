//! Tools for coroutines: waiting for a time, for several things at once, for a callback.
//!
//! What Tornado has in its `gen` module, which is a keyword in Rust. A coroutine itself is an
//! `async fn`.
//!
//! # Examples
//!
//! Two things at once, with a limit for both:
//!
//! ```
//! use std::time::Duration;
//! use firewhirl_event::IoLoop;
//! use firewhirl_event::coroutine::{multi, sleep, with_timeout};
//!
//! async fn page(number: u32) -> firewhirl_event::Result<String> {
//!     sleep(Duration::from_millis(1)).await;
//!     Ok(format!("page {number}"))
//! }
//!
//! let pages = IoLoop::current().run_sync(async {
//!     with_timeout(Duration::from_secs(5), multi([page(1), page(2)])).await?
//! })?;
//! assert_eq!(pages, ["page 1", "page 2"]);
//! # Ok::<(), firewhirl_event::Error>(())
//! ```

mod callback;
mod children;
mod multi;
mod sleep;
mod timeout;
mod wait_iterator;

pub use callback::{Callback, CallbackDropped, Done, callback};
pub use multi::{Multi, multi, multi_map};
pub use sleep::{sleep, yield_now};
pub use timeout::{with_timeout, with_timeout_detach};
pub use wait_iterator::WaitIterator;
