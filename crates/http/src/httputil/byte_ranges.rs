//! Several ranges of one body: read from `Range`, brought into order, and sent as `multipart/byteranges` (RFC
//! 9110, sections 14.1, 14.2 and 14.6).
//!
//! A header of a few bytes can ask for very much: the same gigabyte a thousand times. So ranges are counted,
//! and those that overlap or nearly touch are made one.

use std::ops::Range;

use super::ranges::{RangeNotSatisfiable, RequestRange, content_range, parse_number};
use crate::random::random_token;

/// How many ranges a header may ask for; one with more is ignored.
const RANGES_MAX: usize = 32;

/// Ranges that are this near to each other are sent as one: the head of a part is as long.
const GAP_MAX: u64 = 80;

/// Reads a `Range` header that may ask for several ranges; `None` means to send the whole body: other units,
/// more than 32 ranges, or one that is malformed.
///
/// [`parse_request_range`](super::parse_request_range) is for one range alone, as in Tornado.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::{parse_request_ranges, resolve_ranges};
///
/// let ranges = parse_request_ranges("bytes=0-99, 5000-5099, 50-149, -100").unwrap();
/// assert_eq!(resolve_ranges(&ranges, 10_000), Ok(vec![0..150, 5000..5100, 9900..10_000]));
/// ```
pub fn parse_request_ranges(header: &str) -> Option<Vec<RequestRange>> {
    let (unit, set) = header.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut ranges = Vec::new();
    // "A recipient MUST parse and ignore a reasonable number of empty list elements" (RFC 9110, section 5.6.1.2).
    for range in set.split(',').map(str::trim).filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once('-')?;
        ranges.push(match (parse_number(first)?, parse_number(last)?) {
            (Some(first), Some(last)) if last < first => return None,
            (Some(first), last) => RequestRange::From { first, last },
            (None, Some(length)) => RequestRange::Suffix(length),
            (None, None) => return None,
        });
        if ranges.len() > RANGES_MAX {
            return None;
        }
    }
    (!ranges.is_empty()).then_some(ranges)
}

/// The bytes to send of a body of `length` bytes, in the order in which they were asked for.
///
/// Ranges of which nothing exists are left out; those that overlap, or are less than a part's head apart, become
/// one. A single range that is all of the body is to be answered with 200, any other with 206, and several with a
/// [`ByteRanges`] body.
///
/// # Errors
///
/// [`RangeNotSatisfiable`] if nothing of any of them exists.
pub fn resolve_ranges(ranges: &[RequestRange], length: u64) -> Result<Vec<Range<u64>>, RangeNotSatisfiable> {
    let mut resolved: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for mut range in ranges.iter().filter_map(|range| range.resolve(length).ok()) {
        let mut place = resolved.len();
        // With what it takes in it may come near to others.
        while let Some(near) = resolved.iter().position(|other| is_near(other, &range)) {
            let other = resolved.remove(near);
            range = range.start.min(other.start)..range.end.max(other.end);
            place = place.min(near);
        }
        resolved.insert(place, range);
    }
    if resolved.is_empty() { Err(RangeNotSatisfiable { length }) } else { Ok(resolved) }
}

fn is_near(one: &Range<u64>, other: &Range<u64>) -> bool {
    one.start <= other.end.saturating_add(GAP_MAX) && other.start <= one.end.saturating_add(GAP_MAX)
}

/// A body of the type `multipart/byteranges`: the answer to a request for several ranges.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::{ByteRanges, ByteRangesPiece};
///
/// let file = b"0123456789";
/// let answer = ByteRanges::new(vec![0..2, 8..10], 10, Some("text/plain"));
/// let mut body = Vec::new();
/// for piece in answer.pieces() {
///     match piece {
///         ByteRangesPiece::Framing(text) => body.extend_from_slice(text.as_bytes()),
///         ByteRangesPiece::Body(range) => body.extend_from_slice(&file[range.start as usize..range.end as usize]),
///     }
/// }
/// assert_eq!(body.len() as u64, answer.content_length());
/// assert!(answer.content_type().starts_with("multipart/byteranges; boundary="));
/// ```
#[derive(Clone, Debug)]
pub struct ByteRanges {
    ranges: Vec<Range<u64>>,
    length: u64,
    part_type: Option<String>,
    boundary: String,
}

/// What a [`ByteRanges`] body is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ByteRangesPiece {
    /// Text between the parts.
    Framing(
        /// To be sent as it is.
        String,
    ),
    /// These bytes of the whole body.
    Body(
        /// Which they are.
        Range<u64>,
    ),
}

impl ByteRanges {
    /// Makes the body of an answer with these ranges of a whole of `length` bytes and this content type.
    pub fn new(ranges: Vec<Range<u64>>, length: u64, part_type: Option<&str>) -> Self {
        Self { ranges, length, part_type: part_type.map(str::to_owned), boundary: random_token() }
    }

    /// The answer's own `Content-Type`.
    pub fn content_type(&self) -> String {
        format!("multipart/byteranges; boundary={}", self.boundary)
    }

    /// The answer's `Content-Length`.
    pub fn content_length(&self) -> u64 {
        let length = |piece| match piece {
            ByteRangesPiece::Framing(text) => text.len() as u64,
            ByteRangesPiece::Body(range) => range.end - range.start,
        };
        self.pieces().map(length).sum()
    }

