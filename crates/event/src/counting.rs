//! Figures that one thread counts and any thread reads: a [`Counter`], and a [`Histogram`] of times.
//!
//! What is counted for each request or connection is counted by the thread that serves it, so that
//! adding needs neither a lock nor a locked instruction: a load, an addition and a store. Whoever
//! reads, from whatever thread, waits for nobody. Of two figures that belong together a reader may
//! see one a moment before the other.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A number that one thread changes and any thread reads.
///
/// Where two threads change it, changes may be lost.
///
/// # Examples
///
/// ```
/// use firewhirl_event::counting::Counter;
///
/// let served = Counter::new();
/// served.increment();
/// served.add(2);
/// assert_eq!(served.value(), 3);
/// ```
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Zero.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts one more.
    #[inline]
    pub fn increment(&self) {
        self.add(1);
    }

    /// Counts one less, for what comes and goes.
    #[inline]
    pub fn decrement(&self) {
        self.set(self.value().wrapping_sub(1));
    }

    /// Counts `more`.
    #[inline]
    pub fn add(&self, more: u64) {
        self.set(self.value().wrapping_add(more));
    }

    /// Puts another number in its place.
    #[inline]
    pub fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    /// The number.
    #[inline]
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The upper bounds of a histogram's buckets, in order; above the last there is one bucket more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    nanoseconds: Box<[u64]>,
    /// For each length of a number in bits the first bucket that such a number may be in: so that
    /// finding a time's bucket takes a comparison or two, however many there are.
    first: [u8; 65],
}

impl Bounds {
    /// Bounds in any order; those that are there twice count once. At most 255.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::counting::Bounds;
    ///
    /// let bounds = Bounds::new([1, 10, 100].map(Duration::from_millis));
    /// assert_eq!(bounds.len(), 3);
    /// ```
    pub fn new(bounds: impl IntoIterator<Item = Duration>) -> Self {
        let mut nanoseconds: Vec<u64> = bounds.into_iter().map(nanoseconds).collect();
        nanoseconds.sort_unstable();
        nanoseconds.dedup();
        nanoseconds.truncate(usize::from(u8::MAX));
        let mut first = [0; 65];
        for (bits, first) in first.iter_mut().enumerate() {
            let smallest = if bits == 0 { 0 } else { 1 << (bits - 1) };
            // At most 255, as there are no more bounds.
            *first = nanoseconds.partition_point(|&bound| bound < smallest) as u8;
        }
        Self { nanoseconds: nanoseconds.into(), first }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.nanoseconds.len()
    }

    /// Whether there are none, so that all times fall into one bucket.
    pub fn is_empty(&self) -> bool {
        self.nanoseconds.is_empty()
    }

    /// The bounds, in order.
    pub fn iter(&self) -> impl Iterator<Item = Duration> {
        self.nanoseconds.iter().copied().map(Duration::from_nanos)
    }

    /// The bucket of a time: the first whose bound is not below it.
    #[inline]
    fn bucket(&self, nanoseconds: u64) -> usize {
        let bits = u64::BITS - nanoseconds.leading_zeros();
        let mut bucket = usize::from(self.first[bits as usize]);
        while self.nanoseconds.get(bucket).is_some_and(|&bound| bound < nanoseconds) {
            bucket += 1;
        }
        bucket
    }
}

/// How often times were how long: one thread observes, any thread reads.
///
/// # Examples
///
/// ```
/// use std::sync::LazyLock;
/// use std::time::Duration;
/// use firewhirl_event::counting::{Bounds, Histogram};
///
/// static BOUNDS: LazyLock<Bounds> = LazyLock::new(|| Bounds::new([1, 10].map(Duration::from_millis)));
///
/// let times = Histogram::new(&BOUNDS);
/// times.observe(Duration::from_millis(1));
/// times.observe(Duration::from_millis(7));
/// times.observe(Duration::from_millis(100));
/// assert_eq!(times.read().counts(), [1, 1, 1]);
/// assert_eq!(times.read().sum(), Duration::from_millis(108));
/// ```
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static Bounds,
    counts: Box<[Counter]>,
    /// Nanoseconds; five centuries of them.
    sum: Counter,
}

impl Histogram {
    /// A histogram that has observed nothing.
    pub fn new(bounds: &'static Bounds) -> Self {
        let counts = (0..=bounds.len()).map(|_| Counter::new()).collect();
        Self { bounds, counts, sum: Counter::new() }
    }

    /// Counts a time.
    #[inline]
    pub fn observe(&self, time: Duration) {
        let nanoseconds = nanoseconds(time);
        self.counts[self.bounds.bucket(nanoseconds)].increment();
        self.sum.add(nanoseconds);
    }

    /// What has been observed so far.
    pub fn read(&self) -> Distribution {
        Distribution {
            bounds: self.bounds,
            counts: self.counts.iter().map(Counter::value).collect(),
            sum: self.sum.value(),
        }
    }
}

/// What a [`Histogram`] had observed when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    bounds: &'static Bounds,
    counts: Vec<u64>,
    sum: u64,
}

impl Distribution {
    /// The bounds of the buckets.
    pub fn bounds(&self) -> &'static Bounds {
        self.bounds
    }

    /// How many times fell into each bucket alone, the one above all bounds last.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// How many times there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All times together.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum)
    }

    /// Adds what another histogram of the same bounds has observed.
    pub fn add(&mut self, other: &Self) {
        debug_assert_eq!(self.bounds, other.bounds, "histograms with different bounds have no sum");
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// A time in nanoseconds; what is longer than five centuries counts as that.
#[inline]
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    static BOUNDS: LazyLock<Bounds> =
        LazyLock::new(|| Bounds::new([1_000, 0, 5, 5, 2_500, 2_048, u64::MAX / 2].map(Duration::from_nanos)));

    #[test]
    fn a_time_is_in_the_first_bucket_whose_bound_is_not_below_it() {
        let bounds: Vec<u64> = BOUNDS.nanoseconds.to_vec();
        assert_eq!(bounds, [0, 5, 1_000, 2_048, 2_500, u64::MAX / 2]);
        let around = |time: u64| [time.saturating_sub(1), time, time.saturating_add(1)];
        let powers = (0..64).flat_map(|bits| around(1 << bits));
        for time in bounds.iter().flat_map(|&bound| around(bound)).chain(powers).chain([u64::MAX]) {
            let expected = bounds.iter().position(|&bound| time <= bound).unwrap_or(bounds.len());
            assert_eq!(BOUNDS.bucket(time), expected, "{time}");
        }
    }

    #[test]
    fn without_bounds_all_is_in_one_bucket() {
        static NONE: LazyLock<Bounds> = LazyLock::new(|| Bounds::new([]));
        let histogram = Histogram::new(&NONE);
        histogram.observe(Duration::ZERO);
        histogram.observe(Duration::MAX);
        assert_eq!(histogram.read().counts(), [2]);
        assert!(NONE.is_empty());
    }

    #[test]
    fn what_one_thread_observes_another_reads_and_sums_up() {
        let histograms = [Histogram::new(&BOUNDS), Histogram::new(&BOUNDS)];
        std::thread::scope(|scope| {
            for histogram in &histograms {
                scope.spawn(|| (0..3_000).map(Duration::from_nanos).for_each(|time| histogram.observe(time)));
            }
        });
        let mut sum = histograms[0].read();
        sum.add(&histograms[1].read());
        assert_eq!(sum.counts(), [2, 10, 1_990, 2_096, 904, 998, 0]);
        assert_eq!((sum.count(), sum.sum()), (6_000, Duration::from_nanos(2_999 * 3_000)));
    }
}
