//! Where the lines of a head end, and which bytes may stand where (RFC 9112, section 2.2).
//!
//! Bytes are looked at once, however they arrive: a cursor remembers how far it came. It stops at the
//! first byte that no line may hold, so that a message that never ends its line, or ends it with a
//! bare carriage return, is refused at once and not when time runs out.

use std::ops::Range;

/// RFC 9110, section 5.6.2: `tchar`.
pub(super) static TOKEN: [bool; 256] = table(b"!#$%&'*+-.^_`|~");

/// RFC 3986, section 3.2.2: what a registered name may hold beside `%` escapes, but the comma, which
/// is what two `Host` fields look like once somebody has joined them.
pub(super) static REGISTERED_NAME: [bool; 256] = table(b"-._~!$&'()*+;=");

const fn table(more: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut index = 0;
    while index < more.len() {
        table[more[index] as usize] = true;
        index += 1;
    }
    table
}

/// Whether the bytes are one `token`, so at least one `tchar` and nothing else.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| TOKEN[usize::from(byte)])
}

/// Without the spaces and tabs around it: RFC 9110's `OWS`, and no other whitespace.
#[inline]
pub(super) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Reads the lines of a growing input one after the other.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct LineCursor {
    /// Where the current line begins.
    start: usize,
    /// Up to where it holds nothing but what a line may hold.
    scanned: usize,
}

/// Why there is no line, and never will be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LineFault {
    TooLong,
    BareCarriageReturn,
    BareLineFeed,
    /// A control character other than the tab.
    Control,
}

impl LineCursor {
    /// Where the line begins that is read now.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// The next line without its end, which must lie within the first `limit` bytes; `None` if more
    /// bytes are needed. On a fault, [`fault_excerpt`](Self::fault_excerpt) shows the line.
    #[inline(always)]
    pub(super) fn next(
        &mut self,
        input: &[u8],
        limit: usize,
        bare_line_feed: bool,
    ) -> Result<Option<Range<usize>>, LineFault> {
        // Bytes beyond the limit are not looked at, so that the outcome does not depend on how many
        // have arrived.
        let window = input.get(..limit).unwrap_or(input);
        self.scanned = first_control(window, self.scanned);
        let end = self.scanned;
        let next = match (window.get(end), window.get(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => end + 2,
            (Some(b'\n'), _) if bare_line_feed => end + 1,
            (byte, _) => return self.no_line(byte.copied(), window.len() < limit, window.len() > end + 1),
        };
        let line = self.start..end;
        *self = Self { start: next, scanned: next };
        Ok(Some(line))
    }

    /// Says why there is no line: for want of bytes, or for the `byte` that the cursor stands at.
    #[cold]
    fn no_line(&self, byte: Option<u8>, may_grow: bool, is_followed: bool) -> Result<Option<Range<usize>>, LineFault> {
        match byte {
            Some(b'\r') if is_followed => Err(LineFault::BareCarriageReturn),
            Some(b'\n') => Err(LineFault::BareLineFeed),
            None | Some(b'\r') if may_grow => Ok(None),
            None | Some(b'\r') => Err(LineFault::TooLong),
            Some(_) => Err(LineFault::Control),
        }
    }

    /// The line at fault, up to and with the byte that is.
    pub(super) fn fault_excerpt<'input>(&self, input: &'input [u8], limit: usize) -> &'input [u8] {
        let end = (self.scanned + 1).min(limit).min(input.len());
        input.get(self.start..end).unwrap_or_default()
    }
}

/// The position of the first control character from `start` on that is not a tab, or the length.
///
/// A head is little but this, so it goes by blocks: of a browser's head of 444 bytes, this makes
/// 5,700 instructions 3,100.
#[inline(always)]
fn first_control(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let found = controls(block);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += BLOCK;
    }
    // What is left is shorter than a block: the last block once more, but for what was seen.
    match bytes.last_chunk() {
        Some(block) if at < bytes.len() => {
            let before = bytes.len() - BLOCK;
            let found = controls(block) >> (8 * (at - before));
            if found == 0 { bytes.len() } else { at + found.trailing_zeros() as usize / 8 }
        }
        Some(_) => bytes.len(),
        None => bytes[start.min(bytes.len())..]
            .iter()
            .position(|&byte| is_control(byte))
            .map_or(bytes.len(), |at| start + at),
    }
}

/// The bytes that are compared at once.
const BLOCK: usize = 16;

/// A byte of ones for each control character of a block that is not a tab.
#[inline(always)]
fn controls(block: &[u8; BLOCK]) -> u128 {
    // Byte by byte as it is written, but a few instructions on vectors once compiled.
    let mut found = [0; BLOCK];
    for (found, &byte) in found.iter_mut().zip(block) {
        *found = if is_control(byte) { 0xFF } else { 0 };
    }
    u128::from_le_bytes(found)
}

const fn is_control(byte: u8) -> bool {
    ((byte < b' ') & (byte != b'\t')) | (byte == 0x7F)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_control_character_is_found_wherever_it_stands() {
        for length in 0..70 {
            let text = vec![b'a'; length];
            assert_eq!(first_control(&text, 0), length, "{length}");
            for at in 0..length {
                for control in [0, b'\n', b'\r', 0x1F, 0x7F] {
                    let mut text = text.clone();
                    text[at] = control;
                    text[length - 1] = control;
                    for start in 0..=at {
                        assert_eq!(first_control(&text, start), at, "{control} at {at} of {length}, from {start}");
                    }
                }
            }
        }
        for byte in (b' '..0x7F).chain(0x80..=0xFF).chain([b'\t']) {
            assert_eq!(first_control(&[byte; 20], 0), 20, "{byte}");
        }
    }

    #[test]
    fn a_line_is_found_however_it_arrives() {
        let text = b"one\r\ntwo\n\r\nthree\r\n";
        let expected: &[&[u8]] = &[b"one", b"two", b"", b"three"];
        for step in 1..=text.len() {
            let mut cursor = LineCursor::default();
            let mut lines: Vec<&[u8]> = Vec::new();
            for end in (0..text.len()).step_by(step).chain([text.len()]) {
                while let Some(line) = cursor.next(&text[..end], 100, true).unwrap() {
                    lines.push(&text[line]);
                }
            }
            assert_eq!(lines, expected, "{step} at a time");
        }
    }

    #[test]
    fn what_no_line_holds_is_refused_before_the_line_ends() {
        const CASES: &[(&[u8], LineFault)] = &[
            (b"one\rtwo", LineFault::BareCarriageReturn),
            (b"one\r\r", LineFault::BareCarriageReturn),
            (b"one\n", LineFault::BareLineFeed),
            (b"one\0", LineFault::Control),
            (b"0123456789", LineFault::TooLong),
            (b"012345678\r", LineFault::TooLong),
            (b"012345678\r\n", LineFault::TooLong),
        ];
        for &(text, expected) in CASES {
            assert_eq!(LineCursor::default().next(text, 10, false), Err(expected), "{:?}", text.escape_ascii());
        }
        assert_eq!(LineCursor::default().next(b"01234567\r\n", 10, false), Ok(Some(0..8)));
    }
}
