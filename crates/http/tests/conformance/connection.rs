//! The connection: kept or closed, and requests one behind the other (RFC 9112, section 9).

use super::{Case, wire};

#[test]
fn a_connection_is_kept_unless_either_side_ends_it() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("HTTP/1.1 keeps",                    "9112 9.3",   b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",             "GET / @a | goes on"),
        ("close",                             "9112 9.6",   b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / @a | closes"),
        ("close in capitals",                 "9110 7.6.1", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: CLOSE\r\n\r\n", "GET / @a | closes"),
        ("close in a list",                   "9110 7.6.1", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x,close ,y\r\n\r\n", "GET / @a | closes"),
        ("close on a second line",            "9110 5.3",   b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n", "GET / @a | closes"),
        ("close beside keep-alive",           "9112 9.3",   b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", "GET / @a | closes"),
        ("close among empty elements",        "9110 5.6.1", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: ,, close,\r\n\r\n", "GET / @a | closes"),
        ("close after a body",                "9112 9.6",   b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", "POST / @a \"x\" | closes"),
        ("keep-alive",                        "9112 9.3",   b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", "GET / @a | goes on"),
        ("another option",                    "9110 7.6.1", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Foo\r\nX-Foo: b\r\n\r\n", "GET / @a | goes on"),
        ("a word with close in it",           "9110 7.6.1", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: disclosed\r\n\r\n", "GET / @a | goes on"),
        ("no options",                        "9110 7.6.1", b"GET / HTTP/1.1\r\nHost: a\r\nConnection:\r\n\r\n", "GET / @a | goes on"),
        ("options that name the framing",     "9110 7.6.1", b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Content-Length, Host\r\nContent-Length: 1\r\n\r\nx", "POST / @a \"x\" | goes on"),
        ("Proxy-Connection says nothing",     "9112 C.2.2", b"GET / HTTP/1.1\r\nHost: a\r\nProxy-Connection: close\r\n\r\n", "GET / @a | goes on"),
        ("Keep-Alive says nothing",           "9112 C.2.2", b"GET / HTTP/1.1\r\nHost: a\r\nKeep-Alive: timeout=0, max=0\r\n\r\n", "GET / @a | goes on"),
        ("HTTP/1.0 closes",                   "9112 9.3",   b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",             "GET / @a | closes"),
        ("HTTP/1.0 with keep-alive",          "9112 9.3",   b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", "GET / @a | goes on"),
        ("HTTP/1.0 with Keep-Alive",          "9112 9.3",   b"GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", "GET / @a | goes on"),
        ("HTTP/1.0 with keep-alive in a list", "9112 9.3",  b"GET / HTTP/1.0\r\nHost: a\r\nConnection: x, keep-alive\r\n\r\n", "GET / @a | goes on"),
        ("HTTP/1.0 with both",                "9112 9.3",   b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", "GET / @a | closes"),
        ("HTTP/1.0 with a body and keep-alive", "9112 9.3", b"POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", "POST / @a \"x\" | goes on"),
        ("HTTP/1.0 without a body",           "9112 6.3",   b"POST / HTTP/1.0\r\nHost: a\r\n\r\n",            "POST / @a | closes"),
    ];
    wire::check(CASES);
}

#[test]
fn pipelined_requests_are_answered_in_order_until_one_ends_the_connection() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("three",                             "9112 9.3.2", b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\nGET /3 HTTP/1.1\r\nHost: c\r\n\r\n", "GET /1 @a | GET /2 @b | GET /3 @c | goes on"),
        ("bodies of both kinds",              "9112 9.3.2", b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxPOST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ny\r\n0\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n", "POST /1 @a \"x\" | POST /2 @a \"y\" | GET /3 @a | goes on"),
        ("HEAD before GET",                   "9110 9.3.2", b"HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD /1 @a | GET /2 @a | goes on"),
        ("nothing after close",               "9112 9.6",   b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /1 @a | closes"),
        ("nothing after HTTP/1.0",            "9112 9.3",   b"GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /1 @127.0.0.1 | closes"),
        ("nothing after a refusal",           "9112 9.3.2", b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "400 | closes"),
        ("a refusal in its turn",             "9112 9.3.2", b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/2.0\r\nHost: a\r\n\r\n", "GET /1 @a | 505 | closes"),
        ("a bad body in its turn",            "9112 9.3.2", b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "GET /1 @a | 400 | closes"),
        ("half of a second one",              "9112 8",     b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP", "GET /1 @a | waits"),
        ("each has its own Host",             "9112 3.2",   b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", "GET /1 @a | 400 | closes"),
        ("each has its own framing",          "9112 6.3",   b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxPOST /2 HTTP/1.1\r\nHost: a\r\n\r\n", "POST /1 @a \"x\" | POST /2 @a | goes on"),
        ("bytes behind a request",            "9112 9.3.2", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nhello\r\n\r\n", "GET / @a | 400 | closes"),
    ];
    wire::check(CASES);
}

#[test]
fn an_offer_to_upgrade_is_one_that_can_be_left() {
    #[rustfmt::skip]
    const CASES: &[Case<'_>] = &[
        ("to another protocol",               "9110 7.8", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: cake/1\r\n\r\n", "GET / @a | goes on"),
        ("to HTTP/2",                         "9110 7.8", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", "GET / @a | goes on"),
        ("with a body",                       "9110 7.8", b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\nx", "POST / @a \"x\" | goes on"),
        ("without Connection",                "9110 7.8", b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "GET / @a | goes on"),
        ("without Upgrade",                   "9110 7.8", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\r\n", "GET / @a | goes on"),
        ("in HTTP/1.0",                       "9110 7.8", b"GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "GET / @a | closes"),
        ("and a close",                       "9110 7.8", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n", "GET / @a | closes"),
    ];
    wire::check(CASES);
}
