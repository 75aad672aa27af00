//! What the connections of one server on one loop share: options, clock, counters, and the list of
//! those that are open, which is looked through each tick for peers that have kept it waiting too long.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use firewhirl_event::IoLoop;
use firewhirl_tcp::Draining;

use crate::http1::Link;
use crate::options::ServerOptions;
use crate::timeouts::{Patience, Ticks};

/// How long a connection that waits for a next request is still listened to once the server drains:
/// a request that was already on its way is answered, with `Connection: close`.
const DRAIN_GRACE: Duration = Duration::from_secs(1);

/// The shared state of one server's connections on one loop.
pub(crate) struct Worker {
    pub(crate) options: ServerOptions,
    pub(crate) ticks: Ticks,
    pub(crate) body_patience: Patience,
    pub(crate) write_patience: Patience,
    pub(crate) header_patience: Patience,
    pub(crate) idle_patience: Patience,
    pub(crate) drain_patience: Patience,
    pub(crate) counters: Arc<Counters>,
    open: RefCell<Vec<Rc<Link>>>,
    ticking: Cell<bool>,
    draining: Draining,
}

impl Worker {
    pub(crate) fn new(options: ServerOptions, counters: Arc<Counters>, draining: Draining) -> Rc<Self> {
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
            counters,
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
    pub(crate) fn enter(self: &Rc<Self>, link: &Rc<Link>) -> Entered {
        let mut open = self.open.borrow_mut();
        link.place.set(open.len());
        open.push(Rc::clone(link));
        count(&self.counters.connections);
        if !self.ticking.replace(true) {
            IoLoop::current().spawn_callback(tick(Rc::clone(self)));
        }
        Entered(Rc::clone(link))
    }

    fn leave(&self, link: &Link) {
        let mut open = self.open.borrow_mut();
        let place = link.place.get();
        open.swap_remove(place);
        if let Some(moved) = open.get(place) {
            moved.place.set(place);
        }
        let connections = &self.counters.connections;
        connections.store(connections.load(Relaxed) - 1, Relaxed);
    }
}

/// Counts the ticks for as long as there are connections.
async fn tick(worker: Rc<Worker>) {
    loop {
        tokio::time::sleep(worker.ticks.length()).await;
        worker.ticks.advance();
        let open = worker.open.borrow();
        if open.is_empty() {
            worker.ticking.set(false);
            return;
        }
        for link in open.iter() {
            link.look_at_clock();
        }
    }
}

/// Keeps a connection in its worker's list, and closes it in the end.
pub(crate) struct Entered(Rc<Link>);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.worker.leave(&self.0);
        self.0.shut();
    }
}

/// Declares the counters and the sum of them that is public.
macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The counters of one worker: written by its thread, read by any.
        #[derive(Default)]
        pub(crate) struct Counters { $(pub(crate) $name: AtomicU64,)* }

        /// What the workers of a server have counted since its start.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Statistics { $($(#[$doc])* pub $name: u64,)* }

        impl Counters {
            pub(crate) fn add_to(&self, sum: &mut Statistics) {
                $(sum.$name += self.$name.load(Relaxed);)*
            }
        }
    };
}

counters! {
    /// Connections open now.
    connections,
    /// Requests whose head was understood.
    requests,
    /// Heads that were refused: malformed, or above a limit.
    heads_refused,
    /// Bodies that were refused: malformed, above a limit, or not to be inflated.
    bodies_refused,
    /// Parts of an answer that were refused because too much waited for the client already.
    outputs_full,
    /// Connections that brought no request in time after an answer.
    idle_timeouts,
    /// Heads that took too long.
    header_timeouts,
    /// Bodies that took too long.
    body_timeouts,
    /// Answers that were not taken in time.
    write_timeouts,
    /// Clients that left before their answer was complete.
    clients_left,
    /// Panics of handlers.
    panics,
}

/// Counts one more. One thread writes, so that no locked instruction is needed.
#[inline]
pub(crate) fn count(counter: &AtomicU64) {
    counter.store(counter.load(Relaxed) + 1, Relaxed);
}
