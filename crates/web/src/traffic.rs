//! What the requests of the process came to: how many by route, method and status, and how long they took.
//!
//! A request is counted where it ends, by the thread that served it, in a table of its worker's own: the
//! route is known since it was found, so that counting is a look into the table and a few additions,
//! without hashing, allocation or lock. Reading sums the tables of all workers up and waits for none.
//! Routes are those that were added, methods those that handlers have verbs for: what strangers send
//! makes no new rows.
//!
//! Nothing is counted before somebody asks for it with [`count_requests`].

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use firewhirl_event::IoLoop;
use firewhirl_event::counting::{Bounds, Counter, Distribution, Histogram};
use http::Method;

use crate::context::Context;
use crate::lingering::{Departed, Lingering};

/// Bounds for how long requests take, in microseconds; see [`set_request_time_bounds`].
const DEFAULT_BOUNDS: [u64; 17] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000, 30_000_000,
];

/// The number of the route that stands for all requests which no route answers.
pub(crate) const NO_ROUTE: usize = 0;

static COUNTS: AtomicBool = AtomicBool::new(false);
static BOUNDS: OnceLock<Bounds> = OnceLock::new();

/// The requests of one route and one method, over all workers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Requests {
    /// The route's URL as it was added, such as `/story/{id}`; empty for what no route answered.
    pub route: String,
    /// The method; `other` for all that handlers have no verbs for.
    pub method: &'static str,
    /// How many there were of each status.
    pub statuses: BTreeMap<u16, u64>,
    /// How long they took, from their head to the end of the answer's last `write`.
    pub times: Distribution,
}

/// Has the requests of every application in the process counted from now on.
///
/// It costs each request a look at the clock and some twenty instructions.
pub fn count_requests() {
    COUNTS.store(true, Relaxed);
}

/// Sets the bounds of the buckets into which requests fall by the time they take. Default: 17 of them, from
/// 100 microseconds to 30 seconds.
///
/// # Errors
///
/// [`BoundsInUse`] once a request has been counted, unless the bounds are the same.
pub fn set_request_time_bounds(bounds: impl IntoIterator<Item = Duration>) -> Result<(), BoundsInUse> {
    let bounds = Bounds::new(bounds);
    if *BOUNDS.get_or_init(|| bounds.clone()) == bounds { Ok(()) } else { Err(BoundsInUse) }
}

/// The bounds of a histogram cannot be changed once something is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundsInUse;

impl std::fmt::Display for BoundsInUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("requests have been counted by other bounds already; set them once, before the server starts")
    }
}

impl std::error::Error for BoundsInUse {}

/// The requests that were counted, by route and method, over all applications and workers of the process,
/// those that are gone included.
pub fn requests() -> Vec<Requests> {
    let all = lock();
    let mut sums = all.ended.clone();
    for traffic in &all.live {
        traffic.add_to(&mut sums);
    }
    drop(all);
    sums.into_iter()
        .map(|((route, method), sum)| Requests {
            route,
            method: METHODS[method],
            statuses: sum.statuses,
            times: sum.times,
        })
        .collect()
}

/// The handlers of all workers that go on a minute or longer after their clients left, by route; of
/// applications whose requests are counted.
pub fn lingering_requests() -> Vec<Lingering> {
    let departed: Vec<_> = lock().live.iter().map(|traffic| traffic.departed.clone()).collect();
    // By the loop's clock, as they were noted, also where a test has paused it.
    let now = IoLoop::try_current().map_or_else(Instant::now, |io_loop| io_loop.time());
    Lingering::sum(departed.iter().flat_map(|departed| departed.lingering(now)))
}

/// Counts a request whose response is complete.
#[inline]
pub(crate) fn count(cx: &Context) {
    if COUNTS.load(Relaxed) {
        let traffic = cx.application().traffic();
        let time = cx.request.request_time();
        traffic.count(cx.route().number, method(cx.request.method()), cx.status().as_u16(), time);
    }
}

/// What methods are called; see [`method`].
const METHODS: [&str; 10] = ["GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS", "CONNECT", "TRACE", "other"];

/// The place of a method in tables.
#[inline]
fn method(method: &Method) -> usize {
    match *method {
        Method::GET => 0,
        Method::HEAD => 1,
        Method::POST => 2,
        Method::DELETE => 3,
        Method::PATCH => 4,
        Method::PUT => 5,
        Method::OPTIONS => 6,
        Method::CONNECT => 7,
        Method::TRACE => 8,
        _ => 9,
    }
}

/// The requests of one worker's application: written by its thread, read by any.
pub(crate) struct Traffic {
    routes: Box<[RouteTraffic]>,
    departed: Arc<Departed>,
}

struct RouteTraffic {
    url: String,
    /// Made with the first request of a method, as most routes have one or two.
    methods: [OnceLock<Box<Served>>; METHODS.len()],
}

/// The requests of a route and a method.
struct Served {
    times: Histogram,
    statuses: Statuses,
}

