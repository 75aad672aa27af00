//! HTTP/1.1 without a socket and without a clock: bytes in, events out, and back (RFC 9112).
//!
//! A codec belongs to one connection and holds what outlives a call: how far each side's message is,
//! and whether another may follow. [`ServerCodec`] reads requests and writes responses,
//! [`ClientCodec`] the reverse; both stand on the same heads, bodies and [states](super::state).

mod client;
mod server;

pub use client::ClientCodec;
pub use server::ServerCodec;
