//! The chunked transfer coding, to be read (RFC 9112, section 7.1).
//!
//! Stricter than a head: every line ends with CRLF, a size is hexadecimal digits alone, an extension
//! has to follow the grammar before it is ignored. Two parties that read a chunk's end differently
//! are how requests are smuggled.

use std::ops::Range;

use super::body::BodyRead;
use super::trailers::Trailers;
use crate::error::{ProtocolError, ProtocolErrorKind};
use crate::limits::Limits;

/// Reads a chunked body, a byte or a megabyte at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct ChunkedReader {
    framing: Framing,
    /// Bytes of content so far.
    pub(super) received: u64,
    pub(super) trailers: Trailers,
}

/// Where in the framing the reader is: small, so that it can be tried and taken back.
#[derive(Clone, Copy, Debug, Default)]
struct Framing {
    state: State,
    /// Of the current chunk: its size as it is read, then what is left of it.
    size: u64,
    /// Bytes of extensions so far, and of zeros before a size: both can be sent for ever and carry nothing.
    extensions: u64,
}

/// What is read next. The names in comments are those of the RFC's grammar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// `chunk-size`: its first digit, which there has to be.
    #[default]
    SizeStart,
    /// `chunk-size`, or what follows it.
    Size,
    /// `BWS` after size, name or value: only another extension may follow it.
    ExtensionGap,
    /// `BWS` and `chunk-ext-name`, after a semicolon.
    NameStart,
    Name,
    /// `BWS` after a name: its value may follow, or another extension.
    NameGap,
    /// `BWS` and `chunk-ext-val`, after an equals sign.
    ValueStart,
    Value,
    /// Inside a `quoted-string`.
    Quoted,
    /// After a backslash in it.
    QuotedPair,
    /// After its closing quote.
    QuotedEnd,
    /// The line feed that ends the line of a size.
    LineFeed,
    Content,
    /// The CRLF after a chunk's content.
    ContentCarriageReturn,
    ContentLineFeed,
    Trailers,
    End,
}

impl ChunkedReader {
    pub(super) fn is_done(&self) -> bool {
        self.framing.state == State::End
    }

    /// Reads what is there; content of one chunk at most.
    pub(super) fn read(&mut self, input: &[u8], limits: &Limits, max: u64) -> Result<BodyRead, ProtocolError> {
        let mut consumed = self.read_framing(input, limits, max)?;
        let data = self.read_content(input, consumed, limits);
        if !data.is_empty() {
            consumed = data.end;
            // The framing after the content, so that the end of the body is noticed with its last
            // byte. If it is at fault, the content comes first and the fault with the next read.
            let before = self.framing;
            match self.read_framing(&input[consumed..], limits, max) {
                Ok(more) => consumed += more,
                Err(_) => {
                    self.framing = before;
                    self.trailers = Trailers::default();
                }
            }
        }
        Ok(BodyRead { consumed, data, done: self.is_done() })
    }

    fn read_content(&mut self, input: &[u8], start: usize, limits: &Limits) -> Range<usize> {
        if self.framing.state != State::Content {
            return start..start;
        }
        let available = (input.len() - start).min(limits.chunk_size);
        // What fits into the input fits into a usize.
        let length = self.framing.size.min(available as u64) as usize;
        self.framing.size -= length as u64;
        self.received += length as u64;
        if self.framing.size == 0 {
            self.framing.state = State::ContentCarriageReturn;
        }
        start..start + length
    }

    /// Reads framing until content or the end follows; gives the bytes that were of it.
    fn read_framing(&mut self, input: &[u8], limits: &Limits, max: u64) -> Result<usize, ProtocolError> {
        let mut at = 0;
        while at < input.len() {
            match self.framing.state {
                State::Content | State::End => break,
                State::Trailers => {
                    let (consumed, complete) = self.trailers.read(&input[at..], limits)?;
                    at += consumed;
                    if !complete {
                        break;
                    }
                    self.framing.state = State::End;
                }
                _ => {
                    self.framing.step(input[at]).map_err(|kind| refuse(kind, input, at))?;
                    at += 1;
                    self.check_limits(limits, max)?;
                }
            }
        }
        Ok(at)
    }

