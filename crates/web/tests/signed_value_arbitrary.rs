//! Whatever comes as a signed value, nobody else signs. The fuzzer `signed_value` goes on where this ends.

#[path = "arbitrary/signed_value.rs"]
mod arbitrary;
#[path = "../../../tests/support/random.rs"]
mod random;

use random::Random;

/// Pieces of signed values.
#[rustfmt::skip]
const FRAGMENTS: &[&str] = &[
    "2|", "1|", "3|", "999|", "1:0|", "1:3|", "1:4|", "10:1300000000|", "4:user|", "8:YWxpY2U=|", "0:|", "-1:", "99999999999999999999:",
    "1300000000|", "YWxpY2U=|", "|", ":", "0", "é", "\u{0}", "170151cf2a955c1fd0f79f0e990ac0997c9fddcf6e2a965be718ba0d9794eff9",
];

#[test]
fn nothing_panics_and_every_rule_holds() {
    let mut random = Random(22);
    for _ in 0..4000 {
        arbitrary::check(random.text(FRAGMENTS, 9).as_bytes());
        arbitrary::check(&random.bytes(24));
    }
}
