//! The log: what the three streams say, as lines for a person or for a machine. Tornado's `log`.

mod clock;
mod colour;
mod enable;
mod error;
mod formatter;
mod json;
mod layer;
mod levels;
mod log_file;
mod options;
mod output;
mod pattern;
mod printable;
mod record;
mod request;
mod rotation;

pub use colour::{Color, ColorSupport};
pub use enable::{enable_pretty_logging, layer, set_levels};
pub use error::LogError;
pub use formatter::{Formatter, LogFormatter};
pub use json::JsonFormatter;
pub use layer::LogLayer;
pub use levels::Levels;
pub(crate) use log_file::hand_over;
pub use log_file::{LogFile, reopen};
pub use options::define_logging_options;
pub use output::{Output, Stderr};
pub use record::{Record, Span, Value};
pub use request::Request;
pub use rotation::{Rotation, When};
