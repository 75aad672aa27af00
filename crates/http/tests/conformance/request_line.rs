//! The request line: method, target and version, with one space between (RFC 9112, sections 2 and 3).

use super::{Case, wire};

#[test]
fn a_request_line_is_method_target_and_version_with_one_space_between() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("the least that there can be",       "9112 3",   b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",               "GET / @a | goes on"),
        ("two spaces before the target",      "9112 3",   b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",              "400 | closes"),
        ("two spaces before the version",     "9112 3",   b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n",              "400 | closes"),
        ("a space at the end",                "9112 3",   b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",              "400 | closes"),
        ("a tab at the end",                  "9112 3",   b"GET / HTTP/1.1\t\r\nHost: a\r\n\r\n",             "400 | closes"),
        ("more words at the end",             "9112 3",   b"GET / HTTP/1.1 x\r\nHost: a\r\n\r\n",             "400 | closes"),
        ("two versions",                      "9112 3",   b"GET / HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n",      "400 | closes"),
        ("a space at the start",              "9112 3",   b" GET / HTTP/1.1\r\nHost: a\r\n\r\n",              "400 | closes"),
        ("a tab at the start",                "9112 3",   b"\tGET / HTTP/1.1\r\nHost: a\r\n\r\n",             "400 | closes"),
        ("a tab after the method",            "9112 3",   b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",              "400 | closes"),
        ("a tab before the version",          "9112 3",   b"GET /\tHTTP/1.1\r\nHost: a\r\n\r\n",              "400 | closes"),
        ("a vertical tab after the method",   "9112 3",   b"GET\x0b/ HTTP/1.1\r\nHost: a\r\n\r\n",            "400 | closes"),
        ("a form feed after the method",      "9112 3",   b"GET\x0c/ HTTP/1.1\r\nHost: a\r\n\r\n",            "400 | closes"),
        ("a return after the method",         "9112 3",   b"GET\r/ HTTP/1.1\r\nHost: a\r\n\r\n",              "400 | closes"),
        ("a no-break space",                  "9112 3",   b"GET\xa0/ HTTP/1.1\r\nHost: a\r\n\r\n",            "400 | closes"),
        ("no method",                         "9112 3",   b"/ HTTP/1.1\r\nHost: a\r\n\r\n",                   "400 | closes"),
        ("an empty method",                   "9112 3",   b" / HTTP/1.1\r\nHost: a\r\n\r\n",                  "400 | closes"),
        ("no target",                         "9112 3",   b"GET HTTP/1.1\r\nHost: a\r\n\r\n",                 "400 | closes"),
        ("an empty target",                   "9112 3",   b"GET  HTTP/1.1\r\nHost: a\r\n\r\n",                "400 | closes"),
        ("no version: HTTP/0.9",              "9112 2.3", b"GET /\r\n\r\n",                                   "400 | closes"),
        ("a space for a version",             "9112 2.3", b"GET / \r\nHost: a\r\n\r\n",                       "400 | closes"),
        ("a method alone",                    "9112 3",   b"GET\r\n\r\n",                                     "400 | closes"),
        ("a word",                            "9112 3",   b"hello\r\n\r\n",                                   "400 | closes"),
        ("a field in place of the line",      "9112 3",   b"Host: a\r\n\r\n",                                 "400 | closes"),
        ("a response",                        "9112 2.1", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",    "400 | closes"),
        ("TLS on a plain port",               "9112 3",   b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", "400 | closes"),
        ("zeros",                             "9112 3",   b"\0\0\0\0\0\0\0\0",                                "400 | closes"),
        ("a byte order mark",                 "9112 2.2", b"\xef\xbb\xbfGET / HTTP/1.1\r\nHost: a\r\n\r\n",   "400 | closes"),
        ("UTF-16",                            "9112 2.2", b"G\0E\0T\0 \0/\0",                                 "400 | closes"),
        ("a quoted line",                     "9112 3",   b"\"GET / HTTP/1.1\"\r\nHost: a\r\n\r\n",           "400 | closes"),
        ("half a line",                       "9112 8",   b"GET / HT",                                        "waits"),
        ("nothing",                           "9112 8",   b"",                                                "goes on"),
    ];
    wire::check(CASES);
}

#[test]
fn every_1_x_is_answered_as_1_1_and_no_other_version() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("HTTP/1.0",                          "9110 2.5",     b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",           "GET / @a | closes"),
        ("HTTP/1.2",                          "9110 2.5",     b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",           "GET / @a | goes on"),
        ("HTTP/1.9",                          "9110 2.5",     b"GET / HTTP/1.9\r\nHost: a\r\n\r\n",           "GET / @a | goes on"),
        ("HTTP/0.9 by name",                  "9110 15.6.6",  b"GET / HTTP/0.9\r\nHost: a\r\n\r\n",           "400 | closes"),
        ("HTTP/2.0",                          "9110 15.6.6",  b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",           "505 | closes"),
        ("HTTP/3.0",                          "9110 15.6.6",  b"GET / HTTP/3.0\r\nHost: a\r\n\r\n",           "505 | closes"),
        ("HTTP/9.9",                          "9110 15.6.6",  b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",           "505 | closes"),
        ("HTTP/2 where it is not spoken",      "9113 3.4",     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",            "505 | closes"),
        ("a major version alone",             "9112 2.3",     b"GET / HTTP/2\r\nHost: a\r\n\r\n",             "400 | closes"),
        ("one digit",                         "9112 2.3",     b"GET / HTTP/1\r\nHost: a\r\n\r\n",             "400 | closes"),
        ("no digit after the point",          "9112 2.3",     b"GET / HTTP/1.\r\nHost: a\r\n\r\n",            "400 | closes"),
        ("two digits after the point",        "9112 2.3",     b"GET / HTTP/1.10\r\nHost: a\r\n\r\n",          "400 | closes"),
        ("two digits before the point",       "9112 2.3",     b"GET / HTTP/11.1\r\nHost: a\r\n\r\n",          "400 | closes"),
        ("leading zeros",                     "9112 2.3",     b"GET / HTTP/01.1\r\nHost: a\r\n\r\n",          "400 | closes"),
        ("a sign",                            "9112 2.3",     b"GET / HTTP/+1.1\r\nHost: a\r\n\r\n",          "400 | closes"),
        ("a negative version",                "9112 2.3",     b"GET / HTTP/-1.1\r\nHost: a\r\n\r\n",          "400 | closes"),
        ("a comma for the point",             "9112 2.3",     b"GET / HTTP/1,1\r\nHost: a\r\n\r\n",           "400 | closes"),
        ("letters",                           "9112 2.3",     b"GET / HTTP/a.b\r\nHost: a\r\n\r\n",           "400 | closes"),
        ("another digit of Unicode",          "9112 2.3",     b"GET / HTTP/1.\xd9\xa1\r\nHost: a\r\n\r\n",    "400 | closes"),
        ("small letters",                     "9112 2.3",     b"GET / http/1.1\r\nHost: a\r\n\r\n",           "400 | closes"),
        ("one capital",                       "9112 2.3",     b"GET / Http/1.1\r\nHost: a\r\n\r\n",           "400 | closes"),
        ("no slash",                          "9112 2.3",     b"GET / HTTP1.1\r\nHost: a\r\n\r\n",            "400 | closes"),
        ("another slash",                     "9112 2.3",     b"GET / HTTP//1.1\r\nHost: a\r\n\r\n",          "400 | closes"),
        ("a space within",                    "9112 2.3",     b"GET / HTTP/ 1.1\r\nHost: a\r\n\r\n",          "400 | closes"),
        ("a letter more",                     "9112 2.3",     b"GET / HTTP/1.1x\r\nHost: a\r\n\r\n",          "400 | closes"),
        ("another protocol",                  "9112 2.3",     b"GET / HTTPS/1.1\r\nHost: a\r\n\r\n",          "400 | closes"),
        ("RTSP",                              "9112 2.3",     b"OPTIONS / RTSP/1.0\r\nHost: a\r\n\r\n",       "400 | closes"),
        ("ICE, which llhttp knows",           "9112 2.3",     b"SOURCE / ICE/1.0\r\nHost: a\r\n\r\n",         "400 | closes"),
    ];
    wire::check(CASES);
}

#[test]
fn a_line_ends_with_crlf_or_a_line_feed_and_never_with_a_return() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("line feeds alone",                  "9112 2.2", b"GET / HTTP/1.1\nHost: a\n\n",                     "GET / @a | goes on"),
        ("line feeds and CRLF",               "9112 2.2", b"GET / HTTP/1.1\nHost: a\r\n\n",                   "GET / @a | goes on"),
        ("returns alone",                     "9112 2.2", b"GET / HTTP/1.1\rHost: a\r\r",                     "400 | closes"),
        ("a return before CRLF",              "9112 2.2", b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",             "400 | closes"),
        ("a line feed before a return",       "9112 2.2", b"GET / HTTP/1.1\n\rHost: a\n\r\n\r",               "400 | closes"),
        ("a return in the target",            "9112 2.2", b"GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n",            "400 | closes"),
        ("a return in the version",           "9112 2.2", b"GET / HTTP/1\r.1\r\nHost: a\r\n\r\n",             "400 | closes"),
        ("a line feed in the target",         "9112 2.2", b"GET /\nx HTTP/1.1\r\nHost: a\r\n\r\n",            "400 | closes"),
        // Section 2.2: "a server [...] SHOULD ignore at least one empty line (CRLF) received prior to
        // the request-line". Like hyper, h11, Node and nginx we ignore more.
        ("an empty line before",              "9112 2.2", b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",           "GET / @a | goes on"),
        ("a line feed before",                "9112 2.2", b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",             "GET / @a | goes on"),
        ("two empty lines before",            "9112 2.2", b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",       "GET / @a | goes on"),
        ("an empty line between",             "9112 2.2", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n",           "GET / @a | goes on"),
        ("an empty line after a body",        "9112 2.2", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx\r\n", "POST / @a \"x\" | goes on"),
        ("a return before",                   "9112 2.2", b"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",             "400 | closes"),
        ("a line of spaces before",           "9112 2.2", b"  \r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",         "400 | closes"),
        ("an empty line and a space before",  "9112 2.2", b"\r\n GET / HTTP/1.1\r\nHost: a\r\n\r\n",          "400 | closes"),
        ("empty lines alone",                 "9112 2.2", b"\r\n",                                            "goes on"),
        ("two lines for a request line",      "9112 3",   b"GET /\r\nHTTP/1.1\r\nHost: a\r\n\r\n",            "400 | closes"),
    ];
    wire::check(CASES);
}
