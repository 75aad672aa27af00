//! JSON, to the byte as Python writes it.

mod decode;
mod encode;
mod key;
mod scalar;

pub use decode::json_decode;
pub use encode::{JsonError, json_encode};
