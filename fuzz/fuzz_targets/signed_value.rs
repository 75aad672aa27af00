//! Whatever comes as a signed value, nobody else signs.
#![no_main]

#[path = "../../crates/web/tests/arbitrary/signed_value.rs"]
mod arbitrary;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| arbitrary::check(bytes));
