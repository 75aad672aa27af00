//! Workers: a thread a core, each with its own loop, and the sockets that they share.
//!
//! The thread that starts them is the first worker, so its loop has to be run as without workers.
//! Nothing goes from one worker to another but commands from the first: stop, drain, end. This knows
//! nothing of what a worker does; it is given a function that sets that up, once on each worker's loop.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread::{self, JoinHandle};

use firewhirl_event::locks::Event;
use firewhirl_event::{Deadline, Error, IoLoop, RemoteIoLoop, Result, SpawnError, log_targets};
use tokio::sync::{mpsc, oneshot};

use crate::connections::panic_message;
use crate::{Acceptor, ConnectionHandler, Gate, Listener};

thread_local! {
    static INDEX: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Which worker this thread is, counted from 0, which is the thread that started them; `None` where
/// there are no workers.
///
/// Tornado's `task_id`, with threads in place of processes.
pub fn worker_index() -> Option<usize> {
    INDEX.get()
}

/// One worker, as the function that sets it up sees it.
pub struct Worker {
    index: usize,
    count: usize,
    acceptor: Acceptor,
    listeners: RefCell<Vec<Listener>>,
}

impl Worker {
    /// Which worker it is, counted from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// How many workers there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// What accepts connections on this worker's loop.
    pub fn acceptor(&self) -> &Acceptor {
        &self.acceptor
    }

    /// Begins to accept connections and to run `handler` on each: the last step of setting up. The
    /// worker's listeners go with the first call; a second has none to serve.
    ///
    /// # Errors
    ///
    /// Those of [`Acceptor::serve`].
    pub fn serve(&self, handler: impl ConnectionHandler) -> io::Result<()> {
        self.acceptor.serve(self.listeners.take(), handler)
    }
}

/// What sets a worker up: an async function of the [`Worker`], run on each worker's loop.
#[diagnostic::on_unimplemented(
    message = "this function cannot set up a worker",
    label = "expected `async move |worker: Worker| {{ .. Ok(()) }}`",
    note = "it runs on every worker, so what it captures has to be `Clone + Send`; make `Rc`s inside it"
)]
pub trait SetUp: AsyncFn(Worker) -> Result + Clone + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<Function: AsyncFn(Worker) -> Result + Clone + Send + 'static> SetUp for Function {}

/// The workers of a server, as the thread that started them sees them. Cheap to clone.
///
/// They end, and are waited for, when the loop that started them is closed, which happens by itself
/// when its thread ends.
///
/// # Examples
///
/// A server of two threads, of which each has its own state:
///
/// ```no_run
/// use std::cell::Cell;
/// use firewhirl_event::{IoLoop, IoStream};
/// use firewhirl_tcp::{Acceptor, BindOptions, Gate, Listener, Worker, Workers};
///
/// # fn main() -> firewhirl_event::Result {
/// let listeners = Listener::bind(8888, &BindOptions::default())?;
/// let acceptor = Acceptor::new(Gate::default());
/// Workers::start(2, &acceptor, listeners, async |worker: Worker| {
///     let served = Cell::new(0);
///     let index = worker.index();
///     worker.serve(async move |mut stream: IoStream, _peer| {
///         served.set(served.get() + 1);
///         stream.write(format!("number {} of worker {index}\n", served.get()));
///         stream.flush().await?;
///         Ok(())
///     })?;
///     Ok(())
/// })?;
/// IoLoop::current().start()
/// # }
/// ```
#[derive(Clone)]
pub struct Workers {
    first: Seated,
    others: Rc<[mpsc::UnboundedSender<Command>]>,
}

/// What the first worker tells the others.
enum Command {
    Stop,
    Drain { limit: Deadline, cut_off: oneshot::Sender<usize> },
    End,
}

