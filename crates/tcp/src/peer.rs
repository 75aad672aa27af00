//! Who is at the other end of a connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The address of the other end.
///
/// # Examples
///
/// ```
/// use firewhirl_tcp::Peer;
///
/// let peer = Peer::Tcp("[::1]:50000".parse().unwrap());
/// assert_eq!(peer.to_string(), "[::1]:50000");
/// assert_eq!(Peer::Unix.ip(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// A TCP connection, from this address.
    Tcp(SocketAddr),
    /// A connection over a Unix socket, whose client has no address.
    Unix,
}

impl Peer {
    /// The IP address, if the connection came over TCP.
    ///
    /// Where Tornado's HTTP server writes "0.0.0.0" for a client on a Unix socket, this is `None`.
    pub fn ip(self) -> Option<IpAddr> {
        self.address().map(|address| address.ip())
    }

    /// The IP address and port, if the connection came over TCP.
    pub fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(address),
            Self::Unix => None,
        }
    }

    /// As [`address`](Self::address), where it is.
    #[inline]
    pub(crate) fn address_ref(&self) -> Option<&SocketAddr> {
        match self {
            Self::Tcp(address) => Some(address),
            Self::Unix => None,
        }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}
