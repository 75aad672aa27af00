//! A program's own figures: counters, gauges and histograms, with labels or without.
//!
//! They are the process's, and any thread may change them. One that is asked for a second time is the
//! one that is there: so the function that builds an application, which runs once a worker, may ask for
//! what it needs, and the workers count in common.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::exposition::{Exposition, Family, Kind, Labels};
use super::registry::{Collect, register};

/// A number that only grows: things that have happened. Cheap to clone; the clones are one.
///
/// Several threads may count: where that is done for each request, it is a locked instruction each.
///
/// # Examples
///
/// ```
/// use firewhirl_run::metrics::Counter;
///
/// let orders = Counter::new("shop_orders", "Orders taken.");
/// orders.increment();
/// assert_eq!(orders.value(), 1);
/// ```
///
/// With labels:
///
/// ```
/// use firewhirl_run::metrics::Counter;
///
/// let payments = Counter::with_labels("shop_payments", "Payments, by their kind.", ["kind"]);
/// payments.of(["card"]).add(2);
/// payments.of(["cash"]).increment();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// A counter without labels. It is told as `name_total`, whether or not the name ends so.
    ///
    /// # Panics
    ///
    /// If the name is none that Prometheus allows, or there is another kind of figure of that name.
    #[track_caller]
    pub fn new(name: &str, help: &str) -> Self {
        Self::with_labels(name, help, []).of([])
    }

    /// Counters with these labels; each combination of values is one. The values should be few, and not of
    /// a stranger's choosing: each makes a line that stays.
    ///
    /// # Panics
    ///
    /// As of [`new`](Self::new); also if there is one of that name with other labels.
    #[track_caller]
    pub fn with_labels<const N: usize>(name: &str, help: &str, labels: [&str; N]) -> Labelled<Self, N> {
        let name = name.strip_suffix("_total").unwrap_or(name);
        let write =
            |own: &Self, family: &mut Family<'_, '_, '_>, labels: Labels<'_>| family.sample(labels, own.value());
        family((Kind::Counter, name, help), labels, Arc::default(), |_| Self::default(), write)
    }

    /// Counts one more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Counts `more`.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// How many there were.
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number that goes up and down: how much there is of something now. Cheap to clone; the clones are one.
///
/// # Examples
///
/// ```
/// use firewhirl_run::metrics::Gauge;
///
/// let waiting = Gauge::new("shop_customers_waiting", "Customers in the queue.");
/// waiting.add(3.0);
/// waiting.add(-1.0);
/// assert_eq!(waiting.value(), 2.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicU64>);

impl Gauge {
    /// A gauge without labels, at zero.
    ///
    /// # Panics
    ///
    /// If the name is none that Prometheus allows, or there is another kind of figure of that name.
    #[track_caller]
    pub fn new(name: &str, help: &str) -> Self {
        Self::with_labels(name, help, []).of([])
    }

    /// Gauges with these labels; see [`Counter::with_labels`].
    ///
    /// # Panics
    ///
    /// As there.
    #[track_caller]
    pub fn with_labels<const N: usize>(name: &str, help: &str, labels: [&str; N]) -> Labelled<Self, N> {
        let write =
            |own: &Self, family: &mut Family<'_, '_, '_>, labels: Labels<'_>| family.sample(labels, own.value());
        family((Kind::Gauge, name, help), labels, Arc::default(), |_| Self::default(), write)
    }

    /// Sets it.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }

    /// Adds to it; what is below zero is taken away.
    pub fn add(&self, more: f64) {
        add(&self.0, more);
    }

    /// What it stands at.
    pub fn value(&self) -> f64 {
        f64::from_bits(self.0.load(Relaxed))
    }
}

/// How often something was how large: seconds, bytes. Cheap to clone; the clones are one.
///
/// # Examples
///
/// ```
/// use firewhirl_run::metrics::Histogram;
///
/// let parcels = Histogram::new("shop_parcel_weight_kilograms", "Parcels sent.", [1.0, 5.0, 30.0]);
/// parcels.observe(2.5);
///
/// let queries = Histogram::new("shop_query_duration_seconds", "Queries to the warehouse.", Histogram::SECONDS);
/// let timer = queries.start_timer();
/// // ... the query ...
/// drop(timer);
/// ```
#[derive(Clone, Debug)]
pub struct Histogram(Arc<Buckets>);

#[derive(Debug)]
struct Buckets {
    bounds: Arc<[f64]>,
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    /// Bounds that suit what takes between a millisecond and ten seconds.
    pub const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

    /// A histogram without labels, with these upper bounds of its buckets.
    ///
    /// # Panics
    ///
    /// If the name is none that Prometheus allows, there is another kind of figure of that name or one with
    /// other bounds, or the bounds do not ascend.
    #[track_caller]
    pub fn new(name: &str, help: &str, bounds: impl Into<Vec<f64>>) -> Self {
        Self::with_labels(name, help, [], bounds).of([])
    }

