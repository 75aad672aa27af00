//! What a caller can ask for that cannot be sent.

use std::fmt;

use crate::headers::InvalidHeader;

/// The request is at fault, and nothing was sent. Tornado's `ValueError` and `KeyError` of a fetch, with
/// their messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// A URL that is neither `http://` nor `https://`.
    UnsupportedScheme {
        /// The URL.
        url: String,
    },
    /// A URL that cannot be read.
    Url {
        /// The URL, without its credentials.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A method that is none of HTTP's, without
    /// [`allow_nonstandard_methods`](super::HttpRequest::allow_nonstandard_methods).
    UnknownMethod {
        /// The method.
        method: String,
    },
    /// POST, PUT or PATCH without a body.
    BodyMissing {
        /// The method.
        method: String,
    },
    /// A body with a method that has none.
    BodyNotAllowed {
        /// The method.
        method: String,
    },
    /// A header that would not be one line: above all a line end in its value.
    Header(InvalidHeader),
    /// A value that cannot be a body in JSON.
    Json {
        /// What `serde_json` said.
        problem: String,
    },
    /// A value that cannot be a form.
    Form {
        /// What is wrong with it.
        problem: String,
    },
    /// A `proxy_host` without a `proxy_port`.
    ProxyPortMissing {
        /// The host.
        host: String,
    },
    /// A blocking fetch on a thread whose loop runs: it would wait for itself.
    LoopIsRunning,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unless = "(unless allow_nonstandard_methods is true)";
        match self {
            Self::UnsupportedScheme { url } => write!(f, "Unsupported url scheme: {url}"),
            Self::Url { url, problem } => write!(f, "invalid URL {url:?}: {problem}"),
            Self::UnknownMethod { method } => write!(f, "unknown method {method}"),
            Self::BodyMissing { method } => write!(f, "Body must not be None for method {method} {unless}"),
            Self::BodyNotAllowed { method } => write!(f, "Body must be None for method {method} {unless}"),
            Self::Header(error) => error.fmt(f),
            Self::Json { problem } => write!(f, "the value cannot be written as JSON: {problem}"),
            Self::Form { problem } => write!(f, "the value cannot be written as a form: {problem}"),
            Self::ProxyPortMissing { host } => write!(f, "the proxy {host:?} needs a proxy_port"),
            Self::LoopIsRunning => {
                f.write_str("HttpClient cannot be used while a loop runs in this thread; use AsyncHttpClient there")
            }
        }
    }
}

impl std::error::Error for RequestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Header(error) => Some(error),
            _ => None,
        }
    }
}

impl From<InvalidHeader> for RequestError {
    fn from(error: InvalidHeader) -> Self {
        Self::Header(error)
    }
}
