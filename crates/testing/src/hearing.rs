//! What a test shares with the threads that work for it: who listens to the log, and what is gathered.
//!
//! Each thread begins with a hearing of its own. A thread that is given work by a test's loop, as one of
//! an executor or a worker of a server, joins the test's while it works, so that what it logs is the
//! test's to expect, and what fails in it fails the test.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::gathering::Gathered;
use crate::log_capture::{self, Listener};

/// What is heard in a thread, and in those that work for it.
#[derive(Default)]
pub(crate) struct Hearing {
    /// The latest hears first.
    listeners: Mutex<Vec<Arc<dyn Listener>>>,
    /// The tests that run in this thread, the innermost last; more than one only if a test runs tests.
    tests: Mutex<Vec<Gathered>>,
}

thread_local! {
    static HEARING: RefCell<Arc<Hearing>> = RefCell::default();
}

impl Hearing {
    /// That of this thread; `None` if it is ending.
    pub(crate) fn current() -> Option<Arc<Self>> {
        HEARING.try_with(|hearing| hearing.borrow().clone()).ok()
    }

    /// Makes this thread hear with another one until the guard is dropped.
    pub(crate) fn join(self: Arc<Self>) -> Joined {
        log_capture::capture();
        Joined { earlier: Some(HEARING.replace(self)), _of_this_thread: PhantomData }
    }

    /// Those who listen, the latest last.
    pub(crate) fn listeners(&self) -> MutexGuard<'_, Vec<Arc<dyn Listener>>> {
        unpoisoned(&self.listeners)
    }

    pub(crate) fn tests(&self) -> MutexGuard<'_, Vec<Gathered>> {
        unpoisoned(&self.tests)
    }

    /// Acts on what the innermost test gathers, if one runs.
    pub(crate) fn with_test<Answer>(&self, act: impl FnOnce(&mut Gathered) -> Answer) -> Option<Answer> {
        self.tests().last_mut().map(act)
    }
}

/// Lists and counters: whatever panicked has not left them half changed.
pub(crate) fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// That a thread hears with another one.
pub(crate) struct Joined {
    earlier: Option<Arc<Hearing>>,
    /// Not to be dropped in another thread.
    _of_this_thread: PhantomData<Rc<()>>,
}

impl Drop for Joined {
    fn drop(&mut self) {
        let Some(earlier) = self.earlier.take() else { return };
        // A thread that is ending has no hearing any more.
        let joined = HEARING.try_with(|hearing| hearing.replace(earlier));
        // Outside the borrow, for its drop may be anything.
        drop(joined);
    }
}