    /// Histograms with these labels; see [`Counter::with_labels`].
    ///
    /// # Panics
    ///
    /// As there, and as of [`new`](Self::new).
    #[track_caller]
    pub fn with_labels<const N: usize>(
        name: &str,
        help: &str,
        labels: [&str; N],
        bounds: impl Into<Vec<f64>>,
    ) -> Labelled<Self, N> {
        let mut bounds: Vec<f64> = bounds.into();
        if bounds.last() == Some(&f64::INFINITY) {
            bounds.pop();
        }
        let ascending = bounds.windows(2).all(|pair| pair[0] < pair[1]) && bounds.iter().all(|bound| bound.is_finite());
        assert!(ascending, "the bounds of the histogram `{name}` do not ascend: {bounds:?}");
        assert!(!labels.contains(&"le"), "the histogram `{name}` cannot have a label `le`: that is a bucket's bound");
        let bounds: Arc<[f64]> = bounds.into();
        let there = family((Kind::Histogram, name, help), labels, bounds.clone(), Self::with_bounds, Self::write);
        assert!(there.0.bounds == bounds, "there is a histogram `{name}` with other bounds: {:?}", there.0.bounds);
        there
    }

    fn with_bounds(bounds: &Arc<[f64]>) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Buckets { bounds: bounds.clone(), counts, sum: AtomicU64::new(0) }))
    }

    fn write(&self, family: &mut Family<'_, '_, '_>, labels: Labels<'_>) {
        family.histogram(labels, self.0.bounds.iter().copied(), &self.counts(), self.sum());
    }

    /// Counts a value.
    pub fn observe(&self, value: f64) {
        let bucket = self.0.bounds.partition_point(|&bound| bound < value);
        self.0.counts[bucket].fetch_add(1, Relaxed);
        add(&self.0.sum, value);
    }

    /// Counts a time, in seconds.
    pub fn observe_duration(&self, time: Duration) {
        self.observe(time.as_secs_f64());
    }

    /// Begins to measure a time, which is counted when the timer is dropped.
    pub fn start_timer(&self) -> Timer {
        Timer { histogram: self.clone(), began: Instant::now() }
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.counts().iter().sum()
    }

    /// All values together.
    pub fn sum(&self) -> f64 {
        f64::from_bits(self.0.sum.load(Relaxed))
    }

    fn counts(&self) -> Vec<u64> {
        self.0.counts.iter().map(|count| count.load(Relaxed)).collect()
    }
}

/// A time that is being measured; counted when this is dropped.
#[derive(Debug)]
#[must_use = "dropped at once, it counts no time"]
pub struct Timer {
    histogram: Histogram,
    began: Instant,
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.histogram.observe_duration(self.began.elapsed());
    }
}

/// Adds to a float that several threads change.
fn add(sum: &AtomicU64, more: f64) {
    let add = |bits| Some((f64::from_bits(bits) + more).to_bits());
    // It is never refused.
    let _ = sum.fetch_update(Relaxed, Relaxed, add);
}

/// Figures of one name that differ in their labels' values. Cheap to clone.
pub struct Labelled<Figure, const N: usize>(Arc<State<Figure, N>>);

struct State<Figure, const N: usize> {
    kind: Kind,
    name: String,
    help: String,
    labels: [String; N],
    /// A histogram's; none of the others.
    bounds: Arc<[f64]>,
    make: fn(&Arc<[f64]>) -> Figure,
    write: fn(&Figure, &mut Family<'_, '_, '_>, Labels<'_>),
    figures: Mutex<BTreeMap<[String; N], Figure>>,
}

impl<Figure: Clone, const N: usize> Labelled<Figure, N> {
    /// The figure with these values of its labels, in their order; at zero if there was none.
    ///
    /// It is looked for under a lock: what is counted often is better kept.
    pub fn of(&self, values: [&str; N]) -> Figure {
        let State { make, bounds, .. } = &*self.0;
        self.0.figures().entry(values.map(str::to_owned)).or_insert_with(|| make(bounds)).clone()
    }

    /// Forgets the figure with these values of its labels: it is told no more.
    pub fn remove(&self, values: [&str; N]) {
        self.0.figures().remove(&values.map(str::to_owned));
    }
}

impl<Figure, const N: usize> State<Figure, N> {
    fn figures(&self) -> MutexGuard<'_, BTreeMap<[String; N], Figure>> {
        // A panic under the lock cannot leave the map half changed.
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Figure: Send + Sync + 'static, const N: usize> Collect for Labelled<Figure, N> {
    fn collect(&self, exposition: &mut Exposition<'_>) {
        let State { kind, name, help, labels, write, .. } = &*self.0;
        let mut family = exposition.family(*kind, name, help);
        for (values, figure) in &*self.0.figures() {
            let values = values.iter().map(String::as_str);
            let labels: Vec<(&str, &str)> = labels.iter().map(String::as_str).zip(values).collect();
            write(figure, &mut family, &labels);
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl<Figure, const N: usize> Clone for Labelled<Figure, N> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Figure, const N: usize> fmt::Debug for Labelled<Figure, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { name, labels, .. } = &*self.0;
        f.debug_struct("Labelled").field("name", name).field("labels", labels).finish_non_exhaustive()
    }
}

/// The family of this name: the one that is there, or else a new one.
#[track_caller]
fn family<Figure: Clone + Send + Sync + 'static, const N: usize>(
    (kind, name, help): (Kind, &str, &str),
    labels: [&str; N],
    bounds: Arc<[f64]>,
    make: fn(&Arc<[f64]>) -> Figure,
    write: fn(&Figure, &mut Family<'_, '_, '_>, Labels<'_>),
) -> Labelled<Figure, N> {
    register(name, &labels, kind, || {
        Labelled(Arc::new(State {
            kind,
            name: name.to_owned(),
            help: help.to_owned(),
            labels: labels.map(str::to_owned),
            bounds,
            make,
            write,
            figures: Mutex::default(),
        }))
    })
}
