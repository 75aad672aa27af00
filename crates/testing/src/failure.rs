//! Why a test failed: its own error, its time, and what went wrong behind its back.

use std::fmt;
use std::time::Duration;

use firewhirl_event::Error;

use crate::{LogEntry, MissingLog, WaitingPlace};

/// That a test failed, with every reason there is.
///
/// Its text is what the panic of [`AsyncTest::run`](crate::AsyncTest::run) says.
#[derive(Debug)]
pub struct TestFailure {
    pub(crate) test: String,
    pub(crate) seed: Option<u64>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) forgotten: Vec<String>,
    pub(crate) socket: Option<String>,
}

/// One of the things that make a test fail.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The test ended with this error.
    Error(Error),
    /// The test did not end in time.
    Timeout {
        /// How long it may take, on its clock.
        limit: Duration,
        /// What it was waiting for.
        waiting: Waiting,
    },
    /// A test on a paused clock did not end in any real time: its clock stands still, or never gets there.
    Stuck {
        /// How long was waited, on the real clock.
        limit: Duration,
        /// What it was waiting for.
        waiting: Waiting,
    },
    /// A callback, or spawned work that nobody awaits, failed meanwhile.
    Background(LogEntry),
    /// What was to be logged was not.
    MissingLog(MissingLog),
    /// Tasks were left on the loop, which [the test does not want](crate::AsyncTest::leave_nothing): the
    /// lines that spawned them.
    Forgotten(Vec<String>),
}

/// What a test was waiting for when its time ran out.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Waiting {
    /// The requests under way, with the lines that made them.
    pub requests: Vec<String>,
    /// The lines of the program at which the test's own future waits.
    pub place: WaitingPlace,
}

impl TestFailure {
    /// The test: its name as the harness calls its thread, or else its file and line.
    pub fn test(&self) -> &str {
        &self.test
    }

    /// The seed from which it has drawn, if it has.
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// The reasons, the test's own first.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The tasks that had not ended, which may be what kept it from ending: "a task that
    /// tests/chat.rs:12:5 spawned".
    pub fn forgotten(&self) -> &[String] {
        &self.forgotten
    }
}

impl fmt::Display for TestFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "test {} failed", self.test)?;
        if let Some(seed) = self.seed {
            write!(f, " with seed {seed} (FIREWHIRL_SEED={seed} repeats it)")?;
        }
        for (number, reason) in self.reasons.iter().enumerate() {
            write!(f, "{}{reason}", if number == 0 { ": " } else { "\n  and: " })?;
        }
        let is_told = |reason: &Reason| matches!(reason, Reason::Forgotten(_));
        if !self.reasons.iter().any(is_told) {
            self.forgotten.iter().try_for_each(|task| write!(f, "\n  it left behind {task}"))?;
        }
        match &self.socket {
            Some(socket) => write!(f, "\n  {ON_A_PAUSED_CLOCK}: {socket}"),
            None => Ok(()),
        }
    }
}

/// What is said of a socket where the clock jumps.
pub(crate) const ON_A_PAUSED_CLOCK: &str = "a socket on a paused clock, which does not wait for what is under way \
    in the kernel but jumps to the next timeout; use a network in memory, or `hold_clock`";

impl std::error::Error for TestFailure {}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // With its causes.
            Self::Error(error) => write!(f, "{error:?}"),
            Self::Timeout { limit, waiting } => {
                write!(f, "operation timed out after {} seconds{waiting}", limit.as_secs_f64())
            }
            Self::Stuck { limit, waiting } => {
                write!(f, "no end after {} real seconds on a paused clock{waiting}", limit.as_secs_f64())
            }
            Self::Background(entry) => f.write_str(entry.message()),
            Self::MissingLog(missing) => missing.fmt(f),
            Self::Forgotten(tasks) => write!(f, "it left behind {}", tasks.join(", ")),
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.requests.iter().try_for_each(|what| write!(f, "\n  it was waiting for {what}"))?;
        match self.place.lines() {
            [] => Ok(()),
            _ => write!(f, "\n  it was waiting at {}", self.place),
        }
    }
}
