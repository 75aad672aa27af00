//! The cases of Tornado's `escape_test`, and what Rust adds to them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use firewhirl_escape::{
    LinkifyOptions, QsOptions, UrlPart, decode_latin1, json_decode, json_encode, linkify, parse_qs_bytes, squeeze,
    url_escape, url_unescape, url_unescape_bytes, xhtml_escape, xhtml_unescape,
};
use serde::Serialize;

#[test]
fn html_is_escaped_and_comes_back() {
    let cases: &[(&str, &str)] = &[
        ("<foo>", "&lt;foo&gt;"),
        ("<>&\"'", "&lt;&gt;&amp;&quot;&#x27;"),
        ("&amp;", "&amp;amp;"),
        ("<\u{e9}>", "&lt;\u{e9}&gt;"),
        ("", ""),
    ];
    for (plain, escaped) in cases {
        assert_eq!(xhtml_escape(plain), *escaped);
        assert_eq!(xhtml_unescape(escaped), *plain);
    }
    assert!(matches!(xhtml_escape("plain"), Cow::Borrowed("plain")));
    assert!(matches!(xhtml_unescape("plain"), Cow::Borrowed("plain")));
}

#[test]
fn numeric_references_are_decimal_or_hexadecimal() {
    let cases: &[(&str, &str)] = &[
        ("foo&#32;bar", "foo bar"),
        ("foo&#x20;bar", "foo bar"),
        ("foo&#X20;bar", "foo bar"),
        ("foo&#xabc;bar", "foo\u{abc}bar"),
        ("foo&#xyz;bar", "foo&#xyz;bar"),
        ("foo&#;bar", "foo&#;bar"),
        ("foo&#x;bar", "foo&#x;bar"),
    ];
    for (escaped, plain) in cases {
        assert_eq!(xhtml_unescape(escaped), *plain);
    }
}

#[test]
fn text_is_escaped_as_utf8_and_bytes_as_they_are() {
    assert_eq!(url_escape("\u{e9}", UrlPart::Query), "%C3%A9");
    assert_eq!(url_escape("\u{e9}".as_bytes(), UrlPart::Query), "%C3%A9");
    assert_eq!(url_escape(b"\xe9", UrlPart::Query), "%E9");
}

#[test]
fn what_was_escaped_can_be_read_in_any_encoding() {
    assert_eq!(url_unescape("%C3%A9", UrlPart::Query), "\u{e9}");
    let bytes = url_unescape_bytes(b"%C3%A9", UrlPart::Query);
    assert_eq!(*bytes, *"\u{e9}".as_bytes());
    assert_eq!(decode_latin1(&bytes), "\u{c3}\u{a9}");
    assert_eq!(url_unescape("a%ffb%C3", UrlPart::Query), "a\u{fffd}b\u{fffd}");
}

#[test]
fn a_space_is_a_plus_sign_in_a_query_alone() {
    let plain = "+ #%";
    let cases: &[(UrlPart, &str)] = &[(UrlPart::Query, "%2B+%23%25"), (UrlPart::Path, "%2B%20%23%25")];
    for (part, escaped) in cases {
        assert_eq!(url_escape(plain, *part), *escaped);
        assert_eq!(url_unescape(escaped, *part), plain);
        assert_eq!(*url_unescape_bytes(escaped.as_bytes(), *part), *plain.as_bytes());
    }
    assert_eq!(url_unescape("a+b", UrlPart::Path), "a+b");
}

#[test]
fn json_is_read_from_text_and_bytes() {
    assert_eq!(json_decode::<String>(b"\"foo\"").unwrap(), "foo");
    assert_eq!(json_decode::<String>("\"foo\"").unwrap(), "foo");
    assert_eq!(json_decode::<String>("\"\u{e9}\"".as_bytes()).unwrap(), "\u{e9}");
    assert_eq!(json_decode::<u8>(b"\xef\xbb\xbf7").unwrap(), 7);
    assert!(json_decode::<u8>("[").is_err());
    assert_eq!(json_decode::<f64>("122.416294033786585").unwrap(), 122.416_294_033_786_58, "to the nearest");
}

#[test]
fn json_comes_back() {
    let text = "\u{e9}</script>\u{1f600}\u{7f}\"\\";
    let json = json_encode(text).unwrap();
    assert!(json.is_ascii());
    assert_eq!(json_decode::<String>(json).unwrap(), text);
}

