//! Tests of services: a server and a client in one loop, time under control, expected log lines.
//!
//! ```
//! use firewhirl_event::{Error, Result, log_targets};
//! use firewhirl_testing::{expect_log, http_test};
//! use firewhirl_web::Application;
//!
//! async fn app() -> Result<Application> {
//!     Ok(Application::new()
//!         .get("/", async |cx| cx.write("Hello, world"))
//!         .get("/broken", async |_| Err(Error::message("no database"))))
//! }
//!
//! // Below #[test]:
//! fn the_front_page_greets_and_errors_are_logged() {
//!     http_test(app, async |client| {
//!         assert_eq!(client.get("/").await?.text(), "Hello, world");
//!
//!         let log = expect_log(log_targets::APP, "Uncaught exception GET /broken");
//!         assert_eq!(client.get("/broken").await?.status(), 500);
//!         log.finish()?;
//!         Ok(())
//!     });
//! }
//! # the_front_page_greets_and_errors_are_logged();
//! ```
//!
//! | | what it is | Tornado's |
//! |---|---|---|
//! | [`run_test`], [`AsyncTest`] | a test on a loop of its own, for a limited time, on a paused clock if it likes | `gen_test`, `AsyncTestCase` |
//! | [`http_test`], [`HttpTest`] | the same with a server and a client, over sockets or in memory | `AsyncHTTPTestCase` |
//! | [`fetch`] | the same in one line | `AsyncHTTPTestCase.fetch` |
//! | [`TestServer`], [`Client`] | the two alone, as many as a test needs, with workers too | |
//! | [`expect_log`] | log lines that have to come | `ExpectLog` |
//! | [`for_seeds`], [`seed`] | chance that can be repeated: a network's faults, above all | |
//! | [`advance`], [`hold_clock`] | a paused clock, moved and held by hand | |
//!
//! What a test's thread logs, and those that work for it, is printed, for the harness to show if the test
//! fails: warnings, and all of Firewhirl's from `INFO` on. For this the first test of a process installs a
//! `tracing` subscriber; if there is one already, it gets what other threads log, as before.
//!
//! The client is small on purpose, and knows nothing but [`firewhirl_http`]'s codec: what a test is to
//! see must not be smoothed over.

mod assertions;
mod async_test;
mod client;
mod clock;
mod expect_log;
mod failure;
mod fetch;
mod fetch_error;
mod gathering;
mod hearing;
mod http_test;
mod log_capture;
mod observing;
mod outgoing;
mod replaced;
mod response;
#[cfg_attr(not(feature = "tls"), path = "secure_elsewhere.rs")]
mod secure;
mod seeds;
mod test_server;
mod waiting_place;

pub use async_test::{AsyncTest, async_test_timeout, run_test};
pub use client::Client;
pub use clock::{ClockHold, advance, hold_clock};
pub use expect_log::{ExpectLog, MissingLog, expect_log};
pub use failure::{Reason, TestFailure, Waiting};
pub use fetch::Fetch;
pub use fetch_error::{FetchError, FetchErrorKind};
pub use http_test::{HttpTest, fetch, http_test};
pub use log_capture::LogEntry;
pub use outgoing::BodyWriter;
pub use response::Response;
#[cfg(feature = "tls")]
pub use secure::TestCertificate;
pub use seeds::{for_seeds, seed};
pub use test_server::{TestServer, bind_unused_port};
pub use tracing::Level;
pub use waiting_place::WaitingPlace;
