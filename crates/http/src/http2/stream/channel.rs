//! A stream as the channel of its exchange.

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use firewhirl_event::{IoStream, StreamError};
use firewhirl_tcp::Peer;
use http::StatusCode;

use super::{Answer, Io, Stream};
use crate::channel::{Channel, Departure, Tasks, gzip_decoder};
use crate::headers::Headers;
use crate::http_connection::{BodyError, ResponseError};
use crate::timeouts::{Patience, Waiting};
use crate::worker::Worker;

impl Channel for Stream {
    fn worker(&self) -> &Worker {
        &self.connection.worker
    }

    fn peer(&self) -> Peer {
        self.connection.peer
    }

    fn exchange(&self) -> u32 {
        self.exchange.get()
    }

    /// HTTP/2 has no reason phrases (RFC 9113, section 8.3.2).
    fn write_head(&self, status: StatusCode, _reason: Option<&str>, headers: &Headers) -> Result<(), ResponseError> {
        self.put_head(status, headers)
    }

    fn write_body(&self, chunk: &[u8]) -> Result<(), ResponseError> {
        self.put_body(chunk.len(), |io| io.output.push_copy(chunk))
    }

    fn write_body_bytes(&self, chunk: Bytes) -> Result<(), ResponseError> {
        self.put_body(chunk.len(), |io| io.output.push(chunk))
    }

    fn finish(&self, trailers: Option<&Headers>) -> Result<(), ResponseError> {
        self.put_end(trailers)
    }

    fn abort(&self) {
        self.break_off();
    }

    /// Nothing follows on a stream, but this answer is none.
    fn close_after_this(&self) {
        self.broken.set(true);
    }

    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.tasks.poll_for(context, |context| self.poll_send_all(context))
    }

    fn await_writing(&self) -> Waiting<'_> {
        self.writing.awaited()
    }

    fn is_head_written(&self) -> bool {
        self.answer.get() != Answer::Unanswered
    }

    fn is_finished(&self) -> bool {
        self.answer.get() == Answer::Finished
    }

    fn poll_chunk(&self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        self.poll_body(context)
    }

    fn await_reading(&self) -> Waiting<'_> {
        self.reading.awaited()
    }

    fn decode_body(&self) {
        if let Some(io) = &mut *self.io.borrow_mut() {
            io.decoder = gzip_decoder(io.reader.max_size(), self.connection.worker.options.limits.chunk_size);
        }
    }

    fn request_trailers(&self) -> Option<Headers> {
        let io = self.io.borrow();
        let mut trailers = Headers::new();
        for (name, value) in io.as_ref()?.request_trailers.as_ref()? {
            // A field of HTTP/2 is a valid field, and a bad one is left out.
            let _ = trailers.add(name.as_str(), value.as_bytes());
        }
        Some(trailers)
    }

    fn request_body_done(&self) -> bool {
        self.io.borrow().as_ref().is_none_or(Io::body_is_read)
    }

    fn set_max_body_size(&self, bytes: u64) {
        if let Some(io) = &mut *self.io.borrow_mut() {
            io.reader.set_max_size(bytes);
            if let Some(decoder) = &mut io.decoder {
                decoder.set_max_size(bytes);
            }
        }
    }

    fn set_body_timeout(&self, time: Duration) {
        self.body_patience.set(Patience::new(&self.connection.worker.ticks, time));
    }

    fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    fn poll_left(&self, context: &mut Context<'_>) -> bool {
        self.tasks.wake_others();
        if self.is_closed() {
            return true;
        }
        self.send_beside(context);
        let reset = match &mut *self.io.borrow_mut() {
            Some(Io { send: Some(send), .. }) => send.poll_reset(context).is_ready(),
            Some(Io { respond: Some(respond), .. }) => respond.poll_reset(context).is_ready(),
            _ => false,
        };
        if reset {
            self.client_left();
        }
        self.is_closed()
    }

    fn departure(&self) -> &Departure {
        &self.departure
    }

    fn hold(&self) {
        self.holds.set(self.holds.get() + 1);
    }

    fn release(&self) {
        self.holds.set(self.holds.get() - 1);
        self.tasks.wake();
    }

    fn is_held(&self) -> bool {
        self.holds.get() > 0
    }

    fn is_detached(&self) -> bool {
        false
    }

    fn detach(&self) -> Result<IoStream, ResponseError> {
        Err(ResponseError::Shared)
    }
}
