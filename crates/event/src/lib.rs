//! Firewhirl's event layer: the event loop and what runs on it.
//!
//! Nothing here knows of HTTP, of servers or of any other crate of ours.

mod deadline;
mod error;
pub mod log_targets;

pub use deadline::Deadline;
pub use error::{Error, Result, TimeoutError};
