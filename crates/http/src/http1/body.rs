//! The body of a message, framed by a length, by chunks, or by the connection's end, in both
//! directions (RFC 9112, sections 6 and 7).

use std::ops::Range;

use http::StatusCode;

use super::chunked::ChunkedReader;
use super::framing::BodyLength;
use crate::error::{OutputError, ProtocolError, ProtocolErrorKind};
use crate::limits::Limits;

/// What one read of a body found in its input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BodyRead {
    /// The bytes that are dealt with, content and framing; zero, unless `done`, if more are needed.
    pub consumed: usize,
    /// Where the content is among them.
    pub data: Range<usize>,
    /// Whether the body is complete.
    pub done: bool,
}

/// Takes the framing off a body.
///
/// # Examples
///
/// ```
/// use firewhirl_http::http1::{BodyLength, BodyReader};
/// use firewhirl_http::Limits;
///
/// let mut body = BodyReader::new(BodyLength::Chunked, &Limits::default());
/// let input = b"3;name=value\r\nabc\r\n0\r\n\r\nGET /";
/// let read = body.read(input, &Limits::default())?;
/// assert_eq!((&input[read.data], &input[read.consumed..], read.done), (&b"abc"[..], &b"GET /"[..], true));
/// # Ok::<(), firewhirl_http::ProtocolError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BodyReader {
    framing: Incoming,
    /// Bytes of content that the body may have.
    max: u64,
}

#[derive(Clone, Debug)]
enum Incoming {
    Done,
    Length { received: u64, left: u64 },
    Chunked(ChunkedReader),
    ChunkedDone(ChunkedReader),
    UntilClose { received: u64 },
}

impl BodyReader {
    /// Makes a reader for a body that ends as `length` says.
    pub fn new(length: BodyLength, limits: &Limits) -> Self {
        let framing = match length {
            BodyLength::None | BodyLength::Length(0) => Incoming::Done,
            BodyLength::Length(left) => Incoming::Length { received: 0, left },
            BodyLength::Chunked => Incoming::Chunked(ChunkedReader::default()),
            BodyLength::UntilClose => Incoming::UntilClose { received: 0 },
        };
        Self { framing, max: limits.body_size }
    }

    /// Reads what is there of the body, [`Limits::chunk_size`] at most; of chunks, the content of one.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if the framing is at fault or the body is over its limit; a length over the
    /// limit at the first read, also one of no bytes. The content before a fault is given first.
    #[inline]
    pub fn read(&mut self, input: &[u8], limits: &Limits) -> Result<BodyRead, ProtocolError> {
        let available = input.len().min(limits.chunk_size) as u64;
        match &mut self.framing {
            Incoming::Done | Incoming::ChunkedDone(_) => Ok(BodyRead { done: true, ..BodyRead::default() }),
            Incoming::Length { received, left } => {
                if *left > self.max.saturating_sub(*received) {
                    return Err(ProtocolError::new(ProtocolErrorKind::BodyTooLarge, b""));
                }
                // What fits into the input fits into a usize.
                let length = (*left).min(available) as usize;
                *received += length as u64;
                *left -= length as u64;
                let done = *left == 0;
                if done {
                    self.framing = Incoming::Done;
                }
                Ok(BodyRead { consumed: length, data: 0..length, done })
            }
            Incoming::Chunked(chunks) => {
                let read = chunks.read(input, limits, self.max)?;
                if read.done {
                    self.framing = Incoming::ChunkedDone(std::mem::take(chunks));
                }
                Ok(read)
            }
            Incoming::UntilClose { received } => {
                let room = self.max.saturating_sub(*received);
                if room == 0 && !input.is_empty() {
                    return Err(ProtocolError::new(ProtocolErrorKind::BodyTooLarge, b""));
                }
                let length = room.min(available) as usize;
                *received += length as u64;
                Ok(BodyRead { consumed: length, data: 0..length, done: false })
            }
        }
    }

    /// Takes note that the peer has closed.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] if more of the body had to come.
    pub fn end_of_stream(&mut self) -> Result<(), ProtocolError> {
        match self.framing {
            Incoming::Done | Incoming::ChunkedDone(_) => Ok(()),
            Incoming::UntilClose { .. } => {
                self.framing = Incoming::Done;
                Ok(())
            }
            Incoming::Length { .. } | Incoming::Chunked(_) => {
                Err(ProtocolError::new(ProtocolErrorKind::Incomplete, b""))
            }
        }
    }

