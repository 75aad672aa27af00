//! Queues between the tasks of one loop: Tornado's `queues`.
//!
//! [`Queue`] gives items in the order in which they came, [`PriorityQueue`] the smallest first,
//! [`LifoQueue`] the newest first; all three are an [`OrderedQueue`], which takes any other
//! [`QueueOrder`] as well (what Tornado does by a subclass with `_init`, `_put`, `_get`). A queue is a handle: a clone is the
//! same queue. It belongs to one thread and is not `Send`; another thread goes through the loop.
//!
//! With a `maxsize`, [`put`](OrderedQueue::put) waits until there is room, which is how a fast
//! producer is slowed to the pace of its consumers. [`join`](OrderedQueue::join) waits until
//! every item has been [done](OrderedQueue::task_done), not only taken.
//!
//! An item belongs to whoever was first in line when it came: a `get` that is dropped before it
//! saw its item hands it on, or puts it back where it was.
//!
//! # Examples
//!
//! A producer, a consumer, and a wait until all is done; Tornado's `async for item in queue` is the loop:
//!
//! ```
//! use firewhirl_event::{IoLoop, Result, queues::Queue};
//!
//! async fn consume(queue: Queue<u32>) -> Result {
//!     loop {
//!         let item = queue.get().await;
//!         println!("does work on {item}");
//!         queue.task_done()?;
//!     }
//! }
//!
//! IoLoop::current().run_sync(async {
//!     let queue = Queue::with_maxsize(2);
//!     IoLoop::current().spawn_callback(consume(queue.clone()));
//!     for item in 0..5 {
//!         queue.put(item).await;
//!     }
//!     queue.join().await;
//!     # Ok(())
//! })?;
//! # Ok::<(), firewhirl_event::Error>(())
//! ```

mod errors;
mod order;
mod queue;
mod waits;

pub use errors::{QueueEmpty, QueueFull, TaskDoneError};
pub use order::{Fifo, Lifo, QueueOrder, SmallestFirst};
pub use queue::OrderedQueue;
pub use waits::{Get, Join, Put};

/// A queue that gives items in the order in which they came. Tornado's `Queue`.
pub type Queue<Item> = OrderedQueue<Fifo<Item>>;

/// A queue that gives the smallest item first. Tornado's `PriorityQueue`.
///
/// The items are often tuples of a number and a thing; for the greatest first, wrap them in
/// [`std::cmp::Reverse`]. Which of two equal ones comes first is not said.
///
/// # Examples
///
/// ```
/// use firewhirl_event::queues::PriorityQueue;
///
/// let queue = PriorityQueue::new();
/// for entry in [(1, "medium"), (0, "high"), (10, "low")] {
///     queue.put_nowait(entry)?;
/// }
/// assert_eq!(queue.get_nowait(), Ok((0, "high")));
/// assert_eq!(queue.get_nowait(), Ok((1, "medium")));
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub type PriorityQueue<Item> = OrderedQueue<SmallestFirst<Item>>;

/// A queue that gives the newest item first. Tornado's `LifoQueue`.
///
/// # Examples
///
/// ```
/// use firewhirl_event::queues::LifoQueue;
///
/// let queue = LifoQueue::new();
/// queue.put_nowait("older")?;
/// queue.put_nowait("newer")?;
/// assert_eq!(queue.get_nowait(), Ok("newer"));
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub type LifoQueue<Item> = OrderedQueue<Lifo<Item>>;
