//! The spots at which loops were blocked: each is told of once with its stack, and then counted.

use std::collections::HashMap;
use std::time::Duration;

/// More spots than a program has lines that block; beyond it the counts begin anew.
const MAX_SPOTS: usize = 1000;

/// What is known of all spots of the process.
#[derive(Debug, Default)]
pub(super) struct Spots {
    seen: HashMap<u64, Spot>,
}

/// How often, and how long in all, something blocked there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) times: u64,
    pub(super) total: Duration,
}

impl Spots {
    /// Notes that something blocks at a spot; whether it is the first time.
    pub(super) fn begin(&mut self, spot: u64) -> bool {
        if self.seen.len() >= MAX_SPOTS && !self.seen.contains_key(&spot) {
            self.seen.clear();
        }
        let seen = self.seen.entry(spot).or_default();
        seen.times += 1;
        seen.times == 1
    }

    /// Notes that it is over. What is known of the spot, if this time is one to be told of: the first, the
    /// tenth, the hundredth and so on.
    pub(super) fn end(&mut self, spot: u64, lasted: Duration) -> Option<Spot> {
        let seen = self.seen.entry(spot).or_default();
        seen.times = seen.times.max(1);
        seen.total += lasted;
        is_power_of_ten(seen.times).then_some(*seen)
    }
}

fn is_power_of_ten(number: u64) -> bool {
    10_u64.pow(number.ilog10()) == number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_is_told_of_at_powers_of_ten() {
        let mut spots = Spots::default();
        let told: Vec<u64> = (1..=1000)
            .filter_map(|_| {
                spots.begin(7);
                spots.end(7, Duration::from_secs(1))
            })
            .map(|spot| spot.times)
            .collect();
        assert_eq!(told, [1, 10, 100, 1000]);
        assert!(spots.begin(8), "another spot");
        assert!(!spots.begin(7));
    }

    #[test]
    fn the_total_is_that_of_all_times() {
        let mut spots = Spots::default();
        let told: Vec<Spot> = (0..10)
            .filter_map(|_| {
                spots.begin(7);
                spots.end(7, Duration::from_secs(2))
            })
            .collect();
        assert_eq!(told[1], Spot { times: 10, total: Duration::from_secs(20) });
    }

    #[test]
    fn the_table_is_bounded() {
        let mut spots = Spots::default();
        for spot in 0..10 * MAX_SPOTS as u64 {
            assert!(spots.begin(spot));
        }
        assert!(spots.seen.len() <= MAX_SPOTS);
    }
}
