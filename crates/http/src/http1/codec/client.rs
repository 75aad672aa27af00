//! The client's side of a connection: requests out, responses in.

use http::{Method, StatusCode};

use crate::error::{OutputError, ProtocolError, ProtocolErrorKind};
use crate::headers::Headers;
use crate::http1::body::{BodyRead, BodyReader, BodyWriter};
use crate::http1::encode::lists;
use crate::http1::framing::{BodyLength, outgoing_length};
use crate::http1::lines::is_token;
use crate::http1::response_head::ResponseHead;
use crate::http1::state::{Event, Side, State, States};
use crate::limits::Limits;

/// So many 1xx responses are waited through before the final one, as in Tornado.
const INFORMATIONAL_MAX: u8 = 10;

/// What a client's connection has to know from one call to the next.
///
/// # Examples
///
/// ```
/// use firewhirl_http::http1::{ClientCodec, ResponseHead};
/// use firewhirl_http::{Headers, Limits};
/// use http::Method;
///
/// let mut codec = ClientCodec::new(Limits::default());
/// let mut headers = Headers::new();
/// headers.set("Host", "example.com")?;
/// let mut out = Vec::new();
/// codec.write_head(&mut out, &Method::GET, "/", &headers)?;
/// codec.write_end(&mut out, None)?;
/// assert_eq!(out, b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
///
/// let mut head = ResponseHead::new();
/// let input = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello";
/// let consumed = codec.read_head(input, &mut head)?.unwrap();
/// let read = codec.read_body(&input[consumed..])?;
/// assert_eq!((&input[consumed..][read.data], read.done), (&b"Hello"[..], true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ClientCodec {
    limits: Limits,
    states: States,
    method: Method,
    output: BodyWriter,
    body: BodyReader,
    keep_alive: bool,
    offers_upgrade: bool,
    informational: u8,
}

impl ClientCodec {
    /// Makes the codec of a new connection.
    pub fn new(limits: Limits) -> Self {
        Self {
            body: BodyReader::new(BodyLength::None, &limits),
            limits,
            states: States::default(),
            method: Method::GET,
            output: BodyWriter::new(BodyLength::None),
            keep_alive: true,
            offers_upgrade: false,
            informational: 0,
        }
    }

    // --- the request ---

