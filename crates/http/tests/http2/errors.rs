//! What the server does about each rule that a client may break, section by section, after the list of
//! h2spec: whether the stream ends for it or the connection, and with which error code.

use std::time::Duration;

use firewhirl_event::coroutine::with_timeout;
use firewhirl_http::ServerOptions;

use crate::frames::*;
use crate::support::{run, service};

/// What is to come of the bytes.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// The connection ends, with this code.
    Goaway(u32),
    /// The RFC has this code for it; `h2` ends the connection with PROTOCOL_ERROR.
    Strict(u32),
    /// The stream ends, with this code, and the connection goes on.
    Reset(u32, u32),
    /// The stream is answered with this status, and the connection goes on.
    Status(u32, u16),
    /// Nothing comes of it, and the connection goes on.
    Nothing,
    /// The connection ends without a word.
    Closed,
}

use Outcome::{Closed, Goaway, Nothing, Reset, Status, Strict};

/// Sends `bytes` after the greeting, or as it; gives what came of it, if that is not what is expected.
fn outcome(greets: bool, bytes: Vec<u8>, expected: Outcome) -> Option<String> {
    let mut found = None;
    run(async {
        let options = ServerOptions::new();
        let mut client = match greets {
            true => RawClient::hello(service, options).await?,
            false => RawClient::to(service, options),
        };
        client.send(bytes);
        let (mut frames, mut alive) = (Vec::new(), false);
        let is_there = |frame: &Frame| match expected {
            Reset(..) => matches!(frame.kind, RST_STREAM | GOAWAY),
            Status(..) => matches!(frame.kind, HEADERS | RST_STREAM | GOAWAY),
            Goaway(_) | Strict(_) | Closed | Nothing => false,
        };
        if let Nothing = expected {
            client.send(frame(PING, 0, 0, b"are you "));
        }
        while let Ok(Ok(Some(frame))) = with_timeout(Duration::from_secs(5), client.next()).await {
            if frame.kind == PING && frame.flags & ACK != 0 {
                alive = true;
                break;
            }
            if is_there(&frame) {
                client.send(self::frame(PING, 0, 0, b"are you "));
            }
            frames.push(frame);
        }
        let goaway = frames.iter().find(|frame| frame.kind == GOAWAY).map(Frame::code);
        let is_reset = |stream, code| {
            move |frame: &Frame| (frame.kind, frame.stream) == (RST_STREAM, stream) && frame.code() == code
        };
        let as_expected = match expected {
            Goaway(code) => goaway == Some(code) && !alive,
            Strict(code) => code != PROTOCOL_ERROR && goaway == Some(PROTOCOL_ERROR) && !alive,
            Reset(stream, code) => alive && frames.iter().any(is_reset(stream, code)),
            Status(stream, status) => {
                alive && frames.iter().any(|frame| frame.stream == stream && frame.is_status(status))
            }
            Nothing => alive && !frames.iter().any(|frame| matches!(frame.kind, RST_STREAM | GOAWAY)),
            Closed => !alive && frames.iter().all(|frame| frame.kind == SETTINGS),
        };
        found = (!as_expected).then(|| format!("expected {expected:?}, alive: {alive}, {frames:?}"));
        Ok(())
    });
    found
}

/// What is sent, as a function so that a table can hold it.
type Bytes = fn() -> Vec<u8>;

