//! A server of any protocol over TCP or Unix sockets: Tornado's `TCPServer`.
//!
//! Listening, and which thread serves; how connections are accepted is the acceptor's, how threads are
//! run the workers'.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;

use firewhirl_event::iostream::StreamLimits;
use firewhirl_event::{Deadline, IoStream};

use crate::secure::ServerSide;
use crate::{
    Acceptor, BindOptions, ConnectionCounts, ConnectionHandler, Gate, Listener, Peer, Worker, Workers, bind_unix_socket,
};

/// Serves connections with an async function of the stream and its peer.
///
/// Each connection is a task of its own: an error or panic in one is logged and hurts no other; an
/// error that says that the peer has gone ends it without a word. The server works as long as the
/// loop runs, also when this handle is dropped. Cheap to clone. Tornado's `TCPServer`, whose
/// `handle_stream` is the function.
///
/// # Examples
///
/// A server of lines, on one loop:
///
/// ```no_run
/// use firewhirl_event::{IoLoop, IoStream, Result};
/// use firewhirl_tcp::TcpServer;
///
/// fn main() -> Result {
///     TcpServer::new(async |mut stream: IoStream, _peer| {
///         loop {
///             let line = stream.read_until(b"\n").await?;
///             stream.write("You sent: ");
///             stream.write(line);
///         }
///     })
///     .listen(12345)?;
///     IoLoop::current().start()
/// }
/// ```
///
/// The same with a worker a core, and an end that loses nothing:
///
/// ```no_run
/// # use std::time::Duration;
/// # use firewhirl_event::{IoLoop, IoStream, Result};
/// # use firewhirl_tcp::TcpServer;
/// # async fn serve_lines(_: IoStream, _: firewhirl_tcp::Peer) -> Result { Ok(()) }
/// # fn main() -> Result {
/// let server = TcpServer::new(serve_lines).max_connections(10_000).bind(12345)?.start(0)?;
/// IoLoop::current().call_later(Duration::from_secs(3600), move || {
///     IoLoop::current().spawn_callback(async move {
///         server.drain(Duration::from_secs(10)).await;
///         IoLoop::current().stop();
///     });
/// });
/// IoLoop::current().start()
/// # }
/// ```
pub struct TcpServer<Handler> {
    handler: Rc<Handler>,
    /// Serves sockets with the handler on this thread's loop. Made where the handler's bounds are known,
    /// so that no other method asks for them, and a wrong handler is one error at `new`.
    serve: Rc<ServeSockets>,
    acceptor: Acceptor,
    state: Rc<RefCell<State>>,
    limits: StreamLimits,
    pub(crate) secure: ServerSide,
}

type ServeSockets = dyn Fn(&Acceptor, Vec<Listener>, StreamLimits, ServerSide) -> io::Result<()>;

#[derive(Default)]
struct State {
    /// Bound and not yet served.
    pending: Vec<Listener>,
    addresses: Vec<SocketAddr>,
    workers: Option<Workers>,
}

impl<Handler: ConnectionHandler> TcpServer<Handler> {
    /// A server that listens on nothing yet, for this thread's loop.
    pub fn new(handler: Handler) -> Self {
        let handler = Rc::new(handler);
        let own = handler.clone();
        let serve = move |acceptor: &Acceptor, listeners: Vec<Listener>, limits: StreamLimits, secure: ServerSide| {
            acceptor.serve(listeners, serving(own.clone(), limits, secure))
        };
        Self {
            handler,
            serve: Rc::new(serve),
            acceptor: Acceptor::new(Gate::default()),
            state: Rc::default(),
            limits: StreamLimits::default(),
            secure: Default::default(),
        }
    }
}

/// Serves a connection with the handler, once its stream is as it is to be.
fn serving<Handler: ConnectionHandler>(
    handler: Rc<Handler>,
    limits: StreamLimits,
    secure: ServerSide,
) -> impl ConnectionHandler {
    async move |stream: IoStream, peer: Peer| match secure.open(stream.with_limits(limits), peer).await {
        Some(stream) => handler(stream, peer).await,
        None => Ok(()),
    }
}

impl<Handler> TcpServer<Handler> {
    /// Caps the connections open at one time, those of all workers together. At the cap no more are
    /// accepted: they wait in the kernel. Default: no cap.
    pub fn max_connections(self, connections: usize) -> Self {
        self.gate().set_max_connections(connections);
        self
    }

    /// Caps the connections open at one time from one IP address, over all workers; those beyond it are
    /// closed at once. Default: no cap. What counts as an address is said at
    /// [`Gate::set_max_connections_per_address`].
    pub fn max_connections_per_address(self, connections: usize) -> Self {
        self.gate().set_max_connections_per_address(connections);
        self
    }

    /// Bytes that a connection's stream may hold unread. Default: 100 MiB. Counts for what is listened
    /// on after it, like all limits of streams.
    pub fn max_buffer_size(mut self, bytes: usize) -> Self {
        self.limits = self.limits.max_buffer_size(bytes);
        self
    }

    /// Bytes that a connection's stream reads at once. Default: 64 KiB.
    pub fn read_chunk_size(mut self, bytes: usize) -> Self {
        self.limits = self.limits.read_chunk_size(bytes);
        self
    }

