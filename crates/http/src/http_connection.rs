//! The way back to the client of one request: reading its body, sending its answer.
//!
//! Tornado's `HTTPConnection`. A handle, so that a handler can hold it beside the request; it never
//! lets a borrow cross an `await`.

use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use firewhirl_event::{IoStream, StreamError};
use http::StatusCode;

use crate::error::{OutputError, ProtocolError};
use crate::headers::Headers;
use crate::http1::Link;

/// Reads the body of one request and sends its answer; cheap to clone.
///
/// `write_head`, `write` and `finish` put bytes in the connection's output and do not wait;
/// [`flush`](Self::flush) sends and waits for the client. Whatever is not flushed leaves at the end of
/// the exchange, together with the answers to requests that were pipelined behind it, or while its
/// handler waits.
///
/// It belongs to its exchange: kept beyond the end it answers "closed", whatever the connection does
/// by then.
#[derive(Clone)]
pub struct HttpConnection {
    link: Rc<Link>,
    /// The exchange that it belongs to: the connection may be at another one by now.
    exchange: u32,
}

impl HttpConnection {
    pub(crate) fn new(link: Rc<Link>) -> Self {
        let exchange = link.exchange();
        Self { link, exchange }
    }

    /// The connection, as long as the exchange goes on.
    #[inline]
    fn current(&self) -> Result<&Link, ResponseError> {
        if self.link.exchange() == self.exchange { Ok(&self.link) } else { Err(ResponseError::Closed) }
    }

    /// Puts the status line and the header fields in the output.
    ///
    /// Without a `Content-Length` among the fields the body is sent in chunks, or, to a client of
    /// HTTP/1.0, ends with the connection. The connection adds `Transfer-Encoding` and `Connection`.
    /// Without a `reason` the standard one stands.
    ///
    /// # Errors
    ///
    /// [`ResponseError`] if a head was written before, if it contradicts itself, or if the connection is gone.
    pub fn write_head(&self, status: StatusCode, reason: Option<&str>, headers: &Headers) -> Result<(), ResponseError> {
        self.current()?.write_head(status, reason, headers)
    }

    /// Puts a part of the body in the output, framed as the head said.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Output`] before a head, after the end, and above the `Content-Length` given;
    /// [`ResponseError::Full`] if 64 MiB wait to be sent already.
    pub fn write(&self, chunk: &[u8]) -> Result<(), ResponseError> {
        self.current()?.write_body(chunk)
    }

