//! The head of a response: its status line, its fields, and what framing needs of them
//! (RFC 9112, sections 4, 5 and 6.3). The client's counterpart of [`head`](super::head).

#[cfg(feature = "http2")]
mod translated;

use std::ops::Range;

use http::{Method, StatusCode, Version};

use super::fields::{Field, Fields, Span, parse_field_line, refuse_field_line};
use super::framing::{BodyLength, FramingFields};
use super::lines::{LineCursor, LineFault, trim};
use super::version::parse_version;
use crate::error::{ProtocolError, ProtocolErrorKind};
use crate::limits::Limits;

/// The head of a response, to be parsed into again and again.
///
/// # Examples
///
/// ```
/// use firewhirl_http::http1::ResponseHead;
/// use firewhirl_http::Limits;
///
/// let mut head = ResponseHead::new();
/// let input = b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!";
/// assert_eq!(head.parse(input, &http::Method::GET, &Limits::default())?, Some(input.len() - 3));
/// assert_eq!((head.status().as_u16(), head.reason()), (404, &b"Not Found"[..]));
/// # Ok::<(), firewhirl_http::ProtocolError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ResponseHead {
    bytes: Vec<u8>,
    fields: Vec<Field>,
    cursor: LineCursor,
    stage: Stage,
    /// Whether a field goes on over several lines.
    folded: bool,
    version: Version,
    status: StatusCode,
    reason: Span,
    framing: FramingFields,
    body_length: BodyLength,
}

/// What the next line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    StatusLine,
    Field,
    /// There is none: the head is complete, or at fault. The next parse begins anew.
    End,
}

impl ResponseHead {
    /// Makes an empty head.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses the head of the response to a request of this `method` at the beginning of `input`;
    /// gives the bytes that it takes, or `None` if more are needed.
    ///
    /// To go on after `None`, call again on the same head with the same bytes and those that came
    /// after them. A folded field line is unfolded, as RFC 9112, section 5.2, asks of a client.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if the head breaks a rule or a limit. The connection is then of no more use.
    pub fn parse(&mut self, input: &[u8], method: &Method, limits: &Limits) -> Result<Option<usize>, ProtocolError> {
        if self.stage == Stage::End {
            self.clear();
        }
        let parsed = self.parse_lines(input, method, limits);
        if !matches!(parsed, Ok(None)) {
            self.stage = Stage::End;
        }
        parsed
    }

