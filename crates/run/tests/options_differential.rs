//! The same texts, command lines, config files and definitions through PyPI tornado's options and
//! through ours: the answers must be the same, but for what is marked as a difference here.
//!
//! `FIREWHIRL_PYTHON` names a Python with `tornado==6.6.1`. Without it these tests say that they
//! were skipped; with `FIREWHIRL_REQUIRE_PEERS=1` they fail then. The inputs are made of fragments
//! that mean something to what reads them, by a generator with a fixed seed.

#[path = "../../../tests/support/peers.rs"]
mod peers;
#[path = "../../../tests/support/random.rs"]
mod random;
#[path = "../../../tests/support/tornado.rs"]
mod tornado;

use firewhirl_run::options::{DateTime, Defined, Error, OptionDefault, OptionParser, SignedDuration, Value as Plain};
use random::Random;
use serde_json::{Value, json};

/// What asks Tornado's functions.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/options_peer.py");
const INPUTS: usize = 3000;

#[test]
fn integers_are_tornados() {
    let fragments = ["1", "0", "42", "-", "+", "_", " ", "9", "e", ".", "x"];
    check_texts("int", 1, &fragments, 5, |text| ours(None::<i64>, text));
}

#[test]
fn floats_are_tornados() {
    let fragments = ["1", "0", "42", "-", "+", "_", " ", ".", "e", "E", "inf", "nan", "5", "e-3"];
    check_texts("float", 2, &fragments, 6, |text| ours(None::<f64>, text));
}

#[test]
fn dates_are_tornados() {
    let fragments = [
        "2013", "-", "04", "4", "28", "31", "30", "02", "29", "2012", " ", "  ", "05", "5", ":", "16", "59", "60",
        "61", "T", "t", "Sun", "mon", "APR", "Feb", "0", "1", "12", "13", "23", "24", "0000", "0001",
    ];
    let mut random = Random(3);
    let mut texts: Vec<String> = (0..INPUTS).map(|_| random.text(&fragments, 9)).collect();
    // Made of pieces that fit, since few of those above do.
    let digits = |random: &mut Random, end: usize| match random.below(2) {
        0 => format!("{:02}", random.below(end)),
        _ => random.below(end).to_string(),
    };
    for _ in 0..INPUTS {
        let (year, month, day) = (random.below(3) * 1000 + 12, digits(&mut random, 14), digits(&mut random, 33));
        let (hour, minute, second) = (digits(&mut random, 26), digits(&mut random, 62), digits(&mut random, 63));
        let space = [" ", "  ", "\t", ""][random.below(4)];
        texts.push(match random.below(11) {
            0 => format!("Sun{space}Apr{space}{day}{space}{hour}:{minute}:{second} {year:04}"),
            1 => format!("{year:04}-{month}-{day}{space}{hour}:{minute}:{second}"),
            2 => format!("{year:04}-{month}-{day}{space}{hour}:{minute}"),
            3 => format!("{year:04}-{month}-{day}T{hour}:{minute}"),
            4 => format!("{year:04}{month}{day}{space}{hour}:{minute}:{second}"),
            5 => format!("{year:04}{month}{day}{space}{hour}:{minute}"),
            6 => format!("{year:04}-{month}-{day}"),
            7 => format!("{year:04}{month}{space}{day}"),
            8 => format!("{hour}:{minute}:{second}"),
            9 => format!("{hour}:{minute}"),
            _ => format!("fri feb{space} {day} {hour}:{minute}:{second}{space}{year:04}"),
        });
    }
    compare_texts("datetime", false, texts, |text| ours(None::<DateTime>, text));
}

#[test]
fn durations_are_tornados() {
    let fragments = [
        "1",
        "1.5",
        "0.1",
        ".5",
        "3.",
        "1e3",
        "1e-6",
        "0.0000005",
        "2.5",
        "999999999",
        "1e30",
        "-",
        "+",
        " ",
        "  ",
        "h",
        "m",
        "min",
        "s",
        "sec",
        "ms",
        "us",
        "d",
        "w",
        "hours",
        "minutes",
        "seconds",
        "milliseconds",
        "microseconds",
        "days",
        "weeks",
        "hour",
        "H",
        "_",
        "e",
    ];
    let ours_in_microseconds = |text: &str| {
        let options = OptionParser::new();
        let option = options.define("x", SignedDuration::ZERO);
        options.parse_command_line(["program", &format!("--x={text}")])?;
        // Up to a milliard days, which is more than 64 bits of microseconds.
        Ok(serde_json::from_str(&option.get().as_micros().to_string()).unwrap())
    };
    let mut random = Random(4);
    let mut texts: Vec<String> = (0..INPUTS).map(|_| random.text(&fragments, 8)).collect();
    let units = ["", "h", "m", "min", "s", "sec", "ms", "us", "d", "w", "hours", "microseconds", "weeks"];
    for _ in 0..INPUTS {
        let pieces: Vec<String> = (0..random.below(4))
            .map(|_| {
                let number = random.below(2_000_001) as f64 / [1.0, 7.0, 1000.0, 1e7][random.below(4)];
                format!("{number}{}{}", ["", " "][random.below(2)], units[random.below(units.len())])
            })
            .collect();
        texts.push(pieces.join(" "));
    }
    compare_texts("timedelta", false, texts, ours_in_microseconds);
}

