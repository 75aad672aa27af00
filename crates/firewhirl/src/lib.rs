//! Tornado's whole stack, in Rust: event loop, IOStream, TCP, HTTP and the web layer.
//!
//! A fire whirl is a tornado of flame. This crate is only the door: each layer is a crate of its own
//! and a module here, and the [`prelude`] brings the names that nearly every program uses.
//!
//! ```no_run
//! use firewhirl::prelude::*;
//!
//! async fn app() -> Result<Application> {
//!     Ok(Application::new().get("/", async |cx| cx.write("Hello, world")))
//! }
//!
//! fn main() -> Result {
//!     HttpServer::new(app).listen(8888)?;
//!     IoLoop::current().start()
//! }
//! ```

pub mod prelude;

pub use firewhirl_escape as escape;
pub use firewhirl_event as event;
pub use firewhirl_http as http;
pub use firewhirl_tcp as tcp;
pub use firewhirl_web as web;

/// The README's first program compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
