//! The way of one exchange between a service and its client, whichever version of HTTP carries it.
//!
//! [`Channel`] is what [`HttpConnection`](crate::HttpConnection) is a handle of and what
//! [`serving`](crate::serving) drives. HTTP/1.1 has one for a whole connection, which is at one exchange at
//! a time; HTTP/2 one for each of its streams. What both need of tasks that wait and of clients that leave
//! is in the files beside.

mod departure;
mod tasks;

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use firewhirl_event::{IoStream, StreamError};
use firewhirl_tcp::Peer;
use http::StatusCode;

use crate::content_coding::{ContentCoding, Decoder};
use crate::headers::Headers;
use crate::http_connection::{BodyError, ResponseError};
use crate::timeouts::Waiting;
use crate::worker::Worker;

pub(crate) use departure::Departure;
pub(crate) use tasks::Tasks;

/// An answer's next part is refused if more bytes than this wait for the client already. Handlers that
/// flush never come near it.
pub(crate) const OUTPUT_MAX: usize = 64 * 1024 * 1024;

/// What undoes the gzip of a request's body.
pub(crate) fn gzip_decoder(max_size: u64, chunk_size: usize) -> Option<Box<Decoder>> {
    // gzip is in every build, so that there is a decoder.
    let decoder = Decoder::new(&[ContentCoding::Gzip]).ok()?;
    Some(Box::new(decoder.max_size(max_size).chunk_size(chunk_size)))
}

/// How far the answer to the current request is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Unanswered,
    HeadWritten,
    Finished,
}

/// One exchange: the request's body on its way in, the answer on its way out.
///
/// The methods mean what those of [`HttpConnection`](crate::HttpConnection) of the same names do.
pub(crate) trait Channel {
    fn worker(&self) -> &Worker;
    fn peer(&self) -> Peer;
    /// Which exchange it is at: a handle from another one has nothing to say any more.
    fn exchange(&self) -> u32;

    // --- the answer ---

    fn write_head(&self, status: StatusCode, reason: Option<&str>, headers: &Headers) -> Result<(), ResponseError>;
    fn write_body(&self, chunk: &[u8]) -> Result<(), ResponseError>;
    fn write_body_bytes(&self, chunk: Bytes) -> Result<(), ResponseError>;
    /// Puts a whole answer: by one step, if there is a shorter way than that of its parts.
    fn respond(
        &self,
        status: StatusCode,
        reason: Option<&str>,
        headers: &Headers,
        body: &[u8],
    ) -> Result<(), ResponseError> {
        self.respond_in_steps(status, reason, headers, body)
    }
    /// Puts a whole answer part by part.
    fn respond_in_steps(
        &self,
        status: StatusCode,
        reason: Option<&str>,
        headers: &Headers,
        body: &[u8],
    ) -> Result<(), ResponseError> {
        self.write_head(status, reason, headers)?;
        if has_body(status) {
            self.write_body(body)?;
        }
        self.finish(None)
    }
    fn finish(&self, trailers: Option<&Headers>) -> Result<(), ResponseError>;
    fn abort(&self);
    /// Has what follows on this way end: its client must not take anything for the rest of this answer.
    fn close_after_this(&self);
    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<Result<(), StreamError>>;
    /// While this lives, patience with a client that takes no answer may run out.
    fn await_writing(&self) -> Waiting<'_>;
    fn is_head_written(&self) -> bool;
    fn is_finished(&self) -> bool;

    // --- the request's body ---

    fn poll_chunk(&self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>>;
    /// While this lives, patience with a body that is waited for may run out.
    fn await_reading(&self) -> Waiting<'_>;
    /// Has the request's body, which is gzip, decoded as it is read.
    fn decode_body(&self);
    fn request_trailers(&self) -> Option<Headers>;
    fn request_body_done(&self) -> bool;
    fn set_max_body_size(&self, bytes: u64);
    fn set_body_timeout(&self, time: Duration);

    // --- the exchange ---

    /// The task that serves the exchange, and those that wait beside it.
    fn tasks(&self) -> &Tasks;
    /// Sees to the client while a handler works; `true` once it has left.
    fn poll_left(&self, context: &mut Context<'_>) -> bool;
    fn departure(&self) -> &Departure;
    fn hold(&self);
    fn release(&self);
    fn is_held(&self) -> bool;
    fn is_detached(&self) -> bool;
    fn detach(&self) -> Result<IoStream, ResponseError>;

    fn is_closed(&self) -> bool {
        self.departure().has_left()
    }
}

/// Whether an answer with this status has a body at all (RFC 9112, section 6.3).
fn has_body(status: StatusCode) -> bool {
    !(status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED || status.is_informational())
}
