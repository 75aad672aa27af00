//! The head of a request: its line, its fields, and what framing and routing need of them
//! (RFC 9112, sections 2.2, 3 and 5).
//!
//! A head is parsed once, line by line as lines become complete. What is found are offsets into the
//! bytes, of which the head keeps a copy of its own, so that the buffer it was read from can move on.
//! Target and host, which are asked for again and again, it keeps as text. All memory is used again for
//! the next request.

#[cfg(feature = "http2")]
mod translated;

use http::{Method, Version};

use super::fields::{Field, Fields, Span, parse_field_line, refuse_field_line};
use super::framing::{BodyLength, FramingFields, MessageField};
use super::lines::{LineCursor, LineFault};
use super::target::{self, Form, Target};
use super::version::parse_version;
use crate::error::{ProtocolError, ProtocolErrorKind};
use crate::limits::Limits;

/// The head of a request, to be parsed into again and again.
///
/// # Examples
///
/// ```
/// use firewhirl_http::http1::{BodyLength, RequestHead};
/// use firewhirl_http::Limits;
///
/// let mut head = RequestHead::new();
/// let input = b"POST /story?page=2 HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\n\r\nabc";
/// let consumed = head.parse(input, &Limits::default())?;
///
/// assert_eq!(consumed, Some(input.len() - 3));
/// assert_eq!((head.path(), head.query(), head.host()), ("/story", Some("page=2"), "example.com"));
/// assert_eq!(head.body_length(), BodyLength::Length(3));
/// # Ok::<(), firewhirl_http::ProtocolError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    bytes: Vec<u8>,
    fields: Vec<Field>,
    cursor: LineCursor,
    stage: Stage,
    method: Method,
    version: Version,
    target: Target,
    framing: FramingFields,
    host: Host,
    /// The last host that was found to be one, which nearly always is the next request's too: heads
    /// are used again within a worker, and comparing is less than parsing.
    known_host: String,
    transfer_encoding: Option<Span>,
    upgrade: Option<Span>,
    body_length: BodyLength,
}

/// Up to how many bytes empty lines may take before a request line.
const EMPTY_LINES_MAX: usize = 64;

/// What the next line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The request line, or an empty line before it.
    #[default]
    RequestLine,
    Field,
    /// There is none: the head is complete, or at fault. The next parse begins anew.
    End,
}

/// What is known of the field `Host`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Host {
    #[default]
    Missing,
    /// It is valid. RFC 9112, section 3.3, lets a server take a default for it, as most do.
    Empty,
    /// It is in the head's `known_host`.
    Known,
}

impl RequestHead {
    /// Makes an empty head.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses a request's head at the beginning of `input`; gives the bytes that it takes, or `None`
    /// if more are needed.
    ///
    /// To go on after `None`, call again on the same head with the same bytes and those that came
    /// after them: no byte is looked at twice. What is at fault is found with the line it is in. A few
    /// empty lines before the request line are passed over: RFC 9112, section 2.2, asks for one at least.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if the head breaks a rule or a limit. The connection is then of no more use.
    #[inline]
    pub fn parse(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>, ProtocolError> {
        if self.stage == Stage::End {
            self.clear();
        }
        let parsed = self.parse_lines(input, limits);
        if !matches!(parsed, Ok(None)) {
            self.stage = Stage::End;
        }
        parsed
    }

    /// Forgets the request, and a part of one; keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.fields.clear();
        self.cursor = LineCursor::default();
        self.stage = Stage::RequestLine;
        self.framing = FramingFields::default();
        self.host = Host::Missing;
        self.transfer_encoding = None;
        self.upgrade = None;
        self.body_length = BodyLength::None;
        self.target.clear();
    }

    /// The request line and the fields as they came, each with its line end.
    ///
    /// Whatever lies behind the empty line that ends them is none of the request's.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The method; one that no RFC knows is here too.
    #[inline]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Whether the method is HEAD, whose answer has no body.
    #[inline]
    pub fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// The request target as it came.
    #[inline]
    pub fn target(&self) -> &str {
        self.target.whole()
    }

    /// The target's path, not decoded; `*` for the server as a whole, empty for CONNECT.
    #[inline]
    pub fn path(&self) -> &str {
        match self.target.path() {
            "" if self.target.form() == Form::Absolute => "/",
            path => path,
        }
    }

    /// What follows the target's first question mark.
    #[inline]
    pub fn query(&self) -> Option<&str> {
        self.target.query()
    }

    /// HTTP/1.0 or HTTP/1.1, which stands for every later 1.x too (RFC 9110, section 2.5).
    #[inline]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Host and port that the request is for: of the target if it says them, else of `Host`; where that
    /// is empty, or a request of HTTP/1.0 has none, `127.0.0.1`, as in Tornado.
    #[inline]
    pub fn host(&self) -> &str {
        match (self.target.authority(), self.host) {
            (Some(authority), _) => authority,
            (None, Host::Known) => &self.known_host,
            (None, _) => "127.0.0.1",
        }
    }

