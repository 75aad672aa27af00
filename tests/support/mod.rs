//! What the whole-system tests share: running one of our programs, and asking it something with
//! nothing but the standard library, so that no code of ours checks itself.

#![allow(dead_code, reason = "each test target uses its part of it")]

pub(crate) mod browser;
pub(crate) mod peers;
pub(crate) mod service;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// How long anything may take before a test gives up; the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A program of ours that runs for as long as this lives.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) stdout: BufReader<ChildStdout>,
    /// The port that the program said it listens on.
    pub(crate) port: u16,
}

impl Program {
    /// Starts an example on a port of the system's choice, with further arguments.
    pub(crate) fn example(name: &str, arguments: &[&str]) -> Self {
        Self::start(&built("examples", name), &[&["0"], arguments].concat())
    }

    /// Starts a program that says on its standard output "listening on ..:PORT" or "..port PORT".
    pub(crate) fn start(path: &PathBuf, arguments: &[&str]) -> Self {
        let mut child = Command::new(path).args(arguments).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
            panic!("{}: {error}; `cargo test` builds it, so does `cargo build --examples`", path.display())
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let port = line
            .trim_end()
            .trim_end_matches('/')
            .rsplit([':', ' '])
            .next()
            .and_then(|port| port.parse().ok())
            .unwrap_or_else(|| panic!("{} said {line:?} and no port", path.display()));
        Self { child, stdout, port }
    }

    /// A new connection to the program.
    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.port)
    }

    /// Sends `text` and reads until the other side closes.
    pub(crate) fn raw(&self, text: &str) -> String {
        self.try_raw(text).unwrap()
    }

    /// The same, where the other side may break off.
    pub(crate) fn try_raw(&self, text: &str) -> io::Result<String> {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// The body that a GET of `path` brings, chunks put together.
    pub(crate) fn get(&self, path: &str) -> String {
        body(&self.raw(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")))
    }

    /// The body that a POST of a form brings.
    pub(crate) fn post(&self, path: &str, form: &str) -> String {
        body(&self.raw(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        )))
    }

    /// The next line that the program prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    /// Asks the program to end, as a supervisor does.
    pub(crate) fn terminate(&self) {
        signal(self.child.id(), "TERM");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A new connection to what listens on a port.
pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends a signal to a process.
pub(crate) fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), process.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Where cargo has put a program of this build.
pub(crate) fn built(folder: &str, name: &str) -> PathBuf {
    // target/debug/deps/this_test-1234 -> target/debug/FOLDER/NAME
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join(folder).join(name)
}

/// The body of an answer, chunks put together.
pub(crate) fn body(answer: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no whole head in {answer:?}"));
    if !head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return body.to_owned();
    }
    let mut whole = String::new();
    let mut rest = body;
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        whole.push_str(&after[..size]);
        rest = &after[size + 2..];
    }
    whole
}
