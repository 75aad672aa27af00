//! The client's leaving, as a connection notices it: its bytes end, or it takes no more of ours.

use std::task::{Context, Poll};

use super::Link;

/// While a handler works, up to this many bytes of what its client sends next are read ahead.
const READ_AHEAD_MAX: usize = 64 * 1024;

impl Link {
    /// Sees to the client while a handler works: sends what earlier exchanges left in the output, and
    /// looks whether the client is still there; `true` once it has left.
    pub(super) fn look_after_client(&self, context: &mut Context<'_>) -> bool {
        self.tasks.wake_others();
        let mut io = self.io.borrow_mut();
        let Some(stream) = &mut io.stream else { return false };
        if self.poll_send_beside(stream, context).is_err() || self.departure.has_left() {
            return self.departure.has_left();
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

    /// Notes that the client sends no more.
    pub(super) fn client_left(&self) {
        self.departure.leave(&self.worker.counters);
    }
}
