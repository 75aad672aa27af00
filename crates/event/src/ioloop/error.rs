//! What can go wrong with a loop itself.

use std::fmt;

/// Why a loop could not be run, or not to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoopError {
    /// A loop of this thread runs already, and the call came from within it.
    AlreadyRunning,
    /// The loop was closed before.
    Closed,
    /// Somebody stopped the loop while `run_sync` waited for its future.
    Stopped,
}

impl fmt::Display for LoopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyRunning => "an event loop is already running in this thread; await or spawn instead",
            Self::Closed => "the event loop is closed",
            Self::Stopped => "event loop stopped before the future completed",
        })
    }
}

impl std::error::Error for LoopError {}
