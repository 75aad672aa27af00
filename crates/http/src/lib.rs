//! HTTP in both directions: one codec for server and client.

mod headers;
pub mod httputil;

pub use headers::{Headers, IntoHeaderValue, InvalidHeader};
