//! Inputs for tests that look random and are the same in every run.

#![allow(dead_code, reason = "each test target uses its part of it")]

/// A generator of numbers (xorshift), begun with a seed that is not zero.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((self.next() >> 32) as usize) % end
    }

    /// At most so many of the fragments, joined.
    pub(crate) fn text(&mut self, fragments: &[&str], most: usize) -> String {
        (0..self.below(most + 1)).map(|_| fragments[self.below(fragments.len())]).collect()
    }

    /// At most so many bytes.
    pub(crate) fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.next() as u8).collect()
    }
}
