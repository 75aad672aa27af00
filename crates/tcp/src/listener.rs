//! A socket that connections are accepted from, over TCP or Unix, off a loop and on one.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::task::{Context, Poll, ready};

use firewhirl_event::IoStream;

use crate::netutil::{BindOptions, bind_beside, bind_sockets};
use crate::{Peer, handover};

/// A listening socket that is on no loop yet, so it can move to another thread.
///
/// Made by [`Listener::bind`], or of any listener of the standard library, wherever it comes from.
///
/// # Examples
///
/// ```
/// use firewhirl_tcp::{BindOptions, Listener};
///
/// let listeners = Listener::bind(0, &BindOptions::default().address("127.0.0.1"))?;
/// assert_ne!(listeners[0].address().unwrap().port(), 0);
/// let inherited = Listener::from(std::net::TcpListener::bind("127.0.0.1:0")?);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    /// How the socket was bound, should it be bound again beside itself.
    options: BindOptions,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Binds a port as [`bind_sockets`] does, with a listener for each address.
    ///
    /// # Errors
    ///
    /// Those of `bind_sockets`.
    pub fn bind(port: u16, options: &BindOptions) -> io::Result<Vec<Self>> {
        let sockets = bind_sockets(port, options)?;
        Ok(sockets.into_iter().map(|socket| Self { socket: Socket::Tcp(socket), options: options.clone() }).collect())
    }

    /// The address that it listens on, if it is TCP.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(socket) => socket.local_addr().ok(),
            Socket::Unix(_) => None,
        }
    }

    /// The same port for one more worker: a socket bound beside this one where it was bound with
    /// [`reuse_port`](BindOptions::reuse_port), else this one shared.
    pub(crate) fn for_another_worker(&self) -> io::Result<Self> {
        let socket = match &self.socket {
            Socket::Tcp(socket) => match bind_beside(socket, &self.options)? {
                Some(beside) => Socket::Tcp(beside),
                None => Socket::Tcp(socket.try_clone()?),
            },
            Socket::Unix(socket) => Socket::Unix(socket.try_clone()?),
        };
        Ok(Self { socket, options: self.options.clone() })
    }

    /// A further socket on the same address that this process has inherited, while there are some: one
    /// that nobody accepts from would keep its share of the connections waiting.
    pub(crate) fn inherited_beside(&self) -> io::Result<Option<Self>> {
        let Some(address) = self.address() else { return Ok(None) };
        Ok(handover::claim_beside(address)?
            .map(|socket| Self { socket: Socket::Tcp(socket), options: self.options.clone() }))
    }

    /// Puts the socket on the loop whose context this runs in.
    pub(crate) fn register(self) -> io::Result<RegisteredListener> {
        match self.address() {
            Some(address) => tracing::trace!("listening on {address}"),
            None => tracing::trace!("listening on a Unix socket"),
        }
        match self.socket {
            Socket::Tcp(socket) => {
                socket.set_nonblocking(true)?;
                tokio::net::TcpListener::from_std(socket).map(RegisteredListener::Tcp)
            }
            Socket::Unix(socket) => {
                socket.set_nonblocking(true)?;
                tokio::net::UnixListener::from_std(socket).map(RegisteredListener::Unix)
            }
        }
    }

    /// Accepts what is there, asking the kernel itself and no loop.
    pub(crate) fn accept(&self) -> io::Result<(IoStream, Peer)> {
        match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, address) = socket.accept()?;
                stream.set_nonblocking(true)?;
                Ok((tokio::net::TcpStream::from_std(stream)?.into(), address.into()))
            }
            Socket::Unix(socket) => {
                let (stream, _) = socket.accept()?;
                stream.set_nonblocking(true)?;
                Ok((tokio::net::UnixStream::from_std(stream)?.into(), Peer::Unix))
            }
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self { socket: Socket::Tcp(socket), options: BindOptions::default() }
    }
}

impl From<UnixListener> for Listener {
    fn from(socket: UnixListener) -> Self {
        Self { socket: Socket::Unix(socket), options: BindOptions::default() }
    }
}

impl From<Listener> for OwnedFd {
    fn from(listener: Listener) -> Self {
        match listener.socket {
            Socket::Tcp(socket) => socket.into(),
            Socket::Unix(socket) => socket.into(),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Tcp(socket) => socket.as_fd(),
            Socket::Unix(socket) => socket.as_fd(),
        }
    }
}

/// A listening socket on a loop.
#[derive(Debug)]
pub(crate) enum RegisteredListener {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

impl RegisteredListener {
    pub(crate) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(IoStream, Peer)>> {
        Poll::Ready(match self {
            Self::Tcp(socket) => {
                ready!(socket.poll_accept(cx)).map(|(stream, address)| (stream.into(), address.into()))
            }
            Self::Unix(socket) => ready!(socket.poll_accept(cx)).map(|(stream, _)| (stream.into(), Peer::Unix)),
        })
    }

    /// Takes the socket off its loop.
    pub(crate) fn deregister(self) -> io::Result<Listener> {
        match self {
            Self::Tcp(socket) => socket.into_std().map(Listener::from),
            Self::Unix(socket) => socket.into_std().map(Listener::from),
        }
    }
}
