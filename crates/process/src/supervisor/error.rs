//! Why a supervisor has ended otherwise than by its children's or its own orderly end.

use std::fmt;
use std::io;
use std::time::Duration;

/// Why a supervisor has given up.
#[derive(Debug)]
#[non_exhaustive]
pub enum SupervisorError {
    /// A process has died too often: Tornado's "Too many child restarts, giving up".
    TooManyRestarts {
        /// The task whose process it is.
        task: usize,
        /// How often it may be restarted..
        restarts: u32,
        /// .. within this time.
        within: Duration,
    },
    /// A process could not be started to begin with.
    NotStarted {
        /// The task whose process it was to be.
        task: usize,
        /// What the system said.
        error: io::Error,
    },
    /// It was interrupted a second time while it waited for its processes to end, and has killed them.
    Interrupted,
}

impl fmt::Display for SupervisorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyRestarts { task, restarts, within } => {
                let within = within.as_secs_f64();
                write!(
                    f,
                    "too many child restarts, giving up: child {task} died more than {restarts} times in {within} \
                     seconds; its log says why, and `max_restarts` allows more"
                )
            }
            Self::NotStarted { task, error } => write!(f, "child {task} cannot be started: {error}"),
            Self::Interrupted => f.write_str("interrupted twice, so the children were killed"),
        }
    }
}

impl std::error::Error for SupervisorError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotStarted { error, .. } => Some(error),
            Self::TooManyRestarts { .. } | Self::Interrupted => None,
        }
    }
}
