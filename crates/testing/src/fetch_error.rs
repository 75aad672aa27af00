//! Why a request of the test's client had no answer.

use std::error::Error;
use std::fmt;

use firewhirl_event::StreamError;
use firewhirl_http::{InvalidHeader, OutputError, ProtocolError};
use firewhirl_tcp::ConnectError;

/// That a request had no answer, or none that could be understood. A status is never an error.
#[derive(Debug)]
pub struct FetchError {
    request: String,
    kind: FetchErrorKind,
}

/// What was in the way of an answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchErrorKind {
    /// The test's fault: no URL that can be asked for.
    Url(&'static str),
    /// The test's fault: a header that cannot be sent.
    Header(InvalidHeader),
    /// The test's fault: a request that contradicts itself.
    Request(OutputError),
    /// The test's fault: a value that JSON cannot express.
    Json(serde_json::Error),
    /// The test's fault: what makes the body has failed.
    Body(firewhirl_event::Error),
    /// The test's wish: it has [left](crate::Fetch::leave_after) before the answer was complete.
    Left,
    /// Nobody listens there.
    Connect(ConnectError),
    /// The connection broke before the answer was complete.
    Stream(StreamError),
    /// The server's fault: what it answered is not HTTP, or ends too soon.
    Protocol(ProtocolError),
}

impl FetchError {
    pub(crate) fn new(request: impl Into<String>, kind: FetchErrorKind) -> Self {
        Self { request: request.into(), kind }
    }

    /// The request: its method and path.
    pub fn request(&self) -> &str {
        &self.request
    }

    /// What was in the way.
    pub fn kind(&self) -> &FetchErrorKind {
        &self.kind
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.request, self.kind)
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // Its own text is part of ours, so what is below it comes next.
        self.kind.cause()?.source()
    }
}

impl FetchErrorKind {
    fn cause(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Url(_) | Self::Left => None,
            Self::Header(error) => Some(error),
            Self::Request(error) => Some(error),
            Self::Json(error) => Some(error),
            Self::Body(error) => Some(error.as_std()),
            Self::Connect(error) => Some(error),
            Self::Stream(error) => Some(error),
            Self::Protocol(error) => Some(error),
        }
    }
}

impl fmt::Display for FetchErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(expected) => f.write_str(expected),
            Self::Left => f.write_str("the client left before the answer was complete"),
            Self::Header(error) => error.fmt(f),
            Self::Request(error) => error.fmt(f),
            Self::Json(error) => error.fmt(f),
            Self::Body(error) => error.fmt(f),
            Self::Connect(error) => error.fmt(f),
            Self::Stream(error) => error.fmt(f),
            Self::Protocol(error) => error.fmt(f),
        }
    }
}

macro_rules! kinds_from {
    ($($kind:ident: $cause:ty,)*) => {
        $(impl From<$cause> for FetchErrorKind {
            fn from(cause: $cause) -> Self {
                Self::$kind(cause)
            }
        })*
    };
}

kinds_from! {
    Header: InvalidHeader,
    Request: OutputError,
    Connect: ConnectError,
    Stream: StreamError,
    Protocol: ProtocolError,
}