    /// All fields, name and value, as they came.
    #[inline]
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.lines().iter()
    }

    /// How many field lines there are.
    #[inline]
    pub fn field_count(&self) -> usize {
        self.fields.len()
    }

    /// The value of the first field of this name, in whatever case.
    #[inline]
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.lines().first(name)
    }

    /// The values of all fields of this name, in whatever case.
    #[inline]
    pub fn field_values<'head>(&'head self, name: &str) -> impl Iterator<Item = &'head [u8]> {
        self.lines().all(name)
    }

    /// Where the body ends.
    #[inline]
    pub fn body_length(&self) -> BodyLength {
        self.body_length
    }

    /// Whether the client can take another answer on the connection after this one.
    ///
    /// A client of HTTP/1.0 has to ask for it, and, as in Tornado, with a request whose end is sure.
    #[inline]
    pub fn keep_alive(&self) -> bool {
        let is_old = self.version == Version::HTTP_10;
        let is_bounded =
            || self.framing.content_length().is_some() || matches!(self.method, Method::GET | Method::HEAD);
        self.framing.is_persistent(is_old) && (!is_old || is_bounded())
    }

    /// Whether the client waits for `100 Continue` before it sends the body.
    #[inline]
    pub fn expects_continue(&self) -> bool {
        self.framing.expects_continue && self.body_length != BodyLength::None
    }

    /// The protocols that the client offers to go on with: the value of `Upgrade`, if `Connection`
    /// lists it. In HTTP/1.0 there is none (RFC 9110, section 7.8).
    #[inline]
    pub fn upgrade(&self) -> Option<&[u8]> {
        match self.upgrade {
            Some(span) if self.framing.upgrade && self.version != Version::HTTP_10 => Some(span.bytes(&self.bytes)),
            _ => None,
        }
    }

    /// Renames `Content-Encoding: gzip` to `X-Consumed-Content-Encoding`, as Tornado does for a body
    /// that is inflated as it is read; whether there was such a field.
    pub fn consume_gzip_encoding(&mut self) -> bool {
        const NAME: &str = "Content-Encoding";
        let lines = Fields { bytes: &self.bytes, fields: &self.fields };
        let mut named = (0..self.fields.len()).filter(|&index| lines.is_named(&self.fields[index], NAME));
        let (Some(index), None) = (named.next(), named.next()) else { return false };
        if !self.fields[index].value.bytes(&self.bytes).eq_ignore_ascii_case(b"gzip") {
            return false;
        }
        // The longer name goes behind the head, in the head's own copy.
        self.fields[index].name = Span::of(self.bytes.len(), "X-Consumed-Content-Encoding".len());
        self.bytes.extend_from_slice(b"X-Consumed-Content-Encoding");
        true
    }

    #[inline]
    fn lines(&self) -> Fields<'_> {
        Fields { bytes: &self.bytes, fields: &self.fields }
    }

    #[inline]
    fn parse_lines(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>, ProtocolError> {
        let mut cursor = self.cursor;
        while self.stage == Stage::RequestLine {
            let limit = limits.header_size.min(cursor.start().saturating_add(limits.start_line));
            let (line, offset) = match cursor.next(input, limit, limits.bare_line_feed) {
                Ok(Some(line)) => (&input[line.clone()], line.start),
                Ok(None) => return Ok(self.wait(cursor)),
                Err(fault) => return Err(refuse_request_line(fault, cursor.fault_excerpt(input, limit))),
            };
            if line.is_empty() && offset < EMPTY_LINES_MAX {
                continue;
            }
            self.parse_request_line(line)?;
            self.stage = Stage::Field;
        }
        loop {
            let (line, offset) = match cursor.next(input, limits.header_size, limits.bare_line_feed) {
                Ok(Some(line)) => (&input[line.clone()], line.start),
                Ok(None) => return Ok(self.wait(cursor)),
                Err(fault) => {
                    let line = cursor.fault_excerpt(input, limits.header_size);
                    return Err(refuse_field_line(fault, line, ProtocolErrorKind::HeadTooLarge));
                }
            };
            if line.is_empty() {
                break;
            }
            if self.fields.len() >= limits.fields {
                return Err(ProtocolError::new(ProtocolErrorKind::TooManyFields, line));
            }
            let field = parse_field_line(line, offset)?;
            if let Some(named) = line.get(..field.name.length()).and_then(MessageField::named) {
                self.note(named, field.value, input)?;
            }
            self.fields.push(field);
        }
        self.conclude(input)?;
        let consumed = cursor.start();
        self.bytes.extend_from_slice(&input[..consumed]);
        Ok(Some(consumed))
    }

    /// Remembers how far the lines were read, to go on when more has come.
    #[cold]
    fn wait(&mut self, cursor: LineCursor) -> Option<usize> {
        self.cursor = cursor;
        None
    }

    #[inline]
    fn parse_request_line(&mut self, line: &[u8]) -> Result<(), ProtocolError> {
        let malformed = || ProtocolError::new(ProtocolErrorKind::RequestLine, line);
        // What nearly all requests are.
        let is_get = line.starts_with(b"GET ");
        let first = if is_get { 3 } else { memchr::memchr(b' ', line).ok_or_else(malformed)? };
        let last = match line {
            [.., b' ', _, _, _, _, _, _, _, _] => line.len() - 9,
            _ => memchr::memrchr(b' ', line).ok_or_else(malformed)?,
        };
        self.version = parse_version(&line[last + 1..], ProtocolErrorKind::RequestLine, line)?;
        if is_get {
            self.method = Method::GET;
        } else {
            self.method = Method::from_bytes(&line[..first]).map_err(|_| malformed())?;
        }
        let target = line.get(first + 1..last).ok_or_else(malformed)?;
        if !self.target.parse(line, first + 1..last, &self.method) {
            return Err(refuse_target(target, line));
        }
        Ok(())
    }

    /// Takes note of what a field says of the message itself.
    fn note(&mut self, field: MessageField, span: Span, input: &[u8]) -> Result<(), ProtocolError> {
        let value = span.bytes(input);
        match field {
            MessageField::Host => return self.note_host(value),
            // RFC 9110, section 10.1.1: "A server that receives a 100-continue expectation in an
            // HTTP/1.0 request MUST ignore that expectation."
            MessageField::Expect if self.version == Version::HTTP_10 => return Ok(()),
            MessageField::Expect if !value.eq_ignore_ascii_case(b"100-continue") => {
                return Err(ProtocolError::new(ProtocolErrorKind::Expectation, value));
            }
            MessageField::Upgrade => {
                self.upgrade.get_or_insert(span);
            }
            MessageField::TransferEncoding => {
                self.transfer_encoding.get_or_insert(span);
            }
            _ => {}
        }
        self.framing.note_field(field, value)
    }

    fn note_host(&mut self, value: &[u8]) -> Result<(), ProtocolError> {
        let earlier = match self.host {
            Host::Missing => None,
            Host::Empty => Some(""),
            Host::Known => Some(&*self.known_host),
        };
        if let Some(earlier) = earlier {
            let both = [earlier.as_bytes(), value].join(&b',');
            return Err(ProtocolError::new(ProtocolErrorKind::MultipleHosts, &both));
        }
        self.host = if value.is_empty() { Host::Empty } else { Host::Known };
        if !value.is_empty() && value != self.known_host.as_bytes() {
            let is_host = |text: &&str| target::is_authority(text.as_bytes());
            let Some(host) = std::str::from_utf8(value).ok().filter(is_host) else {
                return Err(ProtocolError::new(ProtocolErrorKind::InvalidHost, value));
            };
            self.known_host.clear();
            self.known_host.push_str(host);
        }
        Ok(())
    }

    /// Judges what only the whole head tells.
    #[inline]
    fn conclude(&mut self, input: &[u8]) -> Result<(), ProtocolError> {
        let is_old = self.version == Version::HTTP_10;
        if self.host == Host::Missing && !is_old {
            return Err(ProtocolError::new(ProtocolErrorKind::MissingHost, b""));
        }
        let coding = self.transfer_encoding.map_or(&b""[..], |span| span.bytes(input));
        self.body_length = self.framing.request_length(is_old, coding)?;
        Ok(())
    }
}

/// Says whether a target is no target, or only what too many spaces have left of one.
#[cold]
fn refuse_target(target: &[u8], line: &[u8]) -> ProtocolError {
    match target {
        [] => ProtocolError::new(ProtocolErrorKind::RequestLine, line),
        _ if target.iter().any(|byte| matches!(byte, b' ' | b'\t')) => {
            ProtocolError::new(ProtocolErrorKind::RequestLine, line)
        }
        _ => ProtocolError::new(ProtocolErrorKind::Target, target),
    }
}

/// Says which rule a request line broke before its end.
#[cold]
fn refuse_request_line(fault: LineFault, line: &[u8]) -> ProtocolError {
    let kind = match fault {
        LineFault::TooLong if line.contains(&b' ') => ProtocolErrorKind::TargetTooLong,
        LineFault::TooLong => ProtocolErrorKind::MethodTooLong,
        LineFault::BareCarriageReturn => ProtocolErrorKind::BareCarriageReturn,
        LineFault::BareLineFeed => ProtocolErrorKind::BareLineFeed,
        LineFault::Control => ProtocolErrorKind::RequestLine,
    };
    ProtocolError::new(kind, line)
}
