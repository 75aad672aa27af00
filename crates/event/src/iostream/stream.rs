//! `IoStream`: what it is made of, how it is opened and how it is closed.
//!
//! Reading is in `read.rs`, writing in `write.rs`. A stream has two directions that end on their own:
//! the peer's end of sending is `eof`, ours is `write_side`. It is closed once it has no transport;
//! what was read before that can still be taken.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use tokio::net::unix::pipe;
use tokio::net::{TcpStream, UnixStream};
use tokio::task::coop::unconstrained;

use super::buffers::{Input, Output};
use super::close::CloseWatch;
use super::error::{StreamError, is_reset};
use super::limits::StreamLimits;
use super::memory::{MemoryPair, MemoryTransport};
use super::transport::{AnyTransport, Layer, Transport};

/// A connection that is read by what one waits for and written to without waiting.
///
/// Reads name what ends them ([`read_until`](Self::read_until), [`read_bytes`](Self::read_bytes), ...)
/// and are futures. Writes only queue: what is queued leaves with the next read that has to wait for
/// the peer, or with [`flush`](Self::flush), which is also where a slow peer is waited for. A stream
/// that is dropped is closed. Tornado's `IOStream` and `PipeIOStream`.
///
/// # Examples
///
/// A line server's side of a connection:
///
/// ```
/// use firewhirl_event::{IoLoop, IoStream, StreamError};
///
/// async fn echo(mut stream: IoStream) -> Result<(), StreamError> {
///     loop {
///         let line = stream.read_until(b"\n").await?;
///         stream.write("You sent: ");
///         stream.write(line);
///     }
/// }
///
/// # IoLoop::current().run_sync(async {
/// let (near, mut far) = IoStream::pair()?;
/// IoLoop::current().spawn_callback(async { drop(echo(near).await) });
/// far.write("hello\n");
/// assert_eq!(far.read_until(b"\n").await?, "You sent: hello\n");
/// # Ok(()) }).unwrap();
/// ```
pub struct IoStream {
    pub(super) transport: Option<AnyTransport>,
    pub(super) input: Input,
    pub(super) output: Output,
    pub(super) limits: StreamLimits,
    pub(super) error: Option<Arc<io::Error>>,
    pub(super) close_watch: Option<Rc<CloseWatch>>,
    /// The peer sends no more.
    pub(super) eof: bool,
    pub(super) write_side: WriteSide,
    /// A write has been dropped and nobody has been told so far.
    pub(super) refused: Refused,
    /// The transport has taken bytes that it could not hand on yet.
    pub(super) kept_beneath: bool,
}

/// Whether the stream can still be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteSide {
    Open,
    /// We have said that no more comes.
    Shut,
    /// A write has failed; reads go on until the peer's last byte.
    Broken,
}

/// Why a write was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Nothing,
    Full,
    Closed,
}

/// What a stream leaves behind when it is taken apart.
#[derive(Debug)]
#[non_exhaustive]
pub struct StreamParts {
    /// What carried the bytes.
    pub transport: AnyTransport,
    /// Bytes that had been read and not yet taken.
    pub unread: Bytes,
    /// The stream's limits.
    pub limits: StreamLimits,
}

/// Opening.
impl IoStream {
    fn new(transport: AnyTransport) -> Self {
        Self {
            transport: Some(transport),
            input: Input::default(),
            output: Output::default(),
            limits: StreamLimits::default(),
            error: None,
            close_watch: None,
            eof: false,
            write_side: WriteSide::Open,
            refused: Refused::Nothing,
            kept_beneath: false,
        }
    }

    /// Lays a stream over whatever reads and writes: a tunnel, a double in a test.
    ///
    /// TCP connections, Unix sockets and pipes enter by `From`, and cost less.
    pub fn over(transport: impl Transport) -> Self {
        Self::new(AnyTransport::Other(Box::new(transport)))
    }

    /// Lays a stream over a layer that itself lies over another transport: a TLS session.
    ///
    /// Unlike one that [`over`](Self::over) makes, it knows the addresses of the connection beneath, and
    /// notices when that is closed.
    pub fn over_layer(layer: impl Layer) -> Self {
        Self::new(AnyTransport::Layer(Box::new(layer)))
    }