fn check_all(cases: &[(&str, Bytes, Outcome)]) {
    let wrong = |(what, bytes, expected): &(&str, Bytes, Outcome)| {
        outcome(true, bytes(), *expected).map(|found| format!("{what}: {found}\n"))
    };
    let wrong: Vec<_> = cases.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

/// A GET of `/` on stream 1 with further field lines in its head.
fn get_with(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = request("GET", "/");
    block.extend(fields.iter().flat_map(|(name, value)| field(name, value)));
    frame(HEADERS, END_HEADERS | END_STREAM, 1, block)
}

/// A head on stream 1 of these field lines alone.
fn head(fields: &[(&str, &str)]) -> Vec<u8> {
    let block: Vec<u8> = fields.iter().flat_map(|(name, value)| field(name, value)).collect();
    frame(HEADERS, END_HEADERS | END_STREAM, 1, block)
}

/// A POST whose head says how long its body is, and a body in one frame.
fn post_of_length(length: &str, body: &[u8]) -> Vec<u8> {
    let block = [request("POST", "/echo"), field("content-length", length)].concat();
    [frame(HEADERS, END_HEADERS, 1, block), frame(DATA, END_STREAM, 1, body)].concat()
}

#[test]
fn a_connection_begins_with_the_preface_and_settings() {
    #[rustfmt::skip]
    let cases: &[(&str, Bytes, Outcome)] = &[
        ("3.4: a preface that breaks off into something else", || b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX".to_vec(), Closed),
        ("3.4: a first frame that is no SETTINGS, which `h2` lets pass",             || [PREFACE, &frame(PING, 0, 0, [0; 8])].concat(), Nothing),
    ];
    for (what, bytes, expected) in cases {
        assert_eq!(outcome(false, bytes(), *expected), None, "{what}");
    }
}

#[test]
fn frames_have_their_format_and_size() {
    #[rustfmt::skip]
    check_all(&[
        ("4.1: an unknown type",                   || frame(0x16, 0, 0, [0; 8]), Nothing),
        ("4.1: an unknown type on a stream",       || [post(1, "/echo"), frame(0x16, 0, 1, [0; 8])].concat(), Nothing),
        ("4.1: undefined flags",                   || frame(PING, 0x16, 0, [0; 8]), Nothing),
        ("4.1: the reserved bit",                  || frame(PING, 0, 1 << 31, [0; 8]), Nothing),
        ("4.2: a DATA frame of the largest size",  || [post(1, "/unread"), frame(DATA, END_STREAM, 1, vec![0; 1 << 14])].concat(), Status(1, 200)),
        ("4.2: a DATA frame that is too large",    || [post(1, "/echo"), frame(DATA, END_STREAM, 1, vec![0; (1 << 14) + 1])].concat(), Goaway(FRAME_SIZE_ERROR)),
        ("4.2: a HEADERS frame that is too large", || frame(HEADERS, END_HEADERS | END_STREAM, 1, [request("GET", "/"), field("x", &"y".repeat(1 << 14))].concat()), Goaway(FRAME_SIZE_ERROR)),
        ("4.3: a block that is no HPACK",          || frame(HEADERS, END_HEADERS | END_STREAM, 1, [0x40]), Strict(COMPRESSION_ERROR)),
        ("4.3: PRIORITY within a block",           || [frame(HEADERS, END_STREAM, 1, request("GET", "/")), frame(PRIORITY, 0, 1, [0, 0, 0, 0, 16])].concat(), Goaway(PROTOCOL_ERROR)),
        ("4.3: another stream within a block",     || [frame(HEADERS, END_STREAM, 1, request("GET", "/")), frame(HEADERS, END_HEADERS | END_STREAM, 3, request("GET", "/"))].concat(), Goaway(PROTOCOL_ERROR)),
        ("4.3: an unknown frame within a block",   || [frame(HEADERS, END_STREAM, 1, request("GET", "/")), frame(0x16, 0, 1, [0])].concat(), Goaway(PROTOCOL_ERROR)),
        ("5.5: an extension's frame is ignored",   || [frame(0x42, 0xFF, 0, [1, 2]), get(1, "/")].concat(), Status(1, 200)),
    ]);
}

#[test]
fn streams_have_their_states_and_numbers() {
    #[rustfmt::skip]
    check_all(&[
        ("5.1: DATA when idle",                    || frame(DATA, END_STREAM, 1, b"x"), Goaway(PROTOCOL_ERROR)),
        ("5.1: RST_STREAM when idle",              || reset(1, CANCEL), Goaway(PROTOCOL_ERROR)),
        ("5.1: WINDOW_UPDATE when idle",           || window_update(1, 100), Goaway(PROTOCOL_ERROR)),
        ("5.1: CONTINUATION when idle",            || frame(CONTINUATION, END_HEADERS, 1, request("GET", "/")), Goaway(PROTOCOL_ERROR)),
        ("5.1: PRIORITY when idle",                || [frame(PRIORITY, 0, 1, [0, 0, 0, 0, 16]), get(1, "/")].concat(), Status(1, 200)),
        ("5.1: DATA when half-closed",             || [get(1, "/patient"), frame(DATA, END_STREAM, 1, b"x")].concat(), Strict(STREAM_CLOSED)),
        ("5.1: HEADERS when half-closed",          || [get(1, "/patient"), get(1, "/")].concat(), Strict(STREAM_CLOSED)),
        ("5.1: CONTINUATION when half-closed",     || [get(1, "/patient"), frame(CONTINUATION, END_HEADERS, 1, [])].concat(), Goaway(PROTOCOL_ERROR)),
        ("5.1: WINDOW_UPDATE when half-closed",    || [get(1, "/slow"), window_update(1, 100)].concat(), Status(1, 200)),
        ("5.1: PRIORITY when half-closed",         || [get(1, "/slow"), frame(PRIORITY, 0, 1, [0, 0, 0, 0, 16])].concat(), Status(1, 200)),
        ("5.1: RST_STREAM when half-closed",       || [get(1, "/patient"), reset(1, CANCEL)].concat(), Nothing),
        ("5.1: DATA after RST_STREAM",             || [post(1, "/echo"), reset(1, CANCEL), frame(DATA, END_STREAM, 1, b"x")].concat(), Reset(1, STREAM_CLOSED)),
        ("5.1: HEADERS after RST_STREAM",          || [post(1, "/echo"), reset(1, CANCEL), get(1, "/")].concat(), Strict(STREAM_CLOSED)),
        ("5.1: PRIORITY when closed",              || [get(1, "/"), reset(1, CANCEL), frame(PRIORITY, 0, 1, [0, 0, 0, 0, 16])].concat(), Nothing),
        ("5.1: WINDOW_UPDATE when closed",         || [get(1, "/"), reset(1, CANCEL), window_update(1, 100)].concat(), Nothing),
        ("5.1.1: an even number",                  || get(2, "/"), Goaway(PROTOCOL_ERROR)),
        ("5.1.1: a number below an earlier one",   || [get(5, "/patient"), get(3, "/")].concat(), Goaway(PROTOCOL_ERROR)),
        ("5.1.1: numbers left out",                || get(0x7FFF_FFFF, "/"), Status(0x7FFF_FFFF, 200)),
        ("5.1.1: HEADERS on stream 0",             || frame(HEADERS, END_HEADERS | END_STREAM, 0, request("GET", "/")), Goaway(PROTOCOL_ERROR)),
    ]);
}

#[test]
fn each_kind_of_frame_has_its_rules() {
    #[rustfmt::skip]
    check_all(&[
        ("6.1: DATA on stream 0",                  || frame(DATA, END_STREAM, 0, b"x"), Goaway(PROTOCOL_ERROR)),
        ("6.1: padding as long as the payload",    || [post(1, "/echo"), frame(DATA, END_STREAM | PADDED, 1, [6, 0, 0, 0, 0, 0])].concat(), Goaway(PROTOCOL_ERROR)),
        ("6.1: DATA with padding",                 || [post(1, "/echo"), frame(DATA, END_STREAM | PADDED, 1, b"\x02abc\0\0")].concat(), Status(1, 200)),
        ("6.2: HEADERS with padding",              || frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, [&[2][..], &request("GET", "/"), &[0, 0]].concat()), Status(1, 200)),
        ("6.2: HEADERS with priority",             || frame(HEADERS, END_HEADERS | END_STREAM | PRIORITISED, 1, [&[0, 0, 0, 0, 16][..], &request("GET", "/")].concat()), Status(1, 200)),
        ("6.2: padding longer than HEADERS",       || frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, [&[200][..], &request("GET", "/")].concat()), Goaway(PROTOCOL_ERROR)),
        ("6.3: PRIORITY on stream 0",              || frame(PRIORITY, 0, 0, [0, 0, 0, 0, 16]), Goaway(PROTOCOL_ERROR)),
        ("6.4: RST_STREAM on stream 0",            || reset(0, CANCEL), Goaway(PROTOCOL_ERROR)),
        ("6.4: RST_STREAM of a wrong size",        || [get(1, "/patient"), frame(RST_STREAM, 0, 1, [0; 3])].concat(), Strict(FRAME_SIZE_ERROR)),
        ("6.5: SETTINGS on a stream",              || frame(SETTINGS, 0, 1, []), Goaway(PROTOCOL_ERROR)),
        ("6.5: an acknowledgement with a payload", || frame(SETTINGS, ACK, 0, [0; 6]), Strict(FRAME_SIZE_ERROR)),
        ("6.5: SETTINGS of a wrong size",          || frame(SETTINGS, 0, 0, [0; 3]), Strict(FRAME_SIZE_ERROR)),
        ("6.5.2: ENABLE_PUSH of 2",                || settings(&[(2, 2)]), Goaway(PROTOCOL_ERROR)),
        ("6.5.2: a window above 2^31-1",           || settings(&[(4, 1 << 31)]), Strict(FLOW_CONTROL_ERROR)),
        ("6.5.2: MAX_FRAME_SIZE below 2^14",       || settings(&[(5, (1 << 14) - 1)]), Goaway(PROTOCOL_ERROR)),
        ("6.5.2: MAX_FRAME_SIZE above 2^24-1",     || settings(&[(5, 1 << 24)]), Goaway(PROTOCOL_ERROR)),
        ("6.5.2: an unknown setting",              || settings(&[(0xFF, 1)]), Nothing),
        ("6.6: PUSH_PROMISE from a client",        || [post(1, "/echo"), frame(PUSH_PROMISE, END_HEADERS, 1, [&[0, 0, 0, 2][..], &request("GET", "/")].concat())].concat(), Goaway(PROTOCOL_ERROR)),
        ("6.7: an acknowledgement nobody asked for", || frame(PING, ACK, 0, [7; 8]), Nothing),
        ("6.7: PING on a stream",                  || frame(PING, 0, 1, [0; 8]), Goaway(PROTOCOL_ERROR)),
        ("6.7: PING of a wrong size",              || frame(PING, 0, 0, [0; 6]), Strict(FRAME_SIZE_ERROR)),
        ("6.8: GOAWAY on a stream",                || frame(GOAWAY, 0, 1, [0; 8]), Goaway(PROTOCOL_ERROR)),
        ("6.9: an increment of 0",                 || window_update(0, 0), Goaway(PROTOCOL_ERROR)),
        ("6.9: an increment of 0 on a stream",     || [get(1, "/patient"), window_update(1, 0)].concat(), Goaway(PROTOCOL_ERROR)),
        ("6.9: WINDOW_UPDATE of a wrong size",     || frame(WINDOW_UPDATE, 0, 0, [0; 3]), Strict(FRAME_SIZE_ERROR)),
        ("6.9.1: the connection's window beyond 2^31-1", || [window_update(0, 0x7FFF_FFFF), window_update(0, 0x7FFF_FFFF)].concat(), Goaway(FLOW_CONTROL_ERROR)),
        ("6.9.1: a stream's window beyond 2^31-1", || [get(1, "/patient"), window_update(1, 0x7FFF_FFFF), window_update(1, 0x7FFF_FFFF)].concat(), Reset(1, FLOW_CONTROL_ERROR)),
        ("6.9.2: a setting that takes a window beyond it", || [get(1, "/patient"), window_update(1, 0x7FFF_0000), settings(&[(4, 0x7FFF_FFFF)])].concat(), Goaway(FLOW_CONTROL_ERROR)),
        ("6.10: a block in three frames",          || [frame(HEADERS, END_STREAM, 1, request("GET", "/")), frame(CONTINUATION, 0, 1, field("a", "b")), frame(CONTINUATION, END_HEADERS, 1, field("c", "d"))].concat(), Status(1, 200)),
        ("6.10: CONTINUATION after the end of a block", || [get(1, "/patient"), frame(CONTINUATION, END_HEADERS, 1, field("a", "b"))].concat(), Goaway(PROTOCOL_ERROR)),
        ("6.10: CONTINUATION on stream 0",         || [frame(HEADERS, END_STREAM, 1, request("GET", "/")), frame(CONTINUATION, END_HEADERS, 0, field("a", "b"))].concat(), Goaway(PROTOCOL_ERROR)),
        ("6.10: CONTINUATION of another stream",   || [frame(HEADERS, END_STREAM, 1, request("GET", "/")), frame(CONTINUATION, END_HEADERS, 3, field("a", "b"))].concat(), Goaway(PROTOCOL_ERROR)),
        ("6.10: CONTINUATION after DATA",          || [post(1, "/echo"), frame(DATA, 0, 1, b"x"), frame(CONTINUATION, END_HEADERS, 1, field("a", "b"))].concat(), Goaway(PROTOCOL_ERROR)),
        ("7: an unknown error code",               || [get(1, "/patient"), reset(1, 0xFF)].concat(), Nothing),
    ]);
}

