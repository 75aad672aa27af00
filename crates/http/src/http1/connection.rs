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
mod channel;
mod departure;
mod end;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use firewhirl_event::IoStream;
use firewhirl_event::iostream::BufferMemory;
use firewhirl_tcp::Peer;

use super::codec::ServerCodec;
use crate::channel::{Answer, Departure, Tasks};
use crate::content_coding::Decoder;
use crate::exchange::Spare;
use crate::secure::Session;
use crate::timeouts::{Patience, Wait};
use crate::worker::{OpenConnection, Worker};

pub(crate) use arrival::Arrival;

/// Answers wait in the output for more answers to pipelined requests up to this many bytes.
const BATCH_MAX: usize = 64 * 1024;

/// The state of one connection.
pub(crate) struct Link {
    pub(crate) worker: Rc<Worker>,
    /// Where the connection stands in its worker's list.
    place: Cell<usize>,
    pub(crate) peer: Peer,
    pub(crate) session: Session,
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
    departure: Departure,
    /// The client takes no more either.
    gone: Cell<bool>,
    holds: Cell<u32>,
    tasks: Tasks,
}

struct Io {
    /// `None` once detached.
    stream: Option<IoStream>,
    codec: ServerCodec,
    /// A request whose head has arrived in part.
    partial: Option<Spare>,
    /// What undoes the content coding of the current body.
    decoder: Option<Box<Decoder>>,
    /// Whether bytes have come since the codec last asked for more.
    unseen: bool,
    requests: u32,
}

/// What the connection reads, or waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Idle,
    Head,
    Body,
    Write,
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
            session: Session::of(&stream),
            io: RefCell::new(Io {
                unseen: !stream.buffer().is_empty(),
                stream: Some(stream),
                codec,
                partial: None,
                decoder: None,
                requests: 0,
            }),
            reading: Wait::new(),
            writing: Wait::new(),
            body_patience: Cell::new(worker.body_patience),
            expired: Cell::new(None),
            phase: Cell::new(Phase::Head),
            answer: Cell::new(Answer::Finished),
            exchange: Cell::new(0),
            departure: Departure::default(),
            gone: Cell::new(false),
            holds: Cell::new(0),
            tasks: Tasks::default(),
            worker,
        })
    }
}

impl OpenConnection for Link {
    fn place(&self) -> &Cell<usize> {
        &self.place
    }

    fn look_at_clock(&self) {
        let counters = &self.worker.counters;
        let expired = if self.writing.has_expired(&self.worker.ticks) {
            counters.write_timeouts.increment();
            self.writing.end();
            Phase::Write
        } else if self.reading.has_expired(&self.worker.ticks) {
            self.reading.end();
            let phase = self.phase.get();
            let counter = match phase {
                Phase::Idle => &counters.idle_timeouts,
                Phase::Body => &counters.body_timeouts,
                Phase::Head | Phase::Write => &counters.header_timeouts,
            };
            counter.increment();
            phase
        } else {
            return;
        };
        self.expired.set(Some(expired));
        self.tasks.wake();
    }

    fn buffer_memory(&self) -> BufferMemory {
        self.io.borrow().stream.as_ref().map(IoStream::buffer_memory).unwrap_or_default()
    }

    fn shut(&self) {
        self.take_apart();
    }
}
