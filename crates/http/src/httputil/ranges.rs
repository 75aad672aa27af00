//! The `Range` header: which bytes of a body a client wants (RFC 9110, section 14).
//!
//! One range only, as in Tornado: a header that asks for several, or for other units than bytes, or
//! that is malformed, is ignored and the whole body sent, which the RFC allows for all of them. Several are in
//! `byte_ranges.rs`.

use std::fmt;
use std::ops::Range;

/// What a `Range` header asks for, before the length of the body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestRange {
    /// From a byte on, up to and including another or to the end: `bytes=0-99`, `bytes=100-`.
    From {
        /// The first byte.
        first: u64,
        /// The last byte; `None` is that of the body.
        last: Option<u64>,
    },
    /// As many bytes from the end of the body: `bytes=-100`.
    Suffix(
        /// How many.
        u64,
    ),
}

/// The range has nothing in common with the body: 416.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeNotSatisfiable {
    /// The body's length in bytes.
    pub length: u64,
}

/// Reads a `Range` header; `None` means to send the whole body.
///
/// Numbers past what 64 bits hold are taken for the largest that they do. Tornado's
/// `_parse_request_range`.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::{RequestRange, parse_request_range};
///
/// assert_eq!(parse_request_range("bytes=1-2"), Some(RequestRange::From { first: 1, last: Some(2) }));
/// assert_eq!(parse_request_range("bytes=-6"), Some(RequestRange::Suffix(6)));
/// assert_eq!(parse_request_range("bytes=1-2,6-10"), None);
/// ```
pub fn parse_request_range(header: &str) -> Option<RequestRange> {
    let (unit, range) = header.split_once('=')?;
    // RFC 9110, section 14.1: "Range unit names are case-insensitive".
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    // `bytes=5` without a hyphen asks for all from there on in Tornado too.
    let (first, last) = range.split_once('-').unwrap_or((range, ""));
    match (parse_number(first)?, parse_number(last)?) {
        (Some(first), last) => Some(RequestRange::From { first, last }),
        (None, Some(length)) => Some(RequestRange::Suffix(length)),
        (None, None) => None,
    }
}

impl RequestRange {
    /// The bytes to send of a body of `length` bytes.
    ///
    /// A range that is all of the body is to be answered with 200, any other with 206.
    ///
    /// # Errors
    ///
    /// [`RangeNotSatisfiable`] if none of the bytes exist, or the last comes before the first.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_http::httputil::parse_request_range;
    ///
    /// let range = parse_request_range("bytes=-3").unwrap();
    /// assert_eq!(range.resolve(10), Ok(7..10));
    /// let range = parse_request_range("bytes=10-").unwrap();
    /// assert_eq!(range.resolve(10).unwrap_err().to_string(), "bytes */10");
    /// ```
    pub fn resolve(self, length: u64) -> Result<Range<u64>, RangeNotSatisfiable> {
        let range = match self {
            Self::From { first, last } => first..last.map_or(length, |last| last.saturating_add(1).min(length)),
            Self::Suffix(0) => 0..0,
            Self::Suffix(wanted) => length.saturating_sub(wanted)..length,
        };
        if range.is_empty() { Err(RangeNotSatisfiable { length }) } else { Ok(range) }
    }
}

/// The `Content-Range` of an answer that sends these bytes of a body of `length` bytes.
///
/// # Examples
///
/// ```
/// assert_eq!(firewhirl_http::httputil::content_range(&(1..3), 4), "bytes 1-2/4");
/// ```
pub fn content_range(range: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1))
}

/// The `Content-Range` of the 416 that answers it.
impl fmt::Display for RangeNotSatisfiable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes */{}", self.length)
    }
}

impl std::error::Error for RangeNotSatisfiable {}

/// A number, or none where there is nothing; `None` for anything else.
pub(super) fn parse_number(text: &str) -> Option<Option<u64>> {
    let digits = text.trim();
    if digits.is_empty() {
        return Some(None);
    }
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    // Of digits alone only a number that is too large cannot be read.
    all_digits.then(|| Some(digits.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ten_bytes() {
        // None: the header is ignored; an error: 416.
        type Case<'text> = (&'text str, Option<Result<Range<u64>, ()>>);
        const CASES: &[Case<'_>] = &[
            ("bytes=2-4", Some(Ok(2..5))),
            ("bytes=0-", Some(Ok(0..10))),
            ("bytes=0-9", Some(Ok(0..10))),
            ("bytes=0-99", Some(Ok(0..10))),
            ("bytes=9-9", Some(Ok(9..10))),
            ("bytes=-3", Some(Ok(7..10))),
            ("bytes=-99", Some(Ok(0..10))),
            (" bytes = 2 - 4 ", Some(Ok(2..5))),
            ("Bytes=2-4", Some(Ok(2..5))),
            ("bytes=2", Some(Ok(2..10))),
            ("bytes=10-", Some(Err(()))),
            ("bytes=5-3", Some(Err(()))),
            ("bytes=-0", Some(Err(()))),
            ("bytes=99999999999999999999999-", Some(Err(()))),
            ("bytes=0-99999999999999999999999", Some(Ok(0..10))),
            ("bytes=0-18446744073709551615", Some(Ok(0..10))),
            ("bytes=", None),
            ("bytes=-", None),
            ("bytes", None),
            ("", None),
            ("foo=42", None),
            ("bytes=0-1,3-4", None),
            ("bytes=a-b", None),
            ("bytes=+1-2", None),
            ("bytes=1_0-", None),
            ("bytes=--5", None),
            ("bytes=1-2-3", None),
        ];
        for (header, expected) in CASES {
            let found = parse_request_range(header).map(|range| range.resolve(10).map_err(|_| ()));
            assert_eq!(&found, expected, "{header:?}");
        }
    }

    #[test]
    fn nothing_of_an_empty_body_can_be_sent() {
        for header in ["bytes=0-", "bytes=-1"] {
            let range = parse_request_range(header).unwrap();
            assert_eq!(range.resolve(0), Err(RangeNotSatisfiable { length: 0 }));
        }
    }

    #[test]
    fn content_range_counts_the_last_byte_in() {
        assert_eq!(content_range(&(0..1), 4), "bytes 0-0/4");
        assert_eq!(content_range(&(0..4), 4), "bytes 0-3/4");
        assert_eq!(RangeNotSatisfiable { length: 4 }.to_string(), "bytes */4");
    }
}
