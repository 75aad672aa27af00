//! Finding where a read ends, without looking at the same bytes over and over.

use memchr::{memchr, memmem};
use regex::bytes::Regex;

/// The search for a delimiter in bytes that grow at their end.
#[derive(Debug)]
pub(super) struct Search<'delimiter> {
    delimiter: &'delimiter [u8],
    /// The delimiter begins at no place before this.
    from: usize,
}

impl<'delimiter> Search<'delimiter> {
    pub(super) fn new(delimiter: &'delimiter [u8]) -> Self {
        Self { delimiter, from: 0 }
    }

    /// Where the first delimiter ends.
    #[inline]
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        let unseen = bytes.get(self.from..)?;
        let found = match self.delimiter {
            [byte] => memchr(*byte, unseen),
            delimiter => memmem::find(unseen, delimiter),
        };
        if found.is_none() {
            // It may have begun in the last bytes.
            self.from = (bytes.len() + 1).saturating_sub(self.delimiter.len()).max(self.from);
        }
        found.map(|at| self.from + at + self.delimiter.len())
    }
}

/// The search for a regular expression, made anew when the bytes have doubled.
#[derive(Debug)]
pub(super) struct Regexp<'regex> {
    regex: &'regex Regex,
    /// Bytes that the last search has seen.
    seen: usize,
}

impl<'regex> Regexp<'regex> {
    pub(super) fn new(regex: &'regex Regex) -> Self {
        Self { regex, seen: 0 }
    }

    /// Where the first match ends. With `is_last` it looks however little is new.
    pub(super) fn find(&mut self, bytes: &[u8], is_last: bool) -> Option<usize> {
        if bytes.len() <= self.seen || (bytes.len() < self.seen * 2 && !is_last) {
            return None;
        }
        self.seen = bytes.len();
        self.regex.find(bytes).map(|found| found.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_found_however_the_bytes_arrive() {
        let table: &[(&[u8], &[u8], Option<usize>)] = &[
            (b"abc\ndef\n", b"\n", Some(4)),
            (b"abc\r\ndef", b"\r\n", Some(5)),
            (b"abc\r\r\n", b"\r\n", Some(6)),
            (b"aaab", b"aab", Some(4)),
            (b"ababac", b"abac", Some(6)),
            (b"abc", b"abcd", None),
            (b"", b"\n", None),
            (b"abc", b"", Some(0)),
        ];
        for (bytes, delimiter, expected) in table {
            assert_eq!(Search::new(delimiter).find(bytes), *expected, "{bytes:?} whole");
            let mut search = Search::new(delimiter);
            let found = (0..=bytes.len()).find_map(|end| search.find(&bytes[..end]));
            assert_eq!(found, *expected, "{bytes:?} byte by byte");
        }
    }

    #[test]
    fn an_expression_is_looked_for_when_the_bytes_have_doubled_and_at_the_end() {
        let regex = Regex::new("end").unwrap();
        let mut search = Regexp::new(&regex);
        assert_eq!(search.find(b"xxxx", false), None);
        assert_eq!(search.find(b"xxxxend", false), None, "not yet doubled");
        assert_eq!(search.find(b"xxxxend", true), Some(7), "at the end");
        assert_eq!(Regexp::new(&regex).find(b"xxxxend", false), Some(7));
    }
}
