//! The end of a connection, in such a way that the client can read the last answer.

use std::task::{Context, Poll, ready};

use super::Link;

impl Link {
    /// Whether the close must wait for the client, which may still be sending what nobody reads: a
    /// reset would then take away the answer that it has not read yet (RFC 9112, section 9.6).
    pub(crate) fn must_linger(&self) -> bool {
        let io = self.io.borrow();
        !self.departure.has_left()
            && io.stream.as_ref().is_some_and(|stream| !stream.buffer().is_empty() || !io.codec.request_body_done())
    }

    /// Sends the end of what we have to say.
    pub(crate) fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<()> {
        let io = &mut *self.io.borrow_mut();
        let Some(stream) = &mut io.stream else { return Poll::Ready(()) };
        if ready!(self.poll_send(stream, context, true)).is_err() {
            return Poll::Ready(());
        }
        stream.poll_close_write(context).map(drop)
    }

    /// Reads and forgets what still comes; ready once `budget` bytes came or the client ended.
    pub(crate) fn poll_linger(&self, context: &mut Context<'_>, budget: &mut usize) -> Poll<()> {
        let mut io = self.io.borrow_mut();
        let Some(stream) = &mut io.stream else { return Poll::Ready(()) };
        loop {
            stream.consume(stream.buffer().len());
            match stream.poll_fill(context) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(bytes)) if bytes >= *budget => return Poll::Ready(()),
                Poll::Ready(Ok(bytes)) => *budget -= bytes,
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Closes the connection, however it came to its end and whoever still has a handle to it.
    pub(super) fn take_apart(&self) {
        self.exchange.set(self.exchange.get().wrapping_add(1));
        let (stream, partial) = {
            let mut io = self.io.borrow_mut();
            (io.stream.take(), io.partial.take())
        };
        drop((stream, partial));
        self.departure.end();
        self.tasks.end();
    }
}
