//! `Expect: 100-continue`, and other expectations (RFC 9110, section 10.1.1).

use super::{Case, wire};

#[test]
fn an_expectation_is_met_ignored_or_refused() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("the body is there already",         "9110 10.1.1", b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", "POST / @a | goes on"),
        ("no body to wait for",               "9110 10.1.1", b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", "GET / @a | goes on"),
        ("another expectation",               "9110 10.1.1", b"GET / HTTP/1.1\r\nHost: a\r\nExpect: cake\r\n\r\n", "417 | closes"),
        ("another expectation beside it",     "9110 10.1.1", b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, cake\r\n\r\n", "417 | closes"),
        ("HTTP/1.0 has none",                 "9110 10.1.1", b"POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", "POST / @a \"x\" | closes"),
        ("HTTP/1.0 has no others either",     "9110 10.1.1", b"GET / HTTP/1.0\r\nHost: a\r\nExpect: cake\r\n\r\n", "GET / @a | closes"),
        ("a body too large to be sent",       "9110 10.1.1", b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 999999999999\r\n\r\n", "413 | closes"),
        ("a request that is none",            "9110 10.1.1", b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", "400 | closes"),
    ];
    wire::check(CASES);
}

#[test]
fn a_client_that_waits_is_told_to_go_on() {
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
    wire::check_dialogue("a length", &[(head, &["100"]), (b"x", &["POST / @a \"x\""])]);
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nexpect: 100-CONTINUE\r\nTransfer-Encoding: chunked\r\n\r\n";
    wire::check_dialogue("chunks", &[(head, &["100"]), (b"1\r\nx\r\n0\r\n\r\n", &["POST / @a \"x\""])]);
}

#[test]
fn a_client_of_http_1_0_is_told_nothing() {
    let head = b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
    wire::check_dialogue("HTTP/1.0", &[(head, &[]), (b"x", &["POST / @127.0.0.1 \"x\""])]);
}
