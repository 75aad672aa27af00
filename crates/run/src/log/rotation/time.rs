//! Rotation by time: a file for each hour, day or week, named by when it began.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, SystemTime};
use std::{fs, io};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, ZonedDateTime};

use super::super::LogError;
use super::super::clock::timestamp;
use super::{rename_if_there, with_suffix};

/// What a rotation by time counts in; written as for Python's handler, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// `S`: seconds from the file's beginning.
    Second,
    /// `M`: minutes.
    Minute,
    /// `H`: hours.
    Hour,
    /// `D`: times of 24 hours.
    Day,
    /// `midnight`: days, each from one midnight to the next.
    Midnight,
    /// `W0` (Monday) to `W6`: weeks, each up to the midnight that ends this day. A number above 6 is taken
    /// as 6.
    Weekday(u8),
}

impl FromStr for When {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        Ok(match text.to_ascii_uppercase().as_bytes() {
            b"S" => Self::Second,
            b"M" => Self::Minute,
            b"H" => Self::Hour,
            b"D" => Self::Day,
            b"MIDNIGHT" => Self::Midnight,
            [b'W', day @ b'0'..=b'6'] => Self::Weekday(day - b'0'),
            _ => return Err(LogError::RotateWhen { when: text.to_owned() }),
        })
    }
}

#[derive(Clone, Debug)]
pub(super) struct TimeRotation {
    when: When,
    interval: u32,
    backups: usize,
    /// The system's, looked up each time, unless a test sets one.
    zone: Option<TimeZone>,
}

impl TimeRotation {
    pub(super) fn new(when: When, interval: u32, backups: usize) -> Self {
        Self { when, interval: interval.max(1), backups, zone: None }
    }

    #[cfg(test)]
    pub(super) fn in_zone(self, zone: TimeZone) -> Self {
        Self { zone: Some(zone), ..self }
    }

    /// When a file ends to which something was written at a time.
    pub(super) fn next(&self, written: SystemTime) -> SystemTime {
        let local = self.local(written);
        let days = match self.when {
            When::Second | When::Minute | When::Hour | When::Day => return written + self.length(),
            When::Midnight => i64::from(self.interval),
            When::Weekday(day) => {
                let today = local.weekday().to_monday_zero_offset();
                let until_that_day = (i64::from(day.min(6)) - i64::from(today)).rem_euclid(7);
                until_that_day + 1 + 7 * (i64::from(self.interval) - 1)
            }
        };
        let midnight = plus_days(local.date(), days).and_then(|date| date.to_zoned_datetime(self.zone()).ok());
        // Past the end of the calendar there is no midnight any more.
        midnight.and_then(|midnight| midnight.try_into().ok()).unwrap_or(written + self.length())
    }

    pub(super) fn move_away(&self, path: &Path, due: SystemTime, now: SystemTime) -> io::Result<()> {
        rename_if_there(path, &free_name(with_suffix(path, &self.suffix(due, now)))?)?;
        self.delete_old(path)
    }

    /// The name of a file that ends at a time.
    fn suffix(&self, due: SystemTime, now: SystemTime) -> String {
        let begun = match self.when {
            // Not so many hours before: there may have been a change of the clocks in between.
            When::Midnight | When::Weekday(_) => {
                let days = self.length().as_secs().cast_signed() / (24 * 60 * 60);
                let date = self.local(due).date();
                return plus_days(date, -days).unwrap_or(date).strftime("%Y-%m-%d").to_string();
            }
            _ => due.checked_sub(self.length()).unwrap_or(due),
        };
        // In the time that holds now, so that names follow each other across a change of the clocks.
        let offset = self.local(now).offset();
        offset.to_datetime(timestamp(begun)).strftime(self.format()).to_string()
    }

