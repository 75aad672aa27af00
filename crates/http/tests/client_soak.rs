//! Very many fetches from a server that misbehaves by the number of the request: each ends as it has to, and nothing
//! is left behind.
//!
//! `FIREWHIRL_FETCHES=N` says how many.

#[path = "client_hostile/server.rs"]
mod server;
#[path = "client_hostile/sockets.rs"]
mod sockets;

use std::cell::{Cell, RefCell};
use std::fs;
use std::time::Duration;

use firewhirl_event::coroutine::{multi, sleep, yield_now};
use firewhirl_event::{IoLoop, IoStream, Result, StreamError};
use firewhirl_http::client::{AsyncHttpClient, ClientOptions, HttpClientError};
use firewhirl_http::content_coding::{ContentCoding, Encoder, Flush};
use firewhirl_http::{HttpRequest, HttpResponse};
use server::HostileServer;
use sockets::sockets_to;

/// Fetches that are under way at once.
const WORKERS: usize = 50;

/// Fetches between two looks at the memory, and how much of it they may leave behind in all.
const WARM_UP: u64 = 50_000;
const GROWTH_MAX_KIB: u64 = 16 * 1024;

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Length,
    Chunks,
    UntilClose,
    Gzip,
    /// Sound, and then the connection is closed without a word about it.
    ClosedAfter,
    /// Sound, and more bytes follow at once.
    Trailing,
    /// Over several writes.
    Slowly,
    Redirect,
    /// From here on no sound answer comes.
    Nothing,
    Garbage,
    CutHead,
    CutLength,
    CutChunks,
    CutGzip,
    Reset,
    BothLengths,
    TooLarge,
    TooManyHints,
    Silence,
    SilenceInBody,
    RedirectAway,
}

use Manner::*;

const SOUND: [Manner; 8] = [Length, Chunks, UntilClose, Gzip, ClosedAfter, Trailing, Slowly, Redirect];

#[rustfmt::skip]
const FOUL: [Manner; 13] = [
    Nothing, Garbage, CutHead, CutLength, CutChunks, CutGzip, Reset, BothLengths, TooLarge, TooManyHints, Silence,
    SilenceInBody, RedirectAway,
];

impl Manner {
    /// That of the request of this number: three of four are sound, and one in a hundred is silent.
    fn of(number: u64) -> Self {
        let mixed = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        if !mixed.is_multiple_of(4) {
            return SOUND[(mixed / 4 % SOUND.len() as u64) as usize];
        }
        let foul = FOUL[(mixed / 4 % FOUL.len() as u64) as usize];
        let is_rare = matches!(foul, Silence | SilenceInBody);
        if is_rare && !(mixed / 64).is_multiple_of(4) { Garbage } else { foul }
    }

    fn is_sound(self) -> bool {
        SOUND.contains(&self)
    }

    /// Whether no more comes until the client leaves.
    fn is_silent(self) -> bool {
        matches!(self, Silence | SilenceInBody)
    }

    /// Whether the connection ends with the answer.
    fn closes(self) -> bool {
        !matches!(self, Length | Chunks | Gzip | Slowly | Redirect)
    }

    /// The bytes of the answer.
    fn answer(self, number: u64) -> Vec<u8> {
        let body = body(number);
        let length = body.len();
        let gzip = || {
            let mut coded = Vec::new();
            let mut encoder = Encoder::new(ContentCoding::Gzip, 1, None).unwrap();
            encoder.encode(body.as_bytes(), Flush::Finish, &mut coded).unwrap();
            coded
        };
        let coded = |coded: &[u8], length: usize| {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
            [head.as_bytes(), coded].concat()
        };
        let half = &body[..length / 2];
        let text = match self {
            Gzip => return coded(&gzip(), gzip().len()),
            CutGzip => return coded(&gzip()[..8], 8),
            Length | ClosedAfter | Slowly => format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"),
            Trailing => format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}HTTP/1.1 200 OK\r\n\r\nevil"),
            Chunks => format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"),
            UntilClose => format!("HTTP/1.1 200 OK\r\n\r\n{body}"),
            Redirect => format!("HTTP/1.1 302 Found\r\nLocation: /then/{number}\r\nContent-Length: 5\r\n\r\nmoved"),
            RedirectAway => {
                "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n".to_owned()
            }
            Nothing | Reset | Silence => String::new(),
            Garbage => "SSH-2.0-OpenSSH\r\n".to_owned(),
            CutHead => "HTTP/1.1 200 OK\r\nContent-Le".to_owned(),
            CutLength | SilenceInBody => format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{half}"),
            CutChunks => format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{half}"),
            BothLengths => "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc".to_owned(),
            TooLarge => "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nabc".to_owned(),
            TooManyHints => "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(50),
        };
        text.into_bytes()
    }
}

