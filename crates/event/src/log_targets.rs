//! The names of the three log streams, as targets of `tracing`.
//!
//! Tornado's `tornado.access`, `tornado.application` and `tornado.general`.

/// A line a request.
pub const ACCESS: &str = "firewhirl::access";
/// Errors of the application's own code: uncaught ones, failed callbacks.
pub const APP: &str = "firewhirl::app";
/// The framework's own remarks: malformed requests, connections cut off, restarts.
pub const GEN: &str = "firewhirl::gen";
