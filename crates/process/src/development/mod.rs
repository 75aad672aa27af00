//! What autoreload and `firewhirl dev` are made of: which program it is, what it is made of, how it is
//! built again, and when.
//!
//! Programs that are developed need none of it; it is for other tools of the kind. Nothing here knows
//! of servers or browsers.

mod ansi;
mod build;
mod cargo;
mod choose;
mod dep_info;
mod error;
mod progress;
mod running;
mod status;
mod watch_set;
mod watcher;

pub use ansi::{ANSI_STYLE, ansi_to_html, ansi_to_text};
pub use build::{BrokenBuild, Build, Built, Stamp};
pub use cargo::{CargoProgram, Choice};
pub use dep_info::sources_of;
pub use error::DevelopmentError;
pub use progress::{Announcer, Progress};
pub use status::{Status, Wish};
pub use watch_set::WatchSet;
pub use watcher::Watcher;

/// The environment variable in which the development runner names the Unix socket at which it speaks with the
/// program that it runs.
pub const RUNNER_VARIABLE: &str = "FIREWHIRL_DEV";
