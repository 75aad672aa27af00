//! Inputs made by a generator with a fixed seed, so that what fails with one fails with it again.

#![allow(dead_code, reason = "each test target uses its part of it")]

/// Vigna's splitmix64: the same numbers for the same seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub(crate) fn pick<'text>(&mut self, choices: &[&'text str]) -> &'text str {
        choices[self.below(choices.len())]
    }

    /// A text of up to `most` fragments.
    pub(crate) fn text(&mut self, fragments: &[&str], most: usize) -> String {
        (0..self.below(most + 1)).map(|_| self.pick(fragments)).collect()
    }

    /// The input cut at random places.
    pub(crate) fn cut<'input>(&mut self, mut input: &'input [u8]) -> Vec<&'input [u8]> {
        let mut pieces = Vec::new();
        while !input.is_empty() {
            let longest = [1, 4, 20, input.len()][self.below(4)].min(input.len());
            let piece;
            (piece, input) = input.split_at(1 + self.below(longest));
            pieces.push(piece);
        }
        pieces
    }

    /// The input with a few bytes changed, taken out, or put in, or with a part of it twice.
    pub(crate) fn mutate(&mut self, input: &[u8]) -> Vec<u8> {
        const NOTABLE: &[u8] = b"\r\n\r\n :;,=\"\\\t\0\x7f\xff0123456789abcdefxX+-/?#*%chunked";
        let mut bytes = input.to_vec();
        for _ in 0..1 + self.below(3) {
            let at = self.below(bytes.len());
            let notable = NOTABLE[self.below(NOTABLE.len())];
            match self.below(5) {
                0 if !bytes.is_empty() => bytes[at] = notable,
                1 if !bytes.is_empty() => drop(bytes.remove(at)),
                2 => bytes.insert(at, notable),
                3 => {
                    let end = at + self.below(bytes.len() - at);
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                _ => bytes.truncate(at),
            }
        }
        bytes
    }
}