    /// Whether the body is complete.
    #[inline]
    pub fn is_done(&self) -> bool {
        matches!(self.framing, Incoming::Done | Incoming::ChunkedDone(_))
    }

    /// The bytes of content still to come; `None` if that is not known.
    #[inline]
    pub fn left(&self) -> Option<u64> {
        match self.framing {
            Incoming::Done | Incoming::ChunkedDone(_) => Some(0),
            Incoming::Length { left, .. } => Some(left),
            Incoming::Chunked(_) | Incoming::UntilClose { .. } => None,
        }
    }

    /// Whether the length that the head gave is over the limit.
    pub fn is_too_large(&self) -> bool {
        matches!(self.framing, Incoming::Length { received, left } if left > self.max.saturating_sub(received))
    }

    /// Bytes of content that the body may have.
    pub fn max_size(&self) -> u64 {
        self.max
    }

    /// Sets how many bytes of content the body may have, in place of [`Limits::max_body_size`].
    pub fn set_max_size(&mut self, bytes: u64) {
        self.max = bytes;
    }

    /// The fields that came after a chunked body: complete lines, each with its CRLF. Those that
    /// belong into a head are not among them.
    pub fn trailers(&self) -> &[u8] {
        match &self.framing {
            Incoming::ChunkedDone(chunks) => chunks.trailers.lines(),
            _ => &[],
        }
    }
}

/// Puts the framing on a body, and holds it to what its head has promised.
#[derive(Clone, Copy, Debug)]
pub struct BodyWriter {
    framing: Outgoing,
}

#[derive(Clone, Copy, Debug)]
enum Outgoing {
    /// What is written is dropped: the answer to HEAD.
    Dropped,
    /// Nothing may be written.
    NoBody {
        status: StatusCode,
    },
    Length {
        left: u64,
    },
    Chunked,
    /// As it is written, up to the connection's end or to where the application says.
    AsIs,
}

impl BodyWriter {
    /// Makes a writer for a body that ends as `length` says; [`BodyLength::None`] is an empty one.
    pub fn new(length: BodyLength) -> Self {
        let framing = match length {
            BodyLength::None => Outgoing::Length { left: 0 },
            BodyLength::Length(left) => Outgoing::Length { left },
            BodyLength::Chunked => Outgoing::Chunked,
            BodyLength::UntilClose => Outgoing::AsIs,
        };
        Self { framing }
    }

    /// Makes a writer for the answer to HEAD, which drops what is written.
    pub(crate) fn dropping() -> Self {
        Self { framing: Outgoing::Dropped }
    }

    /// Makes a writer for a status that has no body.
    pub(crate) fn without_body(status: StatusCode) -> Self {
        Self { framing: Outgoing::NoBody { status } }
    }

    /// Appends a part of the body to `out`.
    ///
    /// # Errors
    ///
    /// [`OutputError::MoreThanLength`] if the promised length is exceeded, and
    /// [`OutputError::BodyNotAllowed`]; nothing is appended then.
    #[inline]
    pub fn write(&mut self, out: &mut Vec<u8>, chunk: &[u8]) -> Result<(), OutputError> {
        if self.write_prefix(out, chunk.len())? {
            out.extend_from_slice(chunk);
            self.write_suffix(out);
        }
        Ok(())
    }

    /// Appends what stands before a part of `length` bytes, which the caller sends by itself; whether
    /// it is to be sent. The [suffix](Self::write_suffix) follows it.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    #[inline]
    pub fn write_prefix(&mut self, out: &mut Vec<u8>, length: usize) -> Result<bool, OutputError> {
        match &mut self.framing {
            // A chunk of no bytes would be the last one.
            _ if length == 0 => return Ok(false),
            Outgoing::Dropped => return Ok(false),
            Outgoing::NoBody { status } => return Err(OutputError::BodyNotAllowed { status: *status }),
            Outgoing::Length { left } => {
                *left = left.checked_sub(length as u64).ok_or(OutputError::MoreThanLength)?;
            }
            Outgoing::Chunked => write_chunk_size(out, length),
            Outgoing::AsIs => {}
        }
        Ok(true)
    }

