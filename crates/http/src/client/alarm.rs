//! The one timer of a pool, and the task that it wakes.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};
use std::time::Instant;

use firewhirl_event::IoLoop;
use tokio::time::sleep_until;

use super::pool::Shared;

/// When a pool is to be [tended](Shared::tend) next. The task that waits for it is there only while
/// there is something to wait for.
#[derive(Default)]
pub(super) struct Alarm {
    due: Cell<Option<Instant>>,
    waiting: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Alarm {
    /// Rings at this time, if not before.
    #[inline]
    pub(super) fn ring_by(&self, pool: &Rc<Shared>, time: Instant) {
        if self.due.get().is_none_or(|due| time < due) {
            self.move_to(pool, time);
        }
    }

    #[cold]
    fn move_to(&self, pool: &Rc<Shared>, time: Instant) {
        self.due.set(Some(time));
        if self.waiting.replace(true) {
            self.wake();
        } else {
            IoLoop::current().spawn_callback(wait(Rc::downgrade(pool)));
        }
    }

    /// Has the task look at the time again, or end with its pool.
    pub(super) fn wake(&self) {
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Tends the pool whenever it is due, for as long as it lives and has something to wait for.
async fn wait(pool: Weak<Shared>) {
    let mut sleep = pin!(sleep_until(tokio::time::Instant::now()));
    loop {
        let due = poll_fn(|context| {
            let Some(pool) = pool.upgrade() else { return Poll::Ready(None) };
            let alarm = &pool.alarm;
            let Some(due) = alarm.due.get() else {
                alarm.waiting.set(false);
                return Poll::Ready(None);
            };
            if sleep.deadline().into_std() != due {
                sleep.as_mut().reset(due.into());
            }
            if sleep.as_mut().poll(context).is_ready() {
                return Poll::Ready(Some(pool));
            }
            *alarm.waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        });
        let Some(pool) = due.await else { return };
        pool.alarm.due.set(None);
        if let Some(next) = pool.tend() {
            pool.alarm.ring_by(&pool, next);
        }
    }
}
