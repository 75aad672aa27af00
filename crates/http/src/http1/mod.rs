//! HTTP/1.1 (RFC 9112), both roles.
//!
//! | file | what it holds |
//! |---|---|
//! | [`state`] | the table: which side may send what, and when |
//! | `head`, `response_head` | the two heads, parsed in place; with `lines`, `blocks`, `fields`, `target`, `version` |
//! | `framing` | where a body ends, and what becomes of the connection |
//! | `body` | the framing itself; with `chunked` and `trailers` |
//! | `codec` | bytes in, events out: [`ServerCodec`], [`ClientCodec`] |
//! | `connection`, `serving` | the codec joined to a stream, and the loop of a server's connection |
//! | `client_connection` | the codec joined to a stream on a client |

mod blocks;
mod body;
mod chunked;
mod client_connection;
mod codec;
mod connection;
mod encode;
mod fields;
mod framing;
mod head;
mod lines;
mod response_head;
mod serving;
pub mod state;
mod target;
mod trailers;
mod version;

pub use body::{BodyRead, BodyReader, BodyWriter};
pub use codec::{ClientCodec, ServerCodec};
pub use framing::BodyLength;
pub use head::RequestHead;
pub use response_head::ResponseHead;

pub(crate) use client_connection::ClientConnection;
pub(crate) use connection::Link;
#[cfg(feature = "http2")]
pub(crate) use framing::outgoing_length;
pub(crate) use serving::serve_connection;
