//! The watchdog's own time: only what it lived through itself counts.
//!
//! A process that was stopped (SIGSTOP, a debugger), a machine that was suspended or a virtual one that was
//! paused finds the clock advanced, but no loop has blocked meanwhile. So after each sleep the watchdog
//! asks how long it should have slept, and how long it itself ran or was ready and not scheduled; if that
//! does not explain the time that has passed, the time does not count.

use std::time::{Duration, Instant};

use super::capture::thread_id;
use super::kernel::{Thread, ThreadTimes};

/// After so many looks that were on schedule the watchdog notes anew where its own time went. That costs a
/// system call, and a base that is a little old only makes it believe a little more.
const LOOKS_A_NOTE: u32 = 16;

/// The time from one look to the next.
pub(super) struct Clock {
    thread: Thread,
    last: Instant,
    times: Option<ThreadTimes>,
    looks: u32,
}

impl Clock {
    /// For the thread that calls this.
    pub(super) fn of_this_thread() -> Self {
        let thread = Thread::new(thread_id());
        let times = thread.times();
        Self { thread, last: Instant::now(), times, looks: 0 }
    }

    /// The time since the last call that counts, if the thread was to sleep for `planned` of it.
    pub(super) fn passed(&mut self, planned: Duration) -> Duration {
        let now = Instant::now();
        let passed = now - self.last;
        self.last = now;
        self.looks += 1;
        let own = match counted(passed, planned, ThreadTimes::default()) {
            Duration::ZERO => self.note(planned),
            passed => {
                if self.looks >= LOOKS_A_NOTE {
                    self.note(planned);
                }
                return passed;
            }
        };
        counted(passed, planned, own)
    }

    /// Where the thread's own time went since the last note.
    fn note(&mut self, planned: Duration) -> ThreadTimes {
        self.looks = 0;
        let before = std::mem::replace(&mut self.times, self.thread.times());
        match (self.times, before) {
            (Some(times), Some(before)) => times.since(before),
            // Twice the plan is then taken for a busy machine.
            _ => ThreadTimes { running: planned / 2, waiting: Duration::ZERO },
        }
    }
}

/// All of it or nothing.
fn counted(passed: Duration, planned: Duration, own: ThreadTimes) -> Duration {
    // A timer may be late, the more the longer it was.
    let late = planned / 2 + Duration::from_millis(1);
    if passed <= planned + own.running + own.waiting + late { passed } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_if_the_watchdog_can_account_for_it() {
        #[rustfmt::skip]
        let cases: &[(&str, u64, u64, u64, u64)] = &[
            // what,                        passed, running, waiting, counted of a sleep of 10 ms
            ("on schedule",                     10,       0,       0,  10),
            ("woken early",                      3,       0,       0,   3),
            ("a little late",                   14,       0,       0,  14),
            ("stopped for a second",          1010,       0,       0,   0),
            ("stopped for 20 ms",               30,       0,       0,   0),
            ("the machine is busy",            110,       0,     100, 110),
            ("it put a stack into words",      310,     300,       0, 310),
            ("stopped while it did",          2310,     300,       0,   0),
        ];
        for &(what, passed, running, waiting, expected) in cases {
            let own = ThreadTimes { running: Duration::from_millis(running), waiting: Duration::from_millis(waiting) };
            let counted = counted(Duration::from_millis(passed), Duration::from_millis(10), own);
            assert_eq!(counted, Duration::from_millis(expected), "{what}");
        }
    }
}