    fn check_limits(&self, limits: &Limits, max: u64) -> Result<(), ProtocolError> {
        if self.framing.extensions > limits.chunk_extensions.saturating_add(self.received) {
            let is_size = self.framing.state == State::Size;
            let kind = if is_size { ProtocolErrorKind::ChunkSize } else { ProtocolErrorKind::ChunkExtensionsTooLarge };
            return Err(ProtocolError::new(kind, b"0"));
        }
        if self.framing.state == State::Content && self.framing.size > max.saturating_sub(self.received) {
            return Err(ProtocolError::new(ProtocolErrorKind::BodyTooLarge, b""));
        }
        Ok(())
    }
}

impl Framing {
    /// Takes one byte of framing.
    fn step(&mut self, byte: u8) -> Result<(), ProtocolErrorKind> {
        use ProtocolErrorKind::{ChunkEnd, ChunkExtension, ChunkSize};
        use State::*;

        let in_extension = !matches!(self.state, SizeStart | Size | LineFeed | ContentCarriageReturn | ContentLineFeed);
        let is_leading_zero = self.state == Size && self.size == 0 && byte == b'0';
        self.extensions += u64::from(in_extension || is_leading_zero);
        #[rustfmt::skip]
        let next = match (self.state, byte) {
            (SizeStart | Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.size = push_digit(self.size, byte).ok_or(ChunkSize)?;
                Size
            }
            (Size,                                      b';')         => NameStart,
            (Size,                                      b' ' | b'\t') => ExtensionGap,
            (Size | Name | Value | QuotedEnd,           b'\r')        => LineFeed,
            (SizeStart | Size,                          _)            => return Err(ChunkSize),

            (ExtensionGap,                              b' ' | b'\t') => ExtensionGap,
            (NameStart,                                 b' ' | b'\t') => NameStart,
            (NameStart | Name,                          byte) if is_token_byte(byte) => Name,
            (Name | NameGap,                            b' ' | b'\t') => NameGap,
            (Name | NameGap,                            b'=')         => ValueStart,
            (ValueStart,                                b' ' | b'\t') => ValueStart,
            (ValueStart,                                b'"')         => Quoted,
            (ValueStart | Value,                        byte) if is_token_byte(byte) => Value,
            (Value | QuotedEnd,                         b' ' | b'\t') => ExtensionGap,
            (Quoted,                                    b'"')         => QuotedEnd,
            (Quoted,                                    b'\\')        => QuotedPair,
            (Quoted,                                    byte) if is_text_byte(byte) => Quoted,
            (QuotedPair,                                byte) if is_text_byte(byte) => Quoted,
            (ExtensionGap | Name | NameGap | Value | QuotedEnd, b';') => NameStart,

            (LineFeed, b'\n') if self.size == 0                       => Trailers,
            (LineFeed, b'\n')                                         => Content,
            (ContentCarriageReturn,                     b'\r')        => ContentLineFeed,
            (ContentLineFeed,                           b'\n')        => { self.size = 0; SizeStart }
            (ContentCarriageReturn | ContentLineFeed,   _)            => return Err(ChunkEnd),
            (LineFeed,                                  _)            => return Err(ChunkSize),
            _                                                         => return Err(ChunkExtension),
        };
        self.state = next;
        Ok(())
    }
}

/// Appends a hexadecimal digit, if 64 bits hold the number.
fn push_digit(size: u64, digit: u8) -> Option<u64> {
    let value = char::from(digit).to_digit(16)?;
    (size >> 60 == 0).then_some(size << 4 | u64::from(value))
}

fn is_token_byte(byte: u8) -> bool {
    super::lines::TOKEN[usize::from(byte)]
}

/// What a quoted string may hold, as itself or after a backslash.
fn is_text_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7F)
}