#[test]
fn whatever_serde_knows_is_written_as_python_would() {
    #[derive(Serialize)]
    struct Story {
        title: &'static str,
        rating: Option<f32>,
        tags: (u8, char),
    }
    #[derive(Serialize)]
    struct Metres(f64);
    #[derive(Serialize)]
    struct Nothing;
    #[derive(Serialize)]
    enum Shape {
        Point,
        Circle(u32),
        Line(u32, u32),
        Box { width: i128 },
    }
    fn check(value: impl Serialize, expected: &str) {
        assert_eq!(json_encode(&value).unwrap(), expected);
    }
    check(
        Story { title: "</a>", rating: Some(0.1), tags: (1, 'x') },
        r#"{"title": "<\/a>", "rating": 0.1, "tags": [1, "x"]}"#,
    );
    check((Metres(2.0), Nothing, (), None::<u8>, true), "[2.0, null, null, null, true]");
    check(
        [Shape::Point, Shape::Circle(1), Shape::Line(1, 2), Shape::Box { width: i128::MIN }],
        r#"["Point", {"Circle": 1}, {"Line": [1, 2]}, {"Box": {"width": -170141183460469231731687303715884105728}}]"#,
    );
    check(BTreeMap::from([(1, "a"), (2, "b")]), r#"{"1": "a", "2": "b"}"#);
    check(BTreeMap::from([(false, ()), (true, ())]), r#"{"false": null, "true": null}"#);
    check(BTreeMap::from([(None, 0), (Some('"'), 1)]), r#"{"null": 0, "\"": 1}"#);
    check((Vec::<u8>::new(), BTreeMap::<u8, u8>::new()), "[[], {}]");
    check(serde_json::json!({"b": [1, 1e16], "a": {}}), r#"{"b": [1, 1e+16], "a": {}}"#);
}

#[test]
fn a_key_that_python_refuses_is_an_error() {
    let error = json_encode(&BTreeMap::from([(vec![1], 1)])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a sequence cannot be the key of a JSON object; keys are strings, numbers or booleans"
    );
}

#[test]
fn white_space_is_squeezed() {
    assert_eq!(squeeze("sequences     of    whitespace   chars"), "sequences of whitespace chars");
}

#[test]
fn query_strings_are_read_as_bytes() {
    let options = QsOptions::new().keep_blank_values(true);
    let fields = parse_qs_bytes("a=1&b=%41+%2B&a=2&&c&d=", options).unwrap();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(fields, [("a", b"1" as &[u8]), ("b", b"A +"), ("a", b"2"), ("c", b""), ("d", b"")]);
    assert_eq!(parse_qs_bytes("%E9=%E9", QsOptions::new()).unwrap(), [("\u{e9}".into(), b"\xe9".into())]);
    assert_eq!(parse_qs_bytes("c&d=", QsOptions::new()).unwrap(), []);
    assert!(parse_qs_bytes("a=1&&b=2", QsOptions::new().strict_parsing(true)).is_err());
    assert!(parse_qs_bytes("a=1&b=2", QsOptions::new().max_num_fields(1)).is_err());
}

mod links {
    use super::*;

    #[track_caller]
    fn check(text: &str, options: LinkifyOptions<'_>, expected: &str) {
        assert_eq!(linkify(text, &options), expected);
    }

    /// `[..]` stands for a link to what is in the brackets.
    #[test]
    fn urls_are_found_and_punctuation_is_left_out() {
        let many_dots = ".".repeat(40);
        let cases = [
            "hello [http://world.com/]!",
            "hello [http://world.com/with?param=true&amp;stuff=yes]",
            "[http://url.com/w](aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            &format!("[http://url.com/withmany]{many_dots}"),
            "[http://url.com/withmany]((((((((((((((((((((((((((((((((((a)",
            "[http://foo.com/blah_blah]",
            "[http://foo.com/blah_blah/]",
            "(Something like [http://foo.com/blah_blah])",
            "[http://foo.com/blah_blah_(wikipedia)]",
            "[http://foo.com/blah_(blah)_(wikipedia)_blah]",
            "(Something like [http://foo.com/blah_blah_(wikipedia)])",
            "[http://foo.com/blah_blah].",
            "[http://foo.com/blah_blah/].",
            "&lt;[http://foo.com/blah_blah]&gt;",
            "&lt;[http://foo.com/blah_blah/]&gt;",
            "[http://foo.com/blah_blah],",
            "[http://userid:password@example.com:8080]",
            "[http://userid@example.com]",
            "[http://userid@example.com:8080]",
            "[http://userid:password@example.com]",
            "[http://\u{27a1}.ws/\u{4a39}]",
            "&lt;tag&gt;[http://example.com]&lt;/tag&gt;",
            "A file:///passwords.txt and [http://web.com] link",
            "no link: http:/ or www. or awww.a.org, but -[https://a.org/b-]",
        ];
        for case in cases {
            let text = xhtml_unescape(case).replace(['[', ']'], "");
            let mut expected = String::new();
            for (number, part) in case.split(['[', ']']).enumerate() {
                expected += &if number % 2 == 0 { part.into() } else { format!(r#"<a href="{part}">{part}</a>"#) };
            }
            check(&text, LinkifyOptions::new(), &expected);
        }
    }

    #[test]
    fn a_host_that_starts_with_www_needs_no_protocol_unless_one_is_required() {
        let text = "Just a www.example.com link.";
        check(text, LinkifyOptions::new(), r#"Just a <a href="http://www.example.com">www.example.com</a> link."#);
        check(text, LinkifyOptions::new().require_protocol(true), text);
        check(
            "http://www.example.com/wpstyle/?p=364.",
            LinkifyOptions::new(),
            r#"<a href="http://www.example.com/wpstyle/?p=364">http://www.example.com/wpstyle/?p=364</a>."#,
        );
    }

    #[test]
    fn the_permitted_protocols_alone_are_linked() {
        let with = |protocols: Vec<_>| LinkifyOptions::new().permitted_protocols(protocols);
        check("rdar://1234", with(vec!["http", "rdar"]), r#"<a href="rdar://1234">rdar://1234</a>"#);
        check("rdar:/1234", with(vec!["rdar"]), r#"<a href="rdar:/1234">rdar:/1234</a>"#);
        check(
            "message://%3c330e7f8409726r6a4ba78dkf1fd71420c1bf6ff@mail.gmail.com%3e",
            with(vec!["http", "message"]),
            "<a href=\"message://%3c330e7f8409726r6a4ba78dkf1fd71420c1bf6ff@mail.gmail.com%3e\">\
             message://%3c330e7f8409726r6a4ba78dkf1fd71420c1bf6ff@mail.gmail.com%3e</a>",
        );
        check(
            "A file:///passwords.txt and http://web.com link",
            with(vec!["file"]),
            r#"A <a href="file:///passwords.txt">file:///passwords.txt</a> and http://web.com link"#,
        );
    }

    #[test]
    fn long_urls_are_shortened_with_the_whole_in_the_title() {
        check(
            "A http://reallylong.com/link/that/exceedsthelenglimit.html",
            LinkifyOptions::new().require_protocol(true).shorten(true),
            "A <a href=\"http://reallylong.com/link/that/exceedsthelenglimit.html\" \
             title=\"http://reallylong.com/link/that/exceedsthelenglimit.html\">http://reallylong.com/link...</a>",
        );
        check(
            "A http://reallylongdomainnamethatwillbetoolong.com/hi!",
            LinkifyOptions::new().shorten(true),
            "A <a href=\"http://reallylongdomainnamethatwillbetoolong.com/hi\" \
             title=\"http://reallylongdomainnamethatwillbetoolong.com/hi\">http://reallylongdomainnametha...</a>!",
        );
    }

    #[test]
    fn extra_parameters_are_the_same_for_all_or_made_of_the_link() {
        check(
            "www.external-link.com",
            LinkifyOptions::new().extra_params(r#"rel="nofollow" class="external""#),
            r#"<a href="http://www.external-link.com" rel="nofollow" class="external">www.external-link.com</a>"#,
        );
        check(
            "www.external-link.com and www.internal-link.com/blogs extra",
            LinkifyOptions::new().extra_params_of(|href| {
                let internal = href.starts_with("http://www.internal-link.com");
                if internal { "class=\"internal\"" } else { "rel=\"nofollow\" class=\"external\"" }.into()
            }),
            "<a href=\"http://www.external-link.com\" rel=\"nofollow\" class=\"external\">www.external-link.com</a> and \
             <a href=\"http://www.internal-link.com/blogs\" class=\"internal\">www.internal-link.com/blogs</a> extra",
        );
        check(
            "www.external-link.com",
            LinkifyOptions::new().extra_params_of(|_| "    rel=\"nofollow\" class=\"external\"  ".into()),
            r#"<a href="http://www.external-link.com" rel="nofollow" class="external">www.external-link.com</a>"#,
        );
    }
}

/// Inputs that cost the square of their length where one is careless take a moment here.
#[test]
fn hostile_texts_take_linear_time() {
    let many = |text: &str| text.repeat(400_000 / text.len());
    for text in ["a-", "a:/(", "www.", "http://", "www.!", "(((", "a:/(b)", "&amp;", "www.a.(", "é-"] {
        linkify(&many(text), &LinkifyOptions::new().shorten(true));
    }
    for text in ["&", "&a", "&#", "&#9", "&amp", "&CounterClockwiseContourIntegral"] {
        xhtml_unescape(&many(text));
    }
    for text in ["%", "%4", "%41", "+", "&", "a=%"] {
        url_unescape(&many(text), UrlPart::Query);
        parse_qs_bytes(&many(text), QsOptions::new()).unwrap();
    }
}
