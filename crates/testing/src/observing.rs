//! What a test has its loop tell it: the tasks that are spawned, and the work that goes to other threads.
//!
//! A worker of a server has a loop of its own, which is observed in the same way, so that its executor's
//! threads work for the test too.

use std::any::Any;
use std::panic::Location;
use std::sync::Arc;

use firewhirl_event::{Elsewhere, IoLoop, Observer};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::clock::ClockHold;
use crate::hearing::Hearing;

/// Notes tasks, lends the test's hearing to threads that work for it, and holds the clock meanwhile.
pub(crate) struct Observing {
    pub(crate) hearing: Arc<Hearing>,
    /// The loop's runtime, where its clock is paused.
    pub(crate) paused: Option<Handle>,
}

impl Observer for Observing {
    fn spawned(&self, place: &'static Location<'static>, task: AbortHandle) {
        self.hearing.with_test(|test| test.note_task(place, task));
    }

    fn elsewhere(&self) -> Elsewhere {
        let hearing = self.hearing.clone();
        let hold = self.paused.as_ref().map(ClockHold::over);
        Box::new(move || Box::new((hearing.join(), hold)) as Box<dyn Any>)
    }

    fn worker(&self) -> Elsewhere {
        let hearing = self.hearing.clone();
        Box::new(move || {
            IoLoop::current().set_observer(Self { hearing: hearing.clone(), paused: None });
            Box::new(hearing.join()) as Box<dyn Any>
        })
    }
}
