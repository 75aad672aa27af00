//! The server of HTTP: what listens, what it serves with, and how it ends. Tornado's `HTTPServer`.
//!
//! Sockets and workers are the TCP layer's; one connection is [`http1`](crate::http1)'s. Here they are
//! joined to a service that is built once on each worker's loop.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use firewhirl_event::locks::Event;
use firewhirl_event::{Deadline, Error, IoLoop, IoStream, Result, Signal};
use firewhirl_tcp::{
    Acceptor, BindOptions, ConnectionCounts, ConnectionHandler, Draining, Gate, Listener, Peer, Workers,
    bind_unix_socket,
};

use crate::http1::{Link, serve_connection};
use crate::http2;
use crate::options::{ServerOptions, server_option_methods};
use crate::panics;
use crate::readiness::Readiness;
use crate::rehearsal;
use crate::secure::{ServerSide, Session};
use crate::serve::{BuildApplication, Serve};
use crate::statistics::{Counters, Statistics};
use crate::worker::Worker;

/// Serves HTTP with what an async function builds: an `Application`, or any other [`Serve`].
///
/// The function runs once a worker, on its loop, when that loop runs; connections that come before it
/// is done wait. If it fails, the loop stops with its error. The server works as long as the loop
/// runs, also when this handle is dropped. Cheap to clone once it listens. Tornado's `HTTPServer`.
///
/// # Examples
///
/// ```no_run
/// use firewhirl_event::{IoLoop, Result};
/// use firewhirl_http::{Exchange, Headers, HttpServer};
/// use http::StatusCode;
///
/// async fn hello(exchange: &mut Exchange) -> Result {
///     let mut headers = Headers::new();
///     headers.set("Content-Length", 6)?;
///     exchange.connection.respond(StatusCode::OK, None, &headers, b"hello\n")?;
///     Ok(())
/// }
///
/// fn main() -> Result {
///     HttpServer::new(async || Ok(hello)).xheaders(true).listen(8888)?;
///     IoLoop::current().start()
/// }
/// ```
pub struct HttpServer<Builder> {
    builder: Rc<Builder>,
    /// Builds the service on this thread's loop. Made where the builder's bounds are known, so that no
    /// other method asks for them, and a wrong builder is one error at `new`.
    set_up: Rc<SetUp>,
    options: ServerOptions,
    pub(crate) secure: ServerSide,
    state: Rc<State>,
}

/// What outlives the handle: what the loop serves.
struct State {
    acceptor: Acceptor,
    counters: AllCounters,
    readiness: Readiness,
    shutdown_delay: Cell<Duration>,
    listening: RefCell<Listening>,
}

#[derive(Default)]
struct Listening {
    /// Bound and not yet served.
    pending: Vec<Listener>,
    /// Handed in and not yet served.
    streams: Vec<(IoStream, Peer)>,
    /// The port first bound.
    port: Option<u16>,
    /// Set once the service is built, or cannot be; `None` before that is begun.
    set_up: Option<Event>,
    /// Serves further sockets and streams, once the service is built.
    serve: Option<Rc<ServeIncoming>>,
    workers: Option<Workers>,
}

/// Builds the service of this thread's loop.
type SetUp = dyn Fn(ServerOptions, ServerSide, Rc<State>) -> SettingUp;
type SettingUp = Pin<Box<dyn Future<Output = Result<Rc<ServeIncoming>>>>>;

/// Serves sockets, and streams that are there already, with the service that was built.
type ServeIncoming = dyn Fn(Vec<Listener>, Vec<(IoStream, Peer)>) -> io::Result<()>;

/// The counters of every worker, each written by its own thread alone.
type AllCounters = Arc<Mutex<Vec<Arc<Counters>>>>;

impl<Builder> HttpServer<Builder> {
    /// A server that listens on nothing yet.
    pub fn new<Application: Serve>(builder: Builder) -> Self
    where
        Builder: BuildApplication<Application>,
    {
        panics::install_hook();
        let state = State {
            acceptor: Acceptor::new(Gate::default()),
            counters: Arc::default(),
            readiness: Readiness::of_new_server(),
            shutdown_delay: Cell::default(),
            listening: RefCell::default(),
        };
        let builder = Rc::new(builder);
        let own = builder.clone();
        let set_up = move |options, secure, state| set_up(own.clone(), options, secure, state);
        Self {
            builder,
            set_up: Rc::new(set_up),
            options: ServerOptions::default(),
            secure: Default::default(),
            state: Rc::new(state),
        }
    }