    /// Appends what stands after a part.
    #[inline]
    pub fn write_suffix(&mut self, out: &mut Vec<u8>) {
        if let Outgoing::Chunked = self.framing {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Appends what ends the body: of chunks, the last one and the `trailers`, complete lines each
    /// with its CRLF. Where there are no chunks trailers have no place and are left out.
    ///
    /// # Errors
    ///
    /// [`OutputError::LessThanLength`] if more was promised.
    #[inline]
    pub fn write_end(&mut self, out: &mut Vec<u8>, trailers: &[u8]) -> Result<(), OutputError> {
        match self.framing {
            Outgoing::Length { left: 0 } | Outgoing::Dropped | Outgoing::NoBody { .. } | Outgoing::AsIs => {}
            Outgoing::Length { left } => return Err(OutputError::LessThanLength { missing: left }),
            Outgoing::Chunked => {
                out.extend_from_slice(b"0\r\n");
                out.extend_from_slice(trailers);
                out.extend_from_slice(b"\r\n");
            }
        }
        Ok(())
    }
}

/// Appends a chunk's size and the end of its line.
fn write_chunk_size(out: &mut Vec<u8>, size: usize) {
    // Sixteen digits hold any size.
    let mut line = *b"0000000000000000\r\n";
    let mut start = line.len() - 2;
    let mut rest = size;
    while rest > 0 {
        start -= 1;
        line[start] = b"0123456789abcdef"[rest & 15];
        rest >>= 4;
    }
    out.extend_from_slice(&line[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_written_as_its_head_has_promised() {
        #[rustfmt::skip]
        const CASES: &[(BodyLength, &[&str], &str)] = &[
            (BodyLength::None,       &[],               ""),
            (BodyLength::None,       &[""],             ""),
            (BodyLength::Length(5),  &["abc", "", "de"], "abcde"),
            (BodyLength::Chunked,    &[],               "0\r\n\r\n"),
            (BodyLength::Chunked,    &["abc", "", "d"], "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"),
            (BodyLength::Chunked,    &["0123456789abcdef0"], "11\r\n0123456789abcdef0\r\n0\r\n\r\n"),
            (BodyLength::UntilClose, &["abc", "de"],    "abcde"),
        ];
        for &(length, parts, expected) in CASES {
            let (mut writer, mut out) = (BodyWriter::new(length), Vec::new());
            parts.iter().try_for_each(|part| writer.write(&mut out, part.as_bytes())).unwrap();
            writer.write_end(&mut out, b"").unwrap();
            assert_eq!(out, expected.as_bytes(), "{length:?}");
        }
    }

    #[test]
    fn a_length_is_kept_honest() {
        let (mut writer, mut out) = (BodyWriter::new(BodyLength::Length(3)), Vec::new());
        assert_eq!(writer.write(&mut out, b"abcd"), Err(OutputError::MoreThanLength));
        assert_eq!(out, b"");
        writer.write(&mut out, b"ab").unwrap();
        let error = writer.write_end(&mut out, b"").unwrap_err();
        assert_eq!(error.to_string(), "Tried to write 1 bytes less than Content-Length");
    }

    #[test]
    fn what_was_written_reads_the_same() {
        let text: Vec<u8> = (0..70_000_u32).map(|number| number as u8).collect();
        for length in [BodyLength::Length(text.len() as u64), BodyLength::Chunked, BodyLength::UntilClose] {
            let (mut writer, mut out) = (BodyWriter::new(length), Vec::new());
            for part in text.chunks(33_333) {
                writer.write(&mut out, part).unwrap();
            }
            writer.write_end(&mut out, b"Checksum: 1\r\n").unwrap();
            for chunk_size in [7, 64 * 1024] {
                let limits = Limits::default().chunk_size(chunk_size);
                let mut reader = BodyReader::new(length, &limits);
                let (mut content, mut at) = (Vec::new(), 0);
                while at < out.len() {
                    let read = reader.read(&out[at..], &limits).unwrap();
                    assert!(read.data.len() <= chunk_size);
                    content.extend_from_slice(&out[at..][read.data]);
                    at += read.consumed;
                }
                reader.end_of_stream().unwrap();
                assert!(content == text, "{length:?}");
                let trailers: &[u8] = if length == BodyLength::Chunked { b"Checksum: 1\r\n" } else { b"" };
                assert_eq!(reader.trailers(), trailers);
            }
        }
    }
}
