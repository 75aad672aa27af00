//! What a signed value has to be, besides genuine.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::version::SignedValueVersion;

const DAY: u64 = 86_400;

/// What a signed value has to be to be accepted.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use firewhirl_web::signed_value::{SignedValueChecks, SignedValueVersion};
///
/// let strict = SignedValueChecks::at(SystemTime::now())
///     .max_age(Duration::from_secs(3600))
///     .min_version(SignedValueVersion::V2);
/// # let _ = strict;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SignedValueChecks {
    now: SystemTime,
    max_age: Duration,
    pub(super) min_version: SignedValueVersion,
}

impl SignedValueChecks {
    /// Not older than 31 days at this time, of any version.
    pub fn at(now: SystemTime) -> Self {
        Self { now, max_age: Duration::from_secs(31 * DAY), min_version: SignedValueVersion::V1 }
    }

    /// How old the value may be. Default: 31 days. Tornado's `max_age_days`.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// The oldest version that is accepted. Default: 1.
    pub fn min_version(mut self, version: SignedValueVersion) -> Self {
        self.min_version = version;
        self
    }

    /// Whether a value of this Unix time is too old.
    pub(super) fn is_expired(&self, timestamp: u64) -> bool {
        time(timestamp).and_then(|time| time.checked_add(self.max_age)).is_some_and(|end| end < self.now)
    }

    /// Whether a value of this Unix time is more than 31 days ahead.
    pub(super) fn is_ahead(&self, timestamp: u64) -> bool {
        let limit = self.now.checked_add(Duration::from_secs(31 * DAY));
        // A time that no clock can show is ahead of all of them.
        time(timestamp).is_none_or(|time| limit.is_some_and(|limit| time > limit))
    }
}

fn time(timestamp: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(timestamp))
}

/// A number as it is written: digits alone.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    let is_plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| is_plain)?.parse().ok()
}
