//! The dates of cookies, which servers write in more ways than HTTP has forms (RFC 6265, section 5.1.1).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads the `Expires` of a cookie as browsers do: anything with a time, a day, a month and a year in it;
/// `None` if one of them is missing or out of bounds.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::{parse_cookie_date, parse_date};
///
/// let time = parse_date("Sun, 06 Nov 1994 08:49:37 GMT");
/// assert_eq!(parse_cookie_date("Sun, 06-Nov-1994 08:49:37 GMT"), time);
/// assert_eq!(parse_cookie_date("1994 nov 6 8:49:37"), time);
/// ```
pub fn parse_cookie_date(text: &str) -> Option<SystemTime> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    let is_delimiter = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b':' && *byte < 0x7f;
    for token in text.as_bytes().split(is_delimiter).filter(|token| !token.is_empty()) {
        if time.is_none()
            && let Some(found) = time_of_day(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = number(token, 1..=2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_number(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = number(token, 2..=4)
        {
            year = Some(match found {
                70..=99 => found + 1900,
                0..=69 => found + 2000,
                _ => found,
            });
        }
    }
    let (time, day, month, year) = (time?, day?, month?, year?);
    if !(1601..=9999).contains(&year) || !(1..=days_in(month, year)).contains(&day) {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + time;
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
}

/// Seconds since midnight of `8:49:37`.
fn time_of_day(token: &[u8]) -> Option<i64> {
    let mut parts = token.splitn(3, |&byte| byte == b':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    let (hour, minute) = (all_digits(hour)?, all_digits(minute)?);
    let second = number(second, 1..=2)?;
    (hour <= 23 && minute <= 59 && second <= 59).then_some((hour * 60 + minute) * 60 + second)
}

/// A number of one or two digits and nothing else.
fn all_digits(token: &[u8]) -> Option<i64> {
    if token.iter().all(u8::is_ascii_digit) { number(token, 1..=2) } else { None }
}

/// The number that a token begins with, if it has so many digits: "non-digit *OCTET" may follow.
fn number(token: &[u8], digits: std::ops::RangeInclusive<usize>) -> Option<i64> {
    let count = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = || token[..count].iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    digits.contains(&count).then(value)
}

/// The month that a token begins with the name of.
fn month_number(token: &[u8]) -> Option<i64> {
    const MONTHS: [&[u8]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let name = token.get(..3)?;
    (1..).zip(MONTHS).find(|(_, month)| name.eq_ignore_ascii_case(month)).map(|(number, _)| number)
}

fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to a date of the proleptic Gregorian calendar. Years are counted from March, so that the
/// leap day comes last: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::httputil::HttpDate;

    #[test]
    fn dates_are_read_as_browsers_do() {
        const CASES: &[(&str, Option<&str>)] = &[
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some("Sun, 06 Nov 1994 08:49:37 GMT")),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some("Sun, 06 Nov 1994 08:49:37 GMT")),
            ("Sun Nov  6 08:49:37 1994", Some("Sun, 06 Nov 1994 08:49:37 GMT")),
            ("Wed, 09-Jun-2021 10:18:14 GMT", Some("Wed, 09 Jun 2021 10:18:14 GMT")),
            ("Wed,18-Apr-12 22:23:48GMT", Some("Wed, 18 Apr 2012 22:23:48 GMT")),
            ("10:18:14 9 june 21", Some("Wed, 09 Jun 2021 10:18:14 GMT")),
            ("1 Jan 70 0:0:0", Some("Thu, 01 Jan 1970 00:00:00 GMT")),
            ("1 Jan 69 0:0:0", Some("Tue, 01 Jan 2069 00:00:00 GMT")),
            ("29 Feb 2024 00:00:00", Some("Thu, 29 Feb 2024 00:00:00 GMT")),
            ("31 Dec 9999 23:59:59", Some("Fri, 31 Dec 9999 23:59:59 GMT")),
            ("1 Jan 1601 00:00:00", Some("Mon, 01 Jan 1601 00:00:00 GMT")),
            ("29 Feb 2023 00:00:00", None),
            ("29 Feb 1900 00:00:00", None),
            ("31 Apr 2023 00:00:00", None),
            ("0 Jan 2023 00:00:00", None),
            ("1 Jan 1600 00:00:00", None),
            ("1 Jan 2023 24:00:00", None),
            ("1 Jan 2023 00:60:00", None),
            ("1 Jan 2023 00:00", None),
            ("1 Foo 2023 00:00:00", None),
            ("1 Jan 12023 00:00:00", None),
            ("Thu, 01 Jan 1970", None),
            ("0", None),
            ("", None),
        ];
        for &(text, expected) in CASES {
            let found = parse_cookie_date(text).map(|time| HttpDate::from(time).to_string());
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
    }
}
