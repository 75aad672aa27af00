//! The same thousands of inputs to our functions and to Tornado's: the answers are to be the same.
//!
//! `FIREWHIRL_PYTHON` names a Python with `tornado==6.6.1`; without it the tests say that they were
//! skipped, or fail where `FIREWHIRL_REQUIRE_PEERS=1`. Inputs come from a generator with a fixed seed.
//! Where we differ from Tornado on purpose, the inputs leave that out and say so.

#[path = "../../../tests/support/peers.rs"]
mod peers;
#[path = "http1/random.rs"]
mod random;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use firewhirl_http::Headers;
use firewhirl_http::httputil::{
    Arguments, HttpDate, MultipartLimits, encode_username_password, parse_cookie, parse_multipart_form_data,
    parse_parameters, parse_request_range, split_host_and_port, url_concat,
};
use random::Random;

/// The parts of an answer; `None` where the input was refused.
type Answer = Option<Vec<Vec<u8>>>;

const ROUNDS: usize = 3000;

#[test]
fn arguments_are_the_same() {
    // Names are Latin-1 in Tornado and bytes here, so the answer to compare is bytes.
    let fragments = ["a", "b", "=", "&", "+", "%", "%41", "%26", "%c3%A9", "%zz", ";", "\u{e9}", " "];
    compare("arguments", texts(1, &fragments, 12).map(|query| vec![query]), |fields| {
        let arguments = Arguments::parse(&fields[0], 1000).ok()?;
        Some(grouped(&arguments))
    });
}

#[test]
fn uploads_are_the_same() {
    let fragments = ["v", "\r\n", "\r", "\n", "--", "-", "--1234", "\r\n--1234", "\r\n--123", "--1234--", "\0"];
    let heads = [
        "Content-Disposition: form-data; name=\"a\"",
        "Content-Disposition: form-data; name=a; filename=f",
        "content-disposition: form-data; name=\"\u{e9};\\\"\"; filename=\"\"",
        "Content-Type: text/plain\r\nContent-Disposition: form-data; name=b; filename*=utf-8''%C3%A9",
        "Content-Disposition: form-data",
        "Content-Disposition: attachment; name=a",
        "Content-Disposition: form-data; name=a\nX: y\r",
        "X",
        "",
    ];
    let mut random = Random(2);
    let bodies = std::iter::repeat_with(move || {
        let mut body = String::new();
        for _ in 0..random.below(4) {
            // Mostly heads that are right, so that most bodies are accepted.
            let head = if random.below(8) == 0 { random.pick(&heads) } else { random.pick(&heads[..4]) };
            let data = random.text(&fragments, 8);
            body += &format!("--1234\r\n{head}\r\n\r\n{data}\r\n");
        }
        body + "--1234--" + random.pick(&["", "\r\n", "\r\nepilogue"])
    })
    .filter(|body| {
        // Tornado looks for the last final boundary, which cannot be done as a body arrives: here the
        // first one ends it.
        let early_end = ["\r\n--1234--", "\r\n\r\n--1234--"].iter().any(|end| body.matches(end).count() > 1);
        !early_end && body.matches("--1234--").count() == 1
    })
    .map(|body| vec![b"1234".to_vec(), body.into_bytes()]);
    compare("multipart", bodies.take(ROUNDS), |fields| {
        let form = parse_multipart_form_data(&fields[0], &fields[1].clone().into(), MultipartLimits::new()).ok()?;
        let mut parts = grouped(&form.arguments);
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in form.files.iter() {
            if !seen.contains(&name) {
                seen.push(name);
                for file in form.files.get_all(name) {
                    parts.extend([name.into(), file.filename.clone().into(), file.content_type.clone().into()]);
                    parts.push(file.body.to_vec());
                }
            }
        }
        Some(parts)
    });
}

#[test]
fn parameters_are_the_same() {
    // Quotes and escapes in plain values, and RFC 2231 in others: Tornado leaves a backslash before a
    // quote that was percent-encoded.
    let plain = ["a", "b", "c=", "=", ";", "; ", "\"", "\\", "\\\"", "<", ">", " ", "\u{e9}", "A="];
    let extended = [
        "; a*=utf-8'en'",
        "; a*=us-ascii''",
        "; a*=iso-8859-1''",
        "; a*=x''",
        "; a*=",
        "; b*0*=utf-8''",
        "; b*0=",
        "; b*1=",
        "; b*1*=",
        "%C3%A9",
        "%41",
        "%",
        "'",
        "v",
        "; b=",
    ];
    let ours = |fields: &[Vec<u8>]| {
        let (value, mut parameters) = parse_parameters(std::str::from_utf8(&fields[0]).unwrap());
        parameters.sort();
        let parameters = parameters.into_iter().flat_map(|(name, value)| [name.into_bytes(), value.into_bytes()]);
        Some([value.as_bytes().to_vec()].into_iter().chain(parameters).collect())
    };
    compare("parameters", texts(3, &plain, 14).map(|text| vec![text]), ours);
    // Of pieces with one number Tornado takes the one first that comes first in the alphabet.
    let repeated = |text: &str| ["a*", "b*0", "b*1"].iter().any(|name| text.matches(name).count() > 1);
    let texts = texts(4, &extended, 10).filter(|text| !repeated(std::str::from_utf8(text).unwrap()));
    compare("parameters", texts.map(|text| vec![text]), ours);
}

