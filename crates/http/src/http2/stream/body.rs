//! The body of the request. The client's window is given back as the body is read, so that a slow handler
//! slows its client down.

use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::{Answer, Expired, Io, Stream};
use crate::http_connection::BodyError;

impl Stream {
    /// The next part of the body, `None` at its end.
    pub(super) fn poll_body(&self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if self.io.borrow().as_ref().is_some_and(|io| !io.reader.is_done() || io.decoder.is_some()) {
            // A body may have come for long, a byte a frame.
            ready!(pin!(tokio::task::coop::consume_budget()).poll(context));
        }
        self.tasks.poll_for(context, |context| self.poll_body_as_driver(context))
    }

    fn poll_body_as_driver(&self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        let worker = &self.connection.worker;
        let io = &mut *self.io.borrow_mut();
        let Some(io) = io else { return Poll::Ready(Err(BodyError::Closed)) };
        if self.answer.get() == Answer::Unanswered && io.chunk.is_empty() && !io.reader.is_too_large() {
            io.write_continue();
        }
        loop {
            if let Some(decoder) = &mut io.decoder {
                match decoder.next_chunk() {
                    Ok(Some(chunk)) => return Poll::Ready(Ok(Some(chunk))),
                    Ok(None) => {}
                    Err(error) => return Poll::Ready(Err(self.refuse_body(error.into()))),
                }
            }
            if io.body_is_read() {
                return Poll::Ready(match &io.decoder {
                    Some(decoder) => decoder.finish().map(|()| None).map_err(|error| self.refuse_body(error.into())),
                    None => Ok(None),
                });
            }
            let read = match io.reader.read(&io.chunk, &worker.options.limits) {
                Ok(read) => read,
                Err(error) => return Poll::Ready(Err(self.refuse_body(BodyError::Protocol(error)))),
            };
            if read.consumed > 0 {
                let chunk = io.chunk.split_to(read.consumed);
                // What the handler has, the client may send again. It fails once the stream is gone.
                let _ = io.body.flow_control().release_capacity(chunk.len());
                match &mut io.decoder {
                    None => return Poll::Ready(Ok(Some(chunk))),
                    Some(decoder) => decoder.push(chunk),
                }
                continue;
            }
            match io.body.poll_data(context) {
                Poll::Ready(Some(Ok(chunk))) => {
                    self.reading.progress(&worker.ticks, self.body_patience.get(), chunk.len());
                    io.chunk = chunk;
                }
                Poll::Ready(None) => {
                    io.request_trailers = ready!(io.body.poll_trailers(context)).ok().flatten();
                    if let Err(error) = io.reader.end_of_stream() {
                        return Poll::Ready(Err(self.refuse_body(BodyError::Protocol(error))));
                    }
                }
                Poll::Ready(Some(Err(_))) => {
                    self.client_left();
                    return Poll::Ready(Err(BodyError::Closed));
                }
                Poll::Pending if self.expired.get() == Some(Expired::Body) => {
                    return Poll::Ready(Err(BodyError::Timeout));
                }
                Poll::Pending => {
                    self.reading.begin(&worker.ticks, self.body_patience.get());
                    return Poll::Pending;
                }
            }
        }
    }

    /// Counts a body that is at fault.
    #[cold]
    fn refuse_body(&self, error: BodyError) -> BodyError {
        let counters = &self.connection.worker.counters;
        counters.bodies_refused.increment();
        if let BodyError::Protocol(error) = &error {
            counters.count_limit(error.kind());
        }
        error
    }
}

impl Io {
    /// Whether all of the body was taken.
    pub(super) fn body_is_read(&self) -> bool {
        self.chunk.is_empty() && (self.reader.is_done() || self.body.is_end_stream())
    }
}
