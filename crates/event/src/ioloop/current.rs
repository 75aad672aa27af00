//! Which loop is the current one.
//!
//! In this order: the one that runs in this thread; the one in whose tokio context the thread is,
//! be it a loop's or a foreign runtime; the thread's own.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use tokio::runtime::Handle;

use super::{Driver, IoLoop, LoopError, State};
use crate::watchdog::Seated;

thread_local! {
    static LOOPS: Loops = const { Loops::new() };
}

/// The loops of a thread.
struct Loops {
    running: RefCell<Option<IoLoop>>,
    own: RefCell<Option<IoLoop>>,
    /// The last foreign runtime that was asked for as a loop; nobody else may hold its handle.
    foreign: RefCell<Option<IoLoop>>,
    all: RefCell<Vec<Weak<State>>>,
}

impl Loops {
    const fn new() -> Self {
        Self {
            running: RefCell::new(None),
            own: RefCell::new(None),
            foreign: RefCell::new(None),
            all: RefCell::new(Vec::new()),
        }
    }

    /// The loop over this runtime, if one of this thread is.
    fn over(&self, runtime: &Handle) -> Option<IoLoop> {
        let mut loops = self.all.borrow().iter().filter_map(Weak::upgrade).collect::<Vec<_>>().into_iter();
        loops.find(|state| state.handle.id() == runtime.id()).map(|state| IoLoop { state })
    }
}

impl Drop for Loops {
    /// The thread ends. Tasks that hold a handle to their loop would keep it for ever otherwise.
    fn drop(&mut self) {
        if let Some(own) = self.own.take() {
            own.state.close();
        }
    }
}

impl IoLoop {
    /// The loop of this thread; makes it if there is none.
    ///
    /// Inside a tokio runtime that is not a loop's, the loop is that runtime: tasks and callbacks
    /// run on it, and [`start`](IoLoop::start) and [`run_sync`](IoLoop::run_sync) are refused, since
    /// it already runs. It has to be a `LocalRuntime` or a `LocalSet`, for tasks here are not `Send`.
    /// Threads of an [`Executor`](crate::Executor) are in no runtime. Tornado's `IOLoop.current`.
    ///
    /// # Panics
    ///
    /// If the system gives no selector (no file descriptor is left), and inside a tokio runtime
    /// that cannot run local tasks: a multi-threaded one, or a thread of its blocking pool.
    pub fn current() -> Self {
        Self::try_current().unwrap_or_else(|| match Handle::try_current() {
            Ok(runtime) => {
                let foreign = Self::over(Driver::Foreign, runtime);
                let earlier = LOOPS.try_with(|loops| loops.foreign.replace(Some(foreign.clone())));
                drop(earlier);
                foreign
            }
            Err(_) => {
                let own = match Self::new() {
                    Ok(own) => own,
                    Err(error) => panic!("no event loop can be made: {error}"),
                };
                let earlier = LOOPS.try_with(|loops| loops.own.replace(Some(own.clone())));
                drop(earlier);
                own
            }
        })
    }

    /// The loop of this thread, if there is one.
    ///
    /// Tornado's `IOLoop.current(instance=False)`.
    pub fn try_current() -> Option<Self> {
        let find = |loops: &Loops| {
            if let Some(running) = &*loops.running.borrow() {
                return Some(running.clone());
            }
            match Handle::try_current() {
                Ok(runtime) => loops.over(&runtime),
                Err(_) => loops.own.borrow().clone().filter(|own| !own.is_closed()),
            }
        };
        // A thread that is ending has none.
        LOOPS.try_with(find).ok().flatten()
    }
}

/// Enters a new loop in the list of its thread's.
pub(super) fn register(io_loop: &IoLoop) {
    let _ = LOOPS.try_with(|loops| {
        let mut all = loops.all.borrow_mut();
        all.retain(|state| state.strong_count() > 0);
        all.push(Rc::downgrade(&io_loop.state));
    });
}

/// Whether this very loop runs now.
pub(super) fn is_running(io_loop: &IoLoop) -> bool {
    LOOPS.try_with(|loops| loops.running.borrow().as_ref() == Some(io_loop)).unwrap_or(false)
}

/// That a loop runs in this thread, as long as it lives.
pub(super) struct Running {
    _seated: Seated,
}

impl Running {
    pub(super) fn enter(io_loop: &IoLoop) -> Result<Self, LoopError> {
        let enter = |loops: &Loops| {
            // Tokio would panic; the entered context of a loop that merely waits is no obstacle.
            let inside_foreign = Handle::try_current().is_ok_and(|runtime| match loops.over(&runtime) {
                Some(entered) => matches!(*entered.state.driver.borrow(), Driver::Foreign),
                None => true,
            });
            let mut running = loops.running.borrow_mut();
            if running.is_some() || inside_foreign {
                return Err(LoopError::AlreadyRunning);
            }
            *running = Some(io_loop.clone());
            io_loop.state.pulse.loop_runs();
            Ok(Self { _seated: io_loop.state.watch.sit_down() })
        };
        LOOPS.try_with(enter).unwrap_or(Err(LoopError::Closed))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Taken out before it is dropped: a handle's drop may ask for the current loop.
        let ended = LOOPS.try_with(|loops| loops.running.take());
        if let Ok(Some(ended)) = &ended {
            ended.state.pulse.loop_rests();
        }
        drop(ended);
    }
}
