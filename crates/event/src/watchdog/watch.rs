//! A loop as the watchdog sees it: what it is to be told of, what was counted, and the thread in which it
//! runs just now.

use std::fmt;
use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::bell;
use super::capture::thread_id;
use super::kernel::Thread;
use super::mark::{self, Mark};
use super::report::{BlockKind, BlockedLoop};
use super::step::{EndedStep, Step, Thresholds};
use crate::RemoteIoLoop;

/// What is done with a blocked loop besides logging it.
pub(super) type Action = Arc<Mutex<dyn FnMut(&BlockedLoop) + Send>>;

/// What a loop and the watchdog share.
pub(crate) struct Watch {
    settings: Mutex<Settings>,
    counts: Counts,
    /// How the loop is asked for a sign of life.
    remote: RemoteIoLoop,
    seat: Mutex<Option<Seat>>,
}

#[derive(Default)]
struct Settings {
    /// `None` as long as it was not set for this loop: then what is set for all holds.
    log: Option<Option<Duration>>,
    action: Option<(Duration, Action)>,
}

impl Watch {
    pub(crate) fn new(remote: RemoteIoLoop) -> Arc<Self> {
        Arc::new(Self { settings: Mutex::default(), counts: Counts::default(), remote, seat: Mutex::new(None) })
    }

    /// Shows the loop to the watchdog, as running in this thread for as long as the guard lives.
    pub(crate) fn sit_down(self: &Arc<Self>) -> Seated {
        *locked(&self.seat) = Some(Seat {
            id: thread_id(),
            thread: thread::current(),
            mark: Mark::of_this_thread(),
            kernel: None,
            step: Step::default(),
            looks: 0,
        });
        let is_watched = {
            let mut registry = registry();
            registry.running.push(self.clone());
            self.thresholds(registry.log_for_all).first().is_some()
        };
        mark::work();
        if is_watched {
            // It may sleep because there was nothing to watch, and then nobody has been asked to wake it.
            bell::ring();
        }
        Seated(self.clone())
    }

    /// How often it was blocked.
    pub(crate) fn blocked_steps(&self) -> BlockedSteps {
        self.counts.read()
    }

    pub(super) fn set_log_threshold(&self, threshold: Option<Duration>) {
        locked(&self.settings).log = Some(threshold);
    }

    pub(super) fn set_action(&self, action: Option<(Duration, Action)>) {
        let earlier = std::mem::replace(&mut locked(&self.settings).action, action);
        // Outside the lock: what it captured may do anything when it is dropped.
        drop(earlier);
    }

    pub(super) fn thresholds(&self, log_for_all: Option<Duration>) -> Thresholds {
        let settings = locked(&self.settings);
        Thresholds {
            log: settings.log.unwrap_or(log_for_all),
            action: settings.action.as_ref().map(|(threshold, _)| *threshold),
        }
    }

    pub(super) fn action(&self) -> Option<Action> {
        locked(&self.settings).action.as_ref().map(|(_, action)| action.clone())
    }

    pub(super) fn seat(&self) -> MutexGuard<'_, Option<Seat>> {
        locked(&self.seat)
    }

    /// Has the loop show that it turns, if it does: its task that runs callbacks is woken, whose poll is a
    /// step like any other.
    pub(super) fn ping(&self) {
        self.remote.wake();
    }

    /// Counts a step that has come to block.
    pub(super) fn count_blocked(&self, kind: BlockKind) {
        let counter = match kind {
            BlockKind::Burning => &self.counts.burning,
            BlockKind::Asleep => &self.counts.asleep,
            BlockKind::Unknown => &self.counts.unknown,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// Counts what a step that has ended adds.
    pub(super) fn count_end(&self, step: EndedStep) {
        if step.kind.is_none() {
            self.counts.not_scheduled.fetch_add(1, Relaxed);
            return;
        }
        let nanoseconds = u64::try_from(step.lasted.as_nanos()).unwrap_or(u64::MAX);
        self.counts.nanoseconds.fetch_add(nanoseconds, Relaxed);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("blocked_steps", &self.blocked_steps()).finish_non_exhaustive()
    }
}

/// Steps of a loop that took as long as one of its thresholds, since it was made.
///
/// They are counted by the watchdog, a few milliseconds later, and only while a threshold is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockedSteps {
    /// Those in which a function computed.
    pub burning: u64,
    /// Those in which a function slept in a system call.
    pub asleep: u64,
    /// Those of which the system does not tell what they did.
    pub unknown: u64,
    /// Those in which the thread was ready and the system did not run it. Many of them: the machine has
    /// too few CPUs for what runs on it, or the process may use too little of them.
    pub not_scheduled: u64,
    /// How long all took together that have ended, those that were not scheduled aside.
    pub time: Duration,
}

