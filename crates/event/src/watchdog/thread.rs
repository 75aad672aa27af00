//! The watchdog's thread: one a process, which looks at every loop a few times a threshold.
//!
//! It sleeps without a limit while no loop is to be watched or all of them wait. What it finds it hands to
//! the [reporter](super::reporter): its own time has to be accounted for, so it does nothing that takes any.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::bell;
use super::capture;
use super::clock::Clock;
use super::kernel::Activity;
use super::reporter::{Examined, News, Reporter};
use super::step::Look;
use super::watch::{Seat, locked, registry};
use crate::log_targets;

/// Looks a threshold, as long as each finds another step. They are all that a busy loop costs: a wake-up of
/// this thread takes some ten microseconds, and what it then does takes two.
const LOOKS: u32 = 2;
/// Looks a threshold at a step that was there at the last one.
const CLOSE_LOOKS: u32 = 8;
/// The time from look to look is at least and at most this, whatever the threshold.
const TICK: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(250));
/// After so many looks at which nothing moved it sleeps until a loop begins to work.
const QUIET_LOOKS: u32 = 4;

/// Has the watchdog look at what has changed; starts it if there is something to watch and it does not run yet.
pub(super) fn wake_up(is_wanted: bool) {
    static STARTED: Mutex<bool> = Mutex::new(false);
    let mut started = locked(&STARTED);
    if !*started && !is_wanted {
        return;
    }
    if !*started {
        if let Err(error) = capture::install() {
            tracing::warn!(target: log_targets::GEN, "blocked loops are reported without their stacks: {error}");
        }
        let watching = Reporter::start().and_then(|reporter| {
            let thread = std::thread::Builder::new().name("watchdog".to_owned());
            thread.spawn(move || Watchdog { reporter }.run())
        });
        match watching {
            Ok(_) => *started = true,
            Err(error) => {
                tracing::error!(target: log_targets::GEN, "blocked loops go unseen: no thread to watch them: {error}");
            }
        }
    }
    drop(started);
    bell::ring();
}

struct Watchdog {
    reporter: Reporter,
}

/// One look at all loops.
#[derive(Default)]
struct Round {
    /// When the next is due; `None` if no loop is to be watched.
    tick: Option<Duration>,
    /// Whether a loop works or has worked.
    moved: bool,
    /// How long it has waited for threads to answer.
    waited: Duration,
}

impl Watchdog {
    fn run(self) {
        let mut clock = Clock::of_this_thread();
        let mut planned = Duration::ZERO;
        let mut quiet = 0;
        loop {
            let passed = clock.passed(planned);
            // Nothing in it is known to panic; if it did, the loops would still be worth watching.
            let round = catch_unwind(AssertUnwindSafe(|| self.look_around(passed)));
            let round = round.unwrap_or(Round { tick: Some(TICK.1), moved: true, waited: Duration::ZERO });
            quiet = if round.moved { 0 } else { quiet + 1 };
            let limit = match round.tick {
                None => None,
                Some(_) if quiet > QUIET_LOOKS && bell::is_asked() => None,
                Some(tick) => {
                    if quiet >= QUIET_LOOKS {
                        bell::ask_to_be_woken();
                    }
                    Some(tick)
                }
            };
            bell::sleep(limit);
            // Of a sleep without a limit no time counts: there was no step.
            planned = limit.map_or(Duration::ZERO, |limit| limit + round.waited);
        }
    }

    /// Looks at every loop once, and hands on what there is to tell.
    fn look_around(&self, passed: Duration) -> Round {
        let (running, ended, log_for_all) = {
            let mut registry = registry();
            (registry.running.clone(), std::mem::take(&mut registry.ended), registry.log_for_all)
        };
        for (watch, step) in ended {
            watch.count_end(step);
            self.reporter.hand_on(News::Ended(watch, step));
        }
        let mut round = Round::default();
        for watch in running {
            let thresholds = watch.thresholds(log_for_all);
            let Some(first) = thresholds.first() else { continue };
            let (findings, examined) = {
                let mut seat = watch.seat();
                let Some(seat) = &mut *seat else { continue };
                let is_suspect = seat.step.is_suspect(seat.step_number());
                let tick = (first / if is_suspect { CLOSE_LOOKS } else { LOOKS }).clamp(TICK.0, TICK.1);
                round.tick = Some(round.tick.map_or(tick, |earlier| earlier.min(tick)));
                let (look, moved) = look_at(seat, passed);
                round.moved |= moved;
                let findings = seat.step.look(look, thresholds);
                let started = Instant::now();
                // The signal is sent while the seat is held, so that its thread is still there.
                let examined = (findings.log || findings.act).then(|| Examined::of(seat));
                round.waited += started.elapsed();
                (findings, examined)
            };
            if let Some(step) = findings.ended {
                watch.count_end(step);
                self.reporter.hand_on(News::Ended(watch.clone(), step));
            }
            if findings.ping {
                watch.ping();
            }
            if let Some(kind) = findings.blocks {
                watch.count_blocked(kind);
            }
            if let Some(examined) = examined {
                let (log, act) = (findings.log, findings.act);
                self.reporter.hand_on(News::Blocked { watch, examined: Box::new(examined), log, act });
            }
        }
        round
    }
}

/// What a loop shows, and whether that has changed or will.
fn look_at(seat: &mut Seat, passed: Duration) -> (Look, bool) {
    let step_number = seat.step_number();
    let is_working = step_number % 2 == 1;
    let is_suspect = seat.step.is_suspect(step_number);
    let moved = is_working || seat.step.step_number() != step_number;
    if !is_working {
        return (Look { step_number, passed, times: None, is_asleep: false }, moved);
    }
    let activity = if is_suspect { seat.kernel().activity() } else { None };
    // A thread that a debugger holds does nothing wrong.
    let passed = if activity == Some(Activity::Stopped) { Duration::ZERO } else { passed };
    let is_asleep = activity == Some(Activity::Asleep);
    // Half of what a look costs is this question, so it is asked where the answer counts.
    let times = if is_suspect || seat.is_to_be_asked() { seat.kernel().times() } else { None };
    (Look { step_number, passed, times, is_asleep }, moved)
}
