//! Field values: which bytes they may hold, and what can be given as one.

use std::borrow::Cow;
use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderValue;

use crate::httputil::dates::HttpDate;

/// What a header field can be set to: text, bytes, an integer, a time.
///
/// For anything else that displays, pass `value.to_string()`.
#[diagnostic::on_unimplemented(
    message = "a header field cannot be set to `{Self}`",
    label = "expected text, bytes, an integer, a `SystemTime` or a `HeaderValue`",
    note = "for anything else that displays use `value.to_string()`"
)]
pub trait IntoHeaderValue {
    /// Shows the value's bytes to `take`, without allocating for them.
    ///
    /// They are checked afterwards, whatever they are.
    fn with_bytes<Answer>(self, take: impl FnOnce(&[u8]) -> Answer) -> Answer;
}

/// The value without outer whitespace, if RFC 9110, section 5.5, allows what is in it.
#[inline(always)]
pub(super) fn checked(value: &[u8]) -> Option<&[u8]> {
    let is_valid = has_no_control(value) || value.iter().all(|&byte| is_value_byte(byte));
    is_valid.then(|| trim(value))
}

/// Whether a value holds no control character at all, not even the tab that it may hold.
///
/// Sixteen bytes or eight are looked at in one go, the last of them together with some before that
/// have been looked at already: no byte is left over to be looked at alone.
#[inline]
fn has_no_control(value: &[u8]) -> bool {
    if let Some(last) = value.last_chunk::<16>() {
        return is_printable(last) && value.as_chunks::<16>().0.iter().all(is_printable);
    }
    if let (Some(first), Some(last)) = (value.first_chunk::<8>(), value.last_chunk::<8>()) {
        return is_printable(first) & is_printable(last);
    }
    value.iter().all(|&byte| is_printable(&[byte]))
}

/// No early exit: this way the compiler makes it a few instructions for all bytes together.
#[inline]
fn is_printable<const LENGTH: usize>(bytes: &[u8; LENGTH]) -> bool {
    bytes.iter().fold(true, |printable, &byte| printable & (byte >= b' ') & (byte != 0x7F))
}

/// HTAB, SP, VCHAR and `obs-text`.
#[inline]
const fn is_value_byte(byte: u8) -> bool {
    (byte >= b' ' && byte != 0x7F) | (byte == b'\t')
}

/// Cuts off spaces and tabs, and no other whitespace.
#[inline]
pub(super) fn trim(value: &[u8]) -> &[u8] {
    match value {
        [b'!'..=0xFF] | [b'!'..=0xFF, .., b'!'..=0xFF] => value,
        _ => trim_slowly(value),
    }
}

fn trim_slowly(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Shows an integer's decimal digits to `take`; by hand, since `fmt` costs several times as much.
#[inline]
pub(crate) fn decimal<Answer>(mut number: u64, negative: bool, take: impl FnOnce(&[u8]) -> Answer) -> Answer {
    // u64::MAX has 20 digits, and there may be a sign.
    let mut digits = [b'0'; 21];
    let mut start = digits.len();
    while number >= 10 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    if number > 0 || start == digits.len() {
        start -= 1;
        digits[start] = b'0' + number as u8;
    }
    if negative {
        start -= 1;
        digits[start] = b'-';
    }
    take(&digits[start..])
}

/// `00` to `99`.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

macro_rules! values {
    ($kind:ty, |$value:ident| $bytes:expr) => {
        impl IntoHeaderValue for $kind {
            #[inline]
            fn with_bytes<Answer>(self, take: impl FnOnce(&[u8]) -> Answer) -> Answer {
                let $value = self;
                take($bytes)
            }
        }
    };
}

values!(&str, |value| value.as_bytes());
values!(&String, |value| value.as_bytes());
values!(String, |value| value.as_bytes());
values!(Cow<'_, str>, |value| value.as_bytes());
values!(&Cow<'_, str>, |value| value.as_bytes());
values!(&[u8], |value| value);
values!(Vec<u8>, |value| &value);
values!(&Vec<u8>, |value| value);
values!(Bytes, |value| &value);
values!(&Bytes, |value| value);
values!(HeaderValue, |value| value.as_bytes());
values!(&HeaderValue, |value| value.as_bytes());
values!(SystemTime, |value| HttpDate::from(value).as_bytes());
values!(HttpDate, |value| value.as_bytes());
values!(&HttpDate, |value| value.as_bytes());

impl<const LENGTH: usize> IntoHeaderValue for &[u8; LENGTH] {
    #[inline]
    fn with_bytes<Answer>(self, take: impl FnOnce(&[u8]) -> Answer) -> Answer {
        take(self)
    }
}

macro_rules! integers {
    ($($unsigned:ty, $signed:ty);+) => {$(
        impl IntoHeaderValue for $unsigned {
            #[inline]
            fn with_bytes<Answer>(self, take: impl FnOnce(&[u8]) -> Answer) -> Answer {
                decimal(self as u64, false, take)
            }
        }

        impl IntoHeaderValue for $signed {
            #[inline]
            fn with_bytes<Answer>(self, take: impl FnOnce(&[u8]) -> Answer) -> Answer {
                decimal((self as i64).unsigned_abs(), self < 0, take)
            }
        }
    )+};
}

integers!(u8, i8; u16, i16; u32, i32; u64, i64; usize, isize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_written_in_decimal() {
        fn check(value: impl IntoHeaderValue, expected: &str) {
            value.with_bytes(|bytes| assert_eq!(bytes, expected.as_bytes()));
        }
        check(0, "0");
        check(7u8, "7");
        check(10, "10");
        check(99, "99");
        check(100, "100");
        check(1005, "1005");
        check(1234usize, "1234");
        check(u64::MAX, "18446744073709551615");
        check(-1, "-1");
        check(i64::MIN, "-9223372036854775808");
    }

    #[test]
    fn only_the_tab_of_the_control_characters_is_allowed() {
        for byte in 0..=255 {
            let expected = byte == b'\t' || (byte >= 0x20 && byte != 0x7F);
            for (length, place) in (1..40).flat_map(|length| (0..length).map(move |place| (length, place))) {
                let mut value = vec![b'a'; length];
                value[place] = byte;
                assert_eq!(checked(&value).is_some(), expected, "{byte:#04x} at {place} of {length}");
            }
        }
    }

    #[test]
    fn spaces_and_tabs_around_a_value_are_no_part_of_it() {
        assert_eq!(checked(b" \t a b\t ").unwrap(), b"a b");
        assert_eq!(checked(b" \t ").unwrap(), b"");
        assert_eq!(checked(b"").unwrap(), b"");
        assert_eq!(checked("\u{a0}a".as_bytes()).unwrap(), "\u{a0}a".as_bytes());
    }
}
