//! Local time as text, at the cost of a look at the clock: what a second's lines have in common is made once.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use super::{LogError, LogFormatter};

/// A format of dates, as `strftime` has it.
#[derive(Clone, Debug)]
pub(super) struct DateFormat {
    format: Arc<str>,
    /// Whether all of a second has the same text.
    is_steady: bool,
}

impl DateFormat {
    pub(super) fn parse(format: &str) -> Result<Self, LogError> {
        strtime::format(format, &zoned(UNIX_EPOCH))
            .map_err(|error| LogError::DateFormat { format: format.to_owned(), problem: error.to_string() })?;
        let is_fraction = |directive: &str| directive.contains('f') || directive.contains('N');
        let is_steady = !format.split('%').skip(1).any(is_fraction);
        Ok(Self { format: format.into(), is_steady })
    }

    /// Appends a time in the system's time zone.
    pub(super) fn push(&self, time: SystemTime, text: &mut String) {
        let second = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let is_kept =
            self.is_steady && LAST.try_with(|last| last.borrow().push_if(second, &self.format, text)).unwrap_or(false);
        if is_kept {
            return;
        }
        let start = text.len();
        match strtime::format(&*self.format, &zoned(time)) {
            Ok(formatted) => text.push_str(&formatted),
            // What is checked once fails later only for a year that has no four digits.
            Err(_) => text.push_str("????"),
        }
        let _ = LAST.try_with(|last| last.borrow_mut().keep(second, &self.format, &text[start..]));
    }
}

impl Default for DateFormat {
    fn default() -> Self {
        Self { format: LogFormatter::DEFAULT_DATE_FORMAT.into(), is_steady: true }
    }
}

/// The last text that was made in this thread.
#[derive(Default)]
struct Last {
    second: u64,
    format: Option<Arc<str>>,
    text: String,
}

thread_local! {
    static LAST: RefCell<Last> = RefCell::default();
}

impl Last {
    fn push_if(&self, second: u64, format: &Arc<str>, text: &mut String) -> bool {
        let is_same = self.second == second && self.format.as_ref().is_some_and(|own| own == format);
        if is_same {
            text.push_str(&self.text);
        }
        is_same
    }

    fn keep(&mut self, second: u64, format: &Arc<str>, text: &str) {
        self.second = second;
        if self.format.as_ref() != Some(format) {
            self.format = Some(Arc::clone(format));
        }
        self.text.clear();
        self.text.push_str(text);
    }
}

/// A time as the system's time zone has it, which is looked up afresh: it may change while a service runs.
fn zoned(time: SystemTime) -> ZonedDateTime {
    timestamp(time).to_zoned_datetime(TimeZone::system())
}

/// A time as `jiff` has it; what is beyond its calendar is the epoch.
pub(super) fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_kept_text_is_that_of_its_second_and_format() {
        let time = |seconds| UNIX_EPOCH + Duration::from_millis(seconds);
        let (short, long) = (DateFormat::parse("%S").unwrap(), DateFormat::parse("%M:%S").unwrap());
        let mut text = String::new();
        for (format, at) in [(&short, 1000), (&short, 1999), (&long, 1999), (&short, 2000), (&short, 61_000)] {
            format.push(time(at), &mut text);
            text.push(' ');
        }
        assert_eq!(text, "01 01 00:01 02 01 ");
    }

    #[test]
    fn fractions_of_a_second_are_not_kept() {
        let format = DateFormat::parse("%S.%3f").unwrap();
        let mut text = String::new();
        for at in [1000, 1250] {
            format.push(UNIX_EPOCH + Duration::from_millis(at), &mut text);
            text.push(' ');
        }
        assert_eq!(text, "01.000 01.250 ");
    }

    #[test]
    fn what_no_date_has_is_refused() {
        assert!(matches!(DateFormat::parse("%y%!"), Err(LogError::DateFormat { .. })));
    }
}
