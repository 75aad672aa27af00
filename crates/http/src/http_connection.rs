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

use crate::channel::Channel;
use crate::content_coding::ContentCodingError;
use crate::error::{OutputError, ProtocolError, ProtocolErrorKind};
use crate::headers::Headers;
use crate::http1::Link;
use crate::readiness::Readiness;

/// Reads the body of one request and sends its answer; cheap to clone. The same for HTTP/1.1, where it is
/// a handle of the connection, and for HTTP/2, where it is one of a stream.
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
    way: Way,
    /// The exchange that it belongs to: the connection may be at another one by now.
    exchange: u32,
}

/// What carries the exchange.
#[derive(Clone)]
#[cfg_attr(not(feature = "http2"), expect(dead_code, reason = "only HTTP/2 makes the other"))]
enum Way {
    /// A connection of HTTP/1.1, called without an indirection: a request costs a few microseconds.
    Http1(Rc<Link>),
    /// A stream of HTTP/2.
    Http2(Rc<dyn Channel>),
}

/// Makes an expression with the channel, as long as the exchange goes on; else the other.
macro_rules! with_channel {
    ($connection:expr, $channel:ident => $call:expr, gone: $gone:expr) => {
        match &$connection.way {
            Way::Http1($channel) if $channel.exchange() == $connection.exchange => $call,
            Way::Http2($channel) if $channel.exchange() == $connection.exchange => $call,
            _ => $gone,
        }
    };
}

impl HttpConnection {
    /// That of the exchange which a connection of HTTP/1.1 is at.
    #[inline]
    pub(crate) fn of_link(link: Rc<Link>) -> Self {
        let exchange = link.exchange();
        Self { way: Way::Http1(link), exchange }
    }

    /// That of the exchange of a stream.
    #[cfg(feature = "http2")]
    pub(crate) fn of_stream(stream: Rc<dyn Channel>) -> Self {
        let exchange = stream.exchange();
        Self { way: Way::Http2(stream), exchange }
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
        with_channel!(self, channel => channel.write_head(status, reason, headers), gone: Err(ResponseError::Closed))
    }

    /// Puts a part of the body in the output, framed as the head said.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Output`] before a head, after the end, and above the `Content-Length` given;
    /// [`ResponseError::Full`] if 64 MiB wait to be sent already.
    pub fn write(&self, chunk: &[u8]) -> Result<(), ResponseError> {
        with_channel!(self, channel => channel.write_body(chunk), gone: Err(ResponseError::Closed))
    }

