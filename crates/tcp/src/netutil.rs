//! Listening sockets and what an IP address looks like: Tornado's `netutil` without its resolvers.
//!
//! The sockets made here are the standard library's: bound, listening, non-blocking, and on no loop
//! yet. So they can be made before there is a loop, moved to another thread, or come from elsewhere
//! in the same shape (from a parent process, from systemd). Nothing here accepts a connection.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

use crate::handover::{self, Claim};
use crate::rehearsal::{self, is_rehearsal};

/// Which of the two address families of the internet a socket or a look-up is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Family {
    /// Either: Tornado's `AF_UNSPEC`.
    #[default]
    Any,
    /// IPv4 alone: `AF_INET`.
    V4,
    /// IPv6 alone: `AF_INET6`.
    V6,
}

impl Family {
    /// Whether an address is of this family.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_tcp::Family;
    ///
    /// let address = "[::1]:80".parse().unwrap();
    /// assert!(Family::Any.includes(&address) && Family::V6.includes(&address));
    /// assert!(!Family::V4.includes(&address));
    /// ```
    pub fn includes(self, address: &SocketAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// How [`bind_sockets`] and [`bind_unix_socket`] make their sockets.
///
/// # Examples
///
/// ```
/// use firewhirl_tcp::{BindOptions, Family, bind_sockets};
///
/// let options = BindOptions::default().address("localhost").family(Family::V4).backlog(64);
/// let sockets = bind_sockets(0, &options)?;
/// assert_eq!(sockets[0].local_addr()?.ip().to_string(), "127.0.0.1");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BindOptions {
    address: Option<String>,
    family: Family,
    backlog: u32,
    reuse_port: bool,
}

impl Default for BindOptions {
    fn default() -> Self {
        Self { address: None, family: Family::Any, backlog: 1024, reuse_port: false }
    }
}

impl BindOptions {
    /// The interface to listen on: an IP address, or a host name, which stands for all its addresses.
    /// Default, and what an empty text means: every interface, over IPv4 and IPv6.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into()).filter(|address| !address.is_empty());
        self
    }

    /// The address family to keep to. Default: both.
    pub fn family(mut self, family: Family) -> Self {
        self.family = family;
        self
    }

    /// Connections that may wait in the kernel to be accepted; how many the system allows at most is
    /// in `net.core.somaxconn`. What comes beyond them is dropped by the kernel, and its client tries
    /// again a second later.
    ///
    /// Default: 1024. Tornado's 128 is what a burst of new clients overflows within one turn of a busy
    /// loop, and with [`reuse_port`](Self::reuse_port) each worker has a queue of its own, so that an idle
    /// worker cannot help.
    pub fn backlog(mut self, connections: u32) -> Self {
        self.backlog = connections;
        self
    }

    /// Whether other sockets may be bound to the same port, all with this option (`SO_REUSEPORT`): the
    /// kernel then spreads new connections over them. Default: no.
    pub fn reuse_port(mut self, yes: bool) -> Self {
        self.reuse_port = yes;
        self
    }

    /// The addresses to bind, IPv4 first, each once.
    fn addresses(&self, port: u16) -> io::Result<Vec<SocketAddr>> {
        let mut addresses: Vec<SocketAddr> = match &self.address {
            None => vec![(Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::UNSPECIFIED, port).into()],
            Some(host) => (host.as_str(), port).to_socket_addrs()?.collect(),
        };
        addresses.retain(|address| self.family.includes(address));
        addresses.sort();
        addresses.dedup();
        Ok(addresses)
    }

    fn is_localhost(&self) -> bool {
        self.address.as_deref() == Some("localhost")
    }

    /// Kernels count in an `int`.
    fn backlog_for_the_kernel(&self) -> i32 {
        i32::try_from(self.backlog).unwrap_or(i32::MAX)
    }
}

/// Binds and listens on `port`, with a socket for each address that the options stand for.
///
/// Port 0 asks the system for a free one, the same for all addresses. An IPv6 socket takes IPv6 alone,
/// on every platform. An address family that the system lacks is left out, and so is the `::1` of
/// "localhost" where IPv6 is switched off. A socket on an address asked for that this process has
/// inherited (see [`handover`]) is taken in place of a new one; for port 0 that is one that the process before
/// got for port 0. Tornado's `bind_sockets`.
///
/// # Errors
///
/// What the system says: the address is taken or is none of this machine's, the port asks for a
/// privilege, the host name has no address.
///
/// # Examples
///
/// ```
/// use firewhirl_tcp::{BindOptions, bind_sockets};
///
/// let sockets = bind_sockets(0, &BindOptions::default())?;
/// let port = sockets[0].local_addr()?.port();
/// assert!(sockets.iter().all(|socket| socket.local_addr().unwrap().port() == port));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn bind_sockets(port: u16, options: &BindOptions) -> io::Result<Vec<TcpListener>> {
    /// How often the system may offer a port that is free in one family and taken in the other.
    const OFFERS: usize = 16;

    let addresses = if is_rehearsal() { vec![rehearsal::address()] } else { options.addresses(port)? };
    let mut offers = 1;
    loop {
        match bind_each(&addresses, options) {
            Err(error) if port == 0 && error.kind() == io::ErrorKind::AddrInUse && offers < OFFERS => offers += 1,
            bound => return bound,
        }
    }
}

