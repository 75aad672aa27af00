//! The listening sockets that the parent of this process has left open for it (sd_listen_fds(3)).
//!
//! They are taken from the environment once. Each then waits here until somebody asks for its address or
//! its name, and is given away once. What a socket was set up with (its backlog, the permissions of its
//! file) is the parent's affair and stays as it is.

use std::env;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use firewhirl_event::{IoLoop, log_targets};
use listenfd::ListenFd;
use socket2::SockRef;

use super::notify;
use super::offered::{is_for_any_port, remember_any_port};
use crate::Listener;

/// An inherited socket that nobody has taken.
///
/// Displayed as its address and its name: `127.0.0.1:8888 (web)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inherited {
    /// What the parent calls it in `LISTEN_FDNAMES`; systemd takes the name of the socket unit, or
    /// `FileDescriptorName=`. "unknown" where the parent gave no names.
    pub name: String,
    /// Where it listens, if that is TCP.
    pub address: Option<SocketAddr>,
    /// The file at which it listens, if it is a Unix socket that has one.
    pub path: Option<PathBuf>,
}

impl fmt::Display for Inherited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.address, &self.path) {
            (Some(address), _) => write!(f, "{address} ({})", self.name),
            (None, Some(path)) => write!(f, "{} ({})", path.display(), self.name),
            (None, None) => write!(f, "a Unix socket without a file ({})", self.name),
        }
    }
}

/// The inherited sockets that nobody has taken so far.
///
/// The first call, of this or of anything that binds a socket, takes them from the environment. A program
/// that starts threads before it listens should call this first thing in its `main`, since on Unix the
/// environment must not change while C code of another thread may read it.
///
/// # Examples
///
/// What a service may say when it has started, if its configuration and its socket units disagree:
///
/// ```
/// for socket in firewhirl_tcp::handover::inherited() {
///     eprintln!("nobody serves {socket}");
/// }
/// ```
pub fn inherited() -> Vec<Inherited> {
    waiting().iter().map(Waiting::describe).collect()
}

/// Takes the inherited sockets of a name; of one name there may be several.
///
/// For sockets that a program knows by name and not by address, which the unit of systemd then sets
/// alone.
///
/// # Examples
///
/// ```
/// use firewhirl_event::IoStream;
/// use firewhirl_tcp::{TcpServer, handover};
///
/// let server = TcpServer::new(async |mut stream: IoStream, _peer| {
///     stream.write("hello\n");
///     stream.flush().await?;
///     Ok(())
/// });
/// server.add_sockets(handover::take("web"))?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn take(name: &str) -> Vec<Listener> {
    let mut waiting = waiting();
    waiting.extract_if(.., |waiting| waiting.name == name).map(|waiting| waiting.socket.into_listener()).collect()
}

/// Closes the inherited sockets that nobody has taken, and gives what they were.
///
/// Clients of an open socket that nobody serves wait in vain; those of a closed one are refused. A
/// service manager that keeps sockets for us is told to forget these too.
pub fn close_unclaimed() -> Vec<Inherited> {
    let unclaimed = std::mem::take(&mut *waiting());
    for socket in &unclaimed {
        if notify::keeps_descriptors() {
            notify::tell(&format!("FDSTOREREMOVE=1\nFDNAME={}", socket.name));
        }
    }
    unclaimed.iter().map(Waiting::describe).collect()
}

/// What there is among the inherited sockets for an address.
pub(crate) enum Claim {
    /// The socket of this address.
    Taken(TcpListener),
    /// One that listens on this address and another, and will be taken for that.
    WithAnother,
    /// None.
    None,
}

/// Takes a socket that listens on `address`, one of `all` that are asked for at once. For port 0 that is
/// one which the process before us got for port 0 too.
///
/// A socket on `[::]` that is not for IPv6 alone, which is what `ListenStream=8888` of systemd makes,
/// listens on `0.0.0.0` as well, where no other can be bound then.
pub(crate) fn claim(address: SocketAddr, all: &[SocketAddr]) -> io::Result<Claim> {
    let mut waiting = waiting();
    let mut at = waiting.iter().position(|waiting| match waiting.socket.address() {
        Some(own) if address.port() == 0 => own.ip() == address.ip() && is_for_any_port(&waiting.name),
        own => own == Some(address),
    });
    if at.is_none() && address.is_ipv4() && address.ip().is_unspecified() {
        let for_both = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), address.port());
        at = waiting.iter().position(|waiting| waiting.socket.listens_for_both_families_on(for_both));
        if at.is_some() && all.contains(&for_both) {
            return Ok(Claim::WithAnother);
        }
    }
    let taken = at.map(|at| waiting.remove(at).taken()).transpose()?.and_then(Socket::into_tcp);
    if let (Some(socket), 0) = (&taken, address.port()) {
        remember_any_port(socket)?;
    }
    Ok(taken.map_or(Claim::None, Claim::Taken))
}

/// Takes a further socket on the address of one that was taken: each worker of the process before us
/// may have had its own, and the kernel goes on giving every one of them its share of connections.
pub(crate) fn claim_beside(address: SocketAddr) -> io::Result<Option<TcpListener>> {
    let mut waiting = waiting();
    let at = waiting.iter().position(|waiting| waiting.socket.address() == Some(address));
    let taken = at.map(|at| waiting.remove(at).taken()).transpose()?;
    Ok(taken.and_then(Socket::into_tcp))
}

