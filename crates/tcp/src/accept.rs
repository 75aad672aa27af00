//! Accepting connections on one loop, until told to stop.
//!
//! What every server of ours is built on. It takes the connections of some listening sockets and runs
//! a handler on each: fairly (no more than so many a turn), within the caps of a [`Gate`], and on
//! through an exhausted system. Stopping takes in first what the kernel has already connected, so that
//! a deploy loses none of it; draining waits for the connections to end. Nothing here knows of
//! protocols, or that there may be other workers.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use firewhirl_event::{Deadline, IoLoop, IoStream, Result, log_targets};
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{timeout, timeout_at};

use crate::connections::Connections;
use crate::gate::Place;
use crate::listener::RegisteredListener;
use crate::{Draining, Gate, Listener, Peer};

/// Connections that one socket gives its loop before the loop's other work has its turn.
///
/// Tornado takes 128. With fewer, workers that share a socket share a burst more evenly, and a turn
/// costs one look at the selector, which is little beside sixteen calls of `accept`.
const ACCEPTS_A_TURN: usize = 16;

/// How long accepting rests when the system has no file descriptor or memory, unless one of our own
/// connections ends sooner.
const REST: Duration = Duration::from_millis(100);

/// What serves a connection: an async function of the stream and who is at its other end.
///
/// `async |mut stream: IoStream, peer| { .. }` is one, and so is an `async fn(IoStream, Peer) -> Result`.
/// The connection ends with it. An error is logged, unless it says that the peer has gone.
#[diagnostic::on_unimplemented(
    message = "this function cannot serve a connection",
    label = "expected `async |stream: IoStream, peer| ..` or `async fn(stream: IoStream, peer: Peer) -> Result`",
    note = "it must be `async`, take an `IoStream` and a `Peer`, own what it captures (`async move`), and return `Result`"
)]
pub trait ConnectionHandler: AsyncFn(IoStream, Peer) -> Result + 'static {}

#[diagnostic::do_not_recommend]
impl<Function: AsyncFn(IoStream, Peer) -> Result + 'static> ConnectionHandler for Function {}

/// Accepts connections on this thread's loop and runs a handler on each. Cheap to clone.
///
/// [`TcpServer`](crate::TcpServer) is this with listening added; a server of another protocol builds on
/// it directly. It works as long as the loop runs, whether or not a handle to it is kept.
///
/// # Examples
///
/// ```
/// use firewhirl_event::{IoLoop, IoStream};
/// use firewhirl_tcp::{Acceptor, BindOptions, Gate, TcpClient, bind_sockets};
///
/// # fn main() -> firewhirl_event::Result {
/// let sockets = bind_sockets(0, &BindOptions::default().address("127.0.0.1"))?;
/// let port = sockets[0].local_addr()?.port();
///
/// let acceptor = Acceptor::new(Gate::default());
/// acceptor.serve(sockets, async |mut stream: IoStream, _peer| {
///     stream.write("hello\n");
///     stream.flush().await?;
///     Ok(())
/// })?;
/// IoLoop::current().run_sync(async move {
///     let mut stream = TcpClient::new().connect(("127.0.0.1", port)).await?;
///     assert_eq!(stream.read_until(b"\n").await?, "hello\n");
///     acceptor.stop();
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct Acceptor {
    state: Rc<State>,
}

struct State {
    io_loop: IoLoop,
    gate: Gate,
    connections: Rc<Connections>,
    draining: Draining,
    accepting: RefCell<Vec<(AbortHandle, Rc<dyn Accepting>)>>,
    stopped: Cell<bool>,
}

impl Acceptor {
    /// An acceptor for this thread's loop that listens on nothing yet.
    pub fn new(gate: Gate) -> Self {
        Self {
            state: Rc::new(State {
                io_loop: IoLoop::current(),
                connections: Rc::new(Connections::new(gate.clone())),
                gate,
                draining: Draining::default(),
                accepting: RefCell::default(),
                stopped: Cell::new(false),
            }),
        }
    }

