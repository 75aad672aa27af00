//! The client's leaving: who is told, and whether the exchange goes on.

use std::cell::{Cell, RefCell};
use std::task::{Context, Poll, Waker};

use firewhirl_event::IoLoop;

use crate::statistics::Counters;

/// Whether the client of an exchange has left, and whom that concerns.
#[derive(Default)]
pub(crate) struct Departure {
    /// The client sends no more. It may still read.
    left: Cell<bool>,
    cancels: Cell<bool>,
    /// What is told when the client leaves; most exchanges have none of it.
    watchers: RefCell<Option<Box<Watchers>>>,
}

#[derive(Default)]
struct Watchers {
    callbacks: Vec<Box<dyn FnOnce()>>,
    wakers: Vec<Waker>,
}

impl Departure {
    /// Begins an exchange whose client has perhaps left already.
    #[inline]
    pub(crate) fn begin(&self, left: bool) {
        self.left.set(left);
        self.cancels.set(false);
    }

    /// Notes that the client sends no more. Often it has closed; if it only has nothing more to say, it
    /// still gets its answer.
    pub(crate) fn leave(&self, counters: &Counters) {
        if self.left.replace(true) {
            return;
        }
        counters.clients_left.increment();
        if let Some(watchers) = self.watchers.take() {
            let Watchers { callbacks, wakers } = *watchers;
            wakers.into_iter().for_each(Waker::wake);
            if !callbacks.is_empty() {
                // Not here, where the handler may hold borrows: on the loop's next turn.
                IoLoop::current().add_callback(move || callbacks.into_iter().for_each(|callback| callback()));
            }
        }
    }

    #[inline]
    pub(crate) fn has_left(&self) -> bool {
        self.left.get()
    }

    /// Whether the exchange is to end where it waits.
    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.left.get() && self.cancels.get()
    }

    pub(crate) fn cancel_on_disconnect(&self) {
        self.cancels.set(true);
    }

    pub(crate) fn on_close(&self, callback: Box<dyn FnOnce()>) {
        if self.left.get() {
            IoLoop::current().add_callback(callback);
        } else {
            self.watchers.borrow_mut().get_or_insert_default().callbacks.push(callback);
        }
    }

    /// Ready once the client has left.
    pub(crate) fn poll_closed(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.left.get() {
            return Poll::Ready(());
        }
        let mut watchers = self.watchers.borrow_mut();
        let wakers = &mut watchers.get_or_insert_default().wakers;
        if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            wakers.push(context.waker().clone());
        }
        Poll::Pending
    }

    /// Forgets whom it was to tell: the exchange is over.
    #[inline]
    pub(crate) fn end(&self) {
        // What was to be called is dropped outside the borrow.
        drop(self.watchers.take());
    }
}
