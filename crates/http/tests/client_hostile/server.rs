//! A server that follows a script instead of HTTP, and counts the connections that it accepts.

#![allow(dead_code, reason = "each test target uses its part of it")]

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::coroutine::{sleep, yield_now};
use firewhirl_event::{IoLoop, IoStream, Spawned, StreamError};
use tokio::net::TcpListener;

/// What the server does next with a connection. It reads the head of one request before the first step, and
/// closes after the last.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Sends these bytes.
    Say(&'static [u8]),
    /// Sends these bytes as the first step, without having read a request.
    Unasked(&'static [u8]),
    /// Sends these bytes one at a time.
    Drip(&'static [u8]),
    /// Sends these bytes again and again until the client leaves.
    Repeat(&'static [u8]),
    /// Sends a byte every 20 milliseconds until the client leaves.
    Trickle,
    /// Says nothing until the client leaves.
    Silence,
    /// Resets the connection.
    Reset,
}

/// Between two bytes of a trickle: often enough that only a limit on the whole ends it.
const TRICKLE: Duration = Duration::from_millis(20);

/// A server on a port of its own for as long as this lives.
pub(crate) struct HostileServer {
    pub(crate) port: u16,
    accepted: Rc<Cell<usize>>,
    accepting: Spawned<()>,
}

impl HostileServer {
    /// Treats every connection by this script.
    pub(crate) fn start(script: impl Into<Vec<Step>>) -> Self {
        let script: Rc<[Step]> = script.into().into();
        Self::serve(move |stream| follow(stream, script.clone()))
    }

    /// Answers every request with "good", as a server should.
    pub(crate) fn good() -> Self {
        Self::serve(async |mut stream| {
            loop {
                stream.read_until(b"\r\n\r\n").await?;
                stream.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
                stream.flush().await?;
            }
        })
    }

    /// Treats every connection by a function.
    pub(crate) fn serve<Ends>(treat: impl Fn(IoStream) -> Ends + 'static) -> Self
    where
        Ends: Future<Output = Result<(), StreamError>> + 'static,
    {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepted = Rc::new(Cell::new(0));
        let counted = accepted.clone();
        let accepting = IoLoop::current().spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let stream = IoStream::from(stream);
                stream.set_nodelay(true);
                counted.update(|count| count + 1);
                // An error where the client left before the script's end, as most do.
                let _detached = IoLoop::current().spawn(treat(stream));
            }
        });
        Self { port, accepted, accepting }
    }

    /// Connections that it has accepted.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.get()
    }
}

impl Drop for HostileServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Reads the head of a request and does as the script says.
async fn follow(mut stream: IoStream, script: Rc<[Step]>) -> Result<(), StreamError> {
    if !matches!(script.first(), Some(Step::Unasked(_))) {
        stream.read_until(b"\r\n\r\n").await?;
    }
    take_all(&script, &mut stream).await
}

/// Takes all of these steps with a connection.
pub(crate) async fn take_all(script: &[Step], stream: &mut IoStream) -> Result<(), StreamError> {
    for step in script {
        step.take(stream).await?;
    }
    Ok(())
}

impl Step {
    /// Does this with a connection.
    pub(crate) async fn take(&self, stream: &mut IoStream) -> Result<(), StreamError> {
        match self {
            Self::Say(bytes) | Self::Unasked(bytes) => {
                stream.write(bytes);
                stream.flush().await
            }
            Self::Drip(bytes) => {
                for byte in bytes.chunks(1) {
                    stream.write(byte);
                    stream.flush().await?;
                    yield_now().await;
                }
                Ok(())
            }
            Self::Repeat(bytes) => {
                // Many at a time, or the shortest would take the test's time and not the client's.
                let many = bytes.repeat(4096 / bytes.len() + 1);
                loop {
                    stream.write(&many);
                    stream.flush().await?;
                    yield_now().await;
                }
            }
            Self::Trickle => loop {
                stream.write(b"a");
                stream.flush().await?;
                sleep(TRICKLE).await;
            },
            Self::Silence => loop {
                stream.read_bytes(4096).partial().await?;
            },
            Self::Reset => {
                if let Some(tcp) = stream.transport().and_then(|transport| transport.as_tcp()) {
                    // Sends RST in place of FIN.
                    let _ = tcp.set_zero_linger();
                }
                Ok(())
            }
        }
    }
}
