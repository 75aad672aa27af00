//! Sockets as services: TCP server and client, resolver, netutil.
//!
//! ```no_run
//! use firewhirl_event::{IoLoop, IoStream, Result};
//! use firewhirl_tcp::TcpServer;
//!
//! fn main() -> Result {
//!     TcpServer::new(async |mut stream: IoStream, _peer| {
//!         loop {
//!             let line = stream.read_until(b"\n").await?;
//!             stream.write("You sent: ");
//!             stream.write(line);
//!         }
//!     })
//!     .listen(12345)?;
//!     IoLoop::current().start()
//! }
//! ```
//!
//! Nothing here knows of a protocol above TCP. A server of one is built on [`Acceptor`], which accepts
//! and counts connections on one loop, and [`Workers`], which are loops in threads; [`TcpServer`] is
//! both with a function a connection.

mod accept;
mod acceptor;
mod client;
mod connect_error;
mod connections;
mod connector;
mod drain_all;
mod draining;
mod gate;
pub mod handover;
mod listener;
mod netutil;
mod peer;
mod rehearsal;
mod resolver;
#[cfg_attr(not(feature = "tls"), path = "secure_elsewhere.rs")]
mod secure;
mod server;
#[cfg(feature = "tls")]
pub mod tls;
mod workers;

pub use acceptor::{Acceptor, ConnectionHandler};
pub use client::{Connect, TcpClient};
pub use connect_error::{ConnectError, ConnectPhase};
pub use drain_all::drain_all;
pub use draining::Draining;
pub use gate::{ConnectionCounts, Gate, connection_counts};
pub use listener::Listener;
pub use netutil::{BindOptions, Family, bind_sockets, bind_unix_socket, is_valid_ip};
pub use peer::Peer;
pub use rehearsal::is_rehearsal;
pub use resolver::{OverrideResolver, Resolver, Resolving, SystemResolver};
pub use server::TcpServer;
pub use workers::{SetUp, Worker, Workers, worker_index};
