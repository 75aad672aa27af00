//! Pieces of URLs: arguments added to a query, host and port apart.

use firewhirl_escape::{UrlPart, url_escape, url_unescape_bytes};

/// Adds arguments to a URL's query, whether or not it has one. Tornado's `url_concat`.
///
/// The query that is there is written anew in the encoding of forms, arguments without a value
/// included; the fragment stays at the end.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::url_concat;
///
/// let url = url_concat("https://example.com/path?a=1&b#top", [("to", "/next page")]);
/// assert_eq!(url, "https://example.com/path?a=1&b=&to=%2Fnext+page#top");
/// ```
pub fn url_concat<Name: AsRef<str>, Value: AsRef<str>>(
    url: &str,
    arguments: impl IntoIterator<Item = (Name, Value)>,
) -> String {
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut joined = String::with_capacity(url.len() + fragment.len() + 32);
    joined.push_str(path);
    let mut separator = '?';
    let mut push = |name: &[u8], value: &[u8]| {
        joined.push(std::mem::replace(&mut separator, '&'));
        joined.push_str(&url_escape(name, UrlPart::Query));
        joined.push('=');
        joined.push_str(&url_escape(value, UrlPart::Query));
    };
    for field in query.split('&').filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        push(
            &url_unescape_bytes(name.as_bytes(), UrlPart::Query),
            &url_unescape_bytes(value.as_bytes(), UrlPart::Query),
        );
    }
    for (name, value) in arguments {
        push(name.as_ref().as_bytes(), value.as_ref().as_bytes());
    }
    if !fragment.is_empty() {
        joined.push('#');
        joined.push_str(fragment);
    }
    joined
}

/// Takes a port off the end of a host. Tornado's `split_host_and_port`.
///
/// A number that no port can have, like anything else after the last colon, belongs to the host.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::split_host_and_port;
///
/// assert_eq!(split_host_and_port("example.com:8080"), ("example.com", Some(8080)));
/// assert_eq!(split_host_and_port("[::1]:80"), ("[::1]", Some(80)));
/// assert_eq!(split_host_and_port("example.com"), ("example.com", None));
/// ```
pub fn split_host_and_port(netloc: &str) -> (&str, Option<u16>) {
    match netloc.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            match port.parse() {
                Ok(port) => (host, Some(port)),
                Err(_) => (netloc, None),
            }
        }
        _ => (netloc, None),
    }
}

/// Turns a map of lists into pairs, a pair a value. Tornado's `qs_to_qsl`.
///
/// # Examples
///
/// ```
/// use firewhirl_http::httputil::{qs_to_qsl, url_concat};
///
/// let query = [("a", vec!["1", "3"]), ("b", vec!["2"])];
/// assert_eq!(url_concat("/", qs_to_qsl(query)), "/?a=1&a=3&b=2");
/// ```
pub fn qs_to_qsl<Name: Clone, Values: IntoIterator>(
    query: impl IntoIterator<Item = (Name, Values)>,
) -> impl Iterator<Item = (Name, Values::Item)> {
    query.into_iter().flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_added_to_what_is_there() {
        type Case<'text> = (&'text str, &'text [(&'text str, &'text str)], &'text str);
        const CASES: &[Case<'_>] = &[
            ("https://localhost/path", &[("y", "y"), ("z", "z")], "https://localhost/path?y=y&z=z"),
            ("https://localhost/path", &[("y", "/y"), ("z", "z")], "https://localhost/path?y=%2Fy&z=z"),
            ("https://localhost/path?", &[("y", "y"), ("z", "z")], "https://localhost/path?y=y&z=z"),
            ("https://localhost/path?x", &[("y", "y"), ("z", "z")], "https://localhost/path?x=&y=y&z=z"),
            ("https://localhost/path?x&", &[("y", "y"), ("z", "z")], "https://localhost/path?x=&y=y&z=z"),
            ("https://localhost/path?a=1&b=2", &[("y", "y"), ("z", "z")], "https://localhost/path?a=1&b=2&y=y&z=z"),
            ("https://localhost/path?r=1&t=2", &[], "https://localhost/path?r=1&t=2"),
            ("https://localhost/path#tab", &[("y", "y")], "https://localhost/path?y=y#tab"),
            ("https://localhost/path", &[("y", "y1"), ("y", "y2")], "https://localhost/path?y=y1&y=y2"),
            ("https://localhost/path?r=1&r=2", &[("y", "y")], "https://localhost/path?r=1&r=2&y=y"),
            ("/?a=%20+%2b&b=c%26d", &[("\u{e9}", "~")], "/?a=++%2B&b=c%26d&%C3%A9=~"),
            ("/#a?b", &[("y", "y")], "/?y=y#a?b"),
            ("?a=b?c", &[], "?a=b%3Fc"),
            ("", &[], ""),
        ];
        for &(url, arguments, expected) in CASES {
            assert_eq!(url_concat(url, arguments.iter().copied()), expected, "{url}");
        }
    }

    #[test]
    fn a_port_is_what_follows_the_last_colon() {
        const CASES: &[(&str, (&str, Option<u16>))] = &[
            ("example.com", ("example.com", None)),
            ("example.com:80", ("example.com", Some(80))),
            ("example.com:", ("example.com:", None)),
            (":80", (":80", None)),
            ("[::1]:80", ("[::1]", Some(80))),
            ("[::1]", ("[::1]", None)),
            ("a:1:2", ("a:1", Some(2))),
            ("a:+1", ("a:+1", None)),
            ("a:65536", ("a:65536", None)),
            ("", ("", None)),
        ];
        for &(netloc, expected) in CASES {
            assert_eq!(split_host_and_port(netloc), expected, "{netloc}");
        }
    }
}
