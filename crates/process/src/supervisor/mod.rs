//! Processes that do the same work beside each other, and the parent that keeps them alive.
//!
//! A program with threads cannot be forked, so the parent starts its own executable again with the same
//! arguments: each child runs `main` from its beginning, finds the listening sockets that the parent has
//! bound among the inherited ones, and learns its task's number where the parent began to supervise.
//!
//! - `options`: what can be set, and where parent and child part ways;
//! - `supervise`: the parent's one loop of what happens and what is done about it;
//! - `children`: the processes it has;
//! - `restarts`: when a process that has died is started again, and when that is given up;
//! - `membership`: the child's side: its task's number, and its end when the parent is gone.
//!
//! Replacing the processes by those of a newer version is [`upgrade`](crate::upgrade).

mod children;
mod error;
mod executable;
mod membership;
mod options;
mod restarts;
mod supervise;

pub use error::SupervisorError;
pub use membership::task_id;
pub use options::Supervisor;

pub(crate) use children::Role;
pub(crate) use executable::Executable;
pub(crate) use supervise::{Happening, Supervision};
