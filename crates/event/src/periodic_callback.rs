//! Something done again and again, at a fixed period.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::ioloop::run_callback;
use crate::random::Random;
use crate::{IoLoop, Outcome, Spawned};

/// Runs an asynchronous callback once a period.
///
/// The period counts from start to start; the first run is one period after
/// [`start`](PeriodicCallback::start). A run that takes longer than the period is never overtaken:
/// the times it has missed are skipped, and the schedule stays on multiples of the period. An error
/// or a panic of the callback is logged as "exception in callback" and the next run comes as usual.
///
/// Dropping the handle changes nothing: the loop goes on with it until it is stopped. Tornado's
/// `PeriodicCallback`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use firewhirl_event::{IoLoop, PeriodicCallback};
///
/// let mut runs = 0;
/// let periodic = PeriodicCallback::new(Duration::from_millis(2), async move || {
///     runs += 1;
///     if runs == 3 {
///         IoLoop::current().stop();
///     }
/// })?;
/// periodic.start();
/// IoLoop::current().start()?;
/// periodic.stop();
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub struct PeriodicCallback {
    schedule: Schedule,
    /// Starts a task that runs the callback; which callback, only this knows.
    run: Rc<dyn Fn(Schedule) -> Rc<Run>>,
    current: RefCell<Option<Rc<Run>>>,
}

impl PeriodicCallback {
    /// Makes one that is not started.
    ///
    /// # Errors
    ///
    /// [`ZeroPeriod`] if `period` is zero.
    pub fn new<Callback, End>(period: Duration, callback: Callback) -> Result<Self, ZeroPeriod>
    where
        Callback: AsyncFnMut() -> End + 'static,
        End: Outcome,
    {
        if period.is_zero() {
            return Err(ZeroPeriod);
        }
        // Behind a lock, so that a run which is under way when all is stopped and started again is
        // not met by another.
        let callback = Rc::new(Mutex::new(callback));
        let run = Rc::new(move |schedule| Run::start(schedule, callback.clone()));
        let period = period.min(LONGEST_PERIOD);
        Ok(Self { schedule: Schedule { period, jitter: 0.0 }, run, current: RefCell::default() })
    }

    /// Varies each period by a random part of it, so that many processes do not act in step.
    ///
    /// With 0.1 a period is longer or shorter by at most 5 %; the mean stays. Between 0, the
    /// default, and 1; what is outside counts as the nearer of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use firewhirl_event::PeriodicCallback;
    ///
    /// let refresh = PeriodicCallback::new(Duration::from_secs(60), async || ())?.jitter(0.1);
    /// # Ok::<(), firewhirl_event::Error>(())
    /// ```
    pub fn jitter(mut self, jitter: f64) -> Self {
        self.schedule.jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
        self
    }

    /// Starts on the current loop; the first run comes a period later.
    ///
    /// If it is started already, nothing happens.
    pub fn start(&self) {
        let mut current = self.current.borrow_mut();
        if current.is_none() {
            *current = Some((self.run)(self.schedule));
        }
    }

    /// Stops: no further run begins. One that is under way goes on to its end.
    pub fn stop(&self) {
        if let Some(run) = self.current.take() {
            run.stop();
        }
    }

    /// Whether it is started.
    pub fn is_running(&self) -> bool {
        self.current.borrow().is_some()
    }
}

impl fmt::Debug for PeriodicCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeriodicCallback")
            .field("period", &self.schedule.period)
            .field("jitter", &self.schedule.jitter)
            .field("running", &self.is_running())
            .finish()
    }
}

/// The period of a [`PeriodicCallback`] was zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroPeriod;

impl fmt::Display for ZeroPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a periodic callback must have a positive period")
    }
}

impl std::error::Error for ZeroPeriod {}

/// Periods are cut to this, so that no sum of times overflows.
const LONGEST_PERIOD: Duration = Duration::from_secs(100 * 365 * 86_400);

/// From one start to one stop.
#[derive(Default)]
struct Run {
    stopped: Cell<bool>,
    /// Whether the callback is under way, and not to be broken off.
    busy: Cell<bool>,
    task: RefCell<Option<Spawned<()>>>,
}

