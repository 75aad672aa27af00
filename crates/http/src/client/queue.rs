//! Who may send when: at most so many requests at once, in all and to a host, in the order in which
//! they came.
//!
//! A request that waits for its host keeps nobody from another host. A place that frees is given to
//! the one that has waited longest among those whose host has room, at once, so that nobody who comes
//! later can take it first.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::deadlines::Timer;
use super::error::{HttpClientError, TimeoutPhase};
use super::host::Host;
use super::pool::Shared;

/// The places of a pool, and the line before them.
pub(super) struct Queue {
    max: usize,
    max_per_host: usize,
    taken: Cell<usize>,
    next: Cell<Ticket>,
    /// Of each host that has room, the request that has waited longest.
    ready: RefCell<BTreeMap<Ticket, Rc<Host>>>,
}

/// A place in the line; a later one is greater.
type Ticket = u64;

/// Those who wait for a host.
#[derive(Default)]
pub(super) struct HostLine {
    taken: Cell<usize>,
    waiting: RefCell<BTreeMap<Ticket, Waker>>,
}

impl HostLine {
    /// Whether nobody sends to the host, and nobody waits to.
    pub(super) fn is_unused(&self) -> bool {
        self.taken.get() == 0 && self.waiting.borrow().is_empty()
    }

    fn first(&self) -> Option<Ticket> {
        self.waiting.borrow().first_key_value().map(|(&ticket, _)| ticket)
    }
}

impl Queue {
    /// So many places in all and for each host; 0 for no limit.
    pub(super) fn new(max: usize, max_per_host: usize) -> Self {
        let or_none = |limit| if limit == 0 { usize::MAX } else { limit };
        Self {
            max: or_none(max),
            max_per_host: or_none(max_per_host),
            taken: Cell::new(0),
            next: Cell::new(0),
            ready: RefCell::default(),
        }
    }

    fn has_room(&self) -> bool {
        self.taken.get() < self.max
    }

    fn has_room_for(&self, host: &Host) -> bool {
        host.line.taken.get() < self.max_per_host
    }

    fn take(&self, host: &Host) {
        self.taken.set(self.taken.get() + 1);
        host.line.taken.set(host.line.taken.get() + 1);
    }

    fn give_back(&self, host: &Rc<Host>) {
        self.taken.set(self.taken.get() - 1);
        host.line.taken.set(host.line.taken.get() - 1);
        self.note(host);
        self.serve();
    }

    fn join(&self, host: &Rc<Host>, waker: &Waker) -> Ticket {
        let ticket = self.next.get();
        self.next.set(ticket + 1);
        host.line.waiting.borrow_mut().insert(ticket, waker.clone());
        self.note(host);
        ticket
    }

    /// Leaves the line; `false` if a place had been given already.
    fn leave(&self, host: &Rc<Host>, ticket: Ticket) -> bool {
        let left = host.line.waiting.borrow_mut().remove(&ticket);
        self.ready.borrow_mut().remove(&ticket);
        self.note(host);
        left.is_some()
    }

    /// Puts the first of a host's line among those who may go, if the host has room.
    fn note(&self, host: &Rc<Host>) {
        if let Some(ticket) = host.line.first().filter(|_| self.has_room_for(host)) {
            self.ready.borrow_mut().entry(ticket).or_insert_with(|| Rc::clone(host));
        }
    }

    /// Gives places away for as long as there are some and somebody may have one.
    fn serve(&self) {
        while self.has_room() {
            let Some((ticket, host)) = self.ready.borrow_mut().pop_first() else { return };
            let waker = host.line.waiting.borrow_mut().remove(&ticket);
            self.take(&host);
            self.note(&host);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// A place among the requests that may be under way; given back when dropped.
pub(super) struct Place {
    pub(super) pool: Rc<Shared>,
    pub(super) host: Rc<Host>,
}

impl Place {
    /// Takes a place if there is one; then nobody waits for it.
    pub(super) fn take(pool: &Rc<Shared>, host: &Rc<Host>) -> Option<Self> {
        let queue = &pool.queue;
        let has_room = queue.has_room() && queue.has_room_for(host);
        has_room.then(|| {
            queue.take(host);
            Self { pool: Rc::clone(pool), host: Rc::clone(host) }
        })
    }

    /// Waits for a place, until the timer expires.
    pub(super) async fn wait(pool: &Rc<Shared>, host: &Rc<Host>, timer: &Timer) -> Result<Self, HttpClientError> {
        let queue = &pool.queue;
        let mut waiting = Waiting { pool, host, ticket: None };
        poll_fn(|context| {
            let Some(ticket) = waiting.ticket else {
                waiting.ticket = Some(queue.join(host, context.waker()));
                return if timer.poll_expired(context) { Poll::Ready(Err(timed_out())) } else { Poll::Pending };
            };
            match host.line.waiting.borrow_mut().get_mut(&ticket) {
                None => {
                    waiting.ticket = None;
                    return Poll::Ready(Ok(()));
                }
                Some(waker) => waker.clone_from(context.waker()),
            }
            if timer.poll_expired(context) { Poll::Ready(Err(timed_out())) } else { Poll::Pending }
        })
        .await?;
        Ok(Self { pool: Rc::clone(pool), host: Rc::clone(host) })
    }
}

fn timed_out() -> HttpClientError {
    HttpClientError::Timeout { phase: TimeoutPhase::Queue }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.pool.queue.give_back(&self.host);
        self.pool.forget_unused(&self.host);
    }
}

/// Somebody in the line.
struct Waiting<'send> {
    pool: &'send Rc<Shared>,
    host: &'send Rc<Host>,
    ticket: Option<Ticket>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket
            && !self.pool.queue.leave(self.host, ticket)
        {
            // A place was given, and nobody came for it.
            self.pool.queue.give_back(self.host);
        }
    }
}
