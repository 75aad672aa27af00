//! What is logged in a thread, made to pass through the tests that run in it.
//!
//! One subscriber for the whole process: `tracing` remembers for all threads whether somebody listens
//! to a line of code, so with a subscriber a test the answer would depend on which test asks first.
//! What is a test's own, who listens, is kept by thread instead.

use std::cell::{OnceCell, RefCell};
use std::fmt::{self, Write};
use std::rc::Rc;
use std::sync::OnceLock;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest, set_default, set_global_default};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::gathering;

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    target: String,
    level: Level,
    message: String,
}

impl LogEntry {
    pub(crate) fn new(target: impl Into<String>, level: Level, message: impl Into<String>) -> Self {
        Self { target: target.into(), level, message: message.into() }
    }

    /// The stream that it went to: one of [`log_targets`](firewhirl_event::log_targets), or a module's path.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// How serious it is.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The message, and behind it the other fields as ` name=value`.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for LogEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.level, self.target, self.message)
    }
}

/// Somebody to whom the entries of a thread are shown before anyone else sees them.
pub(crate) trait Listener {
    /// Whether entries of this target and level are of interest, although they may be too detailed to be
    /// logged otherwise.
    fn wants(&self, target: &str, level: Level) -> bool;

    /// Looks at an entry; whether that was the end of it.
    fn take(&self, entry: &LogEntry) -> bool;
}

thread_local! {
    /// Who listens in this thread; the latest hears first.
    static LISTENERS: RefCell<Vec<Rc<dyn Listener>>> = const { RefCell::new(Vec::new()) };
    /// Our subscriber, for this thread alone, where the process has one already.
    static SCOPED: OnceCell<DefaultGuard> = const { OnceCell::new() };
}

/// Has what this thread logs shown to `listener` for as long as the returned guard lives.
pub(crate) fn listen(listener: Rc<dyn Listener>) -> Listening {
    capture();
    LISTENERS.with_borrow_mut(|listeners| listeners.push(listener.clone()));
    Listening(listener)
}

/// Makes sure that what this thread logs arrives here.
pub(crate) fn capture() {
    static IS_GLOBAL: OnceLock<bool> = OnceLock::new();
    if !IS_GLOBAL.get_or_init(|| set_global_default(Capture).is_ok()) {
        SCOPED.with(|scoped| {
            scoped.get_or_init(|| set_default(Capture));
        });
    }
}

/// Shows an entry to who listens, and if nobody takes it to the test and its reader.
pub(crate) fn deliver(entry: LogEntry) {
    // Not within the borrow: who listens may log.
    let listeners = LISTENERS.try_with(|listeners| listeners.borrow().clone()).unwrap_or_default();
    if listeners.iter().rev().any(|listener| listener.take(&entry)) {
        return;
    }
    if is_shown(&entry.target, entry.level) {
        // The test harness shows it if the test fails.
        eprintln!("{entry}");
    }
    gathering::note_entry(entry);
}

/// What a reader of a failed test gets to see unasked: warnings, and all that the framework has to say.
fn is_shown(target: &str, level: Level) -> bool {
    level <= Level::WARN || (level <= Level::INFO && is_within(target, "firewhirl"))
}

/// Whether `target` is `parent` or below it, as `a::b` is below `a`; everything is below the empty text.
pub(crate) fn is_within(target: &str, parent: &str) -> bool {
    parent.is_empty() || target.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// That somebody listens.
pub(crate) struct Listening(Rc<dyn Listener>);

impl Drop for Listening {
    fn drop(&mut self) {
        // A thread that is ending has nobody who listens.
        let _ = LISTENERS.try_with(|listeners| {
            listeners.borrow_mut().retain(|listener| !Rc::ptr_eq(listener, &self.0));
        });
    }
}

/// The subscriber: makes entries of events.
struct Capture;

impl Subscriber for Capture {
    /// Never once and for all: what is of interest changes from test to test.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let (target, level) = (metadata.target(), *metadata.level());
        is_shown(target, level)
            || LISTENERS
                .try_with(|listeners| listeners.borrow().iter().any(|listener| listener.wants(target, level)))
                .unwrap_or(false)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let metadata = event.metadata();
        deliver(LogEntry::new(metadata.target(), *metadata.level(), text.message + &text.fields));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// An event's fields as text.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string fails only if a value's own `Debug` does; the rest of the line counts then.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_holds_those_below_it() {
        const CASES: &[(&str, &str, bool)] = &[
            ("firewhirl::app", "firewhirl::app", true),
            ("firewhirl::app", "firewhirl", true),
            ("firewhirl::app", "", true),
            ("firewhirl::application", "firewhirl::app", false),
            ("firewhirl", "firewhirl::app", false),
        ];
        for &(target, parent, expected) in CASES {
            assert_eq!(is_within(target, parent), expected, "{target} in {parent}");
        }
    }
}
