//! How the list behaves: Tornado's own tests of `HTTPHeaders` and what the block adds to them.

use std::time::Instant;

use super::*;

fn pairs(headers: &Headers) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_owned(), text(value).into_owned())).collect()
}

fn check(headers: &Headers, expected: &[(&str, &str)]) {
    let expected_pairs: Vec<_> = expected.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(pairs(headers), expected_pairs);
    let block: String = expected.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    assert_eq!(headers.as_bytes(), block.as_bytes());
}

#[test]
fn lines_of_one_name_stand_together_where_the_name_came_first() {
    let mut headers = Headers::new();
    for (name, value) in [("b", "1"), ("a", "1"), ("B", "2"), ("c", "1"), ("A", "22"), ("b", "")] {
        headers.add(name, value).unwrap();
    }
    check(&headers, &[("B", "1"), ("B", "2"), ("B", ""), ("A", "1"), ("A", "22"), ("C", "1")]);
    assert_eq!(headers.len(), 3);
    assert_eq!(headers.names().collect::<Vec<_>>(), ["B", "A", "C"]);
    assert_eq!(headers.get("b").unwrap(), "1,2,");
    assert_eq!(headers.get_list("a").collect::<Vec<_>>(), ["1", "22"]);
    assert_eq!(headers.get_list("missing").len(), 0);
    assert_eq!(headers.get("missing"), None);

    let block = "b: 1\r\na: 1\nB: 2\r\n\r\nc: 1\r\nA: 22\r\nb:";
    let parsed = Headers::parse(block).unwrap();
    assert_eq!(parsed.as_bytes(), headers.as_bytes());
    assert_eq!(pairs(&parsed), pairs(&headers));
}

#[test]
fn setting_replaces_all_values_in_place() {
    for value in ["x", "longer than it was", "", "12"] {
        let mut headers = Headers::new();
        for (name, value) in [("a", "1"), ("b", "12"), ("b", "3"), ("c", "4"), ("d", "5")] {
            headers.add(name, value).unwrap();
        }
        headers.set("B", value).unwrap();
        check(&headers, &[("A", "1"), ("B", value), ("C", "4"), ("D", "5")]);
        headers.set("d", value).unwrap();
        headers.set("e", 6).unwrap();
        check(&headers, &[("A", "1"), ("B", value), ("C", "4"), ("D", value), ("E", "6")]);
    }
}

#[test]
fn names_that_look_alike_are_told_apart() {
    // Their length, first, middle and last byte are the same.
    let mut headers = Headers::new();
    headers.set("X-Aaa-Name", 1).unwrap();
    headers.set("X-Bba-Name", 2).unwrap();
    headers.add("x-bba-name", 3).unwrap();
    headers.add("x-cca-name", 4).unwrap();
    headers.set("x-aaa-name", 5).unwrap();
    check(&headers, &[("X-Aaa-Name", "5"), ("X-Bba-Name", "2"), ("X-Bba-Name", "3"), ("X-Cca-Name", "4")]);
    assert_eq!(headers.get("X-Bba-Name").unwrap(), "2,3");
    assert_eq!(headers.get("X-Dda-Name"), None);
    assert!(headers.remove("x-bba-name"));
    check(&headers, &[("X-Aaa-Name", "5"), ("X-Cca-Name", "4")]);
}

