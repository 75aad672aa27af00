//! A blocked loop in words: what blocks, where, on whose behalf, for how long, and what to do.

use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::time::Duration;

use super::stack::{Frame, Stack};
use super::system_call::SystemCall;
use crate::log_targets;

/// In which way a step blocks its loop.
///
/// A thread that is ready and that the system does not run is none of these: nobody in the program is to
/// blame, so it is only counted, in [`Statistics`](crate::Statistics).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlockKind {
    /// A function computes.
    Burning,
    /// A function sleeps in a system call.
    Asleep,
    /// The system does not tell: there is no `/proc`.
    Unknown,
}

/// What the watchdog knows of a loop that is blocked right now.
///
/// Its `Display` is what the log shows, several lines.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BlockedLoop {
    /// Computing or asleep.
    pub kind: BlockKind,
    /// How long the step has lasted, at least. It goes on.
    pub elapsed: Duration,
    /// The name of the loop's thread.
    pub thread: String,
    /// The system call in which it sleeps, if it does.
    pub system_call: Option<SystemCall>,
    /// The function of the kernel in which it sleeps, if the system tells.
    pub wait_channel: Option<String>,
    /// On whose behalf it works, as the layers above say it: with which handler, for which request.
    pub label: Option<String>,
    pub(super) stack: Stack,
}

impl BlockedLoop {
    /// The functions that the loop is in, the innermost first, down to where the loop called the program.
    ///
    /// Empty if the thread did not answer in time, which a thread that waits for a disk does not.
    pub fn frames(&self) -> &[Frame] {
        &self.stack.frames
    }

    /// The innermost function of the program's own: neither a dependency's, nor Firewhirl's, nor the
    /// standard library's. Where there is none, the innermost of all.
    pub fn place(&self) -> Option<&Frame> {
        self.frames().get(self.stack.named.unwrap_or(0))
    }

    /// What to do in place of what blocks.
    pub fn remedy(&self) -> &'static str {
        match (self.kind, &self.system_call) {
            (_, Some(call)) => call.remedy(),
            (BlockKind::Asleep, None) => {
                "await an asynchronous call in its place, or make it in `IoLoop::run_in_executor(|| ..).await`"
            }
            (BlockKind::Burning | BlockKind::Unknown, None) => {
                "compute in `IoLoop::run_in_executor(|| ..).await` or in the task queue; where it is a long loop, \
                 await `coroutine::yield_now()` in it now and then"
            }
        }
    }

    /// `burning CPU`, `asleep in the system call read of /tmp/x`.
    fn what(&self) -> String {
        match (self.kind, &self.system_call) {
            (BlockKind::Burning, _) => "burning CPU".to_owned(),
            (BlockKind::Asleep | BlockKind::Unknown, Some(call)) => format!("asleep in {call}"),
            (BlockKind::Asleep, None) => "asleep in a system call".to_owned(),
            (BlockKind::Unknown, None) => "busy".to_owned(),
        }
    }

    /// The line to look at, and the function: `src/main.rs:17 in app::pause`.
    pub(super) fn where_it_is(&self) -> String {
        let Some(frame) = self.place() else { return "an unknown place".to_owned() };
        match (&frame.file, frame.line) {
            (Some(file), Some(line)) => format!("{}:{line} in {}", file.display(), frame.function),
            _ => format!("{} (no line: build with `debug = \"line-tables-only\"`)", frame.function),
        }
    }

    /// What it is known by: the code that blocks, or, where that is not known, what it does.
    pub(super) fn spot(&self) -> u64 {
        match self.place() {
            Some(frame) => frame.address as u64,
            None => BuildHasherDefault::<DefaultHasher>::default().hash_one(self.summary()),
        }
    }

    /// What the line at its end says of it.
    pub(super) fn summary(&self) -> String {
        format!("{}, {}", self.where_it_is(), self.what())
    }
}

impl fmt::Display for BlockedLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (thread, what, elapsed) = (&self.thread, self.what(), Milliseconds(self.elapsed));
        write!(f, "the loop of thread `{thread}` is blocked: {what}, for {elapsed} so far\n  at ")?;
        f.write_str(&self.where_it_is())?;
        if let Some(label) = &self.label {
            write!(f, "\n  for {label}")?;
        }
        if let Some(channel) = &self.wait_channel {
            write!(f, "\n  in the kernel's {channel}")?;
        }
        write!(f, "\n  meanwhile the loop serves nobody else; instead: {}", self.remedy())?;
        if self.frames().is_empty() {
            return f.write_str("\n  no stack: its thread does not answer, as one that waits for a disk does not");
        }
        f.write_str("\n  stack, the innermost function first:")?;
        for (index, frame) in self.frames().iter().enumerate() {
            let mark = if Some(index) == self.stack.named { "->" } else { "  " };
            write!(f, "\n    {mark} {frame}")?;
        }
        match self.stack.beneath {
            0 => Ok(()),
            beneath => write!(f, "\n       and {beneath} of the loop beneath"),
        }
    }
}

/// A duration as a person reads it: `52 ms`, `1.204 s`.
pub(super) struct Milliseconds(pub(super) Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            milliseconds @ ..1000 => write!(f, "{milliseconds} ms"),
            _ => write!(f, "{:.3} s", self.0.as_secs_f64()),
        }
    }
}

/// Logs a blocked loop with its stack: what
/// [`set_blocking_log_threshold`](crate::IoLoop::set_blocking_log_threshold) does for each new spot.
///
/// A warning, in the framework's log. Tornado's `IOLoop.log_stack`.
///
/// # Examples
///
/// Logging every time, not once a spot:
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::{IoLoop, watchdog};
///
/// IoLoop::current().set_blocking_signal_threshold(Duration::from_millis(50), watchdog::log_stack);
/// # IoLoop::current().set_blocking_signal_threshold(None, watchdog::log_stack);
/// ```
pub fn log_stack(blocked: &BlockedLoop) {
    tracing::warn!(target: log_targets::GEN, "{blocked}");
}
