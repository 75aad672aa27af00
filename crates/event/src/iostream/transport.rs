//! What carries a stream's bytes: a socket, a pipe, memory, or whatever else reads and writes.
//!
//! The kinds that matter for speed are variants of one enum, so that a read from a TCP connection is
//! a direct call; everything else is a boxed [`Transport`], or a [`Layer`] where it lies over another
//! transport (TLS, say, which is not known here).

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

/// A transport that lies over another and changes the bytes on their way: TLS.
///
/// What a stream knows of its connection (addresses, whether its peer has closed) it asks the transport
/// beneath. Lay a stream over one with [`IoStream::over_layer`](super::IoStream::over_layer).
pub trait Layer: Transport {
    /// The transport that carries what this layer makes of the bytes.
    fn beneath(&self) -> &AnyTransport;

    /// Told before the layer is dropped while bytes have not been sent: the peer must not be told that
    /// this is an orderly end. Does nothing unless implemented.
    fn abandon(&mut self) {}
}

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
    /// A layer over another transport.
    Layer(Box<dyn Layer>),
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
        let transport: &dyn Any = match self {
            Self::Other(transport) => &**transport,
            Self::Layer(layer) => &**layer,
            _ => return None,
        };
        transport.downcast_ref()
    }

    /// The TCP connection that carries the bytes, where one does: this transport, or what lies at the
    /// bottom of its layers.
    pub fn as_tcp(&self) -> Option<&TcpStream> {
        match self.bottom() {
            Self::Tcp(tcp) => Some(tcp),
            _ => None,
        }
    }

    /// The transport beneath all layers.
    pub(super) fn bottom(&self) -> &Self {
        let mut transport = self;
        while let Self::Layer(layer) = transport {
            transport = layer.beneath();
        }
        transport
    }

    /// The file descriptor beneath, where the kernel carries the bytes.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match self.bottom() {
            Self::Tcp(tcp) => Some(tcp.as_fd()),
            Self::Unix(unix) => Some(unix.as_fd()),
            Self::PipeReader(pipe) => Some(pipe.as_fd()),
            Self::PipeWriter(pipe) => Some(pipe.as_fd()),
            Self::Memory(_) | Self::Layer(_) | Self::Other(_) => None,
        }
    }

    /// Whether all that is written is also on its way, without a flush.
    pub(super) fn is_unbuffered(&self) -> bool {
        !matches!(self, Self::Layer(_) | Self::Other(_))
    }

    /// Says that the transport is dropped with bytes unsent.
    pub(super) fn abandon(&mut self) {
        if let Self::Layer(layer) = self {
            layer.abandon();
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "Tcp",
            Self::Unix(_) => "Unix",
            Self::PipeReader(_) => "PipeReader",
            Self::PipeWriter(_) => "PipeWriter",
            Self::Memory(_) => "Memory",
            Self::Layer(_) => "Layer",
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
            Self::Layer(layer) => Pin::new(&mut **layer).poll_read(cx, window),
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
            Self::Layer(layer) => Pin::new(&mut **layer).poll_write(cx, bytes),
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
            Self::Layer(layer) => Pin::new(&mut **layer).poll_write_vectored(cx, slices),
            Self::Other(other) => Pin::new(&mut **other).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(_) | Self::Unix(_) | Self::PipeWriter(_) => true,
            Self::PipeReader(_) | Self::Memory(_) => false,
            Self::Layer(layer) => layer.is_write_vectored(),
            Self::Other(other) => other.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Layer(layer) => Pin::new(&mut **layer).poll_flush(cx),
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
            Self::Layer(layer) => Pin::new(&mut **layer).poll_shutdown(cx),
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
