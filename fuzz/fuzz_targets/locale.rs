//! Whatever bytes are given as translations, nothing panics and its rules hold.
#![no_main]

#[path = "../../crates/web/tests/arbitrary/locale.rs"]
mod arbitrary;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| arbitrary::check(bytes));
