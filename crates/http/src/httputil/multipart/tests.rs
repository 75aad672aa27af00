//! The reader's events, however the bytes arrive.

use super::*;

/// What a body came to: a line an event, data joined.
fn read(body: &[u8], piece: usize, limits: MultipartLimits) -> Result<Vec<String>, MultipartError> {
    let mut reader = MultipartReader::new(b"1234", limits)?;
    let mut input = BytesMut::new();
    let mut events: Vec<String> = Vec::new();
    let mut data = Vec::new();
    for piece in body.chunks(piece.max(1)) {
        input.extend_from_slice(piece);
        while let Some(event) = reader.decode(&mut input)? {
            match event {
                MultipartEvent::Part(part) => {
                    events.push(format!("{} {:?} {:?}", part.name, part.filename, part.content_type));
                }
                MultipartEvent::Data(piece) => {
                    assert!(!piece.is_empty());
                    data.extend_from_slice(&piece);
                }
                MultipartEvent::EndOfPart => events.push(format!("={}", std::mem::take(&mut data).escape_ascii())),
                MultipartEvent::End => events.push("end".to_owned()),
            }
        }
        // No more than a boundary is held back, once the headers are read.
        assert!(matches!(reader.state, State::Head) || input.len() <= 2 + 6 + 2);
    }
    reader.finish()?;
    Ok(events)
}

fn check(body: &str, expected: Result<&[&str], &str>) {
    for piece in (1..body.len() + 2).rev() {
        let events = read(body.as_bytes(), piece, MultipartLimits::new());
        match expected {
            Ok(expected) => assert_eq!(events.unwrap(), expected, "{body:?} in pieces of {piece}"),
            Err(message) => {
                assert_eq!(events.unwrap_err().to_string(), message, "{body:?} in pieces of {piece}");
            }
        }
    }
}

#[test]
fn bodies_read_the_same_however_they_arrive() {
    const FIELD: &str = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";
    let cases: &[(&str, &[&str])] = &[
        ("--1234--", &["end"]),
        ("--1234--\r\n", &["end"]),
        ("--1234--\r\nanything at all --1234\r\n", &["end"]),
        ("--1234\r\n{}v\r\n--1234--", &["a None None", "=v", "end"]),
        ("--1234\r\n{}\r\n--1234--", &["a None None", "=", "end"]),
        ("--1234\r\n{}--1234--", &["a None None", "=", "end"]),
        ("--1234\r\n--1234\r\n{}v\r\n--1234\r\n--1234--", &["a None None", "=v", "end"]),
        ("--1234\r\n{}v\r\n--1234\r\n{}w\r\n--1234--", &["a None None", "=v", "a None None", "=w", "end"]),
        ("--1234\r\n{}\r\n\r\n\r\n--1234--", &["a None None", "=\\r\\n\\r\\n", "end"]),
        (
            "--1234\r\n{}\r--1234\n--1234-\r\n--123\r\n--1234--",
            &["a None None", "=\\r--1234\\n--1234-\\r\\n--123", "end"],
        ),
        ("--1234\r\n{}\r\n--12345\r\n--1234--", &["a None None", "=\\r\\n--12345", "end"]),
        ("--1234\r\n{}v--1234--w\r\n--1234--", &["a None None", "=v--1234--w", "end"]),
        ("--1234\r\n{}--1234x\r\n--1234--", &["a None None", "=--1234x", "end"]),
    ];
    for (body, events) in cases {
        check(&body.replace("{}", FIELD), Ok(events));
    }
    check(
        "--1234\r\nContent-Disposition: form-data; name=f; filename=\"x.txt\"\r\ncontent-type: text/plain\r\n\r\nFoo\r\n--1234--",
        Ok(&["f Some(\"x.txt\") Some(\"text/plain\")", "=Foo", "end"]),
    );
}

#[test]
fn malformed_bodies_are_refused_however_they_arrive() {
    const FIELD: &str = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";
    const CASES: &[(&str, &str)] = &[
        ("", "no final boundary found"),
        ("--1234", "no final boundary found"),
        ("--1234\r\n{}v", "no final boundary found"),
        ("--1234\r\n{}v\r\n--1234", "no final boundary found"),
        ("--1234\r\n{}v--1234--", "no final boundary found"),
        ("preamble\r\n--1234--", "multipart/form-data missing headers"),
        ("--4321\r\n{}v\r\n--4321--", "multipart/form-data missing headers"),
        ("--1234x\r\n", "multipart/form-data missing headers"),
        ("--1234\r\n\r\nFoo\r\n--1234--", "multipart/form-data missing headers"),
        ("--1234\r\n{}v--1234\r\n{}w\r\n--1234--", "a boundary does not begin a line"),
        ("--1234\r\nFoo\r\n\r\nv\r\n--1234--", "no colon in header line"),
        ("--1234\r\nA: b\r\n\r\nv\r\n--1234--", "Content-Disposition of a part is '', not form-data"),
        (
            "--1234\r\nContent-Disposition: invalid; name=\"a\"\r\n\r\nv\r\n--1234--",
            "Content-Disposition of a part is 'invalid', not form-data",
        ),
        (
            "--1234\r\nContent-Disposition: form-data; filename=\"a\"\r\n\r\nv\r\n--1234--",
            "multipart/form-data missing name",
        ),
        (
            "--1234\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nv\r\n--1234--",
            "multipart/form-data missing name",
        ),
    ];
    for (body, message) in CASES {
        check(&body.replace("{}", FIELD), Err(message));
    }
}