    server_option_methods!(options);

    /// All the options at once, in place of those set before.
    pub fn options(mut self, options: ServerOptions) -> Self {
        self.options = options;
        self
    }

    /// Caps the connections open at one time, those of all workers together. At the cap no more are
    /// accepted: they wait in the kernel. Default: no cap.
    pub fn max_connections(self, connections: usize) -> Self {
        self.state.acceptor.gate().set_max_connections(connections);
        self
    }

    /// Caps the connections open at one time from one IP address, over all workers; those beyond it
    /// are closed at once. Behind a proxy every connection has the proxy's. Default: no cap.
    pub fn max_connections_per_address(self, connections: usize) -> Self {
        self.state.acceptor.gate().set_max_connections_per_address(connections);
        self
    }

    /// How long the server goes on as ever after [its end is announced](HttpServerHandle::announce_end) by
    /// [`shut_down`](HttpServerHandle::shut_down): as long as the balancer in front takes to notice that
    /// the server is not ready any more, and to send requests elsewhere. Default: none.
    pub fn shutdown_delay(self, time: Duration) -> Self {
        self.state.shutdown_delay.set(time);
        self
    }

    /// Binds a port of every interface, to be served by the workers of [`start`](Self::start).
    ///
    /// # Errors
    ///
    /// Those of [`bind_sockets`](firewhirl_tcp::bind_sockets).
    pub fn bind(self, port: u16) -> io::Result<Self> {
        self.bind_with(port, &BindOptions::default())
    }

    /// [`bind`](Self::bind) with options: an interface, a family, a backlog, whether each worker has a
    /// socket of its own.
    ///
    /// # Errors
    ///
    /// Those of [`bind_sockets`](firewhirl_tcp::bind_sockets).
    pub fn bind_with(self, port: u16, options: &BindOptions) -> io::Result<Self> {
        self.remember(Listener::bind(port, options)?);
        Ok(self)
    }

    /// Takes sockets that are bound already, to be served by [`start`](HttpServer::start): those of
    /// [`bind_sockets`](firewhirl_tcp::bind_sockets), or of a parent process.
    pub fn with_sockets<Socket: Into<Listener>>(self, sockets: impl IntoIterator<Item = Socket>) -> Self {
        self.remember(sockets.into_iter().map(Into::into).collect());
        self
    }

    fn remember(&self, listeners: Vec<Listener>) {
        let mut listening = self.state.listening.borrow_mut();
        listening.port =
            listening.port.or_else(|| listeners.iter().find_map(Listener::address).map(|address| address.port()));
        listening.pending.extend(listeners);
    }

    /// The port it listens on: of several the first; `None` on Unix sockets alone.
    pub fn port(&self) -> Option<u16> {
        self.state.listening.borrow().port
    }

    /// Where a browser on this machine finds it: `http://localhost:8888`, or `https` with TLS.
    pub fn url(&self) -> String {
        let scheme = if self.secure.is_secure() { "https" } else { "http" };
        format!("{scheme}://localhost:{}", self.port().unwrap_or_default())
    }

    /// Stops listening, on all workers; open connections go on, and what the kernel has connected
    /// already is served.
    pub fn stop(&self) {
        self.handle().stop();
    }

    /// Ends without losing a request; see [`HttpServerHandle::drain`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the server stopped; connections that have not ended go on.
    pub async fn drain(&self, limit: impl Into<Deadline>) -> usize {
        self.handle().drain(limit).await
    }

    /// On SIGTERM or SIGINT [shuts down](HttpServerHandle::shut_down), with `limit` for the drain, and then
    /// stops the loop. A second signal cuts the [`shutdown_delay`](Self::shutdown_delay) short.
    ///
    /// # Errors
    ///
    /// What the system says when the signals cannot be watched.
    pub fn drain_on_signals(self, limit: Duration) -> io::Result<Self> {
        for signal in [Signal::Terminate, Signal::Interrupt] {
            let server = self.handle();
            IoLoop::current().on_signal(signal, move || {
                let server = server.clone();
                IoLoop::current().spawn_callback(async move {
                    server.shut_down(limit).await;
                    IoLoop::current().stop();
                });
            })?;
        }
        Ok(self)
    }

