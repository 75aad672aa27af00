//! The services behind a proxy, and which of them gets the next request.
//!
//! One after the other; one that could not be connected to is set aside for some seconds, unless all are.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::target::Target;

/// How long a service that could not be connected to gets no requests.
pub(super) const SET_ASIDE: Duration = Duration::from_secs(5);

/// The services behind one proxy.
#[derive(Debug)]
pub(super) struct Upstreams {
    all: Vec<Rc<Upstream>>,
    next: Cell<usize>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) target: Target,
    set_aside_until: Cell<Option<Instant>>,
}

impl Upstreams {
    pub(super) fn new(targets: impl IntoIterator<Item = Target>) -> Self {
        let upstream = |target| Rc::new(Upstream { target, set_aside_until: Cell::new(None) });
        Self { all: targets.into_iter().map(upstream).collect(), next: Cell::new(0) }
    }

    /// In which order they are tried for one request: the next one first, those set aside last.
    pub(super) fn in_turn(&self, now: Instant) -> Turn<'_> {
        let first = self.next.get();
        self.next.set(if first + 1 < self.all.len() { first + 1 } else { 0 });
        Turn { upstreams: self, first, now, given: None, before: Vec::new() }
    }

    /// Whether paths go behind another one.
    pub(super) fn has_base(&self) -> bool {
        self.all.iter().any(|upstream| !upstream.target.base.is_empty())
    }

    /// Their targets, as they were written.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|upstream| &**upstream.target.text())
    }
}

/// The services in the order in which one request tries them. Nothing is allocated for the first of them,
/// which nearly always is the last.
pub(super) struct Turn<'proxy> {
    upstreams: &'proxy Upstreams,
    first: usize,
    now: Instant,
    given: Option<usize>,
    /// Those given before the one given last.
    before: Vec<usize>,
}

impl<'proxy> Iterator for Turn<'proxy> {
    type Item = &'proxy Rc<Upstream>;

    fn next(&mut self) -> Option<&'proxy Rc<Upstream>> {
        self.before.extend(self.given.take());
        let all = &self.upstreams.all;
        let mut left = (self.first..all.len()).chain(0..self.first).filter(|place| !self.before.contains(place));
        let ready = left.clone().find(|&place| !all[place].is_set_aside(self.now));
        self.given = ready.or_else(|| left.next());
        self.given.map(|place| &all[place])
    }
}

impl Upstream {
    /// Takes note that it could not be connected to.
    pub(super) fn set_aside(&self, now: Instant) {
        self.set_aside_until.set(now.checked_add(SET_ASIDE));
    }

    /// Takes note that it answers.
    pub(super) fn take_back(&self) {
        self.set_aside_until.set(None);
    }

    fn is_set_aside(&self, now: Instant) -> bool {
        self.set_aside_until.get().is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gets_its_turn_and_one_that_failed_waits() {
        let targets = ["http://a", "http://b", "http://c"].map(|text| Target::parse(text).unwrap());
        let upstreams = Upstreams::new(targets);
        let now = Instant::now();
        let turn = |now| {
            let order: Vec<String> = upstreams.in_turn(now).map(|upstream| upstream.target.authority.clone()).collect();
            order.concat()
        };
        assert_eq!([turn(now), turn(now), turn(now), turn(now)], ["abc", "bca", "cab", "abc"]);
        upstreams.all[1].set_aside(now);
        assert_eq!([turn(now), turn(now), turn(now)], ["cab", "cab", "acb"]);
        let later = now + SET_ASIDE;
        assert_eq!(turn(later), "bca");
        upstreams.all[1].set_aside(later);
        upstreams.all[1].take_back();
        assert_eq!(turn(later), "cab");
        for upstream in &upstreams.all {
            upstream.set_aside(later);
        }
        assert_eq!(turn(later), "abc");
    }

    #[test]
    fn one_that_fails_within_a_turn_is_not_tried_again() {
        let upstreams = Upstreams::new(["http://a", "http://b"].map(|text| Target::parse(text).unwrap()));
        let now = Instant::now();
        assert_eq!(upstreams.in_turn(now).inspect(|upstream| upstream.set_aside(now)).count(), 2);
    }
}
