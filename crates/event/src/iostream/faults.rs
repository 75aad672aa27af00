//! The random part of a faulty connection: where it cuts, and how long it waits.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use crate::random::Random;

/// What one end of a connection does to its reads and writes.
#[derive(Debug)]
pub(super) struct Faults {
    random: Random,
    split: bool,
    turns: u32,
    latency: Duration,
    pub(super) reads: Wait,
    pub(super) writes: Wait,
}

impl Faults {
    pub(super) fn new(seed: u64, split: bool, turns: u32, latency: Duration) -> Self {
        let (reads, writes) = (Wait::default(), Wait::default());
        let mut faults = Self { random: Random::new(seed), split, turns, latency, reads, writes };
        faults.delay_read();
        faults.delay_write();
        faults
    }

    /// How many of `count` bytes pass at once: at least one of them, half of the time a few.
    pub(super) fn cut(&mut self, count: usize) -> usize {
        if !self.split || count <= 1 {
            return count;
        }
        let most = if self.random.below(2) == 0 { count.min(8) } else { count };
        1 + self.random.below(most)
    }

    /// Decides how long the next read waits.
    pub(super) fn delay_read(&mut self) {
        self.reads = self.wait();
    }

    /// Decides how long the next write waits.
    pub(super) fn delay_write(&mut self) {
        self.writes = self.wait();
    }

    fn wait(&mut self) -> Wait {
        let mut wait = Wait::default();
        if self.turns > 0 && self.random.below(2) == 1 {
            wait.turns = 1 + self.random.below(self.turns as usize);
        }
        if !self.latency.is_zero() && self.random.below(2) == 0 {
            // Whole milliseconds, as the loop's timers go by: the same wherever in one the clock stands.
            let most = usize::try_from(self.latency.as_millis()).unwrap_or(usize::MAX - 1);
            wait.time = Some(Duration::from_millis(self.random.below(most + 1) as u64));
        }
        wait
    }
}

/// What is still to pass before a read or write.
#[derive(Debug, Default)]
pub(super) struct Wait {
    /// Turns of the loop.
    turns: usize,
    /// Time, from the first poll on.
    time: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Wait {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(time) = self.time.take() {
            self.timer = Some(Box::pin(sleep(time)));
        }
        if let Some(timer) = &mut self.timer {
            ready!(timer.as_mut().poll(cx));
            self.timer = None;
        }
        if self.turns == 0 {
            return Poll::Ready(());
        }
        self.turns -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_leaves_at_least_a_byte_and_at_most_all() {
        let mut faults = Faults::new(7, true, 0, Duration::ZERO);
        for count in 1..1000 {
            assert!((1..=count).contains(&faults.cut(count)));
        }
        assert_eq!(faults.cut(0), 0);
    }
}
