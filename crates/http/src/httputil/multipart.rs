//! `multipart/form-data`, read as it arrives (RFC 7578; RFC 2046, section 5.1).
//!
//! Bytes in, events out: [`MultipartReader`] holds back no more than a boundary's length, so an upload
//! of any size passes through without being kept. A delimiter is `--boundary` at the beginning of a
//! line, followed by CRLF, or by `--` if it is the last. As in Tornado nothing may stand before the
//! first delimiter, and what follows the last one is ignored.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem;

use super::error::MultipartError;
use super::parameters::parse_parameters;
use crate::headers::Headers;

/// What an upload may cost. Tornado's `ParseMultipartConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultipartLimits {
    enabled: bool,
    max_parts: usize,
    max_part_header_size: usize,
}

impl MultipartLimits {
    /// The defaults: 100 parts with headers of 10 KiB each.
    pub const fn new() -> Self {
        Self { enabled: true, max_parts: 100, max_part_header_size: 10 * 1024 }
    }

    /// Whether uploads are read at all; where not, each is an error. Default: yes.
    #[must_use]
    pub const fn enabled(self, enabled: bool) -> Self {
        Self { enabled, ..self }
    }

    /// Parts that an upload may have: each field of the form is one, and so is each file. One more is
    /// an error. Default: 100.
    #[must_use]
    pub const fn max_parts(self, max_parts: usize) -> Self {
        Self { max_parts, ..self }
    }

    /// Bytes that the headers of one part may have; more are an error. Default: 10 KiB.
    #[must_use]
    pub const fn max_part_header_size(self, max_part_header_size: usize) -> Self {
        Self { max_part_header_size, ..self }
    }
}

impl Default for MultipartLimits {
    fn default() -> Self {
        Self::new()
    }
}

/// What the reader has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MultipartEvent {
    /// A part begins.
    Part(PartHead),
    /// Some of the part's body; never empty.
    Data(Bytes),
    /// The part's body is complete.
    EndOfPart,
    /// The final boundary has come; whatever follows is ignored.
    End,
}

/// What the headers of a part say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartHead {
    /// The form field's name; never empty.
    pub name: String,
    /// The file's name as the client gave it, if the part is a file. It may hold a path: never open it.
    pub filename: Option<String>,
    /// The `Content-Type`, if there is one.
    pub content_type: Option<String>,
    /// All headers of the part.
    pub headers: Headers,
}

/// Reads a `multipart/form-data` body from whatever pieces it arrives in.
///
/// # Examples
///
/// A form of one field, in two pieces:
///
/// ```
/// use bytes::BytesMut;
/// use firewhirl_http::httputil::{MultipartEvent, MultipartLimits, MultipartReader};
///
/// let mut reader = MultipartReader::new(b"1234", MultipartLimits::new())?;
/// let mut input = BytesMut::from("--1234\r\nContent-Disposition: form-data; name=\"color\"\r\n\r\nbl");
/// let Some(MultipartEvent::Part(part)) = reader.decode(&mut input)? else { panic!("no part") };
/// assert_eq!(part.name, "color");
/// assert_eq!(reader.decode(&mut input)?, None);       // "bl" could still be the start of a boundary
///
/// input.extend_from_slice(b"ue\r\n--1234--\r\n");
/// assert_eq!(reader.decode(&mut input)?, Some(MultipartEvent::Data("blue".into())));
/// assert_eq!(reader.decode(&mut input)?, Some(MultipartEvent::EndOfPart));
/// assert_eq!(reader.decode(&mut input)?, Some(MultipartEvent::End));
/// reader.finish()?;
/// # Ok::<(), firewhirl_http::httputil::MultipartError>(())
/// ```
#[derive(Debug)]
pub struct MultipartReader {
    /// `--boundary`, ready to be searched for.
    delimiter: memmem::Finder<'static>,
    limits: MultipartLimits,
    state: State,
    parts: usize,
    /// Bytes of the input that are known to hold no end of the headers.
    searched: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// Nothing has come yet: the first delimiter is due.
    Start,
    /// The headers of a part, or another delimiter right away.
    Head,
    /// A part's body. At its beginning the line end that a delimiter needs is that of the headers.
    Body {
        at_start: bool,
    },
    /// The delimiter that ends a part has been taken.
    BodyEnded {
        last: bool,
    },
    /// The final delimiter has been taken.
    Ended,
    /// Nothing but the epilogue comes any more.
    Epilogue,
    Failed(MultipartError),
}

/// What to do with the beginning of the input.
enum Step {
    /// More input is needed.
    Wait,
    /// Drop as many bytes and go on in this state.
    Skip(usize, State),
    /// A part's headers are as many bytes, with what follows them.
    Head { length: usize, taken: usize },
    /// As many bytes are the part's.
    Data(usize),
    /// Report this and go on in this state.
    Report(MultipartEvent, State),
}

impl MultipartReader {
    /// Bytes that a boundary may have. RFC 2046 says 70, and some clients make longer ones; since a
    /// boundary's length is held back and searched again with each piece of input, there is an end.
    pub const MAX_BOUNDARY: usize = 256;

