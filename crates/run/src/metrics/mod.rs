//! Figures for Prometheus: what the framework counts, what a program counts itself, and the page that tells
//! them.
//!
//! [`Metrics`] is the page; what is on it is listed in `docs/metrics.md`. [`Counter`], [`Gauge`] and
//! [`Histogram`] are a program's own figures, and [`register_collector`] lets any other library's in.
//!
//! All of it is the process's. What the framework counts for each request is counted by the thread that
//! serves it, without a lock, and summed up for the page; the layers below know nothing of this one, nor
//! of Prometheus.

mod endpoint;
mod exposition;
mod framework;
mod own;
mod process;
mod registry;

pub use endpoint::Metrics;
pub use exposition::Format;
pub use own::{Counter, Gauge, Histogram, Labelled, Timer};
pub use registry::register_collector;