    /// Forgets the response, and a part of one; keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.fields.clear();
        self.cursor = LineCursor::default();
        self.stage = Stage::StatusLine;
        self.folded = false;
        self.framing = FramingFields::default();
        self.body_length = BodyLength::None;
    }

    /// HTTP/1.0 or HTTP/1.1, which stands for every later 1.x too.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The status code.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The reason phrase, which may be empty.
    pub fn reason(&self) -> &[u8] {
        self.reason.bytes(&self.bytes)
    }

    /// All fields, name and value, as they came.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.lines().iter()
    }

    /// How many field lines there are.
    pub fn field_count(&self) -> usize {
        self.fields.len()
    }

    /// The value of the first field of this name, in whatever case.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.lines().first(name)
    }

    /// The values of all fields of this name, in whatever case.
    pub fn field_values<'head>(&'head self, name: &str) -> impl Iterator<Item = &'head [u8]> {
        self.lines().all(name)
    }

    /// Gives all fields of this name another one.
    pub(crate) fn rename_field(&mut self, name: &str, other: &str) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(other.as_bytes());
        for field in &mut self.fields {
            if field.name.bytes(&self.bytes).eq_ignore_ascii_case(name.as_bytes()) {
                field.name = Span::of(start, other.len());
            }
        }
    }

    /// Where the body ends.
    pub fn body_length(&self) -> BodyLength {
        self.body_length
    }

    /// The value of `Content-Length`; of the answer to HEAD, what GET would have had.
    pub fn content_length(&self) -> Option<u64> {
        self.framing.content_length()
    }

    /// Whether the server can take another request on the connection after this one.
    pub fn keep_alive(&self) -> bool {
        self.framing.is_persistent(self.version == Version::HTTP_10) && self.body_length != BodyLength::UntilClose
    }

    fn lines(&self) -> Fields<'_> {
        Fields { bytes: &self.bytes, fields: &self.fields }
    }

    fn parse_lines(&mut self, input: &[u8], method: &Method, limits: &Limits) -> Result<Option<usize>, ProtocolError> {
        if self.stage == Stage::StatusLine {
            let limit = limits.header_size.min(limits.start_line);
            let line = match self.cursor.next(input, limit, limits.bare_line_feed) {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(None),
                Err(fault) => return Err(refuse_status_line(fault, self.cursor.fault_excerpt(input, limit))),
            };
            self.parse_status_line(&input[line.clone()], line.start)?;
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
            if matches!(input[line.start], b' ' | b'\t')
                && let Some(field) = self.fields.last_mut()
            {
                unfold(field, input, line);
                self.folded = true;
                continue;
            }
            if self.fields.len() >= limits.fields {
                return Err(ProtocolError::new(ProtocolErrorKind::TooManyFields, &input[line]));
            }
            self.fields.push(parse_field_line(&input[line.clone()], line.start)?);
        }
        let consumed = self.cursor.start();
        self.bytes.extend_from_slice(&input[..consumed]);
        if self.folded {
            self.replace_folds();
        }
        self.conclude(method)?;
        Ok(Some(consumed))
    }

    fn parse_status_line(&mut self, line: &[u8], offset: usize) -> Result<(), ProtocolError> {
        let malformed = || ProtocolError::new(ProtocolErrorKind::StatusLine, line);
        let space = line.iter().position(|&byte| byte == b' ').ok_or_else(malformed)?;
        self.version = parse_version(&line[..space], ProtocolErrorKind::StatusLine, line)?;
        let rest = &line[space + 1..];
        let (code, reason) = rest.split_at_checked(3).ok_or_else(malformed)?;
        // The space after the code is part of the grammar, but is often left out with the reason.
        if !matches!(reason, [] | [b' ', ..]) {
            return Err(malformed());
        }
        self.status = StatusCode::from_bytes(code).map_err(|_| malformed())?;
        let length = reason.len().saturating_sub(1);
        self.reason = Span::of(offset + line.len() - length, length);
        Ok(())
    }

    /// Puts one space in place of each fold within a value: the line end, and the whitespace around it.
    fn replace_folds(&mut self) {
        for field in &mut self.fields {
            let value = field.value.start()..field.value.end();
            if !self.bytes[value.clone()].iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
                continue;
            }
            let folded = self.bytes[value].to_vec();
            let start = self.bytes.len();
            for (index, line) in folded.split(|&byte| byte == b'\n').map(trim_line).enumerate() {
                if index > 0 {
                    self.bytes.push(b' ');
                }
                self.bytes.extend_from_slice(line);
            }
            field.value = Span::new(start, self.bytes.len());
        }
    }

    /// Judges what only the whole head tells: above all where the body ends (RFC 9112, section 6.3).
    fn conclude(&mut self, method: &Method) -> Result<(), ProtocolError> {
        let mut coding = &b""[..];
        for field in &self.fields {
            let (name, value) = (field.name.bytes(&self.bytes), field.value.bytes(&self.bytes));
            self.framing.note(name, value)?;
            if name.eq_ignore_ascii_case(b"transfer-encoding") {
                coding = value;
            }
        }
        let status = self.status;
        let announced = self.framing.response_length(self.version == Version::HTTP_10, coding)?;
        let never_has_body = status.is_informational() || status == StatusCode::NO_CONTENT;
        if never_has_body && !matches!(announced, BodyLength::None | BodyLength::UntilClose) {
            return Err(ProtocolError::new(ProtocolErrorKind::BodyNotAllowed, status.as_str().as_bytes()));
        }
        let is_tunnel = *method == Method::CONNECT && status.is_success();
        self.body_length = if never_has_body || status == StatusCode::NOT_MODIFIED || *method == Method::HEAD {
            BodyLength::None
        } else if is_tunnel {
            BodyLength::UntilClose
        } else {
            announced
        };
        Ok(())
    }
}

/// A line of a folded value, without its carriage return and outer whitespace.
fn trim_line(line: &[u8]) -> &[u8] {
    trim(line.strip_suffix(b"\r").unwrap_or(line))
}

/// Lengthens a field's value by a line that continues it.
fn unfold(field: &mut Field, input: &[u8], line: Range<usize>) {
    let continued = trim(&input[line.clone()]);
    if continued.is_empty() {
        return;
    }
    let behind = input[line.clone()].iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let end = line.end - behind;
    let is_first = field.value.start() == field.value.end();
    field.value = Span::new(if is_first { end - continued.len() } else { field.value.start() }, end);
}

/// Says which rule a status line broke before its end.
#[cold]
fn refuse_status_line(fault: LineFault, line: &[u8]) -> ProtocolError {
    let kind = match fault {
        LineFault::TooLong => ProtocolErrorKind::HeadTooLarge,
        LineFault::BareCarriageReturn => ProtocolErrorKind::BareCarriageReturn,
        LineFault::BareLineFeed => ProtocolErrorKind::BareLineFeed,
        LineFault::Control => ProtocolErrorKind::StatusLine,
    };
    ProtocolError::new(kind, line)
}
