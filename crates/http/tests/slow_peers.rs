//! Slow and silent peers, in every phase: each costs a fixed amount, and is cut off within its timeout.
//!
//! Over real sockets, with timeouts shortened to fractions of a second.

mod support;

use std::time::{Duration, Instant};

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::{HttpServer, HttpServerHandle, Statistics};
use firewhirl_tcp::{BindOptions, TcpClient};
use support::{run, service, statuses};

/// The timeouts of the servers here.
const SHORT: Duration = Duration::from_millis(120);

/// By when a connection that outstayed it must be gone: the timeout, its rounding, and a busy machine.
const CUT_OFF_BY: Duration = Duration::from_millis(1500);

/// A server with short timeouts for what is under test and long ones for the rest.
fn server(short: &[&str]) -> Result<(u16, HttpServerHandle)> {
    let time = |name: &str| if short.contains(&name) { SHORT } else { Duration::from_secs(60) };
    let server = HttpServer::new(async || Ok(service))
        .header_timeout(time("header"))
        .idle_connection_timeout(time("idle"))
        .body_timeout(time("body"))
        .write_timeout(time("write"))
        .listen_with(0, &BindOptions::default().address("127.0.0.1"))?;
    Ok((server.port().unwrap(), server.handle()))
}

async fn connect(port: u16) -> Result<IoStream> {
    Ok(TcpClient::new().connect(("127.0.0.1", port)).await?)
}

/// Reads until the server closes; what came, and how long it took.
async fn until_closed(stream: &mut IoStream) -> (String, Duration) {
    let began = Instant::now();
    let mut came = Vec::new();
    while let Ok(bytes) = stream.read_bytes(1 << 20).partial().await {
        came.extend_from_slice(&bytes);
    }
    (String::from_utf8_lossy(&came).into_owned(), began.elapsed())
}

/// Checks that a connection on which `beginning` was sent is cut off in time, with these statuses,
/// and that one counter has counted it.
fn check(short: &str, beginning: &str, expected: &[u16], counter: impl Fn(&Statistics) -> u64) {
    run(async {
        let (port, server) = server(&[short])?;
        let mut stream = connect(port).await?;
        stream.write(beginning);
        stream.flush().await?;
        let (came, took) = until_closed(&mut stream).await;
        assert_eq!(statuses(&came), expected, "{beginning:?}: {came:?}");
        assert!(took < CUT_OFF_BY && took > SHORT / 2, "{beginning:?}: {took:?}");
        assert_eq!(counter(&server.statistics()), 1, "{beginning:?}");
        Ok(())
    });
}

#[test]
fn a_silent_connection_ends_without_a_word() {
    check("header", "", &[], |counted| counted.header_timeouts);
}

#[test]
fn a_head_that_stops_is_answered_408() {
    for beginning in ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: y"] {
        check("header", beginning, &[408], |counted| counted.header_timeouts);
    }
}

#[test]
fn a_connection_that_brings_no_next_request_ends_without_a_word() {
    check("idle", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &[200], |counted| counted.idle_timeouts);
}

#[test]
fn a_second_head_that_stops_is_answered_408() {
    check("header", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /x", &[200, 408], |counted| counted.header_timeouts);
}

#[test]
fn a_body_that_stops_is_answered_408() {
    let with_length = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome";
    let chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nso";
    let unread = "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome";
    check("body", with_length, &[408], |counted| counted.body_timeouts);
    check("body", chunked, &[408], |counted| counted.body_timeouts);
    check("body", unread, &[200], |counted| counted.body_timeouts);
}

/// Sends a byte of `rest` every now and then, never pausing for as long as the timeout.
async fn dribble(port: u16, beginning: &str, rest: impl Iterator<Item = u8>) -> Result<(String, Duration)> {
    let (mut reader, writer) = {
        let mut stream = connect(port).await?;
        stream.write(beginning);
        stream.flush().await?;
        stream.split()
    };
    let bytes: Vec<u8> = rest.collect();
    let dribbling = IoLoop::current().spawn(async move {
        for byte in bytes {
            writer.write([byte]);
            if writer.flush().await.is_err() {
                break;
            }
            sleep(SHORT / 6).await;
        }
    });
    let began = Instant::now();
    let mut came = Vec::new();
    while let Ok(bytes) = reader.read_bytes(1 << 20).partial().await {
        came.extend_from_slice(&bytes);
    }
    dribbling.abort();
    Ok((String::from_utf8_lossy(&came).into_owned(), began.elapsed()))
}

#[test]
fn a_dribbled_head_and_a_dribbled_body_end_too() {
    run(async {
        let (port, server) = server(&["header", "body"])?;
        let header = "X: ".bytes().chain(std::iter::repeat_n(b'y', 1000));
        let (came, took) = dribble(port, "GET / HTTP/1.1\r\nHost: a\r\n", header).await?;
        assert_eq!((statuses(&came), server.statistics().header_timeouts), (vec![408], 1), "{came}");
        assert!(took < CUT_OFF_BY, "{took:?}");

        let body = std::iter::repeat_n(b'y', 1000);
        let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
        let (came, took) = dribble(port, head, body).await?;
        assert_eq!((statuses(&came), server.statistics().body_timeouts), (vec![408], 1), "{came}");
        assert!(took < CUT_OFF_BY, "{took:?}");
        Ok(())
    });
}

#[test]
fn a_client_that_does_not_read_is_cut_off_and_holds_up_nobody() {
    run(async {
        let (port, server) = server(&["write"])?;
        let mut deaf = connect(port).await?;
        // More than the sockets' buffers take.
        deaf.write("GET /big HTTP/1.1\r\nHost: a\r\n\r\n".repeat(50));
        deaf.flush().await?;

        let mut other = connect(port).await?;
        other.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        other.read_until(b"GET /").await?;

        let began = Instant::now();
        while server.statistics().write_timeouts == 0 {
            assert!(began.elapsed() < CUT_OFF_BY);
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    });
}

#[test]
fn a_slow_reader_that_goes_on_reading_gets_everything() {
    run(async {
        let (port, server) = server(&["write"])?;
        let mut stream = connect(port).await?;
        stream.write("GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        stream.flush().await?;
        let mut length = 0;
        while let Ok(bytes) = stream.read_bytes(100_000).partial().await {
            length += bytes.len();
            sleep(Duration::from_millis(20)).await;
        }
        assert!(length > 1_000_000, "{length}");
        assert_eq!(server.statistics().write_timeouts, 0);
        Ok(())
    });
}

#[test]
fn a_handler_that_takes_its_time_is_not_cut_off() {
    run(async {
        let (port, _server) = server(&["header", "idle", "body", "write"])?;
        let mut stream = connect(port).await?;
        stream.write("POST /patient HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
        stream.read_until(b"\r\n\r\npatient").await?;
        Ok(())
    });
}

#[test]
fn a_browser_can_read_the_refusal_of_a_body_that_it_still_sends() {
    run(async {
        let server = HttpServer::new(async || Ok(service))
            .max_body_size(1000)
            .listen_with(0, &BindOptions::default().address("127.0.0.1"))?;
        let mut stream = connect(server.port().unwrap()).await?;
        stream.write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n");
        stream.write(vec![b'x'; 2_000_000]);
        // Without a lingering close the bytes that nobody reads would reset the connection, and the
        // reset would take the answer away.
        let flushed = stream.flush().await;
        let (came, _) = until_closed(&mut stream).await;
        assert_eq!(statuses(&came), [413], "{came} {flushed:?}");
        assert_eq!(server.statistics().bodies_refused, 1);
        Ok(())
    });
}
