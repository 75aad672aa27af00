//! Until when something is waited for: a point on the clock or a time from now.

use std::time::{Duration, Instant};

/// Until when to wait: an [`Instant`], or a [`Duration`] from now.
///
/// Whatever takes a timeout takes `impl Into<Deadline>`, as Tornado takes an absolute time or a
/// `timedelta`. The clock is the monotonic one, so a change of the wall clock changes nothing; a clock
/// of tokio's that a test has paused is followed.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use firewhirl_event::Deadline;
///
/// let now = Instant::now();
/// assert_eq!(Deadline::from(now).instant(), now);
/// assert!(Deadline::from(Duration::from_secs(1)).instant() > now);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline as a point on the monotonic clock.
    pub fn instant(self) -> Instant {
        self.0
    }
}

impl From<Instant> for Deadline {
    fn from(instant: Instant) -> Self {
        Self(instant)
    }
}

impl From<Duration> for Deadline {
    /// A time too long for the clock ends in thirty years instead.
    fn from(from_now: Duration) -> Self {
        const THIRTY_YEARS: Duration = Duration::from_secs(30 * 365 * 86_400);
        let now = tokio::time::Instant::now().into_std();
        Self(now.checked_add(from_now).unwrap_or_else(|| now + THIRTY_YEARS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_beyond_the_clock_is_far_away_and_no_panic() {
        assert!(Deadline::from(Duration::MAX).instant() > Instant::now());
    }
}
