//! The server's side of a connection: requests in, responses out.

use http::{Method, StatusCode, Version};

use crate::error::{OutputError, ProtocolError};
use crate::headers::Headers;
use crate::http1::body::{BodyRead, BodyReader, BodyWriter};
use crate::http1::encode::{lists, write_lines_without, write_status_line};
use crate::http1::framing::{BodyLength, outgoing_length};
use crate::http1::head::RequestHead;
use crate::http1::state::{Event, Side, State, States};
use crate::limits::Limits;

/// What a server's connection has to know from one call to the next.
///
/// The order of calls is that of the messages: [`read_head`](Self::read_head),
/// [`read_body`](Self::read_body) until its end, [`write_head`](Self::write_head), `write_body`,
/// [`write_end`](Self::write_end), [`next_request`](Self::next_request); the answer may begin before
/// the body's end. A call out of turn is an error, or does nothing, never a panic.
///
/// # Examples
///
/// ```
/// use firewhirl_http::http1::{RequestHead, ServerCodec};
/// use firewhirl_http::{Headers, Limits};
/// use http::StatusCode;
///
/// let mut codec = ServerCodec::new(Limits::default());
/// let mut head = RequestHead::new();
/// let input = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";
/// assert_eq!(codec.read_head(input, &mut head)?, Some(input.len()));
///
/// let mut headers = Headers::new();
/// headers.set("Content-Length", 5)?;
/// let mut out = Vec::new();
/// codec.write_head(&mut out, StatusCode::OK, None, &headers)?;
/// codec.write_body(&mut out, b"Hello")?;
/// codec.write_end(&mut out, None)?;
///
/// assert_eq!(out, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello");
/// assert!(codec.keep_alive());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ServerCodec {
    limits: Limits,
    states: States,
    body: BodyReader,
    output: BodyWriter,
    request: RequestFacts,
    keep_alive: bool,
    continue_wanted: bool,
}

/// Bytes that a head takes beside its fields, unless it has a long reason of its own.
const HEAD_EXTRA: usize = 128;

/// What the answer depends on.
#[derive(Clone, Copy, Debug, Default)]
struct RequestFacts {
    is_head: bool,
    is_connect: bool,
    is_http_10: bool,
    /// A client of HTTP/1.0 that did not ask for more than one answer need not be told of the close.
    expects_close: bool,
    offers_upgrade: bool,
}

impl ServerCodec {
    /// Makes the codec of a new connection.
    pub fn new(limits: Limits) -> Self {
        Self {
            body: BodyReader::new(BodyLength::None, &limits),
            limits,
            states: States::default(),
            output: BodyWriter::new(BodyLength::None),
            request: RequestFacts::default(),
            keep_alive: true,
            continue_wanted: false,
        }
    }

    // --- the request ---

    /// Reads a request's head from the beginning of `input`; gives the bytes that it takes, or `None`
    /// if more are needed, or if it is not the turn of another request.
    ///
    /// To go on after `None`, the same head has to be given, and the same bytes before those that
    /// came after them.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] with the status for [`write_error`](Self::write_error). Then nothing more can
    /// be read from the connection, for nobody knows where the next request begins.
    #[inline]
    pub fn read_head(&mut self, input: &[u8], head: &mut RequestHead) -> Result<Option<usize>, ProtocolError> {
        if self.states.client != State::Idle || !self.keep_alive {
            return Ok(None);
        }
        let parsed = head.parse(input, &self.limits);
        match parsed {
            Ok(Some(_)) => self.begin(head),
            Ok(None) => {}
            Err(_) => self.keep_alive = false,
        }
        parsed
    }

