//! The web layer: Application, Handler, routing, arguments, responses, errors.
//!
//! ```
//! use firewhirl_event::Result;
//! use firewhirl_http::HttpServer;
//! use firewhirl_web::{Application, Context, Handler, url};
//!
//! #[derive(Clone)]
//! struct Story;
//!
//! impl Handler for Story {
//!     async fn get(&mut self, cx: &Context) -> Result {
//!         let id: u64 = cx.path("id")?;
//!         cx.write(format!("story {id}"))
//!     }
//! }
//!
//! async fn app() -> Result<Application> {
//!     Ok(Application::new()
//!         .get("/", async |cx| cx.write("Hello, world"))
//!         .route(url("/story/{id}").name("story"), Story))
//! }
//!
//! let server = HttpServer::new(app);
//! # let _ = server;
//! ```
//!
//! An [`Application`] answers the exchanges of an HTTP server: it finds the route, runs the
//! [`Site`]'s hooks and the [`Handler`]'s verb (or a function), and ends the response. Nothing in it is
//! `Send`: it lives on its worker's loop.

mod access_log;
mod application;
mod chunk;
mod compression;
mod context;
mod cookie;
mod cross_origin;
mod entry;
mod error_page;
mod errors;
mod etag;
mod event_stream;
mod execute;
mod forgery_settings;
mod form;
mod function;
mod handler;
mod lingering;
mod live;
pub mod live_reload;
pub mod locale;
mod output_transform;
mod path;
mod proxy;
mod redirect_handler;
mod resources;
mod route_info;
mod router;
mod routes;
mod routing;
mod settings;
mod shared;
pub mod signed_value;
mod site;
mod static_files;
pub mod tower;
mod trace_context;
pub mod traffic;
mod trailing_slash;
mod xsrf;

pub use application::Application;
pub use chunk::{Chunk, Json};
pub use compression::Compression;
pub use context::{BodyStream, Context, Later, LoginUrlRequired, RequestId, Unfinished, WrongUser};
pub use cookie::{CookieError, CookieOptions, SameSite};
pub use errors::{Finish, HttpError, IntoStatus, InvalidUnicode, MissingArgument, OrStatus, ResponseMisuse, Status};
pub use event_stream::EventStream;
pub use form::FormError;
pub use function::HandlerFn;
pub use handler::{Answer, Handler, Unanswered, Unprepared};
pub use lingering::Lingering;
pub use output_transform::OutputTransform;
pub use path::{FromPath, MissingParameter, PathKey};
pub use proxy::{IntoTargets, Proxy, proxy};
pub use redirect_handler::RedirectHandler;
pub use resources::MissingResource;
pub use route_info::RouteInfo;
pub use router::Router;
pub use routes::Mount;
pub use routing::{Host, ReverseError, RouteError, RouteErrors, Url, UrlArguments, regex, url};
pub use settings::Settings;
pub use shared::Shared;
pub use site::{NoUser, Outer, Site};
pub use static_files::{
    Directory, Embedded, Found, IntoStaticFiles, NoStaticFiles, StaticFile, StaticFileHandler, StaticSource,
    StaticUrlOptions,
};
pub use trace_context::TraceContext;
pub use xsrf::XsrfVersion;
