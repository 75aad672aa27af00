//! Why a test failed: its own error, its time, and what went wrong behind its back.

use std::fmt;
use std::time::Duration;

use firewhirl_event::Error;

use crate::{LogEntry, MissingLog};

/// That a test failed, with every reason there is.
///
/// Its text is what the panic of [`AsyncTest::run`](crate::AsyncTest::run) says.
#[derive(Debug)]
pub struct TestFailure {
    test: String,
    reasons: Vec<Reason>,
}

/// One of the things that make a test fail.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The test ended with this error.
    Error(Error),
    /// The test did not end in time.
    Timeout {
        /// How long it may take.
        limit: Duration,
        /// The requests under way when time ran out, with the lines that made them.
        waiting: Vec<String>,
    },
    /// A callback, or spawned work that nobody awaits, failed meanwhile.
    Background(LogEntry),
    /// What was to be logged was not.
    MissingLog(MissingLog),
}

impl TestFailure {
    pub(crate) fn new(test: String, reasons: Vec<Reason>) -> Self {
        Self { test, reasons }
    }

    /// The test: its name as the harness calls its thread, or else its file and line.
    pub fn test(&self) -> &str {
        &self.test
    }

    /// The reasons, the test's own first.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }
}

impl fmt::Display for TestFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "test {} failed", self.test)?;
        for (number, reason) in self.reasons.iter().enumerate() {
            write!(f, "{}{reason}", if number == 0 { ": " } else { "\n  and: " })?;
        }
        Ok(())
    }
}

impl std::error::Error for TestFailure {}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // With its causes.
            Self::Error(error) => write!(f, "{error:?}"),
            Self::Timeout { limit, waiting } => {
                write!(f, "operation timed out after {} seconds", limit.as_secs_f64())?;
                waiting.iter().try_for_each(|what| write!(f, "\n  it was waiting for {what}"))
            }
            Self::Background(entry) => f.write_str(entry.message()),
            Self::MissingLog(missing) => missing.fmt(f),
        }
    }
}
