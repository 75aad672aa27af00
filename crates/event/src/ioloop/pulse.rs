//! The pulse of every loop of the process: how late its timers fire, how busy it is, what it has to do;
//! for other threads to read, which never wait for a loop that is blocked.
//!
//! A loop whose pulse is taken beats ten times a second: a timer notes how late it was and leaves what
//! only the loop's own thread can know where others find it. Between two beats anybody can see that
//! the next one is overdue: that is how a blocked loop shows while it is blocked. Nothing is added to
//! the loop's other work, and nothing at all unless [`take_pulses`] was called.

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeMetrics};

use super::statistics::{Load, Sample};
use super::{IoLoop, RemoteIoLoop};
use crate::counting::{Bounds, Distribution, Histogram};
use crate::iostream::BufferMemory;
use crate::watchdog;
use crate::watchdog::{BlockedSteps, Watch};

/// How often a loop beats.
const INTERVAL: Duration = Duration::from_millis(100);

/// Missed beats that are counted one by one: those of an hour. A loop that was blocked for longer has
/// made its point.
const MISSED_MAX: u32 = 36_000;

/// Bounds for how late a timer fires; the timers themselves go by milliseconds.
static LAG_BOUNDS: LazyLock<Bounds> = LazyLock::new(|| {
    Bounds::new([1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000].map(Duration::from_millis))
});

static PULSES_ARE_TAKEN: AtomicBool = AtomicBool::new(false);
static LOOPS: Mutex<Vec<Weak<Pulse>>> = Mutex::new(Vec::new());

/// What the pulse of a loop says about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoopLoad {
    /// The loop's name: the one given to it, or else its thread's.
    pub name: String,
    /// Tasks that have not ended, waiting timeouts among them.
    pub tasks: usize,
    /// Timeouts that waited for their time, at the last beat.
    pub timers: usize,
    /// Callbacks that had run, at the last beat.
    pub callbacks: u64,
    /// The share of the time in which the loop worked and did not wait, from 0 to 1, over the last
    /// second or two.
    pub busy: f64,
    /// How long the loop has worked in all.
    pub busy_time: Duration,
    /// How late timers fired. Each beat is one, those that a blocked loop missed included.
    pub lag: Distribution,
    /// Memory that waited in the pools of the loop's thread for streams' buffers, at the last beat.
    pub pooled_buffers: BufferMemory,
    /// Steps that blocked it, as the watchdog has counted them.
    pub blocked: BlockedSteps,
    /// For how long the next beat is overdue: nothing, but for a loop that is blocked right now.
    pub overdue: Duration,
}

/// Has the pulse of every loop of the process taken from now on, also of those that are made later.
///
/// It costs each loop ten short wake-ups a second.
pub fn take_pulses() {
    let loops = {
        let loops = lock(&LOOPS);
        // Under the lock: a loop that enters itself afterwards sees it.
        PULSES_ARE_TAKEN.store(true, SeqCst);
        loops.iter().filter_map(Weak::upgrade).collect::<Vec<_>>()
    };
    for pulse in loops {
        // A loop that is closed has no pulse.
        let _ = pulse.remote.add_callback(|| IoLoop::current().begin_to_beat());
    }
}

/// Whether the pulses of the loops are taken: what else costs something and is for the same eyes may ask.
pub fn pulses_are_taken() -> bool {
    PULSES_ARE_TAKEN.load(SeqCst)
}

/// What the pulses of the running loops say, in the order in which the loops were made; nothing before
/// [`take_pulses`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::{IoLoop, coroutine::sleep, loop_loads, take_pulses};
///
/// take_pulses();
/// # IoLoop::current().run_sync(async {
/// IoLoop::current().set_name("the first");
/// sleep(Duration::from_millis(150)).await;
/// let load = loop_loads().into_iter().find(|load| load.name == "the first").unwrap();
/// assert!(load.lag.count() >= 1 && load.busy < 1.0);
/// # Ok(()) }).unwrap();
/// ```
pub fn loop_loads() -> Vec<LoopLoad> {
    let loops: Vec<_> = lock(&LOOPS).iter().filter_map(Weak::upgrade).collect();
    loops.iter().filter_map(|pulse| pulse.feel()).collect()
}

/// One loop's pulse.
pub(super) struct Pulse {
    remote: RemoteIoLoop,
    watch: Arc<Watch>,
    /// Tokio's figures for the loop, which any thread may read.
    metrics: RuntimeMetrics,
    lag: Histogram,
    /// Held for an instant only, by a beat and by whoever feels the pulse.
    beat: Mutex<Beat>,
}

