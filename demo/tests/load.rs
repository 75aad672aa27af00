//! The demo under load: ten thousand open connections, and a deploy in the middle of the traffic.
//!
//! Small counts by default; `FIREWHIRL_IDLE_CONNECTIONS` and `FIREWHIRL_LOAD_SECONDS` set full ones.

#[path = "../../tests/support/mod.rs"]
mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use support::service::Service;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

fn demo() -> Service {
    Service::start(env!("CARGO_BIN_EXE_firewhirl-demo").as_ref(), &["--port=0"], &[])
}

/// Bytes of memory of its own that a process holds: without what is mapped from its file, of which the
/// system maps more whenever it likes.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

const REQUEST: &[u8] = b"GET /sum/2/40 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n";

/// What one exchange on a connection came to.
enum Exchange {
    Answered {
        goes_on: bool,
    },
    /// The connection ended before a byte of an answer came.
    Lost(std::io::Error),
}

fn exchange(stream: &mut TcpStream) -> Exchange {
    if let Err(error) = stream.write_all(REQUEST) {
        return Exchange::Lost(error);
    }
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !answer.ends_with(b"2 + 40 = 42") {
        match stream.read(&mut buffer) {
            Ok(0) => return Exchange::Lost(ErrorKind::UnexpectedEof.into()),
            Ok(length) => answer.extend_from_slice(&buffer[..length]),
            Err(error) => return Exchange::Lost(error),
        }
    }
    let goes_on = !String::from_utf8_lossy(&answer).contains("Connection: close");
    Exchange::Answered { goes_on }
}

#[test]
fn open_connections_cost_little_and_all_are_served() {
    let count = number("FIREWHIRL_IDLE_CONNECTIONS", 1000) as usize;
    // The first blocked step would be found on a machine that is busy, and its names looked up in memory.
    let demo =
        Service::start(env!("CARGO_BIN_EXE_firewhirl-demo").as_ref(), &["--port=0", "--blocking-log-threshold=0"], &[]);
    // What the first requests make once for all is no cost of a connection.
    let mut first: Vec<TcpStream> = (0..50).map(|_| demo.connect()).collect();
    for stream in &mut first {
        assert!(matches!(exchange(stream), Exchange::Answered { goes_on: true }));
    }
    let before = resident(demo.child.id());
    let mut open: Vec<TcpStream> = (0..count).map(|_| demo.connect()).collect();
    for round in 0..2 {
        for stream in &mut open {
            assert!(matches!(exchange(stream), Exchange::Answered { goes_on: true }), "round {round}");
        }
    }
    let each = resident(demo.child.id()).saturating_sub(before) / count as u64;
    println!("{count} idle connections, each served twice: {each} bytes of memory each");
    assert!(each < 4096, "{each} bytes a connection");
}

#[test]
fn a_deploy_under_load_loses_no_request() {
    let seconds = number("FIREWHIRL_LOAD_SECONDS", 1);
    for deploy in 0..seconds.min(20) {
        let mut demo = demo();
        let (answered, over) = (AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            for client in 0..16 {
                let (demo, answered, over) = (&demo, &answered, &over);
                scope.spawn(move || load(demo.port, client % 4 == 0, answered, over));
            }
            thread::sleep(Duration::from_millis(500 + 37 * deploy));
            assert!(answered.load(Relaxed) > 0);
            over.store(true, Relaxed);
            demo.terminate();
        });
        assert!(demo.child.wait().unwrap().success());
        println!("deploy {deploy}: {} requests answered, none lost", answered.load(Relaxed));
    }
}

/// Asks until the server is gone; with `reconnect` on a new connection each time.
fn load(port: u16, reconnect: bool, answered: &AtomicU64, over: &AtomicBool) {
    let until = Instant::now() + support::PATIENCE;
    while Instant::now() < until {
        // Refused: the server has closed its port, which it may once it was told to end.
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
            assert!(over.load(Relaxed), "refused before the end");
            return;
        };
        stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
        let mut exchanges = 0;
        loop {
            match exchange(&mut stream) {
                Exchange::Answered { goes_on } => {
                    answered.fetch_add(1, Relaxed);
                    exchanges += 1;
                    if !goes_on || reconnect {
                        break;
                    }
                }
                // The kernel may complete a connection between the server's last look and its closing
                // the port: that one was never accepted.
                Exchange::Lost(error) if exchanges == 0 && error.kind() == ErrorKind::ConnectionReset => {
                    assert!(over.load(Relaxed), "reset before the end");
                    return;
                }
                Exchange::Lost(error) => panic!("a request was lost after {exchanges} on its connection: {error}"),
            }
        }
    }
}