/// Shows the byte at fault alone: what stood before it may have come with an earlier read.
#[cold]
fn refuse(kind: ProtocolErrorKind, input: &[u8], at: usize) -> ProtocolError {
    ProtocolError::new(kind, &input[at..=at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProtocolErrorKind::*;

    /// What is shown, the coded body, and what comes of it: its content, or which rule it breaks.
    type Case = (&'static str, &'static [u8], Result<&'static str, ProtocolErrorKind>);

    #[rustfmt::skip]
    const CASES: &[Case] = &[
        ("no content",                   b"0\r\n\r\n",                              Ok("")),
        ("two chunks",                   b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",       Ok("abcde")),
        ("capitals",                     b"A\r\n0123456789\r\n0\r\n\r\n",           Ok("0123456789")),
        ("small letters",                b"a\r\n0123456789\r\n0\r\n\r\n",           Ok("0123456789")),
        ("leading zeros",                b"0003\r\nabc\r\n000\r\n\r\n",             Ok("abc")),
        ("line ends as content",         b"4\r\n\r\n\r\n\r\n0\r\n\r\n",             Ok("\r\n\r\n")),
        ("an extension",                 b"3;a\r\nabc\r\n0;b\r\n\r\n",              Ok("abc")),
        ("an extension with a value",    b"3;a=b;c=d\r\nabc\r\n0\r\n\r\n",          Ok("abc")),
        ("a quoted value",               b"3;a=\"b;\\\"\t\xe9\"\r\nabc\r\n0\r\n\r\n", Ok("abc")),
        ("whitespace in an extension",   b"3 ; a = b ;\tc\r\nabc\r\n0\r\n\r\n",     Ok("abc")),
        ("a trailer",                    b"0\r\nA: b\r\n\r\n",                      Ok("")),
        ("two trailers",                 b"1\r\na\r\n0\r\nA: b\r\nC:\r\n\r\n",      Ok("a")),
        ("an empty line for a size",     b"\r\n3\r\nabc\r\n0\r\n\r\n",              Err(ChunkSize)),
        ("size with a sign",             b"+3\r\nabc\r\n0\r\n\r\n",                 Err(ChunkSize)),
        ("negative size",                b"-3\r\nabc\r\n0\r\n\r\n",                 Err(ChunkSize)),
        ("size with a prefix",           b"0x3\r\nabc\r\n0\r\n\r\n",                Err(ChunkSize)),
        ("size with an underscore",      b"1_0\r\nabc\r\n0\r\n\r\n",                Err(ChunkSize)),
        ("size after a space",           b" 3\r\nabc\r\n0\r\n\r\n",                 Err(ChunkSize)),
        ("size before a space",          b"3 \r\nabc\r\n0\r\n\r\n",                 Err(ChunkExtension)),
        ("size with a decimal point",    b"3.0\r\nabc\r\n0\r\n\r\n",                Err(ChunkSize)),
        ("size with a comma",            b"3,3\r\nabc\r\n0\r\n\r\n",                Err(ChunkSize)),
        ("no hexadecimal",               b"g\r\nabc\r\n0\r\n\r\n",                  Err(ChunkSize)),
        ("no size",                      b";a\r\nabc\r\n0\r\n\r\n",                 Err(ChunkSize)),
        ("size beyond 64 bits",          b"10000000000000003\r\nabc\r\n0\r\n\r\n",  Err(ChunkSize)),
        ("size of 64 bits",              b"FFFFFFFFFFFFFFFF\r\nabc",                Err(BodyTooLarge)),
        ("a null byte after the size",   b"3\0\r\nabc\r\n0\r\n\r\n",                Err(ChunkSize)),
        ("bare line feed after a size",  b"3\nabc\r\n0\r\n\r\n",                    Err(ChunkSize)),
        ("bare return after a size",     b"3\rabc\r\n0\r\n\r\n",                    Err(ChunkSize)),
        ("two returns after a size",     b"3\r\r\nabc\r\n0\r\n\r\n",                Err(ChunkSize)),
        ("bare line feed after content", b"3\r\nabc\n0\r\n\r\n",                    Err(ChunkEnd)),
        ("bare return after content",    b"3\r\nabc\r0\r\n\r\n",                    Err(ChunkEnd)),
        ("content longer than its size", b"3\r\nabcd\r\n0\r\n\r\n",                 Err(ChunkEnd)),
        ("content shorter",              b"5\r\nabc\r\n0\r\n\r\n",                  Err(ChunkEnd)),
        ("extension without a name",     b"3;\r\nabc\r\n0\r\n\r\n",                 Err(ChunkExtension)),
        ("value without a name",         b"3;=b\r\nabc\r\n0\r\n\r\n",               Err(ChunkExtension)),
        ("no value after the sign",      b"3;a=\r\nabc\r\n0\r\n\r\n",               Err(ChunkExtension)),
        ("two semicolons",               b"3;;a\r\nabc\r\n0\r\n\r\n",               Err(ChunkExtension)),
        ("space after an extension",     b"3;a \r\nabc\r\n0\r\n\r\n",               Err(ChunkExtension)),
        ("an open quote",                b"3;a=\"b\r\nabc\r\n0\r\n\r\n",            Err(ChunkExtension)),
        ("more after a quote",           b"3;a=\"b\"c\r\nabc\r\n0\r\n\r\n",         Err(ChunkExtension)),
        ("control character in a quote", b"3;a=\"\x01\"\r\nabc\r\n0\r\n\r\n",       Err(ChunkExtension)),
        ("line feed in an extension",    b"3;a\nabc\r\n0\r\n\r\n",                  Err(ChunkExtension)),
        ("line feed in a quote",         b"3;a=\"\n\"\r\nabc\r\n0\r\n\r\n",         Err(ChunkExtension)),
        ("bare return in an extension",  b"3;a\rb\r\nabc\r\n0\r\n\r\n",             Err(ChunkSize)),
        ("bare line feed at the end",    b"0\r\n\n",                                Err(BareLineFeed)),
        ("bare line feed in a trailer",  b"0\r\nA: b\n\r\n",                        Err(BareLineFeed)),
        ("bare return in a trailer",     b"0\r\nA: b\rC: d\r\n\r\n",                Err(BareCarriageReturn)),
        ("space before a colon",         b"0\r\nA : b\r\n\r\n",                     Err(FieldName)),
        ("a trailer without its colon",  b"0\r\nA\r\n\r\n",                         Err(NoColon)),
        ("folding in a trailer",         b"0\r\nA: b\r\n c\r\n\r\n",                Err(Folding)),
        ("control in a trailer",         b"0\r\nA: \0\r\n\r\n",                     Err(FieldValue)),
        ("a request in place of an end", b"0\r\nGET / HTTP/1.1\r\n\r\n",            Err(NoColon)),
        ("the content of another size",  b"0\r\nabc\r\n\r\n",                       Err(NoColon)),
    ];

    /// Reads `input` in pieces of `step` bytes; gives the content, and how many bytes the body took.
    fn read(input: &[u8], step: usize, limits: &Limits) -> Result<(Vec<u8>, usize), ProtocolErrorKind> {
        let mut reader = ChunkedReader::default();
        let (mut content, mut consumed, mut end) = (Vec::new(), 0, 0);
        while !reader.is_done() {
            let read = reader.read(&input[consumed..end], limits, limits.body_size).map_err(|error| error.kind())?;
            content.extend_from_slice(&input[consumed..end][read.data.clone()]);
            consumed += read.consumed;
            if read.consumed == 0 && !read.done {
                assert!(end < input.len(), "{} wants more", input.escape_ascii());
                end = (end + step).min(input.len());
            }
        }
        Ok((content, consumed))
    }

    #[test]
    fn reads_the_same_however_the_bytes_arrive() {
        for &(what, input, expected) in CASES {
            for tail in [&b""[..], b"GET / HTTP/1.1\r\n"] {
                let whole = [input, tail].concat();
                for step in [1, 2, 3, 7, whole.len()] {
                    let found = read(&whole, step, &Limits::default());
                    let expected = expected.map(|content| (content.as_bytes().to_vec(), input.len()));
                    assert_eq!(found, expected, "{what}, {step} bytes at a time");
                }
            }
        }
    }

    #[test]
    fn what_a_chunked_body_may_hold_is_limited() {
        let limits = Limits::default().max_body_size(4).max_chunk_extensions(8).max_trailer_size(10);
        #[rustfmt::skip]
        const CASES: &[Case] = &[
            ("content up to the limit", b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n",             Ok("abcd")),
            ("content over the limit",  b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",            Err(BodyTooLarge)),
            ("a chunk over the limit",  b"5\r\n",                                       Err(BodyTooLarge)),
            ("a short extension",       b"1;1234567\r\na\r\n0\r\n\r\n",                 Ok("a")),
            ("a long extension",        b"1;123456789",                                 Err(ChunkExtensionsTooLarge)),
            ("many extensions",         b"1;123\r\na\r\n1;123\r\na\r\n0;123456789",     Err(ChunkExtensionsTooLarge)),
            ("zeros up to the limit",   b"0000000001\r\na\r\n0\r\n\r\n",             Ok("a")),
            ("zeros over the limit",    b"00000000001\r\na\r\n0\r\n\r\n",            Err(ChunkSize)),
            ("trailers up to the limit", b"0\r\nA: b56\r\n\r\n",                        Ok("")),
            ("trailers over the limit", b"0\r\nA: b567\r\n\r\n",                        Err(TrailerTooLarge)),
            ("a long trailer",          b"0\r\nA: b567890",                             Err(TrailerTooLarge)),
        ];
        for &(what, input, expected) in CASES {
            for step in [1, input.len()] {
                let found = read(input, step, &limits).map(|(content, _)| content);
                assert_eq!(found, expected.map(|content| content.as_bytes().to_vec()), "{what}, {step} at a time");
            }
        }
    }
}
