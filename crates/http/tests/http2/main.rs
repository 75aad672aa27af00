//! HTTP/2 in both directions: the same exchanges as over HTTP/1.1, and what hostile peers get for theirs.

#[path = "../../../../tests/support/certificates.rs"]
mod certificates;
#[path = "../../../../tests/support/peers.rs"]
mod peers;
#[path = "../support/mod.rs"]
mod support;

mod client;
mod errors;
mod exchanges;
mod frames;
mod limits;
mod others;
mod secure;
