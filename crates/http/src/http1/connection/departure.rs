//! The client's leaving: how it is noticed, and who is told.

use std::task::{Context, Poll, Waker};

use super::{Link, Watchers};
use crate::worker::count;

/// While a handler works, up to this many bytes of what its client sends next are read ahead.
const READ_AHEAD_MAX: usize = 64 * 1024;

impl Link {
    /// Sees to the client while a handler works: sends what earlier exchanges left in the output, and
    /// looks whether the client is still there; `true` once it has left.
    pub(crate) fn poll_left(&self, context: &mut Context<'_>) -> bool {
        self.wake_others();
        let mut io = self.io.borrow_mut();
        let Some(stream) = &mut io.stream else { return false };
        if self.poll_send_beside(stream, context).is_err() || self.left.get() {
            return self.left.get();
        }
        loop {
            if stream.buffer().len() >= READ_AHEAD_MAX {
                return false;
            }
            match stream.poll_fill(context) {
                Poll::Ready(Ok(0)) => self.client_left(),
                Poll::Ready(Err(_)) => self.client_gone(),
                Poll::Ready(Ok(_)) => continue,
                Poll::Pending => return false,
            }
            return true;
        }
    }

    /// Notes that the client takes no more, and so has left.
    pub(super) fn client_gone(&self) {
        self.gone.set(true);
        self.client_left();
    }

    /// Notes that the client sends no more. Often it has closed; if it only has nothing more to say, it
    /// still gets its answer.
    pub(super) fn client_left(&self) {
        if self.left.replace(true) {
            return;
        }
        count(&self.worker.counters.clients_left);
        if let Some(watchers) = self.watchers.take() {
            let Watchers { callbacks, wakers } = *watchers;
            wakers.into_iter().for_each(Waker::wake);
            if !callbacks.is_empty() {
                // Not here, where the handler may hold borrows: on the loop's next turn.
                firewhirl_event::IoLoop::current()
                    .add_callback(move || callbacks.into_iter().for_each(|callback| callback()));
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.left.get()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.left.get() && self.cancel_on_disconnect.get()
    }

    pub(crate) fn cancel_on_disconnect(&self) {
        self.cancel_on_disconnect.set(true);
    }

    pub(crate) fn on_close(&self, callback: Box<dyn FnOnce()>) {
        if self.left.get() {
            firewhirl_event::IoLoop::current().add_callback(callback);
        } else {
            self.watchers.borrow_mut().get_or_insert_default().callbacks.push(callback);
        }
    }

    pub(crate) fn wait_for_close(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut watchers = self.watchers.borrow_mut();
        let wakers = &mut watchers.get_or_insert_default().wakers;
        if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}