    /// Notes what the answer and the body need of a head.
    #[inline]
    fn begin(&mut self, head: &RequestHead) {
        self.request = RequestFacts {
            is_head: head.is_head(),
            is_connect: *head.method() == Method::CONNECT,
            is_http_10: head.version() == Version::HTTP_10,
            expects_close: head.version() == Version::HTTP_10 && !head.keep_alive(),
            offers_upgrade: head.upgrade().is_some(),
        };
        self.keep_alive = head.keep_alive();
        self.continue_wanted = head.expects_continue();
        self.body = BodyReader::new(head.body_length(), &self.limits);
        // The client was idle, and so was the server.
        let _ = self.states.note(Side::Client, Event::Request);
        self.end_body_if_done();
    }

    /// Reads what is there of the request's body.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] as [`BodyReader::read`] says; the connection ends with the answer to it.
    #[inline]
    pub fn read_body(&mut self, input: &[u8]) -> Result<BodyRead, ProtocolError> {
        let read = self.body.read(input, &self.limits);
        match &read {
            Ok(read) => {
                self.continue_wanted &= read.consumed == 0;
                self.end_body_if_done();
            }
            Err(_) => self.keep_alive = false,
        }
        read
    }

    #[inline]
    fn end_body_if_done(&mut self) {
        if self.body.is_done() && self.states.client == State::Body {
            // The state was looked at just now.
            let _ = self.states.note(Side::Client, Event::EndOfMessage);
        }
    }

    /// Whether the request's body has been read to its end.
    #[inline]
    pub fn request_body_done(&self) -> bool {
        self.body.is_done()
    }

    /// The bytes of the request's body that are still to be read; `None` if nobody knows: of chunks,
    /// and where the client waits to be told whether to send it at all.
    #[inline]
    pub fn request_body_left(&self) -> Option<u64> {
        if self.continue_wanted { None } else { self.body.left() }
    }

    /// The fields that came after the request's body: complete lines, each with its CRLF.
    pub fn request_trailers(&self) -> &[u8] {
        self.body.trailers()
    }

    /// Bytes that the body of this request may have.
    pub fn max_body_size(&self) -> u64 {
        self.body.max_size()
    }

    /// Sets how many bytes the body of this request may have, in place of
    /// [`Limits::max_body_size`]; it holds for what is read from then on. Tornado's `set_max_body_size`.
    pub fn set_max_body_size(&mut self, bytes: u64) {
        self.body.set_max_size(bytes);
    }

    /// Whether the client waits for `100 Continue` before it sends its body, and should have it.
    pub fn wants_continue(&self) -> bool {
        self.continue_wanted && self.states.server == State::Respond && !self.body.is_too_large()
    }

    /// Tells the client to send its body, if it [waits](Self::wants_continue) for that.
    pub fn write_continue(&mut self, out: &mut Vec<u8>) {
        if self.wants_continue() {
            out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
            self.continue_wanted = false;
        }
    }

    // --- the response ---

    /// Writes the head of a response: the status line, `headers` as they are, and what the framing
    /// and the connection need.
    ///
    /// Without a `Content-Length` the body is sent in chunks, or, to a client of HTTP/1.0, ends with
    /// the connection. With a `Transfer-Encoding` of the application's own the body goes out as it is
    /// written. Without a `reason` the standard one stands.
    ///
    /// A status of 1xx may come any number of times before the final one, and is left out for clients
    /// of HTTP/1.0; after 101 the connection is the application's.
    ///
    /// # Errors
    ///
    /// [`OutputError`] out of turn, and if the head contradicts itself; nothing is written then.
    #[inline]
    pub fn write_head(
        &mut self,
        out: &mut Vec<u8>,
        status: StatusCode,
        reason: Option<&str>,
        headers: &Headers,
    ) -> Result<(), OutputError> {
        match self.states.server {
            State::Respond => {}
            State::Idle => return Err(OutputError::NoHead),
            _ => return Err(OutputError::HeadTwice),
        }
        if status.is_informational() {
            return self.write_informational(out, status, reason, headers);
        }
        let content_length = match headers.get_bytes("Content-Length") {
            Some(value) => Some(outgoing_length(value).ok_or(OutputError::ContentLength)?),
            None => None,
        };
        if let Some(length) = content_length
            && self.adds_nothing(status, headers)
        {
            out.reserve(headers.as_bytes().len() + HEAD_EXTRA);
            write_status_line(out, status, reason)?;
            out.extend_from_slice(headers.as_bytes());
            out.extend_from_slice(b"\r\n");
            self.output = BodyWriter::new(BodyLength::Length(length));
            // The server's state was looked at above.
            let _ = self.states.note(Side::Server, Event::Response);
            return Ok(());
        }
        self.write_framed_head(out, status, reason, headers, content_length)
    }

