//! What a pool keeps for one destination: idle connections, and those who wait for one.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::connection::Connection;
use super::destination::Destination;
use super::multiplexed::Multiplexed;
use super::queue::HostLine;
use crate::http1::ClientConnection;

/// One destination's connections.
pub(super) struct Host {
    pub(super) destination: Rc<Destination>,
    pub(super) line: HostLine,
    /// The one used last is the last.
    idle: RefCell<VecDeque<Box<ClientConnection>>>,
    pub(super) multiplexed: Multiplexed,
    takers: RefCell<VecDeque<Rc<Taker>>>,
}

/// One who waits for a connection, wherever it comes from.
#[derive(Default)]
struct Taker {
    given: Cell<Option<Connection>>,
    waker: RefCell<Option<Waker>>,
}

impl Host {
    pub(super) fn new(destination: Rc<Destination>) -> Self {
        Self {
            multiplexed: Multiplexed::new(&destination),
            destination,
            line: HostLine::default(),
            idle: RefCell::default(),
            takers: RefCell::default(),
        }
    }

    /// Whether nothing is kept for it.
    pub(super) fn is_unused(&self) -> bool {
        self.line.is_unused() && self.idle.borrow().is_empty() && !self.is_waited_for() && self.multiplexed.is_empty()
    }

    pub(super) fn idle_count(&self) -> usize {
        self.idle.borrow().len()
    }

    /// Since when the connection has been idle that was used last.
    pub(super) fn last_used(&self) -> Option<Instant> {
        self.idle.borrow().back().and_then(|connection| connection.idle_since)
    }

    /// Takes out the idle connection that was used last.
    pub(super) fn pop_idle(&self) -> Option<Box<ClientConnection>> {
        self.idle.borrow_mut().pop_back()
    }

    pub(super) fn push_idle(&self, connection: Box<ClientConnection>) {
        self.idle.borrow_mut().push_back(connection);
    }

    /// Takes out the idle connection that has waited longest.
    pub(super) fn pop_oldest(&self) -> Option<Box<ClientConnection>> {
        self.idle.borrow_mut().pop_front()
    }

    /// Since when the one has been idle that has waited longest; a host without any comes after all others.
    pub(super) fn oldest_or_never(&self) -> (bool, Option<Instant>) {
        let idle = self.idle.borrow();
        (idle.is_empty(), idle.front().and_then(|connection| connection.idle_since))
    }

    /// Closes the idle connections that `is_over` says it of, and gives how many they were.
    pub(super) fn close_idle(&self, mut is_over: impl FnMut(&mut ClientConnection) -> bool) -> usize {
        let mut closed = 0;
        // Nothing waits for an idle connection, so that its end calls nobody who would look in here.
        self.idle.borrow_mut().retain_mut(|connection| {
            let is_over = is_over(connection);
            closed += usize::from(is_over);
            !is_over
        });
        closed
    }

    /// Gives a connection to the one who has waited longest for one; back if nobody waits.
    pub(super) fn give(&self, connection: Connection) -> Option<Connection> {
        let Some(taker) = self.takers.borrow_mut().pop_front() else { return Some(connection) };
        taker.given.set(Some(connection));
        let waker = taker.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
        None
    }

    /// Whether somebody waits for a connection.
    pub(super) fn is_waited_for(&self) -> bool {
        !self.takers.borrow().is_empty()
    }

    /// Has those who wait for a connection look again: they may have to make one themselves.
    pub(super) fn wake_takers(&self) {
        let wakers: Vec<_> = self.takers.borrow().iter().filter_map(|taker| taker.waker.borrow_mut().take()).collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Joins those who wait for a connection.
    pub(super) fn wait(self: &Rc<Self>) -> Taking {
        let taker = Rc::new(Taker::default());
        self.takers.borrow_mut().push_back(Rc::clone(&taker));
        Taking { host: Rc::clone(self), taker }
    }
}

/// A wait for a connection that somebody gives back.
pub(super) struct Taking {
    host: Rc<Host>,
    taker: Rc<Taker>,
}

impl Taking {
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<Connection> {
        match self.taker.given.take() {
            Some(connection) => Poll::Ready(connection),
            None => {
                *self.taker.waker.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Leaves, with the connection that was given and not looked at.
    pub(super) fn leave(&self) -> Option<Connection> {
        self.host.takers.borrow_mut().retain(|taker| !Rc::ptr_eq(taker, &self.taker));
        self.taker.given.take()
    }
}
