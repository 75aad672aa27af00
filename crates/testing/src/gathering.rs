//! What is gathered while a test runs, beside its result: failures that nobody awaits, and what it waits for.
//!
//! Kept by thread, since a test and its loop are of one thread. Nothing here ends a test: its runner
//! asks at the end.

use std::cell::RefCell;
use std::rc::Rc;

use firewhirl_event::log_targets;
use tracing::Level;

use crate::LogEntry;
use crate::failure::Reason;

/// How the event layer's log lines begin that tell of work which failed and which nobody waits for.
const BACKGROUND_FAILURE: &str = "exception in callback";

thread_local! {
    /// The tests that run in this thread, the innermost last; more than one only if a test runs tests.
    static TESTS: RefCell<Vec<Gathered>> = const { RefCell::new(Vec::new()) };
}

#[derive(Default)]
struct Gathered {
    reasons: Vec<Reason>,
    waiting: Vec<Rc<str>>,
}

/// The time of one test: what happens while it lives is the test's.
pub(crate) struct Gathering(());

impl Gathering {
    pub(crate) fn begin() -> Self {
        TESTS.with_borrow_mut(|tests| tests.push(Gathered::default()));
        Self(())
    }

    /// What the test waits for now.
    pub(crate) fn waiting(&self) -> Vec<String> {
        with_current(|test| test.waiting.iter().map(|what| what.to_string()).collect()).unwrap_or_default()
    }

    /// Takes what has gone wrong beside the test's own result.
    pub(crate) fn take_reasons(&self) -> Vec<Reason> {
        with_current(|test| std::mem::take(&mut test.reasons)).unwrap_or_default()
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        TESTS.with_borrow_mut(Vec::pop);
    }
}

/// Notes that the test fails, if one runs; gives the reason back if none does.
pub(crate) fn note(reason: Reason) -> Result<(), Reason> {
    let mut reason = Some(reason);
    with_current(|test| test.reasons.extend(reason.take()));
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

/// Notes what is waited for until the guard is dropped, to be told if time runs out.
pub(crate) fn wait_for(what: String) -> Waiting {
    let what: Rc<str> = what.into();
    with_current(|test| test.waiting.push(what.clone()));
    Waiting(what)
}

/// That something is waited for.
pub(crate) struct Waiting(Rc<str>);

impl Drop for Waiting {
    fn drop(&mut self) {
        with_current(|test| test.waiting.retain(|what| !Rc::ptr_eq(what, &self.0)));
    }
}

fn with_current<Answer>(act: impl FnOnce(&mut Gathered) -> Answer) -> Option<Answer> {
    // A thread that is ending runs no test.
    TESTS.try_with(|tests| tests.borrow_mut().last_mut().map(act)).ok().flatten()
}
