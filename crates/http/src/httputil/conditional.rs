//! Whether a client's copy is still the current one (RFC 9110, section 13): entity tags and dates.

use std::time::SystemTime;

use memchr::{memchr, memchr2};

use super::dates::{HttpDate, parse_date};

/// Whether an `If-None-Match` header names the entity tag, which means 304 to a GET or HEAD.
///
/// Tags are compared weakly: `W/"a"` and `"a"` are the same. `*` at the head of the list names every
/// tag. What is no entity tag in the list is passed over, and an empty `etag` matches nothing.
/// Tornado's `check_etag_header`.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::etag_matches;
///
/// assert!(etag_matches(b"\"a\", W/\"b\"", b"\"b\""));
/// assert!(!etag_matches(b"\"a\"", b"\"b\""));
/// ```
pub fn etag_matches(if_none_match: &[u8], etag: &[u8]) -> bool {
    let mut tags = entity_tags(if_none_match);
    let Some(first) = tags.next().filter(|_| !etag.is_empty()) else { return false };
    first.is_any() || first.equals_weakly(etag) || tags.any(|tag| tag.equals_weakly(etag))
}

/// Whether what was last modified at `modified` is no newer than an `If-Modified-Since` header says.
///
/// To the second, as precise as the header is; a header that is no date says nothing. It is to be
/// asked only where there is no `If-None-Match` (RFC 9110, section 13.1.3).
///
/// # Examples
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use firewhirl_http::httputil::not_modified_since;
///
/// let modified = UNIX_EPOCH + Duration::from_secs_f64(784_111_777.9);
/// assert!(not_modified_since("Sun, 06 Nov 1994 08:49:37 GMT", modified));
/// assert!(!not_modified_since("Sun, 06 Nov 1994 08:49:36 GMT", modified));
/// ```
pub fn not_modified_since(if_modified_since: &str, modified: SystemTime) -> bool {
    // Through the text, so that the same fraction is lost as in the `Last-Modified` that was sent.
    match (parse_date(if_modified_since), parse_date(HttpDate::from(modified).as_str())) {
        (Some(since), Some(modified)) => modified <= since,
        _ => false,
    }
}

/// The entity tags of a list, or `*`; what is none is passed over.
pub(super) fn entity_tags(list: &[u8]) -> EntityTags<'_> {
    EntityTags { list, position: 0 }
}

pub(super) struct EntityTags<'list> {
    list: &'list [u8],
    position: usize,
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct EntityTag<'list> {
    /// With its quotes; or `*`.
    opaque: &'list [u8],
    is_weak: bool,
}

impl EntityTag<'_> {
    /// Whether it is `*`, which stands for whatever there is.
    pub(super) fn is_any(self) -> bool {
        self.opaque == b"*"
    }

    /// Whether it is this tag, or would be but for a `W/` (RFC 9110, section 8.8.3.2).
    pub(super) fn equals_weakly(self, etag: &[u8]) -> bool {
        self.opaque == etag.strip_prefix(b"W/").unwrap_or(etag)
    }

    /// Whether it is this tag, and neither is weak.
    pub(super) fn equals_strongly(self, etag: &[u8]) -> bool {
        !self.is_weak && self.opaque == etag
    }
}

impl<'list> Iterator for EntityTags<'list> {
    type Item = EntityTag<'list>;

    fn next(&mut self) -> Option<EntityTag<'list>> {
        let rest = &self.list[self.position..];
        let begin = memchr2(b'"', b'*', rest)?;
        let length = match rest[begin] {
            b'*' => 1,
            // Without a closing quote here there is none further on either.
            _ => memchr(b'"', &rest[begin + 1..])? + 2,
        };
        let is_weak = rest[..begin].ends_with(b"W/");
        self.position += begin + length;
        Some(EntityTag { opaque: &rest[begin..begin + length], is_weak })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tags_are_compared_weakly() {
        const CASES: &[(&str, &str, bool)] = &[
            ("\"a\"", "\"a\"", true),
            ("W/\"a\"", "\"a\"", true),
            ("\"a\"", "W/\"a\"", true),
            ("W/\"a\"", "W/\"a\"", true),
            ("\"b\"", "\"a\"", false),
            ("\"A\"", "\"a\"", false),
            ("\"b\", \"c\",\"a\"", "\"a\"", true),
            ("\"b\"\"a\"", "\"a\"", true),
            ("*", "\"a\"", true),
            (" *", "\"a\"", true),
            ("\"b\", *", "\"a\"", false),
            ("*", "", false),
            ("a", "\"a\"", false),
            ("\"a", "\"a\"", false),
            ("\"b\", \"a", "\"a\"", false),
            ("\"a, b\"", "\"a, b\"", true),
            ("\"\"", "\"\"", true),
            ("", "\"a\"", false),
        ];
        for &(header, etag, expected) in CASES {
            assert_eq!(etag_matches(header.as_bytes(), etag.as_bytes()), expected, "{header} {etag}");
        }
    }

    #[test]
    fn a_header_that_is_no_date_says_nothing() {
        for header in ["", "yesterday", "0", "Sun, 31 Feb 1994 08:49:37 GMT"] {
            assert!(!not_modified_since(header, std::time::UNIX_EPOCH), "{header:?}");
        }
    }
}
