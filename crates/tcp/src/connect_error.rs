//! Why a connection could not be made, and in which phase.

use std::error::Error;
use std::{fmt, io};

use firewhirl_event::TimeoutError;

use crate::secure::TlsError;

/// What a connect was at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectPhase {
    /// Finding the addresses of the host.
    Resolve,
    /// Reaching one of them.
    Connect,
    /// Agreeing on TLS with it.
    Tls,
}

/// Why [`TcpClient::connect`](crate::TcpClient::connect) failed.
///
/// # Examples
///
/// ```
/// use std::io;
/// use firewhirl_tcp::{ConnectError, ConnectPhase};
///
/// let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
/// let error = ConnectError::Connect { host: "localhost".into(), port: 80, source: refused };
/// assert_eq!(error.phase(), ConnectPhase::Connect);
/// assert_eq!(error.to_string(), "cannot connect to localhost:80: connection refused");
/// assert_eq!(io::Error::from(error).kind(), io::ErrorKind::ConnectionRefused);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The host's addresses could not be found.
    Resolve {
        /// The host asked for.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// No address of the host could be connected to.
    Connect {
        /// The host asked for.
        host: String,
        /// The port asked for.
        port: u16,
        /// What the attempt that failed last said.
        source: io::Error,
    },
    /// The host was connected to, and TLS with it could not be agreed on. Without the feature `tls` this does
    /// not happen.
    Tls {
        /// The host asked for.
        host: String,
        /// The port asked for.
        port: u16,
        /// What is wrong: with the options, with the host's certificate, or between the two sides.
        source: TlsError,
    },
    /// Time ran out.
    Timeout {
        /// What was not done in time.
        phase: ConnectPhase,
        /// The same in words: the host, or the addresses that were being tried.
        source: TimeoutError,
    },
}

impl ConnectError {
    /// What the connect was at when it failed.
    pub fn phase(&self) -> ConnectPhase {
        match self {
            Self::Resolve { .. } => ConnectPhase::Resolve,
            Self::Connect { .. } => ConnectPhase::Connect,
            Self::Tls { .. } => ConnectPhase::Tls,
            Self::Timeout { phase, .. } => *phase,
        }
    }

    /// Whether time ran out.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve { host, source } => write!(f, "cannot resolve {host}: {source}"),
            // An IPv6 address takes brackets, so that the port stays apart from it.
            Self::Connect { host, port, source } if host.contains(':') => {
                write!(f, "cannot connect to [{host}]:{port}: {source}")
            }
            Self::Connect { host, port, source } => write!(f, "cannot connect to {host}:{port}: {source}"),
            Self::Tls { host, port, source } if host.contains(':') => {
                write!(f, "cannot speak TLS with [{host}]:{port}: {source}")
            }
            Self::Tls { host, port, source } => write!(f, "cannot speak TLS with {host}:{port}: {source}"),
            Self::Timeout { source, .. } => source.fmt(f),
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Resolve { source, .. } | Self::Connect { source, .. } => Some(source),
            Self::Tls { source, .. } => Some(source),
            Self::Timeout { source, .. } => Some(source),
        }
    }
}

impl From<ConnectError> for io::Error {
    /// Keeps the kind of what the system said; a timeout is [`TimedOut`](io::ErrorKind::TimedOut).
    fn from(error: ConnectError) -> Self {
        let kind = match &error {
            ConnectError::Resolve { source, .. } | ConnectError::Connect { source, .. } => source.kind(),
            ConnectError::Tls { .. } => io::ErrorKind::InvalidData,
            ConnectError::Timeout { .. } => io::ErrorKind::TimedOut,
        };
        io::Error::new(kind, error)
    }
}