    /// Makes a reader for a body with this boundary, with or without the quotes of the header.
    ///
    /// # Errors
    ///
    /// [`MultipartError::Disabled`], or [`NoBoundary`](MultipartError::NoBoundary) and
    /// [`BoundaryTooLong`](MultipartError::BoundaryTooLong) for a boundary without or with more than
    /// [`MAX_BOUNDARY`](Self::MAX_BOUNDARY) bytes.
    pub fn new(boundary: &[u8], limits: MultipartLimits) -> Result<Self, MultipartError> {
        if !limits.enabled {
            return Err(MultipartError::Disabled);
        }
        let boundary = match boundary {
            [b'"', inner @ .., b'"'] => inner,
            bare => bare,
        };
        if boundary.is_empty() {
            return Err(MultipartError::NoBoundary);
        }
        if boundary.len() > Self::MAX_BOUNDARY {
            return Err(MultipartError::BoundaryTooLong { limit: Self::MAX_BOUNDARY });
        }
        let delimiter = memmem::Finder::new(&[b"--", boundary].concat()).into_owned();
        Ok(Self { delimiter, limits, state: State::Start, parts: 0, searched: 0 })
    }

    /// Makes a reader for a body of this `Content-Type`.
    ///
    /// # Errors
    ///
    /// As of [`new`](Self::new), and [`MultipartError::ContentType`] for another type.
    pub fn for_content_type(content_type: &str, limits: MultipartLimits) -> Result<Self, MultipartError> {
        let mut fields = content_type.split(';').map(str::trim);
        if fields.next() != Some("multipart/form-data") {
            return Err(MultipartError::ContentType);
        }
        let boundary = fields.find_map(|field| field.strip_prefix("boundary=").filter(|value| !value.is_empty()));
        Self::new(boundary.ok_or(MultipartError::NoBoundary)?.as_bytes(), limits)
    }

    /// Takes what can be taken off the beginning of `input`; `None` means that more is needed.
    ///
    /// Data is a slice of the input, not a copy.
    ///
    /// # Errors
    ///
    /// The first [`MultipartError`] in the body, and the same again from then on.
    pub fn decode(&mut self, input: &mut BytesMut) -> Result<Option<MultipartEvent>, MultipartError> {
        self.advance(input)
    }

    /// Says whether the body may end here.
    ///
    /// # Errors
    ///
    /// [`MultipartError::NoFinalBoundary`] if the final boundary has not come, or what
    /// [`decode`](Self::decode) has failed with.
    pub fn finish(&self) -> Result<(), MultipartError> {
        match &self.state {
            State::Ended | State::Epilogue => Ok(()),
            State::Failed(error) => Err(error.clone()),
            _ => Err(MultipartError::NoFinalBoundary),
        }
    }

    /// [`decode`](Self::decode) for any buffer in one piece.
    pub(super) fn advance(&mut self, input: &mut impl Buf) -> Result<Option<MultipartEvent>, MultipartError> {
        loop {
            let found = self.step(input.chunk()).and_then(|step| self.take(step, input));
            match found {
                Ok(Progress::Wait) => return Ok(None),
                Ok(Progress::Skipped) => {}
                Ok(Progress::Event(event)) => return Ok(Some(event)),
                Err(error) => {
                    self.state = State::Failed(error.clone());
                    return Err(error);
                }
            }
        }
    }

    fn take(&mut self, step: Step, input: &mut impl Buf) -> Result<Progress, MultipartError> {
        match step {
            Step::Wait => Ok(Progress::Wait),
            Step::Skip(length, next) => {
                input.advance(length);
                self.state = next;
                Ok(Progress::Skipped)
            }
            Step::Head { length, taken } => {
                let head = parse_part_head(&input.chunk()[..length])?;
                input.advance(taken);
                self.state = State::Body { at_start: true };
                Ok(Progress::Event(MultipartEvent::Part(head)))
            }
            Step::Data(length) => {
                self.state = State::Body { at_start: false };
                Ok(Progress::Event(MultipartEvent::Data(input.copy_to_bytes(length))))
            }
            Step::Report(event, next) => {
                self.state = next;
                Ok(Progress::Event(event))
            }
        }
    }

    fn step(&mut self, input: &[u8]) -> Result<Step, MultipartError> {
        match self.state.clone() {
            State::Start => self.first_delimiter(input),
            State::Head => self.part_head(input),
            State::Body { at_start } => self.part_body(input, at_start),
            State::BodyEnded { last } => {
                Ok(Step::Report(MultipartEvent::EndOfPart, if last { State::Ended } else { State::Head }))
            }
            State::Ended => Ok(Step::Report(MultipartEvent::End, State::Epilogue)),
            State::Epilogue if input.is_empty() => Ok(Step::Wait),
            State::Epilogue => Ok(Step::Skip(input.len(), State::Epilogue)),
            State::Failed(error) => Err(error),
        }
    }

