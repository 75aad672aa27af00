//! Where a request's body ends: `Content-Length` and `Transfer-Encoding` (RFC 9112, section 6).

use super::{Case, wire};

#[test]
fn a_length_is_digits_and_there_is_one() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("a length",                          "9112 6.2", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "POST / @a \"abc\" | goes on"),
        ("a length of nothing",               "9112 6.2", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "POST / @a | goes on"),
        ("neither length nor coding",         "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\n\r\n",              "POST / @a | goes on"),
        ("leading zeros",                     "9110 8.6", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0003\r\n\r\nabc", "POST / @a \"abc\" | goes on"),
        ("whitespace around",                 "9112 5.1", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\t 3 \t\r\n\r\nabc", "POST / @a \"abc\" | goes on"),
        ("a name in capitals",                "9110 5.1", b"POST / HTTP/1.1\r\nHost: a\r\nCONTENT-LENGTH: 3\r\n\r\nabc", "POST / @a \"abc\" | goes on"),
        ("a request as the body",             "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\n\r\nGET /b HTTP/1.1\n", "POST / @a \"GET /b HTTP/1.1n\" | goes on"),
        ("bytes of every kind as the body",   "9112 6.2", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\0\r\n\xff", "POST / @a \"x00rnxff\" | goes on"),
        ("the same twice in a list",          "9110 8.6", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", "POST / @a \"abc\" | goes on"),
        ("the same on two lines",             "9110 8.6", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "POST / @a \"abc\" | goes on"),
        ("a body cut short",                  "9112 8",   b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc", "waits"),
        ("two in a list",                     "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 4\r\n\r\nabcd", "400 | closes"),
        ("two on two lines",                  "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "400 | closes"),
        ("two, the first nothing",            "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\nabcd", "400 | closes"),
        ("three, the last another",           "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "400 | closes"),
        ("two that are equal as numbers",     "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 03\r\n\r\nabc", "400 | closes"),
        ("one and an empty one",              "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length:\r\n\r\nabc", "400 | closes"),
        ("a list with an empty element",      "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3,\r\n\r\nabc", "400 | closes"),
        ("a comma alone",                     "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ,\r\n\r\n", "400 | closes"),
        ("nothing",                           "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "400 | closes"),
        ("a plus",                            "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", "400 | closes"),
        ("a minus",                           "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc", "400 | closes"),
        ("a minus before nothing",            "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -0\r\n\r\n", "400 | closes"),
        ("hexadecimal",                       "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc", "400 | closes"),
        ("hexadecimal digits",                "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: a\r\n\r\n", "400 | closes"),
        ("an underscore",                     "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\n", "400 | closes"),
        ("a point",                           "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3.0\r\n\r\nabc", "400 | closes"),
        ("an exponent",                       "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3e0\r\n\r\nabc", "400 | closes"),
        ("a space within",                    "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 0\r\n\r\n", "400 | closes"),
        ("letters behind",                    "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3a\r\n\r\nabc", "400 | closes"),
        ("a parameter",                       "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3;a=b\r\n\r\nabc", "400 | closes"),
        ("quotes",                            "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \"3\"\r\n\r\nabc", "400 | closes"),
        ("a word",                            "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: three\r\n\r\nabc", "400 | closes"),
        ("digits of another script",          "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \xd9\xa3\r\n\r\nabc", "400 | closes"),
        ("a no-break space",                  "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\xa0\r\n\r\nabc", "400 | closes"),
        ("a vertical tab",                    "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \x0b3\r\n\r\nabc", "400 | closes"),
        ("a length for GET that is none",     "9112 6.3", b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "400 | closes"),
        ("a length in 1.0 that is none",      "9112 6.3", b"POST / HTTP/1.0\r\nContent-Length: x\r\n\r\n",    "400 | closes"),
        ("2^64 and 3",                        "9110 8.6", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551619\r\n\r\nabc", "413 | closes"),
        ("2^32 and 3",                        "9110 8.6", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4294967299\r\n\r\nabc", "413 | closes"),
        ("2^64 - 1",                          "9110 8.6", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\nabc", "413 | closes"),
        ("a hundred digits",                  "9110 8.6", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111\r\n\r\nabc", "413 | closes"),
    ];
    wire::check(CASES);
}

#[test]
fn a_transfer_encoding_is_chunked_or_refused() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("chunked",                           "9112 6.1", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "POST / @a \"x\" | goes on"),
        ("in capitals",                       "9112 7",   b"POST / HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n", "POST / @a \"x\" | goes on"),
        ("for GET",                           "9112 6",   b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "GET / @a \"x\" | goes on"),
        ("whitespace around",                 "9112 5.1", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\t chunked \t\r\n\r\n1\r\nx\r\n0\r\n\r\n", "POST / @a \"x\" | goes on"),
        // Section 6.1: "SHOULD respond with 501 (Not Implemented)".
        ("a coding that is not known here",   "9112 6.1", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501 | closes"),
        ("on two lines",                      "9112 6.1", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "501 | closes"),
        ("a coding that nobody knows",        "9112 6.1", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: cake, chunked\r\n\r\n0\r\n\r\n", "501 | closes"),
        ("identity, which is no more",        "9112 6.1", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", "501 | closes"),
        // Section 6.3: without `chunked` at the end "the server MUST respond with the 400".
        ("no chunked",                        "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("identity alone",                    "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", "400 | closes"),
        ("chunked first",                     "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("chunked first, identity last",      "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("chunked first, on two lines",       "9112 6.3", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("chunked twice",                     "9112 6.1", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("chunked on two lines",              "9112 6.1", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("nothing",                           "9112 6.1", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n", "400 | closes"),
        // Section 6.1: "A server or client that receives an HTTP/1.0 message containing a
        // Transfer-Encoding header field MUST treat the message as if the framing is faulty".
        ("in HTTP/1.0",                       "9112 6.1", b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("in HTTP/1.0, to be kept alive",     "9112 6.1", b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("in HTTP/1.0, with a length",        "9112 6.1", b"POST / HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("TE asks for trailers",              "9110 10.1.4", b"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n", "GET / @a | goes on"),
        ("TE says nothing of this message",   "9110 10.1.4", b"GET / HTTP/1.1\r\nHost: a\r\nTE: chunked, cake;q=0.5\r\n\r\n", "GET / @a | goes on"),
    ];
    wire::check(CASES);
}
