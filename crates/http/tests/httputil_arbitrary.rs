//! Whatever text `httputil` is given, nothing panics and its rules hold. The fuzzer `httputil` goes on where
//! this ends.

#[path = "arbitrary/httputil.rs"]
mod arbitrary;
#[path = "http1/random.rs"]
mod random;

use random::Random;

/// Pieces that mean something to some of the readers.
#[rustfmt::skip]
const FRAGMENTS: &[&str] = &[
    "a", "b", "é", "\u{0}", "\u{2028}", " ", "\t", "\r\n", "\n", "\r\n\r\n",
    "http:", "https:", "//", "/", "\\", "..", ".", "./", "../", "?", "#", "&", "=", ";", ":", ",", "@", "%", "%2F", "%zz", "+",
    "evil.example", "[::1]", ":80", ":99999999",
    "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "1994", "GMT",
    "bytes=", "0-", "-1", "5-3", "18446744073709551615", "W/", "\"", "\"x\"", "*", "*=", "utf-8''",
    "--b", "--b--", "--b\r\n", "Content-Disposition: form-data; name=\"x\"", "; filename=\"y\"", "boundary=b", "multipart/form-data",
];

#[test]
fn nothing_panics_and_every_rule_holds() {
    for fragment in FRAGMENTS {
        arbitrary::check(fragment);
    }
    let mut random = Random(9);
    for _ in 0..8000 {
        arbitrary::check(&random.text(FRAGMENTS, 12));
    }
}
