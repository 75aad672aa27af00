//! Why a request has no response, or not the one that was wished for.
//!
//! One error for the whole client. It says whose fault it was: the caller's (what was asked for cannot
//! be sent), the network's, the server's, the proxy's, or the clock's.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use firewhirl_event::{Error, StreamError};
use firewhirl_tcp::ConnectError;
use http::StatusCode;

use super::digest::DigestError;
use super::redirect::RedirectError;
use super::request_error::RequestError;
use super::response::HttpResponse;
use super::secure::TlsError;
use crate::content_coding::ContentCodingError;
use crate::error::{OutputError, ProtocolError};
use crate::error_code::Http2ErrorCode;
use crate::headers::InvalidHeader;

/// Why a request failed.
///
/// Tornado's `HTTPClientError` and its subclasses. [`code`](Self::code) is the status of the response
/// where there was one, else 599.
#[derive(Debug)]
#[non_exhaustive]
pub enum HttpClientError {
    /// The server has answered, with a status that is not 200 to 299.
    Status(Box<HttpResponse>),
    /// Time ran out. Tornado's `HTTPTimeoutError`.
    Timeout {
        /// What the request was at.
        phase: TimeoutPhase,
    },
    /// No connection to the host, or to the proxy, could be made.
    Connect(ConnectError),
    /// No connection to a Unix socket could be made.
    ConnectUnix {
        /// The socket's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// TLS could not be agreed upon: above all, the server's certificate is not to be trusted.
    Tls(TlsError),
    /// The server closed before its response was complete, or the connection broke. Tornado's
    /// `HTTPStreamClosedError`.
    Closed {
        /// What broke the connection, `None` where the server just closed.
        cause: Option<Arc<io::Error>>,
    },
    /// The stream of HTTP/2 was ended before its response was complete.
    Reset {
        /// Why.
        code: Http2ErrorCode,
        /// Whether the server ended it; else what it sent was against the rules.
        by_server: bool,
    },
    /// The server does not speak HTTP/2, and nothing else was allowed.
    NoHttp2,
    /// The server of HTTP/2 has refused the request, or ended the connection before it looked at it: it
    /// has not acted on it, and it was tried again as often as makes sense.
    Refused {
        /// Why.
        code: Http2ErrorCode,
    },
    /// The server sent what HTTP does not allow, or more than the [`Limits`](crate::Limits).
    Protocol(ProtocolError),
    /// The response's body has more bytes than it may have.
    BodyTooLarge {
        /// Bytes that it may have.
        limit: u64,
    },
    /// The proxy did not grant the tunnel.
    Proxy {
        /// The status that it answered CONNECT with, such as 407.
        status: StatusCode,
        /// The reason that it gave.
        reason: String,
    },
    /// The response's body cannot be decompressed.
    Coding(ContentCodingError),
    /// The challenge of the server, or of the proxy, cannot be answered.
    Digest(DigestError),
    /// A redirect cannot be followed.
    Redirect(RedirectError),
    /// The caller's request is at fault.
    Request(RequestError),
    /// The caller's request cannot be sent as a message of HTTP.
    Output(OutputError),
    /// The function that writes the request's body failed.
    Body(Error),
    /// The function that was given the response's body failed.
    Callback(Error),
    /// The response cannot be had as what was asked for: it has not switched protocols.
    NotUpgraded {
        /// Its status.
        status: StatusCode,
    },
    /// What was asked for needs a cargo feature that is off.
    Feature {
        /// What was asked for.
        wanted: &'static str,
        /// The feature to switch on.
        feature: &'static str,
    },
    /// The client was closed.
    ClientClosed,
}

/// What a request was at when its time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// Waiting for a place among the requests that may be under way.
    Queue,
    /// Making a connection: look-up, TCP, TLS, the proxy's tunnel.
    Connect,
    /// Sending the request and reading its response.
    Request,
}

impl HttpClientError {
    /// The status of the response, or 599 where there is none, as in Tornado.
    pub fn code(&self) -> u16 {
        match self {
            Self::Status(response) => response.code(),
            Self::Proxy { status, .. } | Self::NotUpgraded { status } => status.as_u16(),
            _ => 599,
        }
    }

    /// The response, where there was one.
    pub fn response(&self) -> Option<&HttpResponse> {
        match self {
            Self::Status(response) => Some(response),
            _ => None,
        }
    }

