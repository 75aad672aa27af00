//! Arguments of a query or a form: names with values, in the order in which they were sent.

use std::collections::HashSet;
use std::fmt;

use firewhirl_escape::{UrlPart, url_unescape_bytes};

use super::error::TooManyArguments;

/// The arguments of a query string or a form; a name may have several values.
///
/// Tornado's `request.arguments`. Values are bytes, as they come out of the percent-encoding; names
/// are compared as bytes too (Tornado reads a query's names as Latin-1 and an upload's as UTF-8, so
/// that the same name differs between them).
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::Arguments;
///
/// let arguments = Arguments::parse(b"a=1&b=x+y&a=2&c", 1000)?;
/// assert_eq!(arguments.get_last("a"), Some(&b"2"[..]));
/// assert_eq!(arguments.get_all("a").collect::<Vec<_>>(), [b"1", b"2"]);
/// assert_eq!(arguments.get_last("b"), Some(&b"x y"[..]));
/// assert_eq!(arguments.get_last("c"), Some(&b""[..]));
/// # Ok::<(), firewhirl_http::httputil::TooManyArguments>(())
/// ```
#[derive(Clone, Default)]
pub struct Arguments {
    /// Every name and value, decoded, one after the other.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

/// A name from `start` to `value`, its value from there to `end`.
#[derive(Clone, Copy)]
struct Entry {
    start: usize,
    value: usize,
    end: usize,
}

impl Arguments {
    /// Makes an empty list; it allocates with the first argument.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), entries: Vec::new() }
    }

    /// Reads a query string or an `application/x-www-form-urlencoded` body.
    ///
    /// `&` separates arguments and nothing else does; `+` is a space; an argument without `=` has an
    /// empty value; invalid escapes stay as they are.
    ///
    /// # Errors
    ///
    /// [`TooManyArguments`] if there are more than `max_arguments`, counted as one more than there are
    /// `&`, before anything is decoded.
    pub fn parse(text: &[u8], max_arguments: usize) -> Result<Self, TooManyArguments> {
        let mut arguments = Self::new();
        arguments.extend_from_urlencoded(text, max_arguments)?;
        Ok(arguments)
    }

    /// Adds what [`parse`](Self::parse) would read, after what there is.
    ///
    /// # Errors
    ///
    /// As of [`parse`](Self::parse); nothing is added then.
    pub fn extend_from_urlencoded(&mut self, text: &[u8], max_arguments: usize) -> Result<(), TooManyArguments> {
        if text.is_empty() {
            return Ok(());
        }
        let count = 1 + memchr::memchr_iter(b'&', text).count();
        if count > max_arguments {
            return Err(TooManyArguments { limit: max_arguments });
        }
        self.bytes.reserve(text.len());
        self.entries.reserve(count);
        for field in text.split(|&byte| byte == b'&').filter(|field| !field.is_empty()) {
            let equals = memchr::memchr(b'=', field).unwrap_or(field.len());
            let start = self.bytes.len();
            self.bytes.extend_from_slice(&url_unescape_bytes(&field[..equals], UrlPart::Query));
            let value = self.bytes.len();
            let encoded = field.get(equals + 1..).unwrap_or_default();
            self.bytes.extend_from_slice(&url_unescape_bytes(encoded, UrlPart::Query));
            self.entries.push(Entry { start, value, end: self.bytes.len() });
        }
        Ok(())
    }

    /// Adds an argument that is decoded already.
    pub fn push(&mut self, name: &str, value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(value);
        self.entries.push(Entry { start, value: start + name.len(), end: self.bytes.len() });
    }

