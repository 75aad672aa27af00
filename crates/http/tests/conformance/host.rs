//! `Host`: one of them, and valid (RFC 9112, section 3.2; RFC 9110, section 7.2; RFC 3986, section 3.2).

use super::{Case, wire};

#[test]
fn there_is_exactly_one_host() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("none",                              "9112 3.2", b"GET / HTTP/1.1\r\n\r\n",                          "400 | closes"),
        ("none among others",                 "9112 3.2", b"GET / HTTP/1.1\r\nX-Host: a\r\nHosts: b\r\n\r\n", "400 | closes"),
        ("none in HTTP/1.2",                  "9112 3.2", b"GET / HTTP/1.2\r\n\r\n",                          "400 | closes"),
        ("none in HTTP/1.0",                  "9112 3.2", b"GET / HTTP/1.0\r\n\r\n",                          "GET / @127.0.0.1 | closes"),
        ("two",                               "9112 3.2", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",    "400 | closes"),
        ("the same twice",                    "9112 3.2", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",    "400 | closes"),
        ("two in different case",             "9112 3.2", b"GET / HTTP/1.1\r\nHost: a\r\nhOsT: a\r\n\r\n",    "400 | closes"),
        ("two, not side by side",             "9112 3.2", b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nHost: b\r\n\r\n", "400 | closes"),
        ("an empty one and another",          "9112 3.2", b"GET / HTTP/1.1\r\nHost:\r\nHost: b\r\n\r\n",      "400 | closes"),
        ("one and an empty one",              "9112 3.2", b"GET / HTTP/1.1\r\nHost: b\r\nHost:\r\n\r\n",      "400 | closes"),
        ("two in HTTP/1.0",                   "9112 3.2", b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",    "400 | closes"),
        ("last of all fields",                "9110 5.3", b"GET / HTTP/1.1\r\nX: y\r\nAccept: */*\r\nHost: a\r\n\r\n", "GET / @a | goes on"),
        ("a name in capitals",                "9110 5.1", b"GET / HTTP/1.1\r\nHOST: a\r\n\r\n",               "GET / @a | goes on"),
        ("two for a request with a body",     "9112 3.2", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nHost: b\r\n\r\nx", "400 | closes"),
    ];
    wire::check(CASES);
}

#[test]
fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("a name",                            "9110 7.2",   b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",   "GET / @example.com | goes on"),
        ("a name and a port",                 "9110 7.2",   b"GET / HTTP/1.1\r\nHost: a:8888\r\n\r\n",        "GET / @a:8888 | goes on"),
        ("an empty port",                     "3986 3.2.3", b"GET / HTTP/1.1\r\nHost: a:\r\n\r\n",            "GET / @a: | goes on"),
        ("a dot at the end",                  "3986 3.2.2", b"GET / HTTP/1.1\r\nHost: a.\r\n\r\n",            "GET / @a. | goes on"),
        ("an underscore",                     "3986 3.2.2", b"GET / HTTP/1.1\r\nHost: a_b\r\n\r\n",           "GET / @a_b | goes on"),
        ("an escape",                         "3986 3.2.2", b"GET / HTTP/1.1\r\nHost: a%2d\r\n\r\n",          "GET / @a%2d | goes on"),
        ("an IPv4 address",                   "3986 3.2.2", b"GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n",  "GET / @127.0.0.1:80 | goes on"),
        ("an IPv6 address",                   "3986 3.2.2", b"GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n", "GET / @[2001:db8::1] | goes on"),
        ("an IPv6 address and a port",        "3986 3.2.2", b"GET / HTTP/1.1\r\nHost: [::1]:8888\r\n\r\n",    "GET / @[::1]:8888 | goes on"),
        ("whitespace around",                 "9112 5.1",   b"GET / HTTP/1.1\r\nHost: \t a \t \r\n\r\n",      "GET / @a | goes on"),
        ("no whitespace",                     "9112 5.1",   b"GET / HTTP/1.1\r\nHost:a\r\n\r\n",              "GET / @a | goes on"),
        // A registered name may be empty, so the field is valid; section 3.3 lets a server reject the
        // request or take a default. Like hyper, Tornado and Node we take one.
        ("nothing",                           "9112 3.3",   b"GET / HTTP/1.1\r\nHost:\r\n\r\n",               "GET / @127.0.0.1 | goes on"),
        ("nothing but a space",               "9112 3.3",   b"GET / HTTP/1.1\r\nHost: \r\n\r\n",              "GET / @127.0.0.1 | goes on"),
        ("nothing in HTTP/1.0",               "9112 3.3",   b"GET / HTTP/1.0\r\nHost:\r\n\r\n",               "GET / @127.0.0.1 | closes"),
        ("a port alone",                      "9110 4.2.1", b"GET / HTTP/1.1\r\nHost: :80\r\n\r\n",           "400 | closes"),
        ("a port of letters",                 "9112 3.2",   b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",           "400 | closes"),
        ("a negative port",                   "9112 3.2",   b"GET / HTTP/1.1\r\nHost: a:-1\r\n\r\n",          "400 | closes"),
        ("a port that none can be",           "9112 3.2",   b"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n",       "400 | closes"),
        ("two ports",                         "9112 3.2",   b"GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n",       "400 | closes"),
        ("a space within",                    "9112 3.2",   b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",           "400 | closes"),
        ("a tab within",                      "9112 3.2",   b"GET / HTTP/1.1\r\nHost: a\tb\r\n\r\n",          "400 | closes"),
        ("two in a list",                     "9112 3.2",   b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",          "400 | closes"),
        ("two with a comma",                  "9112 3.2",   b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n",           "400 | closes"),
        ("a path",                            "9112 3.2",   b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",           "400 | closes"),
        ("a slash at the end",                "9112 3.2",   b"GET / HTTP/1.1\r\nHost: a/\r\n\r\n",            "400 | closes"),
        ("a query",                           "9112 3.2",   b"GET / HTTP/1.1\r\nHost: a?b\r\n\r\n",           "400 | closes"),
        ("a fragment",                        "9112 3.2",   b"GET / HTTP/1.1\r\nHost: a#b\r\n\r\n",           "400 | closes"),
        ("a user",                            "9112 3.2",   b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",           "400 | closes"),
        ("a user and a password",             "9112 3.2",   b"GET / HTTP/1.1\r\nHost: u:p@a\r\n\r\n",         "400 | closes"),
        ("a URL",                             "9112 3.2",   b"GET / HTTP/1.1\r\nHost: http://a\r\n\r\n",      "400 | closes"),
        ("a backslash",                       "9112 3.2",   b"GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n",          "400 | closes"),
        ("quotes",                            "9112 3.2",   b"GET / HTTP/1.1\r\nHost: \"a\"\r\n\r\n",         "400 | closes"),
        ("angle brackets",                    "9112 3.2",   b"GET / HTTP/1.1\r\nHost: <a>\r\n\r\n",           "400 | closes"),
        ("a broken escape",                   "3986 2.1",   b"GET / HTTP/1.1\r\nHost: a%2\r\n\r\n",           "400 | closes"),
        ("a letter beyond ASCII",             "3986 3.2.2", b"GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n",      "400 | closes"),
        ("an IPv6 address without brackets",  "3986 3.2.2", b"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n",           "400 | closes"),
        ("an open bracket",                   "3986 3.2.2", b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",          "400 | closes"),
        ("a closing bracket",                 "3986 3.2.2", b"GET / HTTP/1.1\r\nHost: ::1]\r\n\r\n",          "400 | closes"),
        ("empty brackets",                    "3986 3.2.2", b"GET / HTTP/1.1\r\nHost: []\r\n\r\n",            "400 | closes"),
        ("a name in brackets",                "3986 3.2.2", b"GET / HTTP/1.1\r\nHost: [a]\r\n\r\n",           "400 | closes"),
        ("more behind the brackets",          "3986 3.2.2", b"GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n",        "400 | closes"),
        ("a null byte",                       "9110 5.5",   b"GET / HTTP/1.1\r\nHost: a\0\r\n\r\n",           "400 | closes"),
    ];
    wire::check(CASES);
}
