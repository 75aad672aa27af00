//! Where the lines of a head end, and which bytes may stand where (RFC 9112, section 2.2).
//!
//! Bytes are looked at once, however they arrive: a cursor remembers how far it came. It stops at the
//! first byte that no line may hold, so that a message that never ends its line, or ends it with a
//! bare carriage return, is refused at once and not when time runs out.

use std::ops::Range;

use super::blocks::{STRIDE, control_mask};

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
    /// How many bytes were looked at.
    classified: usize,
    /// Which of the last of them are control characters that are not passed yet; the highest bit is
    /// for the very last.
    controls: u64,
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
        loop {
            self.classify(window);
            let end = self.next_control();
            if let Some([b'\r', b'\n', ..]) = window.get(end..) {
                self.pass_control();
                return Ok(Some(self.take_line(end, end + 2)));
            }
            match window.get(end..).unwrap_or_default() {
                [b'\n', ..] if bare_line_feed => return Ok(Some(self.take_line(end, end + 1))),
                [b'\t', ..] => self.pass_control(),
                rest => return self.no_line(rest, window.len() < limit),
            }
        }
    }

    /// Passes over the line that ends at `end`, and over what ends it.
    #[inline(always)]
    fn take_line(&mut self, end: usize, next: usize) -> Range<usize> {
        self.pass_control();
        // A line feed that begins the next block is passed with its carriage return.
        self.classified = self.classified.max(next);
        let line = self.start..end;
        self.start = next;
        line
    }

    /// Goes on until there is a control character, or nothing more to look at.
    #[inline(always)]
    fn classify(&mut self, window: &[u8]) {
        while self.controls == 0
            && let Some(rest) = window.get(self.classified..)
            && !rest.is_empty()
        {
            if let Some(bytes) = rest.first_chunk() {
                self.controls = control_mask(bytes);
                self.classified += STRIDE;
            } else {
                let mut bytes = [b' '; STRIDE];
                bytes[STRIDE - rest.len()..].copy_from_slice(rest);
                self.controls = control_mask(&bytes);
                self.classified = window.len();
            }
        }
    }

    /// Where the next control character is, or where one may follow.
    #[inline(always)]
    fn next_control(&self) -> usize {
        match self.controls {
            0 => self.classified,
            controls => self.classified + controls.trailing_zeros() as usize - STRIDE,
        }
    }

    /// Forgets the next control character.
    #[inline(always)]
    fn pass_control(&mut self) {
        self.controls &= self.controls.wrapping_sub(1);
    }

    /// Says why there is no line: for want of bytes, or for what the `rest` of them begins with.
    #[cold]
    fn no_line(&self, rest: &[u8], may_grow: bool) -> Result<Option<Range<usize>>, LineFault> {
        match rest {
            [b'\r', _, ..] => Err(LineFault::BareCarriageReturn),
            [b'\n', ..] => Err(LineFault::BareLineFeed),
            [] | [b'\r'] if may_grow => Ok(None),
            [] | [b'\r'] => Err(LineFault::TooLong),
            [_, ..] => Err(LineFault::Control),
        }
    }

    /// The line at fault, up to and with the byte that is.
    pub(super) fn fault_excerpt<'input>(&self, input: &'input [u8], limit: usize) -> &'input [u8] {
        let end = (self.next_control() + 1).min(limit).min(input.len());
        input.get(self.start..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_wherever_its_blocks_end() {
        for length in 0..200 {
            for (end, after) in [("\r\n", "\r\n"), ("\r\n", ""), ("\n", "\n"), ("\n", "a")] {
                let text = [vec![b'a'; length], end.into(), b"\tb\xFF".to_vec(), end.into(), after.into()].concat();
                for arrived in 0..=text.len() {
                    let mut cursor = LineCursor::default();
                    let before = cursor.next(&text[..arrived], 1000, true).unwrap();
                    let is_there = arrived >= length + end.len();
                    assert_eq!(before, is_there.then_some(0..length), "{length}, {arrived}");
                    let first = before.or_else(|| cursor.next(&text, 1000, true).unwrap());
                    assert_eq!(first, Some(0..length), "{length}, {arrived}");
                    let second = length + end.len();
                    assert_eq!(cursor.next(&text, 1000, true), Ok(Some(second..second + 3)), "{length}, {arrived}");
                    assert_eq!(cursor.start(), second + 3 + end.len());
                }
            }
        }
    }

    #[test]
    fn a_control_character_is_found_wherever_it_stands() {
        for length in 1..150 {
            for at in 0..length {
                for (control, expected) in [
                    (0, LineFault::Control),
                    (0x1F, LineFault::Control),
                    (0x7F, LineFault::Control),
                    (b'\n', LineFault::BareLineFeed),
                ] {
                    let mut text = vec![b'\t'; length];
                    text[at] = control;
                    let mut cursor = LineCursor::default();
                    assert_eq!(cursor.next(&text, 1000, false), Err(expected), "{control} at {at} of {length}");
                    assert_eq!(cursor.fault_excerpt(&text, 1000), &text[..=at]);
                }
            }
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
