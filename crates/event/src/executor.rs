//! Threads for what blocks: file systems, foreign libraries, long computations.
//!
//! The pool is our own and not tokio's, for three reasons: one bound holds for all loops of the
//! process; its threads are in no runtime, so that blocking code may even run a loop of its own
//! there; and its queue is bounded, a caller beyond the bound waiting its turn.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::IoLoop;
use crate::ioloop::panic_message;

/// A bounded pool of threads for blocking calls.
///
/// A clone is a handle to the same pool, and may go to other threads and loops. Threads start when
/// there is work for them and stay; a pool whose last handle is gone finishes what was submitted
/// and ends. Tornado's (Python's) `ThreadPoolExecutor`.
///
/// # Examples
///
/// ```
/// use firewhirl_event::{Executor, IoLoop};
///
/// let io_loop = IoLoop::current();
/// io_loop.set_default_executor(Executor::new(2));
/// let length = io_loop.run_sync(async {
///     let text = IoLoop::current().run_in_executor(|| std::fs::read_to_string("/etc/hosts")).await??;
///     Ok(text.len())
/// })?;
/// assert!(length > 0);
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
#[derive(Clone)]
pub struct Executor {
    /// `None` for the one that runs everything in place.
    pool: Option<Arc<Pool>>,
}

impl Executor {
    /// A pool of at most `threads` threads, at least one.
    ///
    /// Up to 1,000 calls for each thread may wait for one.
    pub fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        Self::with_queue(threads, threads.saturating_mul(1000))
    }

    /// A pool of at most `threads` threads, at least one, for which at most `queue` calls may wait.
    ///
    /// What is submitted beyond that waits, when it is awaited, until there is room.
    ///
    /// # Examples
    ///
    /// ```
    /// let one_after_the_other = firewhirl_event::Executor::with_queue(1, 100);
    /// ```
    pub fn with_queue(threads: usize, queue: usize) -> Self {
        let threads = threads.max(1);
        let room = threads.saturating_add(queue).min(Semaphore::MAX_PERMITS);
        let jobs = Arc::new(Jobs::default());
        Self { pool: Some(Arc::new(Pool { jobs, threads, room: Arc::new(Semaphore::new(room)) })) }
    }

    /// An executor without threads: a call runs where it is submitted, and blocks that.
    ///
    /// For tests. Tornado's `dummy_executor`.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Executor;
    ///
    /// let here = std::thread::current().id();
    /// let call = Executor::inline().submit(move || assert_eq!(std::thread::current().id(), here));
    /// ```
    pub fn inline() -> Self {
        Self { pool: None }
    }

    /// The process's pool, which a loop uses unless it was given another: 5 threads for each CPU.
    fn shared() -> Self {
        static SHARED: LazyLock<Executor> =
            LazyLock::new(|| Executor::new(5 * std::thread::available_parallelism().map_or(1, usize::from)));
        SHARED.clone()
    }

    /// Runs `function` on a thread of the pool and gives its result.
    ///
    /// It is submitted by this call and not by the first await, so that two calls run at the same
    /// time however they are awaited, unless the queue is full.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Panicked`] if `function` panics; [`ExecutorError::NoThread`] if the pool has
    /// no thread and the system gives none.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before a thread has taken the call up, `function` is never run;
    /// after that it runs to its end and its result is dropped.
    pub fn submit<T, Function>(
        &self,
        function: Function,
    ) -> impl Future<Output = Result<T, ExecutorError>> + use<T, Function>
    where
        Function: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        let elsewhere = IoLoop::try_current().and_then(|io_loop| io_loop.elsewhere());
        let run = move || {
            let _elsewhere = elsewhere.map(|begin| begin());
            // Whoever asked has gone.
            if answer.is_closed() {
                return;
            }
            let outcome = catch_unwind(AssertUnwindSafe(function))
                .map_err(|payload| ExecutorError::Panicked(panic_message(&*payload).to_owned()));
            // If the receiver went meanwhile, the result is dropped here, in this thread.
            let _ = answer.send(outcome);
        };
        let full = match &self.pool {
            None => {
                run();
                None
            }
            Some(pool) => match pool.room.clone().try_acquire_owned() {
                Ok(room) => {
                    pool.push(room, run);
                    None
                }
                Err(_) => Some((pool.clone(), run)),
            },
        };
        async move {
            if let Some((pool, run)) = full
                // The semaphore is never closed; if it were, the answer below is the error.
                && let Ok(room) = pool.room.clone().acquire_owned().await
            {
                pool.push(room, run);
            }
            result.await.unwrap_or(Err(ExecutorError::NoThread))
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(pool) = &self.pool else { return f.write_str("Executor::inline()") };
        let queue = pool.jobs.lock();
        f.debug_struct("Executor")
            .field("threads", &format_args!("{} of {}", queue.threads, pool.threads))
            .field("idle", &queue.idle)
            .field("waiting", &queue.waiting.len())
            .finish()
    }
}

