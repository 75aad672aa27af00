//! Dates as people say them: `2 minutes ago`, `yesterday at 5:59 pm`, `July 10, 1980`.
//!
//! The time that it is now is a value like any other, so that nothing here reads the clock but where none was
//! given.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use firewhirl_http::httputil::dates::civil_date;

use super::language::Locale;
use super::placeholders::fill;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How far a date may be ahead and still count as now: clocks differ.
const SKEW: i128 = MINUTE as i128 * NANOSECONDS;
const NANOSECONDS: i128 = 1_000_000_000;

/// The seconds of the years 1 to 9999, from the first to the last.
const SECONDS: [i64; 2] = [-62_135_596_800, 253_402_300_799];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

impl Locale {
    /// A date as this locale writes it, for all that is displayed: `to_string`, `format!`.
    ///
    /// Without more it is relative while it is near: `2 minutes ago`, `yesterday at 5:59 pm`, `Monday at 5:59 pm`.
    /// It is meant for dates of the past; one of the future has the full form, unless it is less than a minute
    /// ahead, which counts as now. Tornado's `format_date`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// let locale = firewhirl_web::locale::Locales::new().closest(["en"]);
    /// let date = UNIX_EPOCH + Duration::from_secs(1_367_174_100);
    /// let date = locale.format_date(date).now(date + Duration::from_secs(7_200));
    /// assert_eq!(date.to_string(), "2 hours ago");
    /// assert_eq!(date.relative(false).to_string(), "6:35 pm");
    /// assert_eq!(date.full_format(true).gmt_offset(300).to_string(), "April 28, 2013 at 1:35 pm");
    /// assert_eq!(date.full_format(true).shorter(true).to_string(), "April 28, 2013");
    /// ```
    pub fn format_date(&self, date: impl Into<SystemTime>) -> FormattedDate<'_> {
        FormattedDate {
            locale: self,
            date: date.into(),
            now: None,
            gmt_offset: 0,
            relative: true,
            shorter: false,
            full_format: false,
        }
    }

    /// A date as a day: `Thursday, July 10`. Tornado's `format_day`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// let locale = firewhirl_web::locale::Locales::new().closest(["en"]);
    /// let day = locale.format_day(UNIX_EPOCH + Duration::from_secs(1_367_174_100));
    /// assert_eq!(day.to_string(), "Sunday, April 28");
    /// assert_eq!(day.dow(false).to_string(), "April 28");
    /// ```
    pub fn format_day(&self, date: impl Into<SystemTime>) -> FormattedDay<'_> {
        FormattedDay { locale: self, date: date.into(), gmt_offset: 0, dow: true }
    }
}

/// A date that is displayed in a locale; see [`Locale::format_date`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a date is written by displaying it"]
pub struct FormattedDate<'locale> {
    locale: &'locale Locale,
    date: SystemTime,
    now: Option<SystemTime>,
    gmt_offset: i32,
    relative: bool,
    shorter: bool,
    full_format: bool,
}

impl FormattedDate<'_> {
    /// How many minutes the visitor's clock is behind UTC: what JavaScript's `getTimezoneOffset` gives. Default: 0.
    pub fn gmt_offset(mut self, minutes: i32) -> Self {
        self.gmt_offset = minutes;
        self
    }

    /// Whether a date that is near is told by how long ago it was. Default: `true`.
    pub fn relative(mut self, on: bool) -> Self {
        self.relative = on;
        self
    }

    /// Whether the time of day is left away. Default: `false`.
    pub fn shorter(mut self, on: bool) -> Self {
        self.shorter = on;
        self
    }

    /// Whether day, month and year are always told. Default: `false`.
    pub fn full_format(mut self, on: bool) -> Self {
        self.full_format = on;
        self
    }

    /// The time that it is now. Default: the clock's.
    pub fn now(mut self, time: impl Into<SystemTime>) -> Self {
        self.now = Some(time.into());
        self
    }
}

impl fmt::Display for FormattedDate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = nanoseconds(self.now.unwrap_or_else(SystemTime::now));
        let mut date = nanoseconds(self.date);
        let mut full_format = self.full_format;
        if date > now {
            if self.relative && date - now < SKEW {
                date = now;
            } else {
                full_format = true;
            }
        }
        let age = seconds(now - date);
        if self.relative && !full_format && age < DAY {
            return f.write_str(&self.locale.ago(age));
        }
        let local = LocalTime::new(date, self.gmt_offset);
        let yesterday = LocalTime::new(now - i128::from(DAY) * NANOSECONDS, self.gmt_offset);
        let is_yesterday = self.relative && local.day == yesterday.day;
        let [with_time, without] = match age.div_euclid(DAY) {
            _ if full_format => FULL,
            0 => ["%(time)s"; 2],
            1 if is_yesterday => ["yesterday at %(time)s", "yesterday"],
            1..5 => ["%(weekday)s at %(time)s", "%(weekday)s"],
            // Eleven months: after that the same month of last year could be meant.
            5..334 => ["%(month_name)s %(day)s at %(time)s", "%(month_name)s %(day)s"],
            _ => FULL,
        };
        let format = self.locale.translate(if self.shorter { without } else { with_time });
        f.write_str(&local.fill(format, self.locale))
    }
}

