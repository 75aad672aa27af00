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
pub use firewhirl_process as process;
pub use firewhirl_run as run;
pub use firewhirl_tcp as tcp;
pub use firewhirl_web as web;

/// The programs of the README and of the guide compile, and run where they can.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../README.md")]
    struct Readme;

    #[doc = include_str!("../../../docs/autoreload.md")]
    struct Autoreload;

    #[doc = include_str!("../../../docs/blocked-loop.md")]
    struct BlockedLoop;

    #[doc = include_str!("../../../docs/compression.md")]
    struct Compression;

    #[doc = include_str!("../../../docs/cookies.md")]
    struct Cookies;

    #[doc = include_str!("../../../docs/http-client.md")]
    struct HttpClient;

    #[doc = include_str!("../../../docs/http2.md")]
    struct Http2;

    #[doc = include_str!("../../../docs/locale.md")]
    struct Locale;

    #[doc = include_str!("../../../docs/log.md")]
    struct Log;

    #[doc = include_str!("../../../docs/metrics.md")]
    struct Metrics;

    #[doc = include_str!("../../../docs/moving-over.md")]
    struct MovingOver;

    #[doc = include_str!("../../../docs/options.md")]
    struct Options;

    #[doc = include_str!("../../../docs/processes.md")]
    struct Processes;

    #[doc = include_str!("../../../docs/running.md")]
    struct Running;

    #[doc = include_str!("../../../docs/server-sent-events.md")]
    struct ServerSentEvents;

    #[doc = include_str!("../../../docs/static-files.md")]
    struct StaticFiles;

    #[doc = include_str!("../../../docs/testing.md")]
    struct Testing;

    #[cfg(feature = "tls")]
    #[doc = include_str!("../../../docs/tls.md")]
    struct Tls;

    #[doc = include_str!("../../../docs/xsrf.md")]
    struct Xsrf;
}
