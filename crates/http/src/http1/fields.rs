//! The field lines of a head: where each name and value is, and how one is found (RFC 9112, section 5).
//!
//! Nothing is copied a field. A [`Field`] is four offsets into the bytes of its head, and names are
//! compared as they came, without regard to case.

use crate::error::{ProtocolError, ProtocolErrorKind};

use super::blocks::{BLOCK, leading_letters};
use super::lines::{LineFault, TOKEN, trim};

/// Where a field's name and value are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Field {
    pub(super) name: Span,
    pub(super) value: Span,
}

/// A range of offsets in half the space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Heads are limited to 1 GiB, so that nothing is cut off here.
    #[inline]
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    pub(super) fn of(start: usize, length: usize) -> Self {
        Self::new(start, start + length)
    }

    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    pub(super) fn end(self) -> usize {
        self.end as usize
    }

    #[inline]
    pub(super) fn length(self) -> usize {
        (self.end - self.start) as usize
    }

    /// The bytes; none if the span is not of these.
    #[inline]
    pub(super) fn bytes(self, of: &[u8]) -> &[u8] {
        of.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The part of a text; none if the span is not of it.
    #[inline]
    pub(super) fn part(self, of: &str) -> &str {
        of.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The bytes as text, of a part that was found to be UTF-8 when it was parsed.
    #[inline]
    pub(super) fn text(self, of: &[u8]) -> &str {
        std::str::from_utf8(self.bytes(of)).unwrap_or_default()
    }
}

/// Takes a field line apart; `offset` is where it begins in its head.
#[inline]
pub(super) fn parse_field_line(line: &[u8], offset: usize) -> Result<Field, ProtocolError> {
    // What nearly all are: a name of letters, one space before the value and none behind it.
    let length = letters_length(line);
    if let Some([b':', b' ', first, .., last]) = line.get(length..)
        && length > 0
        && *first > b' '
        && *last > b' '
    {
        let value = Span::new(offset + length + 2, offset + line.len());
        return Ok(Field { name: Span::of(offset, length), value });
    }
    parse_any_field_line(line, offset)
}

/// How many letters and hyphens the line begins with, as far as blocks reach.
#[inline(always)]
fn letters_length(line: &[u8]) -> usize {
    let mut length = 0;
    while let Some(block) = line.get(length..).and_then(<[u8]>::first_chunk) {
        let letters = leading_letters(block);
        length += letters;
        if letters < BLOCK {
            break;
        }
    }
    length
}

/// Takes a field line apart byte by byte, whatever is in it.
fn parse_any_field_line(line: &[u8], offset: usize) -> Result<Field, ProtocolError> {
    let length = line.iter().take_while(|&&byte| TOKEN[usize::from(byte)]).count();
    let Some((b':', value)) = line[length..].split_first().filter(|_| length > 0) else {
        return Err(refuse_name(line));
    };
    let start = value.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let value = Span::of(offset + length + 1 + start, trim(value).len());
    Ok(Field { name: Span::of(offset, length), value })
}

#[cold]
fn refuse_name(line: &[u8]) -> ProtocolError {
    match memchr::memchr(b':', line) {
        _ if matches!(line.first(), Some(b' ' | b'\t')) => ProtocolError::new(ProtocolErrorKind::Folding, line),
        Some(colon) => ProtocolError::new(ProtocolErrorKind::FieldName, &line[..colon]),
        None => ProtocolError::new(ProtocolErrorKind::NoColon, line),
    }
}

/// Says which rule a field line broke before its end; `too_long` is the name of its limit.
#[cold]
pub(super) fn refuse_field_line(fault: LineFault, line: &[u8], too_long: ProtocolErrorKind) -> ProtocolError {
    match (fault, memchr::memchr(b':', line)) {
        (LineFault::TooLong, _) => ProtocolError::new(too_long, line),
        (LineFault::BareCarriageReturn, _) => ProtocolError::new(ProtocolErrorKind::BareCarriageReturn, line),
        (LineFault::BareLineFeed, _) => ProtocolError::new(ProtocolErrorKind::BareLineFeed, line),
        (LineFault::Control, Some(colon)) => {
            ProtocolError::new(ProtocolErrorKind::FieldValue, trim(&line[colon + 1..]))
        }
        (LineFault::Control, None) => ProtocolError::new(ProtocolErrorKind::FieldName, line),
    }
}

/// The fields of one head, in the order in which they came, found in `bytes`.
#[derive(Clone, Copy)]
pub(super) struct Fields<'head> {
    pub(super) bytes: &'head [u8],
    pub(super) fields: &'head [Field],
}

impl<'head> Fields<'head> {
    pub(super) fn iter(self) -> impl ExactSizeIterator<Item = (&'head str, &'head [u8])> {
        self.fields.iter().map(move |field| (field.name.text(self.bytes), field.value.bytes(self.bytes)))
    }

    #[inline]
    pub(super) fn first(self, name: &str) -> Option<&'head [u8]> {
        self.fields.iter().find(|field| self.is_named(field, name)).map(|field| field.value.bytes(self.bytes))
    }

    pub(super) fn all(self, name: &str) -> impl Iterator<Item = &'head [u8]> {
        self.fields
            .iter()
            .filter(move |field| self.is_named(field, name))
            .map(move |field| field.value.bytes(self.bytes))
    }

    #[inline]
    pub(super) fn is_named(self, field: &Field, name: &str) -> bool {
        field.name.length() == name.len() && field.name.bytes(self.bytes).eq_ignore_ascii_case(name.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_line_is_a_token_a_colon_and_a_value() {
        use ProtocolErrorKind::{FieldName, Folding, NoColon};

        type Case = (&'static [u8], Result<(&'static str, &'static [u8]), ProtocolErrorKind>);

        #[rustfmt::skip]
        const CASES: &[Case] = &[
            (b"Host: a",              Ok(("Host", b"a"))),
            (b"Host:a",               Ok(("Host", b"a"))),
            (b"Host: \t a b \t",      Ok(("Host", b"a b"))),
            (b"Empty:",               Ok(("Empty", b""))),
            (b"Empty: \t",            Ok(("Empty", b""))),
            (b"X: a:b",               Ok(("X", b"a:b"))),
            (b"X_!#$%&'*+-.^`|~9: v", Ok(("X_!#$%&'*+-.^`|~9", b"v"))),
            (b"X: \xe9\xff",          Ok(("X", b"\xe9\xff"))),
            (b"X: \xa0a",             Ok(("X", b"\xa0a"))),
            (b": a",                  Err(FieldName)),
            (b"Host : a",             Err(FieldName)),
            (b"Host\t: a",            Err(FieldName)),
            (b"Ho st: a",             Err(FieldName)),
            (b"H\xe9st: a",           Err(FieldName)),
            (b"Ho(st): a",            Err(FieldName)),
            (b"\"Host\": a",          Err(FieldName)),
            (b" Host: a",             Err(Folding)),
            (b"\ta",                  Err(Folding)),
            (b" ",                    Err(Folding)),
            (b"Host",                 Err(NoColon)),
            (b"Host a",               Err(NoColon)),
        ];
        for &(line, expected) in CASES {
            let found = parse_field_line(line, 0)
                .map(|field| (field.name.text(line), field.value.bytes(line)))
                .map_err(|error| error.kind());
            assert_eq!(found, expected, "{}", line.escape_ascii());
        }
    }
}
