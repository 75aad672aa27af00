//! What the streams of a server's connection share: the carrier beneath, the clock, and who waits.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use firewhirl_event::IoStream;
use firewhirl_event::iostream::BufferMemory;
use firewhirl_tcp::Peer;

use super::calm::{self, Calm};
use super::carrier::Traffic;
use super::stream::Stream;
use super::work::Woken;
use crate::secure::Session;
use crate::timeouts::{Patience, Wait};
use crate::worker::{OpenConnection, Worker};

/// The shared state of one connection.
pub(super) struct Connection {
    pub(super) worker: Rc<Worker>,
    pub(super) peer: Peer,
    pub(super) session: Session,
    pub(super) woken: Arc<Woken>,
    place: Cell<usize>,
    stream: RefCell<IoStream>,
    streams: RefCell<Vec<Rc<Stream>>>,
    /// What the connection as a whole waits for, and until when.
    waiting: Wait,
    phase: Cell<Phase>,
    /// The peer takes nothing of what is written.
    writing: Wait,
    blocked: Cell<bool>,
    silence: Wait,
    asked: Cell<bool>,
    calm: RefCell<Calm>,
    flooded: Cell<bool>,
    expired: Cell<Option<Phase>>,
    /// How often all that had been written was on its way.
    flushes: Cell<u64>,
    flush_waiters: RefCell<Vec<Waker>>,
    /// Nothing comes or goes any more.
    gone: Cell<bool>,
}

/// What a connection waits for, or has waited for too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// The peer's preface and settings.
    Handshake,
    /// Exchanges.
    Open,
    /// A next exchange.
    Idle,
    /// The peer's last requests, for the server drains.
    Drain,
    /// The peer's taking what was written.
    Write,
    /// Any sign of life; the peer is to be asked for one.
    Silence,
    /// Any sign of life, for which the peer was asked.
    Answer,
    /// Nothing: the peer sends too much that brings nothing.
    Flood,
}

impl Connection {
    pub(super) fn new(stream: IoStream, peer: Peer, worker: Rc<Worker>) -> Rc<Self> {
        let connection = Rc::new(Self {
            peer,
            session: Session::of(&stream),
            woken: Arc::default(),
            place: Cell::new(usize::MAX),
            stream: RefCell::new(stream),
            streams: RefCell::default(),
            waiting: Wait::new(),
            phase: Cell::new(Phase::Handshake),
            writing: Wait::new(),
            blocked: Cell::new(false),
            silence: Wait::new(),
            asked: Cell::new(false),
            calm: RefCell::new(Calm::of_client()),
            flooded: Cell::new(false),
            expired: Cell::new(None),
            flushes: Cell::new(0),
            flush_waiters: RefCell::default(),
            gone: Cell::new(false),
            worker,
        });
        connection.waiting.begin(&connection.worker.ticks, connection.worker.header_patience);
        connection
    }

    // --- the streams ---

    /// Adds a stream for as long as its exchange lasts.
    pub(super) fn enter(&self, stream: Rc<Stream>) {
        let mut streams = self.streams.borrow_mut();
        stream.place.set(streams.len());
        streams.push(stream);
    }

    pub(super) fn leave(&self, stream: &Stream) {
        let mut streams = self.streams.borrow_mut();
        let place = stream.place.get();
        let gone = streams.swap_remove(place);
        if let Some(moved) = streams.get(place) {
            moved.place.set(place);
        }
        drop(streams);
        drop(gone);
    }

    // --- what it waits for ---

    /// Notes what the connection as a whole waits for.
    pub(super) fn wait_for(&self, phase: Phase) {
        if self.phase.replace(phase) != phase {
            self.waiting.renew();
        }
        let patience = match phase {
            Phase::Handshake => self.worker.header_patience,
            Phase::Idle => self.worker.idle_patience,
            Phase::Drain => self.worker.drain_patience,
            _ => return,
        };
        self.waiting.begin(&self.worker.ticks, patience);
    }

    /// What was waited for too long since this was asked last.
    pub(super) fn take_expired(&self) -> Option<Phase> {
        self.expired.take()
    }

    fn expire(&self, phase: Phase) {
        self.expired.set(Some(phase));
        self.woken.wake_connection();
    }

