//! What holds of any text that `httputil` is given, for a test and for a fuzzer.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use firewhirl_http::httputil::{
    FormLimits, HttpDate, MultipartLimits, RangeNotSatisfiable, etag_matches, not_modified_since, parse_body_arguments,
    parse_cookie, parse_date, parse_multipart_form_data, parse_parameters, parse_request_range, request_cookies,
    split_host_and_port, url_concat, urljoin,
};

/// Reads the text as everything that `httputil` reads, and asserts what has to hold.
pub(crate) fn check(text: &str) {
    a_relative_reference_stays_with_its_host(text);
    arguments_are_read_as_they_were_added(text);
    a_date_is_read_as_it_is_written(text);
    a_range_lies_within_the_content(text);
    what_was_taken_apart_was_there(text);
    forms_are_read_or_refused(text);
}

/// Only a scheme or two slashes lead to another host, whatever a server's `Location` says.
fn a_relative_reference_stays_with_its_host(reference: &str) {
    const BASE: &str = "https://good.example/a/b;c?d#e";
    let joined = urljoin(BASE, reference);
    let names_a_scheme = reference.find(':').is_some_and(|colon| reference.find(['/', '?', '#']) > Some(colon))
        || reference.contains(':') && !reference.contains(['/', '?', '#']);
    if !names_a_scheme && !reference.starts_with("//") {
        let rest = joined.strip_prefix("https://good.example").unwrap_or_else(|| panic!("{reference:?}: {joined:?}"));
        assert!(rest.is_empty() || rest.starts_with(['/', '?', '#']), "{reference:?}: {joined:?}");
        assert!(!urljoin("/a/b", reference).starts_with("//"), "{reference:?}");
    }
    // What is whole stays as it is.
    assert_eq!(urljoin(BASE, &joined), joined, "{reference:?}");
    urljoin(reference, "../x?y#z");
}

fn arguments_are_read_as_they_were_added(text: &str) {
    let url = url_concat("/path?a=1#top", [(text, text)]);
    assert!(url.is_ascii() && url.starts_with("/path?a=1&") && url.ends_with("#top"), "{url:?}");
    let query = &url["/path?".len()..url.len() - "#top".len()];
    let arguments = FormLimits::default().parse_query(query.as_bytes()).unwrap();
    if text != "a" && !text.is_empty() {
        assert_eq!(arguments.get_last(text), Some(text.as_bytes()), "{url:?}");
    }
    url_concat(text, [("a", "b")]);
    // Any query is read, or is refused for its number of arguments.
    let _ = FormLimits::default().parse_query(text.as_bytes());
}

fn a_date_is_read_as_it_is_written(text: &str) {
    if let Some(date) = parse_date(text) {
        let written = HttpDate::from(date);
        assert_eq!(parse_date(written.as_str()), Some(date), "{text:?}: {}", written.as_str());
        assert!(not_modified_since(text, date) && !not_modified_since(text, date + Duration::from_secs(1)), "{text:?}");
    }
    not_modified_since(text, SystemTime::UNIX_EPOCH);
}

fn a_range_lies_within_the_content(text: &str) {
    let Some(range) = parse_request_range(text) else { return };
    for length in [0, 1, 10, u64::MAX] {
        match range.resolve(length) {
            Ok(range) => assert!(range.start < range.end && range.end <= length, "{text:?} of {length}: {range:?}"),
            Err(RangeNotSatisfiable { length: said }) => assert_eq!(said, length),
        }
    }
}

fn what_was_taken_apart_was_there(text: &str) {
    let (host, port) = split_host_and_port(text);
    assert!(text.starts_with(host) && port.is_none_or(|_| text.len() > host.len()), "{text:?}");
    assert!(parse_cookie(text).iter().all(|(name, _)| text.contains(name)), "{text:?}");
    assert!(request_cookies(text).len() <= parse_cookie(text).len(), "{text:?}");
    let (value, parameters) = parse_parameters(text);
    assert!(text.contains(value) && parameters.len() <= text.len(), "{text:?}");
    assert!(!etag_matches(b"", text.as_bytes()), "{text:?}");
}

fn forms_are_read_or_refused(text: &str) {
    let body = Bytes::copy_from_slice(text.as_bytes());
    for content_type in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", text] {
        let _ = parse_body_arguments(content_type, None, &body, &FormLimits::default());
    }
    if let Ok(form) = parse_multipart_form_data(b"b", &body, MultipartLimits::default()) {
        assert!(form.files.iter().all(|(name, _)| name.len() <= text.len()), "{text:?}");
    }
}
