//! One connection of HTTP/1.1 on a server: the codec joined to a stream.
//!
//! [`Link`] is what the driver of a connection ([`serving`](super::serving)) and the handle of its
//! current exchange ([`HttpConnection`](crate::HttpConnection)) share. All of it runs in short polls,
//! so that no borrow lives across an `await`. With `serving` this is the only place in HTTP/1.1 that
//! knows [`IoStream`]; what may come and go on the wire is the [codec](super::codec)'s to say.
//!
//! This file holds the state, and how tasks wait for it and are woken. What happens with it is in the
//! files beside it, in the order of an exchange.

mod answer;
mod arrival;
mod body;
mod departure;
mod end;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use firewhirl_event::IoStream;
use firewhirl_tcp::Peer;

use super::codec::ServerCodec;
use crate::exchange::Spare;
use crate::gzip::Inflate;
use crate::timeouts::{Patience, Wait, Waiting};
use crate::worker::{Worker, count};

pub(super) use answer::bare_fields;
pub(crate) use arrival::Arrival;

/// Answers wait in the output for more answers to pipelined requests up to this many bytes.
const BATCH_MAX: usize = 64 * 1024;

/// The state of one connection.
pub(crate) struct Link {
    pub(crate) worker: Rc<Worker>,
    /// Where the connection stands in its worker's list.
    pub(crate) place: Cell<usize>,
    pub(crate) peer: Peer,
    io: RefCell<Io>,
    reading: Wait,
    writing: Wait,
    body_patience: Cell<Patience>,
    expired: Cell<Option<Phase>>,
    phase: Cell<Phase>,
    answer: Cell<Answer>,
    /// Counts the exchanges, so that a handle kept from one is told from those of the next.
    exchange: Cell<u32>,
    /// The client sends no more. It may still read.
    left: Cell<bool>,
    /// The client takes no more either.
    gone: Cell<bool>,
    cancel_on_disconnect: Cell<bool>,
    holds: Cell<u32>,
    /// The task that drives the connection: the one that the stream wakes.
    driver: RefCell<Option<Waker>>,
    /// Other tasks that wait for the stream; the driver wakes them.
    others: RefCell<Vec<Waker>>,
    /// What is told when the client leaves; most exchanges have none of it.
    watchers: RefCell<Option<Box<Watchers>>>,
}

struct Io {
    /// `None` once detached.
    stream: Option<IoStream>,
    codec: ServerCodec,
    /// A request whose head has arrived in part.
    partial: Option<Spare>,
    inflate: Option<Box<Inflate>>,
    /// Whether bytes have come since the codec last asked for more.
    unseen: bool,
    requests: u32,
}

#[derive(Default)]
struct Watchers {
    callbacks: Vec<Box<dyn FnOnce()>>,
    wakers: Vec<Waker>,
}

/// What the connection reads, or waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Idle,
    Head,
    Body,
    Write,
}

/// How far the answer to the current request is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Unanswered,
    HeadWritten,
    Finished,
}

impl Link {
    pub(crate) fn new(stream: IoStream, peer: Peer, worker: Rc<Worker>) -> Rc<Self> {
        let codec = ServerCodec::new(worker.options.limits.clone());
        // How much may wait to be sent is looked at here, where a part that is refused leaves no half
        // of its framing behind.
        let limits = stream.limits();
        let stream = stream.with_limits(limits.max_write_buffer_size(usize::MAX));
        Rc::new(Self {
            place: Cell::new(usize::MAX),
            peer,
            io: RefCell::new(Io {
                unseen: !stream.buffer().is_empty(),
                stream: Some(stream),
                codec,
                partial: None,
                inflate: None,
                requests: 0,
            }),
            reading: Wait::new(),
            writing: Wait::new(),
            body_patience: Cell::new(worker.body_patience),
            expired: Cell::new(None),
            phase: Cell::new(Phase::Head),
            answer: Cell::new(Answer::Finished),
            exchange: Cell::new(0),
            left: Cell::new(false),
            gone: Cell::new(false),
            cancel_on_disconnect: Cell::new(false),
            holds: Cell::new(0),
            driver: RefCell::new(None),
            others: RefCell::default(),
            watchers: RefCell::new(None),
            worker,
        })
    }

    pub(crate) fn hold(&self) {
        self.holds.set(self.holds.get() + 1);
    }

    pub(crate) fn release(&self) {
        self.holds.set(self.holds.get() - 1);
        self.wake();
    }

    pub(crate) fn is_held(&self) -> bool {
        self.holds.get() > 0
    }

    /// Notes the task that drives the connection, to be woken from outside of it.
    pub(crate) fn note_driver(&self, context: &Context<'_>) {
        let mut driver = self.driver.borrow_mut();
        if !driver.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *driver = Some(context.waker().clone());
        }
    }

    /// Polls the stream for a task, whichever it is. The stream wakes one task for each direction; so that
    /// none takes another's place, that is always the driver, and the driver wakes those who wait beside it.
    fn poll_for_task<T>(&self, context: &mut Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let driver = match &*self.driver.borrow() {
            Some(driver) if !driver.will_wake(context.waker()) => driver.clone(),
            _ => return poll(context),
        };
        let polled = poll(&mut Context::from_waker(&driver));
        if polled.is_pending() {
            let mut others = self.others.borrow_mut();
            if !others.iter().any(|waker| waker.will_wake(context.waker())) {
                others.push(context.waker().clone());
            }
        }
        polled
    }

    /// Has the tasks that wait beside the driver look again.
    fn wake_others(&self) {
        if !self.others.borrow().is_empty() {
            self.others.take().into_iter().for_each(Waker::wake);
        }
    }

    pub(crate) fn wake(&self) {
        if let Some(driver) = &*self.driver.borrow() {
            driver.wake_by_ref();
        }
    }

    /// Ends, and counts, what has been waited for too long.
    pub(crate) fn look_at_clock(&self) {
        let counters = &self.worker.counters;
        let expired = if self.writing.has_expired(&self.worker.ticks) {
            count(&counters.write_timeouts);
            self.writing.end();
            Phase::Write
        } else if self.reading.has_expired(&self.worker.ticks) {
            self.reading.end();
            let phase = self.phase.get();
            count(match phase {
                Phase::Idle => &counters.idle_timeouts,
                Phase::Body => &counters.body_timeouts,
                Phase::Head | Phase::Write => &counters.header_timeouts,
            });
            phase
        } else {
            return;
        };
        self.expired.set(Some(expired));
        self.wake();
    }

    /// While this lives, patience with a body that is waited for may run out.
    pub(crate) fn await_reading(&self) -> Waiting<'_> {
        self.reading.awaited()
    }

    /// While this lives, patience with a client that takes no answer may run out.
    pub(crate) fn await_writing(&self) -> Waiting<'_> {
        self.writing.awaited()
    }
}
