//! HTTP in both directions: one codec for server and client.
//!
//! [`HttpServer`] serves with whatever is a [`Serve`]; [`http1`] is the codec beneath, without a socket.
//! Nothing here knows of routes, handlers or templates.

mod channel;
pub mod client;
pub mod content_coding;
mod error;
mod error_code;
pub mod event_stream;
mod exchange;
mod headers;
pub mod http1;
#[cfg_attr(not(feature = "http2"), path = "http2_elsewhere.rs")]
mod http2;
mod http_connection;
pub mod httputil;
mod limits;
mod options;
mod panics;
mod random;
mod readiness;
mod rehearsal;
mod request;
#[cfg_attr(not(feature = "tls"), path = "secure_elsewhere.rs")]
mod secure;
mod serve;
mod server;
mod serving;
mod statistics;
mod timeouts;
mod worker;
mod xheaders;

pub use client::{AsyncHttpClient, HttpClient, HttpClientError, HttpRequest, HttpResponse};
pub use error::{OutputError, ProtocolError, ProtocolErrorKind};
pub use error_code::Http2ErrorCode;
pub use exchange::Exchange;
pub use headers::{Headers, IntoHeaderValue, InvalidHeader};
pub use http_connection::{BodyError, Hold, HttpConnection, ResponseError};
pub use limits::Limits;
pub use options::{Http2Options, MissingFeature, ServerOptions};
pub use readiness::{Readiness, Stage};
pub use request::Request;
pub use serve::{BuildApplication, Serve};
pub use server::{HttpServer, HttpServerHandle, serve_stream};
pub use statistics::{Statistics, statistics};

/// The words of the `http` crate, for programs that have to name them and need nothing else of it.
pub use ::http::{Method, StatusCode};