#[test]
fn cookies_are_the_same() {
    let fragments =
        ["a", "b", "=", ";", "; ", "\"", "\\", "\\\"", "\\054", "\\400", "\\3", " ", "\u{e9}", "\u{a0}", "a=\"", "\";"];
    compare("cookies", texts(5, &fragments, 14).map(|header| vec![header]), |fields| {
        let cookies = parse_cookie(std::str::from_utf8(&fields[0]).unwrap());
        Some(cookies.into_iter().flat_map(|(name, value)| [name.into(), value.as_bytes().to_vec()]).collect())
    });
}

#[test]
fn headers_are_the_same() {
    let fragments =
        ["a", "b-c", "X-", ":", ": ", "\r\n", "\r\n", "\n", "\r", " ", "\t", "\u{e9}", "\0", "etag: v\r\n", "TE:x\n"];
    compare("headers", texts(6, &fragments, 12).map(|block| vec![block]), |fields| {
        let headers = Headers::parse(&fields[0]).ok()?;
        Some(headers.iter().flat_map(|(name, value)| [name.into(), value.to_vec()]).collect())
    });
    let lines = ["a: 1\r\n", "b: 2\n", "A:3\r\n", "B: \r\n", "c:\td\t\r\n", "x-Y-z: 1\r\n", "X-y-Z: 2\r\n"];
    compare("headers", texts(7, &lines, 12).map(|block| vec![block]), |fields| {
        let headers = Headers::parse(&fields[0]).ok()?;
        Some(headers.iter().flat_map(|(name, value)| [name.into(), value.to_vec()]).collect())
    });
}

#[test]
fn urls_are_the_same() {
    // No escapes of bytes that are no UTF-8: Tornado makes them U+FFFD, here they stay what they are.
    // No semicolon in the path either: Python drops one at its end.
    let fragments = ["?", "&", "=", "#", "x", "y", "+", "%41", "%26", "%c3%a9", "%zz", "%", ";", "\u{e9}", "/"];
    let mut random = Random(8);
    let questions = std::iter::repeat_with(move || {
        let path = random.pick(&["", "/a", "/?", "/b?c"]);
        let url = format!("https://example.com{path}{}", random.text(&fragments, 10));
        let mut fields = vec![url.into_bytes()];
        for _ in 0..random.below(3) {
            fields.extend([random.text(&fragments, 3).into_bytes(), random.text(&fragments, 3).into_bytes()]);
        }
        fields
    })
    .filter(|fields| fields[0].iter().find(|byte| b";?#".contains(byte)) != Some(&b';'));
    compare("url_concat", questions.take(ROUNDS), |fields| {
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
        let arguments = fields[1..].chunks(2).map(|pair| (text(&pair[0]), text(&pair[1])));
        Some(vec![url_concat(&text(&fields[0]), arguments).into_bytes()])
    });
}

#[test]
fn timestamps_are_the_same() {
    // Python's years begin with 1.
    const YEAR_1: i64 = -62_135_596_800;
    const YEAR_10000: i64 = 253_402_300_800;
    let mut random = Random(9);
    let mut seconds = move || YEAR_1 + (random.next() % (YEAR_10000 - YEAR_1) as u64) as i64;
    let questions = std::iter::repeat_with(move || vec![seconds().to_string().into_bytes()]);
    compare("timestamp", questions.take(ROUNDS), |fields| {
        let seconds = std::str::from_utf8(&fields[0]).unwrap().parse().unwrap();
        Some(vec![HttpDate::from_unix_seconds(seconds).as_bytes().to_vec()])
    });
}

