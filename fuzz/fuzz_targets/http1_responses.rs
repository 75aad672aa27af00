//! Whatever a client is sent, it reads the same however the bytes arrive, and never panics.
#![no_main]

#[path = "../../crates/http/tests/http1/mod.rs"]
mod http1;

use firewhirl_http::Limits;
use http::Method;
use http1::{Random, responses};
use libfuzzer_sys::fuzz_target;

// The first eight bytes say how the others are cut, what was asked, and how much is allowed.
fuzz_target!(|input: &[u8]| {
    let Some((seed, input)) = input.split_first_chunk() else { return };
    let seed = u64::from_le_bytes(*seed);
    let mut limits = Limits::default();
    if seed & 1 == 1 {
        limits = limits.max_header_size(100).max_start_line(40).max_fields(4).max_body_size(16);
        limits = limits.max_chunk_extensions(8).max_trailer_size(24).bare_line_feed(seed & 2 == 2);
    }
    let method = [Method::GET, Method::HEAD, Method::CONNECT][(seed >> 2) as usize % 3].clone();
    let whole = responses(&method, &[input], &limits);
    let pieces = Random(seed).cut(input);
    assert_eq!(responses(&method, &pieces, &limits), whole);
});
