//! Dates and times of day, in the ten formats that Tornado's options know.
//!
//! The formats are `strptime`'s, and read as it reads them: one digit is enough, case does not matter,
//! a space stands for any number of them. A date alone is its midnight, a time of day alone is one of
//! the first day of 1900.

use jiff::civil::DateTime;

use super::types::unexpected;

/// Tried in this order.
const FORMATS: &[&str] = &[
    "%a %b %d %H:%M:%S %Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d %H:%M",
    "%Y-%m-%d",
    "%Y%m%d",
    "%H:%M:%S",
    "%H:%M",
];

const WEEKDAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The parts of a date while it is being read.
#[derive(Clone, Copy)]
struct Parts {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
}

const NOTHING_READ: Parts = Parts { year: 1900, month: 1, day: 1, hour: 0, minute: 0, second: 0 };

/// Reads a date.
pub(super) fn parse(text: &str) -> Result<DateTime, String> {
    for format in FORMATS {
        // The first way in which the whole text fits is the only one that counts, even if there is no
        // such day: so it is with a regular expression, which is what `strptime` makes of a format.
        let Some(Parts { year, month, day, hour, minute, second }) = read(format.as_bytes(), text, NOTHING_READ) else {
            continue;
        };
        // The year 0, which jiff has and Python has not.
        if year > 0
            && let Ok(date) = DateTime::new(year, month, day, hour, minute, second, 0)
        {
            return Ok(date);
        }
    }
    Err(unexpected("a date or a time of day such as 2013-04-28 05:16", text, ""))
}

/// Shows a date in one of the formats.
pub(super) fn display(date: DateTime) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    let (hour, minute, second) = (date.hour(), date.minute(), date.second());
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The parts of `text` that `format` names, if it fits to its end.
fn read(format: &[u8], text: &str, parts: Parts) -> Option<Parts> {
    let with = |length: usize, format: &[u8], change: &dyn Fn(&mut Parts)| {
        let mut parts = parts;
        change(&mut parts);
        read(format, &text[length..], parts)
    };
    // A number may be as long as allowed first, then shorter, until the rest fits too.
    let number =
        |most: usize, allowed: std::ops::RangeInclusive<i16>, format: &[u8], change: &dyn Fn(&mut Parts, i16)| {
            (1..=most).rev().find_map(|length| {
                let digits = text.get(..length).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
                let number: i16 = digits.parse().ok().filter(|number| allowed.contains(number))?;
                with(length, format, &|parts| change(parts, number))
            })
        };
    match format {
        [] => text.is_empty().then_some(parts),
        [b'%', b'a', rest @ ..] => {
            let (_, length) = named(WEEKDAYS, text)?;
            with(length, rest, &|_| ())
        }
        [b'%', b'b', rest @ ..] => {
            let (month, length) = named(MONTHS, text)?;
            with(length, rest, &|parts| parts.month = month)
        }
        [b'%', b'Y', rest @ ..] => {
            let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
            let year = digits.parse().ok()?;
            with(4, rest, &|parts| parts.year = year)
        }
        [b'%', b'm', rest @ ..] => number(2, 1..=12, rest, &|parts, month| parts.month = month as i8),
        [b'%', b'd', rest @ ..] => number(2, 1..=31, rest, &|parts, day| parts.day = day as i8).or_else(|| {
            // A space in the place of the first digit.
            let digit = text.strip_prefix(' ')?.bytes().next().filter(|byte| (b'1'..=b'9').contains(byte))?;
            with(2, rest, &|parts| parts.day = (digit - b'0') as i8)
        }),
        [b'%', b'H', rest @ ..] => number(2, 0..=23, rest, &|parts, hour| parts.hour = hour as i8),
        [b'%', b'M', rest @ ..] => number(2, 0..=59, rest, &|parts, minute| parts.minute = minute as i8),
        [b'%', b'S', rest @ ..] => number(2, 0..=61, rest, &|parts, second| parts.second = second as i8),
        [b' ', rest @ ..] => {
            // As many spaces as there are, then fewer, since a day may want to begin with one.
            let spaces: Vec<usize> = text
                .char_indices()
                .take_while(|(_, letter)| timedelta_space(*letter))
                .map(|(index, letter)| index + letter.len_utf8())
                .collect();
            spaces.into_iter().rev().find_map(|length| with(length, rest, &|_| ()))
        }
        [letter, rest @ ..] => {
            text.bytes().next().filter(|byte| byte.eq_ignore_ascii_case(letter))?;
            with(1, rest, &|_| ())
        }
    }
}

fn timedelta_space(letter: char) -> bool {
    super::timedelta::is_space(letter)
}

/// Which of the names `text` begins with, from 1, and how long it is.
fn named(names: &[&str], text: &str) -> Option<(i8, usize)> {
    let start = text.get(..3)?;
    let index = names.iter().position(|name| name.eq_ignore_ascii_case(start))?;
    Some((index as i8 + 1, 3))
}

#[cfg(test)]
mod tests {
    use super::{display, parse};

    #[test]
    fn reads_tornados_formats() {
        #[rustfmt::skip]
        let cases = [
            ("Sun Apr 28 05:16:07 2013", "2013-04-28 05:16:07"),
            ("sun  APR  8 5:6:7 2013",   "2013-04-08 05:06:07"),
            ("2013-04-28 05:16:07",      "2013-04-28 05:16:07"),
            ("2013-04-28 05:16",         "2013-04-28 05:16:00"),
            ("2013-04-28T05:16",         "2013-04-28 05:16:00"),
            ("20130428 05:16:07",        "2013-04-28 05:16:07"),
            ("20130428 05:16",           "2013-04-28 05:16:00"),
            ("2013-04-28",               "2013-04-28 00:00:00"),
            ("20130428",                 "2013-04-28 00:00:00"),
            ("05:16:07",                 "1900-01-01 05:16:07"),
            ("5:6",                      "1900-01-01 05:06:00"),
            ("201311",                   "2013-01-01 00:00:00"),   // one digit each
            ("2013428",                  "2013-04-28 00:00:00"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).map(display).as_deref(), Ok(expected), "{text}");
        }
        for text in
            ["", "2013", "2013-02-30", "2013-04-28T05:16:07", "05:16:60", "0000-01-01", "2013-04-28 ", "é", "tomorrow"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
