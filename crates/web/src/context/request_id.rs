//! What names one request wherever it is told of: in the log, in an answer, to another service.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;

use firewhirl_http::IntoHeaderValue;

use super::Context;

/// What a name that a client gives may have in bytes; a longer one is not taken.
const MAX_GIVEN: usize = 128;

/// A request's name; made by [`Context::request_id`].
///
/// Its text is what counts: 16 hexadecimal digits, or what the `X-Request-Id` field says. Two are equal if
/// their texts are.
#[derive(Clone, Copy)]
pub struct RequestId<'request>(Name<'request>);

#[derive(Clone, Copy)]
enum Name<'request> {
    Number(u64),
    Given(&'request str),
}

impl Context {
    /// What names this request: the client's `X-Request-Id`, else a number of its own.
    ///
    /// A proxy in front usually names requests (nginx: `proxy_set_header X-Request-Id $request_id;`), and
    /// then all logs tell of one request by one name. A name is taken as it is if it has at most 128
    /// characters, all of them visible ASCII. The own number is 16 hexadecimal digits: counted up from a
    /// start that is random for each worker, so that no two requests of a service have the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::Context;
    ///
    /// async fn named(cx: &Context) -> Result {
    ///     cx.set_header("X-Request-Id", cx.request_id().to_string())?;
    ///     cx.write("named")
    /// }
    /// ```
    pub fn request_id(&self) -> RequestId<'_> {
        RequestId(match self.request.header_bytes("X-Request-Id").and_then(given) {
            Some(name) => Name::Given(name),
            None => Name::Number(self.number),
        })
    }
}

/// The field's value, if it can stand in a log line and in a header.
pub(super) fn given(value: &[u8]) -> Option<&str> {
    let is_sane = !value.is_empty() && value.len() <= MAX_GIVEN && value.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(value).ok().filter(|_| is_sane)
}

impl fmt::Display for RequestId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Name::Number(number) => write!(f, "{number:016x}"),
            Name::Given(name) => f.write_str(name),
        }
    }
}

/// As its text, without a detour through a `String`.
impl IntoHeaderValue for RequestId<'_> {
    fn with_bytes<Answer>(self, take: impl FnOnce(&[u8]) -> Answer) -> Answer {
        let number = match self.0 {
            Name::Given(name) => return take(name.as_bytes()),
            Name::Number(number) => number,
        };
        let mut digits = [0; 16];
        for (place, digit) in digits.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[(number >> (60 - 4 * place)) as usize & 0xF];
        }
        take(&digits)
    }
}

impl fmt::Debug for RequestId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}

impl PartialEq for RequestId<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Name::Number(one), Name::Number(other)) => one == other,
            (Name::Given(one), Name::Given(other)) => one == other,
            _ => self.to_string() == other.to_string(),
        }
    }
}

impl Eq for RequestId<'_> {}

/// The numbers of a worker's requests.
pub(crate) struct RequestNumbers(Cell<u64>);

impl RequestNumbers {
    /// The next request's. Workers do not share a counter, which would be passed between their cores.
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        let number = self.0.get();
        self.0.set(number.wrapping_add(1));
        number
    }
}

/// From a start that nobody else has: 64 bits of the standard library's random hasher.
impl Default for RequestNumbers {
    fn default() -> Self {
        Self(Cell::new(RandomState::new().hash_one(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_if_it_can_stand_anywhere() {
        let long = "x".repeat(MAX_GIVEN);
        #[rustfmt::skip]
        let cases: &[(&str, &[u8], Option<&str>)] = &[
            ("nginx's",         b"5a1d0f2e9c", Some("5a1d0f2e9c")),
            ("a UUID",          b"0b0c-11-ab", Some("0b0c-11-ab")),
            ("as long as may",  long.as_bytes(), Some(&long)),
            ("empty",           b"", None),
            ("with a space",    b"a b", None),
            ("a control byte",  b"a\x1b[31m", None),
            ("not ASCII",       "n\u{e9}".as_bytes(), None),
        ];
        for (what, value, expected) in cases {
            assert_eq!(given(value), *expected, "{what}");
        }
        assert_eq!(given(&[b'x'; MAX_GIVEN + 1]), None);
    }

    #[test]
    fn numbers_are_sixteen_digits_and_follow_each_other() {
        let numbers = RequestNumbers(Cell::new(u64::MAX));
        let shown = [(); 2].map(|()| RequestId(Name::Number(numbers.next())).to_string());
        assert_eq!(shown, ["ffffffffffffffff", "0000000000000000"]);
        let [one, other] = [RequestNumbers::default(), RequestNumbers::default()];
        assert!(one.next().abs_diff(other.next()) > 1_000_000, "two workers begin far apart");
    }

    #[test]
    fn names_are_equal_if_their_texts_are() {
        assert_eq!(RequestId(Name::Number(10)), RequestId(Name::Given("000000000000000a")));
        assert_ne!(RequestId(Name::Number(10)), RequestId(Name::Given("a")));
    }
}
