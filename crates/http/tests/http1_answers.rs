//! What a server's codec writes in answer to a request, to the byte.

use firewhirl_http::http1::{RequestHead, ServerCodec};
use firewhirl_http::{Headers, Limits, OutputError};
use http::StatusCode;

/// The codec after `request`, of which all must have been read.
fn asked(request: &str) -> ServerCodec {
    let mut codec = ServerCodec::new(Limits::default());
    let mut head = RequestHead::new();
    let consumed = codec.read_head(request.as_bytes(), &mut head).unwrap().unwrap();
    if !codec.request_body_done() && consumed < request.len() {
        assert!(codec.read_body(&request.as_bytes()[consumed..]).unwrap().done);
    }
    codec
}

fn headers(lines: &str) -> Headers {
    let mut headers = Headers::new();
    for line in lines.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        headers.add(name, value).unwrap();
    }
    headers
}

/// What is written for a head and the parts of a body, and whether the connection goes on.
fn answer(request: &str, status: u16, lines: &str, parts: &[&str]) -> Result<(String, bool), OutputError> {
    let (mut codec, mut out) = (asked(request), Vec::new());
    codec.write_head(&mut out, StatusCode::from_u16(status).unwrap(), None, &headers(lines))?;
    parts.iter().try_for_each(|part| codec.write_body(&mut out, part.as_bytes()))?;
    codec.write_end(&mut out, None)?;
    Ok((String::from_utf8(out).unwrap(), codec.next_request()))
}

