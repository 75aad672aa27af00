//! Whole forms: Tornado's own tests of them.

use super::*;

fn upload(disposition: &str) -> Bytes {
    format!("--1234\r\nContent-Disposition: {disposition}\r\n\r\nFoo\r\n--1234--").into()
}

fn parse(body: &Bytes) -> Result<Form, MultipartError> {
    parse_multipart_form_data(b"1234", body, MultipartLimits::new())
}

fn check_file(body: &Bytes, filename: &str) {
    let form = parse(body).unwrap();
    let file = form.files.get("files").unwrap();
    assert_eq!(file.filename, filename);
    assert_eq!(file.body, "Foo");
    assert_eq!(file.content_type, "application/unknown");
    assert!(form.arguments.is_empty());
}

#[test]
fn files_are_read_with_or_without_quotes() {
    check_file(&upload("form-data; name=\"files\"; filename=\"ab.txt\""), "ab.txt");
    check_file(&upload("form-data; name=files; filename=ab.txt"), "ab.txt");
    let with_line_end = [&upload("form-data; name=\"files\"; filename=\"ab.txt\"")[..], b"\r\n"].concat();
    check_file(&with_line_end.into(), "ab.txt");
}

#[test]
fn a_boundary_may_be_in_quotes() {
    let body = upload("form-data; name=\"files\"; filename=\"ab.txt\"");
    let form = parse_multipart_form_data(b"\"1234\"", &body, MultipartLimits::new()).unwrap();
    assert_eq!(form.files.get("files").unwrap().filename, "ab.txt");
}

#[test]
fn special_characters_stay_in_a_file_name() {
    for filename in [
        "a;b.txt",
        "a\"b.txt",
        "a\";b.txt",
        "a;\"b.txt",
        "a\";\";.txt",
        "a\\\"b.txt",
        "a\\b.txt",
        "a b.txt",
        "a\tb.txt",
        "\u{6d4b}\u{8bd5}.txt",
    ] {
        let escaped = filename.replace('\\', "\\\\").replace('"', "\\\"");
        check_file(&upload(&format!("form-data; name=\"files\"; filename=\"{escaped}\"")), filename);
    }
    let extended = "form-data; name=\"files\"; filename=\"ab.txt\"; filename*=UTF-8''%C3%A1b.txt";
    check_file(&upload(extended), "\u{e1}b.txt");
}

#[test]
fn control_characters_are_refused_in_a_file_name() {
    for filename in ["a\rb.txt", "a\0b.txt", "a\x08b.txt"] {
        let error = parse(&upload(&format!("form-data; name=\"files\"; filename=\"{filename}\""))).unwrap_err();
        assert!(error.to_string().contains("Invalid header value"), "{error}");
    }
}

#[test]
fn a_part_without_a_file_name_is_an_argument() {
    let form = parse(&upload("form-data; name=a; filename=\"\"")).unwrap();
    assert_eq!(form.arguments.get_last("a"), Some(&b"Foo"[..]));
    assert!(form.files.is_empty());
}

#[test]
fn ninety_nine_files_of_nothing_are_read() {
    let part =
        "--1234\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\nContent-Type: text/plain\r\n\r\n\r\n";
    let body = format!("{}--1234--\r\n", part.repeat(99)).into();
    let files = parse(&body).unwrap().files;
    assert_eq!(files.get_all("a").count(), 99);
    assert_eq!(files.len(), 99);
    assert!(files.iter().all(|(name, file)| name == "a" && file.body.is_empty() && file.content_type == "text/plain"));
}

#[test]
fn a_files_bytes_are_those_of_the_body() {
    let body = upload("form-data; name=files; filename=ab.txt");
    let form = parse(&body).unwrap();
    let file = &form.files.get("files").unwrap().body;
    assert!(body.as_ptr_range().contains(&file.as_ptr()), "the file was copied");
}

#[test]
fn the_content_type_decides_how_a_body_is_read() {
    const MULTIPART: &str = "--foo\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--foo--";
    type Case<'text> = (&'text str, Option<&'text str>, &'text str, Result<&'text str, &'text str>);
    const CASES: &[Case<'_>] = &[
        ("application/x-www-form-urlencoded", None, "a=1&b=2&a=3", Ok(r#"{"a": "1", "b": "2", "a": "3"}"#)),
        ("application/x-www-form-urlencoded; charset=utf-8", None, "a=1", Ok(r#"{"a": "1"}"#)),
        ("multipart/form-data; boundary=foo", None, MULTIPART, Ok(r#"{"a": "1"}"#)),
        ("multipart/form-data; boundary=\"foo\"", None, MULTIPART, Ok(r#"{"a": "1"}"#)),
        ("application/json", Some("gzip"), "a=1", Ok("{}")),
        ("", None, "a=1", Ok("{}")),
        ("application/x-www-form-urlencoded", Some("gzip"), "a=1", Err("Unsupported Content-Encoding: gzip")),
        ("multipart/form-data; boundary=foo", Some("gzip"), MULTIPART, Err("Unsupported Content-Encoding: gzip")),
        (
            "multipart/form-dataxyz; boundary=foo",
            None,
            MULTIPART,
            Err("Invalid multipart/form-data: Invalid content type"),
        ),
        ("multipart/form-data", None, MULTIPART, Err("Invalid multipart/form-data: multipart boundary not found")),
        (
            "multipart/form-data; boundary=foo",
            None,
            "--foo\r\n",
            Err("Invalid multipart/form-data: no final boundary found"),
        ),
    ];
    for &(content_type, encoding, body, expected) in CASES {
        let form = parse_body_arguments(content_type, encoding, &body.into(), &FormLimits::new());
        let shown = form.map(|form| format!("{:?}", form.arguments)).map_err(|error| error.to_string());
        assert_eq!(shown.as_deref().map_err(String::as_str), expected, "{content_type} {encoding:?}");
    }
}

#[test]
fn too_many_arguments_are_a_bad_request() {
    let body = Bytes::from("a=1&".repeat(1001));
    let limits = FormLimits::new();
    let error = parse_body_arguments("application/x-www-form-urlencoded", None, &body, &limits).unwrap_err();
    assert!(error.to_string().starts_with("Invalid x-www-form-urlencoded body: Max number of fields exceeded"));
    assert_eq!(error.status(), 400);
    let error = limits.parse_query(&body).unwrap_err();
    assert!(error.to_string().starts_with("Invalid query string: Max number of fields exceeded"));
    assert_eq!(limits.max_arguments(2000).parse_query(&body).unwrap().len(), 1001);
}

#[test]
fn limits_are_those_that_were_set() {
    let body = upload("form-data; name=files; filename=ab.txt");
    let parse = |multipart| {
        let limits = FormLimits::new().multipart(multipart);
        let error = parse_body_arguments("multipart/form-data; boundary=1234", None, &body, &limits).unwrap_err();
        error.to_string()
    };
    let limits = MultipartLimits::new();
    assert!(parse(limits.max_parts(0)).contains("too many parts"));
    assert!(parse(limits.max_part_header_size(10)).contains("header too large"));
    assert!(parse(limits.enabled(false)).contains("multipart/form-data parsing is disabled"));
}
