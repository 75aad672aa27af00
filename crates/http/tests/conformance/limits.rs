//! What is too long, and what has to be taken (RFC 9112, section 3; RFC 9110, section 15.5; RFC 6585).

use firewhirl_http::Limits;
use firewhirl_http::http1::RequestHead;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::wire;

#[test]
fn what_is_long_is_taken_and_what_is_too_long_has_a_status_of_its_own() {
    let request = |target: &str, fields: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    let chunks = |body: &str| format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    let letters = |count: usize| "x".repeat(count);
    let lines = |count: usize| "X: y\r\n".repeat(count);
    #[rustfmt::skip]
    let cases = [
        ("a request line of 8,000 bytes",   "9112 3",          request(&format!("/{}", letters(7985)), ""),              "GET /xxxxx... of 7993 bytes | goes on"),
        ("a target of 100,000 bytes",       "9110 15.5.15",    request(&format!("/{}", letters(100_000)), ""),           "414 | closes"),
        ("a target without an end",         "9110 15.5.15",    format!("GET /{}", letters(100_000)),                     "414 | closes"),
        ("a method of 100,000 bytes",       "9112 3",          format!("{} / HTTP/1.1\r\n", letters(100_000)),           "501 | closes"),
        ("a value of 16,000 bytes",         "9110 5.4",        request("/", &format!("X: {}\r\n", letters(16_000))),     "GET / @a | goes on"),
        ("a value of 100,000 bytes",        "6585 5",          request("/", &format!("X: {}\r\n", letters(100_000))),    "431 | closes"),
        ("a name of 100,000 bytes",         "6585 5",          request("/", &format!("{}: y\r\n", letters(100_000))),    "431 | closes"),
        ("200 fields",                      "9110 5.4",        request("/", &lines(200)),                                "GET / @a | goes on"),
        ("1,000 fields",                    "6585 5",          request("/", &lines(1000)),                               "431 | closes"),
        ("a host of 1,000 bytes",           "9110 7.2",        format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", letters(1000)), "GET / @xxx... of 1007 bytes | goes on"),
        ("a body of 100,000 bytes",         "9112 6.2",        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{}", letters(100_000)), "POST / @a ... of 100012 bytes | goes on"),
        ("10,000 chunks",                   "9112 7.1",        chunks(&format!("{}0\r\n\r\n", "1\r\nx\r\n".repeat(10_000))), "POST / @a ... of 10012 bytes | goes on"),
        ("a size of 1,000 digits",          "9112 7.1",        chunks(&format!("{}\r\n", "1".repeat(1000))),             "400 | closes"),
        ("an extension of 1,000 bytes",     "9112 7.1.1",      chunks(&format!("1;{}\r\nx\r\n0\r\n\r\n", letters(1000))), "POST / @a \"x\" | goes on"),
        ("an extension of 100,000 bytes",   "9112 7.1.1",      chunks(&format!("1;{}\r\nx\r\n0\r\n\r\n", letters(100_000))), "413 | closes"),
        ("a trailer of 100,000 bytes",      "9112 7.1.2",      chunks(&format!("0\r\nX: {}\r\n\r\n", letters(100_000))), "431 | closes"),
        ("1,000 trailers",                  "9112 7.1.2",      chunks(&format!("0\r\n{}\r\n", lines(1000))),             "431 | closes"),
        ("a body over the limit",           "9110 15.5.14",    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 104857601\r\n\r\n".to_owned(), "413 | closes"),
        ("a chunk over the limit",          "9110 15.5.14",    chunks("6400001\r\n"),                                    "413 | closes"),
    ];
    let cases: Vec<_> =
        cases.iter().map(|(what, rule, input, expected)| (*what, *rule, input.as_bytes(), *expected)).collect();
    wire::check(&cases);
}

#[test]
fn empty_lines_before_a_request_are_not_taken_without_end() {
    let few = format!("{}GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n".repeat(16));
    let many = "\r\n".repeat(100_000);
    wire::check(&[
        ("sixteen", "9112 2.2", few.as_bytes(), "GET / @a | goes on"),
        ("many", "9112 2.2", many.as_bytes(), "400 | closes"),
    ]);
}

/// A `HeaderMap` panics beyond what it can hold, so that limit is above all others.
#[test]
fn no_setting_lets_more_fields_in_than_a_header_map_holds() {
    for (count, is_taken) in [(24_576, true), (24_577, false)] {
        let fields: String = (1..count).map(|number| format!("X{number}: y\r\n")).collect();
        let input = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        let limits = Limits::default().max_header_size(1 << 20).max_fields(usize::MAX);
        let mut head = RequestHead::new();
        assert_eq!(head.parse(input.as_bytes(), &limits).is_ok(), is_taken, "{count}");
        if is_taken {
            let mut map = HeaderMap::with_capacity(head.field_count());
            for (name, value) in head.fields() {
                map.append(HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(value).unwrap());
            }
            assert_eq!(map.len(), count);
        }
    }
}
