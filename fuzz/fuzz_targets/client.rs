//! Whatever a server tells in events, challenges, cookies and ranges, nothing panics and the rules hold.
#![no_main]

#[path = "../../crates/http/tests/arbitrary/client.rs"]
mod arbitrary;
#[path = "../../crates/http/tests/http1/random.rs"]
mod random;

use libfuzzer_sys::fuzz_target;

// The first eight bytes say how the others are cut.
fuzz_target!(|input: &[u8]| {
    let Some((seed, input)) = input.split_first_chunk() else { return };
    arbitrary::check(u64::from_le_bytes(*seed), input);
});