    /// Accepts connections from these sockets, and runs `handler` on each as a task of its own.
    ///
    /// Takes effect at once, and may be called more than once. After [`stop`](Self::stop) it only takes
    /// in what had already connected. Tornado's `add_accept_handler`.
    ///
    /// # Errors
    ///
    /// What the system says when a socket is to be watched by the loop; then none of them is.
    pub fn serve<Socket: Into<Listener>>(
        &self,
        sockets: impl IntoIterator<Item = Socket>,
        handler: impl ConnectionHandler,
    ) -> io::Result<()> {
        let handler = Rc::new(handler);
        let _context = self.state.io_loop.enter();
        let sockets: Vec<RegisteredListener> =
            sockets.into_iter().map(|socket| socket.into().register()).collect::<io::Result<_>>()?;
        for socket in sockets {
            let socket = Rc::new(AcceptingSocket {
                socket: RefCell::new(Some(socket)),
                handler: handler.clone(),
                gate: self.state.gate.clone(),
                connections: self.state.connections.clone(),
            });
            if self.state.stopped.get() {
                socket.stop();
                continue;
            }
            let task = tokio::task::spawn_local(socket.clone().run());
            self.state.accepting.borrow_mut().push((task.abort_handle(), socket));
        }
        Ok(())
    }

    /// Closes the listening sockets; open connections go on. Stopping twice does nothing.
    ///
    /// Connections that the kernel has already made for us are taken in first and served, beyond a cap
    /// on connections if need be: their clients believe to be connected. Tornado's `TCPServer.stop`,
    /// which loses them.
    pub fn stop(&self) {
        self.state.stopped.set(true);
        let _context = self.state.io_loop.enter();
        for (task, socket) in self.state.accepting.take() {
            task.abort();
            socket.stop();
        }
    }

    /// Stops accepting, and waits for the open connections to end; those that have not at the limit are
    /// cancelled. Gives how many that were.
    ///
    /// Connections learn of it through [`draining`](Self::draining). Called by a connection's own
    /// handler it waits for that one too.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the server stopped and its connections told, but nobody will cancel
    /// them.
    pub async fn drain(&self, limit: impl Into<Deadline>) -> usize {
        self.stop();
        self.state.draining.begin();
        let connections = &self.state.connections;
        connections.wake();
        if timeout_at(limit.into().instant().into(), connections.all_ended()).await.is_ok() {
            return 0;
        }
        let cut_off = connections.len();
        tracing::warn!(target: log_targets::GEN, "{cut_off} connections cut off at the end of the drain");
        connections.cancel();
        connections.all_ended().await;
        cut_off
    }

    /// The word to connections that a drain has begun.
    pub fn draining(&self) -> Draining {
        self.state.draining.clone()
    }

    /// The caps and counts of connections, which other workers may have a part in.
    pub fn gate(&self) -> &Gate {
        &self.state.gate
    }

    /// Connections open on this loop.
    pub fn open_connections(&self) -> usize {
        self.state.connections.len()
    }
}

/// A socket with its handler, whose type only it knows.
trait Accepting {
    fn stop(&self);
}

struct AcceptingSocket<Handler> {
    /// `None` once stopped.
    socket: RefCell<Option<RegisteredListener>>,
    handler: Rc<Handler>,
    gate: Gate,
    connections: Rc<Connections>,
}

/// Closes the socket with the task that accepts from it, when the loop is closed. At a stop it has
/// been taken by then.
struct CloseOnDrop<'socket>(&'socket RefCell<Option<RegisteredListener>>);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

/// What trying to accept came to.
enum Attempt {
    Accepted(IoStream, Peer, Place),
    Failed(io::Error),
    Full,
}

