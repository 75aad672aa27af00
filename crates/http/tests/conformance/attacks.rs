//! Requests that two servers in a row could read differently, each refused or read in one way.
//!
//! The names are those of the literature: `CL.TE` is a front that goes by the length before a back
//! that goes by the coding, `TE.TE` a coding written so that one of them does not see it, and so on.

use super::{Case, wire};

#[test]
fn two_ways_to_frame_a_body_are_refused() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("a length that covers a request",    "CL.TE", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nX: y\r\n\r\n", "400 | closes"),
        ("a length of one chunk's size",      "TE.CL", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n1d\r\nGET /evil HTTP/1.1\r\nX: y\r\n\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a length of nothing",               "CL.TE", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a length that agrees",              "CL.TE", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a length and identity",             "CL.TE", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: identity\r\n\r\nabc", "400 | closes"),
        ("a length and an empty coding",      "CL.TE", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding:\r\n\r\nabc", "400 | closes"),
        ("both, for GET",                     "CL.TE", b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("both, the length named by Connection", "CL.TE", b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Content-Length\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("two lengths",                       "CL.CL", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 26\r\n\r\nGET /evil HTTP/1.1\r\nX: y\r\n", "400 | closes"),
        ("a length that a server may ignore", "CL.0",  b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\nGET /evil HTTP/1.1\r\nX: y\r\n", "POST / @a \"GET /evil HTTP/1.1rnX: yrn\" | goes on"),
        ("for GET",                           "CL.0",  b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\nGET /evil HTTP/1.1\r\nX: y\r\n", "GET / @a \"GET /evil HTTP/1.1rnX: yrn\" | goes on"),
        ("for HEAD",                          "CL.0",  b"HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\nGET /evil HTTP/1.1\r\nX: y\r\n", "HEAD / @a \"GET /evil HTTP/1.1rnX: yrn\" | goes on"),
        ("for OPTIONS of an asterisk",        "CL.0",  b"OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\nGET /evil HTTP/1.1\r\nX: y\r\n", "OPTIONS * @a \"GET /evil HTTP/1.1rnX: yrn\" | goes on"),
        ("a length that a front may ignore",  "0.CL",  b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 26\r\n\r\nGET /evil HTTP/1.1\r\nX: y\r\n", "400 | closes"),
        ("a length behind a space",           "0.CL",  b"POST / HTTP/1.1\r\nHost: a\r\n Content-Length: 26\r\n\r\nGET /evil HTTP/1.1\r\nX: y\r\n", "400 | closes"),
        ("a length behind a null byte",       "0.CL",  b"POST / HTTP/1.1\r\nHost: a\r\n\0Content-Length: 26\r\n\r\nGET /evil HTTP/1.1\r\nX: y\r\n", "400 | closes"),
        ("a length folded",                   "0.CL",  b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n 26\r\n\r\nGET /evil HTTP/1.1\r\nX: y\r\n", "400 | closes"),
        ("a length folded on",                "0.CL",  b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n 6\r\n\r\nGET /evil HTTP/1.1\r\nX: y\r\n", "400 | closes"),
        ("a length on a bare return",         "0.CL",  b"POST / HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 26\r\n\r\nGET /evil HTTP/1.1\r\nX: y\r\n", "400 | closes"),
        ("a length of another name",          "0.CL",  b"POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 26\r\n\r\n", "POST / @a | goes on"),
        ("a coding that a front may ignore",  "0.TE",  b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @a | GET /evil @a | goes on"),
        ("a coding in HTTP/1.0",              "1.0",   b"POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
    ];
    wire::check(CASES);
}

#[test]
fn a_transfer_encoding_in_disguise_is_refused() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("x before",                          "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("x behind",                          "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("cut short",                         "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunke\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a hyphen",                          "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked-\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a parameter",                       "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a semicolon",                       "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a comma before",                    "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a comma behind",                    "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a space for the comma",             "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("quotes",                            "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("single quotes",                     "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: 'chunked'\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("brackets",                          "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: [chunked]\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a space within",                    "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chun ked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a colon more",                      "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a vertical tab before",             "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a vertical tab behind",             "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a form feed",                       "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\x0c\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a null byte",                       "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\0\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a null byte before",                "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \0chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a delete",                          "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x7fchunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a no-break space",                  "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a next line of Latin-1",            "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x85chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a space of Unicode",                "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \xe2\x80\x83chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a letter that folds to k",          "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chun\xe2\x84\xaaed\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a return behind",                   "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a return before",                   "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\rchunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a return in the name",              "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer\r-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a line feed before",                "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\nchunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("on a folded line",                  "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("on another field's folded line",    "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("behind a bare return",              "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nX: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a space before the colon",          "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a tab before the colon",            "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a null byte before the colon",      "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\0: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a vertical tab before the colon",   "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\x0b: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a space in the name",               "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("a space before the name",           "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("no colon",                          "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding chunked\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("two, the second unknown",           "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n\r\n0\r\n\r\n", "400 | closes"),
        ("two, the first unknown",            "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: cow\r\nTransfer-encoding: chunked\r\n\r\n0\r\n\r\n", "501 | closes"),
        ("two, the second empty",             "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n", "400 | closes"),
        // Not the field: the body is then what follows, and no request.
        ("an underscore",                     "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: chunked\r\n\r\n0\r\n\r\n", "POST / @a | 400 | closes"),
        ("another name",                      "TE.TE", b"POST / HTTP/1.1\r\nHost: a\r\nX-Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST / @a | 400 | closes"),
    ];
    wire::check(CASES);
}

#[test]
fn what_looks_like_more_lines_or_requests_is_refused_or_text() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("a request in the target",           "splitting", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @a | 400 | closes"),
        ("line ends as escapes",              "splitting", b"GET /%0d%0aX:%20y HTTP/1.1\r\nHost: a\r\n\r\n", "GET /%0d%0aX:%20y @a | goes on"),
        ("line ends as letters of UTF-8",     "splitting", b"GET /\xc4\x8d\xc4\x8a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /u{10d}u{10a} @a | goes on"),
        ("a version in the target",           "splitting", b"GET / HTTP/1.1 /b HTTP/1.1\r\nHost: a\r\n\r\n", "400 | closes"),
        ("a Host on a bare return",           "splitting", b"GET / HTTP/1.1\r\nHost: a\rHost: b\r\n\r\n",  "400 | closes"),
        ("a Host on a line feed",             "splitting", b"GET / HTTP/1.1\r\nHost: a\nHost: b\r\n\r\n",  "400 | closes"),
        ("a Host folded",                     "routing",   b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",     "400 | closes"),
        ("a Host folded away",                "routing",   b"GET / HTTP/1.1\r\nX: y\r\n Host: b\r\nHost: a\r\n\r\n", "400 | closes"),
        ("a Host with a space before",        "routing",   b"GET / HTTP/1.1\r\nHost: a\r\n Host: b\r\n\r\n", "400 | closes"),
        ("a Host with a space behind",        "routing",   b"GET / HTTP/1.1\r\nHost: a\r\nHost : b\r\n\r\n", "400 | closes"),
        ("a URL as target and another Host",  "routing",   b"GET http://b/ HTTP/1.1\r\nHost: evil\r\n\r\n", "GET http://b/ @b | goes on"),
        ("a host behind an at sign",          "routing",   b"GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 | closes"),
        ("a path that looks like a URL",      "routing",   b"GET /http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",  "GET /http://b/ @a | goes on"),
        ("a target of an at sign",            "routing",   b"GET @b/ HTTP/1.1\r\nHost: a\r\n\r\n",         "400 | closes"),
        ("fields a proxy would set",          "routing",   b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: b\r\nX-Original-URL: /c\r\n\r\n", "GET / @a | goes on"),
        ("two request lines",                 "splitting", b"GET /1 HTTP/1.1\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "400 | closes"),
        ("a colon in the first line",         "splitting", b"GET / HTTP/1.1\r\n: GET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "400 | closes"),
        ("a body of HTTP/0.9",                "0.9",       b"GET /\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n", "400 | closes"),
        ("a request behind an expectation",   "expect",    b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @a | GET /2 @a | goes on"),
        ("an expectation in disguise",        "expect",    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: y 100-continue\r\nContent-Length: 1\r\n\r\nx", "417 | closes"),
        ("a request behind a chunked end",    "trailers",  b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "POST / @a | GET /2 @a | goes on"),
        ("a request for a trailer",           "trailers",  b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "400 | closes"),
        ("a trailer that ends the head again", "trailers", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\n\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "400 | closes"),
        ("a priority of HTTP/2",              "upgrade",   b"PRI * HTTP/1.1\r\nHost: a\r\n\r\nSM\r\n\r\n",  "PRI * @a | 400 | closes"),
    ];
    wire::check(CASES);
}
