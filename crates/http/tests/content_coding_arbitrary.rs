//! Whatever body is decoded, it reads the same however its bytes arrive, within its limit, and without a panic. The
//! fuzzer `content_coding` goes on where this ends.

#[path = "arbitrary/content_coding.rs"]
mod arbitrary;
#[path = "http1/random.rs"]
mod random;

use firewhirl_http::content_coding::{Encoder, Flush};
use random::Random;

#[test]
fn every_body_reads_the_same_in_pieces_and_comes_back_as_it_was() {
    let (mut random, built) = (Random(9), arbitrary::built());
    for seed in 0..400 {
        let plain = random.text(&["a", "bcd", "\0\0\0\0\0\0\0\0", "é", "fire whirl "], 400);
        let mut coded = Vec::new();
        for _ in 0..1 + random.below(2) {
            let mut encoder = Encoder::new(built[random.below(built.len())], 3, None).unwrap();
            encoder.encode(plain.as_bytes(), Flush::Finish, &mut coded).unwrap();
        }
        let body = if random.below(2) == 0 { coded } else { random.mutate(&coded) };
        arbitrary::check(seed, &body);
    }
}

#[test]
fn a_bomb_is_stopped_where_its_limit_is() {
    for coding in arbitrary::built() {
        let mut bomb = Vec::new();
        let mut encoder = Encoder::new(coding, 9, None).unwrap();
        for _ in 0..100 {
            encoder.encode(&[0; 100_000], Flush::None, &mut bomb).unwrap();
        }
        encoder.encode(b"", Flush::Finish, &mut bomb).unwrap();
        arbitrary::check(1, &bomb);
    }
}
