//! What HTTP's two sides and the applications above them share: forms, uploads, dates, ranges, URLs.
//!
//! Tornado's `httputil`, a file a concept. Nothing here knows of a connection: functions and small
//! state machines over bytes.

pub mod dates;

pub use dates::{DateCache, HttpDate, format_timestamp, parse_date};