    /// All the limits of a connection's stream at once. Default: [`StreamLimits::default`].
    pub fn limits(mut self, limits: StreamLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Listens on a port of every interface, at once, on this thread's loop.
    ///
    /// May be called for several ports. Port 0 asks for a free one, which [`port`](Self::port) then
    /// tells. Tornado's `TCPServer.listen`.
    ///
    /// # Errors
    ///
    /// Those of [`bind_sockets`](crate::bind_sockets).
    pub fn listen(self, port: u16) -> io::Result<Self> {
        self.listen_with(port, &BindOptions::default())
    }

    /// [`listen`](Self::listen) with options: an interface, a family, a backlog.
    ///
    /// # Errors
    ///
    /// Those of [`bind_sockets`](crate::bind_sockets).
    pub fn listen_with(self, port: u16, options: &BindOptions) -> io::Result<Self> {
        let listeners = Listener::bind(port, options)?;
        self.add_sockets(listeners)
    }

    /// Listens on a Unix socket, whose file only the same user may open (mode 0o600).
    ///
    /// # Errors
    ///
    /// Those of [`bind_unix_socket`], which also takes another mode: give its socket to
    /// [`add_sockets`](Self::add_sockets).
    pub fn listen_unix(self, path: impl AsRef<Path>) -> io::Result<Self> {
        let socket = bind_unix_socket(path, 0o600, &BindOptions::default())?;
        self.add_sockets([socket])
    }

    /// Serves listening sockets made elsewhere, at once, on this thread's loop. Tornado's `add_sockets`.
    ///
    /// # Errors
    ///
    /// What the system says when a socket is to be watched by the loop.
    pub fn add_sockets<Socket: Into<Listener>>(self, sockets: impl IntoIterator<Item = Socket>) -> io::Result<Self> {
        let listeners: Vec<Listener> = sockets.into_iter().map(Into::into).collect();
        self.remember(&listeners);
        (self.serve)(&self.acceptor, listeners, self.limits, self.secure.clone())?;
        Ok(self)
    }

    /// Binds a port of every interface, to be served by the workers of [`start`](Self::start); once
    /// these run, it is served by this thread's loop at once. Tornado's `TCPServer.bind`.
    ///
    /// # Errors
    ///
    /// Those of [`bind_sockets`](crate::bind_sockets).
    pub fn bind(self, port: u16) -> io::Result<Self> {
        self.bind_with(port, &BindOptions::default())
    }

    /// [`bind`](Self::bind) with options. Of these [`reuse_port`](BindOptions::reuse_port) says whether each
    /// worker has a socket of its own or all share one.
    ///
    /// # Errors
    ///
    /// Those of [`bind_sockets`](crate::bind_sockets).
    pub fn bind_with(self, port: u16, options: &BindOptions) -> io::Result<Self> {
        let listeners = Listener::bind(port, options)?;
        if self.workers().is_some() {
            return self.add_sockets(listeners);
        }
        self.remember(&listeners);
        self.state.borrow_mut().pending.extend(listeners);
        Ok(self)
    }

    /// Stops listening, on all workers; open connections go on. Stopping twice does nothing.
    ///
    /// What the kernel has connected already is served. Tornado's `TCPServer.stop`.
    pub fn stop(&self) {
        self.state.borrow_mut().pending.clear();
        match self.workers() {
            Some(workers) => workers.stop(),
            None => self.acceptor.stop(),
        }
    }

    /// Stops listening, and waits for the open connections of all workers to end; what has not at the
    /// limit is cut off. Gives how many that were. See [`Acceptor::drain`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the server stopped; connections that have not ended go on.
    pub async fn drain(&self, limit: impl Into<Deadline>) -> usize {
        self.stop();
        match self.workers() {
            Some(workers) => workers.drain(limit).await,
            None => self.acceptor.drain(limit).await,
        }
    }

    /// The port it listens on: of several the first. `None` if it listens on Unix sockets alone, or on
    /// nothing yet.
    pub fn port(&self) -> Option<u16> {
        self.state.borrow().addresses.first().map(SocketAddr::port)
    }

    /// The addresses it listens on, or has.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.state.borrow().addresses.clone()
    }

    /// The caps on connections, which can be changed while it serves.
    pub fn gate(&self) -> &Gate {
        self.acceptor.gate()
    }

    /// What has been counted, over all workers.
    pub fn counts(&self) -> ConnectionCounts {
        self.gate().counts()
    }

    fn workers(&self) -> Option<Workers> {
        self.state.borrow().workers.clone()
    }

    fn remember(&self, listeners: &[Listener]) {
        self.state.borrow_mut().addresses.extend(listeners.iter().filter_map(Listener::address));
    }
}

impl<Handler: ConnectionHandler + Clone + Send> TcpServer<Handler> {
    /// Serves what was bound with `workers` workers: this thread's loop and threads with loops of their
    /// own; 0 means one a core.
    ///
    /// Each worker has a clone of the handler, made here. The threads end with this thread's loop. If
    /// one fails to start, that loop stops with its error. Tornado's `TCPServer.start`, with threads in
    /// place of processes.
    ///
    /// # Errors
    ///
    /// What the system says when there can be no more threads or sockets;
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if it was started before.
    pub fn start(self, workers: usize) -> io::Result<Self> {
        if self.workers().is_some() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the server was started before"));
        }
        let listeners = std::mem::take(&mut self.state.borrow_mut().pending);
        let (handler, limits, secure) = ((*self.handler).clone(), self.limits, self.secure.clone());
        let workers = Workers::start(workers, &self.acceptor, listeners, async move |worker: Worker| {
            worker.serve(serving(Rc::new(handler.clone()), limits, secure.clone()))?;
            Ok(())
        })?;
        self.state.borrow_mut().workers = Some(workers);
        Ok(self)
    }
}

impl<Handler> Clone for TcpServer<Handler> {
    fn clone(&self) -> Self {
        Self {
            handler: self.handler.clone(),
            serve: self.serve.clone(),
            acceptor: self.acceptor.clone(),
            state: self.state.clone(),
            limits: self.limits,
            secure: self.secure.clone(),
        }
    }
}