    /// Writes a whole response by one step, where that is all it takes: its head is complete as it is and
    /// has the `Content-Length` of `body`. Says `false`, and writes nothing, where it takes more.
    ///
    /// # Errors
    ///
    /// [`OutputError::StartLine`] if the reason would end its line.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_http::http1::{RequestHead, ServerCodec};
    /// use firewhirl_http::{Headers, Limits};
    /// use http::StatusCode;
    ///
    /// let mut codec = ServerCodec::new(Limits::default());
    /// let mut head = RequestHead::new();
    /// codec.read_head(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", &mut head)?;
    ///
    /// let (mut headers, mut out) = (Headers::new(), Vec::new());
    /// assert!(!codec.write_whole(&mut out, StatusCode::OK, None, &headers, b"Hello")?);
    /// headers.set("Content-Length", 5)?;
    /// assert!(codec.write_whole(&mut out, StatusCode::OK, None, &headers, b"Hello")?);
    /// assert_eq!(out, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello");
    /// assert!(codec.response_done());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn write_whole(
        &mut self,
        out: &mut Vec<u8>,
        status: StatusCode,
        reason: Option<&str>,
        headers: &Headers,
        body: &[u8],
    ) -> Result<bool, OutputError> {
        let declares = |value: &[u8]| outgoing_length(value) == Some(body.len() as u64);
        if self.states.server != State::Respond
            || status.is_informational()
            || !self.adds_nothing(status, headers)
            || !headers.get_bytes("Content-Length").is_some_and(declares)
        {
            return Ok(false);
        }
        out.reserve(headers.as_bytes().len() + HEAD_EXTRA + body.len());
        write_status_line(out, status, reason)?;
        out.extend_from_slice(headers.as_bytes());
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(body);
        // The server's state was looked at above.
        let _ = self.states.note(Side::Server, Event::Response);
        let _ = self.states.note(Side::Server, Event::EndOfMessage);
        Ok(true)
    }

    /// Whether a head with a `Content-Length` can go out as it is: the answer of nearly every handler.
    #[inline]
    fn adds_nothing(&self, status: StatusCode, headers: &Headers) -> bool {
        let RequestFacts { is_head, is_connect, is_http_10, .. } = self.request;
        self.keep_alive
            && !(is_head | is_connect | is_http_10)
            && !matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
            && !headers.contains("Transfer-Encoding")
            && !headers.contains("Connection")
    }

    /// Writes the head of a final response with what framing and connection need.
    #[inline(never)]
    fn write_framed_head(
        &mut self,
        out: &mut Vec<u8>,
        status: StatusCode,
        reason: Option<&str>,
        headers: &Headers,
        content_length: Option<u64>,
    ) -> Result<(), OutputError> {
        let is_coded = headers.contains("Transfer-Encoding");
        if is_coded && content_length.is_some() {
            return Err(OutputError::BothLengths);
        }
        let framing = self.response_framing(status, content_length, is_coded);
        let connection = headers.get_bytes("Connection");
        let says_close = connection.is_some_and(|value| lists(value, "close"));
        let keep_alive = self.keep_alive && !says_close && !framing.ends_with_connection;

        out.reserve(headers.as_bytes().len() + HEAD_EXTRA);
        write_status_line(out, status, reason)?;
        if framing.forbids_length {
            write_lines_without(out, headers.as_bytes(), "Content-Length");
        } else {
            out.extend_from_slice(headers.as_bytes());
        }
        if framing.is_chunked {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        if !keep_alive && !says_close && !self.request.expects_close {
            out.extend_from_slice(b"Connection: close\r\n");
        } else if keep_alive && self.request.is_http_10 && connection.is_none() {
            out.extend_from_slice(b"Connection: Keep-Alive\r\n");
        }
        out.extend_from_slice(b"\r\n");

        self.keep_alive = keep_alive;
        self.output = framing.body;
        // The server's state was looked at by `write_head`.
        let _ = self.states.note(Side::Server, Event::Response);
        Ok(())
    }

    /// What a final response's body is framed by (RFC 9112, section 6.3).
    #[inline]
    fn response_framing(&self, status: StatusCode, content_length: Option<u64>, is_coded: bool) -> ResponseFraming {
        let ended = ResponseFraming {
            body: BodyWriter::without_body(status),
            is_chunked: false,
            ends_with_connection: false,
            forbids_length: false,
        };
        if status == StatusCode::NO_CONTENT {
            // RFC 9110, section 8.6: "MUST NOT send a Content-Length header field in any response
            // with a status code of 1xx (Informational) or 204 (No Content)".
            return ResponseFraming { forbids_length: true, ..ended };
        }
        if status == StatusCode::NOT_MODIFIED {
            return ended;
        }
        if self.request.is_connect && status.is_success() {
            // Section 9.3.6: the same, for what follows is a tunnel.
            let body = BodyWriter::new(BodyLength::UntilClose);
            return ResponseFraming { body, forbids_length: true, ends_with_connection: true, ..ended };
        }
        if self.request.is_head {
            return ResponseFraming { body: BodyWriter::dropping(), ..ended };
        }
        if let (StatusCode::RESET_CONTENT, None | Some(0)) = (status, content_length) {
            // An empty body still has to be framed as one.
            let is_chunked = content_length.is_none() && !self.request.is_http_10;
            let body = if is_chunked { BodyWriter::new(BodyLength::Chunked) } else { ended.body };
            return ResponseFraming { body, is_chunked, ends_with_connection: self.request.is_http_10, ..ended };
        }
        match (content_length, is_coded, self.request.is_http_10) {
            (Some(length), ..) => ResponseFraming { body: BodyWriter::new(BodyLength::Length(length)), ..ended },
            (None, false, false) => {
                ResponseFraming { body: BodyWriter::new(BodyLength::Chunked), is_chunked: true, ..ended }
            }
            (None, is_coded, is_http_10) => ResponseFraming {
                body: BodyWriter::new(BodyLength::UntilClose),
                ends_with_connection: is_http_10 || !is_coded,
                ..ended
            },
        }
    }

    #[cold]
    fn write_informational(
        &mut self,
        out: &mut Vec<u8>,
        status: StatusCode,
        reason: Option<&str>,
        headers: &Headers,
    ) -> Result<(), OutputError> {
        let is_switch = status == StatusCode::SWITCHING_PROTOCOLS;
        if is_switch && !self.request.offers_upgrade {
            return Err(OutputError::UnaskedSwitch);
        }
        if self.request.is_http_10 {
            // RFC 9110, section 15.2: "A server MUST NOT send a 1xx response to an HTTP/1.0 client."
            return Ok(());
        }
        if is_switch {
            // A body that was not read would be taken for the other protocol.
            self.states.note(Side::Server, Event::SwitchProtocols).map_err(|_| OutputError::UnaskedSwitch)?;
            self.keep_alive = false;
        }
        write_status_line(out, status, reason)?;
        write_lines_without(out, headers.as_bytes(), "Content-Length");
        out.extend_from_slice(b"\r\n");
        self.continue_wanted &= status != StatusCode::CONTINUE;
        Ok(())
    }

    /// Writes a part of the response's body, framed as its head said; dropped in answer to HEAD.
    ///
    /// # Errors
    ///
    /// [`OutputError`] out of turn, over the promised length, and with a status that has no body.
    #[inline]
    pub fn write_body(&mut self, out: &mut Vec<u8>, chunk: &[u8]) -> Result<(), OutputError> {
        self.check_body_turn()?;
        self.output.write(out, chunk)
    }

    /// Writes what stands before a part of the body of `length` bytes, which the caller then sends by
    /// itself, uncopied; whether it is to be sent.
    ///
    /// # Errors
    ///
    /// As [`write_body`](Self::write_body).
    #[inline]
    pub fn write_chunk_prefix(&mut self, out: &mut Vec<u8>, length: usize) -> Result<bool, OutputError> {
        self.check_body_turn()?;
        self.output.write_prefix(out, length)
    }

    /// Writes what stands after such a part.
    #[inline]
    pub fn write_chunk_suffix(&mut self, out: &mut Vec<u8>) {
        self.output.write_suffix(out);
    }

    /// Ends the response; of a chunked one, with `trailers`: complete lines, each with its CRLF.
    ///
    /// # Errors
    ///
    /// [`OutputError::LessThanLength`] if more was promised: the connection then ends, so that the
    /// client does not take the next response for the rest. [`OutputError::NoHead`] and
    /// [`OutputError::AfterEnd`] out of turn.
    #[inline]
    pub fn write_end(&mut self, out: &mut Vec<u8>, trailers: Option<&[u8]>) -> Result<(), OutputError> {
        if self.states.server == State::Switched {
            return Ok(());
        }
        self.check_body_turn()?;
        let ended = self.output.write_end(out, trailers.unwrap_or_default());
        self.keep_alive &= ended.is_ok();
        // The server's state was looked at above.
        let _ = self.states.note(Side::Server, Event::EndOfMessage);
        ended
    }

    #[inline]
    fn check_body_turn(&self) -> Result<(), OutputError> {
        match self.states.server {
            State::Body => Ok(()),
            State::Idle | State::Respond => Err(OutputError::NoHead),
            _ => Err(OutputError::AfterEnd),
        }
    }

    /// Answers a request that could not be understood, or not in time: a status without a body, after
    /// which the connection ends. `headers` are added to it, a `Date` for one.
    ///
    /// Nothing is written if an answer has begun; `false` then.
    pub fn write_error(&mut self, out: &mut Vec<u8>, status: StatusCode, headers: &Headers) -> bool {
        self.keep_alive = false;
        if self.states.note(Side::Server, Event::Response).is_err() {
            return false;
        }
        let _ = self.states.note(Side::Server, Event::EndOfMessage);
        // Without a reason of one's own the line is always written.
        let _ = write_status_line(out, status, None);
        out.extend_from_slice(headers.as_bytes());
        out.extend_from_slice(b"Content-Length: 0\r\nConnection: close\r\n\r\n");
        true
    }

    /// Whether the response is complete.
    #[inline]
    pub fn response_done(&self) -> bool {
        matches!(self.states.server, State::Done | State::MustClose)
    }

    // --- the connection ---

    /// Whether another request may follow, once this one and its answer are complete.
    #[inline]
    pub fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Has the connection end with this answer, which says so if its head is still to be written.
    pub fn close_after_this(&mut self) {
        self.keep_alive = false;
    }

    /// Makes ready for the next request; whether there can be one. It cannot before both messages
    /// are complete, and not after the last one.
    #[inline]
    pub fn next_request(&mut self) -> bool {
        let event = if self.keep_alive { Event::NextMessage } else { Event::LastMessage };
        self.keep_alive &= self.states.note(Side::Server, event).is_ok();
        self.keep_alive
    }
}

struct ResponseFraming {
    body: BodyWriter,
    is_chunked: bool,
    ends_with_connection: bool,
    forbids_length: bool,
}