const FULL: [&str; 2] = ["%(month_name)s %(day)s, %(year)s at %(time)s", "%(month_name)s %(day)s, %(year)s"];

/// A day that is displayed in a locale; see [`Locale::format_day`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a day is written by displaying it"]
pub struct FormattedDay<'locale> {
    locale: &'locale Locale,
    date: SystemTime,
    gmt_offset: i32,
    dow: bool,
}

impl FormattedDay<'_> {
    /// As of [`FormattedDate::gmt_offset`].
    pub fn gmt_offset(mut self, minutes: i32) -> Self {
        self.gmt_offset = minutes;
        self
    }

    /// Whether the day of the week is told. Default: `true`.
    pub fn dow(mut self, on: bool) -> Self {
        self.dow = on;
        self
    }
}

impl fmt::Display for FormattedDay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = if self.dow { "%(weekday)s, %(month_name)s %(day)s" } else { "%(month_name)s %(day)s" };
        let local = LocalTime::new(nanoseconds(self.date), self.gmt_offset);
        f.write_str(&local.fill(self.locale.translate(format), self.locale))
    }
}

impl Locale {
    /// How long ago it was, for less than a day.
    fn ago(&self, seconds: i64) -> String {
        if seconds < 50 {
            let text = self.translate_plural("1 second ago", "%(seconds)d seconds ago", seconds);
            return fill(text, &[("seconds", &seconds)]);
        }
        if seconds < 50 * MINUTE {
            let minutes = rounded(seconds, MINUTE);
            let text = self.translate_plural("1 minute ago", "%(minutes)d minutes ago", minutes);
            return fill(text, &[("minutes", &minutes)]);
        }
        let hours = rounded(seconds, HOUR);
        fill(self.translate_plural("1 hour ago", "%(hours)d hours ago", hours), &[("hours", &hours)])
    }
}

/// A division that rounds to the nearest, a half to the even one, as Python's `round`.
fn rounded(number: i64, unit: i64) -> i64 {
    let (quotient, twice) = (number / unit, number % unit * 2);
    quotient + i64::from(twice > unit || twice == unit && quotient % 2 == 1)
}

/// Where the hands of the visitor's clock and his calendar stand.
struct LocalTime {
    year: usize,
    month: usize,
    day: usize,
    weekday: usize,
    hour: i64,
    minute: i64,
}

impl LocalTime {
    fn new(time: i128, gmt_offset: i32) -> Self {
        let local = seconds(time).saturating_sub(i64::from(gmt_offset) * MINUTE).clamp(SECONDS[0], SECONDS[1]);
        let (days, second) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, month, day) = civil_date(days);
        // The first of January 1970 was a Thursday.
        let weekday = (days + 3).rem_euclid(7) as usize;
        Self { year, month, day, weekday, hour: second / HOUR, minute: second % HOUR / MINUTE }
    }

    fn fill(&self, format: &str, locale: &Locale) -> String {
        let month_name = locale.translate(MONTHS[self.month - 1]);
        let weekday = locale.translate(WEEKDAYS[self.weekday]);
        fill(
            format,
            &[
                ("month_name", &month_name),
                ("weekday", &weekday),
                ("day", &self.day),
                ("year", &self.year),
                ("time", &self.time(locale)),
            ],
        )
    }

    fn time(&self, locale: &Locale) -> String {
        let Self { hour, minute, .. } = self;
        let of_twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        let is_afternoon = *hour >= 12;
        if locale.is_american() {
            return format!("{of_twelve}:{minute:02} {}", if is_afternoon { "pm" } else { "am" });
        }
        match locale.code() {
            "zh_CN" => format!("{}{of_twelve}:{minute:02}", if is_afternoon { "下午" } else { "上午" }),
            _ => format!("{hour}:{minute:02}"),
        }
    }
}

/// Nanoseconds since 1970, before it less than none.
fn nanoseconds(time: SystemTime) -> i128 {
    let count = |duration: std::time::Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => count(after),
        Err(error) => -count(error.duration()),
    }
}

/// Whole seconds; one that has begun before 1970 counts.
fn seconds(nanoseconds: i128) -> i64 {
    let seconds = nanoseconds.div_euclid(NANOSECONDS);
    i64::try_from(seconds).unwrap_or(if seconds < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_to_the_even() {
        let cases = [(50, 1), (89, 1), (90, 2), (91, 2), (150, 2), (151, 3), (210, 4)];
        for (seconds, expected) in cases {
            assert_eq!(rounded(seconds, MINUTE), expected, "{seconds}");
        }
    }

    #[test]
    fn times_that_no_calendar_has_are_the_nearest_that_it_has() {
        let local = LocalTime::new(i128::MAX, -1440);
        assert_eq!((local.year, local.month, local.day), (9999, 12, 31));
        let local = LocalTime::new(i128::MIN, 1440);
        assert_eq!((local.year, local.month, local.day), (1, 1, 1));
    }
}