/// Takes the socket that listens at a path, if its file is still there.
pub(crate) fn claim_unix(path: &Path) -> io::Result<Option<UnixListener>> {
    let mut waiting = waiting();
    let at = waiting.iter().position(|waiting| waiting.socket.listens_at(path));
    let taken = at.map(|at| waiting.remove(at).taken()).transpose()?;
    Ok(taken.and_then(Socket::into_unix))
}

/// Says in the log, a while after the process has begun to serve, which sockets nobody has taken: their
/// clients wait in vain.
pub(crate) fn warn_of_unclaimed(io_loop: &IoLoop) {
    const A_WHILE: Duration = Duration::from_secs(10);
    static ASKED: AtomicBool = AtomicBool::new(false);

    if waiting().is_empty() || ASKED.swap(true, Ordering::Relaxed) {
        return;
    }
    io_loop.call_later(A_WHILE, || {
        for socket in inherited() {
            let advice = "listen on it, take it out of the unit, or call `handover::close_unclaimed`";
            tracing::warn!(target: log_targets::GEN, "the inherited socket {socket} is served by nobody; {advice}");
        }
    });
}

/// A socket on its way from the parent to whoever will serve it.
struct Waiting {
    name: String,
    socket: Socket,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Waiting {
    fn describe(&self) -> Inherited {
        let path = match &self.socket {
            Socket::Tcp(_) => None,
            Socket::Unix(socket) => path_of(socket),
        };
        Inherited { name: self.name.clone(), address: self.socket.address(), path }
    }

    fn taken(self) -> io::Result<Socket> {
        tracing::debug!(target: log_targets::GEN, "taking the inherited socket {}", self.describe());
        match &self.socket {
            Socket::Tcp(socket) => socket.set_nonblocking(true)?,
            Socket::Unix(socket) => socket.set_nonblocking(true)?,
        }
        Ok(self.socket)
    }
}

impl Socket {
    fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(socket) => socket.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    fn listens_for_both_families_on(&self, address: SocketAddr) -> bool {
        self.address() == Some(address) && SockRef::from(self).only_v6().is_ok_and(|only_v6| !only_v6)
    }

    /// The path may be written otherwise than it was for the parent, so it is the file that counts.
    fn listens_at(&self, path: &Path) -> bool {
        let Self::Unix(socket) = self else { return false };
        let Some(own) = path_of(socket) else { return false };
        let Ok(own) = own.canonicalize() else { return false };
        let is_socket = own.metadata().is_ok_and(|file| file.file_type().is_socket());
        is_socket && path.canonicalize().is_ok_and(|path| path == own)
    }

    fn into_tcp(self) -> Option<TcpListener> {
        match self {
            Self::Tcp(socket) => Some(socket),
            Self::Unix(_) => None,
        }
    }

    fn into_unix(self) -> Option<UnixListener> {
        match self {
            Self::Tcp(_) => None,
            Self::Unix(socket) => Some(socket),
        }
    }

    fn into_listener(self) -> Listener {
        match self {
            Self::Tcp(socket) => socket.into(),
            Self::Unix(socket) => socket.into(),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Unix(socket) => socket.as_fd(),
        }
    }
}

fn path_of(socket: &UnixListener) -> Option<PathBuf> {
    socket.local_addr().ok().and_then(|address| address.as_pathname().map(Path::to_owned))
}

fn waiting() -> MutexGuard<'static, Vec<Waiting>> {
    static WAITING: OnceLock<Mutex<Vec<Waiting>>> = OnceLock::new();
    let waiting = WAITING.get_or_init(|| Mutex::new(from_environment()));
    // A panic under the lock leaves a list that is still one.
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the parent has left open.
fn from_environment() -> Vec<Waiting> {
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut descriptors = ListenFd::from_env();
    let mut found = Vec::new();
    for index in 0..descriptors.len() {
        let name = names.next().filter(|name| !name.is_empty()).unwrap_or("unknown").to_owned();
        match adopt(&mut descriptors, index) {
            Some(socket) => found.push(Waiting { name, socket }),
            None => {
                let message = "the inherited descriptor is no listening stream socket and is left alone";
                tracing::warn!(target: log_targets::GEN, "{message}: number {} ({name})", index + 3);
            }
        }
    }
    found
}

/// Makes a descriptor ours, and closed in our children, if it is a listening TCP or Unix socket.
fn adopt(descriptors: &mut ListenFd, index: usize) -> Option<Socket> {
    let socket = match descriptors.take_tcp_listener(index) {
        Ok(Some(socket)) => Socket::Tcp(socket),
        _ => Socket::Unix(descriptors.take_unix_listener(index).ok()??),
    };
    if is_listener(&socket) {
        return Some(socket);
    }
    // A connection, as inetd hands them out: not for us to close.
    let _left_open = match socket {
        Socket::Tcp(socket) => socket.into_raw_fd(),
        Socket::Unix(socket) => socket.into_raw_fd(),
    };
    None
}

#[cfg(not(target_vendor = "apple"))]
fn is_listener(socket: &Socket) -> bool {
    rustix::net::sockopt::socket_acceptconn(socket) == Ok(true)
}

/// There the kernel does not tell, but a connection has somebody at its other end.
#[cfg(target_vendor = "apple")]
fn is_listener(socket: &Socket) -> bool {
    SockRef::from(socket).peer_addr().is_err()
}
