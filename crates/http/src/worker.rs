//! What the connections of one server on one loop share: options, clock, counters, and the list of
//! those that are open, which is looked through each tick for peers that have kept it waiting too long.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::iostream::BufferMemory;
use firewhirl_event::{IoLoop, pulses_are_taken};
use firewhirl_tcp::Draining;

use crate::options::ServerOptions;
use crate::readiness::Readiness;
use crate::statistics::OwnCounters;
use crate::timeouts::{Patience, Ticks};

/// How long a connection that waits for a next request is still listened to once the server drains:
/// a request that was already on its way is answered, with `Connection: close`.
const DRAIN_GRACE: Duration = Duration::from_secs(1);

/// How often the memory of connections' buffers is added up, where somebody wants to know.
const MEASURED_EVERY: Duration = Duration::from_secs(1);

/// A connection as its worker has it in its list.
pub(crate) trait OpenConnection {
    /// Where it stands in the list.
    fn place(&self) -> &Cell<usize>;
    /// Ends, and counts, what has been waited for too long.
    fn look_at_clock(&self);
    /// The memory that its buffers have.
    fn buffer_memory(&self) -> BufferMemory;
    /// Closes it, however it came to its end and whoever still has a handle to it.
    fn shut(&self);
}

/// The shared state of one server's connections on one loop.
pub(crate) struct Worker {
    pub(crate) options: ServerOptions,
    pub(crate) ticks: Ticks,
    pub(crate) body_patience: Patience,
    pub(crate) write_patience: Patience,
    pub(crate) header_patience: Patience,
    pub(crate) idle_patience: Patience,
    pub(crate) drain_patience: Patience,
    pub(crate) counters: OwnCounters,
    pub(crate) readiness: Readiness,
    open: RefCell<Vec<Rc<dyn OpenConnection>>>,
    ticking: Cell<bool>,
    draining: Draining,
}

impl Worker {
    pub(crate) fn new(options: ServerOptions, draining: Draining, readiness: Readiness) -> Rc<Self> {
        let timeouts = options.timeouts.clone();
        let ticks = Ticks::for_timeouts([timeouts.header, timeouts.idle, timeouts.body, timeouts.write]);
        Rc::new(Self {
            body_patience: Patience::new(&ticks, timeouts.body),
            write_patience: Patience::new(&ticks, timeouts.write),
            header_patience: Patience::new(&ticks, timeouts.header),
            idle_patience: Patience::new(&ticks, timeouts.idle),
            drain_patience: Patience::new(&ticks, DRAIN_GRACE),
            ticks,
            options,
            counters: OwnCounters::new(),
            readiness,
            open: RefCell::default(),
            ticking: Cell::new(false),
            draining,
        })
    }

    /// Whether connections are to end after the answer they are at.
    #[inline]
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.is_draining()
    }

    /// Adds a connection for as long as the guard lives.
    pub(crate) fn enter(self: &Rc<Self>, connection: Rc<dyn OpenConnection>) -> Entered {
        let mut open = self.open.borrow_mut();
        connection.place().set(open.len());
        open.push(Rc::clone(&connection));
        self.counters.connections.increment();
        if !self.ticking.replace(true) {
            IoLoop::current().spawn_callback(tick(Rc::clone(self)));
        }
        Entered { worker: Rc::clone(self), connection }
    }

    fn leave(&self, connection: &dyn OpenConnection) {
        let mut open = self.open.borrow_mut();
        let place = connection.place().get();
        open.swap_remove(place);
        if let Some(moved) = open.get(place) {
            moved.place().set(place);
        }
        self.counters.connections.decrement();
    }

    /// Adds up what memory the connections' buffers have.
    fn measure_buffers(&self) {
        let mut memory = BufferMemory::default();
        for connection in self.open.borrow().iter() {
            memory += connection.buffer_memory();
        }
        self.counters.read_memory.set(memory.read as u64);
        self.counters.write_memory.set(memory.write as u64);
    }
}

/// Counts the ticks for as long as there are connections.
async fn tick(worker: Rc<Worker>) {
    let ticks_a_measurement = MEASURED_EVERY.as_nanos().div_ceil(worker.ticks.length().as_nanos());
    for tick in 0_u128.. {
        tokio::time::sleep(worker.ticks.length()).await;
        worker.ticks.advance();
        if tick % ticks_a_measurement == 0 && pulses_are_taken() {
            worker.measure_buffers();
        }
        let open = worker.open.borrow();
        if open.is_empty() {
            worker.measure_buffers();
            worker.ticking.set(false);
            return;
        }
        for connection in open.iter() {
            connection.look_at_clock();
        }
    }
}

/// Keeps a connection in its worker's list, and closes it in the end.
pub(crate) struct Entered {
    worker: Rc<Worker>,
    connection: Rc<dyn OpenConnection>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.worker.leave(&*self.connection);
        self.connection.shut();
    }
}