#[test]
fn lists_are_tornados() {
    let fragments = ["1", "3", "5", ":", ",", "7", "-1", " ", "x", ""];
    let mut random = Random(5);
    let texts: Vec<String> = (0..INPUTS).map(|_| random.text(&fragments, 7)).collect();
    // A range of more than a million members, which Tornado makes and ours refuses, is not among them.
    let texts = texts.into_iter().filter(|text| text.split([',', ':']).all(|part| part.len() < 5)).collect();
    compare_texts("int", true, texts, |text| ours(Vec::<i64>::new(), text));

    let texts = (0..INPUTS).map(|_| random.text(&["a", "b:c", ",", " ", "é"], 6)).collect();
    compare_texts("str", true, texts, |text| ours(Vec::<String>::new(), text));
}

#[test]
fn booleans_are_tornados_where_they_are_read_at_all() {
    #[rustfmt::skip]
    let cases = [
        // Read as the same by both.
        ("true", Some(true)),   ("True", Some(true)),   ("TRUE", Some(true)), ("t", Some(true)), ("1", Some(true)),
        ("yes", Some(true)),    ("y", Some(true)),      ("on", Some(true)),
        ("false", Some(false)), ("False", Some(false)), ("f", Some(false)),   ("F", Some(false)), ("0", Some(false)),
        // True in Tornado, and nothing at all here.
        ("", None), ("2", None), ("flase", None), ("none", None), ("00", None),
    ];
    let calls = cases.map(|(text, _)| json!({ "function": "parse", "type": "bool", "multiple": false, "text": text }));
    let Some(answers) = tornado::ask(SCRIPT, calls.into()) else { return };
    for ((text, expected), theirs) in cases.into_iter().zip(answers) {
        assert_eq!(theirs, json!(expected.unwrap_or(true)), "Tornado, {text:?}");
        assert_eq!(ours(None::<bool>, text).ok(), expected.map(|value| json!(value)), "{text:?}");
    }
    // The words that mean the opposite here of what they do in Tornado.
    for text in ["no", "n", "off", "No"] {
        assert_eq!(ours(None::<bool>, text).unwrap(), json!(false), "{text}");
    }
}

#[test]
fn command_lines_are_tornados() {
    let fragments = [
        "--flag",
        "-flag",
        "--flag=true",
        "--flag=f",
        "--a_name=x",
        "-a-name=--y",
        "---a-name=",
        "--number=5",
        "--number=x",
        "rest",
        "--",
        "--unknown=1",
        "--a-name=a=b",
        "--help=false",
        "",
    ];
    let mut random = Random(6);
    let lines: Vec<Vec<&str>> =
        (0..INPUTS).map(|_| (0..random.below(6)).map(|_| fragments[random.below(fragments.len())]).collect()).collect();
    let Some(answers) = tornado::ask(
        SCRIPT,
        lines.iter().map(|line| json!({ "function": "command_line", "arguments": line })).collect(),
    ) else {
        return;
    };
    for (line, theirs) in lines.iter().zip(answers) {
        let options = OptionParser::new();
        let flag = options.define("flag", false);
        let name = options.define("a_name", "");
        let number = options.define("number", 0);
        let rest = options.parse_command_line(["program"].iter().chain(line));
        let ours = rest.map(|rest| json!([flag.get(), name.get(), number.get(), rest]));
        same(&ours, &theirs, &format!("{line:?}"));
    }
}

