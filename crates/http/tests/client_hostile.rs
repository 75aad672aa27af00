//! A client among hostile and broken servers: each fetch ends, with what is right or with a typed error within
//! its time, and no connection is left behind.

#[path = "client_hostile/cases.rs"]
mod cases;
#[path = "client_hostile/fetching.rs"]
mod fetching;
#[path = "client_hostile/idle.rs"]
mod idle;
#[path = "client_hostile/server.rs"]
mod server;
#[path = "client_hostile/sockets.rs"]
mod sockets;
#[path = "client_hostile/told.rs"]
mod told;

use std::rc::Rc;
use std::time::{Duration, Instant};

use cases::CASES;
use firewhirl_event::coroutine::yield_now;
use firewhirl_event::iostream::MemoryPair;
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::Limits;
use firewhirl_http::client::{ConnectionPool, Destination, Dial, Dialing, OutgoingRequest, PoolOptions, Scheme};
use http::Method;
use server::{HostileServer, Step};
use sockets::sockets_to;
use told::told;

/// How long a fetch may take where the server is silent, and where it speaks.
const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(30);

/// By when a fetch that has timed out must have ended, on a busy machine.
const CUT_OFF_BY: Duration = Duration::from_secs(15);

/// Runs a test on a loop of its own.
fn run(test: impl Future<Output = Result>) {
    let io_loop = IoLoop::new().unwrap();
    io_loop.run_sync_timeout(Duration::from_secs(120), test).unwrap();
    io_loop.close().unwrap();
}

/// Fails with all of what was found wrong, a line each.
fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A pool that takes a body of at most a million bytes.
fn options() -> PoolOptions {
    PoolOptions::new().limits(Limits::default().max_body_size(1_000_000))
}

fn to(port: u16) -> Rc<Destination> {
    Rc::new(Destination::new(Scheme::Http, "127.0.0.1", port))
}

/// Sends one request and reads its response to the end; what that gives.
async fn fetch(pool: &ConnectionPool, destination: &Rc<Destination>, method: &str, time: Duration) -> String {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = OutgoingRequest::new(destination.clone(), method, "/");
    request.request_timeout = Some(time);
    told(pool.send(request).await).await
}

#[test]
fn each_hostile_server_is_told_apart_in_time_and_none_keeps_a_connection() {
    run(async {
        let good = HostileServer::good();
        let pool = ConnectionPool::new(options());
        let mut wrong = Vec::new();
        for &(what, method, script, expected) in CASES {
            let (expected, kept) = match expected.strip_suffix(" kept") {
                Some(expected) => (expected, 1),
                None => (expected, 0),
            };
            let server = HostileServer::start(script);
            let time = if expected == "timeout" { SHORT } else { LONG };
            let began = Instant::now();
            let found = fetch(&pool, &to(server.port), method, time).await;
            let took = began.elapsed();
            if !expected.split(" or ").any(|expected| found == expected) {
                wrong.push(format!("{what}: {found}, not {expected}"));
            }
            if took > CUT_OFF_BY || expected == "timeout" && took < SHORT {
                wrong.push(format!("{what}: took {took:?}"));
            }
            if server.accepted() != 1 {
                wrong.push(format!("{what}: sent {} times, on new connections", server.accepted()));
            }
            let open = sockets_to(server.port, kept).await;
            if open != kept {
                wrong.push(format!("{what}: {open} connections are kept, not {kept}"));
            }

            assert_eq!(fetch(&pool, &to(good.port), "GET", LONG).await, "200 \"good\"", "after {what}");
        }
        none(wrong);
        Ok(())
    });
}

#[test]
fn every_response_is_read_the_same_however_its_bytes_arrive() {
    run(async {
        let mut wrong = Vec::new();
        for &(what, method, script, expected) in CASES {
            let Some((input, stays)) = spoken(script) else { continue };
            if input.len() > 1000 || expected == "timeout" {
                continue;
            }
            let expected = expected.strip_suffix(" kept").unwrap_or(expected);
            let cuts = (0..=input.len()).map(|at| vec![at]).chain([(0..input.len()).collect()]);
            for cuts in cuts {
                let answer = Answer { pieces: cut(&input, &cuts), stays };
                let pool = ConnectionPool::new(options().dial(answer));
                let found = fetch(&pool, &to(80), method, LONG).await;
                if !expected.split(" or ").any(|expected| found == expected) {
                    wrong.push(format!("{what}, cut at {cuts:?}: {found}, not {expected}"));
                    break;
                }
            }
        }
        none(wrong);
        Ok(())
    });
}

#[test]
fn a_response_that_is_cut_short_is_never_taken_for_whole() {
    #[rustfmt::skip]
    const WHOLE: &[(&str, &[u8])] = &[
        ("a length", b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 12\r\nX-Last: y\r\n\r\nHello, world"),
        ("chunks",   b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nHello\r\n7\r\n, world\r\n0\r\nX-Last: y\r\n\r\n"),
        ("a 1xx",    b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nHello, world"),
    ];
    run(async {
        for &(what, whole) in WHOLE {
            for length in 0..=whole.len() {
                let answer = Answer { pieces: vec![whole[..length].to_vec()], stays: false };
                let pool = ConnectionPool::new(options().dial(answer));
                let found = fetch(&pool, &to(80), "GET", LONG).await;
                let expected = match length {
                    _ if length < whole.len() => "closed",
                    _ => "200 \"Hello, world\"",
                };
                assert_eq!(found, expected, "{what}, its first {length} bytes");
            }
        }
        Ok(())
    });
}

/// What a script says in all, and whether it then stays; `None` of a script that does something else.
fn spoken(script: &[Step]) -> Option<(Vec<u8>, bool)> {
    let (stays, said) = match script {
        [said @ .., Step::Silence] => (true, said),
        said => (false, said),
    };
    let bytes = said.iter().map(|step| match step {
        Step::Say(bytes) | Step::Drip(bytes) => Some(*bytes),
        _ => None,
    });
    Some((bytes.collect::<Option<Vec<_>>>()?.concat(), stays))
}

fn cut(input: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let ends = cuts.iter().copied().chain([input.len()]);
    let begins = [0].into_iter().chain(cuts.iter().copied());
    begins.zip(ends).map(|(begin, end)| input[begin..end].to_vec()).collect()
}

/// A network in memory on which every request has the same answer, which arrives in pieces.
struct Answer {
    pieces: Vec<Vec<u8>>,
    stays: bool,
}

impl Dial for Answer {
    fn dial<'a>(&'a self, _destination: &'a Destination) -> Dialing<'a> {
        Box::pin(async {
            let (near, far) = MemoryPair::new().streams();
            let (pieces, stays) = (self.pieces.clone(), self.stays);
            // An error where the client has had enough.
            let _detached = IoLoop::current().spawn(answer(far, pieces, stays));
            Ok(near)
        })
    }
}

async fn answer(mut stream: IoStream, pieces: Vec<Vec<u8>>, stays: bool) -> Result {
    stream.read_until(b"\r\n\r\n").await?;
    for piece in pieces {
        stream.write(piece);
        stream.flush().await?;
        // By its second turn the client has read what is there.
        yield_now().await;
        yield_now().await;
    }
    if stays {
        stream.wait_closed().await;
    }
    Ok(())
}
