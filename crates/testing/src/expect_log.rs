//! Log lines that a test expects: kept out of its output, and missed if they do not come. Tornado's
//! `ExpectLog`.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use regex::Regex;
use tracing::Level;

use crate::LogEntry;
use crate::failure::Reason;
use crate::gathering;
use crate::log_capture::{Listener, Listening, is_within, listen};

/// Expects this thread to log, on `target`, a message that `pattern` matches at its start.
///
/// Entries that match are swallowed for as long as the returned value lives; the others are shown as
/// ever. Give it a name (`let _log = ..`): `let _ = ..` ends it at once. Where several expect the same
/// entry, the latest gets it. Targets are the [`log_targets`](firewhirl_event::log_targets) or a
/// module's path, those below it included; the empty text stands for all. Without a
/// [`level`](ExpectLog::level) entries of `INFO` and above match.
///
/// If nothing has matched at the end, the test fails with "did not get expected log message", unless
/// it fails of something else.
///
/// What other threads log, such as the workers of `HttpServer::start`, is not seen. Tornado's `ExpectLog`.
///
/// # Panics
///
/// If `pattern` is no regular expression. Where no test runs, also at the end if nothing matched.
///
/// # Examples
///
/// ```
/// use firewhirl_event::{Error, IoLoop, coroutine::yield_now, log_targets};
/// use firewhirl_testing::{expect_log, run_test};
///
/// run_test(async {
///     let log = expect_log(log_targets::APP, "exception in callback: .*on purpose");
///     IoLoop::current().spawn_callback(async { Err::<(), _>(Error::message("on purpose")) });
///     yield_now().await;
///     assert_eq!(log.matched(), 1);
///     Ok(())
/// });
/// ```
#[must_use = "it expects nothing once it is dropped"]
#[track_caller]
pub fn expect_log(target: impl Into<String>, pattern: &str) -> ExpectLog {
    let place = Location::caller();
    let at_the_start = match Regex::new(&format!(r"\A(?:{pattern})")) {
        Ok(regex) => regex,
        Err(error) => panic!("expect_log: {error}"),
    };
    let expectation = Rc::new(Expectation {
        target: target.into(),
        pattern: pattern.to_owned(),
        at_the_start,
        level: Cell::new(None),
        matched: RefCell::default(),
    });
    ExpectLog { _listening: listen(expectation.clone()), expectation, required: true, place }
}

/// That something is to be logged; made by [`expect_log`].
#[must_use = "it expects nothing once it is dropped"]
pub struct ExpectLog {
    expectation: Rc<Expectation>,
    required: bool,
    place: &'static Location<'static>,
    _listening: Listening,
}

impl ExpectLog {
    /// Only entries of this level match; one of another level is shown, with a warning. A level below
    /// `INFO` is logged for as long as this lives.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_testing::{Level, expect_log};
    ///
    /// let log = expect_log("my_service", "cache is cold").level(Level::DEBUG);
    /// tracing::debug!(target: "my_service", "cache is cold");
    /// assert_eq!(log.finish().unwrap()[0].message(), "cache is cold");
    /// ```
    pub fn level(self, level: Level) -> Self {
        self.expectation.level.set(Some(level));
        self
    }

    /// Swallows what matches, and does not miss it. Tornado's `required=False`.
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// How many entries have matched.
    pub fn matched(&self) -> usize {
        self.expectation.matched.borrow().len()
    }

    /// The entries that have matched.
    pub fn entries(&self) -> Vec<LogEntry> {
        self.expectation.matched.borrow().clone()
    }

    /// Whether an error with more than its message was logged: its causes, a backtrace. Tornado's
    /// `logged_stack`.
    pub fn logged_stack(&self) -> bool {
        self.expectation.matched.borrow().iter().any(|entry| entry.message().contains('\n'))
    }

    /// Ends it here, and gives the entries that have matched.
    ///
    /// # Errors
    ///
    /// [`MissingLog`] if there are none; not if it is [`optional`](Self::optional).
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_testing::expect_log;
    ///
    /// let missing = expect_log("my_service", "never logged").finish().unwrap_err();
    /// assert!(missing.to_string().starts_with("did not get expected log message"));
    /// ```
    pub fn finish(mut self) -> Result<Vec<LogEntry>, MissingLog> {
        let missing = self.missing();
        self.required = false;
        missing.map_or_else(|| Ok(self.expectation.matched.take()), Err)
    }

    fn missing(&self) -> Option<MissingLog> {
        let is_missing = self.required && self.matched() == 0;
        is_missing.then(|| MissingLog {
            target: self.expectation.target.clone(),
            pattern: self.expectation.pattern.clone(),
            place: self.place,
        })
    }
}

impl Drop for ExpectLog {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if let Some(missing) = self.missing()
            && let Err(reason) = gathering::note(Reason::MissingLog(missing))
        {
            panic!("{reason}");
        }
    }
}

/// That what was to be logged was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingLog {
    target: String,
    pattern: String,
    place: &'static Location<'static>,
}

impl fmt::Display for MissingLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, pattern, place } = self;
        write!(f, "did not get expected log message {pattern:?} on {target:?}, expected at {place}")
    }
}

impl std::error::Error for MissingLog {}

struct Expectation {
    target: String,
    pattern: String,
    at_the_start: Regex,
    level: Cell<Option<Level>>,
    matched: RefCell<Vec<LogEntry>>,
}

impl Listener for Expectation {
    fn wants(&self, target: &str, level: Level) -> bool {
        is_within(target, &self.target) && level <= self.level.get().unwrap_or(Level::INFO)
    }

    fn take(&self, entry: &LogEntry) -> bool {
        if !is_within(entry.target(), &self.target) || !self.at_the_start.is_match(entry.message()) {
            return false;
        }
        match self.level.get() {
            Some(level) if level != entry.level() => {
                // Printed and not logged: this expectation might match it again.
                eprintln!("got expected log message at an unexpected level ({level} vs {}):", entry.level());
                false
            }
            None if entry.level() > Level::INFO => false,
            _ => {
                self.matched.borrow_mut().push(entry.clone());
                true
            }
        }
    }
}
