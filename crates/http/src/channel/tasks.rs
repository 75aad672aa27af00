//! The tasks of an exchange: the one that drives it, and those that wait beside it.
//!
//! What an exchange waits for wakes one task. So that none takes another's place, that is always the
//! driver, and the driver wakes those who wait beside it. While it works it is not woken: it looks around
//! before it rests, and a wake from within would only have it run once more for nothing.

use std::cell::{Cell, RefCell};
use std::task::{Context, Poll, Waker};

/// The tasks that wait for what one connection or stream brings.
#[derive(Default)]
pub(crate) struct Tasks {
    /// The task that the transport wakes.
    driver: RefCell<Option<Waker>>,
    /// Whether the driver is at work just now.
    driving: Cell<bool>,
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

    /// Does a step of the driver's work, which must not panic, and after which the driver looks around.
    #[inline]
    pub(crate) fn drive<T>(&self, work: impl FnOnce() -> T) -> T {
        self.driving.set(true);
        let done = work();
        self.driving.set(false);
        done
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
    #[inline]
    pub(crate) fn wake(&self) {
        if !self.driving.get() {
            self.wake_driver();
        }
    }

    #[inline(never)]
    fn wake_driver(&self) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn the_driver_is_woken_by_others_and_not_by_itself() {
        let count = Arc::new(Count::default());
        let tasks = Tasks::default();
        tasks.wake();
        tasks.note_driver(&Context::from_waker(&Waker::from(count.clone())));
        tasks.drive(|| tasks.wake());
        assert_eq!(count.0.load(Relaxed), 0);
        tasks.wake();
        assert_eq!(count.0.load(Relaxed), 1);
    }
}