#[test]
fn ranges_are_the_same() {
    // Only digits are a number here; to Python so are a sign before them and `_` between them.
    let fragments = ["bytes=", "bytes", "=", "-", ",", "0", "1", "5", "9", "12", " ", "x"];
    let mut random = Random(10);
    let questions = std::iter::repeat_with(move || {
        let header = random.pick(&["bytes=", "bytes=", "bytes=", ""]).to_owned() + &random.text(&fragments, 5);
        vec![header.into_bytes(), random.pick(&["0", "1", "10", "100"]).into()]
    })
    .filter(|fields| !std::str::from_utf8(&fields[0]).unwrap().replace(' ', "").contains("--"));
    compare("request_range", questions.take(ROUNDS), |fields| {
        let length = std::str::from_utf8(&fields[1]).unwrap().parse().unwrap();
        let range = parse_request_range(std::str::from_utf8(&fields[0]).unwrap());
        let resolved = range.map_or(Ok(0..length), |range| range.resolve(length));
        let shown = resolved.map_or("416".to_owned(), |range| format!("{}-{}", range.start, range.end));
        Some(vec![shown.into_bytes()])
    });
}

#[test]
fn hosts_and_ports_are_the_same() {
    let fragments = ["a", ":", "80", "0", "[::1]", ".", "+", "-"];
    // A number of five digits may be none that a port can have, which Tornado does not ask.
    let netlocs =
        texts(11, &fragments, 4).filter(|netloc| !netloc.windows(5).any(|part| part.iter().all(u8::is_ascii_digit)));
    compare("host_and_port", netlocs.map(|netloc| vec![netloc]), |fields| {
        let (host, port) = split_host_and_port(std::str::from_utf8(&fields[0]).unwrap());
        Some(vec![host.into(), port.map_or("None".to_owned(), |port| port.to_string()).into_bytes()])
    });
}

#[test]
fn names_with_passwords_are_the_same() {
    let fragments = ["a", ":", "\u{e9}", "e\u{301}", "\u{212b}", "\u{1100}\u{1161}", "\u{fb01}", "\u{0344}"];
    let mut random = Random(12);
    let questions =
        std::iter::repeat_with(move || vec![random.text(&fragments, 4).into(), random.text(&fragments, 4).into()]);
    compare("username_password", questions.take(ROUNDS), |fields| {
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
        Some(vec![encode_username_password(&text(&fields[0]), &text(&fields[1]))])
    });
}

/// Every value with its name, those of one name together.
fn grouped(arguments: &Arguments) -> Vec<Vec<u8>> {
    let values = |name: &[u8]| {
        let name = name.to_vec();
        let all = arguments.iter().filter(|(candidate, _)| *candidate == name).flat_map(|(name, value)| [name, value]);
        all.map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    arguments.names().flat_map(values).collect()
}

/// Asks both sides all questions, and fails with the first that they answer differently.
fn compare(function: &str, questions: impl Iterator<Item = Vec<Vec<u8>>>, ours: impl Fn(&[Vec<u8>]) -> Answer) {
    let questions: Vec<_> = questions.collect();
    let Some(answers) = tornado(function, &questions) else { return };
    assert_eq!(answers.len(), questions.len());
    for (fields, theirs) in questions.iter().zip(&answers) {
        let asked = fields.iter().map(|field| field.escape_ascii().to_string()).collect::<Vec<_>>();
        let shown = |answer: &Answer| {
            answer.as_ref().map(|parts| parts.iter().map(|part| part.escape_ascii().to_string()).collect::<Vec<_>>())
        };
        assert_eq!(shown(&ours(fields)), shown(theirs), "{function}{asked:#?}: left is ours, right is Tornado's");
    }
    let accepted = answers.iter().flatten().count();
    assert!(accepted * 10 > answers.len(), "{function}: only {accepted} of {} questions were valid", answers.len());
}

/// Tornado's answers; `None` if there is no Tornado to ask.
fn tornado(function: &str, questions: &[Vec<Vec<u8>>]) -> Option<Vec<Answer>> {
    let python = peers::python()?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/httputil_against_tornado.py");
    let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = String::new();
    for fields in questions {
        lines += function;
        for field in fields {
            lines += " ";
            lines += &hex(field);
        }
        lines += "\n";
    }
    // Written from a thread of its own, since either pipe may fill up.
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let answers = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| {
        let line = line.unwrap();
        let mut words = line.split(' ');
        (words.next() == Some("ok")).then(|| words.map(unhex).collect())
    });
    let answers = answers.collect();
    writer.join().unwrap().unwrap();
    assert!(child.wait().unwrap().success());
    Some(answers)
}

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() { "-".to_owned() } else { bytes.iter().map(|byte| format!("{byte:02x}")).collect() }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.trim_start_matches('-');
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// Texts of up to `most` fragments each.
fn texts<'text>(seed: u64, fragments: &'text [&str], most: usize) -> impl Iterator<Item = Vec<u8>> + 'text {
    let mut random = Random(seed);
    std::iter::repeat_with(move || random.text(fragments, most).into_bytes()).take(ROUNDS)
}