    /// What has been counted, over all workers.
    pub fn statistics(&self) -> Statistics {
        self.handle().statistics()
    }

    /// What of the server can be held without its builder's type: to drain it, or to look at its
    /// counters.
    pub fn handle(&self) -> HttpServerHandle {
        HttpServerHandle { state: self.state.clone() }
    }

    /// Listens on a port of every interface, on this thread's loop.
    ///
    /// May be called for several ports. Port 0 asks for a free one, which [`port`](Self::port) then
    /// tells. Tornado's `HTTPServer.listen`.
    ///
    /// # Errors
    ///
    /// Those of [`bind_sockets`](firewhirl_tcp::bind_sockets).
    pub fn listen(self, port: u16) -> io::Result<Self> {
        self.listen_with(port, &BindOptions::default())
    }

    /// [`listen`](Self::listen) with options: an interface, a family, a backlog.
    ///
    /// # Errors
    ///
    /// Those of [`bind_sockets`](firewhirl_tcp::bind_sockets).
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

    /// Serves listening sockets made elsewhere, on this thread's loop. Tornado's `add_sockets`.
    ///
    /// # Errors
    ///
    /// What the system says when a socket is to be watched by the loop.
    pub fn add_sockets<Socket: Into<Listener>>(self, sockets: impl IntoIterator<Item = Socket>) -> io::Result<Self> {
        self.remember(sockets.into_iter().map(Into::into).collect());
        let serve = self.state.listening.borrow().serve.clone();
        match serve {
            Some(serve) => serve(std::mem::take(&mut self.state.listening.borrow_mut().pending), Vec::new())?,
            None => self.set_up_once(),
        }
        Ok(self)
    }

    /// Serves one stream that came from elsewhere than its listening sockets, on this thread's loop: from
    /// memory, from a socket pair, from another process.
    ///
    /// It counts as a connection of the server, which a [`drain`](Self::drain) waits for; it is there
    /// already, so the cap on connections does not hold it up. If the service is not built yet, it
    /// waits. Tornado's `HTTPServer.handle_stream`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{IoLoop, IoStream, Result};
    /// use firewhirl_http::{Exchange, Headers, HttpServer};
    /// use firewhirl_tcp::Peer;
    /// use http::StatusCode;
    ///
    /// async fn hello(exchange: &mut Exchange) -> Result {
    ///     let mut headers = Headers::new();
    ///     headers.set("Content-Length", 5)?;
    ///     Ok(exchange.connection.respond(StatusCode::OK, None, &headers, b"hello")?)
    /// }
    ///
    /// # IoLoop::current().run_sync(async {
    /// let server = HttpServer::new(async || Ok(hello)).no_keep_alive(true);
    /// let (near, mut far) = IoStream::pair()?;
    /// server.handle_stream(near, Peer::Unix);
    /// far.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    /// assert!(far.read_until_close().await?.ends_with(b"hello"));
    /// assert_eq!(server.statistics().requests, 1);
    /// # Ok(()) }).unwrap();
    /// ```
    pub fn handle_stream(&self, stream: IoStream, peer: Peer) {
        let serve = self.state.listening.borrow().serve.clone();
        match serve {
            // A stream needs nothing of the system to be served.
            Some(serve) => drop(serve(Vec::new(), vec![(stream, peer)])),
            None => {
                self.state.listening.borrow_mut().streams.push((stream, peer));
                self.set_up_once();
            }
        }
    }

