//! Whatever body is decoded, it reads the same however its bytes arrive, within its limit; what is encoded comes back.
#![no_main]

#[path = "../../crates/http/tests/arbitrary/content_coding.rs"]
mod arbitrary;
#[path = "../../crates/http/tests/http1/random.rs"]
mod random;

use libfuzzer_sys::fuzz_target;

// The first eight bytes say how the others are cut.
fuzz_target!(|input: &[u8]| {
    let Some((seed, input)) = input.split_first_chunk() else { return };
    arbitrary::check(u64::from_le_bytes(*seed), input);
});