    /// Two streams connected in memory: what one writes, the other reads.
    ///
    /// Each way holds 64 KiB, so that a writer feels a slow reader as on a socket. For one that
    /// misbehaves see [`MemoryPair`].
    ///
    /// # Errors
    ///
    /// None so far; a pair of sockets would have some.
    pub fn pair() -> io::Result<(Self, Self)> {
        Ok(MemoryPair::new().streams())
    }

    /// Connects to a TCP address. Tornado's `IOStream.connect`.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] with the system's error as its cause.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up.
    pub async fn connect(address: SocketAddr) -> Result<Self, StreamError> {
        TcpStream::connect(address).await.map(Self::from).map_err(not_connected)
    }

    /// Connects to the Unix socket at `path`.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] with the system's error as its cause.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up.
    pub async fn connect_unix(path: impl AsRef<Path>) -> Result<Self, StreamError> {
        UnixStream::connect(path).await.map(Self::from).map_err(not_connected)
    }

    /// The reading end of a pipe. Tornado's `PipeIOStream`.
    ///
    /// # Errors
    ///
    /// Where the descriptor is no pipe, or its writing end.
    pub fn pipe_reader(descriptor: OwnedFd) -> io::Result<Self> {
        pipe::Receiver::from_owned_fd(descriptor).map(Self::from)
    }

    /// The writing end of a pipe. Tornado's `PipeIOStream`.
    ///
    /// # Errors
    ///
    /// Where the descriptor is no pipe, or its reading end.
    pub fn pipe_writer(descriptor: OwnedFd) -> io::Result<Self> {
        pipe::Sender::from_owned_fd(descriptor).map(Self::from)
    }

    /// Sets how much the stream may hold.
    #[must_use]
    pub fn with_limits(mut self, limits: StreamLimits) -> Self {
        self.limits = limits;
        self
    }
}

/// State.
impl IoStream {
    /// How much the stream may hold.
    pub fn limits(&self) -> StreamLimits {
        self.limits
    }

    /// Bytes that may be read and not yet taken. Default: 100 MiB.
    pub fn max_buffer_size(&self) -> usize {
        self.limits.max_buffer_size
    }

    /// Whether the stream is closed: by us, by an error, or by a read that found the peer gone.
    ///
    /// A peer that has only stopped sending leaves the stream open for writing, see
    /// [`is_eof`](Self::is_eof). What was read before the close can still be taken.
    #[inline]
    pub fn closed(&self) -> bool {
        self.transport.is_none()
    }

    /// Whether the peer will send no more. Bytes that it sent before may still be in the
    /// [`buffer`](Self::buffer).
    #[inline]
    pub fn is_eof(&self) -> bool {
        self.eof
    }

    /// What broke the stream, if it was not just closed. Tornado's `stream.error`.
    pub fn error(&self) -> Option<&io::Error> {
        self.error.as_deref()
    }

    /// What carries the bytes, `None` once the stream is closed.
    pub fn transport(&self) -> Option<&AnyTransport> {
        self.transport.as_ref()
    }

    /// The peer's address, where the stream is a TCP connection.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the stream is closed, `Unsupported` if it is not TCP, or the system's.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp()?.peer_addr()
    }

    /// Our own address, where the stream is a TCP connection.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the stream is closed, `Unsupported` if it is not TCP, or the system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp()?.local_addr()
    }

    /// Asks that short writes leave at once instead of being gathered by Nagle's algorithm.
    ///
    /// Does nothing where the stream is not TCP, and nothing to a connection that has ended.
    pub fn set_nodelay(&self, nodelay: bool) {
        if let Ok(tcp) = self.tcp() {
            // It can fail on a connection only that is already reset, which the next read tells.
            let _ = tcp.set_nodelay(nodelay);
        }
    }

    fn tcp(&self) -> io::Result<&TcpStream> {
        let transport = self.transport.as_ref().ok_or(ErrorKind::NotConnected)?;
        transport.as_tcp().ok_or_else(|| ErrorKind::Unsupported.into())
    }
}

/// Closing.
impl IoStream {
    /// Closes the stream, at once and for good. Closing it again does nothing.
    ///
    /// What is still queued is handed to the system as far as it takes it without waiting; the rest is
    /// dropped, so await [`flush`](Self::flush) first where it matters. What has been read can still be
    /// taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{IoLoop, IoStream};
    ///
    /// # IoLoop::current().run_sync(async {
    /// let (mut near, mut far) = IoStream::pair()?;
    /// near.write("goodbye");
    /// near.close();
    /// assert!(near.closed());
    /// assert_eq!(far.read_until_close().await?, "goodbye");
    /// # Ok(()) }).unwrap();
    /// ```
    pub fn close(&mut self) {
        if self.transport.is_some() {
            if self.write_side == WriteSide::Open && self.writing() {
                self.send_at_once();
            }
            self.shut();
        }
    }