    /// Has the service built on this thread's loop, and then the sockets served.
    fn set_up_once(&self) {
        let is_set_up = Event::new();
        match &mut self.state.listening.borrow_mut().set_up {
            Some(_) => return,
            begun => *begun = Some(is_set_up.clone()),
        }
        let building = (self.set_up)(self.options.clone(), self.secure.clone(), self.state.clone());
        let state = self.state.clone();
        let io_loop = IoLoop::current();
        rehearsal::expect();
        let building = io_loop.spawn(async move {
            let serve = building.await?;
            rehearsal::ready();
            let (listeners, streams) = {
                let mut listening = state.listening.borrow_mut();
                (std::mem::take(&mut listening.pending), std::mem::take(&mut listening.streams))
            };
            serve(listeners, streams)?;
            state.listening.borrow_mut().serve = Some(serve);
            Ok::<(), Error>(())
        });
        io_loop.spawn_callback(async move {
            match building.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => IoLoop::current().stop_with(error),
                Err(ended) => IoLoop::current().stop_with(ended),
            }
            is_set_up.set();
        });
    }

    /// Serves what was bound with `workers` workers: this thread's loop and threads with loops of
    /// their own; 0 means one a core.
    ///
    /// Each worker builds its own service: state in memory is a worker's own. The threads end with
    /// this thread's loop. If one fails to start, that loop stops with its error. Tornado's
    /// `HTTPServer.start`, with threads in place of processes.
    ///
    /// # Errors
    ///
    /// What the system says when there can be no more threads or sockets;
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if it was started before.
    pub fn start<Application: Serve>(self, workers: usize) -> io::Result<Self>
    where
        Builder: BuildApplication<Application> + Clone + Send,
    {
        if self.state.listening.borrow().workers.is_some() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the server was started before"));
        }
        let listeners = std::mem::take(&mut self.state.listening.borrow_mut().pending);
        let (builder, options, secure) = (Builder::clone(&self.builder), self.options.clone(), self.secure.clone());
        let (counters, readiness) = (self.state.counters.clone(), self.state.readiness.clone());
        readiness.expect(match workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        });
        rehearsal::expect();
        let workers =
            Workers::start(workers, &self.state.acceptor, listeners, async move |worker: firewhirl_tcp::Worker| {
                let draining = worker.acceptor().draining();
                let handler = build(&builder, options.clone(), secure.clone(), &counters, draining, &readiness).await?;
                if worker.index() == 0 {
                    rehearsal::ready();
                }
                Ok(worker.serve(handler)?)
            })?;
        self.state.listening.borrow_mut().workers = Some(workers);
        Ok(self)
    }
}

/// Builds the service of this thread's loop, and what serves sockets with it.
fn set_up<Application: Serve>(
    builder: Rc<impl BuildApplication<Application>>,
    options: ServerOptions,
    secure: ServerSide,
    state: Rc<State>,
) -> SettingUp {
    Box::pin(async move {
        let acceptor = state.acceptor.clone();
        let handler = build(&*builder, options, secure, &state.counters, acceptor.draining(), &state.readiness).await?;
        let serve = move |listeners, streams| {
            for (stream, peer) in streams {
                acceptor.handle_stream(stream, peer, handler.clone());
            }
            acceptor.serve::<Listener>(listeners, handler.clone())
        };
        Ok(Rc::new(serve) as Rc<ServeIncoming>)
    })
}

/// Builds the service of one worker, and what serves a connection with it.
async fn build<Application: Serve>(
    builder: &impl BuildApplication<Application>,
    options: ServerOptions,
    secure: ServerSide,
    counters: &AllCounters,
    draining: Draining,
    readiness: &Readiness,
) -> Result<impl ConnectionHandler + Clone> {
    options.check_features()?;
    let service = Rc::new(builder().await?);
    service.start()?;
    let worker = Worker::new(options, draining.clone(), readiness.clone());
    let protocols: &[&str] = if worker.options.offers_http2() { &["h2", "http/1.1"] } else { &["http/1.1"] };
    let secure = Rc::new(secure.offering(protocols));
    locked(counters).push(worker.counters.shared());
    readiness.one_is_built();
    Ok(move |stream: IoStream, peer: Peer| {
        stream.set_nodelay(true);
        let (worker, service) = (worker.clone(), service.clone());
        let (secure, draining) = (secure.clone(), draining.clone());
        async move {
            let Some(stream) = secure.open(stream, peer, &draining).await else { return Ok(()) };
            match Session::of(&stream).alpn_protocol() {
                // Boxed, so that connections of HTTP/1.1 need no room for it.
                Some(b"h2") => Box::pin(http2::serve_connection(stream, peer, worker, service)).await,
                _ => serve_connection(Link::new(stream, peer, worker), service).await,
            }
            Ok(())
        }
    })
}

