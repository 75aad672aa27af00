//! The client: requests out, responses in, over connections that are used again.
//!
//! [`AsyncHttpClient`] fetches an [`HttpRequest`] and gives an [`HttpResponse`]; [`HttpClient`] does so for
//! programs without a loop. Beneath, [`ConnectionPool::send`] sends one message on one connection.
//!
//! | file | what it holds |
//! |---|---|
//! | `async_http_client`, `http_client`, `options` | the clients, and what they are set to |
//! | `request`, `request_options`, `ssl_options`, `url`, `form` | what is asked for, and how |
//! | `fetch`, `journey`, `leg`, `redirect` | a request on its way: over redirects, leg by leg |
//! | `login`, `digest`, `cookie_jar`, `environment` | who asks, and by which proxy |
//! | `response`, `streamed_response` | what comes of it, whole or part by part |
//! | `cookie_jar`, `digest`, `event_source` | cookies that are kept, the Digest scheme, server-sent events |
//! | `pool`, `checkout`, `host` | the connections of one loop, and how a request comes to one |
//! | `connection`, `multiplexed` | connections of either version; those of HTTP/2, which many requests share |
//! | `queue` | how many requests may be under way, in all and to a host |
//! | `deadlines`, `alarm` | until when, with one timer for all |
//! | `exchange`, `outgoing`, `incoming` | one request and its response |
//! | `connector`, `destination`, `proxy`, `tunnel`, `secure` | where to, and how a connection is made |

mod alarm;
mod async_http_client;
mod body_stream;
mod checkout;
mod connection;
mod connector;
mod cookie_jar;
mod deadlines;
mod destination;
mod digest;
mod environment;
mod error;
mod event_source;
mod exchange;
mod fetch;
mod form;
mod host;
mod http_client;
mod incoming;
mod journey;
mod leg;
mod login;
mod multiplexed;
mod options;
mod outgoing;
mod pool;
mod pool_options;
mod proxy;
mod queue;
mod redirect;
mod request;
mod request_error;
mod request_options;
mod response;
#[cfg_attr(not(feature = "tls"), path = "secure_elsewhere.rs")]
mod secure;
#[cfg_attr(not(feature = "tls"), path = "ssl_options_elsewhere.rs")]
mod ssl_options;
mod streamed_response;
mod time_info;
mod tunnel;
mod url;

pub use async_http_client::AsyncHttpClient;
pub use body_stream::{BodySender, BodyStream};
pub use connector::{Dial, Dialing};
pub use cookie_jar::{Cookie, CookieJar, SameSite};
pub use destination::{Destination, Scheme, Versions};
pub use digest::{DigestAuth, DigestError, Staleness};
pub use error::{HttpClientError, TimeoutPhase};
pub use event_source::{EventSource, EventSourceError};
pub use fetch::Fetch;
pub use http_client::HttpClient;
pub use incoming::IncomingResponse;
pub use options::ClientOptions;
pub use outgoing::{InformationalHook, OutgoingBody, OutgoingRequest};
pub use pool::ConnectionPool;
pub use pool_options::PoolOptions;
pub use proxy::Proxy;
pub use redirect::RedirectError;
pub use request::HttpRequest;
pub use request_error::RequestError;
pub use request_options::AuthMode;
pub use response::HttpResponse;
pub use secure::TlsError;
pub use streamed_response::StreamedResponse;
pub use time_info::TimeInfo;

pub(crate) use body_stream::BodyReceiver;
pub(crate) use outgoing::CONTINUE_PATIENCE;
#[cfg(feature = "http2")]
pub(crate) use time_info::now;
