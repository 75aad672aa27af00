//! Firewhirl: Tornado's whole stack, in Rust.
pub use {firewhirl_escape as escape, firewhirl_event as event, firewhirl_http as http, firewhirl_tcp as tcp, firewhirl_web as web};
