//! What a queue refuses.

use std::error::Error as StdError;
use std::fmt;

/// There is no item to take at once. Tornado's `QueueEmpty`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueEmpty;

impl fmt::Display for QueueEmpty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is empty")
    }
}

impl StdError for QueueEmpty {}

/// There is no room at once; holds the item that was to be put. Tornado's `QueueFull`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct QueueFull<Item>(pub Item);

impl<Item> fmt::Display for QueueFull<Item> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is full")
    }
}

impl<Item> fmt::Debug for QueueFull<Item> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueFull(..)")
    }
}

impl<Item> StdError for QueueFull<Item> {}

/// More items were called done than were ever put: the caller's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskDoneError;

impl fmt::Display for TaskDoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task_done() called too many times")
    }
}

impl StdError for TaskDoneError {}
