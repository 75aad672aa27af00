//! HTTP in both directions: one codec for server and client.

mod error;
mod headers;
pub mod http1;
pub mod httputil;
mod limits;

pub use error::{OutputError, ProtocolError, ProtocolErrorKind};
pub use headers::{Headers, IntoHeaderValue, InvalidHeader};
pub use limits::Limits;
