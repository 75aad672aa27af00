//! Which item leaves a queue next.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Holds a queue's items and decides which one leaves next.
///
/// None of the methods may use the queue that they serve.
///
/// # Examples
///
/// A queue that keeps no item twice:
///
/// ```
/// use std::collections::BTreeSet;
/// use firewhirl_event::queues::{OrderedQueue, QueueOrder};
///
/// #[derive(Default)]
/// struct Distinct(BTreeSet<u32>);
///
/// impl QueueOrder for Distinct {
///     type Item = u32;
///     const NAME: &'static str = "DistinctQueue";
///     fn put(&mut self, item: u32) {
///         self.0.insert(item);
///     }
///     fn get(&mut self) -> Option<u32> {
///         self.0.pop_first()
///     }
///     fn len(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// let queue = OrderedQueue::<Distinct>::new();
/// for item in [2, 1, 2] {
///     queue.put_nowait(item)?;
/// }
/// assert_eq!(queue.qsize(), 2);
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an order of queue items",
    note = "the queues are called `Queue<Item>`, `PriorityQueue<Item>` (whose items are `Ord`) and `LifoQueue<Item>`"
)]
pub trait QueueOrder {
    /// What the queue holds.
    type Item;

    /// The queue's name in its `Debug`.
    const NAME: &'static str;

    /// Takes an item in.
    fn put(&mut self, item: Self::Item);

    /// Gives the next item out; `None` only if there is none.
    fn get(&mut self) -> Option<Self::Item>;

    /// Takes an item back that was given out and never seen: it ought to be the next again.
    /// Where the order follows from the items themselves that is [`put`](Self::put).
    fn put_back(&mut self, item: Self::Item) {
        self.put(item);
    }

    /// The number of items held.
    fn len(&self) -> usize;

    /// Whether none is held.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// First in, first out: the order of a [`Queue`](super::Queue).
#[derive(Clone, Debug)]
pub struct Fifo<Item>(VecDeque<Item>);

impl<Item> Default for Fifo<Item> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<Item> QueueOrder for Fifo<Item> {
    type Item = Item;

    const NAME: &'static str = "Queue";

    fn put(&mut self, item: Item) {
        self.0.push_back(item);
    }

    fn get(&mut self) -> Option<Item> {
        self.0.pop_front()
    }

    fn put_back(&mut self, item: Item) {
        self.0.push_front(item);
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// The smallest first: the order of a [`PriorityQueue`](super::PriorityQueue).
#[derive(Clone, Debug)]
pub struct SmallestFirst<Item>(BinaryHeap<Reverse<Item>>);

impl<Item: Ord> Default for SmallestFirst<Item> {
    fn default() -> Self {
        Self(BinaryHeap::new())
    }
}

impl<Item: Ord> QueueOrder for SmallestFirst<Item> {
    type Item = Item;

    const NAME: &'static str = "PriorityQueue";

    fn put(&mut self, item: Item) {
        self.0.push(Reverse(item));
    }

    fn get(&mut self) -> Option<Item> {
        self.0.pop().map(|Reverse(item)| item)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// Last in, first out: the order of a [`LifoQueue`](super::LifoQueue).
#[derive(Clone, Debug)]
pub struct Lifo<Item>(Vec<Item>);

impl<Item> Default for Lifo<Item> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<Item> QueueOrder for Lifo<Item> {
    type Item = Item;

    const NAME: &'static str = "LifoQueue";

    fn put(&mut self, item: Item) {
        self.0.push(item);
    }

    fn get(&mut self) -> Option<Item> {
        self.0.pop()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