#[test]
fn limits_hold_however_the_bytes_arrive() {
    let part = "--1234\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n";
    let body = format!("{}--1234--", part.repeat(3));
    for piece in [1, 7, body.len()] {
        let read = |limits| read(body.as_bytes(), piece, limits).map(|events| events.len());
        let limits = MultipartLimits::new();
        assert_eq!(read(limits), Ok(7));
        assert_eq!(read(limits.max_parts(3)), Ok(7));
        assert_eq!(read(limits.max_parts(2)), Err(MultipartError::TooManyParts { limit: 2 }));
        assert_eq!(read(limits.max_parts(0)), Err(MultipartError::TooManyParts { limit: 0 }));
        assert_eq!(read(limits.max_part_header_size(40)), Ok(7));
        assert_eq!(read(limits.max_part_header_size(39)), Err(MultipartError::PartHeaderTooLarge { limit: 39 }));
        assert_eq!(read(limits.enabled(false)), Err(MultipartError::Disabled));
    }
}

#[test]
fn endless_headers_are_refused_before_they_end() {
    let mut reader = MultipartReader::new(b"1234", MultipartLimits::new()).unwrap();
    let mut input = BytesMut::from("--1234\r\n");
    input.resize(input.len() + 10 * 1024 + 3, b'x');
    assert_eq!(reader.decode(&mut input), Ok(None));
    input.extend_from_slice(b"x");
    let error = MultipartError::PartHeaderTooLarge { limit: 10 * 1024 };
    assert_eq!(reader.decode(&mut input), Err(error.clone()));
    // An error stays.
    assert_eq!(reader.decode(&mut BytesMut::from("--1234--")), Err(error.clone()));
    assert_eq!(reader.finish(), Err(error));
}

#[test]
fn headers_that_are_no_utf8_are_refused() {
    let body = b"--1234\r\nContent-Disposition: form-data; name=\"\xFF\"\r\n\r\nv\r\n--1234--";
    assert_eq!(read(body, 100, MultipartLimits::new()), Err(MultipartError::NotUtf8));
}

#[test]
fn boundaries_come_from_the_content_type() {
    let check = |content_type, expected: Result<&[u8], MultipartError>| {
        let reader = MultipartReader::for_content_type(content_type, MultipartLimits::new());
        assert_eq!(reader.map(|reader| reader.delimiter.needle().to_vec()), expected.map(<[u8]>::to_vec));
    };
    check("multipart/form-data; boundary=foo", Ok(b"--foo"));
    check("multipart/form-data;charset=utf-8; boundary=\"f oo\" ; x=y", Ok(b"--f oo"));
    check("multipart/form-data; boundary=-", Ok(b"---"));
    check("multipart/form-data", Err(MultipartError::NoBoundary));
    check("multipart/form-data; boundary=", Err(MultipartError::NoBoundary));
    check("multipart/form-data; boundary=\"\"", Err(MultipartError::NoBoundary));
    check("multipart/form-dataxyz; boundary=foo", Err(MultipartError::ContentType));
    let long = format!("multipart/form-data; boundary={}", "x".repeat(257));
    check(&long, Err(MultipartError::BoundaryTooLong { limit: 256 }));
}

#[test]
fn reading_takes_linear_time() {
    // Bodies made of what nearly is a boundary; quadratic work would take minutes at these sizes.
    let begun = std::time::Instant::now();
    for filling in ["-", "\r\n--1234x", "\r\n--123", "--1234--", "\r\n"] {
        let filling = filling.repeat(4_000_000 / filling.len());
        let body = format!("--1234\r\nContent-Disposition: form-data; name=a\r\n\r\nx{filling}\r\n--1234--");
        assert_eq!(read(body.as_bytes(), body.len(), MultipartLimits::new()).unwrap().len(), 3);
        assert_eq!(
            read(&body.as_bytes()[..body.len() / 20], 1, MultipartLimits::new()).unwrap_err(),
            MultipartError::NoFinalBoundary
        );
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