    /// Writes a request's head: the request line and `headers` as they are.
    ///
    /// Where its body ends is said by their `Content-Length`, or by `Transfer-Encoding: chunked`;
    /// without either there is none. `Host` is the caller's to set.
    ///
    /// # Errors
    ///
    /// [`OutputError`] out of turn, if the target holds whitespace or control characters, and if the
    /// head contradicts itself; nothing is written then.
    pub fn write_head(
        &mut self,
        out: &mut Vec<u8>,
        method: &Method,
        target: &str,
        headers: &Headers,
    ) -> Result<(), OutputError> {
        if self.states.client != State::Idle || !self.keep_alive {
            return Err(OutputError::HeadTwice);
        }
        let is_sendable = |byte: u8| byte > b' ' && byte != 0x7F;
        if target.is_empty() || !target.bytes().all(is_sendable) || !is_token(method.as_str().as_bytes()) {
            return Err(OutputError::StartLine);
        }
        let length = match (headers.get_bytes("Content-Length"), headers.get_bytes("Transfer-Encoding")) {
            (Some(_), Some(_)) => return Err(OutputError::BothLengths),
            (Some(value), None) => BodyLength::Length(outgoing_length(value).ok_or(OutputError::ContentLength)?),
            (None, Some(value)) if value.eq_ignore_ascii_case(b"chunked") => BodyLength::Chunked,
            (None, Some(_)) => return Err(OutputError::ContentLength),
            (None, None) => BodyLength::None,
        };
        for part in [method.as_str(), " ", target, " HTTP/1.1\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(headers.as_bytes());
        out.extend_from_slice(b"\r\n");

        self.method.clone_from(method);
        self.output = BodyWriter::new(length);
        let connection = headers.get_bytes("Connection");
        self.keep_alive = !connection.is_some_and(|value| lists(value, "close"));
        self.offers_upgrade = connection.is_some_and(|value| lists(value, "upgrade")) && headers.contains("Upgrade");
        self.informational = 0;
        // Both sides were idle.
        let _ = self.states.note(Side::Client, Event::Request);
        Ok(())
    }

    /// Writes a part of the request's body, framed as its head said.
    ///
    /// # Errors
    ///
    /// [`OutputError`] out of turn, and over the promised length.
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
    pub fn write_chunk_prefix(&mut self, out: &mut Vec<u8>, length: usize) -> Result<bool, OutputError> {
        self.check_body_turn()?;
        self.output.write_prefix(out, length)
    }

    /// Writes what stands after such a part.
    pub fn write_chunk_suffix(&mut self, out: &mut Vec<u8>) {
        self.output.write_suffix(out);
    }

    /// Ends the request, which has to be done also where it has no body.
    ///
    /// # Errors
    ///
    /// [`OutputError::LessThanLength`] if more was promised, and out of turn.
    pub fn write_end(&mut self, out: &mut Vec<u8>, trailers: Option<&[u8]>) -> Result<(), OutputError> {
        self.check_body_turn()?;
        let ended = self.output.write_end(out, trailers.unwrap_or_default());
        self.keep_alive &= ended.is_ok();
        // The client's state was looked at above.
        let _ = self.states.note(Side::Client, Event::EndOfMessage);
        ended
    }

    fn check_body_turn(&self) -> Result<(), OutputError> {
        match self.states.client {
            State::Body => Ok(()),
            State::Idle => Err(OutputError::NoHead),
            _ => Err(OutputError::AfterEnd),
        }
    }

    /// Whether the request is complete.
    pub fn request_done(&self) -> bool {
        !matches!(self.states.client, State::Idle | State::Body)
    }

    // --- the response ---

    /// Reads a response's head from the beginning of `input`; gives the bytes that it takes, or
    /// `None` if more are needed.
    ///
    /// After a head with a status of 1xx other than 101 another one comes. To go on after `None`, the
    /// same head has to be given, and the same bytes before those that came after them.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if the head breaks a rule or a limit, or comes without a request.
    pub fn read_head(&mut self, input: &[u8], head: &mut ResponseHead) -> Result<Option<usize>, ProtocolError> {
        if self.states.server != State::Respond {
            return Ok(None);
        }
        let read = head.parse(input, &self.method, &self.limits).and_then(|parsed| {
            if parsed.is_some() {
                self.begin(head)?;
            }
            Ok(parsed)
        });
        self.keep_alive &= read.is_ok();
        read
    }

    fn begin(&mut self, head: &ResponseHead) -> Result<(), ProtocolError> {
        let status = head.status();
        let event = match status {
            StatusCode::SWITCHING_PROTOCOLS => Event::SwitchProtocols,
            status if status.is_informational() => Event::InformationalResponse,
            _ => Event::Response,
        };
        if event == Event::InformationalResponse {
            self.informational += 1;
            if self.informational > INFORMATIONAL_MAX {
                return Err(ProtocolError::new(ProtocolErrorKind::TooManyInformational, b""));
            }
        }
        let unasked = || ProtocolError::new(ProtocolErrorKind::UnaskedSwitch, b"");
        if event == Event::SwitchProtocols && !self.offers_upgrade {
            return Err(unasked());
        }
        self.states.note(Side::Server, event).map_err(|_| unasked())?;
        if event == Event::Response {
            self.keep_alive &= head.keep_alive();
            self.body = BodyReader::new(head.body_length(), &self.limits);
            self.end_body_if_done();
        }
        self.keep_alive &= event != Event::SwitchProtocols;
        Ok(())
    }

    /// Reads what is there of the response's body.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] as [`BodyReader::read`] says.
    pub fn read_body(&mut self, input: &[u8]) -> Result<BodyRead, ProtocolError> {
        let read = self.body.read(input, &self.limits);
        self.keep_alive &= read.is_ok();
        self.end_body_if_done();
        read
    }

    /// Takes note that the server has closed, which may be what ends a body.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if a response was due or is cut short.
    pub fn end_of_stream(&mut self) -> Result<(), ProtocolError> {
        self.keep_alive = false;
        if self.states.server == State::Respond {
            return Err(ProtocolError::new(ProtocolErrorKind::Incomplete, b""));
        }
        self.body.end_of_stream()?;
        self.end_body_if_done();
        Ok(())
    }

    fn end_body_if_done(&mut self) {
        if self.body.is_done() && self.states.server == State::Body {
            // The state was looked at just now.
            let _ = self.states.note(Side::Server, Event::EndOfMessage);
        }
    }

    /// The bytes that the body of this response may have.
    pub fn max_body_size(&self) -> u64 {
        self.body.max_size()
    }

    /// The bytes of the response's body still to come; `None` if that is not known.
    pub fn response_body_left(&self) -> Option<u64> {
        self.body.left()
    }

    /// Whether the response is complete.
    pub fn response_done(&self) -> bool {
        matches!(self.states.server, State::Done | State::MustClose)
    }

    /// Whether the connection speaks another protocol now; its bytes are the caller's.
    pub fn is_switched(&self) -> bool {
        self.states.server == State::Switched
    }

    /// The fields that came after the response's body: complete lines, each with its CRLF.
    pub fn response_trailers(&self) -> &[u8] {
        self.body.trailers()
    }

    /// Sets the limits on the responses from the next one on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Sets how many bytes the body of this response may have, in place of [`Limits::max_body_size`].
    pub fn set_max_body_size(&mut self, bytes: u64) {
        self.body.set_max_size(bytes);
    }

    // --- the connection ---

    /// Whether another request may follow, once this one and its answer are complete.
    pub fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Makes ready for the next request; whether there can be one.
    pub fn next_request(&mut self) -> bool {
        let event = if self.keep_alive { Event::NextMessage } else { Event::LastMessage };
        self.keep_alive &= self.states.note(Side::Client, event).is_ok();
        self.keep_alive
    }
}