#[test]
fn assignments_are_pythons() {
    let mut random = Random(7);
    let inside = [
        "a",
        "é",
        "\\n",
        "\\t",
        "\\\\",
        "\\'",
        "\\\"",
        "\\x41",
        "\\x4",
        "\\101",
        "\\7",
        "\\u00e9",
        "\\U0001F600",
        "\\q",
        "\\\n",
        "'",
        "\"",
        "\n",
        " ",
        "#",
        ";",
        "\\N",
        "0",
    ];
    let mut cases = Vec::new();
    for _ in 0..INPUTS {
        let prefix = ["", "", "", "r", "R", "u", "U"][random.below(7)];
        let quote = ["'", "\"", "'''", "\"\"\""][random.below(4)];
        let literal = format!("{prefix}{quote}{}{quote}", random.text(&inside, 6));
        cases.push(("str", false, literal));
    }
    let digits = ["1", "0", "9", "_", ".", "e", "E", "+", "-", "x", "0x", "0b", "0o", "f", "7"];
    for _ in 0..INPUTS {
        // Two signs, or two numbers with one between, are computed in Python and refused here.
        let literal = random.text(&digits, 6);
        let computed = literal.get(1..).unwrap_or_default().contains(['+', '-']);
        let kind = if literal.contains(['.', 'e', 'E']) && !literal.contains('x') { "float" } else { "int" };
        // An integer where a float is expected is an error in Tornado, and fine here.
        if !computed && !literal.is_empty() {
            cases.push((kind, false, literal));
        }
    }
    let lists = ["[", "]", "(", ")", ",", "'a'", "\"b\"", " ", "\n", "# c\n"];
    for _ in 0..INPUTS {
        let literal = format!("[{}]", random.text(&lists, 8));
        // In Python a tuple is no list and cannot stand for one, and brackets after a value take a part of it.
        if !literal.contains('(') && !literal.contains(")") && literal.matches('[').count() == 1 {
            cases.push(("str", true, literal));
        }
    }
    let text = |literal: &str| format!("# a site\nx = {literal}  # end\n");
    let calls = cases.iter().map(|(kind, multiple, literal)| {
        json!({ "function": "config_file", "type": kind, "multiple": multiple, "text": text(literal) })
    });
    let Some(answers) = tornado::ask(SCRIPT, calls.collect()) else { return };
    let path = std::env::temp_dir().join(format!("firewhirl-{}-differential.py", std::process::id()));
    let mut read = 0;
    for ((kind, multiple, literal), theirs) in cases.iter().zip(answers) {
        std::fs::write(&path, text(literal)).unwrap();
        let ours = match (*kind, multiple) {
            ("str", false) => from_file(None::<String>, &path),
            ("str", true) => from_file(Vec::<String>::new(), &path),
            ("int", _) => from_file(None::<i128>, &path),
            _ => from_file(None::<f64>, &path),
        };
        read += usize::from(ours.is_ok());
        same(&ours, &theirs, literal);
    }
    std::fs::remove_file(path).unwrap();
    assert!(read > INPUTS / 3, "only {read} of {} could be read", cases.len());
}

#[test]
fn help_is_tornados_to_the_byte() {
    let vocabulary = [
        "port",
        "to",
        "listen",
        "on",
        "a-well-known-name",
        "x--y",
        "--",
        "-",
        "e-mail",
        "don't",
        "(see the manual)",
        "averylongwordthatisfarlongerthanthewholelineallows",
        "https://example.com/a-path/of-some-length/which-breaks",
        "\n",
        "\t",
        "  ",
        "é",
        "1-2",
        "a-1",
        "a-b-c",
        "one,",
        "two...",
        "'quoted'",
        "_x_-y",
        "--log-file-prefix",
    ];
    let names =
        ["port", "a_name", "with-dash", "averyveryverylongnameofoption", "Capital", "z", "log_file_prefix", "q1"];
    let groups = ["server", "./a//b/../c.py", "/usr/lib/x.py", "application", "..", "Zed"];
    let mut random = Random(8);
    let program = std::env::args().next().unwrap();
    let mut calls = Vec::new();
    let mut texts = Vec::new();
    for _ in 0..INPUTS / 10 {
        let options = OptionParser::new();
        let mut definitions = Vec::new();
        let first = random.below(names.len());
        for offset in 0..random.below(names.len() + 1) {
            let name = names[(first + offset) % names.len()];
            let group = groups[random.below(groups.len())];
            let mut definition = json!({ "name": name, "group": group });
            let help = (random.below(4) > 0).then(|| {
                (0..random.below(14)).map(|_| vocabulary[random.below(vocabulary.len())]).collect::<Vec<_>>().join(" ")
            });
            let metavar = ["", "PORT", "A_VERY_LONG_METAVAR"][random.below(3)];
            definition["help"] = json!(help);
            definition["metavar"] = json!(metavar);
            let words = Words { group, metavar, help: help.as_deref() };
            match random.below(10) {
                0 => {
                    definition["default"] = json!("some text");
                    words.of(options.define(name, "some text"));
                }
                1 => {
                    definition["default"] = json!("");
                    words.of(options.define(name, ""));
                }
                2 => {
                    definition["default"] = json!(8888);
                    words.of(options.define(name, 8888_u16));
                }
                3 => {
                    let number = [1.0, 0.1, 1e16, 1e-7, 123456.789][random.below(5)];
                    definition["default"] = json!(number);
                    words.of(options.define(name, number));
                }
                4 => {
                    definition["default"] = json!(false);
                    words.of(options.define(name, false));
                }
                5 => {
                    definition["default"] = json!(true);
                    words.of(options.define(name, true));
                }
                6 => {
                    definition["type"] = json!("int");
                    words.of(options.define(name, None::<i64>));
                }
                7 => {
                    definition["multiple"] = json!(true);
                    words.of(options.define(name, Vec::<String>::new()));
                }
                8 => {
                    definition["multiple"] = json!(true);
                    definition["default"] = json!(["a", "it's", "\"", "é\\"]);
                    words.of(options.define(name, ["a", "it's", "\"", "é\\"]));
                }
                _ => {
                    definition["type"] = json!("datetime");
                    definition["default"] = json!("2013-04-28T05:16:07");
                    words.of(options.define(name, DateTime::constant(2013, 4, 28, 5, 16, 7, 0)));
                }
            }
            definitions.push(definition);
        }
        calls.push(json!({ "function": "help", "program": program, "definitions": definitions }));
        texts.push(options.help_text());
    }
    let Some(answers) = tornado::ask(SCRIPT, calls.clone()) else { return };
    for ((call, ours), theirs) in calls.iter().zip(texts).zip(answers) {
        assert_eq!(ours, theirs.as_str().unwrap_or_else(|| panic!("{theirs}: {call}")), "{call}");
    }
}

