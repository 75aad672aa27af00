//! The head of a request: its line, its fields, and what framing and routing need of them
//! (RFC 9112, sections 2.2, 3 and 5).
//!
//! A head is parsed once, line by line as lines become complete. What is found are offsets into the
//! bytes, of which the head keeps a copy of its own, so that the buffer it was read from can move on.
//! All memory is used again for the next request.

use http::{Method, Version};

use super::fields::{Field, Fields, Span, parse_field_line, refuse_field_line};
use super::framing::{BodyLength, FramingFields};
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
    host: Option<Span>,
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
        self.host = None;
        self.transfer_encoding = None;
        self.upgrade = None;
        self.body_length = BodyLength::None;
        self.target = Target::default();
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
        self.target.whole.text(&self.bytes)
    }

    /// The target's path, not decoded; `*` for the server as a whole, empty for CONNECT.
    #[inline]
    pub fn path(&self) -> &str {
        match self.target.path.text(&self.bytes) {
            "" if self.target.form == Form::Absolute => "/",
            path => path,
        }
    }

    /// What follows the target's first question mark.
    #[inline]
    pub fn query(&self) -> Option<&str> {
        self.target.query.map(|query| query.text(&self.bytes))
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
        match self.target.authority.or(self.host) {
            Some(span) if span != Span::default() => span.text(&self.bytes),
            _ => "127.0.0.1",
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
        let is_bounded = self.framing.content_length().is_some() || matches!(self.method, Method::GET | Method::HEAD);
        self.framing.is_persistent(is_old) && (!is_old || is_bounded)
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
        while self.stage == Stage::RequestLine {
            let limit = limits.header_size.min(self.cursor.start().saturating_add(limits.start_line));
            let line = match self.cursor.next(input, limit, limits.bare_line_feed) {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(None),
                Err(fault) => return Err(refuse_request_line(fault, self.cursor.fault_excerpt(input, limit))),
            };
            if line.is_empty() && line.start < EMPTY_LINES_MAX {
                continue;
            }
            self.parse_request_line(&input[line.clone()], line.start)?;
            self.stage = Stage::Field;
        }
        loop {
            let line = match self.cursor.next(input, limits.header_size, limits.bare_line_feed) {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(None),
                Err(fault) => {
                    let line = self.cursor.fault_excerpt(input, limits.header_size);
                    return Err(refuse_field_line(fault, line, ProtocolErrorKind::HeadTooLarge));
                }
            };
            if line.is_empty() {
                break;
            }
            if self.fields.len() >= limits.fields {
                return Err(ProtocolError::new(ProtocolErrorKind::TooManyFields, &input[line]));
            }
            let field = parse_field_line(&input[line.clone()], line.start)?;
            self.note(field, input)?;
            self.fields.push(field);
        }
        self.conclude(input)?;
        let consumed = self.cursor.start();
        self.bytes.extend_from_slice(&input[..consumed]);
        Ok(Some(consumed))
    }

    #[inline]
    fn parse_request_line(&mut self, line: &[u8], offset: usize) -> Result<(), ProtocolError> {
        let malformed = || ProtocolError::new(ProtocolErrorKind::RequestLine, line);
        let first = line.iter().position(|&byte| byte == b' ').ok_or_else(malformed)?;
        let last = match line {
            [.., b' ', _, _, _, _, _, _, _, _] => line.len() - 9,
            _ => line.iter().rposition(|&byte| byte == b' ').ok_or_else(malformed)?,
        };
        self.version = parse_version(&line[last + 1..], ProtocolErrorKind::RequestLine, line)?;
        self.method = match &line[..first] {
            b"GET" => Method::GET,
            method => Method::from_bytes(method).map_err(|_| malformed())?,
        };
        let target = line.get(first + 1..last).ok_or_else(malformed)?;
        self.target = target::parse_target(target, offset + first + 1, &self.method)
            .ok_or_else(|| refuse_target(target, line))?;
        Ok(())
    }

    /// Takes note of what a field says, if it is one that concerns the message itself.
    #[inline]
    fn note(&mut self, field: Field, input: &[u8]) -> Result<(), ProtocolError> {
        // By length first, so that a field that is none of these costs one jump.
        match field.name.length() {
            4 | 6 | 7 | 10 | 14 | 17 => self.note_framing(field, input),
            _ => Ok(()),
        }
    }

    fn note_framing(&mut self, field: Field, input: &[u8]) -> Result<(), ProtocolError> {
        let (name, value) = (field.name.bytes(input), field.value.bytes(input));
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => return self.note_host(field, input),
            // RFC 9110, section 10.1.1: "A server that receives a 100-continue expectation in an
            // HTTP/1.0 request MUST ignore that expectation."
            6 if name.eq_ignore_ascii_case(b"expect") && self.version == Version::HTTP_10 => return Ok(()),
            6 if name.eq_ignore_ascii_case(b"expect") && !value.eq_ignore_ascii_case(b"100-continue") => {
                return Err(ProtocolError::new(ProtocolErrorKind::Expectation, value));
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.upgrade.get_or_insert(field.value);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                self.transfer_encoding.get_or_insert(field.value);
            }
            _ => {}
        }
        self.framing.note(name, value)
    }

    fn note_host(&mut self, field: Field, input: &[u8]) -> Result<(), ProtocolError> {
        let value = field.value.bytes(input);
        if let Some(earlier) = self.host {
            let both = [earlier.bytes(input), value].join(&b',');
            return Err(ProtocolError::new(ProtocolErrorKind::MultipleHosts, &both));
        }
        if !value.is_empty() && !target::is_authority(value) {
            return Err(ProtocolError::new(ProtocolErrorKind::InvalidHost, value));
        }
        self.host = Some(field.value);
        Ok(())
    }

    /// Judges what only the whole head tells.
    #[inline]
    fn conclude(&mut self, input: &[u8]) -> Result<(), ProtocolError> {
        let is_old = self.version == Version::HTTP_10;
        match self.host {
            None if !is_old => return Err(ProtocolError::new(ProtocolErrorKind::MissingHost, b"")),
            // An empty one is valid. RFC 9112, section 3.3, lets a server take a default for it, as most do.
            Some(host) if host.bytes(input).is_empty() => self.host = None,
            _ => {}
        }
        self.body_length =
            self.framing.request_length(is_old, self.transfer_encoding.unwrap_or_default().bytes(input))?;
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
