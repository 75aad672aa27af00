//! Handlers that go on though their client has left.
//!
//! A handler runs to its end, so one that never ends is a leak that nobody sees: the client is gone.
//! What still runs a minute after its client left is therefore counted, by route.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use crate::live::Route;

/// How long a handler may go on after its client left before it is listed.
const LINGERING_AFTER: Duration = Duration::from_secs(60);

/// Handlers of one route that go on a minute after their clients left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lingering {
    /// The route's URL as it was added.
    pub url: String,
    /// How many of its requests go on.
    pub count: usize,
    /// How long ago the first of their clients left.
    pub longest: Duration,
}

/// The requests of a worker whose clients have left before their end.
#[derive(Default)]
pub(crate) struct Departures {
    departed: RefCell<Vec<Weak<Departure>>>,
}

/// A request that waits, and when its client left, if it did. It is gone with the request's end.
pub(crate) struct Departure {
    route: Rc<Route>,
    left: Cell<Option<Instant>>,
}

impl Departure {
    pub(crate) fn new(route: Rc<Route>) -> Self {
        Self { route, left: Cell::new(None) }
    }
}

impl Departures {
    /// Notes that a request's client left.
    pub(crate) fn note(&self, departure: &Rc<Departure>, now: Instant) {
        departure.left.set(Some(now));
        let mut departed = self.departed.borrow_mut();
        departed.retain(|departure| departure.strong_count() > 0);
        departed.push(Rc::downgrade(departure));
    }

    /// What lingers, by route, that of the longest first.
    pub(crate) fn lingering(&self, now: Instant) -> Vec<Lingering> {
        let mut listed: Vec<Lingering> = Vec::new();
        for departure in self.departed.borrow().iter().filter_map(Weak::upgrade) {
            let Some(left) = departure.left.get() else { continue };
            let since = now.saturating_duration_since(left);
            if since < LINGERING_AFTER {
                continue;
            }
            match listed.iter_mut().find(|row| row.url == departure.route.url) {
                Some(row) => {
                    row.count += 1;
                    row.longest = row.longest.max(since);
                }
                None => listed.push(Lingering { url: departure.route.url.clone(), count: 1, longest: since }),
            }
        }
        listed.sort_by_key(|row| std::cmp::Reverse(row.longest));
        listed
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
        let [first, second, brief] = [(); 3].map(|()| Rc::new(Departure::new(Rc::clone(route))));
        live.departures.note(&first, start);
        live.departures.note(&second, start + Duration::from_secs(30));
        live.departures.note(&brief, start);
        drop(brief);

        let lingering = |seconds| live.departures.lingering(start + Duration::from_secs(seconds));
        assert!(lingering(59).is_empty());
        assert_eq!(lingering(60)[0].count, 1);
        assert_eq!(lingering(100), [Lingering { url: "/slow".into(), count: 2, longest: Duration::from_secs(100) }]);
        drop((first, second));
        assert!(lingering(100).is_empty());
    }
}
