//! What runs a service: its options, its log, its metrics, its `main`. Tornado's `options` and `log`.

pub mod health;
pub mod log;
pub mod metrics;
pub mod options;

mod service;

pub use options::Options;
pub use service::{Main, MainOptions, main};