    /// Whether time ran out.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }
}

impl fmt::Display for HttpClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(response) => write!(f, "HTTP {}: {}", response.code(), response.reason()),
            Self::Timeout { phase: TimeoutPhase::Queue } => f.write_str("Timeout in request queue"),
            Self::Timeout { phase: TimeoutPhase::Connect } => f.write_str("Timeout while connecting"),
            Self::Timeout { phase: TimeoutPhase::Request } => f.write_str("Timeout during request"),
            Self::Connect(error) => error.fmt(f),
            Self::ConnectUnix { path, source } => write!(f, "cannot connect to {}: {source}", path.display()),
            Self::Tls(error) => error.fmt(f),
            Self::Closed { cause: None } => f.write_str("the server closed before its response was complete"),
            Self::Closed { cause: Some(cause) } => {
                write!(f, "the connection broke before the response was complete: {cause}")
            }
            Self::Reset { code, by_server: true } => write!(f, "the server broke its response off: {code}"),
            Self::Reset { code, by_server: false } => write!(f, "the server's response is malformed: {code}"),
            Self::NoHttp2 => f.write_str("the server does not speak HTTP/2"),
            Self::Refused { code } => write!(f, "the server did not take the request: {code}"),
            Self::Protocol(error) => write!(f, "the server's response is malformed: {error}"),
            Self::BodyTooLarge { limit } => {
                write!(f, "the response's body has more than {limit} bytes; raise `max_body_size` if that is expected")
            }
            Self::Proxy { status, reason } => write!(f, "the proxy refused the tunnel: {} {reason}", status.as_u16()),
            Self::Coding(error) => write!(f, "the response's body cannot be decompressed: {error}"),
            Self::Digest(error) => error.fmt(f),
            Self::Redirect(error) => error.fmt(f),
            Self::Request(error) => error.fmt(f),
            Self::Output(error) => write!(f, "the request cannot be sent: {error}"),
            Self::Body(error) => write!(f, "the request's body could not be written: {error}"),
            Self::Callback(error) => write!(f, "the response's body could not be taken: {error}"),
            Self::NotUpgraded { status } => {
                write!(f, "the server did not switch protocols, it answered {}", status.as_u16())
            }
            Self::Feature { wanted, feature } => {
                write!(f, "{wanted} needs the cargo feature `{feature}`, which is off")
            }
            Self::ClientClosed => f.write_str("fetch() called on closed AsyncHttpClient"),
        }
    }
}

impl StdError for HttpClientError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Connect(error) => Some(error),
            Self::ConnectUnix { source, .. } => Some(source),
            Self::Tls(error) => Some(error),
            Self::Closed { cause: Some(cause) } => Some(&**cause),
            Self::Protocol(error) => Some(error),
            Self::Output(error) => Some(error),
            Self::Coding(error) => Some(error),
            Self::Digest(error) => Some(error),
            Self::Redirect(error) => Some(error),
            Self::Request(error) => Some(error),
            Self::Body(error) | Self::Callback(error) => Some(error.as_std()),
            _ => None,
        }
    }
}

impl From<ProtocolError> for HttpClientError {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl From<OutputError> for HttpClientError {
    fn from(error: OutputError) -> Self {
        Self::Output(error)
    }
}

impl From<ContentCodingError> for HttpClientError {
    fn from(error: ContentCodingError) -> Self {
        match error {
            // It is one limit to the caller, whether or not the body was compressed.
            ContentCodingError::TooLarge { limit } => Self::BodyTooLarge { limit },
            error => Self::Coding(error),
        }
    }
}

impl From<DigestError> for HttpClientError {
    fn from(error: DigestError) -> Self {
        Self::Digest(error)
    }
}

impl From<RedirectError> for HttpClientError {
    fn from(error: RedirectError) -> Self {
        Self::Redirect(error)
    }
}

impl From<RequestError> for HttpClientError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<InvalidHeader> for HttpClientError {
    fn from(error: InvalidHeader) -> Self {
        Self::Request(error.into())
    }
}

impl From<StreamError> for HttpClientError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Closed { cause } => Self::Closed { cause },
            error => Self::Closed { cause: Some(Arc::new(error.into())) },
        }
    }
}
