//! Seeds: numbers from which a test draws all its chance, so that a run which fails can be repeated.

use std::cell::Cell;
use std::env;

/// Runs a test for each of the seeds from 0 up to `count`.
///
/// Within it [`seed`] is the one at hand, which the faults of a
/// [network in memory](crate::HttpTest::faults) are drawn from. A failure tells its seed, and
/// `FIREWHIRL_SEED=17` in the environment runs that one alone; `FIREWHIRL_SEEDS=100000` runs that many, to
/// look for rare ones.
///
/// A run repeats exactly where nothing but the seed is left to chance: in one loop, over a network in memory,
/// on a paused clock. What the service itself draws is its own, such as the order of a `HashMap` or of a
/// `tokio::select!` that is not `biased`.
///
/// # Panics
///
/// If one of the runs does, with its panic; or if the environment's number is none.
///
/// # Examples
///
/// ```
/// use firewhirl_testing::{FetchErrorKind, HttpTest, for_seeds};
/// use firewhirl_web::Application;
/// use std::time::Duration;
///
/// async fn app() -> firewhirl_event::Result<Application> {
///     Ok(Application::new().get("/", async |cx| cx.write("Hello, world")))
/// }
///
/// for_seeds(20, |_| {
///     HttpTest::new(app).faults().run(async |client| {
///         // The connection may break, but there is an answer or an error in the end.
///         match client.get("/").leave_after(Duration::from_secs(60)).await {
///             Ok(response) => assert_eq!(response.text(), "Hello, world"),
///             Err(error) => assert!(!matches!(error.kind(), FetchErrorKind::Left)),
///         }
///         Ok(())
///     });
/// });
/// ```
pub fn for_seeds(count: u64, test: impl Fn(u64)) {
    let seeds = match from_environment("FIREWHIRL_SEED") {
        Some(seed) => seed..seed.saturating_add(1),
        None => 0..from_environment("FIREWHIRL_SEEDS").unwrap_or(count),
    };
    for seed in seeds {
        let _drawing = Drawing::begin(Some(seed));
        test(seed);
    }
}

/// The seed of this test: in [`for_seeds`] the one at hand, else `FIREWHIRL_SEED`, else 0.
///
/// A test that has asked for it tells it when it fails; a network that misbehaves asks.
///
/// # Panics
///
/// If the environment's `FIREWHIRL_SEED` is no number.
///
/// # Examples
///
/// ```
/// use firewhirl_testing::{for_seeds, seed};
///
/// for_seeds(3, |number| assert_eq!(seed(), number));
/// ```
pub fn seed() -> u64 {
    let current = CURRENT.get();
    CURRENT.set(Current { is_used: true, ..current });
    current.seed.or_else(|| from_environment("FIREWHIRL_SEED")).unwrap_or(0)
}

thread_local! {
    static CURRENT: Cell<Current> = const { Cell::new(Current { seed: None, is_used: false, is_told: false }) };
}

#[derive(Clone, Copy)]
struct Current {
    seed: Option<u64>,
    /// Somebody asked for it.
    is_used: bool,
    /// A failure has told it already.
    is_told: bool,
}

/// A run with a seed. It is told when the run panics.
pub(crate) struct Drawing {
    outer: Current,
}

impl Drawing {
    /// Begins a run; without a seed with that of the run around it.
    pub(crate) fn begin(seed: Option<u64>) -> Self {
        let outer = CURRENT.get();
        CURRENT.set(Current { seed: seed.or(outer.seed), is_used: seed.is_some(), is_told: false });
        Self { outer }
    }

    /// The seed, if the run has to do with one, for a failure to tell.
    pub(crate) fn tell() -> Option<u64> {
        let current = CURRENT.get();
        if !current.is_used && current.seed.is_none() {
            return None;
        }
        CURRENT.set(Current { is_told: true, ..current });
        Some(seed())
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        let ended = CURRENT.get();
        if std::thread::panicking() && ended.is_used && !ended.is_told {
            let seed = seed();
            eprintln!("failed with seed {seed}; FIREWHIRL_SEED={seed} repeats it");
            CURRENT.set(Current { is_told: true, ..self.outer });
        } else {
            CURRENT.set(Current { is_told: ended.is_told, ..self.outer });
        }
    }
}

fn from_environment(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    match text.trim().parse() {
        Ok(number) => Some(number),
        Err(_) => panic!("{name} is to be a number, not {text:?}"),
    }
}

/// The seed of part `number` of what is drawn from `seed`, such as one connection's.
pub(crate) fn seed_of_part(seed: u64, number: u64) -> u64 {
    // SplitMix64's step, so that neighbours have nothing in common.
    let mut mixed = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
