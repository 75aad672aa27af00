//! A client among servers of HTTP/2 that flood it, break off, or speak something else, over sockets: each fetch ends
//! with a typed error in its time, and no connection is left behind. What single frames may not say is in `http2/`.

#[path = "http2/frames.rs"]
mod frames;
#[path = "client_hostile/server.rs"]
mod server;
#[path = "client_hostile/sockets.rs"]
mod sockets;
#[path = "client_hostile/told.rs"]
mod told;

use std::rc::Rc;
use std::time::{Duration, Instant};

use firewhirl_event::{IoLoop, IoStream, Result, StreamError};
use firewhirl_http::Limits;
use firewhirl_http::client::{ConnectionPool, Destination, OutgoingRequest, PoolOptions, Scheme, Versions};
use frames::*;
use http::Method;
use server::Step::{Repeat, Reset, Say, Silence, Trickle};
use server::{HostileServer, Step, take_all};
use sockets::sockets_to;

/// How long a fetch may take where the server goes on for ever and where it does not, and by when the one must have
/// ended on a busy machine.
const SHORT: Duration = Duration::from_millis(500);
const LONG: Duration = Duration::from_secs(30);
const CUT_OFF_BY: Duration = Duration::from_secs(20);

/// The stream of a connection's first request.
const FIRST: u32 = 1;

fn run(test: impl Future<Output = Result>) {
    let io_loop = IoLoop::new().unwrap();
    io_loop.run_sync_timeout(Duration::from_secs(120), test).unwrap();
    io_loop.close().unwrap();
}

fn pool() -> ConnectionPool {
    ConnectionPool::new(PoolOptions::new().limits(Limits::default().max_body_size(1_000_000)))
}

async fn fetch(pool: &ConnectionPool, port: u16, time: Duration) -> String {
    let destination = Destination::new(Scheme::Http, "127.0.0.1", port).versions(Versions::Http2);
    let mut request = OutgoingRequest::new(Rc::new(destination), Method::GET, "/");
    request.request_timeout = Some(time);
    told::told(pool.send(request).await).await
}

/// Begins as a server should, and reads up to the head of the first request.
async fn greet(stream: &mut IoStream) -> Result<(), StreamError> {
    stream.read_bytes(PREFACE.len()).await?;
    stream.write([settings(&[]), frame(SETTINGS, ACK, 0, [])].concat());
    stream.flush().await?;
    loop {
        let head = stream.read_bytes(9).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        stream.read_bytes(length as usize).await?;
        if head[3] == HEADERS {
            return Ok(());
        }
    }
}

fn say(bytes: Vec<u8>) -> Step {
    Say(bytes.leak())
}

fn repeat(bytes: Vec<u8>) -> Step {
    Repeat(bytes.leak())
}

fn head() -> Step {
    say(frame(HEADERS, END_HEADERS, FIRST, [0x88]))
}

/// A field that is kept in the table for fields, and named again ten thousand times by one byte.
fn bomb() -> Vec<u8> {
    let mut block = vec![0x88, 0x40, 1, b'x', 0x7F, 0xA1, 0x16];
    block.extend([b'a'; 127 + 0xA1 - 0x80 + 0x16 * 128]);
    block.extend([0xBE; 10_000]);
    block
}

