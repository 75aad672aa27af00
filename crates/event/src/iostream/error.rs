//! What can go wrong on a stream, and which of it is an ordinary end.
//!
//! Every error that closes a stream says so; a write that is refused leaves it open.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;

/// Why a stream could not do what was asked.
///
/// # Examples
///
/// A connection that simply ended is no reason for a line in the log:
///
/// ```
/// use firewhirl_event::StreamError;
///
/// let ended = StreamError::Closed { cause: None };
/// assert!(ended.is_quiet());
/// assert_eq!(ended.to_string(), "the stream is closed");
/// assert!(!StreamError::TooLong { limit: 4096 }.is_quiet());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StreamError {
    /// The stream is closed: by the peer, by ourselves, or by what went wrong with the connection.
    ///
    /// Tornado's `StreamClosedError`.
    Closed {
        /// What closed it, `None` where either side just closed. Tornado's `real_error`.
        cause: Option<Arc<io::Error>>,
    },
    /// The peer sent more than `limit` bytes without what was looked for. The stream is closed.
    ///
    /// Tornado's `UnsatisfiableReadError`.
    TooLong {
        /// Bytes within which the delimiter or match had to end.
        limit: usize,
    },
    /// A read would hold more than `max_buffer_size` bytes. The stream is closed.
    ///
    /// Tornado's `StreamBufferFullError`, raised by a read.
    ReadBufferFull {
        /// The stream's `max_buffer_size`, in bytes.
        limit: usize,
    },
    /// A write would queue more than `max_write_buffer_size` bytes. The stream stays open, and
    /// nothing of that write was queued.
    ///
    /// Tornado's `StreamBufferFullError`, raised by a write.
    WriteBufferFull {
        /// The stream's `max_write_buffer_size`, in bytes.
        limit: usize,
    },
}

impl StreamError {
    /// Whether the connection just ended, so that nobody needs to be told.
    ///
    /// True when either side closed, and when the network did: `ECONNRESET`, `ECONNABORTED`, `EPIPE`,
    /// `ETIMEDOUT`, or a TLS peer that left without saying so. Servers end such a connection without
    /// a line in the log.
    pub fn is_quiet(&self) -> bool {
        match self {
            Self::Closed { cause: None } => true,
            Self::Closed { cause: Some(cause) } => is_reset(cause) || cause.kind() == ErrorKind::UnexpectedEof,
            _ => false,
        }
    }

    /// Whether the stream is closed: true for all but a refused write.
    pub fn is_fatal(&self) -> bool {
        !matches!(self, Self::WriteBufferFull { .. })
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { cause: None } => f.write_str("the stream is closed"),
            Self::Closed { cause: Some(cause) } => write!(f, "the stream is closed: {cause}"),
            Self::TooLong { limit } => write!(
                f,
                "no delimiter within {limit} bytes; raise `max_bytes` or `max_buffer_size` if longer messages are expected"
            ),
            Self::ReadBufferFull { limit } => write!(
                f,
                "the peer sent more than the {limit} bytes that may be buffered; raise `max_buffer_size` or read in parts"
            ),
            Self::WriteBufferFull { limit } => write!(
                f,
                "more than {limit} bytes would wait to be sent; await `flush` between writes or raise `max_write_buffer_size`"
            ),
        }
    }
}

impl StdError for StreamError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Closed { cause: Some(cause) } => Some(&**cause),
            _ => None,
        }
    }
}

/// For what takes a stream as an `AsyncRead` or `AsyncWrite`; the kind is the cause's.
impl From<StreamError> for io::Error {
    fn from(error: StreamError) -> Self {
        let kind = match &error {
            StreamError::Closed { cause: Some(cause) } => cause.kind(),
            StreamError::Closed { cause: None } => ErrorKind::NotConnected,
            StreamError::TooLong { .. } | StreamError::ReadBufferFull { .. } => ErrorKind::InvalidData,
            StreamError::WriteBufferFull { .. } => ErrorKind::OutOfMemory,
        };
        Self::new(kind, error)
    }
}

/// Whether the network or the peer broke the connection off, which Tornado treats as a close.
pub(super) fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe | ErrorKind::TimedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ends_that_a_network_brings_are_quiet() {
        let table = [
            (ErrorKind::ConnectionReset, true),
            (ErrorKind::ConnectionAborted, true),
            (ErrorKind::BrokenPipe, true),
            (ErrorKind::TimedOut, true),
            (ErrorKind::UnexpectedEof, true),
            (ErrorKind::PermissionDenied, false),
            (ErrorKind::Other, false),
        ];
        for (kind, quiet) in table {
            let error = StreamError::Closed { cause: Some(Arc::new(kind.into())) };
            assert_eq!(error.is_quiet(), quiet, "{kind:?}");
        }
    }

    #[test]
    fn the_cause_is_kept_as_the_source() {
        let cause = io::Error::from_raw_os_error(104);
        let error = StreamError::Closed { cause: Some(Arc::new(cause)) };
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        assert_eq!(source.and_then(io::Error::raw_os_error), Some(104));
        assert_eq!(io::Error::from(error).kind(), ErrorKind::ConnectionReset);
    }
}
