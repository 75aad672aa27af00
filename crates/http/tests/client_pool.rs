//! The client's pool: connections that are used again, limits, deadlines, and both messages of an exchange.
//! Servers are scripts at the other end of a stream in memory, and the clock jumps where all wait.

#[path = "client_pool/messages.rs"]
mod messages;
#[path = "client_pool/queue.rs"]
mod queue;
#[path = "client_pool/reuse.rs"]
mod reuse;
#[path = "client_pool/servers.rs"]
mod servers;
#[path = "client_pool/time.rs"]
mod time;
