//! What carries a stream's bytes: a socket, a pipe, memory, or whatever else reads and writes.
//!
//! The kinds that matter for speed are variants of one enum, so that a read from a TCP connection is
//! a direct call; everything else (TLS, say, which lives in a layer above) is a boxed [`Transport`].

use std::any::Any;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::unix::pipe;
use tokio::net::{TcpStream, UnixStream};

use super::memory::MemoryTransport;

/// Anything that a stream can be laid over: whatever is `AsyncRead + AsyncWrite + Unpin`.
///
/// It is implemented for all of them. Tornado's hooks for subclasses of `BaseIOStream` (`read_from_fd`,
/// `write_to_fd`, ...).
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Any {}

impl<Kind: AsyncRead + AsyncWrite + Unpin + 'static> Transport for Kind {}

/// A transport of one of the known kinds, or any other in a box.
///
/// It is itself `AsyncRead + AsyncWrite`, so that TLS can be laid over what a plain stream has given
/// back.
#[non_exhaustive]
pub enum AnyTransport {
    /// A TCP connection.
    Tcp(TcpStream),
    /// A Unix stream socket.
    Unix(UnixStream),
    /// The end of a pipe that is read from.
    PipeReader(pipe::Receiver),
    /// The end of a pipe that is written to.
    PipeWriter(pipe::Sender),
    /// One end of a connection in memory.
    Memory(MemoryTransport),
    /// Anything else.
    Other(Box<dyn Transport>),
}

impl AnyTransport {
    /// The boxed transport as the type that it was made of, if it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{IoLoop, IoStream};
    ///
    /// # IoLoop::current().run_sync(async {
    /// let (near, _far) = tokio::io::duplex(64);
    /// let stream = IoStream::over(near);
    /// let transport = stream.transport().unwrap();
    /// assert!(transport.downcast_ref::<tokio::io::DuplexStream>().is_some());
    /// # Ok(()) }).unwrap();
    /// ```
    pub fn downcast_ref<Kind: Transport>(&self) -> Option<&Kind> {
        match self {
            Self::Other(transport) => {
                let transport: &dyn Any = &**transport;
                transport.downcast_ref()
            }
            _ => None,
        }
    }

    /// The TCP connection, where it is one.
    pub fn as_tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Tcp(tcp) => Some(tcp),
            _ => None,
        }
    }

    /// The file descriptor beneath, where the kernel carries the bytes.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Tcp(tcp) => Some(tcp.as_fd()),
            Self::Unix(unix) => Some(unix.as_fd()),
            Self::PipeReader(pipe) => Some(pipe.as_fd()),
            Self::PipeWriter(pipe) => Some(pipe.as_fd()),
            Self::Memory(_) | Self::Other(_) => None,
        }
    }

    /// Whether all that is written is also on its way, without a flush.
    pub(super) fn is_unbuffered(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "Tcp",
            Self::Unix(_) => "Unix",
            Self::PipeReader(_) => "PipeReader",
            Self::PipeWriter(_) => "PipeWriter",
            Self::Memory(_) => "Memory",
            Self::Other(_) => "Other",
        }
    }
}

impl AsyncRead for AnyTransport {
    #[inline]
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, window: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, window),
            Self::Unix(unix) => Pin::new(unix).poll_read(cx, window),
            Self::PipeReader(pipe) => Pin::new(pipe).poll_read(cx, window),
            Self::PipeWriter(_) => Poll::Ready(Err(one_way("read"))),
            Self::Memory(memory) => Pin::new(memory).poll_read(cx, window),
            Self::Other(other) => Pin::new(&mut **other).poll_read(cx, window),
        }
    }
}

impl AsyncWrite for AnyTransport {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Unix(unix) => Pin::new(unix).poll_write(cx, bytes),
            Self::PipeReader(_) => Poll::Ready(Err(one_way("written"))),
            Self::PipeWriter(pipe) => Pin::new(pipe).poll_write(cx, bytes),
            Self::Memory(memory) => Pin::new(memory).poll_write(cx, bytes),
            Self::Other(other) => Pin::new(&mut **other).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Self::Unix(unix) => Pin::new(unix).poll_write_vectored(cx, slices),
            Self::PipeReader(_) => Poll::Ready(Err(one_way("written"))),
            Self::PipeWriter(pipe) => Pin::new(pipe).poll_write_vectored(cx, slices),
            Self::Memory(memory) => Pin::new(memory).poll_write_vectored(cx, slices),
            Self::Other(other) => Pin::new(&mut **other).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(_) | Self::Unix(_) | Self::PipeWriter(_) => true,
            Self::PipeReader(_) | Self::Memory(_) => false,
            Self::Other(other) => other.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Other(other) => Pin::new(&mut **other).poll_flush(cx),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Unix(unix) => Pin::new(unix).poll_shutdown(cx),
            Self::PipeReader(_) | Self::PipeWriter(_) => Poll::Ready(Ok(())),
            Self::Memory(memory) => Pin::new(memory).poll_shutdown(cx),
            Self::Other(other) => Pin::new(&mut **other).poll_shutdown(cx),
        }
    }
}

impl fmt::Debug for AnyTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

#[cold]
fn one_way(done: &str) -> io::Error {
    io::Error::new(ErrorKind::Unsupported, format!("this end of a pipe cannot be {done}"))
}
