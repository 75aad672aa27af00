//! The line in which futures wait their turn, and the deadline of a wait.
//!
//! Whoever waits holds a ticket. A ticket that is no longer in the line has been served: this is
//! all that a future needs to know, so there is no flag to keep in step. Leaving costs a look-up
//! and no tombstone stays, so a loop of short waits with timeouts needs no purging.
//!
//! A waker is never dropped or woken while the line is borrowed, since either may run code that
//! comes back here.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Poll, Waker};

use tokio::time::{Instant, sleep_until};

use crate::Deadline;

/// A place in a [`Line`]; a later one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// Futures in the order in which they came, each with what it brought along.
pub(crate) struct Line<Brought = ()> {
    places: RefCell<Places<Brought>>,
}

struct Places<Brought> {
    next: Ticket,
    waiting: BTreeMap<Ticket, (Waker, Brought)>,
}

impl<Brought> Line<Brought> {
    pub(crate) fn new() -> Self {
        Self { places: RefCell::new(Places { next: Ticket(0), waiting: BTreeMap::new() }) }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.borrow().waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ticket that the next to join will hold: all that have joined hold lesser ones.
    pub(crate) fn next_ticket(&self) -> Ticket {
        self.places.borrow().next
    }

    /// Joins at the end.
    pub(crate) fn join(&self, waker: &Waker, brought: Brought) -> Ticket {
        let waker = waker.clone();
        let places = &mut *self.places.borrow_mut();
        let ticket = places.next;
        places.next = Ticket(ticket.0 + 1);
        places.waiting.insert(ticket, (waker, brought));
        ticket
    }

    /// Whether the ticket has yet to be served; if so `waker` is the one to wake from now on.
    pub(crate) fn still_waits(&self, ticket: Ticket, waker: &Waker) -> bool {
        let mut waker = waker.clone();
        match self.places.borrow_mut().waiting.get_mut(&ticket) {
            Some((known, _)) => std::mem::swap(known, &mut waker),
            None => return false,
        }
        true
    }

    /// Leaves the line, with what was brought; `None` if the ticket has been served.
    pub(crate) fn leave(&self, ticket: Ticket) -> Option<Brought> {
        let place = self.places.borrow_mut().waiting.remove(&ticket);
        place.map(|(_, brought)| brought)
    }

    /// Takes out the one that has waited longest. The caller wakes it once its own state is right.
    #[must_use]
    pub(crate) fn serve(&self) -> Option<(Ticket, Waker, Brought)> {
        let (ticket, (waker, brought)) = self.places.borrow_mut().waiting.pop_first()?;
        Some((ticket, waker, brought))
    }

    /// Takes out all, in order.
    pub(crate) fn serve_all(&self) -> impl Iterator<Item = Waker> + use<Brought> {
        let waiting = std::mem::take(&mut self.places.borrow_mut().waiting);
        waiting.into_values().map(|(waker, _)| waker)
    }
}

impl Line {
    /// The whole of a wait that brings nothing: joins at the first poll, and is ready once served.
    pub(crate) fn poll_served(&self, ticket: &mut Option<Ticket>, waker: &Waker) -> Poll<()> {
        match *ticket {
            None => *ticket = Some(self.join(waker, ())),
            Some(held) if self.still_waits(held, waker) => {}
            Some(_) => {
                *ticket = None;
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}

/// Waits until the deadline: `None` if it came first. A wait that is over counts even when the
/// deadline is past, so that what it was given is never lost to the clock.
pub(crate) async fn until<Wait: Future + Unpin>(deadline: Deadline, mut wait: Wait) -> Option<Wait::Output> {
    let end = Instant::from_std(deadline.instant());
    let mut sleep = pin!(None);
    poll_fn(|cx| {
        if let Poll::Ready(output) = Pin::new(&mut wait).poll(cx) {
            return Poll::Ready(Some(output));
        }
        if sleep.is_none() {
            if end <= Instant::now() {
                return Poll::Ready(None);
            }
            sleep.set(Some(sleep_until(end)));
        }
        // The line above has put a timer there if there was none.
        sleep.as_mut().as_pin_mut().map_or(Poll::Ready(None), |sleep| sleep.poll(cx).map(|()| None))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_leave_keep_nobody_from_being_served() {
        let line = Line::new();
        let tickets: Vec<_> = (0..4).map(|number| line.join(Waker::noop(), number)).collect();
        assert_eq!(line.leave(tickets[0]), Some(0));
        assert_eq!(line.leave(tickets[2]), Some(2));
        assert_eq!(line.serve().map(|(ticket, _, number)| (ticket, number)), Some((tickets[1], 1)));
        assert!(!line.still_waits(tickets[1], Waker::noop()));
        assert_eq!(line.leave(tickets[1]), None);
        assert!(line.still_waits(tickets[3], Waker::noop()));
        assert_eq!(line.serve_all().count(), 1);
        assert!(line.is_empty());
    }
}
