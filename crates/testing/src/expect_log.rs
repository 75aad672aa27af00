//! Log lines that a test expects: kept out of its output, and missed if they do not come. Tornado's
//! `ExpectLog`.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard};

use regex::Regex;
use tracing::Level;

use crate::LogEntry;
use crate::failure::Reason;
use crate::gathering;
use crate::hearing::unpoisoned;
use crate::log_capture::{Listener, Listening, is_within, listen};

/// Expects a message on `target` to be logged that `pattern` matches at its start.
///
/// It hears the thread in which it is called, and within a test also the threads that work for the test's
/// loop: calls to executors, and the workers of a server that the test has started. Threads that a test
/// starts by itself have a log of their own.
///
/// Entries that match are swallowed for as long as the returned value lives; the others are shown as
/// ever. Give it a name (`let _log = ..`): `let _ = ..` ends it at once. Where several expect the same
/// entry, the latest gets it. Targets are the [`log_targets`](firewhirl_event::log_targets) or a
/// module's path, those below it included; the empty text stands for all. Without a
/// [`level`](ExpectLog::level) entries of `INFO` and above match.
///
/// If nothing has matched at the end, or not [as often](ExpectLog::times) as expected, the test fails with
/// "did not get expected log message", unless it fails of something else. Tornado's `ExpectLog`.
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
    let expectation = Arc::new(Expectation {
        target: target.into(),
        pattern: pattern.to_owned(),
        at_the_start,
        level: Mutex::default(),
        matched: Mutex::default(),
    });
    ExpectLog { _listening: listen(expectation.clone()), expectation, required: true, times: None, place }
}

/// That something is to be logged; made by [`expect_log`].
#[must_use = "it expects nothing once it is dropped"]
pub struct ExpectLog {
    expectation: Arc<Expectation>,
    required: bool,
    times: Option<usize>,
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
        *unpoisoned(&self.expectation.level) = Some(level);
        self
    }

    /// Swallows what matches, and does not miss it. Tornado's `required=False`.
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// Expects that many entries, no more and no fewer; 0 says that there must be none. All that match are
    /// swallowed. Default: at least one.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_testing::expect_log;
    ///
    /// let log = expect_log("my_service", "trying again").times(2);
    /// tracing::info!(target: "my_service", "trying again");
    /// let missing = log.finish().unwrap_err();
    /// assert!(missing.to_string().contains("it came once where it was expected twice"));
    /// ```
    pub fn times(mut self, count: usize) -> Self {
        self.times = Some(count);
        self
    }

    /// How many entries have matched.
    pub fn matched(&self) -> usize {
        self.expectation.matched().len()
    }

    /// The entries that have matched.
    pub fn entries(&self) -> Vec<LogEntry> {
        self.expectation.matched().clone()
    }

    /// Whether an error with more than its message was logged: its causes, a backtrace. Tornado's
    /// `logged_stack`.
    pub fn logged_stack(&self) -> bool {
        self.expectation.matched().iter().any(|entry| entry.message().contains('\n'))
    }

    /// Ends it here, and gives the entries that have matched.
    ///
    /// # Errors
    ///
    /// [`MissingLog`] if there are none, or not [as many](Self::times) as expected; not if it is
    /// [`optional`](Self::optional).
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
        missing.map_or_else(|| Ok(std::mem::take(&mut *self.expectation.matched())), Err)
    }

    fn missing(&self) -> Option<MissingLog> {
        let matched = self.matched();
        let is_met = self.times.map_or(matched > 0, |times| matched == times);
        (self.required && !is_met).then(|| MissingLog {
            target: self.expectation.target.clone(),
            pattern: self.expectation.pattern.clone(),
            matched,
            times: self.times,
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

/// That what was to be logged was not, or not as often as it was to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingLog {
    target: String,
    pattern: String,
    matched: usize,
    times: Option<usize>,
    place: &'static Location<'static>,
}

impl fmt::Display for MissingLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, pattern, matched, times, place } = self;
        write!(f, "did not get expected log message {pattern:?} on {target:?}, expected at {place}")?;
        match times {
            Some(times) => write!(f, ": it came {} where it was expected {}", Times(*matched), Times(*times)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for MissingLog {}

/// How often, in words.
struct Times(usize);

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("never"),
            1 => f.write_str("once"),
            2 => f.write_str("twice"),
            count => write!(f, "{count} times"),
        }
    }
}

struct Expectation {
    target: String,
    pattern: String,
    at_the_start: Regex,
    level: Mutex<Option<Level>>,
    matched: Mutex<Vec<LogEntry>>,
}

impl Expectation {
    fn level(&self) -> Option<Level> {
        *unpoisoned(&self.level)
    }

    fn matched(&self) -> MutexGuard<'_, Vec<LogEntry>> {
        unpoisoned(&self.matched)
    }
}

impl Listener for Expectation {
    fn wants(&self, target: &str, level: Level) -> bool {
        is_within(target, &self.target) && level <= self.level().unwrap_or(Level::INFO)
    }

    fn take(&self, entry: &LogEntry) -> bool {
        if !is_within(entry.target(), &self.target) || !self.at_the_start.is_match(entry.message()) {
            return false;
        }
        match self.level() {
            Some(level) if level != entry.level() => {
                // Printed and not logged: this expectation might match it again.
                eprintln!("got expected log message at an unexpected level ({level} vs {}):", entry.level());
                false
            }
            None if entry.level() > Level::INFO => false,
            _ => {
                self.matched().push(entry.clone());
                true
            }
        }
    }
}
