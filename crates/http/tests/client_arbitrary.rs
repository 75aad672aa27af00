//! Whatever a server tells in events, challenges, cookies and ranges, nothing panics and the rules hold. The fuzzer
//! `client` goes on where this ends.

#[path = "arbitrary/client.rs"]
mod arbitrary;
#[path = "http1/random.rs"]
mod random;

use random::Random;

/// Pieces that mean something to some of the readers.
#[rustfmt::skip]
const FRAGMENTS: &[&str] = &[
    "a", "b", "é", "\u{0}", "\u{feff}", "\u{2028}", " ", "\t", "\r", "\n", "\r\n", "\n\n", ":", ": ", ";", "; ", ",", ", ", "=", "\"", "\\", "'",
    "data", "data: x\n", "id: 7\n", "id: \0\n", "event: e\n", "retry: 100\n", "retry: -1\n", ": comment\n",
    "Digest ", "Basic ", "Bearer", "realm=", "nonce=\"n\"", "qop=\"auth\"", "qop=auth-int", "algorithm=MD5", "algorithm=SHA-256-sess",
    "userhash=true", "charset=UTF-8", "stale=TRUE", "opaque=\"o\"", "token68==",
    "Domain=", "good.example", ".good.example", "evil.example", "example", "1.2.3.4", "Path=", "/", "/a", "Secure", "HttpOnly",
    "Max-Age=", "-1", "99999999999999999999", "Expires=Wed, 09 Jun 2100 10:18:14 GMT", "__Host-a=b", "__Secure-", "SameSite=None",
    "bytes=", "0-", "-5", "0-0", "3-5", "5-3", "18446744073709551615", "18446744073709551616",
];

#[test]
fn nothing_panics_and_every_rule_holds() {
    for (seed, fragment) in FRAGMENTS.iter().enumerate() {
        arbitrary::check(seed as u64, fragment.as_bytes());
    }
    let mut random = Random(9);
    for seed in 0..4000 {
        let text = random.text(FRAGMENTS, 12);
        let input = if seed % 4 == 0 { random.mutate(text.as_bytes()) } else { text.into_bytes() };
        arbitrary::check(seed, &input);
    }
}