/// What a sound answer says.
fn body(number: u64) -> String {
    format!("answer {number} ").repeat(1 + number as usize % 40)
}

/// Answers one request after the other, each in its manner.
async fn misbehave(mut stream: IoStream) -> Result<(), StreamError> {
    loop {
        let head = stream.read_until(b"\r\n\r\n").await?;
        let target = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_owned();
        let number: u64 = target.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or_default();
        // What a redirect leads to is sound.
        let manner = if target.starts_with("/then/") { Length } else { Manner::of(number) };
        let answer = manner.answer(number);
        for piece in answer.chunks(if manner == Slowly { 20 } else { answer.len().max(1) }) {
            stream.write(piece);
            stream.flush().await?;
            if manner == Slowly {
                yield_now().await;
            }
        }
        if manner == Reset {
            return server::Step::Reset.take(&mut stream).await;
        }
        if manner.is_silent() {
            return server::Step::Silence.take(&mut stream).await;
        }
        if manner.closes() {
            return Ok(());
        }
    }
}

/// Says what is wrong with how a fetch has ended.
fn judge(number: u64, ended: Result<HttpResponse, HttpClientError>) -> Option<String> {
    let manner = Manner::of(number);
    match ended {
        Ok(response) if manner.is_sound() && response.text() == body(number) => None,
        Err(error) if !manner.is_sound() && error.is_timeout() == manner.is_silent() => None,
        Ok(response) => Some(format!("{number}, {manner:?}: {} {:?}", response.code(), response.text())),
        Err(error) => Some(format!("{number}, {manner:?}: {error}")),
    }
}

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn every_fetch_ends_as_it_has_to_and_nothing_is_left() {
    let count: u64 = std::env::var("FIREWHIRL_FETCHES").ok().and_then(|count| count.parse().ok()).unwrap_or(1500);
    let io_loop = IoLoop::new().unwrap();
    let test = async {
        let before = descriptors();
        let server = HostileServer::serve(misbehave);
        let client = AsyncHttpClient::with(ClientOptions::new().max_clients(WORKERS).max_body_size(1_000_000));
        let next = Cell::new(0);
        let (answered, told_apart, warm) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let wrong = RefCell::new(Vec::new());
        let work = async || {
            while next.get() < count {
                let number = next.replace(next.get() + 1);
                if number == WARM_UP {
                    warm.set(resident_kib());
                }
                let time = Duration::from_millis(if Manner::of(number).is_silent() { 60 } else { 60_000 });
                let request =
                    HttpRequest::new(format!("http://127.0.0.1:{}/{number}", server.port)).request_timeout(time);
                let ended = client.fetch(request).await;
                let counter = if ended.is_ok() { &answered } else { &told_apart };
                counter.set(counter.get() + 1);
                wrong.borrow_mut().extend(judge(number, ended));
            }
            Ok::<_, StreamError>(())
        };
        multi((0..WORKERS).map(|_| work())).await?;
        let wrong = wrong.into_inner();
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
        let growth = if warm.get() == 0 { 0 } else { resident_kib().saturating_sub(warm.get()) };
        assert!(growth < GROWTH_MAX_KIB, "{growth} KiB more than after {WARM_UP} fetches");

        client.close();
        let port = server.port;
        assert_eq!(sockets_to(port, 0).await, 0);
        drop((client, server));
        // The server's ends go with their tasks.
        for _ in 0..1000 {
            if descriptors() <= before {
                break;
            }
            sleep(Duration::from_millis(5)).await;
        }
        assert!(descriptors() <= before, "{} descriptors, {before} before", descriptors());
        println!(
            "{count} fetches from a server that misbehaves: {} answered, {} told apart, none wrong; no connection left, \
             {growth} KiB more memory",
            answered.get(),
            told_apart.get()
        );
        Ok(())
    };
    io_loop.run_sync_timeout(Duration::from_secs(3600), test).unwrap();
    io_loop.close().unwrap();
}
