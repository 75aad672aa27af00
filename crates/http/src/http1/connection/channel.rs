//! A connection of HTTP/1.1 as the channel of the exchange that it is at.

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use firewhirl_event::{IoStream, StreamError};
use firewhirl_tcp::Peer;
use http::StatusCode;

use super::Link;
use crate::channel::{Answer, Channel, Departure, Tasks, gzip_decoder};
use crate::headers::Headers;
use crate::http_connection::{BodyError, ResponseError};
use crate::timeouts::{Patience, Waiting};
use crate::worker::Worker;

impl Channel for Link {
    #[inline]
    fn worker(&self) -> &Worker {
        &self.worker
    }

    fn peer(&self) -> Peer {
        self.peer
    }

    #[inline]
    fn exchange(&self) -> u32 {
        self.exchange.get()
    }

    #[inline]
    fn write_head(&self, status: StatusCode, reason: Option<&str>, headers: &Headers) -> Result<(), ResponseError> {
        self.put_head(status, reason, headers)
    }

    #[inline]
    fn write_body(&self, chunk: &[u8]) -> Result<(), ResponseError> {
        self.put_body(chunk)
    }

    #[inline]
    fn write_body_bytes(&self, chunk: Bytes) -> Result<(), ResponseError> {
        self.put_body_bytes(chunk)
    }

    #[inline]
    fn respond(
        &self,
        status: StatusCode,
        reason: Option<&str>,
        headers: &Headers,
        body: &[u8],
    ) -> Result<(), ResponseError> {
        if self.put_whole(status, reason, headers, body)? {
            Ok(())
        } else {
            self.respond_in_steps(status, reason, headers, body)
        }
    }

    #[inline]
    fn finish(&self, trailers: Option<&Headers>) -> Result<(), ResponseError> {
        self.put_end(trailers)
    }

    fn abort(&self) {
        self.break_off();
    }

    fn close_after_this(&self) {
        self.io.borrow_mut().codec.close_after_this();
    }

    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.poll_send_all(context)
    }

    fn await_writing(&self) -> Waiting<'_> {
        self.writing.awaited()
    }

    #[inline]
    fn is_head_written(&self) -> bool {
        self.answer.get() != Answer::Unanswered
    }

    #[inline]
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
        let mut io = self.io.borrow_mut();
        let (max_size, chunk_size) = (io.codec.max_body_size(), self.worker.options.limits.chunk_size);
        io.decoder = gzip_decoder(max_size, chunk_size);
    }

    fn request_trailers(&self) -> Option<Headers> {
        let io = self.io.borrow();
        let lines = io.codec.request_trailers();
        if lines.is_empty() || !io.codec.request_body_done() {
            return None;
        }
        // They were read as field lines.
        Headers::parse(lines).ok()
    }

    #[inline]
    fn request_body_done(&self) -> bool {
        self.io.borrow().codec.request_body_done()
    }

    fn set_max_body_size(&self, bytes: u64) {
        let io = &mut *self.io.borrow_mut();
        io.codec.set_max_body_size(bytes);
        if let Some(decoder) = &mut io.decoder {
            decoder.set_max_size(bytes);
        }
    }

    fn set_body_timeout(&self, time: Duration) {
        self.body_patience.set(Patience::new(&self.worker.ticks, time));
    }

    #[inline]
    fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    #[inline]
    fn poll_left(&self, context: &mut Context<'_>) -> bool {
        self.look_after_client(context)
    }

    #[inline]
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

    #[inline]
    fn is_held(&self) -> bool {
        self.holds.get() > 0
    }

    #[inline]
    fn is_detached(&self) -> bool {
        self.io.borrow().stream.is_none()
    }

    fn detach(&self) -> Result<IoStream, ResponseError> {
        self.take_stream()
    }
}