#[test]
fn floods_and_broken_promises_end_in_time() {
    type Case = (&'static str, Vec<Step>);
    #[rustfmt::skip]
    let cases: Vec<Case> = vec![
        ("nothing",                      vec![]),
        ("reset",                        vec![Reset]),
        ("silence",                      vec![Silence]),
        ("silence after the head",       vec![head(), Silence]),
        ("closed after the head",        vec![head()]),
        ("reset after the head",         vec![head(), Reset]),
        ("half a frame",                 vec![Say(b"\0\0\x05\x01"), Silence]),
        ("a byte at a time",             vec![head(), Trickle]),
        ("HTTP/1.1",                     vec![Say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), Silence]),
        ("garbage without end",          vec![Repeat(b"garbage")]),
        ("a head without end",           vec![say(frame(HEADERS, 0, FIRST, [0x88])), repeat(frame(CONTINUATION, 0, FIRST, field("x", "yyyyyyyyyyyyyyyy")))]),
        ("a head of nothing without end", vec![say(frame(HEADERS, 0, FIRST, [0x88])), repeat(frame(CONTINUATION, 0, FIRST, []))]),
        ("a bomb in a head",             vec![say(frame(HEADERS, END_HEADERS, FIRST, bomb())), Silence]),
        ("trailers without end",         vec![head(), say(frame(HEADERS, END_STREAM, FIRST, [])), repeat(frame(CONTINUATION, 0, FIRST, field("x", "y")))]),
        ("a body without end",           vec![head(), repeat(frame(DATA, 0, FIRST, [b'x'; 16_000]))]),
        ("a body of nothing without end", vec![head(), repeat(frame(DATA, 0, FIRST, []))]),
        ("padding without end",          vec![head(), repeat(frame(DATA, PADDED, FIRST, [&[255][..], &[0; 255]].concat()))]),
        ("pings without end",            vec![repeat(frame(PING, 0, 0, [0; 8]))]),
        ("settings without end",         vec![repeat(settings(&[]))]),
        ("resets without end",           vec![repeat(reset(FIRST + 1000, CANCEL))]),
        ("priorities without end",       vec![repeat(frame(PRIORITY, 0, FIRST, [0; 5]))]),
        ("frames of no kind without end", vec![repeat(frame(0x42, 0, FIRST, b"what"))]),
        ("goodbyes without end",         vec![repeat(frame(GOAWAY, 0, 0, [0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]))]),
        ("early hints without end",      vec![repeat(frame(HEADERS, END_HEADERS, FIRST, field(":status", "103")))]),
        ("pushes without end",           vec![repeat(frame(PUSH_PROMISE, END_HEADERS, FIRST, [&[0, 0, 0, 2][..], &request("GET", "/")].concat()))]),
    ];
    run(async move {
        let mut wrong = Vec::new();
        for (what, script) in cases {
            let script: Rc<[Step]> = script.into();
            let server = HostileServer::serve(move |mut stream| {
                let script = script.clone();
                async move {
                    greet(&mut stream).await?;
                    take_all(&script, &mut stream).await
                }
            });
            let pool = pool();
            let began = Instant::now();
            let found = fetch(&pool, server.port, SHORT).await;
            let took = began.elapsed();
            if found.starts_with("200") || took > CUT_OFF_BY {
                wrong.push(format!("{what}: {found} after {took:?}"));
            }
            pool.close();
            if sockets_to(server.port, 0).await > 0 {
                wrong.push(format!("{what}: a connection is left after {found}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    });
}

#[test]
fn a_response_that_is_cut_short_is_never_taken_for_whole() {
    let whole = [
        frame(HEADERS, END_HEADERS, FIRST, [&[0x88][..], &field("x", "y")].concat()),
        frame(DATA, 0, FIRST, b"Hello, "),
        frame(PING, 0, 0, [0; 8]),
        frame(DATA, 0, FIRST, b"world"),
        frame(HEADERS, END_HEADERS | END_STREAM, FIRST, field("x-last", "y")),
    ]
    .concat();
    run(async move {
        for length in 0..=whole.len() {
            let beginning = [say(whole[..length].to_vec())];
            let server = HostileServer::serve(move |mut stream| async move {
                greet(&mut stream).await?;
                take_all(&beginning, &mut stream).await?;
                // Says that it ends, so that nothing that was sent can be lost with the connection.
                stream.close_write().await?;
                take_all(&[Silence], &mut stream).await
            });
            let pool = pool();
            let found = fetch(&pool, server.port, LONG).await;
            assert_eq!(found.starts_with("200"), length == whole.len(), "its first {length} bytes: {found}");
            pool.close();
            assert_eq!(sockets_to(server.port, 0).await, 0, "its first {length} bytes");
        }
        Ok(())
    });
}
