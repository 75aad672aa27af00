//! A response whose head is there and whose body is still on the wire.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use firewhirl_event::IoStream;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode, Version};

use super::error::HttpClientError;
use super::exchange::Exchange;
use super::time_info::TimeInfo;
use crate::headers::Headers;
use crate::http1::ResponseHead;

/// A response whose head is there and whose body is still on the wire.
///
/// Nothing of the body is read before it is asked for, so that a server is slowed down to the speed of
/// whoever reads. The connection goes back to the pool with the body's last byte; a response that is
/// dropped before gives the exchange up, and unless the rest has come already its connection is closed.
pub struct IncomingResponse {
    /// In a box, for a response is handed on several times before its caller has it.
    exchange: Box<Exchange>,
    header_map: OnceCell<Box<HeaderMap>>,
}

impl IncomingResponse {
    pub(super) fn new(exchange: Box<Exchange>) -> Self {
        Self { exchange, header_map: OnceCell::new() }
    }

    /// The status code.
    pub fn status(&self) -> StatusCode {
        self.exchange.head.status()
    }

    /// The reason phrase as it came, which may be empty.
    pub fn reason(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.exchange.head.reason())
    }

    /// The version of HTTP that the server spoke.
    pub fn version(&self) -> Version {
        self.exchange.head.version()
    }

    /// The head as it came.
    pub fn head(&self) -> &ResponseHead {
        &self.exchange.head
    }

    /// The head, to be changed by what undoes the body's codings.
    pub(super) fn head_mut(&mut self) -> &mut ResponseHead {
        &mut self.exchange.head
    }

    /// Takes the head out.
    pub(super) fn into_head(mut self) -> ResponseHead {
        std::mem::take(&mut self.exchange.head)
    }

    /// The first value of a field, `None` where it is not there or no UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.exchange.head.field(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The values of all lines of a field.
    pub fn header_values<'response>(&'response self, name: &str) -> impl Iterator<Item = &'response [u8]> {
        self.exchange.head.field_values(name)
    }

    /// All fields, name and value, as they came.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.exchange.head.fields()
    }

    /// All fields as a map, which is made when it is first asked for.
    pub fn headers(&self) -> &HeaderMap {
        self.header_map.get_or_init(|| Box::new(header_map(&self.exchange.head)))
    }

    /// What `Content-Length` says; of the answer to HEAD, what GET would have had.
    pub fn content_length(&self) -> Option<u64> {
        self.exchange.head.content_length()
    }

    /// The next part of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// [`HttpClientError`] if the server breaks a rule or a limit, closes too early, or time is over. The
    /// connection is closed then, and every further part is an error.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, HttpClientError> {
        poll_fn(|context| self.poll_chunk(context)).await
    }

    /// The poll of [`next_chunk`](Self::next_chunk).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, HttpClientError>> {
        // A body may come out of the buffer for long without a wait: chunks of a byte.
        ready!(pin!(tokio::task::coop::consume_budget()).poll(context));
        self.exchange.poll_chunk(context)
    }

    /// The rest of the body, whole.
    ///
    /// # Errors
    ///
    /// As of [`next_chunk`](Self::next_chunk).
    ///
    /// # Cancel safety
    ///
    /// What has been read is lost if the future is dropped.
    pub async fn read_body(&mut self) -> Result<Bytes, HttpClientError> {
        let first = self.next_chunk().await?.unwrap_or_default();
        let Some(second) = self.next_chunk().await? else { return Ok(first) };
        let mut body = BytesMut::with_capacity(first.len() + second.len());
        body.extend_from_slice(&first);
        body.extend_from_slice(&second);
        while let Some(chunk) = self.next_chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// Bytes of the body still to come; `None` if that is not known.
    pub fn body_left(&self) -> Option<u64> {
        self.exchange.body_left()
    }

    /// Sets how many bytes the body may have, in place of
    /// [`Limits::max_body_size`](crate::Limits::max_body_size).
    pub fn set_max_body_size(&mut self, bytes: u64) {
        self.exchange.set_max_body_size(bytes);
    }

    /// The fields that came after a chunked body, once it has been read to its end.
    pub fn trailers(&self) -> Headers {
        // They have been parsed once, so that they are in order.
        std::str::from_utf8(&self.exchange.trailers)
            .ok()
            .and_then(|lines| Headers::parse(lines).ok())
            .unwrap_or_default()
    }

    /// Takes the connection out, after 101 or a CONNECT that was granted, for the protocol that is
    /// spoken on it now. It no longer counts among the requests under way.
    ///
    /// # Errors
    ///
    /// [`HttpClientError::NotUpgraded`] after any other answer.
    pub fn upgrade(self) -> Result<IoStream, HttpClientError> {
        self.exchange.upgrade()
    }

    /// Where the time went, so far.
    pub fn time_info(&self) -> TimeInfo {
        self.exchange.times.time_info()
    }
}

impl fmt::Debug for IncomingResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingResponse")
            .field("status", &self.status())
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

pub(super) fn header_map(head: &ResponseHead) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(head.field_count());
    for (name, value) in head.fields() {
        // Both have been checked by the parser, whose rules are no laxer.
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
            map.append(name, value);
        }
    }
    map
}