/// What the last beat left.
struct Beat {
    name: String,
    begun: bool,
    /// When the next one is due; `None` while the loop does not run.
    due: Option<Instant>,
    timers: usize,
    callbacks: u64,
    pooled_buffers: BufferMemory,
    load: Load,
    /// The most that was ever told: a total does not go back.
    busy_time: Duration,
}

impl Pulse {
    /// Enters a new loop in the list of all.
    pub(super) fn of_new_loop(remote: RemoteIoLoop, watch: Arc<Watch>, handle: &Handle, is_foreign: bool) -> Arc<Self> {
        let name = std::thread::current().name().unwrap_or("unnamed").to_owned();
        let pulse = Arc::new(Self {
            remote,
            watch,
            metrics: handle.metrics(),
            lag: Histogram::new(&LAG_BOUNDS),
            beat: Mutex::new(Beat {
                name,
                begun: false,
                due: is_foreign.then(Instant::now),
                timers: 0,
                callbacks: 0,
                pooled_buffers: BufferMemory::default(),
                load: Load::default(),
                busy_time: Duration::ZERO,
            }),
        });
        let mut loops = lock(&LOOPS);
        loops.retain(|pulse| pulse.strong_count() > 0);
        loops.push(Arc::downgrade(&pulse));
        drop(loops);
        pulse
    }

    /// Notes that the loop begins to run. What it missed while it did not was nobody's fault.
    pub(super) fn loop_runs(&self) {
        lock(&self.beat).due = Some(Instant::now() + INTERVAL);
    }

    /// Notes that the loop runs no longer.
    pub(super) fn loop_rests(&self) {
        lock(&self.beat).due = None;
    }

    /// Whether one of the loop's tasks is the pulse.
    pub(super) fn is_taken(&self) -> bool {
        lock(&self.beat).begun
    }

    fn beats(&self, timers: usize, callbacks: u64) {
        let now = Instant::now();
        let mut beat = lock(&self.beat);
        let mut late = beat.due.map_or(Duration::ZERO, |due| now.saturating_duration_since(due));
        // A timer for each beat that should have been would have fired late as well.
        for _ in 0..MISSED_MAX {
            self.lag.observe(late);
            match late.checked_sub(INTERVAL) {
                Some(rest) => late = rest,
                None => break,
            }
        }
        beat.due = beat.due.map(|_| now + INTERVAL);
        (beat.timers, beat.callbacks, beat.pooled_buffers) = (timers, callbacks, BufferMemory::pooled());
        self.look_at_load(&mut beat, now, Duration::ZERO);
    }

    /// The share of busy time; a loop that is late has been busy for as long, which tokio does not know
    /// before the loop waits again.
    fn look_at_load(&self, beat: &mut Beat, now: Instant, overdue: Duration) -> f64 {
        beat.busy_time = beat.busy_time.max(super::statistics::busy_time(&self.metrics) + overdue);
        beat.load.busy(Sample { at: now, busy: beat.busy_time })
    }

    fn feel(&self) -> Option<LoopLoad> {
        let now = Instant::now();
        let mut beat = lock(&self.beat);
        let due = beat.due.filter(|_| beat.begun)?;
        let overdue = now.saturating_duration_since(due);
        let busy = self.look_at_load(&mut beat, now, overdue);
        Some(LoopLoad {
            name: beat.name.clone(),
            // Less the one that runs callbacks and the pulse itself.
            tasks: self.metrics.num_alive_tasks().saturating_sub(2),
            timers: beat.timers,
            callbacks: beat.callbacks,
            busy,
            busy_time: beat.busy_time,
            lag: self.lag.read(),
            pooled_buffers: beat.pooled_buffers,
            blocked: self.watch.blocked_steps(),
            overdue,
        })
    }
}

impl IoLoop {
    /// Names the loop, as figures about it do; otherwise its thread's name is its own.
    pub fn set_name(&self, name: impl Into<String>) {
        lock(&self.state.pulse.beat).name = name.into();
    }

    /// Begins to beat, if pulses are taken and it does not yet.
    pub(super) fn begin_to_beat(&self) {
        let pulse = self.state.pulse.clone();
        if !pulses_are_taken() || std::mem::replace(&mut lock(&pulse.beat).begun, true) {
            return;
        }
        let (timers, callbacks) = (Rc::clone(&self.state.timers), self.state.callbacks.clone());
        let beating = async move {
            if let Some(due) = &mut lock(&pulse.beat).due {
                *due = Instant::now() + INTERVAL;
            }
            loop {
                tokio::time::sleep(INTERVAL).await;
                pulse.beats(timers.get(), callbacks.count());
            }
        };
        let label = watchdog::task_label(&beating);
        self.spawn_unguarded(beating, label);
    }
}

/// Nothing that holds one of these locks can leave what is in it half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
