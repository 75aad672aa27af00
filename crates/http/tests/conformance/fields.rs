//! Field lines: `name: value`, a line each (RFC 9112, section 5; RFC 9110, section 5).

use super::{Case, wire};

#[test]
fn a_name_is_a_token_and_stands_right_before_its_colon() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("every sign of a token",             "9110 5.6.2", b"GET / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~0: b\r\n\r\n", "GET / @a | goes on"),
        ("a space before the colon",          "9112 5.1", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",              "400 | closes"),
        ("a tab before the colon",            "9112 5.1", b"GET / HTTP/1.1\r\nHost: a\r\nX\t: b\r\n\r\n",     "400 | closes"),
        ("a space before the name",           "9112 2.2", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",              "400 | closes"),
        ("a space within",                    "9110 5.1", b"GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n",     "400 | closes"),
        ("no name",                           "9110 5.1", b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",        "400 | closes"),
        ("a colon alone",                     "9110 5.1", b"GET / HTTP/1.1\r\nHost: a\r\n:\r\n\r\n",          "400 | closes"),
        ("no colon",                          "9112 5",   b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",          "400 | closes"),
        ("an equals sign for the colon",      "9112 5",   b"GET / HTTP/1.1\r\nHost: a\r\nX=b\r\n\r\n",        "400 | closes"),
        ("a null byte",                       "9110 5.1", b"GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n",     "400 | closes"),
        ("a control character",               "9110 5.1", b"GET / HTTP/1.1\r\nHost: a\r\nX\x01: b\r\n\r\n",   "400 | closes"),
        ("a delete",                          "9110 5.1", b"GET / HTTP/1.1\r\nHost: a\r\nX\x7f: b\r\n\r\n",   "400 | closes"),
        ("a byte beyond ASCII",               "9110 5.1", b"GET / HTTP/1.1\r\nHost: a\r\nX\xe9: b\r\n\r\n",   "400 | closes"),
        ("brackets",                          "9110 5.1", b"GET / HTTP/1.1\r\nHost: a\r\n[X]: b\r\n\r\n",     "400 | closes"),
        ("parentheses",                       "9110 5.1", b"GET / HTTP/1.1\r\nHost: a\r\nX(Y): b\r\n\r\n",    "400 | closes"),
        ("a slash",                           "9110 5.1", b"GET / HTTP/1.1\r\nHost: a\r\nX/Y: b\r\n\r\n",     "400 | closes"),
        ("quotes",                            "9110 5.1", b"GET / HTTP/1.1\r\nHost: a\r\n\"X\": b\r\n\r\n",   "400 | closes"),
        ("a comma",                           "9110 5.1", b"GET / HTTP/1.1\r\nHost: a\r\nX,Y: b\r\n\r\n",     "400 | closes"),
        ("an at sign",                        "9110 5.1", b"GET / HTTP/1.1\r\nHost: a\r\nX@Y: b\r\n\r\n",     "400 | closes"),
        ("a second request line",             "9112 5",   b"GET / HTTP/1.1\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n", "400 | closes"),
    ];
    wire::check(CASES);
}

#[test]
fn a_value_is_text_on_one_line() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("an empty value",                    "9110 5.5", b"GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n",         "GET / @a | goes on"),
        ("a value of spaces",                 "9112 5.1", b"GET / HTTP/1.1\r\nHost: a\r\nX:  \t \r\n\r\n",    "GET / @a | goes on"),
        ("a tab within",                      "9110 5.5", b"GET / HTTP/1.1\r\nHost: a\r\nX: b\tc\r\n\r\n",    "GET / @a | goes on"),
        ("bytes beyond ASCII",                "9110 5.5", b"GET / HTTP/1.1\r\nHost: a\r\nX: \x80\xe9\xff\r\n\r\n", "GET / @a | goes on"),
        ("colons",                            "9112 5.1", b"GET / HTTP/1.1\r\nHost: a\r\nX: b: c:\r\n\r\n",   "GET / @a | goes on"),
        ("two colons",                        "9112 5.1", b"GET / HTTP/1.1\r\nHost: a\r\nX:: b\r\n\r\n",      "GET / @a | goes on"),
        ("the same name many times",          "9110 5.3", b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\nX: 3\r\n\r\n", "GET / @a | goes on"),
        ("an open quote",                     "9110 5.6.4", b"GET / HTTP/1.1\r\nHost: a\r\nX: \"b\r\n\r\n",   "GET / @a | goes on"),
        ("a null byte",                       "9110 5.5", b"GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n",    "400 | closes"),
        ("a return within",                   "9110 5.5", b"GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n",    "400 | closes"),
        ("a return at the start",             "9110 5.5", b"GET / HTTP/1.1\r\nHost: a\r\nX:\r b\r\n\r\n",     "400 | closes"),
        ("a return at the end",               "9112 2.2", b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\r\n\r\n",     "400 | closes"),
        ("a line feed within",                "9112 2.2", b"GET / HTTP/1.1\r\nHost: a\r\nX: b\nc\r\n\r\n",    "400 | closes"),
        ("a control character",               "9110 5.5", b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x01\r\n\r\n",   "400 | closes"),
        ("a vertical tab",                    "9110 5.5", b"GET / HTTP/1.1\r\nHost: a\r\nX: \x0bb\r\n\r\n",   "400 | closes"),
        ("a backspace",                       "9110 5.5", b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x08\r\n\r\n",   "400 | closes"),
        ("an escape character",               "9110 5.5", b"GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[0m\r\n\r\n", "400 | closes"),
        ("a delete",                          "9110 5.5", b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x7f\r\n\r\n",   "400 | closes"),
        ("a folded line",                     "9112 5.2", b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", "400 | closes"),
        ("a line folded with a tab",          "9112 5.2", b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n", "400 | closes"),
        ("a line folded to nothing",          "9112 5.2", b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n \r\n\r\n",  "400 | closes"),
        ("a folded empty value",              "9112 5.2", b"GET / HTTP/1.1\r\nHost: a\r\nX:\r\n b\r\n\r\n",   "400 | closes"),
        ("a line folded by a line feed",      "9112 5.2", b"GET / HTTP/1.1\r\nHost: a\r\nX: b\n c\r\n\r\n",   "400 | closes"),
        ("a head cut short",                  "9112 8",   b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n",           "waits"),
        ("a head cut in its last line end",   "9112 8",   b"GET / HTTP/1.1\r\nHost: a\r\n\r",                 "waits"),
    ];
    wire::check(CASES);
}
