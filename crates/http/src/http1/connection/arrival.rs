//! What a connection brings next: a request, or the reason why there is none.

use std::task::{Context, Poll};

use super::{BATCH_MAX, Link, Phase};
use crate::channel::Answer;
use crate::error::{ProtocolError, ProtocolErrorKind};
use crate::exchange::Spare;

/// What a connection brings next.
pub(crate) enum Arrival {
    Request(Spare),
    Refused(ProtocolError),
    /// The client speaks HTTP/2, and says so first (RFC 9113, section 3.4).
    Http2,
    /// A head was begun and not completed in time.
    HeadTimeout,
    /// Nothing more: the client left, was idle for too long, or the server drains.
    End,
}

impl Link {
    /// The next request's head; answers that still wait in the output are sent first if none is there yet.
    pub(crate) fn poll_request(&self, context: &mut Context<'_>) -> Poll<Arrival> {
        let io = &mut *self.io.borrow_mut();
        let Some(stream) = &mut io.stream else { return Poll::Ready(Arrival::End) };
        loop {
            if io.unseen && stream.pending_write() <= BATCH_MAX {
                io.unseen = false;
                let mut spare = io.partial.take().unwrap_or_else(Spare::take);
                match io.codec.read_head(stream.buffer(), spare.request.head_mut()) {
                    Ok(Some(consumed)) => {
                        stream.consume(consumed);
                        io.unseen = true;
                        io.requests += 1;
                        self.reading.renew();
                        self.writing.renew();
                        return Poll::Ready(Arrival::Request(spare));
                    }
                    Ok(None) if stream.buffer().is_empty() => spare.give_back(),
                    Ok(None) => io.partial = Some(spare),
                    Err(error) if io.requests == 0 && self.is_http2(&error, stream.buffer()) => {
                        spare.give_back();
                        return Poll::Ready(Arrival::Http2);
                    }
                    Err(error) => {
                        stream.consume(stream.buffer().len());
                        self.reading.renew();
                        return Poll::Ready(Arrival::Refused(error));
                    }
                }
            }
            if stream.pending_write() > 0 {
                match self.poll_send(stream, context, true) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(Arrival::End),
                    Poll::Pending if stream.pending_write() > BATCH_MAX => return Poll::Pending,
                    Poll::Pending => {}
                }
                if io.unseen {
                    continue;
                }
            }
            match stream.poll_fill(context) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Arrival::End),
                Poll::Ready(Ok(_)) => io.unseen = true,
                Poll::Pending => {
                    let begun = !stream.buffer().is_empty();
                    return self.wait_for_head(begun, begun || io.requests == 0);
                }
            }
        }
    }

    /// Whether what could not be read as a request is the beginning of HTTP/2.
    #[cold]
    fn is_http2(&self, error: &ProtocolError, input: &[u8]) -> bool {
        self.worker.options.offers_http2()
            && self.session.alpn_protocol().is_none()
            && error.kind() == ProtocolErrorKind::NewVersion
            && input.starts_with(b"PRI * HTTP/2.0\r\n")
    }

    /// Notes until when the next head, or its rest, is waited for.
    fn wait_for_head(&self, begun: bool, in_head: bool) -> Poll<Arrival> {
        if let Some(phase) = self.expired.get() {
            return Poll::Ready(if phase == Phase::Head && begun { Arrival::HeadTimeout } else { Arrival::End });
        }
        let phase = if in_head { Phase::Head } else { Phase::Idle };
        if self.phase.replace(phase) != phase {
            self.reading.renew();
        }
        let patience = match phase {
            // Nothing has come, so nothing is lost; a first request may be on its way.
            _ if !begun && self.worker.is_draining() => {
                self.reading.renew();
                self.worker.drain_patience
            }
            Phase::Idle => self.worker.idle_patience,
            _ => self.worker.header_patience,
        };
        self.reading.begin(&self.worker.ticks, patience);
        Poll::Pending
    }

    /// Begins the exchange whose head has arrived.
    pub(crate) fn begin(&self) {
        self.answer.set(Answer::Unanswered);
        self.phase.set(Phase::Body);
        self.holds.set(0);
        self.expired.set(None);
        self.departure.begin(self.gone.get());
        self.body_patience.set(self.worker.body_patience);
    }

    /// Ends the exchange, and with it what its handles can do; whether the connection goes on.
    pub(crate) fn end_exchange(&self) -> bool {
        self.exchange.set(self.exchange.get().wrapping_add(1));
        self.departure.end();
        self.tasks.wake_others();
        let mut io = self.io.borrow_mut();
        io.decoder = None;
        self.reading.renew();
        io.stream.is_some() && !self.gone.get() && io.codec.keep_alive()
    }

    /// Makes the codec ready for the next request.
    pub(crate) fn next_request(&self) {
        let mut io = self.io.borrow_mut();
        io.codec.next_request();
        io.unseen = io.stream.as_ref().is_some_and(|stream| !stream.buffer().is_empty());
    }

    /// Whether another request may follow on the connection, once the body of this one is read.
    pub(crate) fn keeps_alive(&self) -> bool {
        self.io.borrow().codec.keep_alive()
    }

    /// Whether a complete request may already be waiting in the buffer.
    pub(crate) fn has_more_buffered(&self) -> bool {
        let io = self.io.borrow();
        io.unseen && io.stream.as_ref().is_some_and(|stream| !stream.buffer().is_empty())
    }
}