#[test]
fn removing_takes_all_lines_of_a_name() {
    let mut headers = Headers::new();
    headers.set("foo", "bar").unwrap();
    assert!(headers.remove("FOO"));
    assert!(!headers.remove("foo"));
    check(&headers, &[]);

    for (name, value) in [("a", "1"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"), ("z", "2")] {
        headers.add(name, value).unwrap();
    }
    assert!(headers.contains("set-cookie"));
    assert!(headers.remove("set-cookie"));
    assert!(!headers.contains("set-cookie"));
    check(&headers, &[("A", "1"), ("Z", "2")]);
    headers.add("z", 3).unwrap();
    assert!(headers.remove("a"));
    check(&headers, &[("Z", "2"), ("Z", "3")]);
}

#[test]
fn a_refused_field_leaves_the_list_as_it_was() {
    let mut headers = Headers::new();
    headers.set("a", 1).unwrap();
    headers.set("b", 2).unwrap();
    for name in ["", "foo bar", "foo\tbar", "foo\nbar", "foo\0bar", "foo ", " foo", "\u{e9}"] {
        assert!(matches!(headers.add(name, "bar"), Err(InvalidHeader::Name { .. })), "{name:?}");
        assert!(matches!(headers.set(name, "bar"), Err(InvalidHeader::Name { .. })), "{name:?}");
    }
    for value in ["a\rb", "a\nb", "\r\n", "\n ", "a\0", "\x7f"] {
        assert!(matches!(headers.add("a", value), Err(InvalidHeader::Value { .. })), "{value:?}");
        assert!(matches!(headers.set("a", value), Err(InvalidHeader::Value { .. })), "{value:?}");
        assert!(matches!(headers.set("new", value), Err(InvalidHeader::Value { .. })), "{value:?}");
    }
    check(&headers, &[("A", "1"), ("B", "2")]);
    let error = headers.set("Host ", "a").unwrap_err();
    assert_eq!(error.to_string(), "Invalid header name 'Host '");
    let error = headers.set("Host", "a\x01b").unwrap_err();
    assert_eq!(error.to_string(), "Invalid header value 'a\\x01b'");
}

#[test]
fn malformed_lines_are_refused() {
    const CASES: &[(&str, &str)] = &[
        ("Foo: bar\r\n\tasdf", "header line cannot start with whitespace, folding not supported"),
        (" Foo: bar", "header line cannot start with whitespace, folding not supported"),
        ("Foo", "no colon in header line"),
        (": bar", "Invalid header name ''"),
        ("Foo : bar", "Invalid header name 'Foo '"),
        ("Cr: cr\rMore: more\r\n", "Invalid header value 'cr\\rMore: more'"),
        ("Foo: bar\r\r\n", "Invalid header value 'bar\\r'"),
    ];
    for &(block, message) in CASES {
        assert_eq!(Headers::parse(block).unwrap_err().to_string(), message, "{block:?}");
    }
}

#[test]
fn control_characters_are_refused_in_a_parsed_value() {
    for character in (0..=0xFF).map(char::from) {
        let headers = Headers::parse(format!("Foo: bar{character}baz\r\n"));
        let allowed = character == '\t' || (character >= ' ' && character != '\x7f');
        if allowed {
            assert_eq!(headers.unwrap().get("foo").unwrap(), format!("bar{character}baz"));
        } else {
            assert!(headers.is_err(), "{character:?}");
        }
    }
}

#[test]
fn only_a_line_feed_ends_a_line() {
    for newline in ['\u{85}', '\u{2028}', '\u{2029}'] {
        let headers = Headers::parse(format!("Cookie: foo={newline}bar")).unwrap();
        check(&headers, &[("Cookie", &format!("foo={newline}bar"))]);
    }
    let headers = Headers::parse(b"Cookie: foo=\x85bar").unwrap();
    assert_eq!(headers.get("cookie").unwrap(), "foo=\u{85}bar");
    assert_eq!(headers.get_bytes("cookie").unwrap(), b"foo=\x85bar");

    let headers = Headers::parse("CRLF: crlf\r\nLF: lf\nMore: more\r\n").unwrap();
    check(&headers, &[("Crlf", "crlf"), ("Lf", "lf"), ("More", "more")]);
}

#[test]
fn only_spaces_and_tabs_are_stripped() {
    for (space, stripped) in [(" ", true), ("\t", true), ("\u{a0}", false), ("\u{85}", false)] {
        let headers = Headers::parse(format!("Transfer-Encoding: {space}chunked")).unwrap();
        let expected = if stripped { "chunked".to_owned() } else { format!("{space}chunked") };
        check(&headers, &[("Transfer-Encoding", &expected)]);
    }
}

#[test]
fn single_lines_are_added_one_by_one() {
    let mut headers = Headers::new();
    headers.parse_line("Content-Type: text/html").unwrap();
    headers.parse_line("Content-Length: 42\r\n").unwrap();
    headers.parse_line("content-type: b\n").unwrap();
    headers.parse_line("\r\n").unwrap();
    headers.parse_line("").unwrap();
    assert!(headers.parse_line("Foo").is_err());
    check(&headers, &[("Content-Type", "text/html"), ("Content-Type", "b"), ("Content-Length", "42")]);
}

#[test]
fn a_copy_shares_nothing() {
    let original = Headers::parse("A: 1\r\nA: 2\r\nB: c\r\n").unwrap();
    let mut copy = original.clone();
    assert_eq!(copy, original);
    copy.add("A", 3).unwrap();
    assert_ne!(copy, original);
    check(&original, &[("A", "1"), ("A", "2"), ("B", "c")]);

    copy.clone_from(&original);
    assert_eq!(copy, original);
    check(&copy, &[("A", "1"), ("A", "2"), ("B", "c")]);
    copy.clear();
    assert!(copy.is_empty() && copy.as_bytes().is_empty());
}

#[test]
fn equality_asks_for_the_values_and_not_for_the_order_of_names() {
    let parse = |block| Headers::parse(block).unwrap();
    assert_eq!(parse("A: 1\nB: 2"), parse("b: 2\na: 1"));
    assert_ne!(parse("A: 1\nA: 2"), parse("A: 2\nA: 1"));
    assert_ne!(parse("A: 1\nA: 2"), parse("A: 1\nB: 2"));
    assert_ne!(parse("A: 1"), Headers::new());
}

#[test]
fn what_is_printed_is_read_back() {
    let mut headers = Headers::new();
    for value in 1..4 {
        headers.add("Foo", value).unwrap();
    }
    assert_eq!(headers.to_string(), "Foo: 1\nFoo: 2\nFoo: 3\n");
    assert_eq!(Headers::parse(headers.to_string()).unwrap(), headers);
    assert_eq!(format!("{headers:?}"), r#"{"Foo": "1", "Foo": "2", "Foo": "3"}"#);
}

#[test]
fn a_header_map_and_back() {
    let headers = Headers::parse("Set-Cookie: a\r\nHost: b\r\nSet-Cookie: c\r\n").unwrap();
    let map = http::HeaderMap::try_from(&headers).unwrap();
    assert_eq!(map.get_all("set-cookie").iter().collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(Headers::try_from(&map).unwrap(), headers);
}

#[test]
fn names_of_the_http_crate_are_taken_too() {
    let mut headers = Headers::new();
    headers.set(http::header::CONTENT_LENGTH, 5usize).unwrap();
    headers.set(http::header::ETAG, http::HeaderValue::from_static("\"a\"")).unwrap();
    check(&headers, &[("Content-Length", "5"), ("Etag", "\"a\"")]);
    assert!(headers.contains(http::header::ETAG));
}

#[test]
fn any_sequence_of_changes_leaves_what_a_plain_list_would_hold() {
    const NAMES: [&str; 5] = ["A", "Bb", "C-D", "Content-Type", "X"];
    const VALUES: [&str; 4] = ["", "1", "some value", "\u{e9}"];
    let mut seed = 1u64;
    let mut below = |limit: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % limit
    };
    for _ in 0..500 {
        let mut headers = Headers::new();
        let mut model: Vec<(&str, Vec<&str>)> = Vec::new();
        for _ in 0..20 {
            let (name, value) = (NAMES[below(NAMES.len())], VALUES[below(VALUES.len())]);
            let place = model.iter().position(|field| field.0 == name);
            let added = place.unwrap_or(model.len());
            match below(7) {
                0..3 => {
                    headers.add(name.to_lowercase(), value).unwrap();
                    model.resize(model.len().max(added + 1), (name, Vec::new()));
                    model[added].1.push(value);
                }
                3..6 => {
                    headers.set(name.to_uppercase(), value).unwrap();
                    model.resize(model.len().max(added + 1), (name, Vec::new()));
                    model[added].1 = vec![value];
                }
                _ => {
                    assert_eq!(headers.remove(name), place.is_some());
                    model.retain(|field| field.0 != name);
                }
            }
            let lines: Vec<_> =
                model.iter().flat_map(|(name, values)| values.iter().map(move |value| (*name, *value))).collect();
            check(&headers, &lines);
            assert_eq!(headers.len(), model.len());
        }
    }
}

#[test]
fn many_lines_take_linear_time() {
    // Quadratic work would take minutes at this size; the bound only tells the two apart.
    let begun = Instant::now();
    let mut headers = Headers::new();
    for _ in 0..100_000 {
        headers.add("X-Foo", "bar").unwrap();
    }
    let repeated = Headers::parse("X: a\r\n".repeat(100_000)).unwrap();
    assert_eq!(repeated.get_list("x").len(), 100_000);
    let alternating = Headers::parse("X: a\r\nY: b\r\n".repeat(100_000)).unwrap();
    assert_eq!(alternating.get_list("y").len(), 100_000);
    let distinct: String = (0..100_000).map(|number| format!("X{number}: b\r\n")).collect();
    assert_eq!(Headers::parse(distinct).unwrap().len(), 100_000);
    assert!(begun.elapsed().as_secs() < 20);
}
