//! Methods: a token, with regard to case, whatever it means (RFC 9110, section 9).

use super::{Case, wire};

#[test]
fn any_token_is_a_method_and_nothing_else() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("GET with a body",                   "9110 9.3.1", b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "GET / @a \"x\" | goes on"),
        ("HEAD, answered without a body",     "9110 9.3.2", b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",            "HEAD / @a | goes on"),
        ("HEAD in HTTP/1.0",                  "9110 9.3.2", b"HEAD / HTTP/1.0\r\nHost: a\r\n\r\n",            "HEAD / @a | closes"),
        ("POST",                              "9110 9.3.3", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "POST / @a \"x\" | goes on"),
        ("PUT",                               "9110 9.3.4", b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "PUT / @a \"x\" | goes on"),
        ("DELETE",                            "9110 9.3.5", b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n",          "DELETE / @a | goes on"),
        ("DELETE with a body",                "9110 9.3.5", b"DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "DELETE / @a \"x\" | goes on"),
        ("TRACE",                             "9110 9.3.8", b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n",           "TRACE / @a | goes on"),
        ("PATCH",                             "5789 2",     b"PATCH / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "PATCH / @a \"x\" | goes on"),
        ("one of another standard",           "9110 9.1",   b"M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n",        "M-SEARCH / @a | goes on"),
        ("one that nobody knows",             "9110 9.1",   b"HELLO / HTTP/1.1\r\nHost: a\r\n\r\n",           "HELLO / @a | goes on"),
        ("a method in small letters is another", "9110 9.1", b"get / HTTP/1.1\r\nHost: a\r\n\r\n",            "get / @a | goes on"),
        ("a letter",                          "9110 9.1",   b"G / HTTP/1.1\r\nHost: a\r\n\r\n",               "G / @a | goes on"),
        ("every sign of a token",             "9110 5.6.2", b"!#$%&'*+-.^_`|~0 / HTTP/1.1\r\nHost: a\r\n\r\n", "!#$%&'*+-.^_`|~0 / @a | goes on"),
        ("a parenthesis",                     "9110 5.6.2", b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n",             "400 | closes"),
        ("a comma",                           "9110 5.6.2", b"GET,POST / HTTP/1.1\r\nHost: a\r\n\r\n",        "400 | closes"),
        ("a colon",                           "9110 5.6.2", b"GET: / HTTP/1.1\r\nHost: a\r\n\r\n",            "400 | closes"),
        ("a slash",                           "9110 5.6.2", b"GET/ / HTTP/1.1\r\nHost: a\r\n\r\n",            "400 | closes"),
        ("an at sign",                        "9110 5.6.2", b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n",             "400 | closes"),
        ("brackets",                          "9110 5.6.2", b"[GET] / HTTP/1.1\r\nHost: a\r\n\r\n",           "400 | closes"),
        ("a byte beyond ASCII",               "9110 5.6.2", b"G\xc9T / HTTP/1.1\r\nHost: a\r\n\r\n",          "400 | closes"),
        ("a null byte",                       "9110 5.6.2", b"GE\0T / HTTP/1.1\r\nHost: a\r\n\r\n",           "400 | closes"),
        ("a control character",               "9110 5.6.2", b"GE\x01T / HTTP/1.1\r\nHost: a\r\n\r\n",         "400 | closes"),
        ("a delete",                          "9110 5.6.2", b"GE\x7fT / HTTP/1.1\r\nHost: a\r\n\r\n",         "400 | closes"),
    ];
    wire::check(CASES);
}
