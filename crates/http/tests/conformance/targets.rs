//! The request target in its four forms (RFC 9112, section 3.2).

use super::{Case, wire};

#[test]
fn origin_form_is_a_path_and_perhaps_a_query() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("a path and a query",                "9112 3.2.1", b"GET /a/b?c=d&e HTTP/1.1\r\nHost: a\r\n\r\n",    "GET /a/b?c=d&e @a | goes on"),
        ("an empty query",                    "9112 3.2.1", b"GET /? HTTP/1.1\r\nHost: a\r\n\r\n",            "GET /? @a | goes on"),
        ("two question marks",                "9112 3.2.1", b"GET /?a?b HTTP/1.1\r\nHost: a\r\n\r\n",         "GET /?a?b @a | goes on"),
        ("two slashes",                       "9112 3.2.1", b"GET //b/c HTTP/1.1\r\nHost: a\r\n\r\n",         "GET //b/c @a | goes on"),
        ("dots, as they came",                "9112 3.2.1", b"GET /a/../../b/./c HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a/../../b/./c @a | goes on"),
        ("all that a path may hold",          "3986 3.3",   b"GET /-._~!$&'()*+,;=:@ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /-._~!$&'()*+,;=:@ @a | goes on"),
        ("percent escapes",                   "3986 2.1",   b"GET /%41%2f%00%0d%0a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /%41%2f%00%0d%0a @a | goes on"),
        // Not of the grammar, but sent: what they mean is for who decodes them to say.
        ("a percent sign alone",              "3986 2.1",   b"GET /% HTTP/1.1\r\nHost: a\r\n\r\n",            "GET /% @a | goes on"),
        ("an escape of no digits",            "3986 2.1",   b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",          "GET /%zz @a | goes on"),
        ("signs that browsers leave alone",   "3986 2",     b"GET /{a}|[b]^`?<c>\"d\" HTTP/1.1\r\nHost: a\r\n\r\n", "GET /{a}|[b]^`?<c>\"d\" @a | goes on"),
        ("letters beyond ASCII",              "3986 2",     b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",     "GET /u{e9} @a | goes on"),
        ("a byte that is no UTF-8",           "3986 2",     b"GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n",         "400 | closes"),
        ("a slash in two bytes",              "3986 2",     b"GET /\xc0\xaf HTTP/1.1\r\nHost: a\r\n\r\n",     "400 | closes"),
        ("a fragment",                        "9112 3.2",   b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",          "400 | closes"),
        ("a space",                           "9112 3.2",   b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",          "400 | closes"),
        ("a space in the query",              "9112 3.2",   b"GET /?a b HTTP/1.1\r\nHost: a\r\n\r\n",         "400 | closes"),
        ("a tab",                             "9112 3.2",   b"GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n",         "400 | closes"),
        ("a null byte",                       "9112 3.2",   b"GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n",         "400 | closes"),
        ("a control character",               "9112 3.2",   b"GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n",        "400 | closes"),
        ("a delete",                          "9112 3.2",   b"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n",         "400 | closes"),
        ("no slash",                          "9112 3.2.1", b"GET a HTTP/1.1\r\nHost: a\r\n\r\n",             "400 | closes"),
        ("a dot",                             "9112 3.2.1", b"GET . HTTP/1.1\r\nHost: a\r\n\r\n",             "400 | closes"),
        ("a query alone",                     "9112 3.2.1", b"GET ?a HTTP/1.1\r\nHost: a\r\n\r\n",            "400 | closes"),
        ("a backslash",                       "9112 3.2.1", b"GET \\a HTTP/1.1\r\nHost: a\r\n\r\n",           "400 | closes"),
    ];
    wire::check(CASES);
}

#[test]
fn absolute_form_is_understood_and_its_authority_wins() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("a path and a query",                "9112 3.2.2", b"GET http://b/c?d HTTP/1.1\r\nHost: b\r\n\r\n",  "GET http://b/c?d @b | goes on"),
        ("no path",                           "9112 3.2.2", b"GET http://b HTTP/1.1\r\nHost: b\r\n\r\n",      "GET http://b @b | goes on"),
        ("a query and no path",               "9112 3.2.2", b"GET http://b?c HTTP/1.1\r\nHost: b\r\n\r\n",    "GET http://b?c @b | goes on"),
        ("another Host, which is ignored",    "9112 3.2.2", b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",     "GET http://b/ @b | goes on"),
        ("another port",                      "9112 3.2.2", b"GET http://b:81/ HTTP/1.1\r\nHost: b:80\r\n\r\n", "GET http://b:81/ @b:81 | goes on"),
        ("an empty Host",                     "9112 3.2.2", b"GET http://b/ HTTP/1.1\r\nHost:\r\n\r\n",       "GET http://b/ @b | goes on"),
        ("https",                             "9110 4.2.2", b"GET https://b/ HTTP/1.1\r\nHost: b\r\n\r\n",    "GET https://b/ @b | goes on"),
        ("a scheme in capitals",              "9110 4.2.3", b"GET HTTP://B/ HTTP/1.1\r\nHost: b\r\n\r\n",     "GET HTTP://B/ @B | goes on"),
        ("IPv6",                              "3986 3.2.2", b"GET http://[::1]:80/ HTTP/1.1\r\nHost: b\r\n\r\n", "GET http://[::1]:80/ @[::1]:80 | goes on"),
        ("a URL in the query",                "9112 3.2.2", b"GET http://b/?u=http://c@d HTTP/1.1\r\nHost: b\r\n\r\n", "GET http://b/?u=http://c@d @b | goes on"),
        ("an at sign in the path",            "9112 3.2.2", b"GET http://b/c@d HTTP/1.1\r\nHost: b\r\n\r\n",  "GET http://b/c@d @b | goes on"),
        ("HTTP/1.0 without Host",             "9112 3.2.2", b"GET http://b/ HTTP/1.0\r\n\r\n",                "GET http://b/ @b | closes"),
        ("OPTIONS without a path",            "9112 3.2.4", b"OPTIONS http://b HTTP/1.1\r\nHost: b\r\n\r\n",  "OPTIONS http://b @b | goes on"),
        ("no Host",                           "9112 3.2",   b"GET http://b/ HTTP/1.1\r\n\r\n",                "400 | closes"),
        ("two Hosts",                         "9112 3.2",   b"GET http://b/ HTTP/1.1\r\nHost: b\r\nHost: b\r\n\r\n", "400 | closes"),
        ("a Host that is none",               "9112 3.2",   b"GET http://b/ HTTP/1.1\r\nHost: a b\r\n\r\n",   "400 | closes"),
        ("an empty host",                     "9110 4.2.1", b"GET http:///c HTTP/1.1\r\nHost: b\r\n\r\n",     "400 | closes"),
        ("an empty host with a port",         "9110 4.2.1", b"GET http://:80/ HTTP/1.1\r\nHost: b\r\n\r\n",   "400 | closes"),
        ("nothing after the scheme",          "9110 4.2.1", b"GET http:// HTTP/1.1\r\nHost: b\r\n\r\n",       "400 | closes"),
        ("one slash",                         "9110 4.2.1", b"GET http:/b/ HTTP/1.1\r\nHost: b\r\n\r\n",      "400 | closes"),
        ("a user",                            "9110 4.2.4", b"GET http://u@b/ HTTP/1.1\r\nHost: b\r\n\r\n",   "400 | closes"),
        ("a user and a password",             "9110 4.2.4", b"GET http://u:p@b/ HTTP/1.1\r\nHost: b\r\n\r\n", "400 | closes"),
        ("a port of letters",                 "9110 4.2.1", b"GET http://b:x/ HTTP/1.1\r\nHost: b\r\n\r\n",   "400 | closes"),
        ("a backslash for a slash",           "9110 4.2.1", b"GET http:\\\\b/ HTTP/1.1\r\nHost: b\r\n\r\n",   "400 | closes"),
        ("a backslash after the host",        "9110 4.2.1", b"GET http://b\\c/ HTTP/1.1\r\nHost: b\r\n\r\n",  "400 | closes"),
        ("a fragment",                        "9112 3.2.2", b"GET http://b/#c HTTP/1.1\r\nHost: b\r\n\r\n",   "400 | closes"),
        ("a fragment after the host",         "9112 3.2.2", b"GET http://b#@c/ HTTP/1.1\r\nHost: b\r\n\r\n",  "400 | closes"),
        ("another scheme",                    "9110 7.4",   b"GET ftp://b/ HTTP/1.1\r\nHost: b\r\n\r\n",      "400 | closes"),
        ("a scheme of no host",               "9110 7.4",   b"GET file:///etc/passwd HTTP/1.1\r\nHost: b\r\n\r\n", "400 | closes"),
        ("no scheme",                         "9112 3.2.2", b"GET ://b/ HTTP/1.1\r\nHost: b\r\n\r\n",         "400 | closes"),
    ];
    wire::check(CASES);
}

#[test]
fn authority_form_is_for_connect_and_the_asterisk_for_options() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("CONNECT",                           "9112 3.2.3", b"CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n", "CONNECT b:443 @b:443 | goes on"),
        ("CONNECT to IPv6",                   "9112 3.2.3", b"CONNECT [::1]:443 HTTP/1.1\r\nHost: b\r\n\r\n", "CONNECT [::1]:443 @[::1]:443 | goes on"),
        ("CONNECT without a port",            "9112 3.2.3", b"CONNECT b HTTP/1.1\r\nHost: b\r\n\r\n",         "400 | closes"),
        ("CONNECT with an empty port",        "9110 9.3.6", b"CONNECT b: HTTP/1.1\r\nHost: b\r\n\r\n",        "400 | closes"),
        ("CONNECT with a port of letters",    "9110 9.3.6", b"CONNECT b:x HTTP/1.1\r\nHost: b\r\n\r\n",       "400 | closes"),
        ("CONNECT with too large a port",     "9110 9.3.6", b"CONNECT b:65536 HTTP/1.1\r\nHost: b\r\n\r\n",   "400 | closes"),
        ("CONNECT with port 0",               "9110 9.3.6", b"CONNECT b:0 HTTP/1.1\r\nHost: b\r\n\r\n",       "400 | closes"),
        ("CONNECT without a host",            "9112 3.2.3", b"CONNECT :443 HTTP/1.1\r\nHost: b\r\n\r\n",      "400 | closes"),
        ("CONNECT with a user",               "9112 3.2.3", b"CONNECT u@b:443 HTTP/1.1\r\nHost: b\r\n\r\n",   "400 | closes"),
        ("CONNECT with a path",               "9112 3.2.3", b"CONNECT /b HTTP/1.1\r\nHost: b\r\n\r\n",        "400 | closes"),
        ("CONNECT with host and path",        "9112 3.2.3", b"CONNECT b:443/c HTTP/1.1\r\nHost: b\r\n\r\n",   "400 | closes"),
        ("CONNECT with a URL",                "9112 3.2.3", b"CONNECT http://b/ HTTP/1.1\r\nHost: b\r\n\r\n", "400 | closes"),
        ("CONNECT with an asterisk",          "9112 3.2.3", b"CONNECT * HTTP/1.1\r\nHost: b\r\n\r\n",         "400 | closes"),
        ("CONNECT without Host",              "9112 3.2",   b"CONNECT b:443 HTTP/1.1\r\n\r\n",                "400 | closes"),
        ("an authority for GET",              "9112 3.2.3", b"GET b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n",     "400 | closes"),
        ("a name for GET",                    "9112 3.2.3", b"GET b.example HTTP/1.1\r\nHost: b\r\n\r\n",     "400 | closes"),
        ("an asterisk",                       "9112 3.2.4", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",         "OPTIONS * @a | goes on"),
        ("an asterisk and an empty Host",     "9112 3.2",   b"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",           "OPTIONS * @127.0.0.1 | goes on"),
        ("an asterisk and no Host",           "9112 3.2",   b"OPTIONS * HTTP/1.1\r\n\r\n",                    "400 | closes"),
        ("an asterisk and a path",            "9112 3.2.4", b"OPTIONS */a HTTP/1.1\r\nHost: a\r\n\r\n",       "400 | closes"),
        ("two asterisks",                     "9112 3.2.4", b"OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n",        "400 | closes"),
        ("an asterisk for GET",               "9112 3.2.4", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",             "400 | closes"),
        ("an asterisk for UPnP's method",     "9112 3.2.4", b"M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n",        "M-SEARCH * @a | goes on"),
        ("an asterisk for POST",              "9112 3.2.4", b"POST * HTTP/1.1\r\nHost: a\r\n\r\n",            "400 | closes"),
        ("OPTIONS of a path",                 "9110 9.3.7", b"OPTIONS /a HTTP/1.1\r\nHost: a\r\n\r\n",        "OPTIONS /a @a | goes on"),
    ];
    wire::check(CASES);
}