    fn first_delimiter(&mut self, input: &[u8]) -> Result<Step, MultipartError> {
        match self.delimiter_at_start(input) {
            Found::Delimiter { length, last } => {
                self.count_part(last)?;
                Ok(Step::Skip(length, if last { State::Ended } else { State::Head }))
            }
            Found::Unsure => Ok(Step::Wait),
            Found::Nothing => Err(MultipartError::MissingHeaders),
        }
    }

    fn part_head(&mut self, input: &[u8]) -> Result<Step, MultipartError> {
        // A delimiter right after another is an empty part, which Tornado passes over.
        if self.searched == 0 {
            match self.delimiter_at_start(input) {
                Found::Delimiter { length, last } => {
                    self.count_part(last)?;
                    return Ok(Step::Skip(length, if last { State::Ended } else { State::Head }));
                }
                Found::Unsure => return Ok(Step::Wait),
                Found::Nothing => {}
            }
        }
        if input.starts_with(b"\r\n") {
            return Err(MultipartError::MissingHeaders);
        }
        const END: &[u8] = b"\r\n\r\n";
        let limit = self.limits.max_part_header_size;
        let end = memmem::find(&input[self.searched..], END).map(|at| self.searched + at);
        match end {
            Some(length) if length <= limit => {
                self.searched = 0;
                Ok(Step::Head { length, taken: length + END.len() })
            }
            None if input.len() < limit.saturating_add(END.len()) => {
                self.searched = input.len().saturating_sub(END.len() - 1);
                Ok(Step::Wait)
            }
            _ => Err(MultipartError::PartHeaderTooLarge { limit }),
        }
    }

    fn part_body(&mut self, input: &[u8], at_start: bool) -> Result<Step, MultipartError> {
        let needle = self.delimiter.needle().len();
        let mut from = 0;
        while let Some(at) = self.delimiter.find(&input[from..]).map(|at| from + at) {
            // The line end before a delimiter belongs to it.
            let data = match at {
                0 if at_start => Some(0),
                _ => input[..at].ends_with(b"\r\n").then(|| at - 2),
            };
            match (input.get(at + needle..at + needle + 2), data) {
                (None, _) => return Ok(data_or_wait(data.unwrap_or(at.saturating_sub(2)))),
                (Some(b"\r\n"), None) => return Err(MultipartError::MissingLineEnd),
                (Some(ending @ (b"\r\n" | b"--")), Some(data)) => {
                    if data > 0 {
                        return Ok(Step::Data(data));
                    }
                    let last = ending == b"--";
                    self.count_part(last)?;
                    return Ok(Step::Skip(at + needle + 2, State::BodyEnded { last }));
                }
                // It only looks like a delimiter: the part's own bytes.
                _ => from = at + 1,
            }
        }
        // All but the last bytes, which may be the beginning of CRLF and delimiter.
        Ok(data_or_wait(input.len().saturating_sub(needle + 1)))
    }

    fn delimiter_at_start(&self, input: &[u8]) -> Found {
        let needle = self.delimiter.needle();
        let compared = input.len().min(needle.len());
        if input[..compared] != needle[..compared] {
            return Found::Nothing;
        }
        match &input[compared..] {
            [b'\r', b'\n', ..] => Found::Delimiter { length: compared + 2, last: false },
            [b'-', b'-', ..] => Found::Delimiter { length: compared + 2, last: true },
            [] | [b'\r'] | [b'-'] => Found::Unsure,
            _ => Found::Nothing,
        }
    }

    fn count_part(&mut self, last: bool) -> Result<(), MultipartError> {
        self.parts += usize::from(!last);
        if self.parts > self.limits.max_parts {
            return Err(MultipartError::TooManyParts { limit: self.limits.max_parts });
        }
        Ok(())
    }
}

enum Progress {
    Wait,
    Skipped,
    Event(MultipartEvent),
}

enum Found {
    Delimiter { length: usize, last: bool },
    Unsure,
    Nothing,
}

fn data_or_wait(length: usize) -> Step {
    if length > 0 { Step::Data(length) } else { Step::Wait }
}

/// Reads the header lines of a part, without the empty line after them.
fn parse_part_head(head: &[u8]) -> Result<PartHead, MultipartError> {
    // Names and file names are text; RFC 7578, section 5.1, leaves UTF-8 as the one encoding.
    let head = std::str::from_utf8(head).map_err(|_| MultipartError::NotUtf8)?;
    let headers = Headers::parse(head)?;
    let disposition = headers.get("Content-Disposition").unwrap_or_default();
    let (disposition, parameters) = parse_parameters(&disposition);
    if disposition != "form-data" {
        return Err(MultipartError::Disposition { disposition: disposition.to_owned() });
    }
    let (mut name, mut filename) = (None, None);
    for (parameter, value) in parameters {
        match parameter.as_str() {
            "name" => name = Some(value),
            "filename" => filename = Some(value),
            _ => {}
        }
    }
    let name = name.filter(|name| !name.is_empty()).ok_or(MultipartError::MissingName)?;
    let filename = filename.filter(|filename| !filename.is_empty());
    let content_type = headers.get("Content-Type").map(|content_type| content_type.into_owned());
    Ok(PartHead { name, filename, content_type, headers })
}

#[cfg(test)]
mod tests;