impl<Handler: ConnectionHandler> AcceptingSocket<Handler> {
    async fn run(self: Rc<Self>) {
        let _closing = CloseOnDrop(&self.socket);
        let mut exhausted = false;
        loop {
            for _ in 0..ACCEPTS_A_TURN {
                match self.attempt().await {
                    Attempt::Accepted(stream, peer, place) => {
                        if std::mem::take(&mut exhausted) {
                            tracing::info!(target: log_targets::GEN, "accepting connections again");
                        }
                        self.take_in(stream, peer, place);
                    }
                    Attempt::Full => {
                        self.gate.count_full();
                        self.gate.place_freed().await;
                    }
                    Attempt::Failed(error) if is_of_one_connection(&error) => {}
                    Attempt::Failed(error) => {
                        // Once a spell: it may go on for hours, and the log needs descriptors too.
                        if !std::mem::replace(&mut exhausted, true) {
                            self.gate.count_exhausted();
                            tracing::error!(
                                target: log_targets::GEN,
                                "cannot accept connections, which wait meanwhile: {error}"
                            );
                        }
                        let _ = timeout(REST, self.connections.one_ended()).await;
                    }
                }
            }
            yield_now().await;
        }
    }

    /// Waits for a connection, if there is a place for one.
    fn attempt(&self) -> impl Future<Output = Attempt> {
        poll_fn(|cx| {
            let socket = self.socket.borrow();
            // Stopped: the task of this is being aborted.
            let Some(socket) = &*socket else { return Poll::Pending };
            // The place first: with it in hand nothing that is accepted can be one too many. It is
            // given back while there is none to accept, so that it is not kept from other sockets.
            let Some(place) = self.gate.try_place() else { return Poll::Ready(Attempt::Full) };
            socket.poll_accept(cx).map(|accepted| match accepted {
                Ok((stream, peer)) => Attempt::Accepted(stream, peer, place),
                Err(error) => Attempt::Failed(error),
            })
        })
    }

    /// Runs the handler, unless the peer's address has too many connections: then the stream closes.
    fn take_in(&self, stream: IoStream, peer: Peer, place: Place) {
        if let Some(admission) = self.gate.admit(place, peer) {
            self.connections.spawn(self.handler.clone(), stream, peer, admission);
        }
    }
}

impl<Handler: ConnectionHandler> Accepting for AcceptingSocket<Handler> {
    fn stop(&self) {
        let Some(socket) = self.socket.take() else { return };
        // Off the loop, for what the loop knows of the socket may be older than what is in it.
        let swept = socket.deregister().and_then(|socket| {
            loop {
                match socket.accept() {
                    Ok((stream, peer)) => self.take_in(stream, peer, self.gate.place_beyond_the_cap()),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                    Err(error) if is_of_one_connection(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        });
        if let Err(error) = swept {
            tracing::error!(target: log_targets::GEN, "connections may be lost in closing a listening socket: {error}");
        }
    }
}

/// Whether an error of `accept` is about the connection that it would have been, which is gone, and
/// not about the socket or the system. Linux hands on a new connection's network errors (accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted | HostUnreachable | NetworkUnreachable | NetworkDown
    ) || matches!(error.raw_os_error(), Some(libc::EPROTO | libc::ENOPROTOOPT | libc::EHOSTDOWN | libc::EOPNOTSUPP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_of_one_connection_are_passed_over() {
        for (code, passed_over) in [
            (libc::ECONNABORTED, true),
            (libc::EINTR, true),
            (libc::EPROTO, true),
            (libc::ENETDOWN, true),
            (libc::EHOSTUNREACH, true),
            (libc::EMFILE, false),
            (libc::ENFILE, false),
            (libc::ENOBUFS, false),
            (libc::ENOMEM, false),
            (libc::EBADF, false),
        ] {
            let error = io::Error::from_raw_os_error(code);
            assert_eq!(is_of_one_connection(&error), passed_over, "{error}");
        }
    }
}
