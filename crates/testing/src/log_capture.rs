//! What is logged in a thread, made to pass through the tests that run in it.
//!
//! One subscriber for the whole process: `tracing` remembers for all threads whether somebody listens
//! to a line of code, so with a subscriber a test the answer would depend on which test asks first.
//! What is a test's own, who listens, is its [`Hearing`]'s instead.

use std::cell::OnceCell;
use std::fmt::{self, Write};
use std::sync::{Arc, OnceLock};

use firewhirl_event::log_targets::ACCESS;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest, set_default, set_global_default};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::gathering;
use crate::hearing::Hearing;

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    target: String,
    level: Level,
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl LogEntry {
    /// The stream that it went to: one of [`log_targets`](firewhirl_event::log_targets), or a module's path.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// How serious it is.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The message, and behind it the other fields as ` name=value`; those of an access line, which says them
    /// already, are left out.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The value of a field other than the message, as it is logged; a text without quotes.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_testing::expect_log;
    ///
    /// let log = expect_log("my_service", "connection lost");
    /// tracing::warn!(target: "my_service", peer = "10.0.0.1", attempts = 3, "connection lost");
    /// let entry = &log.finish().unwrap()[0];
    /// assert_eq!((entry.field("peer"), entry.field("attempts")), (Some("10.0.0.1"), Some("3")));
    /// assert_eq!(entry.field("port"), None);
    /// ```
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields().find(|(field, _)| *field == name).map(|(_, value)| value)
    }

    /// The fields other than the message, in their order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

impl fmt::Display for LogEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.level, self.target, self.message)
    }
}

/// Somebody to whom the entries of a thread are shown before anyone else sees them.
pub(crate) trait Listener: Send + Sync {
    /// Whether entries of this target and level are of interest, although they may be too detailed to be
    /// logged otherwise.
    fn wants(&self, target: &str, level: Level) -> bool;

    /// Looks at an entry; whether that was the end of it.
    fn take(&self, entry: &LogEntry) -> bool;
}

thread_local! {
    /// Our subscriber, for this thread alone, where the process has one already.
    static SCOPED: OnceCell<DefaultGuard> = const { OnceCell::new() };
}

/// Has what this thread logs, and those that work for it, shown to `listener` for as long as the returned
/// guard lives.
pub(crate) fn listen(listener: Arc<dyn Listener>) -> Listening {
    capture();
    let hearing = Hearing::current();
    if let Some(hearing) = &hearing {
        hearing.listeners().push(listener.clone());
    }
    Listening { listener, hearing }
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
    let hearing = Hearing::current().unwrap_or_default();
    // Not within the lock: who listens may log.
    let listeners = hearing.listeners().clone();
    if listeners.iter().rev().any(|listener| listener.take(&entry)) {
        return;
    }
    if is_shown(&entry.target, entry.level) {
        let is_elsewhere = hearing.with_test(|test| {
            let is_elsewhere = test.thread != std::thread::current().id();
            if is_elsewhere {
                test.show_later(entry.clone());
            }
            is_elsewhere
        });
        if is_elsewhere != Some(true) {
            gathering::show_what_came_from_elsewhere(&hearing);
            // The test harness shows it if the test fails.
            eprintln!("{entry}");
        }
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
pub(crate) struct Listening {
    listener: Arc<dyn Listener>,
    hearing: Option<Arc<Hearing>>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(hearing) = &self.hearing {
            hearing.listeners().retain(|listener| !Arc::ptr_eq(listener, &self.listener));
        }
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
            || Hearing::current()
                .is_some_and(|hearing| hearing.listeners().iter().any(|listener| listener.wants(target, level)))
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let metadata = event.metadata();
        // The fields of an access line say what its text says.
        let shown = if metadata.target() == ACCESS { &[] } else { &*text.fields };
        let message = shown.iter().fold(text.message, |line, (name, value)| format!("{line} {name}={value}"));
        let target = metadata.target().to_owned();
        deliver(LogEntry { target, level: *metadata.level(), message, fields: text.fields });
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
    fields: Vec<(&'static str, String)>,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // Writing to a string fails only if a value's own `Debug` does; the rest of the line counts then.
        let _ = write!(text, "{value:?}");
        match field.name() {
            "message" => self.message = text,
            name => self.fields.push((name, text)),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = value.to_owned(),
            name => self.fields.push((name, value.to_owned())),
        }
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
