//! What the tests share: the program that they start, and asking it something.

#![allow(dead_code, reason = "each test target uses its part of it")]

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use firewhirl_event::{IoLoop, IoStream, Result, StreamError};

/// How long a test may take: far more than it needs, for the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(45);

/// Runs a test on the loop.
pub(crate) fn on_loop(test: impl Future<Output = Result>) {
    IoLoop::current().run_sync_timeout(PATIENCE, test).unwrap();
}

/// The program of tests/programs/service.rs.
pub(crate) fn program_path() -> PathBuf {
    // target/debug/deps/this_test-1234 -> target/debug/examples/NAME
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("examples/process-test-program");
    assert!(path.exists(), "{} is built by `cargo test` and by `cargo build --examples`", path.display());
    path
}

/// The program with its arguments, its standard output thrown away.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(program_path());
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

pub(crate) fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Sends a request on a connection of its own.
pub(crate) async fn ask(port: u16, path: &str) -> Result<IoStream, StreamError> {
    let mut stream = IoStream::connect(local(port)).await?;
    stream.write(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    stream.flush().await?;
    Ok(stream)
}

/// The answer's body, read to the end.
pub(crate) async fn answer(mut stream: IoStream) -> Result<String> {
    let answer = stream.read_until_close().await?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    match text.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
        _ => Err(firewhirl_event::Error::message(format!("{text:?} is no whole answer"))),
    }
}

/// Asks and reads the answer.
pub(crate) async fn get(port: u16, path: &str) -> Result<String> {
    answer(ask(port, path).await?).await
}

/// The process that has answered.
pub(crate) fn process_of(answer: &str) -> u32 {
    answer.split(' ').next().unwrap().parse().unwrap()
}
