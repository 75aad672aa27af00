//! Dates as HTTP writes them (RFC 9110, section 5.6.7): `Sun, 27 Jan 2013 18:43:20 GMT`.
//!
//! A server names the time in every response, and the text changes once a second. [`DateCache`]
//! keeps it and is told the time by whoever knows it already; [`now`] asks the clock itself.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long the text of every date is.
pub const LENGTH: usize = 29;

/// A date in HTTP's preferred form, exact to the second.
///
/// Years before 0 and after 9999, which the form has no room for, become the nearest date that it
/// has room for.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use firewhirl_http::httputil::HttpDate;
///
/// let date = HttpDate::from(UNIX_EPOCH + Duration::from_secs(1_359_312_200));
/// assert_eq!(date.as_str(), "Sun, 27 Jan 2013 18:43:20 GMT");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HttpDate {
    text: [u8; LENGTH],
}

impl HttpDate {
    /// The date of a Unix time in seconds, which may be negative.
    pub fn from_unix_seconds(seconds: i64) -> Self {
        let seconds = seconds.clamp(YEAR_0, YEAR_10000 - 1);
        let days = seconds.div_euclid(DAY);
        let second_of_day = seconds.rem_euclid(DAY) as usize;
        let (year, month, day) = civil_date(days);
        // The first of January 1970 was a Thursday.
        let weekday = (days + 4).rem_euclid(7) as usize;

        let mut text = *b"Thu, 00 Jan 0000 00:00:00 GMT";
        text[0..3].copy_from_slice(&WEEKDAYS[weekday * 3..][..3]);
        write_two_digits(&mut text[5..7], day);
        text[8..11].copy_from_slice(&MONTHS[(month - 1) * 3..][..3]);
        write_two_digits(&mut text[12..14], year / 100);
        write_two_digits(&mut text[14..16], year % 100);
        write_two_digits(&mut text[17..19], second_of_day / 3600);
        write_two_digits(&mut text[20..22], second_of_day / 60 % 60);
        write_two_digits(&mut text[23..25], second_of_day % 60);
        Self { text }
    }

    /// The text as bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever written into it: the empty text is never seen.
        std::str::from_utf8(&self.text).unwrap_or_default()
    }
}

impl From<SystemTime> for HttpDate {
    fn from(time: SystemTime) -> Self {
        let seconds = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            // A second that has begun counts as begun before 1970 too.
            Err(error) => {
                let before = error.duration();
                let begun = u64::from(before.subsec_nanos() > 0);
                i64::try_from(before.as_secs().saturating_add(begun)).map_or(i64::MIN, |seconds| -seconds)
            }
        };
        Self::from_unix_seconds(seconds)
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Formats a time as HTTP does; fractions of a second are cut off. Tornado's `format_timestamp`.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use firewhirl_http::httputil::format_timestamp;
///
/// let time = UNIX_EPOCH + Duration::from_secs_f64(1_359_312_200.503611);
/// assert_eq!(format_timestamp(time), "Sun, 27 Jan 2013 18:43:20 GMT");
/// ```
pub fn format_timestamp(time: SystemTime) -> String {
    HttpDate::from(time).as_str().to_owned()
}

/// Reads a date in any of the three forms that RFC 9110 asks a recipient to accept; `None` if it is none.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use firewhirl_http::httputil::parse_date;
///
/// let time = UNIX_EPOCH + Duration::from_secs(784_111_777);
/// assert_eq!(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(time));
/// assert_eq!(parse_date("Sunday, 06-Nov-94 08:49:37 GMT"), Some(time));
/// assert_eq!(parse_date("Sun Nov  6 08:49:37 1994"), Some(time));
/// assert_eq!(parse_date("yesterday"), None);
/// ```
pub fn parse_date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text.trim()).ok()
}

/// The date of now, renewed once a second and kept for the thread.
///
/// This reads the monotonic clock at each call. A loop that knows the time already keeps a
/// [`DateCache`] of its own and spares even that.
///
/// # Examples
///
/// ```
/// assert!(firewhirl_http::httputil::dates::now().as_str().ends_with(" GMT"));
/// ```
pub fn now() -> HttpDate {
    thread_local! {
        static CACHE: RefCell<DateCache> = RefCell::new(DateCache::new());
    }
    CACHE.with_borrow_mut(|cache| *cache.at(Instant::now()))
}

/// The text of the current date, made anew when its second is over.
///
/// Two ways to keep it right: pass [`at`](Self::at) the time that the loop has read already, or call
/// [`renew`](Self::renew) from a timer that runs again after the duration which it returns, and read
/// [`date`](Self::date), which costs nothing. Where the wall clock is set, the text follows within a
/// second.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
/// use firewhirl_http::httputil::DateCache;
///
/// let mut cache = DateCache::new();
/// let begun = Instant::now();
/// let date = *cache.at(begun);
/// assert_eq!(*cache.at(begun), date);
/// ```
#[derive(Clone, Debug)]
pub struct DateCache {
    date: HttpDate,
    /// From when the clock was read to the end of the wall clock's second, as the monotonic clock
    /// counts. A test's clock may stand before it.
    valid: Range<Instant>,
}