fn bind_each(addresses: &[SocketAddr], options: &BindOptions) -> io::Result<Vec<TcpListener>> {
    let mut sockets: Vec<TcpListener> = Vec::with_capacity(addresses.len());
    let mut bound_port = None;
    let mut left_out = None;
    for &address in addresses {
        let is_for_any_port = address.port() == 0;
        let mut address = address;
        if let (true, Some(port)) = (is_for_any_port, bound_port) {
            address.set_port(port);
        }
        match handover::claim(address, addresses)? {
            Claim::Taken(socket) => {
                bound_port = Some(socket.local_addr()?.port());
                sockets.push(socket);
                continue;
            }
            Claim::WithAnother => continue,
            Claim::None => {}
        }
        match bind_address(address, options) {
            Ok(socket) => {
                bound_port = Some(socket.local_addr()?.port());
                if is_for_any_port {
                    handover::remember_any_port(&socket)?;
                }
                sockets.push(socket);
            }
            Err(error) if may_be_left_out(&error, address, options) => left_out = Some(error),
            Err(error) => return Err(error),
        }
    }
    if sockets.is_empty() {
        return Err(left_out.unwrap_or_else(|| {
            io::Error::new(io::ErrorKind::AddrNotAvailable, "no address of the family asked for to listen on")
        }));
    }
    Ok(sockets)
}

fn may_be_left_out(error: &io::Error, address: SocketAddr, options: &BindOptions) -> bool {
    error.raw_os_error() == Some(libc::EAFNOSUPPORT)
        // In containers "localhost" often has a ::1 that cannot be bound. Only there: anywhere else
        // this error may be a mistake in the configuration, and has to be seen.
        || error.kind() == io::ErrorKind::AddrNotAvailable
            && options.is_localhost()
            && address.ip() == IpAddr::V6(Ipv6Addr::LOCALHOST)
}

fn bind_address(address: SocketAddr, options: &BindOptions) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if options.reuse_port {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        // Otherwise 0.0.0.0 and :: could not both be bound on Linux, while elsewhere they must be.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(options.backlog_for_the_kernel())?;
    Ok(socket.into())
}

/// Binds one more socket to where `socket` listens, if it was bound with
/// [`reuse_port`](BindOptions::reuse_port); `None` where it was not.
///
/// The new one has a queue of its own, which the kernel fills with its share of new connections. It may be
/// one that this process has inherited.
pub(crate) fn bind_beside(socket: &TcpListener, options: &BindOptions) -> io::Result<Option<TcpListener>> {
    if !SockRef::from(socket).reuse_port()? {
        return Ok(None);
    }
    let address = socket.local_addr()?;
    if let Some(inherited) = handover::claim_beside(address)? {
        return Ok(Some(inherited));
    }
    let options = BindOptions { reuse_port: true, ..options.clone() };
    bind_address(address, &options).map(Some)
}

/// Binds and listens on a Unix socket, whose file gets the permissions `mode`.
///
/// A socket file that an earlier process left behind is deleted first. The file never has wider
/// permissions than `mode`, not even while it is being made, where the system lets a socket have some
/// before it has a name (Linux does). A name that starts with a NUL byte is one of Linux's abstract
/// ones: it has no file, so no permissions. The file stays when the socket is closed. Of the options
/// only the backlog counts. A socket of this file that the process has inherited (see [`handover`]) is taken
/// as it is, permissions included. Tornado's `bind_unix_socket`, whose mode is 0o600 unless given.
///
/// # Errors
///
/// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if there is a file of that name which is no socket;
/// else what the system says, such as a directory that does not exist.
///
/// # Examples
///
/// ```
/// use firewhirl_tcp::{BindOptions, bind_unix_socket};
///
/// let path = std::env::temp_dir().join(format!("bind-unix-socket-{}", std::process::id()));
/// let first = bind_unix_socket(&path, 0o600, &BindOptions::default())?;
/// drop(first); // what it leaves behind is not in the way of the next
/// let second = bind_unix_socket(&path, 0o600, &BindOptions::default())?;
/// # drop(second);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn bind_unix_socket(path: impl AsRef<Path>, mode: u32, options: &BindOptions) -> io::Result<UnixListener> {
    if is_rehearsal() {
        return rehearsal::unix_socket();
    }
    let path = path.as_ref();
    let is_abstract = path.as_os_str().as_bytes().first() == Some(&0);
    if !is_abstract && let Some(inherited) = handover::claim_unix(path)? {
        return Ok(inherited);
    }
    let mut socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    if is_abstract {
        socket.bind(&SockAddr::unix(path)?)?;
    } else {
        remove_stale_socket(path)?;
        socket = with_permissions(socket, mode);
        socket.bind(&SockAddr::unix(path)?)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    socket.listen(options.backlog_for_the_kernel())?;
    Ok(socket.into())
}

fn remove_stale_socket(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(file) if file.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => {
            let message = format!("{} exists and is not a socket", path.display());
            Err(io::Error::new(io::ErrorKind::AlreadyExists, message))
        }
    }
}

/// Gives a socket without a name the permissions that its file is to have. A system that cannot do
/// this says so, and then the file has its permissions a moment later.
fn with_permissions(socket: Socket, mode: u32) -> Socket {
    let file = std::fs::File::from(std::os::fd::OwnedFd::from(socket));
    let _ = file.set_permissions(std::fs::Permissions::from_mode(mode));
    Socket::from(std::os::fd::OwnedFd::from(file))
}

/// Whether a text is an IP address, of version 4 or 6, and nothing else.
///
/// A name is none, and is not looked up. Neither are the short and the octal forms of IPv4 that C
/// libraries take (`127.1`, `0177.0.0.1`): Tornado takes them, but programs that read one address
/// differently are how an address filter is walked around. Tornado's `is_valid_ip`.
///
/// # Examples
///
/// ```
/// use firewhirl_tcp::is_valid_ip;
///
/// assert!(is_valid_ip("127.0.0.1") && is_valid_ip("2620:0:1cfe:face:b00c::3"));
/// assert!(!is_valid_ip("localhost") && !is_valid_ip(" 127.0.0.1") && !is_valid_ip(""));
/// ```
pub fn is_valid_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}
