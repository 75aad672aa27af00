//! Percent-encoding: text into URLs and out of them (RFC 3986, section 2.1; forms: WHATWG URL, section 5).
//!
//! Decoding never fails: what is no valid escape stays as it is. It takes one pass, and none at
//! all is copied where there is nothing to decode, which is the common case of a request.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// The part of a URL that text goes into or comes out of: Tornado's `plus` argument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UrlPart {
    /// A query or a form: a space is `+`, a slash is `%2F`. The default, `plus=True` in Tornado.
    #[default]
    Query,
    /// A path: a space is `%20`, a plus sign and a slash are themselves. `plus=False` in Tornado.
    Path,
}

/// Encodes text or bytes for a URL.
///
/// Letters, digits, `_`, `.`, `-` and `~` stay; the rest becomes `%XX`, byte by byte, text being
/// UTF-8; for a space and a slash see [`UrlPart`]. Tornado's `url_escape`.
///
/// # Examples
///
/// ```
/// use firewhirl_escape::{UrlPart, url_escape};
///
/// assert_eq!(url_escape("a/b c+é", UrlPart::Query), "a%2Fb+c%2B%C3%A9");
/// assert_eq!(url_escape("a/b c+é", UrlPart::Path), "a/b%20c%2B%C3%A9");
/// assert_eq!(url_escape(b"\xe9", UrlPart::Query), "%E9");
/// ```
pub fn url_escape<Value: AsRef<[u8]> + ?Sized>(value: &Value, part: UrlPart) -> Cow<'_, str> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let bytes = value.as_ref();
    let stays =
        |byte: u8| byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) || (byte == b'/' && part == UrlPart::Path);
    if let Ok(text) = str::from_utf8(bytes)
        && bytes.iter().all(|&byte| stays(byte))
    {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(bytes.len() + bytes.len() / 2);
    for &byte in bytes {
        if stays(byte) {
            escaped.push(char::from(byte));
        } else if byte == b' ' && part == UrlPart::Query {
            escaped.push('+');
        } else {
            let digit = |number: u8| char::from(HEX[usize::from(number)]);
            escaped.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    Cow::Owned(escaped)
}

/// Decodes text from a URL.
///
/// What the escapes stand for is read as UTF-8, with U+FFFD in the place of what is none.
/// Tornado's `url_unescape`.
///
/// # Examples
///
/// ```
/// use firewhirl_escape::{UrlPart, url_unescape};
///
/// assert_eq!(url_unescape("a%2Fb+c%2B%C3%A9", UrlPart::Query), "a/b c+é");
/// assert_eq!(url_unescape("1+1", UrlPart::Path), "1+1");
/// assert_eq!(url_unescape("100%, %zz, %E9", UrlPart::Path), "100%, %zz, \u{fffd}");
/// ```
pub fn url_unescape(text: &str, part: UrlPart) -> Cow<'_, str> {
    match url_unescape_bytes(text.as_bytes(), part) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }),
    }
}

/// Decodes bytes from a URL, whatever their encoding. Tornado's `url_unescape(.., encoding=None)`.
///
/// # Examples
///
/// ```
/// use firewhirl_escape::{UrlPart, url_unescape_bytes};
///
/// assert_eq!(*url_unescape_bytes(b"caf%E9+noir", UrlPart::Query), *b"caf\xe9 noir");
/// ```
pub fn url_unescape_bytes(bytes: &[u8], part: UrlPart) -> Cow<'_, [u8]> {
    let find = |bytes: &[u8]| match part {
        UrlPart::Query => memchr2(b'%', b'+', bytes),
        UrlPart::Path => memchr(b'%', bytes),
    };
    let Some(mut at) = find(bytes) else { return Cow::Borrowed(bytes) };
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        decoded.extend_from_slice(&rest[..at]);
        let (byte, length) = match rest[at..] {
            [b'+', ..] => (b' ', 1),
            [_, high, low, ..] => match (hex_digit(high), hex_digit(low)) {
                (Some(high), Some(low)) => (high << 4 | low, 3),
                _ => (b'%', 1),
            },
            _ => (b'%', 1),
        };
        decoded.push(byte);
        rest = &rest[at + length..];
        match find(rest) {
            Some(next) => at = next,
            None => break,
        }
    }
    decoded.extend_from_slice(rest);
    Cow::Owned(decoded)
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECODED: &[(&str, &[u8], &[u8])] = &[
        ("nothing", b"", b""),
        ("nothing to decode", b"a=b", b"a=b"),
        ("either case", b"%41%3d%3D%25", b"A==%"),
        ("percent before an escape", b"%%41", b"%A"),
        ("percents", b"%%%", b"%%%"),
        ("bad digits, and cut short", b"%zz%4", b"%zz%4"),
        ("percent at the end", b"a%", b"a%"),
        ("plus", b"a+b%2B", b"a b+"),
        ("escape within an escape", b"%2541", b"%41"),
        ("line breaks", b"%\r\nb%\n", b"%\r\nb%\n"),
        ("bytes above ASCII", b"\xff%ff", b"\xff\xff"),
        ("digits that are signs", b"%+1%-1", b"% 1%-1"),
    ];

    #[test]
    fn bad_escapes_stay_and_good_ones_are_decoded() {
        for (what, encoded, expected) in DECODED {
            assert_eq!(&*url_unescape_bytes(encoded, UrlPart::Query), *expected, "{what}");
        }
    }

    #[test]
    fn nothing_to_do_is_no_copy() {
        assert!(matches!(url_unescape("plain/path", UrlPart::Path), Cow::Borrowed(_)));
        assert!(matches!(url_unescape("1+1", UrlPart::Path), Cow::Borrowed(_)));
        assert!(matches!(url_escape("plain-path", UrlPart::Query), Cow::Borrowed(_)));
    }

    #[test]
    fn every_byte_comes_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        for part in [UrlPart::Query, UrlPart::Path] {
            let escaped = url_escape(&bytes, part);
            assert_eq!(*url_unescape_bytes(escaped.as_bytes(), part), *bytes);
        }
    }
}
