//! The same inputs through PyPI tornado and through this crate: the answers must be the same.
//!
//! `FIREWHIRL_PYTHON` names a Python with `tornado==6.6.1`. Without it these tests say that they
//! were skipped; with `FIREWHIRL_REQUIRE_PEERS=1` they fail then. The inputs are made of fragments
//! that mean something to the function under test, by a generator with a fixed seed.

#[path = "../../../tests/support/peers.rs"]
mod peers;
#[path = "../../../tests/support/random.rs"]
mod random;
#[path = "../../../tests/support/tornado.rs"]
mod tornado;

use firewhirl_escape::{
    LinkifyOptions, QsOptions, UrlPart, json_decode, json_encode, linkify, parse_qs_bytes, squeeze, url_escape,
    url_unescape, url_unescape_bytes, xhtml_escape, xhtml_unescape,
};
use random::Random;
use serde_json::{Value, json};

/// What asks Tornado's functions.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peer.py");
const INPUTS: usize = 4000;

/// A call of a function of Tornado's, and the answer that is ours.
struct Case {
    function: &'static str,
    input: String,
    options: Value,
    ours: Value,
}

#[test]
fn html_is_tornados() {
    let mut random = Random(1);
    let fragments = [
        "&",
        "&amp",
        "&amp;",
        "&lt",
        "&not",
        "it;",
        "in;",
        "&#",
        "&#x",
        "&#X",
        "0",
        "9",
        "128",
        "x80",
        "d800",
        "110000",
        "fffe",
        ";",
        "=",
        " ",
        "<",
        ">",
        "\"",
        "'",
        "é",
        "😀",
        "\n",
        "\t",
        "\u{c}",
        "&CounterClockwiseContourIntegral",
        "&fjlig;",
        "&nvlt;",
        "&sup",
        "1",
        "a",
        "ampamp",
        "&frac1",
        "&há;",
        "\0",
        "&é;",
        "&#1234567",
    ];
    let mut cases = Vec::new();
    for _ in 0..INPUTS {
        let input = random.text(&fragments, 12);
        cases.push(Case::new("xhtml_escape", &input, json!({}), xhtml_escape(&input)));
        cases.push(Case::new("xhtml_unescape", &input, json!({}), xhtml_unescape(&input)));
    }
    for code in
        (0..0x3000).chain(0xd7f0..0xe010).chain(0xfdc0..0x10010).chain(0x1_fff0..0x2_0010).chain(0x10_ffe0..0x11_0010)
    {
        for input in [format!("a&#{code};b"), format!("a&#x{code:X}b")] {
            cases.push(Case::new("xhtml_unescape", &input, json!({}), xhtml_unescape(&input)));
        }
    }
    compare(cases);
}

#[test]
fn all_named_references_are_tornados() {
    let Some(answers) = tornado::ask(SCRIPT, vec![json!({ "function": "entities", "input": null, "options": {} })])
    else {
        return;
    };
    let names = answers[0].as_object().unwrap();
    assert_eq!(names.len(), 2231);
    for (name, text) in names {
        assert_eq!(xhtml_unescape(&format!("&{name}")), text.as_str().unwrap(), "{name}");
    }
}

#[test]
fn prefixes_of_names_are_tornados() {
    let letters =
        ["a", "b", "c", "e", "g", "i", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "A", "L", "1", "2"];
    let mut cases = Vec::new();
    for first in letters {
        for second in letters {
            for third in letters {
                for end in ["", ";", "=", "sub;", "acute;", "ute", "irc;", "rr;"] {
                    let input = format!("&{first}{second}{third}{end}");
                    cases.push(Case::new("xhtml_unescape", &input, json!({}), xhtml_unescape(&input)));
                }
            }
        }
    }
    compare(cases);
}

#[test]
fn urls_are_tornados() {
    let mut random = Random(2);
    let fragments = [
        "%",
        "%4",
        "%41",
        "%c3",
        "%A9",
        "%C3%a9",
        "%E2%82",
        "%F0%9F%98%80",
        "%zz",
        "%00",
        "%2",
        "B",
        "%25",
        "+",
        " ",
        "/",
        "é",
        "€",
        "~",
        "-_.",
        "a",
        "=",
        "&",
        "%\n",
        "%\r\n",
        "%ff",
        "\u{7f}",
        "*",
        "'",
    ];
    let mut cases = Vec::new();
    for _ in 0..INPUTS {
        let input = random.text(&fragments, 10);
        let bytes = random.bytes(12);
        for (part, plus) in [(UrlPart::Query, true), (UrlPart::Path, false)] {
            let options = json!({ "plus": plus });
            cases.push(Case::new("url_escape", hex(&bytes), options.clone(), url_escape(&bytes, part)));
            cases.push(Case::new("url_escape", hex(input.as_bytes()), options.clone(), url_escape(&input, part)));
            cases.push(Case::new("url_unescape", &input, options.clone(), url_unescape(&input, part)));
            let ours = hex(&url_unescape_bytes(input.as_bytes(), part));
            cases.push(Case::new("url_unescape_bytes", &input, options, ours));
        }
    }
    compare(cases);
}

