//! What the tests of servers and clients share: a resolver of fixed answers, a port at which a
//! connect hangs, and the log as a list of lines.

#![allow(dead_code, reason = "each test program uses its part")]

use std::fmt::{Debug, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firewhirl_tcp::{BindOptions, Family, Resolver, Resolving, bind_sockets};
use tracing::field::{Field, Visit};
use tracing::span;

/// Gives the same addresses for every host.
pub(crate) struct Fixed(pub(crate) Vec<SocketAddr>);

impl Resolver for Fixed {
    fn resolve<'a>(&'a self, _host: &'a str, _port: u16, _family: Family) -> Resolving<'a> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// A resolver that never answers.
pub(crate) struct Silent;

impl Resolver for Silent {
    fn resolve<'a>(&'a self, _host: &'a str, _port: u16, _family: Family) -> Resolving<'a> {
        Box::pin(std::future::pending())
    }
}

/// A port where the queue of connections is full and nobody accepts: to connect there hangs.
pub(crate) struct Hanging {
    pub(crate) address: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl Hanging {
    pub(crate) fn on(ip: &str) -> Self {
        let listener = bind_sockets(0, &BindOptions::default().address(ip).backlog(1)).unwrap().remove(0);
        let address = listener.local_addr().unwrap();
        let patience = Duration::from_millis(100);
        let queued: Vec<TcpStream> =
            std::iter::from_fn(|| TcpStream::connect_timeout(&address, patience).ok()).take(16).collect();
        assert!(queued.len() < 16, "the queue does not fill up");
        Self { address, _listener: listener, _queued: queued }
    }
}

/// A port at which nobody listens.
pub(crate) fn refusing_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The lines that this thread logs while the guard is held, as "target: message".
pub(crate) fn capture_log() -> (tracing::subscriber::DefaultGuard, Rc<dyn Fn() -> Vec<String>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let guard = tracing::subscriber::set_default(Capture(lines.clone()));
    (guard, Rc::new(move || lines.lock().unwrap().clone()))
}

struct Capture(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Capture {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("firewhirl")
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(format!("{}:", event.metadata().target()));
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            write!(self.0, " {value:?}").unwrap();
        }
    }
}
