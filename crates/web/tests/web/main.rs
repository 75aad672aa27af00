//! The web layer as a client sees it: applications asked over a pair in memory.

mod arguments;
mod bodies;
mod closing;
mod compression;
mod cookies;
mod errors;
mod etags;
mod event_streams;
mod finish_later;
mod forgery;
mod forms;
mod kept;
mod locales;
mod log;
#[path = "../../../../tests/support/peers.rs"]
mod peers;
mod redirects;
mod request_ids;
mod responses;
mod routing;
mod sites;
mod static_files;
mod support;
mod tower;
mod transforms;
mod users;
mod verbs;

/// What the tests ask in.
const VERSION: http::Version = http::Version::HTTP_11;
