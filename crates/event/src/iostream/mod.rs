//! `IoStream`: a connection that is read by what one waits for and written to without waiting.
//!
//! It lies over TCP, Unix sockets, pipes, memory or anything else that reads and writes, owns its
//! buffers, bounds them both ways, and holds none while it is idle. Nothing here knows a protocol.

mod adapter;
mod buffer_memory;
mod buffers;
mod close;
mod error;
mod faults;
mod fill;
mod limits;
mod memory;
mod read;
mod read_into;
mod search;
mod split;
mod stream;
mod transport;
mod write;

pub use buffer_memory::BufferMemory;
pub use error::StreamError;
pub use limits::StreamLimits;
pub use memory::{MemoryPair, MemoryTransport};
pub use read::{ReadBytes, ReadUntil, ReadUntilClose, ReadUntilRegex};
pub use read_into::ReadInto;
pub use split::{StreamReader, StreamWriter};
pub use stream::{IoStream, StreamParts};
pub use transport::{AnyTransport, Layer, Transport};
