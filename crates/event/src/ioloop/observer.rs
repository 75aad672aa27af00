//! What looks on while a loop is given work: tasks of its own, and work that it gives to other threads.
//!
//! For tests. A test wants to know what it has left running, to hold its clock still while a thread
//! works for it, and to hear what that thread logs. A loop that nobody observes only asks whether
//! somebody does.

use std::any::Any;
use std::panic::Location;
use std::rc::Rc;

use tokio::task::AbortHandle;

use super::{IoLoop, Spawned};

/// Looks on while a loop is given work; see [`IoLoop::set_observer`].
pub trait Observer: 'static {
    /// The line at `place` has spawned `task`, by [`IoLoop::spawn`] or [`IoLoop::spawn_callback`].
    fn spawned(&self, place: &'static Location<'static>, task: AbortHandle);

    /// The loop gives work to another thread, such as a call to an executor.
    fn elsewhere(&self) -> Elsewhere;

    /// The loop starts a worker of a server: a thread that runs a loop of its own, which is the thread's
    /// current one when what this gives is called there. Default: as [`elsewhere`](Self::elsewhere).
    fn worker(&self) -> Elsewhere {
        self.elsewhere()
    }
}

/// Goes with work to another thread: it is called there when the work begins, and what that gives is
/// dropped there when the work has ended and its result is on its way. If the work is never begun it is
/// dropped itself.
pub type Elsewhere = Box<dyn FnOnce() -> Box<dyn Any> + Send>;

impl IoLoop {
    /// Has `observer` told of the work that this loop is given from now on, in place of an earlier one.
    pub fn set_observer(&self, observer: impl Observer) {
        let earlier = self.state.observer.replace(Some(Rc::new(observer)));
        // Outside the borrow, for its drop may be anything.
        drop(earlier);
    }

    /// What is to go with work that this loop gives to another thread; `None` where nobody observes.
    ///
    /// For what starts threads of its own; executors and the workers of servers do so already.
    pub fn elsewhere(&self) -> Option<Elsewhere> {
        // Not within the borrow: it may be anything.
        let observer = self.state.observer.borrow().clone();
        observer.map(|observer| observer.elsewhere())
    }

    /// As [`elsewhere`](Self::elsewhere), for a thread with a loop of its own.
    pub fn worker_elsewhere(&self) -> Option<Elsewhere> {
        let observer = self.state.observer.borrow().clone();
        observer.map(|observer| observer.worker())
    }

    /// Tells the observer of a task.
    pub(super) fn observe<T>(&self, spawned: &Spawned<T>, place: &'static Location<'static>) {
        let observer = self.state.observer.borrow().clone();
        if let (Some(observer), Some(task)) = (observer, &spawned.0) {
            observer.spawned(place, task.abort_handle());
        }
    }
}
