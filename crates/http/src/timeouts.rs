//! How long a slow peer is waited for, on a clock that costs nothing to read.
//!
//! A server looks through its connections a few times a second and counts a tick each time; a
//! connection that begins to wait notes the tick at which its patience ends. So no timer is armed and
//! no clock is read for a request, and a loop that was blocked or suspended cuts nobody off for it.

use std::cell::Cell;
use std::time::Duration;

/// The coarse clock of one server on one loop.
pub(crate) struct Ticks {
    length: Duration,
    now: Cell<u32>,
}

impl Ticks {
    /// A clock fine enough for the shortest of the timeouts: an eighth of it, within 5 ms and 500 ms.
    pub(crate) fn for_timeouts(timeouts: impl IntoIterator<Item = Duration>) -> Self {
        let shortest = timeouts.into_iter().min().unwrap_or(Duration::MAX);
        let length = (shortest / 8).clamp(Duration::from_millis(5), Duration::from_millis(500));
        Self { length, now: Cell::new(0) }
    }

    /// How long a tick is.
    pub(crate) fn length(&self) -> Duration {
        self.length
    }

    /// Counts one more tick.
    pub(crate) fn advance(&self) {
        self.now.set(self.now.get().wrapping_add(1).min(NEVER - 1));
    }

    #[inline]
    pub(crate) fn now(&self) -> u32 {
        self.now.get()
    }

    /// The ticks in which `time` has surely passed: rounded up, and one more for the tick already begun.
    pub(crate) fn spanning(&self, time: Duration) -> u32 {
        let ticks = time.as_nanos().div_ceil(self.length.as_nanos()) + 1;
        u32::try_from(ticks).unwrap_or(NEVER).min(NEVER / 2)
    }
}

/// The tick that never comes.
const NEVER: u32 = u32::MAX;

/// How long a phase may wait, in ticks: a full measure, and how many bytes buy a tick back.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) full: u32,
    pub(crate) bytes_a_tick: u32,
}

/// Bytes a second that a peer must keep up in a body or in taking its answer, once its patience is used up.
const SLOWEST_RATE: f64 = 500.0;

impl Patience {
    pub(crate) fn new(ticks: &Ticks, time: Duration) -> Self {
        let bytes_a_tick = (SLOWEST_RATE * ticks.length().as_secs_f64()).ceil() as u32;
        Self { full: ticks.spanning(time), bytes_a_tick: bytes_a_tick.max(1) }
    }
}

/// One thing that a connection may be waiting for, and until when.
pub(crate) struct Wait {
    until: Cell<u32>,
    since: Cell<u32>,
    left: Cell<u32>,
    /// Futures that wait for it.
    waiting: Cell<u32>,
}

impl Wait {
    pub(crate) const fn new() -> Self {
        Self { until: Cell::new(NEVER), since: Cell::new(0), left: Cell::new(NEVER), waiting: Cell::new(0) }
    }

    /// Fills the patience up again, for a new request.
    #[inline]
    pub(crate) fn renew(&self) {
        self.until.set(NEVER);
        self.left.set(NEVER);
    }

    /// Begins to wait, unless it has begun already.
    #[inline]
    pub(crate) fn begin(&self, ticks: &Ticks, patience: Patience) {
        if self.until.get() == NEVER {
            let now = ticks.now();
            self.since.set(now);
            self.until.set(now + self.left.get().min(patience.full));
        }
    }

    /// Ends the wait after `bytes` of progress, which buy patience back.
    #[inline]
    pub(crate) fn progress(&self, ticks: &Ticks, patience: Patience, bytes: usize) {
        if self.until.get() == NEVER {
            return;
        }
        let waited = ticks.now() - self.since.get();
        let bought = u32::try_from(bytes / patience.bytes_a_tick as usize).unwrap_or(patience.full);
        let left = self.left.get().min(patience.full).saturating_sub(waited).saturating_add(bought);
        self.left.set(left.min(patience.full));
        self.until.set(NEVER);
    }

    /// Ends the wait because nobody waits any more.
    #[inline]
    pub(crate) fn end(&self) {
        self.until.set(NEVER);
    }

    /// While this lives, a future waits; the wait ends with the last one.
    #[inline]
    pub(crate) fn awaited(&self) -> Waiting<'_> {
        self.waiting.set(self.waiting.get() + 1);
        Waiting(self)
    }

    /// Whether a future waits.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.get() > 0
    }

    /// Whether patience has run out.
    #[inline]
    pub(crate) fn has_expired(&self, ticks: &Ticks) -> bool {
        self.until.get() <= ticks.now()
    }
}

/// A future that waits; made by [`Wait::awaited`].
pub(crate) struct Waiting<'wait>(&'wait Wait);

impl Drop for Waiting<'_> {
    #[inline]
    fn drop(&mut self) {
        let others = self.0.waiting.get() - 1;
        self.0.waiting.set(others);
        if others == 0 {
            self.0.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Ticks {
        Ticks { length: Duration::from_millis(100), now: Cell::new(0) }
    }

    /// Runs `seconds` in which every `gap` ticks `bytes` arrive; the tick at which patience ends.
    fn end_of_patience(seconds: u32, gap: u32, bytes: usize) -> Option<u32> {
        let ticks = clock();
        let patience = Patience::new(&ticks, Duration::from_secs(10));
        let wait = Wait::new();
        for tick in 0..seconds * 10 {
            wait.begin(&ticks, patience);
            ticks.advance();
            if wait.has_expired(&ticks) {
                return Some(tick);
            }
            if tick % gap == gap - 1 {
                wait.progress(&ticks, patience, bytes);
            }
        }
        None
    }

    #[test]
    fn a_silent_peer_is_given_its_time_and_no_more() {
        assert_eq!(end_of_patience(60, 1000, 0), Some(100));
    }

    #[test]
    fn a_dribbling_peer_ends_and_a_slow_one_goes_on() {
        assert!(end_of_patience(600, 50, 1).is_some_and(|tick| tick <= 101), "a byte every five seconds");
        assert_eq!(end_of_patience(600, 50, 2500), None, "500 bytes a second");
        assert_eq!(end_of_patience(600, 10, 64 * 1024), None, "a fast one");
    }

    #[test]
    fn waiting_begins_once_and_ends_when_nobody_waits() {
        let ticks = clock();
        let patience = Patience::new(&ticks, Duration::from_millis(200));
        let wait = Wait::new();
        wait.begin(&ticks, patience);
        for _ in 0..2 {
            ticks.advance();
            wait.begin(&ticks, patience);
            assert!(!wait.has_expired(&ticks));
        }
        ticks.advance();
        assert!(wait.has_expired(&ticks));
        wait.end();
        assert!(!wait.has_expired(&ticks));
    }
}
