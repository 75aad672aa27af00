//! One step of a loop, as the watchdog follows it from look to look: how long it has lasted, and where
//! that time went.
//!
//! No clock and no system here: each look is an argument, and what is to be done comes back.

use std::time::Duration;

use super::kernel::ThreadTimes;
use super::report::BlockKind;

/// What the watchdog sees of a loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Odd while the loop works; another one is another step.
    pub(super) step_number: u64,
    /// The time since the last look, as far as it counts: nothing where the process, the thread or the
    /// machine was stopped.
    pub(super) passed: Duration,
    /// Where the thread's time went since it began, if it was asked and the system tells. It is asked of
    /// every step that was there at the last look, and of others now and then.
    pub(super) times: Option<ThreadTimes>,
    /// Whether it sleeps at this moment.
    pub(super) is_asleep: bool,
}

/// From when on a step blocks its loop, for each of those who want to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Thresholds {
    pub(super) log: Option<Duration>,
    pub(super) action: Option<Duration>,
}

impl Thresholds {
    /// The one that is reached first.
    pub(super) fn first(self) -> Option<Duration> {
        self.log.into_iter().chain(self.action).min()
    }
}

/// What is to be done after a look.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// A step has ended that took as long as a threshold.
    pub(super) ended: Option<EndedStep>,
    /// See whether the loop turns: what runs on it may be tasks that do not show their steps.
    pub(super) ping: bool,
    /// The step has come to block, in this way.
    pub(super) blocks: Option<BlockKind>,
    /// Log it.
    pub(super) log: bool,
    /// Tell it to the custom action.
    pub(super) act: bool,
}

/// A step that took as long as a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EndedStep {
    pub(super) lasted: Duration,
    /// How it blocked. `None` if it did not: its thread was ready and the system did not run it.
    pub(super) kind: Option<BlockKind>,
}

/// The step that a loop is in.
#[derive(Debug, Default)]
pub(super) struct Step {
    step_number: u64,
    lasted: Duration,
    running: Duration,
    asleep: Duration,
    /// The last that is known, which may be older than the step.
    times: Option<ThreadTimes>,
    times_are_its_own: bool,
    pinged: bool,
    kind: Option<BlockKind>,
    logged: bool,
    acted: bool,
}

impl Step {
    /// What the loop showed at the last look.
    pub(super) fn step_number(&self) -> u64 {
        self.step_number
    }

    /// How long it has lasted at the last look, at least.
    pub(super) fn lasted(&self) -> Duration {
        self.lasted
    }

    /// Whether it was the same at the last two looks, so that it may come to block.
    pub(super) fn is_suspect(&self, step_number: u64) -> bool {
        self.step_number == step_number && is_working(step_number)
    }

    /// Takes a look into account.
    pub(super) fn look(&mut self, look: Look, thresholds: Thresholds) -> Findings {
        let Some(first) = thresholds.first() else {
            *self = self.next(look);
            return Findings::default();
        };
        if look.step_number != self.step_number || !is_working(look.step_number) {
            let ended = self.end(first);
            *self = self.next(look);
            return Findings { ended, ..Findings::default() };
        }
        self.add(look);
        // What the system withheld from the thread is nobody's fault in the program.
        let counts = if self.times.is_some() { self.running + self.asleep } else { self.lasted };
        let reached = |threshold: Option<Duration>| threshold.is_some_and(|threshold| counts >= threshold);
        let mut findings = Findings {
            log: reached(thresholds.log) && !self.logged,
            act: reached(thresholds.action) && !self.acted,
            ping: self.lasted >= first / 2 && !self.pinged,
            ..Findings::default()
        };
        if self.kind.is_none() && counts >= first {
            self.kind = Some(self.kind());
            findings.blocks = self.kind;
        }
        self.logged |= findings.log;
        self.acted |= findings.act;
        self.pinged |= findings.ping;
        findings
    }

    /// What it leaves behind if it ends now.
    pub(super) fn end(&self, first: Duration) -> Option<EndedStep> {
        (self.lasted >= first).then_some(EndedStep { lasted: self.lasted, kind: self.kind })
    }

