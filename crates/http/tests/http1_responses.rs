//! What a client's codec makes of raw responses: case by case, and however the bytes arrive.

mod http1;

#[path = "http1/response_cases.rs"]
mod response_cases;

use firewhirl_http::http1::{ClientCodec, ResponseHead};
use firewhirl_http::{Headers, Limits, OutputError, ProtocolErrorKind};
use http::Method;
use http1::{Random, responses, ways};
use response_cases::CASES;

#[test]
fn each_rule_holds_however_the_bytes_arrive() {
    for &(what, method, input, expected) in CASES {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        for pieces in ways(input) {
            let found = responses(&method, &pieces, &Limits::default());
            assert_eq!(found, expected, "{what}, in {} pieces", pieces.len());
        }
    }
}

#[test]
fn any_split_of_any_input_reads_the_same() {
    let mut random = Random(9);
    let limits = Limits::default().max_header_size(60).max_start_line(30).max_body_size(3).max_trailer_size(10);
    let limits = [Limits::default(), limits.max_fields(2).max_chunk_extensions(2)];
    for round in 0..60 {
        for &(what, method, input, _) in CASES {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let mutated = if round < 4 { input.to_vec() } else { random.mutate(input) };
            let limits = &limits[random.below(2)];
            let whole = responses(&method, &[&mutated], limits);
            let found = responses(&method, &random.cut(&mutated), limits);
            assert_eq!(found, whole, "{what}: {:?}", mutated.escape_ascii().to_string());
        }
    }
}

#[test]
fn a_folded_value_has_a_space_where_each_line_ended() {
    #[rustfmt::skip]
    const CASES: &[(&[u8], &[u8])] = &[
        (b"X: a\r\n b",        b"a b"),
        (b"X: a\n\tb",         b"a b"),
        (b"X:\r\n a",          b"a"),
        (b"X: a \r\n b \r\n c ", b"a b c"),
        (b"X: a\r\n \t",       b"a"),
        (b"X:\r\n \r\n a",     b"a"),
    ];
    for &(field, expected) in CASES {
        let input = [b"HTTP/1.1 200 OK\r\n", field, b"\r\nY: z\r\n\r\n"].concat();
        let mut head = ResponseHead::new();
        assert_eq!(head.parse(&input, &Method::GET, &Limits::default()), Ok(Some(input.len())));
        assert_eq!(head.field("X").map(<[u8]>::to_vec), Some(expected.to_vec()), "{}", field.escape_ascii());
        assert_eq!(head.field("Y"), Some(&b"z"[..]));
    }
}

#[test]
fn a_client_does_not_wait_through_informational_responses_for_ever() {
    let ten = b"HTTP/1.1 102 Processing\r\n\r\n".repeat(10);
    let found = responses(&Method::GET, &[&ten, b"HTTP/1.1 204 No\r\n\r\n"], &Limits::default());
    assert_eq!(found.lines().last(), Some("204 No"));
    let eleven = b"HTTP/1.1 102 Processing\r\n\r\n".repeat(11);
    let found = responses(&Method::GET, &[&eleven], &Limits::default());
    assert_eq!(found.lines().last(), Some("400 TooManyInformational"));
}

#[test]
fn a_switch_that_nobody_asked_for_is_refused() {
    let mut codec = ClientCodec::new(Limits::default());
    codec.write_head(&mut Vec::new(), &Method::GET, "/", &Headers::new()).unwrap();
    codec.write_end(&mut Vec::new(), None).unwrap();
    let error = codec.read_head(b"HTTP/1.1 101 X\r\n\r\n", &mut ResponseHead::new()).unwrap_err();
    assert_eq!(error.kind(), ProtocolErrorKind::UnaskedSwitch);
}

#[test]
fn a_request_is_written_as_it_will_be_read() {
    let written = |method: Method, target: &str, fields: &[(&str, &str)], body: &[&str]| {
        let mut codec = ClientCodec::new(Limits::default());
        let mut headers = Headers::new();
        fields.iter().for_each(|&(name, value)| headers.add(name, value).unwrap());
        let mut out = Vec::new();
        codec.write_head(&mut out, &method, target, &headers)?;
        body.iter().try_for_each(|part| codec.write_body(&mut out, part.as_bytes()))?;
        codec.write_end(&mut out, Some(b"X: y\r\n"))?;
        Ok(String::from_utf8(out).unwrap())
    };
    #[rustfmt::skip]
    let cases = [
        (written(Method::GET, "/a", &[("Host", "a")], &[]), Ok("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")),
        (written(Method::POST, "/", &[("Content-Length", "3")], &["ab", "c"]), Ok("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")),
        (written(Method::PUT, "/", &[("Transfer-Encoding", "chunked")], &["ab", "c"]),
            Ok("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX: y\r\n\r\n")),
        (written(Method::GET, "/", &[], &["a"]),                         Err(OutputError::MoreThanLength)),
        (written(Method::GET, "/", &[("Content-Length", "3")], &["ab"]), Err(OutputError::LessThanLength { missing: 1 })),
        (written(Method::GET, "/", &[("Content-Length", "x")], &[]),     Err(OutputError::ContentLength)),
        (written(Method::GET, "/ HTTP/1.1\r\nX: y", &[], &[]),           Err(OutputError::StartLine)),
        (written(Method::GET, "/a b", &[], &[]),                         Err(OutputError::StartLine)),
        (written(Method::GET, "", &[], &[]),                             Err(OutputError::StartLine)),
        (written(Method::GET, "/", &[("Content-Length", "3"), ("Transfer-Encoding", "chunked")], &[]), Err(OutputError::BothLengths)),
    ];
    for (index, (found, expected)) in cases.into_iter().enumerate() {
        assert_eq!(found, expected.map(str::to_owned), "case {index}");
    }
}
