//! A proxy to what has not moved yet, or never will: a service behind that answers what is not answered here.
//!
//! | file | what it holds |
//! |---|---|
//! | `options` | [`proxy`], and what it is set to |
//! | `target`, `upstreams` | where requests go, and which of several is next |
//! | `request_fields`, `response_fields` | what of a message's fields goes on; with `hop_by_hop`, `via`, `forwarded`, `location` |
//! | `entry`, `forward` | the route that it is, and what becomes of one request |
//! | `upload`, `tunnel`, `patience` | a request's body, what follows a switch of protocols, and how long is waited |
//!
//! What decides about messages knows no connection: fields in, fields out. Connections to the services behind
//! are the HTTP client's [`ConnectionPool`](firewhirl_http::client::ConnectionPool).

mod entry;
mod forward;
mod forwarded;
mod hop_by_hop;
mod location;
mod options;
mod patience;
mod request_fields;
mod response_fields;
mod target;
mod tunnel;
mod upload;
mod upstreams;
mod via;

pub use options::{IntoTargets, Proxy, proxy};