impl Workers {
    /// Starts `count` workers, of which this thread's loop is the first; 0 means one a core.
    ///
    /// Each gets every listener: bound once more where it was bound with
    /// [`reuse_port`](crate::BindOptions::reuse_port), so that the kernel deals connections out, by
    /// their addresses; else the same socket, so that whichever worker is free first takes a
    /// connection. The first costs less and suits many short connections; the second is fairer with
    /// few long ones.
    ///
    /// The first worker accepts with `acceptor`, the others with ones of their own behind the same
    /// gate. `set_up` runs once on each worker's loop. If it fails on one, the loop of this thread stops
    /// with its error.
    ///
    /// # Errors
    ///
    /// What the system says when there can be no more threads or sockets.
    pub fn start(count: usize, acceptor: &Acceptor, listeners: Vec<Listener>, set_up: impl SetUp) -> io::Result<Self> {
        let count = match count {
            0 => thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        // All sockets before the first worker begins: what is inherited and left over then is taken by whoever
        // serves first.
        let mut seats = Vec::new();
        for index in 1..count {
            let listeners = listeners.iter().map(Listener::for_another_worker).collect::<io::Result<_>>()?;
            seats.push(Seat { index, count, listeners });
        }
        let mut threads = Threads::default();
        for seat in seats {
            threads.start(seat, acceptor.gate().clone(), set_up.clone())?;
        }

        let others = threads.commands.iter().cloned().collect();
        let io_loop = IoLoop::current();
        // A task that only holds them, so that they end with the loop.
        io_loop.spawn_callback(async move {
            let _threads = threads;
            std::future::pending::<()>().await;
        });
        let first = Seat { index: 0, count, listeners }.take(acceptor.clone(), set_up);
        Ok(Self { first, others })
    }

    /// Closes the listening sockets of every worker; see [`Acceptor::stop`]. The other workers do so
    /// when they next have a turn.
    pub fn stop(&self) {
        self.first.acceptor.stop();
        self.tell(|| Command::Stop);
    }

    /// Drains every worker; see [`Acceptor::drain`]. Gives how many connections were cut off in all.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the other workers draining; of this one see `Acceptor::drain`.
    pub async fn drain(&self, limit: impl Into<Deadline>) -> usize {
        let limit = limit.into();
        let mut answers = Vec::with_capacity(self.others.len());
        self.tell(|| {
            let (cut_off, answer) = oneshot::channel();
            answers.push(answer);
            Command::Drain { limit, cut_off }
        });
        let mut cut_off = self.first.drain(limit).await;
        for answer in answers {
            // A worker that has ended has nothing left to cut off.
            cut_off += answer.await.unwrap_or(0);
        }
        cut_off
    }

    /// What accepts connections on the first worker's loop, this thread's.
    pub fn acceptor(&self) -> &Acceptor {
        &self.first.acceptor
    }

    fn tell(&self, mut command: impl FnMut() -> Command) {
        for worker in self.others.iter() {
            // One that has ended need not be told.
            let _ = worker.send(command());
        }
    }
}

/// What a worker is given to begin with; unlike a [`Worker`] it can go to its thread.
struct Seat {
    index: usize,
    count: usize,
    listeners: Vec<Listener>,
}

impl Seat {
    /// Makes this thread the worker, to be set up as soon as its loop runs.
    fn take(self, acceptor: Acceptor, set_up: impl SetUp) -> Seated {
        INDEX.set(Some(self.index));
        let seated = Seated { acceptor: acceptor.clone(), is_set_up: Event::new() };
        let is_set_up = seated.is_set_up.clone();
        let worker = Worker { index: self.index, count: self.count, acceptor, listeners: RefCell::new(self.listeners) };
        let io_loop = IoLoop::current();
        io_loop.set_name(self.index.to_string());
        io_loop.spawn_callback(async move {
            let set_up = IoLoop::current().spawn(async move { set_up(worker).await });
            match set_up.await {
                Ok(Ok(())) | Err(SpawnError::Aborted) => {}
                Ok(Err(error)) => IoLoop::current().stop_with(error),
                Err(panicked) => IoLoop::current().stop_with(panicked),
            }
            is_set_up.set();
        });
        seated
    }
}

/// A worker on its loop.
#[derive(Clone)]
struct Seated {
    acceptor: Acceptor,
    is_set_up: Event,
}

impl Seated {
    /// Drains the worker, after it is set up: its sockets may have clients already.
    async fn drain(&self, limit: Deadline) -> usize {
        self.acceptor.stop();
        let _ = self.is_set_up.wait().timeout(limit).await;
        self.acceptor.drain(limit).await
    }
}

/// The threads of the workers but the first. Dropping them ends them, and waits for it.
#[derive(Default)]
struct Threads {
    commands: Vec<mpsc::UnboundedSender<Command>>,
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    fn start(&mut self, seat: Seat, gate: Gate, set_up: impl SetUp) -> io::Result<()> {
        let (sender, commands) = mpsc::unbounded_channel();
        let first = IoLoop::current().remote();
        let elsewhere = IoLoop::current().worker_elsewhere();
        let thread = thread::Builder::new().name(format!("worker-{}", seat.index));
        let handle = thread.spawn(move || {
            let _elsewhere = elsewhere.map(|begin| begin());
            let ended = catch_unwind(AssertUnwindSafe(|| {
                let worker = seat.take(Acceptor::new(gate), set_up);
                let io_loop = IoLoop::current();
                io_loop.spawn_callback(obey(commands, worker));
                io_loop.start()
            }));
            if let Err(error) = ended.unwrap_or_else(|panic| Err(panicked(&*panic))) {
                stop_with(&first, error);
            }
        })?;
        self.commands.push(sender);
        self.handles.push(handle);
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        for worker in &self.commands {
            let _ = worker.send(Command::End);
        }
        for handle in self.handles.drain(..) {
            // Its panics are caught, and told to the first worker.
            let _ = handle.join();
        }
    }
}

/// Does what the first worker says, until it says that it is over.
async fn obey(mut commands: mpsc::UnboundedReceiver<Command>, worker: Seated) {
    while let Some(command) = commands.recv().await {
        match command {
            Command::Stop => worker.acceptor.stop(),
            // By itself, so that the end can overtake it.
            Command::Drain { limit, cut_off } => {
                let worker = worker.clone();
                IoLoop::current().spawn_callback(async move {
                    // Whoever asked may have stopped waiting.
                    let _ = cut_off.send(worker.drain(limit).await);
                });
            }
            Command::End => break,
        }
    }
    IoLoop::current().stop();
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    Error::message(format!("a worker panicked: {}", panic_message(panic)))
}

/// Stops the first worker's loop, unless it is gone already.
fn stop_with(first: &RemoteIoLoop, error: Error) {
    tracing::error!(target: log_targets::APP, "a worker ended: {error:?}");
    first.add_callback(move || IoLoop::current().stop_with(error));
}
