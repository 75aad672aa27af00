//! The body of the request, as the exchange reads it or passes it over.

use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use firewhirl_event::IoStream;

use super::{Link, Phase};
use crate::channel::{Answer, Channel};
use crate::http_connection::BodyError;

impl Link {
    /// The next part of the body, `None` at its end.
    pub(super) fn poll_body(&self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if !self.request_body_done() || self.io.borrow().decoder.is_some() {
            // A body may come out of the buffer for long without a wait: a gzip bomb, chunks of a byte.
            ready!(pin!(tokio::task::coop::consume_budget()).poll(context));
        }
        self.tasks.poll_for(context, |context| self.poll_body_as_driver(context))
    }

    fn poll_body_as_driver(&self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        let io = &mut *self.io.borrow_mut();
        let Some(stream) = &mut io.stream else { return Poll::Ready(Err(BodyError::Closed)) };
        if self.answer.get() == Answer::Unanswered && io.codec.wants_continue() && stream.buffer().is_empty() {
            io.codec.write_continue(stream.output());
        }
        loop {
            if let Some(decoder) = &mut io.decoder {
                match decoder.next_chunk() {
                    Ok(Some(chunk)) => return Poll::Ready(Ok(Some(chunk))),
                    Ok(None) => {}
                    Err(error) => return Poll::Ready(Err(self.refuse_body(error.into()))),
                }
            }
            if io.codec.request_body_done() {
                return Poll::Ready(match &io.decoder {
                    Some(decoder) => decoder.finish().map(|()| None).map_err(|error| self.refuse_body(error.into())),
                    None => Ok(None),
                });
            }
            let read = match io.codec.read_body(stream.buffer()) {
                Ok(read) => read,
                Err(error) => return Poll::Ready(Err(self.refuse_body(BodyError::Protocol(error)))),
            };
            let consumed = read.consumed;
            let chunk = (!read.data.is_empty()).then(|| Bytes::copy_from_slice(&stream.buffer()[read.data]));
            stream.consume(consumed);
            io.unseen = !stream.buffer().is_empty();
            match (chunk, &mut io.decoder) {
                (Some(chunk), None) => return Poll::Ready(Ok(Some(chunk))),
                (Some(chunk), Some(decoder)) => decoder.push(chunk),
                (None, _) if consumed > 0 || io.codec.request_body_done() => {}
                (None, _) => match ready!(self.poll_more_of_body(stream, context)) {
                    Ok(()) => io.unseen = true,
                    Err(error) => {
                        // The rest is not waited for, so nobody knows where another request begins.
                        io.codec.close_after_this();
                        return Poll::Ready(Err(error));
                    }
                },
            }
        }
    }

    /// Counts a body that is at fault.
    #[cold]
    fn refuse_body(&self, error: BodyError) -> BodyError {
        self.worker.counters.bodies_refused.increment();
        if let BodyError::Protocol(error) = &error {
            self.worker.counters.count_limit(error.kind());
        }
        error
    }

    fn poll_more_of_body(&self, stream: &mut IoStream, context: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        if self.poll_send_beside(stream, context).is_err() {
            return Poll::Ready(Err(BodyError::Closed));
        }
        let patience = self.body_patience.get();
        match stream.poll_fill(context) {
            Poll::Ready(Ok(0)) => {
                self.client_left();
                Poll::Ready(Err(BodyError::Closed))
            }
            Poll::Ready(Err(_)) => {
                self.client_gone();
                Poll::Ready(Err(BodyError::Closed))
            }
            Poll::Ready(Ok(bytes)) => {
                self.reading.progress(&self.worker.ticks, patience, bytes);
                Poll::Ready(Ok(()))
            }
            Poll::Pending if self.expired.get() == Some(Phase::Body) => Poll::Ready(Err(BodyError::Timeout)),
            Poll::Pending => {
                self.phase.set(Phase::Body);
                self.reading.begin(&self.worker.ticks, patience);
                Poll::Pending
            }
        }
    }

    /// Reads what is left of the body and forgets it; whether the connection can go on after it.
    pub(crate) fn poll_discard_body(&self, context: &mut Context<'_>) -> Poll<bool> {
        if self.io.borrow().stream.is_none() {
            return Poll::Ready(false);
        }
        self.io.borrow_mut().decoder = None;
        loop {
            match self.poll_body(context) {
                Poll::Ready(Ok(Some(_))) => {}
                Poll::Ready(Ok(None)) => return Poll::Ready(true),
                Poll::Ready(Err(_)) => return Poll::Ready(false),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
