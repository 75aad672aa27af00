//! HTTP/2 (RFC 9113), over the `h2` crate, which has the frames, the header compression and the states
//! of streams.
//!
//! | file | what it holds |
//! |---|---|
//! | `serving` | the loop of a server's connection |
//! | `connection` | what its streams share: the carrier beneath, timeouts, who waits |
//! | `calm` | whether a client sends what only costs |
//! | `carrier` | the `IoStream` as `h2` reads and writes it |
//! | `work` | the futures of the streams, polled by the connection's own task |
//! | `stream`, `stream/` | one exchange: its body, its answer, its end |
//! | `output` | what of a message's body waits for the peer's window |
//! | `client_connection`, `client_stream` | the client's side: what streams share, and one exchange |
//! | `fields` | our header blocks as `h2` takes them |

mod calm;
mod carrier;
mod client_connection;
mod client_stream;
mod connection;
mod fields;
mod output;
mod recent_fields;
mod serving;
mod stream;
mod work;

pub(crate) use client_connection::{ClientConnection, connect};
pub(crate) use client_stream::ClientStream;
pub(crate) use serving::serve_connection;

/// Whether HTTP/2 is built in.
pub(crate) const AVAILABLE: bool = true;
