//! HTTP in both directions: one codec for server and client.
//!
//! [`HttpServer`] serves with whatever is a [`Serve`]; [`http1`] is the codec beneath, without a socket.
//! Nothing here knows of routes, handlers or templates.

mod error;
mod exchange;
mod gzip;
mod headers;
pub mod http1;
mod http_connection;
pub mod httputil;
mod limits;
mod options;
mod panics;
mod request;
mod serve;
mod server;
mod timeouts;
mod worker;
mod xheaders;

pub use error::{OutputError, ProtocolError, ProtocolErrorKind};
pub use exchange::Exchange;
pub use headers::{Headers, IntoHeaderValue, InvalidHeader};
pub use http_connection::{BodyError, Hold, HttpConnection, ResponseError};
pub use limits::Limits;
pub use options::ServerOptions;
pub use request::Request;
pub use serve::{BuildApplication, Serve};
pub use server::{HttpServer, HttpServerHandle, serve_stream};
pub use worker::Statistics;