impl IoLoop {
    /// Runs a blocking `function` on the loop's executor and gives its result; the loop goes on
    /// meanwhile.
    ///
    /// The executor is one of the process with 5 threads for each CPU, unless
    /// [`set_default_executor`](IoLoop::set_default_executor) gave the loop another. Tornado's
    /// `IOLoop.run_in_executor`.
    ///
    /// # Errors
    ///
    /// As [`Executor::submit`].
    ///
    /// # Cancel safety
    ///
    /// As [`Executor::submit`].
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::IoLoop;
    ///
    /// let answer = IoLoop::current().run_sync(async {
    ///     Ok(IoLoop::current().run_in_executor(|| 6 * 7).await?)
    /// })?;
    /// assert_eq!(answer, 42);
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn run_in_executor<T, Function>(
        &self,
        function: Function,
    ) -> impl Future<Output = Result<T, ExecutorError>> + use<T, Function>
    where
        Function: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.executor().unwrap_or_else(Executor::shared).submit(function)
    }

    /// Gives the loop another executor for [`run_in_executor`](IoLoop::run_in_executor).
    ///
    /// Tornado's `IOLoop.set_default_executor`.
    pub fn set_default_executor(&self, executor: Executor) {
        self.replace_executor(executor);
    }
}

/// Why a call on an executor has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecutorError {
    /// The function panicked, with these words.
    Panicked(String),
    /// The pool has no thread and the system gives none.
    NoThread,
}

impl fmt::Display for ExecutorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(message) => write!(f, "the call in the executor panicked: {message}"),
            Self::NoThread => f.write_str("the system gives no thread for the executor"),
        }
    }
}

impl std::error::Error for ExecutorError {}

/// What the handles to one pool share.
struct Pool {
    jobs: Arc<Jobs>,
    threads: usize,
    /// A permit for each call that runs or waits.
    room: Arc<Semaphore>,
}

impl Pool {
    fn push(&self, room: OwnedSemaphorePermit, run: impl FnOnce() + Send + 'static) {
        let job = Box::new(move || {
            run();
            drop(room);
        });
        let mut queue = self.jobs.lock();
        queue.waiting.push_back(job);
        if queue.idle >= queue.waiting.len() {
            self.jobs.changed.notify_one();
        } else if queue.threads < self.threads {
            queue.threads += 1;
            let number = queue.threads;
            let jobs = self.jobs.clone();
            let thread = std::thread::Builder::new().name(format!("executor-{number}"));
            if thread.spawn(move || jobs.serve()).is_err() {
                queue.threads -= 1;
                if queue.threads == 0 {
                    // Nobody would ever run them. Dropped, they answer that there is no thread.
                    let lost = std::mem::take(&mut queue.waiting);
                    drop(queue);
                    drop(lost);
                }
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.jobs.lock().ended = true;
        self.jobs.changed.notify_all();
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// What the threads of a pool share: they hold this and not the pool, so that the pool can end.
#[derive(Default)]
struct Jobs {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    threads: usize,
    idle: usize,
    ended: bool,
}

impl Jobs {
    /// What a thread does: one call after the other, until the pool has ended.
    fn serve(&self) {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.waiting.pop_front() {
                drop(queue);
                // It catches the function's panics itself; this is for a result whose drop panics.
                let _ = catch_unwind(AssertUnwindSafe(job));
                queue = self.lock();
            } else if queue.ended {
                queue.threads -= 1;
                return;
            } else {
                queue.idle += 1;
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                queue.idle -= 1;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics under the lock; if it did, the queue would still be a queue.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