    fn look_at_whole(&self) {
        let Worker { counters, ticks, .. } = &*self.worker;
        if self.writing.has_expired(ticks) {
            counters.write_timeouts.increment();
            self.writing.end();
            self.expire(Phase::Write);
        } else if self.waiting.has_expired(ticks) {
            self.waiting.end();
            let phase = self.phase.get();
            match phase {
                Phase::Handshake => counters.header_timeouts.increment(),
                _ => counters.idle_timeouts.increment(),
            }
            self.expire(phase);
        } else if let Some(keep_alive) = self.worker.options.http2.keep_alive {
            if self.silence.has_expired(ticks) {
                self.silence.end();
                self.expire(if self.asked.replace(true) { Phase::Answer } else { Phase::Silence });
            }
            let time = if self.asked.get() { keep_alive.timeout } else { keep_alive.interval };
            self.silence.begin(ticks, Patience::new(ticks, time));
        }
    }

    // --- sending ---

    /// How often all that had been written was on its way.
    pub(super) fn flushes(&self) -> u64 {
        self.flushes.get()
    }

    /// Has the task look again once all that is written now is on its way.
    pub(super) fn wait_for_flush<T>(&self, context: &Context<'_>) -> Poll<T> {
        let mut waiters = self.flush_waiters.borrow_mut();
        if !waiters.iter().any(|waker| waker.will_wake(context.waker())) {
            waiters.push(context.waker().clone());
        }
        Poll::Pending
    }

    /// Notes that `h2` has written all it could.
    pub(super) fn all_is_written(&self) {
        if !self.blocked.get() {
            self.flushes.set(self.flushes.get() + 1);
            self.flush_waiters.take().into_iter().for_each(Waker::wake);
        }
    }

    /// Whether the client has said more than the preface.
    pub(super) fn has_begun(&self) -> bool {
        self.calm.borrow().has_begun()
    }

    /// Whether the peer takes nothing just now.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.get()
    }

    // --- the end ---

    /// Notes that nothing comes or goes any more.
    pub(super) fn set_gone(&self) {
        self.gone.set(true);
        self.waiting.end();
        self.writing.end();
        self.flush_waiters.take().into_iter().for_each(Waker::wake);
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.get()
    }

    /// Sends the end of what we have to say.
    pub(super) fn poll_close_write(&self, context: &mut Context<'_>) -> Poll<()> {
        self.stream.borrow_mut().poll_close_write(context).map(drop)
    }

    /// Reads and forgets what still comes; ready once `budget` bytes came or the peer ended.
    pub(super) fn poll_linger(&self, context: &mut Context<'_>, budget: &mut usize) -> Poll<()> {
        let mut stream = self.stream.borrow_mut();
        loop {
            let buffered = stream.buffer().len();
            stream.consume(buffered);
            match stream.poll_fill(context) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(bytes)) if bytes >= *budget => return Poll::Ready(()),
                Poll::Ready(Ok(bytes)) => *budget -= bytes,
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl OpenConnection for Connection {
    fn place(&self) -> &Cell<usize> {
        &self.place
    }

    fn look_at_clock(&self) {
        let seconds = self.worker.ticks.length().as_secs_f64();
        self.calm.borrow_mut().pay((seconds * calm::A_SECOND).ceil() as i32);
        self.look_at_whole();
        for stream in self.streams.borrow().iter() {
            stream.look_at_clock();
        }
    }

    fn buffer_memory(&self) -> BufferMemory {
        let mut memory = self.stream.borrow().buffer_memory();
        memory.write += self.streams.borrow().iter().map(|stream| stream.output_memory()).sum::<usize>();
        memory
    }

    fn shut(&self) {
        self.set_gone();
        self.stream.borrow_mut().close();
    }
}

impl Traffic for Connection {
    fn with_stream<T>(&self, use_it: impl FnOnce(&mut IoStream) -> T) -> T {
        use_it(&mut self.stream.borrow_mut())
    }

    /// What a client sends that is to be calm is left where it is, so that the last word is ours.
    fn may_read(&self) -> bool {
        !self.flooded.get()
    }

    fn received(&self, bytes: &[u8]) {
        self.silence.end();
        self.asked.set(false);
        if self.calm.borrow_mut().received(bytes) {
            self.flooded.set(true);
            self.expire(Phase::Flood);
        }
    }

    fn sent(&self, bytes: Option<usize>) {
        let (ticks, patience) = (&self.worker.ticks, self.worker.write_patience);
        match bytes {
            Some(bytes) => {
                self.calm.borrow_mut().sent(bytes);
                self.writing.progress(ticks, patience, bytes);
            }
            None => {
                self.blocked.set(true);
                self.writing.begin(ticks, patience);
            }
        }
    }

    fn flushed(&self) {
        self.blocked.set(false);
        self.writing.renew();
    }
}
