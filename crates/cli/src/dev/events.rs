//! What the runner hears of: each part of it that waits for something tells it in one queue.

use std::path::PathBuf;

use firewhirl_process::ServiceEvent;
use firewhirl_process::development::{Build, DevelopmentError, Wish};
use tokio::sync::mpsc;

/// Something has happened.
#[derive(Debug)]
pub(super) enum Event {
    /// Files that are watched have changed.
    Changed(Vec<PathBuf>),
    /// A build has ended.
    Built(Result<Build, DevelopmentError>),
    /// A copy of the program, by its number, has said something or has ended.
    Copy(u32, ServiceEvent),
    /// A copy of the program took too long to end.
    Overdue(u32),
    /// The program wants something watched.
    Wished(Wish),
    /// A key was pressed.
    Key(u8),
    /// Ctrl-C, or another program that wants an end.
    End,
}

/// Where events go.
pub(super) type Events = mpsc::UnboundedSender<Event>;
