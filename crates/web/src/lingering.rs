//! Handlers that go on though their client has left.
//!
//! A handler runs to its end, so one that never ends is a leak that nobody sees: the client is gone.
//! What still runs a minute after its client left is therefore counted, by route.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::live::Route;

/// How long a handler may go on after its client left before it is listed.
const LINGERING_AFTER: Duration = Duration::from_secs(60);

/// Handlers of one route that go on a minute after their clients left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lingering {
    /// The route's URL as it was added; empty for what no route answers.
    pub url: String,
    /// How many of its requests go on.
    pub count: usize,
    /// How long ago the first of their clients left.
    pub longest: Duration,
}

impl Lingering {
    /// Those of the same route in one, that of the longest first.
    pub(crate) fn sum(all: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut sums: Vec<Self> = Vec::new();
        for one in all {
            match sums.iter_mut().find(|sum| sum.url == one.url) {
                Some(sum) => {
                    sum.count += one.count;
                    sum.longest = sum.longest.max(one.longest);
                }
                None => sums.push(one),
            }
        }
        sums.sort_by_key(|sum| std::cmp::Reverse(sum.longest));
        sums
    }
}

/// The requests of a worker whose clients have left before their end, for any thread to see.
#[derive(Default)]
pub(crate) struct Departed {
    // Locked when a client leaves early, and when such a request ends: seldom, and for a moment.
    requests: Mutex<Vec<Left>>,
}

/// One of them.
struct Left {
    /// Tells it from the others of its worker.
    number: u64,
    url: String,
    when: Instant,
}

impl Departed {
    /// What lingers, by route, that of the longest first.
    pub(crate) fn lingering(&self, now: Instant) -> Vec<Lingering> {
        let since = |left: &Left| now.saturating_duration_since(left.when);
        let requests = self.lock();
        let lingering = requests.iter().filter(|left| since(left) >= LINGERING_AFTER);
        Lingering::sum(lingering.map(|left| Lingering { url: left.url.clone(), count: 1, longest: since(left) }))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Left>> {
        // Nothing panics under the lock; if it did, the list would still be a list.
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that waits, and whether its client has left. It is gone with the request's end.
pub(crate) struct Departure {
    route: Rc<Route>,
    departed: Arc<Departed>,
    number: Cell<Option<u64>>,
}

impl Departure {
    pub(crate) fn new(route: Rc<Route>, departed: Arc<Departed>) -> Self {
        Self { route, departed, number: Cell::new(None) }
    }

    /// Notes that the request's client left.
    pub(crate) fn note(&self, now: Instant) {
        let mut requests = self.departed.lock();
        let number = requests.last().map_or(0, |last| last.number + 1);
        if self.number.replace(Some(number)).is_none() {
            requests.push(Left { number, url: self.route.label().to_owned(), when: now });
        }
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        if let Some(number) = self.number.get() {
            self.departed.lock().retain(|left| left.number != number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Application;

    #[test]
    fn what_goes_on_a_minute_after_its_client_left_is_counted_by_route() {
        let application = Application::new().get("/slow", async |cx| cx.write("slow"));
        let live = application.live().unwrap();
        let route = live.routes().next().unwrap();
        let start = Instant::now();
        let [first, second, brief] = [(); 3].map(|()| Departure::new(Rc::clone(route), live.departed.clone()));
        first.note(start);
        brief.note(start);
        second.note(start + Duration::from_secs(30));
        drop(brief);

        let lingering = |seconds| live.departed.lingering(start + Duration::from_secs(seconds));
        assert!(lingering(59).is_empty());
        assert_eq!(lingering(60)[0].count, 1);
        assert_eq!(lingering(100), [Lingering { url: "/slow".into(), count: 2, longest: Duration::from_secs(100) }]);
        drop((first, second));
        assert!(lingering(100).is_empty());
    }
}