/// What cannot be a field at all, by the name or by the value, ends the connection: `h2` takes it for a
/// broken header block. What is only no field of a request ends the stream.
#[test]
fn requests_have_the_form_of_http() {
    #[rustfmt::skip]
    check_all(&[
        ("8.1: a second head without the end",     || [post(1, "/echo"), frame(HEADERS, END_HEADERS, 1, field("a", "b"))].concat(), Reset(1, PROTOCOL_ERROR)),
        ("8.1: trailers",                          || [post(1, "/echo"), frame(HEADERS, END_HEADERS | END_STREAM, 1, field("a", "b"))].concat(), Status(1, 200)),
        ("8.1: trailers with a pseudo field, which `h2` drops",      || [post(1, "/echo"), frame(HEADERS, END_HEADERS | END_STREAM, 1, field(":method", "GET"))].concat(), Status(1, 200)),
        ("8.1.1: a length that is exceeded",       || post_of_length("1", b"abcd"), Reset(1, PROTOCOL_ERROR)),
        ("8.1.1: a length that is not reached",    || post_of_length("10", b"abcd"), Reset(1, PROTOCOL_ERROR)),
        ("8.1.1: a length that is kept",           || post_of_length("4", b"abcd"), Status(1, 200)),
        ("8.1.1: a length that is no number",      || post_of_length("+4", b"abcd"), Reset(1, PROTOCOL_ERROR)),
        ("8.1.1: a length without a body",         || get_with(&[("content-length", "1")]), Reset(1, PROTOCOL_ERROR)),
        ("8.2.1: a name in capitals",              || get_with(&[("X-TEST", "a")]), Goaway(PROTOCOL_ERROR)),
        ("8.2.1: a name with a space",             || get_with(&[("x test", "a")]), Goaway(PROTOCOL_ERROR)),
        ("8.2.1: a name with a colon",             || get_with(&[("x:test", "a")]), Goaway(PROTOCOL_ERROR)),
        ("8.2.1: an empty name",                   || get_with(&[("", "a")]), Goaway(PROTOCOL_ERROR)),
        ("8.2.1: a value with a line feed",        || get_with(&[("x", "a\nb")]), Goaway(PROTOCOL_ERROR)),
        ("8.2.1: a value with a carriage return",  || get_with(&[("x", "a\rb")]), Goaway(PROTOCOL_ERROR)),
        ("8.2.1: a value with a NUL",              || get_with(&[("x", "a\0b")]), Goaway(PROTOCOL_ERROR)),
        ("8.2.1: a value with a space before it",  || get_with(&[("x", " a")]), Status(1, 400)),
        ("8.2.1: a value with a tab behind it",    || get_with(&[("x", "a\t")]), Status(1, 400)),
        ("8.2.2: Connection",                      || get_with(&[("connection", "keep-alive")]), Reset(1, PROTOCOL_ERROR)),
        ("8.2.2: Keep-Alive",                      || get_with(&[("keep-alive", "5")]), Reset(1, PROTOCOL_ERROR)),
        ("8.2.2: Proxy-Connection",                || get_with(&[("proxy-connection", "keep-alive")]), Reset(1, PROTOCOL_ERROR)),
        ("8.2.2: Transfer-Encoding",               || get_with(&[("transfer-encoding", "chunked")]), Reset(1, PROTOCOL_ERROR)),
        ("8.2.2: Upgrade",                         || get_with(&[("upgrade", "websocket")]), Reset(1, PROTOCOL_ERROR)),
        ("8.2.2: TE of trailers and deflate",      || get_with(&[("te", "trailers, deflate")]), Reset(1, PROTOCOL_ERROR)),
        ("8.2.2: TE of trailers",                  || get_with(&[("te", "trailers")]), Status(1, 200)),
        ("8.3: an unknown pseudo field",           || head(&[(":test", "ok"), (":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a")]), Goaway(PROTOCOL_ERROR)),
        ("8.3: a pseudo field of answers",         || head(&[(":status", "200"), (":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a")]), Reset(1, PROTOCOL_ERROR)),
        ("8.3: a pseudo field behind others",      || head(&[(":method", "GET"), (":scheme", "http"), (":authority", "a"), ("x", "y"), (":path", "/")]), Reset(1, PROTOCOL_ERROR)),
        ("8.3.1: an empty :path",                  || head(&[(":method", "GET"), (":scheme", "http"), (":path", ""), (":authority", "a")]), Reset(1, PROTOCOL_ERROR)),
        ("8.3.1: no :method",                      || head(&[(":scheme", "http"), (":path", "/"), (":authority", "a")]), Reset(1, PROTOCOL_ERROR)),
        ("8.3.1: no :scheme",                      || head(&[(":method", "GET"), (":path", "/"), (":authority", "a")]), Reset(1, PROTOCOL_ERROR)),
        ("8.3.1: no :path",                        || head(&[(":method", "GET"), (":scheme", "http"), (":authority", "a")]), Reset(1, PROTOCOL_ERROR)),
        ("8.3.1: :method twice",                   || [head(&[(":method", "GET"), (":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a")])].concat(), Reset(1, PROTOCOL_ERROR)),
        ("8.3.1: :scheme twice",                   || head(&[(":method", "GET"), (":scheme", "http"), (":scheme", "http"), (":path", "/"), (":authority", "a")]), Reset(1, PROTOCOL_ERROR)),
        ("8.3.1: :path twice",                     || head(&[(":method", "GET"), (":scheme", "http"), (":path", "/"), (":path", "/"), (":authority", "a")]), Reset(1, PROTOCOL_ERROR)),
        ("8.3.1: nobody is asked",                 || head(&[(":method", "GET"), (":scheme", "http"), (":path", "/")]), Status(1, 400)),
        ("8.3.1: Host alone",                      || head(&[(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "a")]), Status(1, 200)),
        ("8.3.1: :authority and another Host",     || get_with(&[("host", "b")]), Status(1, 400)),
        ("8.3.1: :authority and the same Host",    || get_with(&[("host", "A")]), Status(1, 200)),
        ("8.3.1: user information",                || head(&[(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "u:p@a")]), Status(1, 400)),
        ("8.3.1: the server as a whole",           || head(&[(":method", "OPTIONS"), (":scheme", "http"), (":path", "*"), (":authority", "a")]), Status(1, 200)),
        ("8.4: a promise, of which clients make none", || [get(1, "/patient"), frame(PUSH_PROMISE, END_HEADERS, 1, [&[0, 0, 0, 2][..], &request("GET", "/")].concat())].concat(), Goaway(PROTOCOL_ERROR)),
        ("8.5: CONNECT with a path",               || head(&[(":method", "CONNECT"), (":path", "/"), (":authority", "a:80")]), Reset(1, PROTOCOL_ERROR)),
        ("8.5: :protocol, which is not offered",   || head(&[(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/"), (":authority", "a")]), Reset(1, PROTOCOL_ERROR)),
    ]);
}

#[test]
fn header_blocks_have_the_form_of_hpack() {
    /// A block of a whole request with raw bytes behind it.
    fn block(bytes: &[u8]) -> Vec<u8> {
        frame(HEADERS, END_HEADERS | END_STREAM, 1, [&request("GET", "/"), bytes].concat())
    }
    #[rustfmt::skip]
    check_all(&[
        ("2.3.3: an index beyond the tables",      || block(&[0x80 | 70]), Strict(COMPRESSION_ERROR)),
        ("2.3.3: an index beyond them for a name", || block(&[0x40 | 63, 70, 1, b'a']), Strict(COMPRESSION_ERROR)),
        ("4.2: a table size behind a field",       || block(&[0x20]), Strict(COMPRESSION_ERROR)),
        ("5.2: padding of more than seven bits",   || block(&[0x00, 0x85, 0xF2, 0xB2, 0x4A, 0x84, 0xFF, 0x84, 0x49, 0x50, 0x9F, 0xFF]), Strict(COMPRESSION_ERROR)),
        ("5.2: padding of zeros",                  || block(&[0x00, 0x85, 0xF2, 0xB2, 0x4A, 0x87, 0xFF, 0x83, 0x49, 0x50, 0x90]), Strict(COMPRESSION_ERROR)),
        ("5.2: the end-of-string symbol",          || block(&[0x00, 0x85, 0xF2, 0xB2, 0x4A, 0x87, 0xFF, 0x85, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), Strict(COMPRESSION_ERROR)),
        ("6.1: index 0",                           || block(&[0x80]), Strict(COMPRESSION_ERROR)),
        ("6.3: a table size above the setting",    || frame(HEADERS, END_HEADERS | END_STREAM, 1, [&[0x3F, 0xE2, 0x1F][..], &request("GET", "/")].concat()), Strict(COMPRESSION_ERROR)),
        ("6.3: a table size within it",            || frame(HEADERS, END_HEADERS | END_STREAM, 1, [&[0x20][..], &request("GET", "/")].concat()), Status(1, 200)),
        ("5.1: a length that never ends",          || block(&[0x00, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]), Strict(COMPRESSION_ERROR)),
    ]);
}

#[test]
fn every_frame_may_come_byte_by_byte() {
    run(async {
        let mut client = RawClient::hello(service, ServerOptions::new()).await?;
        let block = request("POST", "/echo");
        let frames = [
            frame(HEADERS, 0, 1, &block[..7]),
            frame(CONTINUATION, END_HEADERS, 1, &block[7..]),
            frame(DATA, 0, 1, b"by"),
            frame(DATA, END_STREAM, 1, b"te"),
        ];
        for byte in frames.concat() {
            client.send([byte]);
            client.stream.flush().await?;
            firewhirl_event::coroutine::yield_now().await;
        }
        assert!(client.next_where(|frame| frame.kind == HEADERS).await?.is_status(200));
        assert_eq!(client.next_where(|frame| frame.kind == DATA).await?.payload, b"byte");
        Ok(())
    });
}

#[test]
fn a_client_of_http_1_1_is_served_on_the_same_port() {
    run(async {
        let answer = crate::support::ask("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("GET /x"), "{answer}");
        // RFC 9113, section 3.1: the token "h2c" in Upgrade "MUST NOT" be used any more; it is passed over.
        let upgrade = "GET /y HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade, HTTP2-Settings\r\n\
                       Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n";
        let answer = crate::support::ask(upgrade).await?;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("GET /y"), "{answer}");
        Ok(())
    });
}
