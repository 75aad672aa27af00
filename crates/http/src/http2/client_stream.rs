//! One request and its response on a client's connection: a stream (RFC 9113, section 8.1).
//!
//! The task that fetches drives it in short polls, as it does a connection of HTTP/1.1; only reading and
//! writing on the wire are the connection's own task's. This file holds the state and the errors; the
//! request is in `sending.rs`, the response in `receiving.rs`.

mod receiving;
mod sending;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Method};

use super::client_connection::Slot;
use super::output::Output;
use crate::client::HttpClientError;
use crate::error_code::Http2ErrorCode;
use crate::http1::{BodyLength, BodyReader, BodyWriter};
use crate::limits::Limits;
use sending::Upload;

/// A stream, and the exchange that it is for.
pub(crate) struct ClientStream {
    requests: SendRequest<Bytes>,
    /// Given back with the stream.
    _slot: Slot,
    is_reused: bool,
    limits: Limits,
    method: Method,
    // --- the request ---
    send: Option<SendStream<Bytes>>,
    upload: Upload,
    writer: BodyWriter,
    output: Output,
    request_trailers: Option<HeaderMap>,
    // --- the response ---
    response: Option<ResponseFuture>,
    body: Option<RecvStream>,
    reader: BodyReader,
    /// What came and was not asked for yet.
    chunk: Bytes,
    /// Whether anything of the response has come.
    heard: bool,
    informational: usize,
    done: bool,
    trailers: Vec<u8>,
}

impl ClientStream {
    pub(super) fn new(requests: SendRequest<Bytes>, slot: Slot, is_reused: bool) -> Self {
        let limits = Limits::default();
        Self {
            requests,
            _slot: slot,
            is_reused,
            method: Method::GET,
            send: None,
            upload: Upload::Done,
            writer: BodyWriter::new(BodyLength::None),
            output: Output::default(),
            request_trailers: None,
            response: None,
            body: None,
            reader: BodyReader::new(BodyLength::None, &limits),
            limits,
            chunk: Bytes::new(),
            heard: false,
            informational: 0,
            done: false,
            trailers: Vec::new(),
        }
    }

    /// Whether its connection has carried a request before, so that the server may have closed it meanwhile.
    pub(crate) fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// Whether anything of the response has come.
    pub(crate) fn has_heard(&self) -> bool {
        self.heard
    }

    /// Ends the stream as it stands.
    fn reset(&mut self, reason: Reason) {
        if let Some(send) = &mut self.send {
            send.send_reset(reason);
        }
    }
}

/// What `h2` says, in the client's words.
pub(super) fn failed(error: h2::Error) -> HttpClientError {
    // RFC 9113, sections 6.8 and 8.7: streams above the last that GOAWAY names, and those that were refused,
    // have not been processed.
    let is_refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    if error.is_remote() && (error.is_go_away() || is_refused) {
        return HttpClientError::Refused { code: code(&error) };
    }
    if error.is_reset() || error.is_go_away() {
        return HttpClientError::Reset { code: code(&error), by_server: error.is_remote() };
    }
    HttpClientError::Closed { cause: error.into_io().map(Into::into) }
}

fn code(error: &h2::Error) -> Http2ErrorCode {
    error.reason().map_or(Http2ErrorCode::NO_ERROR, |reason| u32::from(reason).into())
}

/// Fields as complete lines.
fn lines_of(map: &HeaderMap) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, value) in map {
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(value.as_bytes());
        lines.extend_from_slice(b"\r\n");
    }
    lines
}
