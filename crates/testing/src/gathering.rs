//! What is gathered while a test runs, beside its result: failures that nobody awaits, what it waits for,
//! the tasks that it has spawned.
//!
//! Nothing here ends a test: its runner asks at the end.

use std::panic::Location;
use std::sync::Arc;
use std::thread::ThreadId;

use firewhirl_event::log_targets;
use tokio::task::AbortHandle;
use tracing::Level;

use crate::LogEntry;
use crate::failure::Reason;
use crate::hearing::Hearing;

/// How the event layer's log lines begin that tell of work which failed and which nobody waits for.
const BACKGROUND_FAILURE: &str = "exception in callback";

/// What one test has gathered so far.
pub(crate) struct Gathered {
    pub(crate) thread: ThreadId,
    pub(crate) is_clock_paused: bool,
    reasons: Vec<Reason>,
    waiting: Vec<Arc<str>>,
    tasks: Vec<(&'static Location<'static>, AbortHandle)>,
    /// What other threads have logged, to be shown in the test's own.
    unshown: Vec<LogEntry>,
    /// The first use of a socket on a paused clock.
    pub(crate) socket: Option<String>,
}

/// The time of one test: what happens while it lives is the test's.
pub(crate) struct Gathering {
    pub(crate) hearing: Arc<Hearing>,
}

impl Gathering {
    pub(crate) fn begin(is_clock_paused: bool) -> Self {
        let hearing = Hearing::current().unwrap_or_default();
        hearing.tests().push(Gathered {
            thread: std::thread::current().id(),
            is_clock_paused,
            reasons: Vec::new(),
            waiting: Vec::new(),
            tasks: Vec::new(),
            unshown: Vec::new(),
            socket: None,
        });
        Self { hearing }
    }

    /// What the test waits for now.
    pub(crate) fn waiting(&self) -> Vec<String> {
        let waiting = self.hearing.with_test(|test| test.waiting.iter().map(|what| what.to_string()).collect());
        waiting.unwrap_or_default()
    }

    /// Takes what has gone wrong beside the test's own result.
    pub(crate) fn take_reasons(&self) -> Vec<Reason> {
        self.hearing.with_test(|test| std::mem::take(&mut test.reasons)).unwrap_or_default()
    }

    /// The lines whose tasks have not ended, of those that are not the framework's own; each with how many.
    pub(crate) fn forgotten(&self) -> Vec<String> {
        let mut lines: Vec<(&'static Location<'static>, usize)> = Vec::new();
        self.hearing.with_test(|test| {
            for (place, task) in &test.tasks {
                if task.is_finished() || is_of_the_framework(place.file()) {
                    continue;
                }
                match lines.iter_mut().find(|(line, _)| line == place) {
                    Some((_, count)) => *count += 1,
                    None => lines.push((place, 1)),
                }
            }
        });
        let line = |(place, count)| match count {
            1 => format!("a task that {place} spawned"),
            _ => format!("{count} tasks that {place} spawned"),
        };
        lines.into_iter().map(line).collect()
    }

    /// The first socket that was used on a paused clock.
    pub(crate) fn socket(&self) -> Option<String> {
        self.hearing.with_test(|test| test.socket.clone()).flatten()
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        show_what_came_from_elsewhere(&self.hearing);
        let ended = self.hearing.tests().pop();
        // Outside the lock, for what it holds may log when it is dropped.
        drop(ended);
    }
}

impl Gathered {
    /// Notes a task that the test's loop was given.
    pub(crate) fn note_task(&mut self, place: &'static Location<'static>, task: AbortHandle) {
        if self.tasks.len() == self.tasks.capacity() {
            self.tasks.retain(|(_, task)| !task.is_finished());
        }
        self.tasks.push((place, task));
    }

    /// Keeps an entry of another thread until the test's own shows it.
    pub(crate) fn show_later(&mut self, entry: LogEntry) {
        self.unshown.push(entry);
    }
}

/// Shows what other threads have logged for the test: from this one, for the harness knows the output of
/// a test by its thread.
pub(crate) fn show_what_came_from_elsewhere(hearing: &Hearing) {
    for entry in hearing.with_test(|test| std::mem::take(&mut test.unshown)).unwrap_or_default() {
        eprintln!("{entry}");
    }
}

/// Whether a source file is one of our crates'. They lie side by side, in a workspace and in a registry.
pub(crate) fn is_of_the_framework(file: &str) -> bool {
    let beside = file!().split_once("testing").map_or("", |(beside, _)| beside);
    file.match_indices(beside).any(|(start, _)| {
        let beneath = file[start + beside.len()..].split_once('/');
        beneath.is_some_and(|(_, path)| path.starts_with("src/"))
    })
}

/// Notes that the test fails, if one runs; gives the reason back if none does.
pub(crate) fn note(reason: Reason) -> Result<(), Reason> {
    let mut reason = Some(reason);
    if let Some(hearing) = Hearing::current() {
        hearing.with_test(|test| test.reasons.extend(reason.take()));
    }
    reason.map_or(Ok(()), Err)
}

/// Looks whether a log entry that nobody expected tells of work that failed.
pub(crate) fn note_entry(entry: LogEntry) {
    let failed = entry.target() == log_targets::APP && entry.level() == Level::ERROR;
    if failed && entry.message().starts_with(BACKGROUND_FAILURE) {
        // Outside of tests it has been shown, and that is all.
        let _ = note(Reason::Background(entry));
    }
}

/// Whether a test on a paused clock runs in this thread.
pub(crate) fn is_clock_paused() -> bool {
    Hearing::current().and_then(|hearing| hearing.with_test(|test| test.is_clock_paused)).unwrap_or(false)
}

/// Notes what is waited for until the guard is dropped, to be told if time runs out.
pub(crate) fn wait_for(what: String) -> Waiting {
    let what: Arc<str> = what.into();
    let hearing = Hearing::current();
    if let Some(hearing) = &hearing {
        hearing.with_test(|test| test.waiting.push(what.clone()));
    }
    Waiting { what, hearing }
}

/// That something is waited for.
pub(crate) struct Waiting {
    what: Arc<str>,
    hearing: Option<Arc<Hearing>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(hearing) = &self.hearing {
            hearing.with_test(|test| test.waiting.retain(|what| !Arc::ptr_eq(what, &self.what)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_crates_lie_beside_this_one() {
        assert!(is_of_the_framework(file!()));
        assert!(is_of_the_framework(&file!().replace("testing", "http")));
        assert!(is_of_the_framework(&format!("/home/a/firewhirl/{}", file!())));
        assert!(!is_of_the_framework(&file!().replace("src", "tests")));
        assert!(!is_of_the_framework("src/main.rs"));
    }
}
