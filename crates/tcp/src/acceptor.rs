//! What every server of ours is built on: it takes in the connections of some listening sockets and runs
//! a handler on each, on one loop.
//!
//! This file holds its life: serving, stopping, draining. Stopping takes in first what the kernel has
//! already connected, so that a deploy loses none of it; draining waits for the connections to end.
//! Nothing here knows of protocols, or that there may be other workers.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use firewhirl_event::{Deadline, IoLoop, IoStream, Result, log_targets};
use tokio::task::AbortHandle;
use tokio::time::timeout_at;

use crate::accept::{Accepting, AcceptingSocket};
use crate::connections::Connections;
use crate::drain_all::Enrolled;
use crate::handover::{self, Offer};
use crate::listener::RegisteredListener;
use crate::{Draining, Gate, Listener, Peer};

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

pub(crate) struct State {
    /// First, so that nobody asks for what is being dropped.
    _enrolled: Enrolled,
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
        let io_loop = IoLoop::current();
        Self {
            state: Rc::new_cyclic(|state| State {
                _enrolled: Enrolled::new(&io_loop, state.clone()),
                io_loop,
                connections: Rc::new(Connections::new(gate.clone())),
                gate,
                draining: Draining::default(),
                accepting: RefCell::default(),
                stopped: Cell::new(false),
            }),
        }
    }

    /// A handle to the acceptor whose state this is.
    pub(crate) fn of(state: Rc<State>) -> Self {
        Self { state }
    }

    /// Accepts connections from these sockets, and runs `handler` on each as a task of its own.
    ///
    /// Takes effect at once, and may be called more than once. After [`stop`](Self::stop) it only takes
    /// in what had already connected. A service manager is told that we are ready now, see
    /// [`handover`]. Tornado's `add_accept_handler`.
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
        let mut listeners: Vec<Listener> = sockets.into_iter().map(Into::into).collect();
        for index in 0..listeners.len() {
            while let Some(beside) = listeners[index].inherited_beside()? {
                listeners.push(beside);
            }
        }
        let offers: Vec<Option<Offer>> = listeners.iter().map(Offer::of).collect();
        let sockets: Vec<RegisteredListener> =
            listeners.into_iter().map(Listener::register).collect::<io::Result<_>>()?;
        if !self.state.stopped.get() {
            handover::announce(offers.iter().flatten());
            handover::warn_of_unclaimed(&self.state.io_loop);
        }
        for (socket, offer) in sockets.into_iter().zip(offers) {
            let (gate, connections) = (self.state.gate.clone(), self.state.connections.clone());
            let socket = Rc::new(AcceptingSocket::new(socket, offer, handler.clone(), gate, connections));
            if self.state.stopped.get() {
                socket.stop();
                continue;
            }
            let (accepting, state) = (socket.clone(), self.state.clone());
            let task = tokio::task::spawn_local(async move {
                // As long as it accepts it can be drained, whether or not anybody has a handle to it.
                let _state = state;
                accepting.run().await;
            });
            self.state.accepting.borrow_mut().push((task.abort_handle(), socket));
        }
        Ok(())
    }

    /// Runs `handler` on a connection that came from elsewhere than a listening socket, as a task of its
    /// own.
    ///
    /// It is there already, so the cap on connections does not hold it up; the one by address does. A
    /// drain waits for it. Tornado's `TCPServer.handle_stream`.
    pub fn handle_stream(&self, stream: IoStream, peer: Peer, handler: impl ConnectionHandler) {
        let State { io_loop, gate, connections, .. } = &*self.state;
        let _context = io_loop.enter();
        if let Some(admission) = gate.admit(gate.place_beyond_the_cap(), peer) {
            connections.spawn(Rc::new(handler), stream, peer, admission);
        }
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
