//! A connection for one request, whichever version of HTTP it speaks: one of HTTP/1.1 as a whole, or a
//! stream of one of HTTP/2.

use std::task::{Context, Poll};

use bytes::Bytes;
use firewhirl_event::IoStream;

use super::error::HttpClientError;
use super::outgoing::{InformationalHook, OutgoingRequest};
use crate::http1::{ClientConnection, ResponseHead};
use crate::http2::ClientStream;
use crate::limits::Limits;

/// A connection for one request.
pub(super) enum Connection {
    Http1(Box<ClientConnection>),
    Http2(Box<ClientStream>),
}

/// Makes an expression with either.
macro_rules! either {
    ($connection:expr, $either:ident => $call:expr) => {
        match $connection {
            Connection::Http1($either) => $call,
            Connection::Http2($either) => $call,
        }
    };
}

impl Connection {
    /// Whether nothing has come on it while it was idle; a stream is new.
    pub(super) fn poll_is_quiet(&mut self, context: &mut Context<'_>) -> bool {
        match self {
            Self::Http1(connection) => connection.poll_is_quiet(context),
            Self::Http2(_) => true,
        }
    }

    /// Queues a request; the first poll for its response sends it.
    pub(super) fn begin(&mut self, request: &mut OutgoingRequest, limits: &Limits) -> Result<(), HttpClientError> {
        match self {
            Self::Http1(connection) => Ok(connection.begin(request, limits)?),
            Self::Http2(stream) => stream.begin(request, limits),
        }
    }

    /// Whether it has carried a request before, so that the server may have closed it meanwhile.
    pub(super) fn is_reused(&self) -> bool {
        either!(self, either => either.is_reused())
    }

    /// Whether anything of the response has come.
    pub(super) fn has_heard(&self) -> bool {
        either!(self, either => either.has_heard())
    }

    pub(super) fn poll_head(
        &mut self,
        context: &mut Context<'_>,
        head: &mut ResponseHead,
        on_informational: &mut Option<InformationalHook>,
    ) -> Poll<Result<(), HttpClientError>> {
        either!(self, either => either.poll_head(context, head, on_informational))
    }

    pub(super) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, HttpClientError>> {
        either!(self, either => either.poll_chunk(context))
    }

    /// Whether the response is complete.
    pub(super) fn response_done(&self) -> bool {
        either!(self, either => either.response_done())
    }

    pub(super) fn body_left(&self) -> Option<u64> {
        either!(self, either => either.body_left())
    }

    pub(super) fn set_max_body_size(&mut self, bytes: u64) {
        either!(self, either => either.set_max_body_size(bytes));
    }

    /// The fields that came after the body: complete lines.
    pub(super) fn trailers(&self) -> &[u8] {
        either!(self, either => either.trailers())
    }

    /// Whether the response says only that the request came too late, on a connection that its server was
    /// about to close; the streams of HTTP/2 are refused with a code.
    pub(super) fn is_turned_away(&self, head: &ResponseHead) -> bool {
        matches!(self, Self::Http1(connection) if connection.is_turned_away(head))
    }

    /// Reads and forgets what of the body has come already.
    pub(super) fn discard(&mut self) {
        if let Self::Http1(connection) = self {
            connection.discard();
        }
    }

    /// Whether it is another protocol's now; a stream of HTTP/2 never is.
    pub(super) fn is_switched(&self, head: &ResponseHead) -> bool {
        matches!(self, Self::Http1(connection) if connection.is_switched(head))
    }

    /// The stream, for another protocol.
    pub(super) fn into_stream(self) -> Option<IoStream> {
        match self {
            Self::Http1(connection) => Some(connection.into_stream()),
            Self::Http2(_) => None,
        }
    }
}