/// Nothing that holds the lock can leave the list half changed, so a panic elsewhere is no matter.
fn locked(counters: &AllCounters) -> MutexGuard<'_, Vec<Arc<Counters>>> {
    counters.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server without its builder's type; made by [`HttpServer::handle`].
#[derive(Clone)]
pub struct HttpServerHandle {
    state: Rc<State>,
}

impl HttpServerHandle {
    /// How far the server is in its life: what its readiness probe tells. May go to other threads.
    pub fn readiness(&self) -> Readiness {
        self.state.readiness.clone()
    }

    /// Has the server's [`readiness`](Self::readiness) say that its end is near, and changes nothing else: it
    /// goes on to accept connections and to answer. [`stop`](Self::stop) and [`drain`](Self::drain) do so too.
    pub fn announce_end(&self) {
        self.state.readiness.announce_end();
    }

    /// Announces the end, goes on for the [`shutdown_delay`](HttpServer::shutdown_delay), then
    /// [drains](Self::drain), for `limit` at most. If the end was announced before, there is no delay.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the end announced; otherwise as of `drain`.
    pub async fn shut_down(&self, limit: Duration) -> usize {
        let delay = self.state.shutdown_delay.get();
        if self.state.readiness.announce_end() && !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.drain(limit).await
    }

    /// Stops listening, on all workers; open connections go on.
    pub fn stop(&self) {
        self.announce_end();
        let workers = {
            let mut listening = self.state.listening.borrow_mut();
            // Sockets whose service is being built may have clients: those close once it is there.
            if listening.set_up.is_none() {
                listening.pending.clear();
            }
            listening.workers.clone()
        };
        self.state.acceptor.stop();
        if let Some(workers) = workers {
            workers.stop();
        }
    }

    /// Ends without losing a request: stops listening, serves what has been connected, finishes the
    /// requests in flight with `Connection: close`, and ends connections that wait for a next request
    /// when none came for a second. What still goes on at the limit is cut off; gives how many that were.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the server stopped; connections that have not ended go on.
    pub async fn drain(&self, limit: impl Into<Deadline>) -> usize {
        let limit = limit.into();
        self.stop();
        let (workers, set_up) = {
            let listening = self.state.listening.borrow();
            (listening.workers.clone(), listening.set_up.clone())
        };
        if let Some(set_up) = set_up {
            // At the limit there is nobody to be served.
            let _ = set_up.wait().timeout(limit).await;
        }
        match workers {
            Some(workers) => workers.drain(limit).await,
            None => self.state.acceptor.drain(limit).await,
        }
    }

    /// What has been counted of requests, over all workers.
    pub fn statistics(&self) -> Statistics {
        let mut sum = Statistics::default();
        for counters in locked(&self.state.counters).iter() {
            counters.add_to(&mut sum);
        }
        sum
    }

    /// What has been counted of connections, over all workers.
    pub fn connection_counts(&self) -> ConnectionCounts {
        self.state.acceptor.gate().counts()
    }
}

/// Serves HTTP on one stream until it ends, whatever carries it.
///
/// For tests over an in-memory pair, and for connections that come from elsewhere than a socket.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
/// use firewhirl_event::{IoLoop, IoStream, Result};
/// use firewhirl_http::{Exchange, Headers, ServerOptions, serve_stream};
/// use http::StatusCode;
///
/// async fn hello(exchange: &mut Exchange) -> Result {
///     let mut headers = Headers::new();
///     headers.set("Content-Length", 5)?;
///     Ok(exchange.connection.respond(StatusCode::OK, None, &headers, b"hello")?)
/// }
///
/// # IoLoop::current().run_sync(async {
/// let (near, mut far) = IoStream::pair()?;
/// IoLoop::current().spawn_callback(serve_stream(near, Rc::new(hello), ServerOptions::new()));
/// far.write("GET / HTTP/1.0\r\n\r\n");
/// let answer = far.read_until_close().await?;
/// assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n") && answer.ends_with(b"\r\n\r\nhello"));
/// # Ok(()) }).unwrap();
/// ```
pub async fn serve_stream<Service: Serve>(stream: IoStream, service: Rc<Service>, options: ServerOptions) {
    panics::install_hook();
    let worker = Worker::new(options, Draining::default(), Readiness::default());
    serve_connection(Link::new(stream, Peer::Unix, worker), service).await;
}
