//! Whatever text `httputil` is given, nothing panics and its rules hold.
#![no_main]

#[path = "../../crates/http/tests/arbitrary/httputil.rs"]
mod arbitrary;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| arbitrary::check(text));
