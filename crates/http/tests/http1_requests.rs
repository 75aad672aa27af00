//! What a server's codec makes of raw requests: case by case, however the bytes arrive, and at limits.

mod http1;

#[path = "http1/request_cases.rs"]
mod request_cases;

use firewhirl_http::Limits;
use firewhirl_http::http1::{RequestHead, ServerCodec};
use http1::{Random, requests, ways};
use request_cases::CASES;

#[test]
fn each_rule_holds_however_the_bytes_arrive() {
    for &(what, input, expected) in CASES {
        for pieces in ways(input) {
            assert_eq!(requests(&pieces, &Limits::default()), expected, "{what}, in {} pieces", pieces.len());
        }
    }
}

#[test]
fn what_follows_a_request_is_the_next_one() {
    let tail = b"GET /tail HTTP/1.1\r\nHost: tail\r\n\r\n";
    for &(what, input, expected) in CASES {
        if expected == "..." {
            continue;
        }
        let last = expected.lines().last().unwrap_or_default();
        let goes_on = !last.ends_with("close") && !last.starts_with(|first: char| first.is_ascii_digit());
        let expected = if goes_on { format!("{expected}\nGET /tail @tail") } else { expected.to_owned() };
        let whole = [input, tail].concat();
        for pieces in ways(&whole) {
            assert_eq!(requests(&pieces, &Limits::default()), expected, "{what}, in {} pieces", pieces.len());
        }
    }
}

#[test]
fn any_split_of_any_input_reads_the_same() {
    let mut random = Random(8);
    let limits = Limits::default().max_header_size(200).max_start_line(60).max_body_size(20).max_trailer_size(30);
    let limits = [Limits::default(), limits.max_fields(5).max_chunk_extensions(8)];
    for round in 0..40 {
        for &(what, input, _) in CASES {
            let mutated = if round < 4 { input.to_vec() } else { random.mutate(input) };
            let limits = &limits[random.below(2)];
            let whole = requests(&[&mutated], limits);
            let pieces = random.cut(&mutated);
            assert_eq!(requests(&pieces, limits), whole, "{what}: {:?}", mutated.escape_ascii().to_string());
        }
    }
}

