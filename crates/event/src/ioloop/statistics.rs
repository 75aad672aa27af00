//! How busy a loop is: a few counters, cheap enough to be read every second.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::IoLoop;
use crate::watchdog::BlockedSteps;

/// How busy a loop is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// Tasks that have not ended, waiting timeouts among them.
    pub tasks: usize,
    /// Timeouts that wait for their time.
    pub timers: usize,
    /// Callbacks that have run since the loop was made.
    pub callbacks: u64,
    /// The share of the time in which the loop worked and did not wait, from 0 to 1: over the last
    /// second or so if somebody asks that often, otherwise since they last asked.
    pub busy: f64,
    /// Steps that blocked it, as the watchdog has counted them.
    pub blocked: BlockedSteps,
}

impl IoLoop {
    /// How busy the loop is.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::IoLoop;
    ///
    /// let io_loop = IoLoop::current();
    /// io_loop.add_callback(|| ());
    /// io_loop.run_sync(async { Ok(firewhirl_event::coroutine::yield_now().await) })?;
    /// assert_eq!(io_loop.statistics().callbacks, 1);
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn statistics(&self) -> Statistics {
        let metrics = self.state.handle.metrics();
        let own = if self.is_closed() { 0 } else { 1 + usize::from(self.state.pulse.is_taken()) };
        Statistics {
            tasks: metrics.num_alive_tasks().saturating_sub(own),
            timers: self.state.timers.get(),
            callbacks: self.state.callbacks.count(),
            busy: self.state.load.busy(Sample { at: Instant::now(), busy: busy_time(&metrics) }),
            blocked: self.watch().blocked_steps(),
        }
    }
}

/// How long the loop's runtime has worked in all.
pub(super) fn busy_time(metrics: &tokio::runtime::RuntimeMetrics) -> Duration {
    #[cfg(target_has_atomic = "64")]
    return metrics.worker_total_busy_duration(0);
    #[cfg(not(target_has_atomic = "64"))]
    return Duration::ZERO;
}

/// How long the loop had worked at a time.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    pub(super) at: Instant,
    pub(super) busy: Duration,
}

/// The samples from which the share of busy time is taken: the last one that is at least a second
/// old, and the newest.
#[derive(Default)]
pub(super) struct Load {
    base: Cell<Option<Sample>>,
    newest: Cell<Option<Sample>>,
}

impl Load {
    pub(super) fn busy(&self, now: Sample) -> f64 {
        let newest = self.newest.get().unwrap_or(now);
        if now.at.duration_since(newest.at) >= Duration::from_secs(1) || self.base.get().is_none() {
            self.base.set(Some(newest));
            self.newest.set(Some(now));
        }
        let base = self.base.get().unwrap_or(now);
        let passed = now.at.duration_since(base.at).as_secs_f64();
        let worked = now.busy.saturating_sub(base.busy).as_secs_f64();
        if passed > 0.0 { (worked / passed).min(1.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busy_share_is_that_of_the_last_second_or_so() {
        let load = Load::default();
        let start = Instant::now();
        let sample =
            |at: u64, busy: u64| Sample { at: start + Duration::from_millis(at), busy: Duration::from_millis(busy) };
        assert_eq!(load.busy(sample(0, 0)), 0.0);
        assert_eq!(load.busy(sample(500, 250)), 0.5);
        assert_eq!(load.busy(sample(1000, 1000)), 1.0);
        assert_eq!(load.busy(sample(1500, 1000)), 1000.0 / 1500.0);
        assert_eq!(load.busy(sample(2000, 1000)), 0.0, "idle since the sample at one second");
    }
}