    /// Closes the stream and keeps why: later reads and writes answer with it, as does
    /// [`error`](Self::error). The first error stays.
    pub fn close_with(&mut self, error: io::Error) {
        if self.transport.is_some() {
            self.error.get_or_insert_with(|| Arc::new(error));
            self.close();
        }
    }

    /// Takes the stream apart, for what goes on with the connection by other means: TLS, an upgrade.
    ///
    /// Flush first: what is queued is not part of it. The close callback is dropped without being run.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] if the stream is closed.
    pub fn into_parts(mut self) -> Result<StreamParts, StreamError> {
        let Some(transport) = self.transport.take() else { return Err(self.closed_error()) };
        self.clear_close_callback();
        let unread = self.input.take(self.input.len());
        Ok(StreamParts { transport, unread, limits: self.limits })
    }

    /// The error of an operation on a stream that is closed.
    #[cold]
    pub(super) fn closed_error(&self) -> StreamError {
        StreamError::Closed { cause: self.error.clone() }
    }

    /// Closes the stream because of what the transport said.
    #[cold]
    pub(super) fn break_off(&mut self, error: io::Error) -> StreamError {
        self.error.get_or_insert_with(|| Arc::new(error));
        self.shut();
        self.closed_error()
    }

    /// Closes the stream because a read cannot come to an end.
    #[cold]
    pub(super) fn give_up(&mut self, error: StreamError) -> StreamError {
        if error.is_fatal() && self.transport.is_some() {
            tracing::info!(target: crate::log_targets::GEN, "closing a connection: {error}");
            self.close_with(error.clone().into());
        }
        error
    }

    /// Whether what ended the stream was no more than an end.
    pub(super) fn ended_quietly(&self) -> bool {
        self.error.as_deref().is_none_or(is_reset)
    }

    /// Lets the transport go, and with it what was not sent.
    pub(super) fn shut(&mut self) {
        if let Some(mut transport) = self.transport.take()
            && self.writing()
        {
            transport.abandon();
        }
        self.output.clear();
        self.kept_beneath = false;
        self.input.release();
        if let Some(watch) = self.close_watch.take() {
            watch.closed();
        }
    }

    /// Sends what can be sent without waiting, whatever is left of the task's share of this turn.
    fn send_at_once(&mut self) {
        let mut last = pin!(unconstrained(poll_fn(|cx| self.poll_send(cx))));
        // Whether it succeeds makes no difference any more.
        let _ = last.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
}

impl Drop for IoStream {
    fn drop(&mut self) {
        self.close();
        self.input.advance(self.input.len());
        self.input.release();
    }
}

impl fmt::Debug for IoStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoStream")
            .field("transport", &self.transport)
            .field("unread", &self.input.len())
            .field("unsent", &self.output.len())
            .field("eof", &self.eof)
            .field("error", &self.error)
            .finish()
    }
}

impl From<TcpStream> for IoStream {
    fn from(tcp: TcpStream) -> Self {
        Self::new(AnyTransport::Tcp(tcp))
    }
}

impl From<UnixStream> for IoStream {
    fn from(unix: UnixStream) -> Self {
        Self::new(AnyTransport::Unix(unix))
    }
}

impl From<pipe::Receiver> for IoStream {
    fn from(pipe: pipe::Receiver) -> Self {
        Self::new(AnyTransport::PipeReader(pipe))
    }
}

impl From<pipe::Sender> for IoStream {
    fn from(pipe: pipe::Sender) -> Self {
        Self::new(AnyTransport::PipeWriter(pipe))
    }
}

impl From<MemoryTransport> for IoStream {
    fn from(memory: MemoryTransport) -> Self {
        Self::new(AnyTransport::Memory(memory))
    }
}

impl From<AnyTransport> for IoStream {
    fn from(transport: AnyTransport) -> Self {
        Self::new(transport)
    }
}

fn not_connected(error: io::Error) -> StreamError {
    StreamError::Closed { cause: Some(Arc::new(error)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_small() {
        assert!(size_of::<IoStream>() <= 200, "{} bytes", size_of::<IoStream>());
    }
}