impl DateCache {
    /// Makes a cache that holds the date of now.
    pub fn new() -> Self {
        let now = Instant::now();
        let (date, remaining) = read_clock();
        Self { date, valid: now..now + remaining }
    }

    /// The date at `now`, which is to be the present or a little before it.
    #[inline]
    pub fn at(&mut self, now: Instant) -> &HttpDate {
        if !self.valid.contains(&now) {
            let (date, remaining) = read_clock();
            (self.date, self.valid) = (date, now..now + remaining);
        }
        &self.date
    }

    /// Reads the clock, and returns how long it is to the next second.
    pub fn renew(&mut self) -> Duration {
        let now = Instant::now();
        let (date, remaining) = read_clock();
        (self.date, self.valid) = (date, now..now + remaining);
        remaining
    }

    /// The date as it was when the clock was last read.
    #[inline]
    pub fn date(&self) -> &HttpDate {
        &self.date
    }
}

impl Default for DateCache {
    fn default() -> Self {
        Self::new()
    }
}

/// The date, and how long it stays right.
fn read_clock() -> (HttpDate, Duration) {
    let now = SystemTime::now();
    let into_second = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    (HttpDate::from(now), Duration::from_secs(1) - Duration::from_nanos(u64::from(into_second)))
}

const DAY: i64 = 86_400;
const YEAR_0: i64 = -62_167_219_200;
const YEAR_10000: i64 = 253_402_300_800;
const WEEKDAYS: &[u8; 21] = b"SunMonTueWedThuFriSat";
const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// Year, month and day of a count of days since 1970 in the proleptic Gregorian calendar, from the year 0 on.
///
/// Years are counted from March, so that the leap day comes last: Howard Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `civil_from_days`.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::dates::civil_date;
///
/// assert_eq!(civil_date(0), (1970, 1, 1));
/// assert_eq!(civil_date(19_782), (2024, 2, 29));
/// ```
pub fn civil_date(days: i64) -> (usize, usize, usize) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as usize, month as usize, day as usize)
}

fn write_two_digits(place: &mut [u8], number: usize) {
    place[0] = b'0' + (number / 10) as u8;
    place[1] = b'0' + (number % 10) as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_in_the_rfc() {
        const CASES: &[(i64, &str)] = &[
            (1_359_312_200, "Sun, 27 Jan 2013 18:43:20 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (i64::MIN, "Sat, 01 Jan 0000 00:00:00 GMT"),
        ];
        for &(seconds, expected) in CASES {
            assert_eq!(HttpDate::from_unix_seconds(seconds).as_str(), expected, "{seconds}");
        }
    }

    #[test]
    fn every_day_is_read_back_as_written() {
        for day in 0..80_000 {
            let time = UNIX_EPOCH + Duration::from_secs(day * 86_400 + 12_345);
            assert_eq!(parse_date(HttpDate::from(time).as_str()), Some(time));
        }
    }

    #[test]
    fn a_second_that_has_begun_counts_before_1970_too() {
        let time = UNIX_EPOCH - Duration::from_millis(500);
        assert_eq!(format_timestamp(time), "Wed, 31 Dec 1969 23:59:59 GMT");
    }

    #[test]
    fn the_cache_keeps_a_date_until_its_second_is_over() {
        let mut cache = DateCache::new();
        // A date that the clock would not give shows whether the clock was read.
        let kept = HttpDate::from_unix_seconds(0);
        cache.date = kept;
        let outdated_at = cache.valid.end;
        assert_eq!(*cache.at(outdated_at - Duration::from_nanos(1)), kept);
        assert_ne!(*cache.at(outdated_at), kept);
        assert!(cache.valid.end > outdated_at && cache.valid.end <= outdated_at + Duration::from_secs(1));
    }

    #[test]
    fn a_clock_that_went_back_is_read_anew() {
        // A test's paused clock was a day ahead when it was last asked, and the next test's is not.
        let mut cache = DateCache::new();
        let now = Instant::now();
        cache.at(now + Duration::from_secs(86_400));
        cache.at(now);
        assert!(cache.valid.contains(&now) && cache.valid.end <= now + Duration::from_secs(1));
    }

    #[test]
    fn renewing_says_when_to_renew_again() {
        let mut cache = DateCache::new();
        cache.date = HttpDate::from_unix_seconds(0);
        let remaining = cache.renew();
        assert!(remaining > Duration::ZERO && remaining <= Duration::from_secs(1));
        assert_ne!(*cache.date(), HttpDate::from_unix_seconds(0));
        assert_eq!(now().as_bytes().len(), LENGTH);
    }
}
