//! Streams through their public face, over every transport there is.
//!
//! The cases of Tornado's `iostream_test` without those on TLS, which are with TLS, and without those on
//! what Rust's types rule out (two reads at once, a buffer resized while it is written).

mod close;
mod faults;
mod fill;
mod limits;
#[path = "../logs/mod.rs"]
mod logs;
mod pairs;
mod read;
mod read_into;
mod sockets;
mod split;
mod write;
