//! What a server counts, over pairs in memory, and how it tells that its end is near.

mod support;

use std::rc::Rc;
use std::time::{Duration, Instant};

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{IoLoop, IoStream, Result, take_pulses};
use firewhirl_http::{HttpServer, Limits, Stage, Statistics};
use firewhirl_tcp::Peer;
use support::{run, service};

/// A connection to the server.
fn connect<Builder>(server: &HttpServer<Builder>) -> Result<IoStream> {
    let (near, far) = IoStream::pair()?;
    server.handle_stream(near, Peer::Unix);
    Ok(far)
}

async fn ask<Builder>(server: &HttpServer<Builder>, request: &str) -> Result<String> {
    let mut stream = connect(server)?;
    stream.write(request);
    stream.flush().await?;
    stream.close_write().await?;
    Ok(String::from_utf8_lossy(&stream.read_until_close().await?).into_owned())
}

async fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "it never comes about");
        sleep(Duration::from_millis(2)).await;
    }
}

fn server() -> HttpServer<impl Sized> {
    HttpServer::new(async || Ok(service))
}

type Counter = fn(&Statistics) -> u64;

#[test]
fn each_limit_is_counted_by_itself() {
    let limits = Limits::default()
        .max_header_size(400)
        .max_start_line(100)
        .max_fields(4)
        .max_body_size(20)
        .max_chunk_extensions(10)
        .max_trailer_size(30);
    let long = "x".repeat(500);
    let chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let counters: [Counter; 6] = [
        |counted| counted.start_lines_too_long,
        |counted| counted.heads_too_large,
        |counted| counted.fields_too_many,
        |counted| counted.bodies_too_large,
        |counted| counted.chunk_extensions_too_large,
        |counted| counted.trailers_too_large,
    ];
    #[rustfmt::skip]
    let cases = [
        ("a line",             format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", &long[..150]),                        [1, 0, 0, 0, 0, 0], "414"),
        ("a head",             format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"),                           [0, 1, 0, 0, 0, 0], "431"),
        ("fields",             "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n\r\n".to_owned(),      [0, 0, 1, 0, 0, 0], "431"),
        ("a body",             "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n\r\n".to_owned(),           [0, 0, 0, 1, 0, 0], "413"),
        ("a body in chunks",   format!("{chunked}15\r\n{}\r\n0\r\n\r\n", &long[..21]),                              [0, 0, 0, 1, 0, 0], "413"),
        ("extensions",         format!("{chunked}1;{}\r\nx\r\n0\r\n\r\n", &long[..50]),                             [0, 0, 0, 0, 1, 0], "413"),
        ("a trailer",          format!("{chunked}1\r\nx\r\n0\r\nX: {}\r\n\r\n", &long[..50]),                       [0, 0, 0, 0, 0, 1], "431"),
        ("none: it is wrong",  "GET / HTTP/1.1\r\nHost: a\r\nA B: 1\r\n\r\n".to_owned(),                            [0, 0, 0, 0, 0, 0], "400"),
    ];
    run(async move {
        for (name, request, expected, status) in cases {
            let server = server().limits(limits.clone());
            let answer = ask(&server, &request).await?;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
            let counted = server.statistics();
            assert_eq!(counters.map(|counter| counter(&counted)), expected, "{name}");
            assert_eq!(counted.heads_refused + counted.bodies_refused, 1, "{name}");
        }
        Ok(())
    });
}

#[test]
fn a_request_is_in_progress_from_its_head_to_its_end() {
    run(async {
        let server = server();
        let mut streams = vec![connect(&server)?, connect(&server)?];
        for stream in &mut streams {
            stream.write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1");
            stream.flush().await?;
        }
        until(|| server.statistics().requests_in_progress == 2).await;
        // One ends with its body, the other because its client leaves.
        streams.pop();
        until(|| server.statistics().requests_in_progress == 1).await;
        streams[0].write("2");
        assert!(streams[0].read_until(b"12").await?.starts_with(b"HTTP/1.1 200"));
        until(|| server.statistics().requests_in_progress == 0).await;
        Ok(())
    });
}

#[test]
fn the_memory_of_buffers_is_told_and_comes_back() {
    take_pulses();
    run(async {
        let server = server();
        let mut stream = connect(&server)?;
        stream.write("GET / HTTP/1.1\r\nHost: a\r\nX: half of it");
        stream.flush().await?;
        until(|| server.statistics().read_memory > 0).await;
        let mut reader = connect(&server)?;
        reader.write("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
        reader.flush().await?;
        until(|| server.statistics().write_memory > 100_000).await;
        drop((stream, reader));
        until(|| server.statistics().write_memory + server.statistics().read_memory == 0).await;
        Ok(())
    });
}

#[test]
fn what_a_server_counted_stays_counted_in_the_process() {
    run(async {
        let before = firewhirl_http::statistics();
        let server = server();
        for _ in 0..3 {
            assert!(ask(&server, "GET /first HTTP/1.0\r\n\r\n").await?.starts_with("HTTP/1.1 200"));
        }
        until(|| server.statistics().connections == 0).await;
        let during = firewhirl_http::statistics();
        assert!(during.requests >= before.requests + 3);
        drop(server);
        assert!(firewhirl_http::statistics().requests >= during.requests, "a total does not go back");
        Ok(())
    });
}

#[test]
fn a_server_tells_its_end_before_it_stops_to_listen() {
    run(async {
        let delay = Duration::from_millis(300);
        let server = Rc::new(server().shutdown_delay(delay));
        let (handle, readiness) = (server.handle(), server.handle().readiness());
        assert_eq!(readiness.stage(), Stage::Starting);
        let mut stream = connect(&server)?;
        until(|| readiness.stage() == Stage::Serving).await;

        let began = Instant::now();
        let shut_down = IoLoop::current().spawn(async move { handle.shut_down(Duration::from_secs(60)).await });
        until(|| readiness.stage() == Stage::Ending).await;
        // It goes on as ever: the connection is not even told to close.
        stream.write("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
        let head = stream.read_until(b"\r\n\r\n").await?;
        if began.elapsed() < delay {
            assert!(!String::from_utf8_lossy(&head).contains("Connection: close"));
        }
        assert_eq!(shut_down.await?, 0);
        assert!(began.elapsed() >= delay);
        assert!(stream.read_until_close().await.is_ok(), "ended by the drain");
        Ok(())
    });
}

#[test]
fn an_end_that_was_announced_is_not_delayed() {
    run(async {
        let handle = server().shutdown_delay(Duration::from_secs(3600)).handle();
        handle.announce_end();
        assert_eq!(handle.shut_down(Duration::ZERO).await, 0);
        Ok(())
    });
}
