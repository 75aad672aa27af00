//! Whatever bytes are given as translations, nothing panics and its rules hold. The fuzzer `locale` goes on where
//! this ends.

#[path = "arbitrary/locale.rs"]
mod arbitrary;
#[path = "../../../tests/support/random.rs"]
mod random;

use random::Random;

/// Pieces that mean something to some of the readers.
#[rustfmt::skip]
const FRAGMENTS: &[&str] = &[
    "a", "b", "é", "\u{0}", "\u{4}", "\u{feff}", " ", "\t", "\r\n", "\n", "\n\n", "\"", "\"\"", "\\", "\\n", "\\x", "\\303",
    ",", ",plural", ",singular", ";", "#", "#, fuzzy", "#~",
    "msgid ", "msgid \"a\"\n", "msgid \"\"\n", "msgid_plural \"b\"\n", "msgstr \"", "msgstr[0] \"x\"\n", "msgstr[1] \"y\"\n",
    "msgctxt \"c\"\n", "Content-Type: text/plain; charset=", "KOI8-R", "Plural-Forms: nplurals=2; plural=",
    "n", "1", "10", "!", "!=", "==", "<", ">=", "&&", "||", "+", "-", "*", "/", "%", "?", ":", "(", ")",
    "en", "-US", "_", ", ", ";q=", "0.5", "nan", "*", "%(", ")s", ")d", "%%",
];

#[test]
fn nothing_panics_and_every_rule_holds() {
    let mut random = Random(21);
    for _ in 0..8000 {
        arbitrary::check(random.text(FRAGMENTS, 14).as_bytes());
    }
    for _ in 0..2000 {
        // The tables of a `.mo` file, with numbers that may lie within it.
        let mut bytes = vec![0xde, 0x12, 0x04, 0x95, 0, 0, 0, 0];
        for _ in 0..random.below(24) {
            bytes.extend(u32::to_le_bytes(
                [random.below(90) as u32, random.next() as u32][usize::from(random.below(9) == 0)],
            ));
        }
        bytes.extend(random.text(FRAGMENTS, 9).as_bytes());
        arbitrary::check(&bytes);
    }
}
