//! The demo by itself, as a container or systemd runs it, on a free port in place of 8888.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::support::{self, PATIENCE};

pub(crate) struct Demo {
    child: Child,
    pub(crate) port: u16,
}

/// A port that nothing listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port()
}

impl Demo {
    /// Starts what is to run the demo on a port, and waits until it answers there.
    pub(crate) fn start(mut command: Command, port: u16) -> Self {
        // Its log is of no interest beside the test's own words.
        let demo = Self { child: command.stderr(Stdio::null()).spawn().unwrap(), port };
        let start = Instant::now();
        while !demo.get("/sum/2/40").contains("= 42") {
            assert!(start.elapsed() < PATIENCE, "no answer on port {port}: {command:?}");
            thread::sleep(Duration::from_millis(20));
        }
        demo
    }

    /// The whole answer to a GET; nothing where nobody listens.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut answer = Vec::new();
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            // What came before an error is the answer.
            let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut answer));
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The processes that it has started and that live.
    pub(crate) fn children(&self) -> Vec<u32> {
        let id = self.child.id();
        let list = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        list.split_whitespace().map(|id| id.parse().unwrap()).collect()
    }

    /// Sends the process a signal.
    pub(crate) fn signal(&self, name: &str) {
        support::signal(self.child.id(), name);
    }

    /// Tells it to end, and waits until it has.
    pub(crate) fn end(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.child.wait().unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