/// What is written at once, if it can be.
fn whole_answer(request: &str, status: u16, lines: &str, body: &str) -> Option<(String, bool)> {
    let (mut codec, mut out) = (asked(request), Vec::new());
    let status = StatusCode::from_u16(status).unwrap();
    let whole = codec.write_whole(&mut out, status, None, &headers(lines), body.as_bytes()).unwrap();
    assert_eq!(whole, !out.is_empty(), "nothing is written, or all");
    whole.then(|| (String::from_utf8(out).unwrap(), codec.next_request()))
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const HEAD: &str = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
const CLOSE: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const OLD: &str = "GET / HTTP/1.0\r\n\r\n";
const OLD_ALIVE: &str = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
const CONNECT: &str = "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n";

#[test]
fn an_answer_is_framed_for_its_client() {
    /// Request, status, fields, body, and what is written; whether the connection goes on.
    type Case = (&'static str, u16, &'static str, &'static [&'static str], &'static str, bool);

    #[rustfmt::skip]
    const CASES: &[Case] = &[
        (GET,       200, "Content-Length: 3", &["ab", "c"], "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", true),
        (GET,       200, "",                  &["ab", "c"], "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", true),
        (GET,       200, "",                  &[],          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true),
        (GET,       200, "Content-Length: 0", &[],          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true),
        (CLOSE,     200, "Content-Length: 1", &["a"],       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na", false),
        (CLOSE,     200, "Content-Length: 1\nConnection: close", &["a"], "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na", false),
        (GET,       200, "Content-Length: 1\nConnection: close", &["a"], "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na", false),
        (GET,       200, "Content-Length: 1\nConnection: x, Close", &["a"], "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: x, Close\r\n\r\na", false),
        (OLD,       200, "Content-Length: 1", &["a"],       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", false),
        (OLD,       200, "",                  &["a", "b"],  "HTTP/1.1 200 OK\r\n\r\nab", false),
        (OLD_ALIVE, 200, "Content-Length: 1", &["a"],       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\na", true),
        (OLD_ALIVE, 200, "",                  &["a"],       "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\na", false),
        (HEAD,      200, "Content-Length: 3", &["abc"],     "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true),
        (HEAD,      200, "Content-Length: 3", &[],          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true),
        (HEAD,      200, "",                  &["abc"],     "HTTP/1.1 200 OK\r\n\r\n", true),
        (GET,       204, "",                  &[],          "HTTP/1.1 204 No Content\r\n\r\n", true),
        (GET,       204, "Content-Length: 0\nX: y", &[],    "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", true),
        (GET,       205, "",                  &[],          "HTTP/1.1 205 Reset Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true),
        (GET,       205, "Content-Length: 0", &[],          "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", true),
        (GET,       304, "Etag: \"a\"",       &[],          "HTTP/1.1 304 Not Modified\r\nEtag: \"a\"\r\n\r\n", true),
        (GET,       304, "Content-Length: 3", &[],          "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", true),
        (GET,       200, "Transfer-Encoding: chunked", &["1\r\na\r\n0\r\n\r\n"], "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", true),
        (CONNECT,   200, "Content-Length: 3", &["tunnel"],  "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ntunnel", false),
        (CONNECT,   405, "Content-Length: 1", &["a"],       "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 1\r\n\r\na", true),
    ];
    let mut wholes = 0;
    for &(request, status, lines, parts, expected, goes_on) in CASES {
        let found = answer(request, status, lines, parts);
        assert_eq!(found, Ok((expected.to_owned(), goes_on)), "{status} with {lines:?} to {request:?}");
        if let Some(whole) = whole_answer(request, status, lines, &parts.concat()) {
            wholes += 1;
            assert_eq!(whole, (expected.to_owned(), goes_on), "{request:?} {status} {lines:?}, at once");
        }
    }
    assert_eq!(wholes, 2, "answers that take one step");
}

#[test]
fn what_contradicts_itself_is_not_sent() {
    #[rustfmt::skip]
    let cases: &[(u16, &str, &[&str], OutputError)] = &[
        (200, "Content-Length: 3",                             &["abcd"], OutputError::MoreThanLength),
        (200, "Content-Length: 3",                             &["ab"],   OutputError::LessThanLength { missing: 1 }),
        (200, "Content-Length: 0",                             &["a"],    OutputError::MoreThanLength),
        (200, "Content-Length: x",                             &[],       OutputError::ContentLength),
        (200, "Content-Length: 3, 3",                          &[],       OutputError::ContentLength),
        (200, "Content-Length: 3\nTransfer-Encoding: chunked", &[],       OutputError::BothLengths),
        (204, "",                                              &["a"],    OutputError::BodyNotAllowed { status: StatusCode::NO_CONTENT }),
        (205, "Content-Length: 0",                             &["a"],    OutputError::BodyNotAllowed { status: StatusCode::RESET_CONTENT }),
        (304, "",                                              &["a"],    OutputError::BodyNotAllowed { status: StatusCode::NOT_MODIFIED }),
        (101, "Upgrade: x",                                    &[],       OutputError::UnaskedSwitch),
    ];
    for &(status, lines, parts, expected) in cases {
        assert_eq!(answer(GET, status, lines, parts), Err(expected), "{status} with {lines:?}");
    }
}

#[test]
fn a_promise_that_was_not_kept_ends_the_connection() {
    let (mut codec, mut out) = (asked(GET), Vec::new());
    codec.write_head(&mut out, StatusCode::OK, None, &headers("Content-Length: 3")).unwrap();
    codec.write_body(&mut out, b"ab").unwrap();
    assert_eq!(codec.write_end(&mut out, None), Err(OutputError::LessThanLength { missing: 1 }));
    assert!(!codec.keep_alive());
    assert!(!codec.next_request());
}

#[test]
fn an_answer_has_its_parts_in_order() {
    let (mut codec, mut out) = (asked(GET), Vec::new());
    assert_eq!(codec.write_body(&mut out, b"a"), Err(OutputError::NoHead));
    assert_eq!(codec.write_end(&mut out, None), Err(OutputError::NoHead));
    codec.write_head(&mut out, StatusCode::OK, None, &Headers::new()).unwrap();
    assert_eq!(codec.write_head(&mut out, StatusCode::OK, None, &Headers::new()), Err(OutputError::HeadTwice));
    codec.write_end(&mut out, None).unwrap();
    assert_eq!(codec.write_body(&mut out, b"a"), Err(OutputError::AfterEnd));
    assert_eq!(codec.write_end(&mut out, None), Err(OutputError::AfterEnd));
    let mut codec = ServerCodec::new(Limits::default());
    assert_eq!(codec.write_head(&mut out, StatusCode::OK, None, &Headers::new()), Err(OutputError::NoHead));
}

#[test]
fn a_large_part_goes_between_prefix_and_suffix() {
    let (mut codec, mut out) = (asked(GET), Vec::new());
    codec.write_head(&mut out, StatusCode::OK, None, &Headers::new()).unwrap();
    out.clear();
    assert_eq!(codec.write_chunk_prefix(&mut out, 70_000), Ok(true));
    out.extend_from_slice(b"...");
    codec.write_chunk_suffix(&mut out);
    assert_eq!(codec.write_chunk_prefix(&mut out, 0), Ok(false));
    codec.write_end(&mut out, Some(b"Checksum: 1\r\n")).unwrap();
    assert_eq!(out, b"11170\r\n...\r\n0\r\nChecksum: 1\r\n\r\n");

    let (mut codec, mut out) = (asked(HEAD), Vec::new());
    codec.write_head(&mut out, StatusCode::OK, None, &Headers::new()).unwrap();
    assert_eq!(codec.write_chunk_prefix(&mut out, 70_000), Ok(false));
}

#[test]
fn an_informational_answer_comes_before_the_final_one_and_not_to_old_clients() {
    for (request, expected) in [
        (GET, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
        (OLD, "HTTP/1.1 204 No Content\r\n\r\n"),
    ] {
        let (mut codec, mut out) = (asked(request), Vec::new());
        codec.write_head(&mut out, StatusCode::EARLY_HINTS, None, &headers("Link: a")).unwrap();
        codec.write_head(&mut out, StatusCode::NO_CONTENT, None, &Headers::new()).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}

#[test]
fn another_protocol_is_switched_to_only_once_it_was_asked_for() {
    let ask = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n";
    let (mut codec, mut out) = (asked(ask), Vec::new());
    let fields = headers("Upgrade: other\nConnection: Upgrade");
    codec.write_head(&mut out, StatusCode::SWITCHING_PROTOCOLS, None, &fields).unwrap();
    assert_eq!(out, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n");
    assert_eq!(codec.write_end(&mut out, None), Ok(()));
    assert!(!codec.keep_alive());

    // Without `Connection`, in HTTP/1.0, and before the request's end there is no switch.
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: other\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\nContent-Length: 1\r\n\r\n",
    ] {
        let written = asked(request).write_head(&mut out, StatusCode::SWITCHING_PROTOCOLS, None, &fields);
        assert_eq!(written, Err(OutputError::UnaskedSwitch), "{request}");
    }
}

#[test]
fn continue_is_sent_to_those_who_wait_for_it() {
    const EXPECT: &str = "Host: a\r\nExpect: 100-continue\r\n";
    for (start, fields, wanted) in [
        ("POST / HTTP/1.1\r\n", "Content-Length: 3\r\n\r\n", true),
        ("POST / HTTP/1.1\r\n", "Transfer-Encoding: chunked\r\n\r\n", true),
        ("POST / HTTP/1.1\r\n", "Content-Length: 3\r\n\r\nabc", false),
        ("POST / HTTP/1.1\r\n", "Content-Length: 0\r\n\r\n", false),
        ("POST / HTTP/1.1\r\n", "\r\n", false),
        ("POST / HTTP/1.1\r\n", "Content-Length: 999999999999\r\n\r\n", false),
        ("POST / HTTP/1.0\r\n", "Content-Length: 3\r\n\r\n", false),
    ] {
        let (mut codec, mut out) = (asked(&format!("{start}{EXPECT}{fields}")), Vec::new());
        assert_eq!(codec.wants_continue(), wanted, "{start}{fields}");
        codec.write_continue(&mut out);
        assert_eq!(out, if wanted { &b"HTTP/1.1 100 Continue\r\n\r\n"[..] } else { b"" }, "{start}{fields}");
        assert!(!codec.wants_continue());
    }
    // Once the answer has begun it is too late, and how much body will come is not known.
    let (mut codec, mut out) = (asked(&format!("POST / HTTP/1.1\r\n{EXPECT}Content-Length: 3\r\n\r\n")), Vec::new());
    assert_eq!(codec.request_body_left(), None);
    codec.write_head(&mut out, StatusCode::FORBIDDEN, None, &headers("Content-Length: 0")).unwrap();
    assert!(!codec.wants_continue());
}

#[test]
fn a_refusal_is_a_whole_answer_and_the_last() {
    let (mut codec, mut out) = (ServerCodec::new(Limits::default()), Vec::new());
    let error = codec.read_head(b"GET / HTTP/1.1\r\n\r\n", &mut RequestHead::new()).unwrap_err();
    let date = headers("Date: Sun, 27 Jan 2013 18:43:20 GMT");
    assert!(codec.write_error(&mut out, error.status(), &date));
    let expected = "HTTP/1.1 400 Bad Request\r\nDate: Sun, 27 Jan 2013 18:43:20 GMT\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    assert!(!codec.keep_alive());

    // Behind an answer that has begun, it would be taken for a part of that.
    let (mut codec, mut out) = (asked(GET), Vec::new());
    codec.write_head(&mut out, StatusCode::OK, None, &Headers::new()).unwrap();
    let before = out.len();
    assert!(!codec.write_error(&mut out, StatusCode::BAD_REQUEST, &date));
    assert_eq!(out.len(), before);
}

#[test]
fn a_handler_may_allow_itself_a_larger_body() {
    let mut codec = ServerCodec::new(Limits::default().max_body_size(2));
    let input = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    let consumed = codec.read_head(input, &mut RequestHead::new()).unwrap().unwrap();
    assert_eq!(codec.max_body_size(), 2);
    codec.set_max_body_size(3);
    assert!(codec.read_body(&input[consumed..]).unwrap().done);
}

#[test]
fn the_reason_may_be_ones_own() {
    let (mut codec, mut out) = (asked(GET), Vec::new());
    let broken = codec.write_head(&mut out, StatusCode::OK, Some("a\r\nb"), &Headers::new());
    assert_eq!((broken, out.len()), (Err(OutputError::StartLine), 0));
    codec.write_head(&mut out, StatusCode::OK, Some("Fine"), &headers("Content-Length: 0")).unwrap();
    assert_eq!(out, b"HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n");
}

#[test]
fn an_idle_connection_holds_little() {
    // A service of 10,000 idle connections holds a codec for each, and no head.
    assert!(size_of::<ServerCodec>() <= 160, "{} bytes", size_of::<ServerCodec>());
}