impl Run {
    fn start<Callback, End>(schedule: Schedule, callback: Rc<Mutex<Callback>>) -> Rc<Self>
    where
        Callback: AsyncFnMut() -> End + 'static,
        End: Outcome,
    {
        let run = Rc::new(Self::default());
        let io_loop = IoLoop::current();
        let task = io_loop.spawn_callback(run.clone().serve(schedule, callback));
        run.task.replace(Some(task));
        run
    }

    async fn serve<Callback, End>(self: Rc<Self>, schedule: Schedule, callback: Rc<Mutex<Callback>>)
    where
        Callback: AsyncFnMut() -> End,
        End: Outcome,
    {
        let start = tokio::time::Instant::now();
        let mut random = Random::unpredictable();
        let mut next = Duration::ZERO;
        while !self.stopped.get() {
            next = schedule.following(next, start.elapsed(), random.fraction());
            tokio::time::sleep_until(start + next).await;
            let mut callback = callback.lock().await;
            self.busy.set(true);
            run_callback((*callback)()).await;
            self.busy.set(false);
        }
    }

    fn stop(&self) {
        self.stopped.set(true);
        if let Some(task) = self.task.take()
            && !self.busy.get()
        {
            task.abort();
        }
    }
}

/// When the runs come.
#[derive(Clone, Copy)]
struct Schedule {
    period: Duration,
    jitter: f64,
}

impl Schedule {
    /// The time of the run after that of `next`, if it is `now`; `random` is from 0 to 1.
    ///
    /// Times are since any one moment.
    fn following(self, next: Duration, now: Duration, random: f64) -> Duration {
        // A jitter of 1 takes half of the period away at most, so there is always some left.
        let period = self.period.mul_f64(1.0 + self.jitter * (random - 0.5)).max(Duration::from_nanos(1));
        match now.checked_sub(next) {
            // How late we are, rounded up to whole periods: those times have been missed.
            Some(late) => {
                let into_period = late.as_nanos() % period.as_nanos();
                now + period - Duration::from_nanos_u128(into_period)
            }
            None => next + period,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When the calls come if they take so long; all in seconds, the period ten.
    fn simulate_calls(jitter: f64, calls: &[(f64, f64)]) -> Vec<f64> {
        let schedule = Schedule { period: Duration::from_secs(10), jitter };
        let mut now = Duration::from_secs(1000);
        let mut next = now;
        let at = |&(duration, random): &(f64, f64)| {
            next = schedule.following(next, now, random);
            now = Duration::from_secs_f64(next.as_secs_f64() + duration);
            next.as_secs_f64()
        };
        calls.iter().map(at).collect()
    }

    fn without_jitter(durations: &[f64]) -> Vec<f64> {
        simulate_calls(0.0, &durations.iter().map(|&duration| (duration, 0.0)).collect::<Vec<_>>())
    }

    #[test]
    fn runs_come_a_period_apart() {
        assert_eq!(without_jitter(&[0.0; 5]), [1010.0, 1020.0, 1030.0, 1040.0, 1050.0]);
    }

    #[test]
    fn a_run_that_takes_too_long_skips_whole_periods() {
        #[rustfmt::skip]
        const DURATION_AND_TIME: &[(f64, f64)] = &[
            (9.0, 1010.0), (9.0, 1020.0), (10.0, 1030.0), // in time
            (11.0, 1050.0), (20.0, 1070.0),               // one missed each
            (20.0, 1100.0), (35.0, 1130.0),               // two
            (35.0, 1170.0), (0.0, 1210.0),                // three
            (0.0, 1220.0), (0.0, 1230.0),                 // in time again
        ];
        let (durations, times): (Vec<_>, Vec<_>) = DURATION_AND_TIME.iter().copied().unzip();
        assert_eq!(without_jitter(&durations), times);
    }

    #[test]
    fn a_clock_that_goes_back_only_slows_the_schedule() {
        assert_eq!(without_jitter(&[-2.0, -1.0, -3.0, -2.0, 0.0]), [1010.0, 1020.0, 1030.0, 1040.0, 1050.0]);
        assert_eq!(without_jitter(&[-100.0, 0.0, 0.0]), [1010.0, 1020.0, 1030.0]);
    }

    #[test]
    fn jitter_varies_the_period_around_its_mean() {
        let calls = [(0.0, 0.5), (0.0, 1.0), (0.0, 0.0), (0.0, 0.75)];
        assert_eq!(simulate_calls(0.5, &calls), [1010.0, 1022.5, 1030.0, 1041.25]);
    }
}
