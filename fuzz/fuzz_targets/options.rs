//! Whatever text options are given, nothing panics, what is read is shown as it is read, and a mistake
//! has its place.
#![no_main]

#[path = "../../crates/run/tests/arbitrary/mod.rs"]
mod arbitrary;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| arbitrary::check(text));
