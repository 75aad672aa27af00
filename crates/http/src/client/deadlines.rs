//! Until when the requests of a pool may take, at the cost of a few stores each.
//!
//! Arming a timer for every request costs more than sending it. Here each notes its deadline in a
//! list, and one [alarm](super::alarm) is set to the earliest: requests that come later mostly end
//! later, so it is hardly ever moved, and when it rings the list is looked through.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Instant;

use super::pool::Shared;

/// The deadlines of the requests that are under way or wait.
#[derive(Default)]
pub(super) struct Deadlines {
    list: RefCell<List>,
}

#[derive(Default)]
struct List {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

#[derive(Default)]
struct Slot {
    until: Option<Instant>,
    expired: bool,
    waker: Option<Waker>,
}

impl Deadlines {
    /// Has those whose time is over look at it; gives the next deadline.
    pub(super) fn look(&self, now: Instant) -> Option<Instant> {
        let (next, due) = {
            let mut list = self.list.borrow_mut();
            let mut next: Option<Instant> = None;
            let mut due = Vec::new();
            for slot in &mut list.slots {
                let Some(until) = slot.until else { continue };
                if until <= now {
                    slot.until = None;
                    slot.expired = true;
                    due.extend(slot.waker.take());
                } else {
                    next = Some(next.map_or(until, |next| next.min(until)));
                }
            }
            (next, due)
        };
        // Outside the borrow, for a waker may be anything.
        due.into_iter().for_each(Waker::wake);
        next
    }
}

/// One request's place among the deadlines.
pub(super) struct Timer {
    pool: Rc<Shared>,
    slot: usize,
}

impl Timer {
    pub(super) fn new(pool: &Rc<Shared>) -> Self {
        let list = &mut *pool.deadlines.list.borrow_mut();
        let slot = list.free.pop().unwrap_or_else(|| {
            list.slots.push(Slot::default());
            list.slots.len() - 1
        });
        Self { pool: Rc::clone(pool), slot }
    }

    /// Sets when time is over, in place of what was set before.
    pub(super) fn set(&self, until: Option<Instant>) {
        {
            let slot = &mut self.pool.deadlines.list.borrow_mut().slots[self.slot];
            slot.until = until;
            slot.expired = false;
        }
        if let Some(until) = until {
            self.pool.alarm.ring_by(&self.pool, until);
        }
    }

    /// Whether time is over; if not, the task is woken when it is.
    pub(super) fn poll_expired(&self, context: &Context<'_>) -> bool {
        let slot = &mut self.pool.deadlines.list.borrow_mut().slots[self.slot];
        if !slot.expired && !slot.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            slot.waker = Some(context.waker().clone());
        }
        slot.expired
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let slot = {
            let mut list = self.pool.deadlines.list.borrow_mut();
            list.free.push(self.slot);
            std::mem::take(&mut list.slots[self.slot])
        };
        drop(slot);
    }
}
