//! The tasks of an exchange: the one that drives it, and those that wait beside it.
//!
//! What an exchange waits for wakes one task. So that none takes another's place, that is always the
//! driver, and the driver wakes those who wait beside it.

use std::cell::RefCell;
use std::task::{Context, Poll, Waker};

/// The tasks that wait for what one connection or stream brings.
#[derive(Default)]
pub(crate) struct Tasks {
    /// The task that the transport wakes.
    driver: RefCell<Option<Waker>>,
    others: RefCell<Vec<Waker>>,
}

impl Tasks {
    /// Notes the driver, to be woken from outside of it.
    #[inline]
    pub(crate) fn note_driver(&self, context: &Context<'_>) {
        let mut driver = self.driver.borrow_mut();
        if !driver.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *driver = Some(context.waker().clone());
        }
    }

    /// Polls for a task, whichever it is, with the driver as the one to be woken.
    #[inline]
    pub(crate) fn poll_for<T>(
        &self,
        context: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let driver = match &*self.driver.borrow() {
            Some(driver) if !driver.will_wake(context.waker()) => driver.clone(),
            _ => return poll(context),
        };
        let polled = poll(&mut Context::from_waker(&driver));
        if polled.is_pending() {
            let mut others = self.others.borrow_mut();
            if !others.iter().any(|waker| waker.will_wake(context.waker())) {
                others.push(context.waker().clone());
            }
        }
        polled
    }

    /// Has the tasks that wait beside the driver look again.
    #[inline]
    pub(crate) fn wake_others(&self) {
        if !self.others.borrow().is_empty() {
            self.others.take().into_iter().for_each(Waker::wake);
        }
    }

    /// Has the driver look again.
    pub(crate) fn wake(&self) {
        if let Some(driver) = &*self.driver.borrow() {
            driver.wake_by_ref();
        }
    }

    /// Forgets the driver, and has the others see that all is over.
    pub(crate) fn end(&self) {
        drop(self.driver.take());
        self.wake_others();
    }
}