impl Traffic {
    #[inline]
    fn count(&self, route: usize, method: usize, status: u16, time: Duration) {
        let served = self.routes[route].methods[method].get_or_init(Served::new);
        served.times.observe(time);
        served.statuses.count(status);
    }

    fn add_to(&self, sums: &mut Sums) {
        for route in &self.routes {
            for (method, served) in route.methods.iter().enumerate() {
                if let Some(served) = served.get() {
                    let sum = sums.entry((route.url.clone(), method)).or_insert_with(Sum::new);
                    sum.times.add(&served.times.read());
                    served.statuses.add_to(&mut sum.statuses);
                }
            }
        }
    }
}

impl Served {
    #[cold]
    fn new() -> Box<Self> {
        Box::new(Self { times: Histogram::new(bounds()), statuses: Statuses::default() })
    }
}

fn bounds() -> &'static Bounds {
    BOUNDS.get_or_init(|| Bounds::new(DEFAULT_BOUNDS.map(Duration::from_micros)))
}

/// How many requests there were of each status: a short list, in the order in which they first came, and
/// where it is not enough one more.
#[derive(Default)]
struct Statuses {
    /// A status and how many of it; 0 is none yet.
    counted: [(Counter, Counter); 6],
    more: OnceLock<Box<Statuses>>,
}

impl Statuses {
    #[inline]
    fn count(&self, status: u16) {
        let status = u64::from(status);
        for (own, count) in &self.counted {
            if own.value() == 0 {
                own.set(status);
            }
            if own.value() == status {
                return count.increment();
            }
        }
        self.more.get_or_init(Box::default).count(status as u16);
    }

    fn add_to(&self, sums: &mut BTreeMap<u16, u64>) {
        for (status, count) in &self.counted {
            // A status that was entered and not counted yet will be in the next sum.
            if count.value() > 0 {
                *sums.entry(status.value() as u16).or_default() += count.value();
            }
        }
        if let Some(more) = self.more.get() {
            more.add_to(sums);
        }
    }
}

/// By route and method.
type Sums = BTreeMap<(String, usize), Sum>;

#[derive(Clone)]
struct Sum {
    times: Distribution,
    statuses: BTreeMap<u16, u64>,
}

impl Sum {
    fn new() -> Self {
        Self { times: Histogram::new(bounds()).read(), statuses: BTreeMap::new() }
    }
}

/// The traffic of a worker's application, in the hands of that application. What it has counted stays
/// counted when it ends.
pub(crate) struct OwnTraffic(Arc<Traffic>);

impl OwnTraffic {
    /// A table for routes with these URLs; at [`NO_ROUTE`] stands what no route answers.
    pub(crate) fn new(urls: &[String], departed: Arc<Departed>) -> Self {
        let routes = urls.iter().map(|url| RouteTraffic { url: url.clone(), methods: Default::default() }).collect();
        let own = Arc::new(Traffic { routes, departed });
        lock().live.push(own.clone());
        Self(own)
    }
}

impl std::ops::Deref for OwnTraffic {
    type Target = Traffic;

    #[inline]
    fn deref(&self) -> &Traffic {
        &self.0
    }
}

impl Drop for OwnTraffic {
    fn drop(&mut self) {
        let All { live, ended } = &mut *lock();
        live.retain(|traffic| !Arc::ptr_eq(traffic, &self.0));
        self.0.add_to(ended);
    }
}

static ALL: Mutex<All> = Mutex::new(All { live: Vec::new(), ended: BTreeMap::new() });

/// The traffic of every worker's applications in the process.
struct All {
    live: Vec<Arc<Traffic>>,
    ended: Sums,
}

/// Nothing that holds the lock can leave the list half changed, so a panic elsewhere is no matter.
fn lock() -> MutexGuard<'static, All> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_counted_however_many_there_are() {
        let statuses = Statuses::default();
        for round in 0..3 {
            for status in 100..1000 {
                if status % 3 >= round {
                    statuses.count(status);
                }
            }
        }
        let mut sums = BTreeMap::new();
        statuses.add_to(&mut sums);
        let expected = (100..1000).map(|status| (status, u64::from(status % 3) + 1)).collect();
        assert_eq!(sums, expected);
    }

    #[test]
    fn a_method_that_no_handler_has_a_verb_for_makes_no_row_of_its_own() {
        for name in METHODS {
            assert_eq!(METHODS[method(&name.parse().unwrap())], name);
        }
        assert_eq!(METHODS[method(&"PROPFIND".parse().unwrap())], "other");
    }

    #[test]
    fn what_was_counted_stays_when_its_worker_ends() {
        let urls = ["".to_owned(), "/stays".to_owned()];
        let sum = || requests().into_iter().find(|requests| requests.route == "/stays");
        for total in 1..3 {
            let traffic = OwnTraffic::new(&urls, Arc::default());
            traffic.count(1, 0, 200, Duration::from_millis(3));
            assert_eq!(sum().unwrap().times.count(), total);
            drop(traffic);
            assert_eq!(sum().unwrap().statuses, BTreeMap::from([(200, total)]));
        }
    }
}