    /// Adds all arguments of `other`, after those that there are.
    ///
    /// So Tornado's `request.arguments` comes to be: the query's, then the body's.
    pub fn append(&mut self, other: &Self) {
        let moved = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes);
        self.entries.extend(other.entries.iter().map(|entry| Entry {
            start: entry.start + moved,
            value: entry.value + moved,
            end: entry.end + moved,
        }));
    }

    /// The last value of a name, which is what Tornado's `get_argument` returns.
    pub fn get_last(&self, name: &str) -> Option<&[u8]> {
        self.get_all(name).next_back()
    }

    /// The values of a name, in the order in which they were sent; none if it is not there.
    pub fn get_all(&self, name: &str) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.iter().filter(move |&(candidate, _)| candidate == name.as_bytes()).map(|(_, value)| value)
    }

    /// Whether the name has a value, be it an empty one.
    pub fn contains(&self, name: &str) -> bool {
        self.get_all(name).next().is_some()
    }

    /// Every name with its value, in the order in which they were sent.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &[u8])> + ExactSizeIterator {
        self.entries.iter().map(|entry| (&self.bytes[entry.start..entry.value], &self.bytes[entry.value..entry.end]))
    }

    /// The names, each once, in the order in which they first came.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        let mut seen = HashSet::new();
        self.iter().map(|(name, _)| name).filter(move |&name| seen.insert(name))
    }

    /// How many values there are, of all names.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no argument.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes every argument out; the memory stays for the next request.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }
}

/// The same pairs in the same order.
impl PartialEq for Arguments {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Arguments {}

impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.iter() {
            map.entry(&String::from_utf8_lossy(name), &String::from_utf8_lossy(value));
        }
        map.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_as_tornado_reads_them() {
        const CASES: &[(&str, &[(&str, &str)])] = &[
            ("", &[]),
            ("a=1&b=2&a=3", &[("a", "1"), ("b", "2"), ("a", "3")]),
            ("a=&b&=c&=", &[("a", ""), ("b", ""), ("", "c"), ("", "")]),
            ("&&a=1&", &[("a", "1")]),
            ("a=1;b=2", &[("a", "1;b=2")]),
            ("a=b=c", &[("a", "b=c")]),
            ("a+b=c+d&%41=%42%zz%", &[("a b", "c d"), ("A", "B%zz%")]),
            ("a%26=%26%3D", &[("a&", "&=")]),
        ];
        for &(text, expected) in CASES {
            let arguments = Arguments::parse(text.as_bytes(), 1000).unwrap();
            let expected: Vec<_> = expected.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
            assert_eq!(arguments.iter().collect::<Vec<_>>(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_thousand_arguments_pass_and_one_more_does_not() {
        let fields = |count: usize| vec!["a=1"; count].join("&");
        assert_eq!(Arguments::parse(fields(1000).as_bytes(), 1000).unwrap().get_all("a").count(), 1000);
        let error = Arguments::parse(fields(1001).as_bytes(), 1000).unwrap_err();
        assert!(error.to_string().contains("Max number of fields exceeded"));
        // Empty fields count, since they are counted before anything is looked at.
        assert!(Arguments::parse("&".repeat(1000).as_bytes(), 1000).is_err());
        assert!(Arguments::parse(b"", 0).is_ok());
    }

    #[test]
    fn body_values_come_after_those_of_the_query() {
        let mut arguments = Arguments::parse(b"a=q", 1000).unwrap();
        let body = Arguments::parse(b"a=1&a=2&b", 1000).unwrap();
        arguments.append(&body);
        assert_eq!(arguments.get_all("a").collect::<Vec<_>>(), [b"q", b"1", b"2"]);
        assert_eq!(arguments.get_last("b"), Some(&b""[..]));
        assert_eq!(arguments.names().collect::<Vec<_>>(), [b"a", b"b"]);
        assert_eq!(arguments.get_last("c"), None);
        assert!(arguments.contains("b") && !arguments.contains("c"));
        arguments.clear();
        arguments.push("x", b"\xFF");
        assert_eq!(arguments.len(), 1);
        assert_eq!(format!("{arguments:?}"), "{\"x\": \"\u{fffd}\"}");
    }
}
