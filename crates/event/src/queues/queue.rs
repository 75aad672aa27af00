//! The queue itself: its items, who waits for one, who waits for room, and what is not done yet.
//!
//! Two things always hold: while somebody waits for an item there is none (it would have been
//! handed over), and while somebody waits for room there is none (the item would have been let in).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::errors::{QueueEmpty, QueueFull, TaskDoneError};
use super::order::QueueOrder;
use super::waits::{Get, Join, Put};
use crate::locks::{Event, Line, Ticket};

/// A queue whose `Order` says which item leaves next.
///
/// Written as [`Queue`](super::Queue), [`PriorityQueue`](super::PriorityQueue) or
/// [`LifoQueue`](super::LifoQueue).
pub struct OrderedQueue<Order: QueueOrder> {
    pub(super) shared: Rc<Shared<Order>>,
}

impl<Order: QueueOrder + Default> OrderedQueue<Order> {
    /// Makes a queue without a bound.
    pub fn new() -> Self {
        Self::with_maxsize(0)
    }

    /// Makes a queue that holds up to `maxsize` items; 0 means without a bound.
    pub fn with_maxsize(maxsize: usize) -> Self {
        Self { shared: Rc::new(Shared::new(maxsize, Order::default())) }
    }
}

impl<Order: QueueOrder> OrderedQueue<Order> {
    /// The number of items the queue may hold; 0 if there is no bound.
    pub fn maxsize(&self) -> usize {
        self.shared.maxsize
    }

    /// The number of items in the queue.
    pub fn qsize(&self) -> usize {
        self.shared.order.borrow().len()
    }

    /// Whether the queue holds no item.
    pub fn empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Whether the queue holds as many items as it may; never, if there is no bound.
    pub fn full(&self) -> bool {
        self.shared.full()
    }

    /// Puts an item, waiting until there is room.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before it is done drops the item with it: it was never in the queue.
    pub fn put(&self, item: Order::Item) -> Put<Order> {
        Put { shared: self.shared.clone(), item: Some(item), ticket: None }
    }

    /// Puts an item at once.
    ///
    /// # Errors
    ///
    /// [`QueueFull`], with the item, if there is no room.
    pub fn put_nowait(&self, item: Order::Item) -> Result<(), QueueFull<Order::Item>> {
        self.shared.put(item).map_err(QueueFull)
    }

    /// Takes the next item, waiting until there is one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: an item that it had been handed and never seen goes to
    /// the next in line, or back to the front of the queue (which may then hold one more than
    /// `maxsize` for a while).
    pub fn get(&self) -> Get<Order> {
        Get { shared: self.shared.clone(), ticket: None }
    }

    /// Takes the next item at once. If somebody waits to put one, that one is let in first.
    ///
    /// # Errors
    ///
    /// [`QueueEmpty`] if there is none.
    pub fn get_nowait(&self) -> Result<Order::Item, QueueEmpty> {
        self.shared.get().ok_or(QueueEmpty)
    }

    /// Says that an item that was taken has been dealt with; the last one ends every [`join`](Self::join).
    ///
    /// # Errors
    ///
    /// [`TaskDoneError`] if it is called more often than items were put.
    pub fn task_done(&self) -> Result<(), TaskDoneError> {
        let unfinished = self.shared.unfinished.get().checked_sub(1).ok_or(TaskDoneError)?;
        self.shared.unfinished.set(unfinished);
        if unfinished == 0 {
            self.shared.finished.set();
        }
        Ok(())
    }

    /// Waits until every item that was put has been [done](Self::task_done); not at all if none ever was.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn join(&self) -> Join {
        Join(self.shared.finished.wait())
    }
}

impl<Order: QueueOrder> Clone for OrderedQueue<Order> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<Order: QueueOrder + Default> Default for OrderedQueue<Order> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Order: QueueOrder> fmt::Debug for OrderedQueue<Order> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(Order::NAME)
            .field("maxsize", &self.maxsize())
            .field("qsize", &self.qsize())
            .field("getters", &self.shared.getters.len())
            .field("putters", &self.shared.putters.len())
            .field("tasks", &self.shared.unfinished.get())
            .finish()
    }
}

pub(super) struct Shared<Order: QueueOrder> {
    maxsize: usize,
    order: RefCell<Order>,
    pub(super) getters: Line,
    /// Items given to getters that have not been polled since.
    handed: RefCell<BTreeMap<Ticket, Order::Item>>,
    /// Who waits for room, each with its item.
    pub(super) putters: Line<Order::Item>,
    unfinished: Cell<usize>,
    finished: Event,
}

impl<Order: QueueOrder> Shared<Order> {
    fn new(maxsize: usize, order: Order) -> Self {
        let finished = Event::new();
        finished.set();
        Self {
            maxsize,
            order: RefCell::new(order),
            getters: Line::new(),
            handed: RefCell::default(),
            putters: Line::new(),
            unfinished: Cell::new(0),
            finished,
        }
    }

    fn full(&self) -> bool {
        self.maxsize != 0 && self.order.borrow().len() >= self.maxsize
    }

    /// Hands the item to a waiting getter or stores it; gives it back if there is no room.
    pub(super) fn put(&self, item: Order::Item) -> Result<(), Order::Item> {
        if self.getters.is_empty() && self.full() {
            return Err(item);
        }
        self.unfinished.set(self.unfinished.get() + 1);
        self.finished.clear();
        if let Err(item) = self.hand_over(item) {
            self.order.borrow_mut().put(item);
        }
        Ok(())
    }

    /// Takes the next item, once whoever waits for room has been let in.
    pub(super) fn get(&self) -> Option<Order::Item> {
        // An item that was put back may have made the queue longer than it should be.
        let over_full = self.order.borrow().len() > self.maxsize;
        if !over_full && let Some((_, putter, item)) = self.putters.serve() {
            self.unfinished.set(self.unfinished.get() + 1);
            self.finished.clear();
            self.order.borrow_mut().put(item);
            putter.wake();
        }
        self.order.borrow_mut().get()
    }

    /// The item that a getter has been given.
    pub(super) fn take_handed(&self, ticket: Ticket) -> Option<Order::Item> {
        self.handed.borrow_mut().remove(&ticket)
    }

    /// Finds another place for an item that its getter has never seen.
    pub(super) fn take_back(&self, item: Order::Item) {
        if let Err(item) = self.hand_over(item) {
            self.order.borrow_mut().put_back(item);
        }
    }

    fn hand_over(&self, item: Order::Item) -> Result<(), Order::Item> {
        let Some((ticket, getter, ())) = self.getters.serve() else { return Err(item) };
        self.handed.borrow_mut().insert(ticket, item);
        getter.wake();
        Ok(())
    }
}