#[test]
fn query_strings_are_tornados() {
    let mut random = Random(3);
    let fragments =
        ["a", "b", "=", "&", "%41", "%3D", "%26", "%e9", "%", "%zz", "+", "é", ";", "==", "&&", "a=1", "\0"];
    let mut cases = Vec::new();
    for _ in 0..INPUTS {
        let mut input = random.text(&fragments, 10).into_bytes();
        if random.below(4) == 0 {
            input.extend(random.bytes(4));
        }
        let (keep, strict, limit) = (random.below(2) == 0, random.below(4) == 0, random.below(8));
        let options = QsOptions::new().keep_blank_values(keep).strict_parsing(strict).max_num_fields(limit);
        let ours = match parse_qs_bytes(&input, options) {
            Ok(fields) => {
                let mut grouped: Vec<(String, Vec<String>)> = Vec::new();
                for (name, value) in fields {
                    match grouped.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, values)) => values.push(hex(&value)),
                        None => grouped.push((name.into(), vec![hex(&value)])),
                    }
                }
                json!(grouped)
            }
            Err(_) => json!({ "error": "ValueError" }),
        };
        let options = json!({ "keep_blank_values": keep, "strict_parsing": strict, "max_num_fields": limit });
        cases.push(Case::new("parse_qs_bytes", hex(&input), options, ours));
    }
    compare(cases);
}

#[test]
fn json_is_tornados() {
    let mut random = Random(4);
    let mut cases = Vec::new();
    for _ in 0..INPUTS {
        let value = any_json(&mut random, 4);
        let text = serde_json::to_string(&value).unwrap();
        let read: Value = json_decode(&text).unwrap();
        assert_eq!(read, value);
        cases.push(Case::new("json_encode", text, json!({}), json_encode(&read).unwrap()));
        // Any bits; few digits around the places where the notation changes; and whole numbers of
        // small parts, which may lie in the middle between two shorter ones.
        let exponent = i32::try_from(random.below(44)).unwrap() - 22;
        let few = (random.below(2000) as f64 - 1000.0) * 10f64.powi(exponent);
        let parts = (random.next() >> 11) as f64 / 2f64.powi(exponent + 22);
        for float in [f64::from_bits(random.next()), few, parts] {
            let ours = json_encode(&float).unwrap();
            cases.push(Case::new("json_encode_float", hex(&float.to_be_bytes()), json!({}), ours));
        }
    }
    compare(cases);
}

#[test]
fn squeezed_text_is_tornados() {
    let mut random = Random(5);
    let fragments =
        [" ", "\t", "\r\n", "\0", "\u{1f}", "\u{7f}", "\u{85}", "\u{a0}", "\u{2003}", "\u{feff}", "a", "é", "😀"];
    let input = || random.text(&fragments, 8);
    let inputs: Vec<_> = std::iter::repeat_with(input).take(INPUTS).collect();
    compare(inputs.iter().map(|input| Case::new("squeeze", input, json!({}), squeeze(input))).collect());
}

#[test]
fn links_are_tornados() {
    let mut random = Random(6);
    let fragments = [
        "http",
        "https",
        "ftp",
        "javascript",
        ":",
        "/",
        "//",
        "///",
        "://",
        "http://",
        "https://",
        "www.",
        "www",
        ".",
        "-",
        "_",
        "a",
        "example.com",
        "(",
        ")",
        "&",
        "&amp;",
        "\"",
        "'",
        "<",
        ">",
        "!",
        "?",
        "é",
        "樹",
        "😀",
        " ",
        "\n",
        "\u{1c}",
        "\u{a0}",
        "\\",
        "#x",
        "=1",
        "%20",
        "averylongpathindeed",
        "/q.html?a=b&c=d",
        ";",
        "~",
        "@",
        "[",
        "]",
    ];
    let mut cases = Vec::new();
    for _ in 0..4 * INPUTS {
        let input = random.text(&fragments, 16);
        let (shorten, require) = (random.below(2) == 0, random.below(3) == 0);
        let extra = ["", "rel=nofollow", "  class=\"a\" ", " "][random.below(4)];
        let protocols: &[&str] = [&["http", "https"] as &[_], &["http", "ftp"], &[]][random.below(3)];
        let options = LinkifyOptions::new()
            .shorten(shorten)
            .require_protocol(require)
            .extra_params(extra)
            .permitted_protocols(protocols.iter().copied());
        let ours = linkify(&input, &options);
        let options = json!({
            "shorten": shorten, "require_protocol": require, "extra_params": extra, "permitted_protocols": protocols,
        });
        cases.push(Case::new("linkify", input, options, ours));
    }
    compare(cases);
}

impl Case {
    fn new(function: &'static str, input: impl Into<String>, options: Value, ours: impl Into<Value>) -> Self {
        Self { function, input: input.into(), options, ours: ours.into() }
    }
}

/// Asks Tornado for its answers and compares them with ours.
fn compare(cases: Vec<Case>) {
    let call = |case: &Case| json!({ "function": case.function, "input": case.input, "options": case.options });
    let Some(answers) = tornado::ask(SCRIPT, cases.iter().map(call).collect()) else { return };
    for (Case { function, input, options, ours }, theirs) in cases.iter().zip(answers) {
        assert_eq!(*ours, theirs, "{function}({input:?}, {options})");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Any value, of at most so many levels.
fn any_json(random: &mut Random, depth: usize) -> Value {
    let fragments =
        ["</", "<", "/", "\\", "\"", "\u{0}", "\u{8}\u{c}\n\r\t", "\u{7f}", "é", "\u{2028}", "😀", "a", "script>"];
    match random.below(if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => json!(random.below(2) == 0),
        2 => json!(random.next() as i64),
        3 => json!(random.below(1000)),
        4 => json!(random.below(1000) as f64 / 8.0),
        5 => json!(random.text(&fragments, 8)),
        6 => (0..random.below(4)).map(|_| any_json(random, depth - 1)).collect(),
        _ => {
            let members = (0..random.below(4)).map(|_| (random.text(&fragments, 3), any_json(random, depth - 1)));
            Value::Object(members.collect())
        }
    }
}
