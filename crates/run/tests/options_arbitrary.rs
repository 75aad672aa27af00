//! Whatever text options are given, nothing panics, what is read is shown as it is read, and a mistake
//! has its place. The fuzzer `options` goes on where this ends.

mod arbitrary;
#[path = "../../../tests/support/random.rs"]
mod random;

use random::Random;

/// Pieces that mean something to some of the readers.
const FRAGMENTS: &[&str] = &[
    "a",
    "b",
    "--a",
    "=",
    " ",
    "\n",
    "\r\n",
    "'",
    "\"",
    "'''",
    "\"\"\"",
    "\\",
    "\\x41",
    "\\u00e9",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ",",
    ":",
    "#",
    ";",
    "1",
    "2013-04-28",
    "05:16",
    "1h 30m",
    "1e400",
    "-0.0",
    "nan",
    "0x1f",
    "_",
    "True",
    "None",
    "true",
    "__file__",
    "import",
    "é",
    "\u{feff}",
    "\0",
    "\t",
    "\u{a0}",
    "127.0.0.1",
    "-",
    "--",
    "word",
    "averyveryverylongwordthatisnowhereinthelanguage",
    ".",
    "[a]",
    "[[a]]",
    "1:5",
    "99999999999999999999999999999999999999999999",
    "Sun Apr 28 05:16:00 2013",
    "s",
    "\u{2028}",
];

#[test]
fn nothing_panics_and_what_is_shown_is_read() {
    for fragment in FRAGMENTS {
        arbitrary::check(fragment);
    }
    let mut random = Random(9);
    for _ in 0..4000 {
        arbitrary::check(&random.text(FRAGMENTS, 11));
    }
}
