//! When a process that has died is started again. The clock is an argument.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A process that lives shorter than this dies young, and is the more patiently restarted.
const YOUNG: Duration = Duration::from_secs(10);

/// The wait before the second restart of a process that dies young; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How often, and how soon, processes are restarted.
#[derive(Clone, Copy, Debug)]
pub(super) struct RestartPolicy {
    pub(super) most: u32,
    pub(super) within: Duration,
    pub(super) longest_wait: Duration,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self { most: 10, within: Duration::from_secs(60), longest_wait: Duration::from_secs(5) }
    }
}

/// The restarts that one task's process has had.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    recent: VecDeque<Instant>,
    young_deaths: u32,
}

impl Restarts {
    /// How long to wait before the process, which has died at `now` after it lived for `lived`, is started
    /// again; `None` if it has died too often.
    pub(super) fn next(&mut self, policy: RestartPolicy, now: Instant, lived: Duration) -> Option<Duration> {
        while self.recent.front().is_some_and(|&restart| now.duration_since(restart) >= policy.within) {
            self.recent.pop_front();
        }
        if self.recent.len() >= policy.most as usize {
            return None;
        }
        self.recent.push_back(now);
        self.young_deaths = if lived < YOUNG { self.young_deaths + 1 } else { 0 };
        Some(match self.young_deaths {
            0 | 1 => Duration::ZERO,
            deaths => FIRST_WAIT.saturating_mul(1 << (deaths - 2).min(16)).min(policy.longest_wait),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deaths: when, after how long a life, and the wait that follows; in milliseconds.
    fn check(policy: RestartPolicy, deaths: &[(u64, u64, Option<u64>)]) {
        let start = Instant::now();
        let mut restarts = Restarts::default();
        for &(at, lived, expected) in deaths {
            let wait = restarts.next(policy, start + Duration::from_millis(at), Duration::from_millis(lived));
            assert_eq!(wait.map(|wait| wait.as_millis() as u64), expected, "at {at}");
        }
    }

    #[test]
    fn the_first_restart_is_at_once_and_the_next_ones_wait_longer_and_longer() {
        let policy = RestartPolicy::default();
        check(
            policy,
            &[
                (0, 10, Some(0)),
                (10, 10, Some(100)),
                (120, 10, Some(200)),
                (330, 10, Some(400)),
                (740, 10, Some(800)),
                (1_550, 10, Some(1_600)),
                (3_160, 10, Some(3_200)),
                (6_370, 10, Some(5_000)),
                (11_380, 10, Some(5_000)),
                (16_390, 10, Some(5_000)),
                (21_400, 10, None),
            ],
        );
    }

    #[test]
    fn a_long_life_makes_up_for_early_deaths() {
        let deaths = [(0, 10, Some(0)), (100, 90, Some(100)), (20_000, 19_800, Some(0)), (20_010, 10, Some(0))];
        check(RestartPolicy::default(), &deaths);
    }

    #[test]
    fn deaths_count_within_their_time_only() {
        let policy = RestartPolicy { most: 2, within: Duration::from_secs(60), longest_wait: Duration::ZERO };
        let deaths =
            [(0, 20_000, Some(0)), (30_000, 20_000, Some(0)), (60_000, 30_000, Some(0)), (89_999, 29_999, None)];
        check(policy, &deaths);
    }
}
