//! Callbacks: functions that the loop runs once, on a later turn, in the order in which they came.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::IoLoop;
use super::panics::run_logged;
use crate::watchdog;

type Callback = Box<dyn FnOnce()>;

/// The callbacks that wait for the next turn.
#[derive(Default)]
pub(super) struct CallbackQueue {
    waiting: RefCell<VecDeque<Callback>>,
    dispatcher: RefCell<Option<Waker>>,
    run: Cell<u64>,
}

impl IoLoop {
    /// Runs `callback` on a later turn of the loop, never inside this call.
    ///
    /// Callbacks run in the order in which they were added. One that panics is logged as
    /// "exception in callback" and the loop goes on. On a closed loop it is dropped without a word.
    /// From other threads: [`RemoteIoLoop::add_callback`](super::RemoteIoLoop::add_callback).
    /// Tornado's `IOLoop.add_callback`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{cell::RefCell, rc::Rc};
    /// use firewhirl_event::IoLoop;
    ///
    /// let io_loop = IoLoop::current();
    /// let seen = Rc::new(RefCell::new(String::new()));
    /// for letter in ['a', 'b'] {
    ///     let seen = seen.clone();
    ///     io_loop.add_callback(move || seen.borrow_mut().push(letter));
    /// }
    /// seen.borrow_mut().push('-');
    /// io_loop.add_callback(|| IoLoop::current().stop());
    /// io_loop.start()?;
    /// assert_eq!(*seen.borrow(), "-ab");
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn add_callback(&self, callback: impl FnOnce() + 'static) {
        if !self.is_closed() {
            let label = watchdog::callback_label(&callback);
            self.state.callbacks.push(Box::new(move || watchdog::labelled(label, callback)));
        }
    }

    /// Starts the task that runs the callbacks, this thread's and those of others.
    pub(super) fn start_callback_dispatcher(&self) {
        let state = Rc::downgrade(&self.state);
        let callbacks = self.state.callbacks.clone();
        let remote = self.remote();
        let dispatching = async move {
            poll_fn(|cx| {
                callbacks.remember(cx.waker());
                for callback in remote.take_waiting(cx.waker()) {
                    // The loop lives: it is what polls this.
                    let Some(state) = state.upgrade() else { return Poll::Ready(()) };
                    let io_loop = IoLoop { state };
                    callbacks.run_one(|| callback(&io_loop));
                }
                // Only those that are there now: what they add comes a turn later, after I/O.
                for callback in callbacks.take_waiting() {
                    callbacks.run_one(callback);
                }
                Poll::<()>::Pending
            })
            .await
        };
        let label = watchdog::task_label(&dispatching);
        self.spawn_unguarded(dispatching, label);
    }
}

impl CallbackQueue {
    fn push(&self, callback: Callback) {
        self.waiting.borrow_mut().push_back(callback);
        if let Some(dispatcher) = &*self.dispatcher.borrow() {
            dispatcher.wake_by_ref();
        }
    }

    fn remember(&self, dispatcher: &Waker) {
        let mut known = self.dispatcher.borrow_mut();
        if !known.as_ref().is_some_and(|waker| waker.will_wake(dispatcher)) {
            *known = Some(dispatcher.clone());
        }
    }

    fn take_waiting(&self) -> VecDeque<Callback> {
        self.waiting.take()
    }

    fn run_one(&self, callback: impl FnOnce()) {
        self.run.set(self.run.get() + 1);
        run_logged(callback);
    }

    /// How many callbacks have run.
    pub(super) fn count(&self) -> u64 {
        self.run.get()
    }

    /// Drops what waits.
    pub(super) fn clear(&self) {
        drop(self.waiting.take());
        drop(self.dispatcher.take());
    }
}