/// What a definition says beside its type.
struct Words<'words> {
    group: &'words str,
    metavar: &'words str,
    help: Option<&'words str>,
}

impl Words<'_> {
    fn of<T: Clone + Send + Sync + 'static>(&self, defined: Defined<T>) {
        let defined = defined.group(self.group).metavar(self.metavar);
        if let Some(help) = self.help {
            defined.help(help);
        }
    }
}

/// Our value of an option that is given on the command line.
fn ours<D: OptionDefault<Kind>, Kind>(default: D, text: &str) -> Result<Value, Error> {
    let options = OptionParser::new();
    options.define("x", default);
    options.parse_command_line(["program", &format!("--x={text}")])?;
    options.get_value("x").map(|value| plain(&value))
}

/// Our value of an option that a config file assigns.
fn from_file<D: OptionDefault<Kind>, Kind>(default: D, path: &std::path::Path) -> Result<Value, Error> {
    let options = OptionParser::new();
    options.define("x", default);
    options.parse_config_file(path)?;
    options.get_value("x").map(|value| plain(&value))
}

/// As the peer writes it.
fn plain(value: &Plain) -> Value {
    match value {
        Plain::DateTime(_) => json!(value.to_string()),
        Plain::Integer(value) => serde_json::from_str(&value.to_string()).unwrap(),
        // Compared as numbers: the peer writes them as Python does.
        Plain::Float(value) => json!(format!("{value:?}")),
        Plain::List(values) => values.iter().map(plain).collect(),
        value => serde_json::to_value(value).unwrap(),
    }
}

fn check_texts(kind: &str, seed: u64, fragments: &[&str], most: usize, ours: impl Fn(&str) -> Result<Value, Error>) {
    let mut random = Random(seed);
    let texts = (0..INPUTS).map(|_| random.text(fragments, most)).collect();
    compare_texts(kind, false, texts, ours);
}

fn compare_texts(kind: &str, multiple: bool, texts: Vec<String>, ours: impl Fn(&str) -> Result<Value, Error>) {
    let call = |text| json!({ "function": "parse", "type": kind, "multiple": multiple, "text": text });
    let Some(answers) = tornado::ask(SCRIPT, texts.iter().map(call).collect()) else { return };
    let mut read = 0;
    for (text, theirs) in texts.iter().zip(answers) {
        let ours = ours(text);
        read += usize::from(ours.is_ok());
        same(&ours, &theirs, text);
    }
    assert!(read > 100, "only {read} of {} were read by both", texts.len());
}

/// Both refuse, or both read the same.
fn same(ours: &Result<Value, Error>, theirs: &Value, input: &str) {
    match (ours, theirs.get("error")) {
        (Err(_), Some(_)) => {}
        (Ok(ours), None) if floats(ours, theirs) => {}
        (Ok(ours), None) => assert_eq!(ours, theirs, "{input:?}"),
        (ours, _) => panic!("{input:?}: ours {ours:?}, Tornado's {theirs}"),
    }
}

/// Whether both are floats, and the same.
fn floats(ours: &Value, theirs: &Value) -> bool {
    let float = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
    match (float(ours), float(theirs)) {
        (Some(ours), Some(theirs)) => ours == theirs || (ours.is_nan() && theirs.is_nan()),
        _ => false,
    }
}