    /// As [`write`](Self::write); a large chunk is not copied.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_bytes(&self, chunk: Bytes) -> Result<(), ResponseError> {
        self.current()?.write_body_bytes(chunk)
    }

    /// Sends a whole answer: head, body and end. The body is left away where the request or the
    /// status has none (HEAD, 204, 304).
    ///
    /// `headers` should hold the `Content-Length`.
    ///
    /// # Errors
    ///
    /// As [`write_head`](Self::write_head).
    pub fn respond(
        &self,
        status: StatusCode,
        reason: Option<&str>,
        headers: &Headers,
        body: &[u8],
    ) -> Result<(), ResponseError> {
        self.current()?.respond(status, reason, headers, body)
    }

    /// Ends the answer.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Output`] without a head, if it ended before, or if fewer bytes were written
    /// than the `Content-Length` said (the connection is then closed: the client must not take the
    /// next answer for the rest).
    pub fn finish(&self) -> Result<(), ResponseError> {
        self.current()?.finish(None)
    }

    /// Ends a chunked answer with trailer fields (RFC 9112, section 7.1.2); on one that is not chunked
    /// they are left away.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish).
    pub fn finish_with_trailers(&self, trailers: &Headers) -> Result<(), ResponseError> {
        self.current()?.finish(Some(trailers))
    }

    /// Ends the connection with the answer as it stands, so that its client sees that it is not whole.
    ///
    /// What was written is still sent, but neither the last chunk nor another answer. A client of
    /// HTTP/1.0, whose answers end with the connection, cannot tell.
    pub fn abort(&self) {
        if let Ok(link) = self.current() {
            link.abort();
        }
    }

    /// Sends what was written, and waits until the system has taken it: this is where a slow client
    /// slows its handler down.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] once the client takes no more, or not in time. One that has only
    /// [left](Self::is_closed) may still be reading, so sending to it is tried.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: what is still to be sent stays in the output.
    pub async fn flush(&self) -> Result<(), StreamError> {
        let _waiting = self.link.await_writing();
        poll_fn(|context| match self.current() {
            Ok(link) => link.poll_flush(context),
            Err(_) => Poll::Ready(Err(StreamError::Closed { cause: None })),
        })
        .await
    }

    /// The next part of the request's body, `None` at its end.
    ///
    /// The first call sends `100 Continue` to a client that waits for it.
    ///
    /// # Errors
    ///
    /// [`BodyError`]: malformed framing, a body above the limit, one that takes too long, a client
    /// that left.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn next_chunk(&self) -> Result<Option<Bytes>, BodyError> {
        let _waiting = self.link.await_reading();
        poll_fn(|context| match self.current() {
            Ok(link) => link.poll_chunk(context),
            Err(_) => Poll::Ready(Err(BodyError::Closed)),
        })
        .await
    }

    /// The rest of the request's body, whole.
    ///
    /// # Errors
    ///
    /// As [`next_chunk`](Self::next_chunk).
    ///
    /// # Cancel safety
    ///
    /// What has been read is lost if the future is dropped.
    pub async fn read_body(&self) -> Result<Bytes, BodyError> {
        let Some(first) = self.next_chunk().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.next_chunk().await? else { return Ok(first) };
        let mut whole = BytesMut::from(first);
        whole.extend_from_slice(&second);
        while let Some(chunk) = self.next_chunk().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    /// Whether the request's body has been read to its end; that of a request without one has.
    #[inline]
    pub fn is_body_read(&self) -> bool {
        self.current().map_or(true, Link::request_body_done)
    }

    /// Allows this request's body another size than the server's `max_body_size`, in bytes.
    pub fn set_max_body_size(&self, bytes: u64) {
        if let Ok(link) = self.current() {
            link.set_max_body_size(bytes);
        }
    }

    /// Gives this request's body another time than the server's `body_timeout`.
    pub fn set_body_timeout(&self, time: Duration) {
        if let Ok(link) = self.current() {
            link.set_body_timeout(time);
        }
    }

    /// Whether a head was put in the output.
    #[inline]
    pub fn is_head_written(&self) -> bool {
        self.current().map_or(true, Link::is_head_written)
    }

    /// Whether the answer is complete.
    #[inline]
    pub fn is_finished(&self) -> bool {
        self.current().map_or(true, Link::is_finished)
    }

    /// Whether the client has left: it sends no more. It may have closed, or have only nothing more to say
    /// and wait for its answer; TCP does not tell which.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.current().map_or(true, Link::is_closed)
    }

    /// Resolves once the client has left; never, if the exchange ends before.
    pub fn closed(&self) -> impl Future<Output = ()> + 'static {
        let connection = self.clone();
        poll_fn(move |context| match connection.current() {
            Ok(link) if link.is_closed() => Poll::Ready(()),
            Ok(link) => link.wait_for_close(context),
            Err(_) => Poll::Pending,
        })
    }

    /// Calls `callback` on the loop when the client leaves before the exchange's end.
    ///
    /// A client that has left already has it called on the loop's next turn.
    pub fn on_close(&self, callback: Box<dyn FnOnce()>) {
        if let Ok(link) = self.current() {
            link.on_close(callback);
        }
    }

    /// Lets the exchange end when its client leaves: what serves it is then dropped where it waits.
    /// Without this it runs to its end.
    pub fn cancel_on_disconnect(&self) {
        if let Ok(link) = self.current() {
            link.cancel_on_disconnect();
        }
    }

    /// Keeps the exchange open after `serve` has returned, until its answer is finished or the last
    /// [`Hold`] is dropped.
    pub fn hold(&self) -> Hold {
        if let Ok(link) = self.current() {
            link.hold();
        }
        Hold { connection: self.clone() }
    }

    /// Takes the connection's stream out, for another protocol than HTTP: nothing more is read or
    /// sent here. Bytes that have arrived are still in the stream, and what was written leaves first.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Closed`] if the stream is gone already.
    pub fn detach(&self) -> Result<IoStream, ResponseError> {
        self.current()?.detach()
    }
}

impl fmt::Debug for HttpConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnection")
            .field("head_written", &self.is_head_written())
            .field("finished", &self.is_finished())
            .field("closed", &self.is_closed())
            .finish()
    }
}

/// Keeps an exchange open; made by [`HttpConnection::hold`].
#[must_use = "the exchange ends when this is dropped"]
pub struct Hold {
    connection: HttpConnection,
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Ok(link) = self.connection.current() {
            link.release();
        }
    }
}

/// Why an answer could not be sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResponseError {
    /// The connection is gone or was detached.
    Closed,
    /// The answer contradicts HTTP or itself: the program's fault.
    Output(OutputError),
    /// More bytes wait for the client than a connection may hold: the program has to
    /// [flush](HttpConnection::flush) between its writes.
    Full {
        /// The bytes that may wait.
        limit: usize,
    },
}

impl From<OutputError> for ResponseError {
    fn from(error: OutputError) -> Self {
        Self::Output(error)
    }
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the connection is closed"),
            Self::Output(error) => error.fmt(f),
            Self::Full { limit } => write!(f, "more than {limit} bytes wait to be sent; flush between writes"),
        }
    }
}

impl std::error::Error for ResponseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Output(error) => Some(error),
            Self::Closed | Self::Full { .. } => None,
        }
    }
}

/// Why a request's body could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum BodyError {
    /// The body breaks HTTP's rules or a limit.
    Protocol(ProtocolError),
    /// The body is no valid gzip, though it says so.
    Encoding(&'static str),
    /// The body took too long.
    Timeout,
    /// The client left.
    Closed,
}

impl BodyError {
    /// The status to answer with; `None` where nobody is left to be answered.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Protocol(error) => Some(error.status()),
            Self::Encoding(_) => Some(StatusCode::BAD_REQUEST),
            Self::Timeout => Some(StatusCode::REQUEST_TIMEOUT),
            Self::Closed => None,
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(error) => error.fmt(f),
            Self::Encoding(what) => write!(f, "the body cannot be inflated: {what}"),
            Self::Timeout => f.write_str("timeout reading body"),
            Self::Closed => f.write_str("the client left before its request was complete"),
        }
    }
}

impl std::error::Error for BodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Protocol(error) => Some(error),
            _ => None,
        }
    }
}