    /// Deletes the oldest of the files that this rotation has named.
    fn delete_old(&self, path: &Path) -> io::Result<()> {
        let (Some(folder), Some(base)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Ok(());
        };
        if self.backups == 0 {
            return Ok(());
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.extend(entry?.file_name().into_string().ok().filter(|name| self.has_named(base, name)));
        }
        names.sort();
        for name in &names[..names.len().saturating_sub(self.backups)] {
            match fs::remove_file(folder.join(name)) {
                // Another process was quicker.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Whether a name is `base.DATE`, be it with one more ending, as that of a compressed file.
    fn has_named(&self, base: &str, name: &str) -> bool {
        let Some(suffix) = name.strip_prefix(base).and_then(|rest| rest.strip_prefix('.')) else { return false };
        let (date, ending) = suffix.split_once('.').unwrap_or((suffix, "gz"));
        let is_word =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let example = Date::constant(2000, 1, 1).at(0, 0, 0, 0).strftime(self.format()).to_string();
        let is_like = |(own, like): (u8, u8)| if like.is_ascii_digit() { own.is_ascii_digit() } else { own == like };
        date.len() == example.len() && date.bytes().zip(example.bytes()).all(is_like) && is_word(ending)
    }

    /// The format of names, such that their order is that of time.
    fn format(&self) -> &'static str {
        match self.when {
            When::Second => "%Y-%m-%d_%H-%M-%S",
            When::Minute => "%Y-%m-%d_%H-%M",
            When::Hour => "%Y-%m-%d_%H",
            When::Day | When::Midnight | When::Weekday(_) => "%Y-%m-%d",
        }
    }

    /// How long a file lasts, changes of the clocks aside.
    fn length(&self) -> Duration {
        let seconds = match self.when {
            When::Second => 1,
            When::Minute => 60,
            When::Hour => 60 * 60,
            When::Day | When::Midnight => 24 * 60 * 60,
            When::Weekday(_) => 7 * 24 * 60 * 60,
        };
        Duration::from_secs(seconds * u64::from(self.interval))
    }

    fn local(&self, time: SystemTime) -> ZonedDateTime {
        timestamp(time).to_zoned_datetime(self.zone())
    }

    fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or_else(TimeZone::system)
    }
}

fn plus_days(date: Date, days: i64) -> Option<Date> {
    date.checked_add(days.days()).ok()
}

/// The name, or where there is such a file already the first with a number behind it that is free.
fn free_name(name: PathBuf) -> io::Result<PathBuf> {
    if !name.try_exists()? {
        return Ok(name);
    }
    for number in 1_u32.. {
        let numbered = with_suffix(&name, &number.to_string());
        if !numbered.try_exists()? {
            return Ok(numbered);
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SystemTime {
        text.parse::<jiff::Timestamp>().unwrap().try_into().unwrap()
    }

    fn rotation(when: &str, interval: u32) -> TimeRotation {
        TimeRotation::new(when.parse().unwrap(), interval, 0).in_zone(TimeZone::get("Europe/Berlin").unwrap())
    }

    #[test]
    fn files_end_when_their_time_is_over() {
        #[rustfmt::skip]
        const CASES: &[(&str, u32, &str, &str, &str)] = &[
            // 8 June 2026 is a Monday; the clocks change on 29 March and on 25 October.
            ("S",        5, "2026-06-08T10:00:03Z", "2026-06-08T10:00:08Z", "2026-06-08_12-00-03"),
            ("m",        1, "2026-06-08T10:00:03Z", "2026-06-08T10:01:03Z", "2026-06-08_12-00"),
            ("H",        2, "2026-06-08T10:30:00Z", "2026-06-08T12:30:00Z", "2026-06-08_12"),
            ("D",        1, "2026-06-08T10:30:00Z", "2026-06-09T10:30:00Z", "2026-06-08"),
            ("midnight", 1, "2026-06-08T10:30:00Z", "2026-06-08T22:00:00Z", "2026-06-08"),
            ("MIDNIGHT", 1, "2026-06-08T22:00:00Z", "2026-06-09T22:00:00Z", "2026-06-09"),
            ("midnight", 3, "2026-06-08T10:30:00Z", "2026-06-10T22:00:00Z", "2026-06-08"),
            ("midnight", 1, "2026-03-28T23:30:00Z", "2026-03-29T22:00:00Z", "2026-03-29"),
            ("midnight", 1, "2026-10-24T22:30:00Z", "2026-10-25T23:00:00Z", "2026-10-25"),
            ("W0",       1, "2026-06-08T10:30:00Z", "2026-06-08T22:00:00Z", "2026-06-02"),
            ("W6",       1, "2026-06-08T10:30:00Z", "2026-06-14T22:00:00Z", "2026-06-08"),
            ("w0",       1, "2026-10-24T10:30:00Z", "2026-10-26T23:00:00Z", "2026-10-20"),
            ("W0",       2, "2026-06-09T10:30:00Z", "2026-06-22T22:00:00Z", "2026-06-09"),
        ];
        for &(when, interval, written, due, name) in CASES {
            let rotation = rotation(when, interval);
            assert_eq!(rotation.next(at(written)), at(due), "{when} {written}");
            assert_eq!(rotation.suffix(at(due), at(due)), name, "{when} {written}");
        }
    }

    #[test]
    fn a_day_that_begins_without_midnight_begins_all_the_same() {
        let rotation = TimeRotation::new(When::Midnight, 1, 0).in_zone(TimeZone::get("America/Santiago").unwrap());
        // On 6 September 2026 clocks go from 00:00 to 01:00.
        assert_eq!(rotation.next(at("2026-09-05T20:00:00Z")), at("2026-09-06T04:00:00Z"));
        assert_eq!(rotation.suffix(at("2026-09-06T04:00:00Z"), at("2026-09-06T05:00:00Z")), "2026-09-05");
    }

    #[test]
    fn what_is_no_time_is_named() {
        for text in ["", "X", "W", "W7", "W00", "noon"] {
            assert!(matches!(text.parse::<When>(), Err(LogError::RotateWhen { when }) if when == text), "{text}");
        }
    }

    #[test]
    fn only_files_of_this_rotation_are_its_own() {
        #[rustfmt::skip]
        const CASES: &[(&str, bool)] = &[
            ("site.log.2026-06-08",       true),
            ("site.log.2026-06-08.gz",    true),
            ("site.log.2026-06-08.1",     true),
            ("site.log",                  false),
            ("site.log.1",                false),
            ("site.log2.2026-06-08",      false),
            ("site.log.2026-06-08_12",    false),
            ("site.log.2026-06-0x",       false),
            ("site.log.2026-06-08.a.b",   false),
            ("site.log.2026-06-08.",      false),
            ("other.log.2026-06-08",      false),
        ];
        for &(name, expected) in CASES {
            assert_eq!(rotation("midnight", 1).has_named("site.log", name), expected, "{name}");
        }
    }
}
