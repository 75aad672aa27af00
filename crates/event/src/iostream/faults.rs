//! The random part of a faulty connection: where it cuts, and how long it waits.

use std::task::{Context, Poll};

use crate::random::Random;

/// What one end of a connection does to its reads and writes.
#[derive(Debug)]
pub(super) struct Faults {
    random: Random,
    split: bool,
    turns: u32,
    pub(super) reads: Wait,
    pub(super) writes: Wait,
}

impl Faults {
    pub(super) fn new(seed: u64, split: bool, turns: u32) -> Self {
        let mut faults = Self { random: Random::new(seed), split, turns, reads: Wait(0), writes: Wait(0) };
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
        if self.turns == 0 || self.random.below(2) == 0 {
            return Wait(0);
        }
        Wait(1 + self.random.below(self.turns as usize))
    }
}

/// Turns of the loop that are still to pass.
#[derive(Debug)]
pub(super) struct Wait(usize);

impl Wait {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_leaves_at_least_a_byte_and_at_most_all() {
        let mut faults = Faults::new(7, true, 0);
        for count in 1..1000 {
            assert!((1..=count).contains(&faults.cut(count)));
        }
        assert_eq!(faults.cut(0), 0);
    }
}
