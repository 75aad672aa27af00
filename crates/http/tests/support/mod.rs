//! A service that shows every way to answer, and asking it over a pair in memory.

#![allow(dead_code, reason = "each test target uses its part of it")]

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use firewhirl_event::coroutine::sleep;
use firewhirl_event::iostream::MemoryPair;
use firewhirl_event::{Error, IoLoop, IoStream, Result};
use firewhirl_http::{Exchange, Headers, Serve, ServerOptions, serve_stream};
use http::StatusCode;

/// Answers by path; `/echo` gives the body back, `/stream` does so chunk by chunk, and so on.
pub(crate) async fn service(exchange: &mut Exchange) -> Result {
    let connection = exchange.connection.clone();
    match exchange.request.path() {
        "/echo" => {
            let body = exchange.read_body().await?.clone();
            answer(exchange, &body)
        }
        "/stream" => {
            connection.write_head(StatusCode::OK, None, &Headers::new())?;
            while let Some(chunk) = connection.next_chunk().await? {
                connection.write_bytes(chunk)?;
                connection.flush().await?;
            }
            Ok(connection.finish()?)
        }
        "/unread" => answer(exchange, b"unread"),
        "/slow" => {
            sleep(Duration::from_millis(5)).await;
            answer(exchange, b"slow")
        }
        "/patient" => {
            sleep(Duration::from_millis(400)).await;
            answer(exchange, b"patient")
        }
        "/later" => {
            let hold = connection.hold();
            IoLoop::current().call_later(Duration::from_millis(5), move || {
                let mut headers = Headers::new();
                headers.set("Content-Length", 5_u64).unwrap();
                // Refused where the client has left meanwhile.
                let _ = connection.respond(StatusCode::OK, None, &headers, b"later");
                drop(hold);
            });
            Ok(())
        }
        "/forgotten" => {
            let hold = connection.hold();
            IoLoop::current().call_later(Duration::from_millis(5), move || drop(hold));
            Ok(())
        }
        "/big" => answer(exchange, &vec![b'x'; 1_000_000]),
        "/broken" => Err(Error::message("broken on purpose")),
        "/panic" => panic!("on purpose"),
        "/nothing" => Ok(()),
        "/half" => {
            let mut headers = Headers::new();
            headers.set("Content-Length", 10_u64)?;
            connection.write_head(StatusCode::OK, None, &headers)?;
            Ok(connection.write(b"half")?)
        }
        path => {
            let text = format!("{} {path}", exchange.request.method());
            answer(exchange, text.as_bytes())
        }
    }
}

/// A whole answer with its length.
pub(crate) fn answer(exchange: &Exchange, body: &[u8]) -> Result {
    let mut headers = Headers::new();
    headers.set("Content-Length", body.len())?;
    Ok(exchange.connection.respond(StatusCode::OK, None, &headers, body)?)
}

/// Runs a test on a loop of its own.
pub(crate) fn run(test: impl Future<Output = Result>) {
    let io_loop = IoLoop::new().unwrap();
    io_loop.run_sync_timeout(Duration::from_secs(20), test).unwrap();
    io_loop.close().unwrap();
}

/// The client's end of a connection to [`service`].
pub(crate) fn connect(options: ServerOptions) -> IoStream {
    connect_over(MemoryPair::new(), options)
}

/// The client's end of a connection over this pair.
pub(crate) fn connect_over(pair: MemoryPair, options: ServerOptions) -> IoStream {
    let (near, far) = pair.streams();
    IoLoop::current().spawn_callback(serve_stream(near, Rc::new(service), options));
    far
}

/// The client's end of a connection to a service of a test's own.
pub(crate) fn connect_to(service: impl Serve, options: ServerOptions) -> IoStream {
    let (near, far) = MemoryPair::new().streams();
    IoLoop::current().spawn_callback(serve_stream(near, Rc::new(service), options));
    far
}

/// Sends `input` and gives all that comes back until the server closes.
pub(crate) async fn ask(input: impl AsRef<[u8]>) -> Result<String> {
    ask_with(input, ServerOptions::new()).await
}

/// As [`ask`], of a server with options.
pub(crate) async fn ask_with(input: impl AsRef<[u8]>, options: ServerOptions) -> Result<String> {
    let mut stream = connect(options);
    stream.write(input);
    let answer: Bytes = stream.read_until_close().await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The status codes in what came back, in order.
pub(crate) fn statuses(answers: &str) -> Vec<u16> {
    answers.match_indices("HTTP/1.1 ").filter_map(|(at, _)| answers[at + 9..].get(..3)?.parse().ok()).collect()
}
