//! tower, both ways: a `Service` mounted under a prefix, and an `Application` that is one.
//!
//! Only here does a request become an `http::Request`: with its head as a map and its body as an
//! `http_body::Body`.

mod application;
mod body;
mod conversation;
mod error;
mod mounted;

pub use application::ResponseBody;
pub use body::Body;
pub use error::ServiceError;
pub use mounted::OfService;

/// An error of whatever type, as tower's services have them.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