#[test]
fn a_bare_line_feed_can_be_forbidden() {
    let strict = Limits::default().bare_line_feed(false);
    #[rustfmt::skip]
    const CASES: &[(&[u8], &str)] = &[
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @a"),
        (b"GET / HTTP/1.1\nHost: a\r\n\r\n",   "400 BareLineFeed"),
        (b"GET / HTTP/1.1\r\nHost: a\n\r\n",   "400 BareLineFeed"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\n",   "400 BareLineFeed"),
        (b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 BareLineFeed"),
    ];
    for &(input, expected) in CASES {
        for pieces in ways(input) {
            assert_eq!(requests(&pieces, &strict), expected, "{}", input.escape_ascii());
        }
    }
}

#[test]
fn a_limit_answers_with_its_own_status_and_as_soon_as_it_is_passed() {
    let long = "a".repeat(70_000);
    let many = "X: y\r\n".repeat(300);
    let fields = format!("X: {}\r\n", "y".repeat(1000)).repeat(80);
    #[rustfmt::skip]
    let cases = [
        ("a long target",      format!("GET /{long}"),                                                    "414 TargetTooLong"),
        ("a long query",       format!("GET /?{long} HTTP/1.1\r\nHost: a\r\n\r\n"),                       "414 TargetTooLong"),
        ("a long method",      long.clone(),                                                              "501 MethodTooLong"),
        ("a long field",       format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}"),                         "431 HeadTooLarge"),
        ("a long name",        format!("GET / HTTP/1.1\r\nHost: a\r\n{long}"),                            "431 HeadTooLarge"),
        ("long fields",        format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"),                      "431 HeadTooLarge"),
        ("many fields",        format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"),                        "431 TooManyFields"),
        ("a long body",        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 104857601\r\n\r\n".into(),  "413 BodyTooLarge"),
        ("a long chunk",       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6400001\r\n".into(), "413 BodyTooLarge"),
        ("a long extension",   format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;{long}"), "413 ChunkExtensionsTooLarge"),
        ("a long trailer",     format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: {long}"), "431 TrailerTooLarge"),
        ("many trailers",      format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{many}\r\n"), "431 TooManyFields"),
    ];
    for (what, input, expected) in cases {
        let input = input.as_bytes();
        assert_eq!(requests(&[input], &Limits::default()), expected, "{what}");
        assert_eq!(requests(&input.chunks(1000).collect::<Vec<_>>(), &Limits::default()), expected, "{what}");
    }
}

#[test]
fn a_head_of_exactly_the_limit_is_read() {
    let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (size, expected) in [(head.len(), "GET / @a"), (head.len() - 1, "431 HeadTooLarge"), (15, "414 TargetTooLong")]
    {
        for pieces in ways(head) {
            assert_eq!(requests(&pieces, &Limits::default().max_header_size(size)), expected, "{size}");
        }
    }
    let body = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(requests(&[body], &Limits::default().max_body_size(3)), "POST / @a \"abc\"");
    assert_eq!(requests(&[body], &Limits::default().max_body_size(2)), "413 BodyTooLarge");
}

#[test]
fn a_dribbled_head_is_not_looked_at_again_and_again() {
    // A megabyte in single bytes: quadratic, this would be 500,000,000,000 steps.
    let limits = Limits::default().max_header_size(2_000_000);
    let mut input = b"GET / HTTP/1.1\r\nHost: a\r\nX: ".to_vec();
    let mut head = RequestHead::new();
    for _ in 0..1_000_000 {
        input.push(b'y');
        assert_eq!(head.parse(&input, &limits), Ok(None));
    }
    input.extend_from_slice(b"\r\n\r\n");
    assert_eq!(head.parse(&input, &limits), Ok(Some(input.len())));
}

#[test]
fn a_fault_is_found_with_its_line_and_not_at_the_end_of_the_head() {
    #[rustfmt::skip]
    const CASES: &[(&[u8], &str)] = &[
        (b"GET /\r\n",                          "400 RequestLine"),
        (b"GET / HTTP/2.0\r\n",                 "505 NewVersion"),
        (b"GET /\0",                            "400 RequestLine"),
        (b"GET / HTTP/1.1\rH",                  "400 BareCarriageReturn"),
        (b"GET / HTTP/1.1\r\nHost : a\r\n",     "400 FieldName"),
        (b"GET / HTTP/1.1\r\nX: a\0",           "400 FieldValue"),
        (b"GET / HTTP/1.1\r\nContent-Length: x\r\n", "400 ContentLength"),
    ];
    for &(input, expected) in CASES {
        assert_eq!(requests(&[input], &Limits::default()), expected, "{}", input.escape_ascii());
    }
}

#[test]
fn an_error_says_what_came_in_tornados_words() {
    #[rustfmt::skip]
    const CASES: &[(&str, &str)] = &[
        ("GET / HTTP/1.1\r\n\r\n",                                   "Missing Host header"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",             "Multiple host headers not allowed: 'a,b'"),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n",                      "Invalid Host header: 'a b'"),
        ("GET / HTTP/2.0\r\n",                                       "Unexpected HTTP version 'HTTP/2.0'"),
        ("GET  / HTTP/1.1\r\n",                                      "Malformed HTTP request line: 'GET  / HTTP/1.1'"),
        ("GET / HTTP/1.1\r\nHost : a\r\n",                           "Invalid header name 'Host '"),
        ("GET / HTTP/1.1\r\nX: a\x01b\r\n",                          "Invalid header value 'a\\x01'"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n",      "Only integer Content-Length is allowed: '+3'"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3,4\r\n",     "Multiple unequal Content-Lengths: '3,4'"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "Unsupported Transfer-Encoding 'gzip, chunked'"),
        ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n", "header line cannot start with whitespace, folding not supported: ' b'"),
    ];
    for &(input, expected) in CASES {
        let error = RequestHead::new().parse(input.as_bytes(), &Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), expected, "{input}");
    }
}

#[test]
fn a_head_is_found_again_by_field() {
    let input =
        b"GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nX-Empty:\r\ncookie: b=2\r\nContent-Encoding: GZIP\r\n\r\n";
    let mut head = RequestHead::new();
    for _ in 0..3 {
        assert_eq!(head.parse(input, &Limits::default()), Ok(Some(input.len())));
        assert_eq!(head.field_count(), 5);
        assert_eq!(head.field("COOKIE"), Some(&b"a=1"[..]));
        assert_eq!(head.field("X-Empty"), Some(&b""[..]));
        assert_eq!(head.field("Cooki"), None);
        assert_eq!(head.field_values("Cookie").collect::<Vec<_>>(), [b"a=1", b"b=2"]);
        assert_eq!(head.fields().next(), Some(("Host", &b"a"[..])));
        assert!(head.consume_gzip_encoding());
        assert!(!head.consume_gzip_encoding());
        assert_eq!(head.field("Content-Encoding"), None);
        assert_eq!(head.field("X-Consumed-Content-Encoding"), Some(&b"GZIP"[..]));
    }
}

#[test]
fn the_next_head_waits_until_this_answer_is_complete() {
    let mut codec = ServerCodec::new(Limits::default());
    let mut head = RequestHead::new();
    let input = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert!(codec.read_head(input, &mut head).unwrap().is_some());
    assert_eq!(codec.read_head(input, &mut head), Ok(None));
    assert!(!codec.next_request());
}