    /// What is to be sent, piece by piece.
    pub fn pieces(&self) -> impl Iterator<Item = ByteRangesPiece> + '_ {
        let parts = self
            .ranges
            .iter()
            .flat_map(|range| [ByteRangesPiece::Framing(self.part_head(range)), ByteRangesPiece::Body(range.clone())]);
        parts.chain([ByteRangesPiece::Framing(format!("\r\n--{}--\r\n", self.boundary))])
    }

    fn part_head(&self, range: &Range<u64>) -> String {
        let part_type = self.part_type.as_ref().map_or(String::new(), |name| format!("Content-Type: {name}\r\n"));
        let content_range = content_range(range, self.length);
        format!("\r\n--{}\r\n{part_type}Content-Range: {content_range}\r\n\r\n", self.boundary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_a_thousand_bytes() {
        // None: the header is ignored; an error: 416.
        type Case<'text> = (&'text str, Option<Result<&'text str, ()>>);
        #[rustfmt::skip]
        const CASES: &[Case<'_>] = &[
            ("bytes=2-4",                   Some(Ok("2..5"))),
            ("bytes=0-99,200-299",          Some(Ok("0..100, 200..300"))),
            ("Bytes = 0-99 , 200-",         Some(Ok("0..100, 200..1000"))),
            ("bytes=900-,0-99",             Some(Ok("900..1000, 0..100"))),
            ("bytes=0-99,-100",             Some(Ok("0..100, 900..1000"))),
            ("bytes=,0-99,, ,200-299,",     Some(Ok("0..100, 200..300"))),
            ("bytes=0-99,50-149",           Some(Ok("0..150"))),
            ("bytes=0-99,100-199",          Some(Ok("0..200"))),
            ("bytes=0-99,150-199",          Some(Ok("0..200"))),
            ("bytes=0-9,400-409,0-499",     Some(Ok("0..500"))),
            ("bytes=0-9,800-809,100-109,10-99", Some(Ok("0..110, 800..810"))),
            ("bytes=0-0,0-0,0-0",           Some(Ok("0..1"))),
            ("bytes=0-,0-,0-,0-",           Some(Ok("0..1000"))),
            ("bytes=0-99,1000-",            Some(Ok("0..100"))),
            ("bytes=1000-,-0",              Some(Err(()))),
            ("bytes=0-99,5-3",              None),
            ("bytes=0-99,x",                None),
            ("bytes=0-99,5",                None),
            ("bytes=0-99,-",                None),
            ("bytes=,",                     None),
            ("bytes=",                      None),
            ("lines=0-99,200-299",          None),
        ];
        for &(header, expected) in CASES {
            let resolved = parse_request_ranges(header).map(|ranges| resolve_ranges(&ranges, 1000));
            let shown = resolved.map(|resolved| resolved.map(|ranges| format!("{ranges:?}")));
            let expected = expected.map(|expected| expected.map(|ranges| format!("[{ranges}]")));
            assert_eq!(shown.map(|shown| shown.map_err(|_| ())), expected, "{header:?}");
        }
    }

    #[test]
    fn what_is_sent_is_never_more_than_there_is() {
        let mut random = 1_u64;
        for _ in 0..2_000 {
            let ranges: Vec<RequestRange> = (0..RANGES_MAX)
                .map(|_| {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let (first, length) = (random >> 40 & 0xfff, random >> 52 & 0x1ff);
                    RequestRange::From { first, last: Some(first + length) }
                })
                .collect();
            let resolved = resolve_ranges(&ranges, 4096).unwrap();
            let mut sorted = resolved.clone();
            sorted.sort_by_key(|range| range.start);
            assert!(sorted.windows(2).all(|pair| pair[0].end + GAP_MAX < pair[1].start), "{resolved:?}");
            for wanted in ranges.iter().filter_map(|range| range.resolve(4096).ok()) {
                let is_sent = resolved.iter().any(|sent| sent.start <= wanted.start && wanted.end <= sent.end);
                assert!(is_sent, "{wanted:?} is not in {resolved:?}");
            }
        }
    }

    #[test]
    fn too_many_ranges_are_ignored() {
        let header = |count| format!("bytes={}", vec!["0-0"; count].join(","));
        assert!(parse_request_ranges(&header(RANGES_MAX)).is_some());
        assert_eq!(parse_request_ranges(&header(RANGES_MAX + 1)), None);
        assert_eq!(parse_request_ranges(&header(100_000)), None);
    }

    #[test]
    fn a_multipart_body_is_framed_as_the_rfc_shows() {
        let mut answer = ByteRanges::new(vec![500..1000, 7000..8000], 8000, Some("application/pdf"));
        answer.boundary = "THIS_STRING_SEPARATES".to_owned();
        let shown: String = answer
            .pieces()
            .map(|piece| match piece {
                ByteRangesPiece::Framing(text) => text,
                ByteRangesPiece::Body(range) => format!("[{}..{}]", range.start, range.end),
            })
            .collect();
        assert_eq!(
            shown,
            "\r\n--THIS_STRING_SEPARATES\r\nContent-Type: application/pdf\r\nContent-Range: bytes 500-999/8000\r\n\r\n\
             [500..1000]\r\n--THIS_STRING_SEPARATES\r\nContent-Type: application/pdf\r\nContent-Range: bytes \
             7000-7999/8000\r\n\r\n[7000..8000]\r\n--THIS_STRING_SEPARATES--\r\n"
        );
        assert_eq!(answer.content_length(), (shown.len() - "[500..1000][7000..8000]".len() + 1500) as u64);
        let untyped = ByteRanges::new(vec![0..1, 5..6], 10, None);
        assert!(untyped.pieces().all(|piece| !format!("{piece:?}").contains("Content-Type")));
    }
}
