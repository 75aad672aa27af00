//! A service: the `main` of a program that serves an application.
//!
//! It does in the right order what every service does: options, log, sockets, processes, privileges,
//! the log of blocked loops, metrics, workers, and a drain when it is told to end. Nothing of it is
//! needed: [`HttpServer`](firewhirl_http::HttpServer) and two lines do as well, and every part can be
//! called by itself.

mod main;
mod main_options;
#[cfg_attr(not(feature = "tls"), path = "secure_elsewhere.rs")]
mod secure;

pub use main::{Main, main};
pub use main_options::MainOptions;