    /// As [`write`](Self::write); a large chunk is not copied.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_bytes(&self, chunk: Bytes) -> Result<(), ResponseError> {
        with_channel!(self, channel => channel.write_body_bytes(chunk), gone: Err(ResponseError::Closed))
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
        with_channel!(self, channel => channel.respond(status, reason, headers, body), gone: Err(ResponseError::Closed))
    }

    /// Ends the answer.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Output`] without a head, if it ended before, or if fewer bytes were written
    /// than the `Content-Length` said (the connection is then closed: the client must not take the
    /// next answer for the rest).
    pub fn finish(&self) -> Result<(), ResponseError> {
        with_channel!(self, channel => channel.finish(None), gone: Err(ResponseError::Closed))
    }

    /// Ends a chunked answer with trailer fields (RFC 9112, section 7.1.2); on one that is not chunked
    /// they are left away.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish).
    pub fn finish_with_trailers(&self, trailers: &Headers) -> Result<(), ResponseError> {
        with_channel!(self, channel => channel.finish(Some(trailers)), gone: Err(ResponseError::Closed))
    }

    /// Ends the connection with the answer as it stands, so that its client sees that it is not whole; in
    /// HTTP/2 the stream alone.
    ///
    /// What was written is still sent, but neither the last chunk nor another answer. A client of
    /// HTTP/1.0, whose answers end with the connection, cannot tell.
    pub fn abort(&self) {
        with_channel!(self, channel => channel.abort(), gone: ());
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
        let _waiting = match &self.way {
            Way::Http1(link) => link.await_writing(),
            Way::Http2(stream) => stream.await_writing(),
        };
        poll_fn(|context| {
            with_channel!(self, channel => channel.poll_flush(context),
                gone: Poll::Ready(Err(StreamError::Closed { cause: None })))
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
        let _waiting = match &self.way {
            Way::Http1(link) => link.await_reading(),
            Way::Http2(stream) => stream.await_reading(),
        };
        poll_fn(|context| {
            with_channel!(self, channel => channel.poll_chunk(context), gone: Poll::Ready(Err(BodyError::Closed)))
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
        with_channel!(self, channel => channel.request_body_done(), gone: true)
    }

    /// The fields that came behind the request's body (RFC 9110, section 6.5); `None` where there are none,
    /// and before [its end](Self::is_body_read).
    pub fn request_trailers(&self) -> Option<Headers> {
        with_channel!(self, channel => channel.request_trailers(), gone: None)
    }

    /// Allows this request's body another size than the server's `max_body_size`, in bytes.
    pub fn set_max_body_size(&self, bytes: u64) {
        with_channel!(self, channel => channel.set_max_body_size(bytes), gone: ());
    }

    /// Gives this request's body another time than the server's `body_timeout`.
    pub fn set_body_timeout(&self, time: Duration) {
        with_channel!(self, channel => channel.set_body_timeout(time), gone: ());
    }

    /// Whether a head was put in the output.
    #[inline]
    pub fn is_head_written(&self) -> bool {
        with_channel!(self, channel => channel.is_head_written(), gone: true)
    }

    /// Whether the answer is complete.
    #[inline]
    pub fn is_finished(&self) -> bool {
        with_channel!(self, channel => channel.is_finished(), gone: true)
    }

    /// Whether the client has left: it sends no more. It may have closed, or have only nothing more to say
    /// and wait for its answer; TCP does not tell which. In HTTP/2 it has reset the stream, or is gone.
    #[inline]
    pub fn is_closed(&self) -> bool {
        with_channel!(self, channel => channel.is_closed(), gone: true)
    }

    /// How far the server of this connection is in its life; of a connection that is gone, at its end.
    pub fn readiness(&self) -> Readiness {
        with_channel!(self, channel => channel.worker().readiness.clone(), gone: Readiness::ended())
    }

    /// Resolves once the client has left; never, if the exchange ends before.
    pub fn closed(&self) -> impl Future<Output = ()> + 'static {
        let connection = self.clone();
        poll_fn(
            move |context| with_channel!(connection, channel => channel.departure().poll_closed(context), gone: Poll::Pending),
        )
    }

    /// Resolves once the server drains: time to end an answer that has no end of its own. Never, if the
    /// exchange ends before.
    ///
    /// To be awaited in the exchange's own task, which a drain wakes.
    pub fn draining(&self) -> impl Future<Output = ()> + 'static {
        let connection = self.clone();
        poll_fn(move |_| {
            let draining = with_channel!(connection, channel => channel.worker().is_draining(), gone: false);
            if draining { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    /// Calls `callback` on the loop when the client leaves before the exchange's end.
    ///
    /// A client that has left already has it called on the loop's next turn.
    pub fn on_close(&self, callback: Box<dyn FnOnce()>) {
        with_channel!(self, channel => channel.departure().on_close(callback), gone: ());
    }

    /// Lets the exchange end when its client leaves: what serves it is then dropped where it waits.
    /// Without this it runs to its end.
    pub fn cancel_on_disconnect(&self) {
        with_channel!(self, channel => channel.departure().cancel_on_disconnect(), gone: ());
    }

    /// Keeps the exchange open after `serve` has returned, until its answer is finished or the last
    /// [`Hold`] is dropped.
    pub fn hold(&self) -> Hold {
        with_channel!(self, channel => channel.hold(), gone: ());
        Hold { connection: self.clone() }
    }

    /// Takes the connection's stream out, for another protocol than HTTP: nothing more is read or
    /// sent here. Bytes that have arrived are still in the stream, and what was written leaves first.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Closed`] if the stream is gone already, [`ResponseError::Shared`] in HTTP/2.
    pub fn detach(&self) -> Result<IoStream, ResponseError> {
        with_channel!(self, channel => channel.detach(), gone: Err(ResponseError::Closed))
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
        with_channel!(self.connection, channel => channel.release(), gone: ());
    }
}

/// Why an answer could not be sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResponseError {
    /// The connection is gone or was detached.
    Closed,
    /// The stream belongs to a connection of HTTP/2, which others use too: it cannot be
    /// [detached](HttpConnection::detach).
    Shared,
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
            Self::Shared => f.write_str("a connection of HTTP/2 cannot be detached by one of its exchanges"),
            Self::Output(error) => error.fmt(f),
            Self::Full { limit } => write!(f, "more than {limit} bytes wait to be sent; flush between writes"),
        }
    }
}

impl std::error::Error for ResponseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Output(error) => Some(error),
            Self::Closed | Self::Shared | Self::Full { .. } => None,
        }
    }
}

/// Why a request's body could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum BodyError {
    /// The body breaks HTTP's rules or a limit.
    Protocol(ProtocolError),
    /// The body is not what its `Content-Encoding` says.
    Coding(ContentCodingError),
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
            Self::Coding(_) => Some(StatusCode::BAD_REQUEST),
            Self::Timeout => Some(StatusCode::REQUEST_TIMEOUT),
            Self::Closed => None,
        }
    }
}

/// A body that is too large once it is decoded is as one that was too large before.
impl From<ContentCodingError> for BodyError {
    fn from(error: ContentCodingError) -> Self {
        match error {
            ContentCodingError::TooLarge { .. } => {
                Self::Protocol(ProtocolError::new(ProtocolErrorKind::BodyTooLarge, b""))
            }
            error => Self::Coding(error),
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(error) => error.fmt(f),
            Self::Coding(error) => error.fmt(f),
            Self::Timeout => f.write_str("timeout reading body"),
            Self::Closed => f.write_str("the client left before its request was complete"),
        }
    }
}

impl std::error::Error for BodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Protocol(error) => Some(error),
            Self::Coding(error) => Some(error),
            _ => None,
        }
    }
}