    /// Burning CPU or asleep, by where most of its time went.
    pub(super) fn kind(&self) -> BlockKind {
        match self.times {
            None => BlockKind::Unknown,
            Some(_) if self.running >= self.asleep => BlockKind::Burning,
            Some(_) => BlockKind::Asleep,
        }
    }

    /// The step that a look finds in place of this one.
    fn next(&self, look: Look) -> Self {
        let times = look.times.or(self.times);
        Self { step_number: look.step_number, times, times_are_its_own: look.times.is_some(), ..Self::default() }
    }

    fn add(&mut self, look: Look) {
        self.lasted += look.passed;
        if let (Some(now), Some(before)) = (look.times, self.times) {
            // Where a look does not count, neither does what was spent before it. What was withheld since
            // times that are older than the step is at least what was withheld from the step.
            let spent = now.since(before);
            let left = look.passed.saturating_sub(spent.waiting);
            let running =
                if look.is_asleep && !self.times_are_its_own { Duration::ZERO } else { spent.running.min(left) };
            self.running += running;
            if look.is_asleep {
                self.asleep += left - running;
            }
            // Else what is left was withheld from it by what is beneath the system: another virtual machine.
        }
        self.times = look.times;
        self.times_are_its_own = true;
    }
}

fn is_working(step_number: u64) -> bool {
    step_number % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG_AT_50: Thresholds = Thresholds { log: Some(Duration::from_millis(50)), action: None };

    /// What a look adds in milliseconds: the time, of that on a CPU, and waiting for one.
    type Each = [(u64, u64, u64)];
    /// The look, counted from one, at which a step was found to block, and how.
    type Found = Option<(usize, BlockKind)>;

    /// A step watched look by look, and what is found at each after the first.
    fn follow(each: &Each) -> (Step, Vec<Findings>) {
        let mut step = Step::default();
        let mut times = ThreadTimes::default();
        let begin = Look { step_number: 1, passed: Duration::ZERO, times: Some(times), is_asleep: false };
        assert_eq!(step.look(begin, LOG_AT_50), Findings::default());
        let found = each.iter().map(|&(passed, running, waiting)| {
            times.running += Duration::from_millis(running);
            times.waiting += Duration::from_millis(waiting);
            let is_asleep = passed > running + waiting;
            let look = Look { step_number: 1, passed: Duration::from_millis(passed), times: Some(times), is_asleep };
            step.look(look, LOG_AT_50)
        });
        let found = found.collect();
        (step, found)
    }

    fn blocks(each: &Each) -> Found {
        let (_, found) = follow(each);
        found.iter().enumerate().find_map(|(index, findings)| findings.blocks.map(|kind| (index + 1, kind)))
    }

    #[test]
    fn a_step_blocks_once_running_and_sleeping_reach_the_threshold() {
        #[rustfmt::skip]
        let cases: &[(&str, &Each, Found)] = &[
            ("computes",                       &[(10, 10, 0); 6],  Some((5, BlockKind::Burning))),
            ("sleeps",                         &[(10, 0, 0); 6],   Some((5, BlockKind::Asleep))),
            ("sleeps a little less than half", &[(10, 6, 0); 6],   Some((5, BlockKind::Burning))),
            ("sleeps a little more than half", &[(10, 4, 0); 6],   Some((5, BlockKind::Asleep))),
            ("ends before",                    &[(10, 10, 0); 4],  None),
            ("is not scheduled",               &[(10, 0, 10); 40], None),
            ("is scheduled half of the time",  &[(10, 5, 5); 12],  Some((10, BlockKind::Burning))),
            ("was stopped meanwhile",          &[(0, 0, 0); 40],   None),
            ("computes after it was stopped",  &[(0, 900, 0), (10, 10, 0), (10, 10, 0)], None),
        ];
        for (what, each, expected) in cases {
            assert_eq!(blocks(each), *expected, "{what}");
        }
    }

    #[test]
    fn what_a_busy_host_takes_from_a_virtual_machine_does_not_count() {
        let (mut step, mut times) = (Step::default(), ThreadTimes::default());
        for _ in 0..20 {
            // It is ready all the time, runs for a tenth of it, and the system knows nothing of the rest.
            let look = Look { step_number: 1, passed: Duration::from_millis(10), times: Some(times), is_asleep: false };
            assert!(!step.look(look, LOG_AT_50).log);
            times.running += Duration::from_millis(1);
        }
    }

    #[test]
    fn times_that_are_older_than_the_step_count_against_it() {
        let at = |running, waiting| {
            Some(ThreadTimes { running: Duration::from_millis(running), waiting: Duration::from_millis(waiting) })
        };
        // Since the times were asked for the thread has worked for half a second and waited for some of it;
        // of which both the step has had its part, or not.
        #[rustfmt::skip]
        let cases: &[(&str, u64, bool, Option<BlockKind>)] = &[
            ("asleep, nothing withheld",     0, true,  Some(BlockKind::Asleep)),
            ("computes, nothing withheld",   0, false, Some(BlockKind::Burning)),
            ("asleep, perhaps withheld",    30, true,  None),
            ("computes, perhaps withheld", 500, false, None),
        ];
        for &(what, waited, is_asleep, expected) in cases {
            let mut step = Step::default();
            let look = |step_number, passed, times, is_asleep| Look {
                step_number,
                passed: Duration::from_millis(passed),
                times,
                is_asleep,
            };
            step.look(look(1, 0, at(0, 0), false), LOG_AT_50);
            step.look(look(3, 25, None, false), LOG_AT_50);
            let found = step.look(look(3, 50, at(500, waited), is_asleep), LOG_AT_50);
            assert_eq!(found.blocks, expected, "{what}");
        }
    }

    #[test]
    fn a_suspect_is_pinged_once_at_half_the_threshold() {
        let (_, found) = follow(&[(10, 10, 0); 8]);
        let pings: Vec<bool> = found.iter().map(|findings| findings.ping).collect();
        assert_eq!(pings, [false, false, true, false, false, false, false, false]);
    }

    #[test]
    fn it_is_logged_once_and_told_at_its_own_threshold() {
        let thresholds = Thresholds { action: Some(Duration::from_millis(20)), ..LOG_AT_50 };
        let mut step = Step::default();
        let mut found = Vec::new();
        for passed in [0, 10, 10, 10, 10, 10, 10] {
            let look = Look { step_number: 3, passed: Duration::from_millis(passed), times: None, is_asleep: false };
            found.push(step.look(look, thresholds));
        }
        let told: Vec<(bool, bool)> = found.iter().map(|findings| (findings.act, findings.log)).collect();
        let (no, act, log) = ((false, false), (true, false), (false, true));
        assert_eq!(told, [no, no, act, no, no, log, no]);
        assert_eq!(found[2].blocks, Some(BlockKind::Unknown), "the system tells no times");
    }

    #[test]
    fn the_end_tells_the_whole_duration() {
        let (mut step, _) = follow(&[(10, 10, 0); 7]);
        let next = Look { step_number: 3, passed: Duration::from_millis(10), times: None, is_asleep: false };
        let ended = step.look(next, LOG_AT_50).ended;
        assert_eq!(ended, Some(EndedStep { lasted: Duration::from_millis(70), kind: Some(BlockKind::Burning) }));

        let (mut step, _) = follow(&[(10, 0, 10); 7]);
        let ended = step.look(next, LOG_AT_50).ended;
        assert_eq!(ended, Some(EndedStep { lasted: Duration::from_millis(70), kind: None }), "not scheduled");

        let (mut step, _) = follow(&[(10, 10, 0); 4]);
        assert_eq!(step.look(next, LOG_AT_50), Findings::default(), "it was no long step");
    }

    #[test]
    fn a_loop_that_waits_is_in_no_step() {
        let mut step = Step::default();
        for _ in 0..20 {
            let look = Look { step_number: 2, passed: Duration::from_millis(10), times: None, is_asleep: false };
            assert_eq!(step.look(look, LOG_AT_50), Findings::default());
        }
    }
}