impl AddAssign for BlockedSteps {
    fn add_assign(&mut self, other: Self) {
        self.burning += other.burning;
        self.asleep += other.asleep;
        self.unknown += other.unknown;
        self.not_scheduled += other.not_scheduled;
        self.time += other.time;
    }
}

#[derive(Default)]
struct Counts {
    burning: AtomicU64,
    asleep: AtomicU64,
    unknown: AtomicU64,
    not_scheduled: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Counts {
    fn read(&self) -> BlockedSteps {
        BlockedSteps {
            burning: self.burning.load(Relaxed),
            asleep: self.asleep.load(Relaxed),
            unknown: self.unknown.load(Relaxed),
            not_scheduled: self.not_scheduled.load(Relaxed),
            time: Duration::from_nanos(self.nanoseconds.load(Relaxed)),
        }
    }
}

/// How many looks at a loop that turns are worth one question to the system.
const LOOKS_A_QUESTION: u32 = 16;

/// The thread in which a loop runs. Whoever holds the lock around it knows that the thread lives: it gives
/// the seat up itself, under that lock.
pub(super) struct Seat {
    pub(super) id: i32,
    thread: thread::Thread,
    mark: *const Mark,
    /// Opened when it is first watched.
    kernel: Option<Thread>,
    pub(super) step: Step,
    looks: u32,
}

// SAFETY: the mark is in the thread's own memory and is read through its `step_number` alone, which is atomic. It is
// there as long as the seat is, since the thread clears the seat before it can end.
unsafe impl Send for Seat {}

impl Seat {
    /// The number of the loop's step now.
    pub(super) fn step_number(&self) -> u64 {
        // SAFETY: the seat exists, so the loop runs in its thread, whose memory the mark is in: `Seated`
        // is on that thread's stack and clears the seat, waiting for our lock, before it goes.
        unsafe { &*self.mark }.step_number()
    }

    /// Whether it is time again to ask where the thread's time went, though nothing is suspected.
    pub(super) fn is_to_be_asked(&mut self) -> bool {
        self.looks = self.looks.wrapping_add(1);
        self.looks % LOOKS_A_QUESTION == 1
    }

    pub(super) fn kernel(&mut self) -> &Thread {
        self.kernel.get_or_insert_with(|| Thread::new(self.id))
    }

    pub(super) fn thread_name(&self) -> String {
        self.thread.name().map_or_else(|| format!("{:?}", self.thread.id()), str::to_owned)
    }
}

/// That a loop runs in this thread, and is seen by the watchdog. It cannot go to another thread.
#[derive(Debug)]
pub(crate) struct Seated(Arc<Watch>);

impl Drop for Seated {
    fn drop(&mut self) {
        mark::rest();
        let seat = self.0.seat().take();
        let mut registry = registry();
        registry.running.retain(|watch| !Arc::ptr_eq(watch, &self.0));
        // The last step of all has no other step after it.
        let first = self.0.thresholds(registry.log_for_all).first();
        if let (Some(seat), Some(first)) = (seat, first)
            && let Some(step) = seat.step.end(first)
        {
            registry.ended.push((self.0.clone(), step));
            drop(registry);
            bell::ring();
        }
    }
}

/// All that the watchdog is to look at.
#[derive(Default)]
pub(super) struct Registry {
    pub(super) running: Vec<Arc<Watch>>,
    /// Steps with which a loop ended.
    pub(super) ended: Vec<(Arc<Watch>, EndedStep)>,
    pub(super) log_for_all: Option<Duration>,
}

pub(super) fn registry() -> MutexGuard<'static, Registry> {
    static REGISTRY: Mutex<Registry> =
        Mutex::new(Registry { running: Vec::new(), ended: Vec::new(), log_for_all: None });
    locked(&REGISTRY)
}

/// Nothing that holds one of these locks leaves its value half changed, so a panic elsewhere is no matter.
pub(super) fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
